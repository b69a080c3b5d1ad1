"""Multiple choice: the row's own labels and texts in every dress, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.kinds import LABELS
from crossthink_data.verify.choice import compare_choice
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Policy

TEA = Gold("green tea", "choice", ("red wine", "black coffee", "green tea", "plain water"), "C")
POLICIES: tuple[Policy, ...] = ("equivalent", "strict", "label", "text", "label+text", "any")
words = st.text("abcdefghijklmnop", min_size=3, max_size=9)
texts = st.lists(words, min_size=2, max_size=10, unique=True)

LABEL_FORMS = [
    *("C", " C ", "(C)", "[C]", "{C}", "C)", "C.", "C:", "c", "(c)", "$C$", r"\(C\)", r"\[C\]"),
    *(r"\text{C}", r"\textbf{C}", r"\mathrm{(C)}", r"\mathbf{C}", r"\mathsf{C}", r"\mathsf C", r"{\rm C}"),
    *(r"\boxed{C}", r"\boxed{\text{C}}", r"$\boxed{\textbf{(C)}}$", r"\left(C\right)", r"\ C\,"),
    *("**C**", "__C__", "`C`", '"C"', "'C'", "\u201cC\u201d", "**(C)**."),
    *("Option C", "Choice: C", "Answer: (C)", "option (C).", "The answer is C", "The correct answer is (C)."),
    *("\uff23", "\u200bC\u200f", "\u00a0C", "\U0001d402", "C\u3002"),  # full-width, marks, a hard space, bold
]
TEXT_FORMS = [
    "the green tea",
    "a green tea",
    "green-tea",
    "Green Tea!",
    "The answer is green tea",
    "green tea",
    "Green  Tea.",
    r"\text{green tea}",
    "**green tea**",
    "green\u00a0tea",
    r"$\text{green tea}$",
]
BOTH_FORMS = [
    *("C. green tea", "(C) green tea", "C: green tea", "C) Green  tea.", "C - green tea", "C.green tea"),
    *(
        "C\ngreen tea",
        "c) green tea",
        "**C.** green tea",
        "$C$. green tea",
        "(C), green tea",
        "C (green tea)",
        "(C) (green tea)",
        "**C** **green tea**",
        *("C green tea", "C, green tea", "C -- green tea", "green tea (C)", "C. the green tea"),
    ),
    *(r"\text{C. green tea}", r"C \text{ green tea}", r"\text{C}: green tea", r"\textbf{(C)} green tea"),
    *(r"C. $\text{green tea}$", r"\mathbf{C}\text{. green tea}", r"\text{(C) }\text{green tea}", "Option C: green tea"),
]


@pytest.mark.parametrize("answer", LABEL_FORMS)
def test_a_label_counts_in_every_dress(answer: str) -> None:
    assert _outcomes(answer) == {"any": True, "equivalent": True, "label": True, "text": False, "label+text": False}


@pytest.mark.parametrize("answer", TEXT_FORMS)
def test_an_options_text_counts_in_every_dress(answer: str) -> None:
    assert _outcomes(answer) == {"any": True, "equivalent": True, "label": False, "text": True, "label+text": False}


@pytest.mark.parametrize("answer", BOTH_FORMS)
def test_label_and_text_count_together(answer: str) -> None:
    assert _outcomes(answer) == {"any": True, "equivalent": True, "label": False, "text": False, "label+text": True}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("B", "different_label"),
        ("(A)", "different_label"),
        ("B. black coffee", "different_label"),
        ("red wine", "different_option"),
        ("A. green tea", "label_text_contradiction"),
        ("C. red wine", "label_text_contradiction"),
        ("C (red wine)", "label_text_contradiction"),
        ("C red wine", "label_text_contradiction"),
        ("red wine (C)", "label_text_contradiction"),
        ("C. the red wine", "label_text_contradiction"),
        ("C. green tea, red wine", "label_text_contradiction"),
        ("C. green tea or red wine", "label_text_contradiction"),
        ("C. red wine, black coffee, green tea, plain water", "label_text_contradiction"),
        ("C. green tea D. plain water", "label_text_contradiction"),
        ("C. green tea or D", "label_text_contradiction"),
        ("C. not green tea", "label_text_contradiction"),
        (r"\text{C}\text{B}", "several_labels"),
        ("The answer is not C", "not_an_option"),
        *((answer, "several_labels") for answer in ("A and C", "A, C", "AC", "(A) (C)", "C or B", "C/B", "C; D")),
        *((answer, "several_labels") for answer in ("(C), or (B) if cold", "(C) and (B)", "C. B", "C. and D", "ABCD")),
        ("E", "not_an_option"),  # a label, but not of this row
        ("\u0421", "not_an_option"),  # Cyrillic
        ("\u0410", "not_an_option"),
        ("C good idea", "not_an_option"),
        ("not C", "not_an_option"),
        ("either A or C", "not_an_option"),
        ("C.M.", "not_an_option"),
        ("C-section", "not_an_option"),
        ("(C)-tea", "not_an_option"),  # a stereo descriptor
        ("C(x)", "not_an_option"),
        ("$C = 4$", "not_an_option"),
        ("Cobalt", "not_an_option"),
        *((answer, "not_an_option") for answer in ("", " ", "\x00", "{", "$", "(C", "tea", "\ud800")),
    ],
)
def test_what_is_not_the_gold_is_wrong(answer: str, reason: str) -> None:
    verdict = compare_choice(TEA, answer, "any")

    assert (verdict.outcome, verdict.reason) == ("wrong", reason)


def test_a_right_label_with_a_paraphrase_counts_but_not_as_both() -> None:
    assert compare_choice(TEA, "C. tea that is green", "any").correct
    assert compare_choice(TEA, "C. tea that is green", "label+text").reason == "label_with_other_text"
    assert compare_choice(TEA, "B. tea that is green", "any").reason == "different_label"


HALF = (r"$\frac{1}{3}$", r"$\frac{1}{2}$", "$x^2$", "4")
LENGTHS = ("3 cm", "5 cm", "5 m", "half")
HEATS = ("5 J", "7 J", "- 5 J", "9 J")
PETS = ("cats", "dogs", "cats and dogs", "neither")


@pytest.mark.parametrize(
    ("options", "label", "answer", "reason"),
    [
        *((HALF, "B", answer, "option_text") for answer in (r"\dfrac{1}{2}", r"\frac12", "1/2", "0.5")),
        *((HALF, "B", f"B. {answer}", "label_and_text") for answer in (r"\dfrac{1}{2}", "1/2")),
        *((HALF, "B", f"B. {answer}", "label_text_contradiction") for answer in (r"\frac13", "1/3", "4.0")),
        (HALF, "B", "x^{2}", "different_option"),
        *((LENGTHS, "B", answer, "option_text") for answer in ("5cm", r"5\text{ cm}", r"5\ \mathrm{cm}")),
        (LENGTHS, "B", "B. 5 m", "label_text_contradiction"),
        (LENGTHS, "B", r"B. 5\,\text{m}", "label_text_contradiction"),
        (LENGTHS, "B", "5", "not_an_option"),  # of two
        (LENGTHS, "B", "B. 5", "label_and_text"),
        (LENGTHS, "A", "A. 5", "label_text_contradiction"),
        (("July 4, 1776", "July 4, 1777"), "A", "4 July 1776", "option_text"),
        (("July 4, 1776", "July 4, 1777"), "A", "A. 4 July 1777", "label_text_contradiction"),
        (("2b", "2c", "3b"), "B", "b", "not_an_option"),  # a value, not a label
        (("red", "good idea"), "B", "A good idea", "label_text_contradiction"),  # label or article
        (("red", "good idea"), "B", "A good idea!", "not_an_option"),
        (("red", "good idea"), "B", "a good idea", "option_text"),
        (HEATS, "C", "C. - 5 J", "label_and_text"),  # the dash is the option's own
        (HEATS, "C", "C. - 5 J, because", "label"),
        (HEATS, "A", "A. - 5 J", "label_text_contradiction"),
        (HEATS, "C", "C. - 5.0 J", "label_and_text"),
        (HEATS, "A", "A - 5 J", "label_and_text"),
        (HEATS, "B", "B. - 7 J", "label_and_text"),
        (("~M v ~S", "M v S"), "B", r"\text{~M v ~S}", "different_option"),  # negations, not spaces
        (("(a) 5 V, (b) 3 A", "(a) 6 V, (b) 2 A"), "A", "(a) 6 V (b) 2 A", "different_option"),
        (("(a) 5 V, (b) 3 A", "(a) 6 V, (b) 2 A"), "A", "(a) 6 V; 2 A", "not_an_option"),
        ((r"\frac{1}{19}", r"\frac{2}{38}"), "B", r"\dfrac{2}{38}", "option_text"),
        (PETS, "C", "C. both cats and dogs", "label"),
        (PETS, "C", "C. dogs and cats", "label"),
        (("cats", "dogs", "all of the above"), "C", "C. cats and dogs", "label"),
        (PETS, "A", "A. cats and dogs", "label_text_contradiction"),
    ],
)
def test_texts_written_otherwise(options: tuple[str, ...], label: str, answer: str, reason: str) -> None:
    gold = Gold(options[LABELS.index(label)], "choice", options, label)

    assert compare_choice(gold, answer, "any").reason == reason


@pytest.mark.parametrize(
    ("options", "label", "answer", "reason"),
    [
        (("c", "d", "e"), "C", "C", "label"),  # capital: the label
        (("c", "d", "e"), "C", "c", "different_option"),  # the value
        (("c", "d", "e"), "A", "c", "option_text"),
        (("B", "A", "C"), "A", "B", "different_label"),  # label of the second, though text of the first
        (("B", "A", "C"), "A", "A", "label"),
        (("B", "A", "C"), "C", "C", "label"),  # both readings agree
        (("B", "A", "C"), "C", "A", "different_label"),
        (("B", "A", "C"), "A", "A. B", "label_and_text"),
        (("5", "-5", ".5"), "B", "(B) -5", "label_and_text"),  # a sign is not a separator
        (("5", "-5", ".5"), "B", "B. -5", "label_and_text"),
        (("5", "-5", ".5"), "C", "(C) .5", "label_and_text"),
        (("5", "-5", ".5"), "B", "B. 5", "label_text_contradiction"),
        (("E. coli", "yeast"), "A", "E. coli", "option_text"),
        (("A and B", "A", "none"), "A", "A and B", "option_text"),
        (("A. x", "y"), "A", "A. x", "option_text"),
        (("x^2", "x\u00b2", "y"), "A", "x^2", "option_text"),
        (("x2", "x\u00b2", "y"), "A", "x\u00b2", "different_option"),  # differ in dress alone: the one written so
    ],
)
def test_letters_that_are_texts(options: tuple[str, ...], label: str, answer: str, reason: str) -> None:
    gold = Gold(options[LABELS.index(label)], "choice", options, label)

    assert compare_choice(gold, answer, "any").reason == reason


@pytest.mark.parametrize("answer", ["C", "C. green tea", "C) green tea", "(C) green tea", " C\n"])
def test_strict_takes_the_papers_forms(answer: str) -> None:
    assert compare_choice(TEA, answer, "strict").correct


@pytest.mark.parametrize("answer", ["c", "(C)", r"\text{C}", "C.", "green tea", "C. Green tea", "C: green tea", "B"])
def test_strict_takes_nothing_else(answer: str) -> None:
    assert compare_choice(TEA, answer, "strict").wrong


@pytest.mark.parametrize(
    ("gold", "answer", "reason"),
    [
        (Gold("x1", "choice", ("x0", "x1")), "B", "label"),  # the label is the position of the text
        (Gold(" X1. ", "choice", ("x0", "x1")), "B", "label"),
        (Gold("zz", "choice", ("x0", "x1")), "B", "gold_label_missing"),
        (Gold("x1", "choice", ("x0", "x1"), "C"), "C", "gold_label_missing"),  # no such option
        (Gold("x1", "choice"), "B", "gold_label_missing"),
        (Gold("x1", "choice", (), "B"), "B", "label"),  # options unknown
        (Gold("x1", "choice", (), "B"), "b", "not_an_option"),
        (Gold("x1", "choice", (), "B"), "(B) x1", "label_and_text"),
        (Gold("x1", "choice", (), "B"), "Q", "different_label"),
        (Gold("x1", "choice", ("x0", "x1"), "B", ("ex one",)), "Ex one.", "option_text"),
        (Gold("x1", "choice", ("x0", "x1"), "B", ("ex one",)), "A. ex one", "label_text_contradiction"),
    ],
)
def test_golds_with_less_or_more(gold: Gold, answer: str, reason: str) -> None:
    assert compare_choice(gold, answer, "any").reason == reason


@given(st.text(), st.sampled_from(POLICIES))
def test_no_text_raises(answer: str, policy: Policy) -> None:
    assert not compare_choice(TEA, answer, policy).ungradable


@given(st.text("ABCc .,:()[]{}$*\\-\ntexboand", max_size=30), st.sampled_from(POLICIES))
def test_no_dress_raises(answer: str, policy: Policy) -> None:
    assert not compare_choice(TEA, answer, policy).ungradable


@given(texts, st.data())
def test_each_option_is_right_for_its_own_gold_alone(options: list[str], data: st.DataObject) -> None:
    right, named = (data.draw(st.integers(0, len(options) - 1)) for _ in range(2))
    gold = Gold(options[right], "choice", tuple(options), LABELS[right])
    label, text = LABELS[named], options[named]

    for answer in (label, text, f"{label}. {text}", f"({label}) {text}", rf"\text{{{label}: {text}}}"):
        assert compare_choice(gold, answer, "any").correct == (named == right)


@pytest.mark.parametrize("unit", ["{", "\\text{", "C, ", "(", "$", "C", "C.", "\u200b", "A and ", "\\"])
def test_long_answers_cost_little(unit: str) -> None:
    started = time.perf_counter()

    assert compare_choice(TEA, unit * (1_000_000 // len(unit)), "any").wrong
    assert compare_choice(TEA, unit * (1_000 // len(unit)), "any").wrong
    assert time.perf_counter() - started < 1


def _outcomes(answer: str) -> dict[str, bool]:
    return {policy: compare_choice(TEA, answer, policy).correct for policy in POLICIES if policy != "strict"}


@pytest.mark.parametrize("answer", ["C. It rises.", "C. It rises", "(C) It rises", r"\text{C. It rises.}"])
def test_a_label_stands_where_options_differ_in_dress_alone(answer: str) -> None:
    options = ("It rises", "It falls", "It rises.")
    assert compare_choice(Gold("It rises.", "choice", options, "C"), answer, "equivalent").outcome == "correct"
    assert compare_choice(Gold("It rises", "choice", options, "A"), answer, "equivalent").outcome == "wrong"
    assert compare_choice(Gold("It falls", "choice", options, "B"), answer, "equivalent").outcome == "wrong"
