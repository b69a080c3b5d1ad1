"""No answer that is one step away from a gold is accepted; and the generator of such answers makes them wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

import pytest

from crossthink_data.verify import Gold, compare, infer_type
from tests.support import needs_hub
from tests.verify.golds import OUR_GOLDS, mirror_golds
from tests.verify.near_misses import near_misses

MOST_UNGRADABLE = 10_000  # one near miss in so many
FEWEST = 5  # near misses a gold of MATH has on average


def _outcomes(golds: Iterable[str]) -> dict[str, list[str]]:
    """Outcome -> the near misses that have it."""
    found: dict[str, list[str]] = {"correct": [], "wrong": [], "ungradable": []}
    for gold in golds:
        truth = Gold(answer=gold, type=infer_type(gold))
        for kind, answer in near_misses(gold):
            found[compare(truth, answer).outcome].append(f"{kind}: {answer!r} for {gold!r}")
    return found


@pytest.mark.parametrize("gold", OUR_GOLDS)
def test_near_misses_of_our_gold_are_wrong(gold: str) -> None:
    outcomes = _outcomes([gold])
    assert not outcomes["correct"], outcomes["correct"]
    assert not outcomes["ungradable"], outcomes["ungradable"]


@needs_hub
def test_no_near_miss_of_a_real_gold_is_accepted() -> None:
    golds = {gold: None for column in mirror_golds().values() for gold in column}
    outcomes = _outcomes(golds)
    assert not outcomes["correct"], f"{len(outcomes['correct'])} accepted\n" + "\n".join(outcomes["correct"])
    assert len(outcomes["ungradable"]) * MOST_UNGRADABLE <= len(outcomes["wrong"]), "\n".join(outcomes["ungradable"])


# ---- the generator


@needs_hub
def test_a_math_gold_has_enough_near_misses() -> None:
    golds = sorted(set(mirror_golds()["math"]))
    counts = [len(near_misses(gold)) for gold in golds]
    assert sum(counts) / len(counts) >= FEWEST
    assert counts.count(0) <= 10  # letters in brackets, approximations


@pytest.mark.parametrize("gold", OUR_GOLDS)
def test_near_misses_are_fixed_distinct_and_not_the_gold(gold: str) -> None:
    misses = near_misses(gold)
    answers = [answer for _, answer in misses]
    assert misses == near_misses(gold)
    assert len(set(answers)) == len(answers)
    assert gold not in answers


_PLAIN = re.compile(r"([-+]*)(?:\\[dt]?frac\{(-?)([\d.]+)\}\{(-?)([\d.]+)\}|([\d.]+)(?:/([\d.]+))?)")


def _rational(text: str) -> Fraction | None:
    """The value of a plain number or fraction, which may stand in "2(…)"; None for anything else."""
    if doubled := re.fullmatch(r"2\((.*)\)", text):
        inner = _rational(doubled[1])
        return None if inner is None else 2 * inner
    match = _PLAIN.fullmatch(re.sub(r",\\!|\{,\}|,", "", text))
    if match is None:
        return None
    signs = "".join(match.group(1, 2, 4)[: 3 if match[3] else 1])
    above, below = match[3] or match[6], match[5] or match[7] or "1"
    sign = -1 if signs.count("-") % 2 else 1
    return sign * Fraction(above) / Fraction(below)


def _plain_golds() -> list[str]:
    return [gold for gold in OUR_GOLDS if _rational(gold) is not None]


@pytest.mark.parametrize("gold", _plain_golds())
def test_near_misses_of_plain_numbers_have_other_values(gold: str) -> None:
    values = [_rational(answer) for _, answer in near_misses(gold) if not answer.endswith(("/0", "{0}"))]
    assert None not in values
    assert _rational(gold) not in values


MADE = [  # gold, kind, answer
    ("-4", "sign", "4"),
    ("47", "digit changed", "57"),
    ("47", "digit changed", "48"),
    ("47", "digit dropped", "4"),
    ("47", "digit appended", "473"),
    ("58,914", "digit dropped", "8,914"),
    (r"71,\!304", "digit changed", r"71,\!305"),
    ("47", "doubled", "94"),
    ("x^2 - 3", "doubled", "2(x^{2} - 3)"),
    ("x^2 - 3", "inner sign", "x^{2} + 3"),
    ("x^2 - 3x", "renamed", "x^{2} - 3w"),
    ("5t", "renamed", "5w"),
    ("p < q < r", "renamed", "p < q < w"),
    ("x^2 - 3", "digit changed", "x^{3} - 3"),  # an exponent
    ("10^{-6}", "exponent sign", "10^{6}"),
    ("x^2 + 5x - 3", "term dropped", "x^{2} + 5x "),
    (r"\frac43", "swapped", r"\frac{3}{4}"),
    ("3/8", "swapped", "8/3"),
    (r"\left( 3, -8 \right)", "swapped", "( -8, 3 )"),
    ("(3,9]", "swapped", "(9,3]"),
    ("(3,9]", "bracket", "[3,9]"),
    ("(3,9]", "bracket", "(3,9)"),
    (r"x \in [-4,15]", "bracket", r"x \in [-4,15)"),
    (r"(-\infty, 1) \cup (1, 7)", "bracket", r"(-\infty, 1] \cup (1, 7)"),
    (r"(-\infty, 1) \cup (2, 7)", "part dropped", r"(2, 7)"),
    ("2, 5, 11", "part dropped", "2, 5"),
    (r"8 \text{ and } 15", "part dropped", "15"),
    ("x = 2, x = -13", "part dropped", "x = 2"),
    (r"\pm 6", "plus-minus dropped", "+ 6"),
    (r"5 \pm \sqrt{14}", "plus-minus dropped", r"5 + \sqrt{14}"),
    (r"\begin{pmatrix} 3 & 1 \\ 0 & 8 \end{pmatrix}", "swapped", r"\begin{pmatrix} 0 & 1 \\ 3 & 8 \end{pmatrix}"),
    (r"\begin{pmatrix} 3 \\ 8 \end{pmatrix}", "part dropped", r"\begin{pmatrix} 3 \end{pmatrix}"),
    ("a < 12", "equality", r"a \le  12"),
    ("a < 12", "reversed", "a > 12"),
    (r"\sin 3x", "function", r"\cos 3x"),
    ("304_5", "base changed", "304_{6}"),
    ("(x,y)=(5,17)", "swapped", "(x,y)=(17,5)"),
    ("5x - 2y - 9 = 0", "sign", "-5x - 2y - 9 = 0"),
    (r"\text{(D)}", "letter changed", r"\text{(E)}"),
    (r"\text{7:20 a.m.}", "digit changed", r"\text{8:20 a.m.}"),
]


@pytest.mark.parametrize(("gold", "kind", "answer"), MADE)
def test_near_miss_is_made(gold: str, kind: str, answer: str) -> None:
    assert (kind, answer) in near_misses(gold)


NOT_MADE = [  # gold, answer that is no other value, or not one that anybody would write
    ("0", "-0"),
    ("105", "05"),
    ("3.60", "3.6"),
    ("0.4", ".4"),
    (r"\pm 6", r"-\pm 6"),
    (r"\frac{4}{-4}", r"\frac{-4}{4}"),
    (r"\frac{5}{5.0}", r"\frac{5.0}{5}"),
    ("2, 5", "5, 2"),
    (r"\{1, 6\}", r"\{6, 1\}"),
    ("[3, 5]", "[5, 3]"),  # a list, where it is no interval
    (r"\left( 4, 4 \right)", "(4, 4)"),
    ("4, 4", "4"),
    ("(0,3] \\cup [3,9)", "(0,3) \\cup [3,9)"),
    (r"(-\infty, 2)", r"[-\infty, 2)"),
    ("x + 0", "x - 0"),
    ("x + 0", "x "),
    ("1^5", "1^{6}"),
    ("(-1)^2", "(-1)^{4}"),
    ("i^2", "i^{6}"),
    ("7x = 0", "8x = 0"),
    ("7x = 0", "-7x = 0"),
    (r"\binom{5}{2}", r"\binom{5}{3}"),
    ("0!", "1!"),
    ("3_8", "3_{9}"),
    (r"0.\overline{33}", r"0.\overline{3}"),
    (r"0.\overline{3}", r"0.3\overline{3}"),
    (r"\sin 45^\circ", r"\cos 45^\circ"),
    (r"\sin 85^\circ", r"\sin 95^\circ"),
    ("f(2) = 9", "f(3) = 9"),
    ("a < 12", "w < 12"),
    ("|z - 5|", "|z"),
    ("f(x) = x^2", "f(t) = x^2"),
    ("x_1 = 5", "x_{2} = 5"),
    ("(x,y)=(5,17)", "(y,x)=(5,17)"),
    (r"18\text{ hours}", "18"),
    (r"96 \mbox{ cm}^2", r"96 \mbox{ cm}^{3}"),
    (r"35\%", "35"),
    (r"|-5|", "|5|"),
    (r"|-5|", "|+5|"),
    (r"0.5 = 50\%", r"0.5 = 60\%"),
    (r"1/3 \approx 0.333", r"1/3 \approx 0.334"),
]


@pytest.mark.parametrize(("gold", "answer"), NOT_MADE)
def test_answer_is_not_made(gold: str, answer: str) -> None:
    squeezed = [made.replace(" ", "") for _, made in near_misses(gold)]
    assert answer.replace(" ", "") not in squeezed
