from __future__ import annotations

import pytest

from crossthink_data.verify import Gold, Grader, Item, compare, extract

OPTIONS = ("iron", "tin", "gold", "lead")


def judged(answer: str, label: str = "AC", policy: str = "equivalent") -> str:
    gold = Gold.from_row({"answer": "iron; gold", "options": OPTIONS, "answer_label": label})
    return compare(gold, answer, policy).outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        *("AC", "CA", "A, C", "C and A", "(A) (C)", "(C), (A)", r"\text{AC}", "A, and C", "A C."),
        *("A、C", "A和C", "A，C。", r"\text{A}, \text{C}", "$A$, $C$", r"A, \text{C}", r"A \text{ and } C"),
        *(r"\{A, C\}", r"A \& C", "ac", "a, c", "a and c", "Options A and C", "选项：AC", "答案：AC"),
        *("A. iron, C. gold", "(A) iron and (C) gold", "C. gold; A. iron", "A. iron\nC. gold"),
    ],
)
def test_the_set_of_letters_is_right(answer: str) -> None:
    assert judged(answer) == "correct"


@pytest.mark.parametrize(
    "answer",
    [
        "A",
        "C",
        "A, B, C",
        "A or C",
        "AB",
        "iron",
        "A. iron",
        "AAC",
        "",
        "ACID",
        "aid",
        "A. iron, C. lead",
        "A. tin; C. gold",
        "A. iron, B. tin, C. gold",
        "A" * 9999,
    ],
)
def test_any_other_set_is_wrong(answer: str) -> None:
    assert judged(answer) == "wrong"


@pytest.mark.parametrize("policy", ["equivalent", "strict", "label", "any"])
def test_no_policy_changes_it(policy: str) -> None:
    assert judged("C, A", policy=policy) == "correct"


@pytest.mark.parametrize("label", ["AE", "AA"])
def test_a_label_that_names_no_options_is_no_gold(label: str) -> None:
    assert judged("A", label) == "ungradable"


def test_one_right_option_is_as_ever() -> None:
    gold = Gold("iron", "choice", OPTIONS, "A")
    assert compare(gold, "A, C").outcome == "wrong"
    assert compare(gold, "A. iron").outcome == "correct"


def test_small_letters_are_values_where_an_option_is_a_letter() -> None:
    gold = Gold.from_row({"answer": "a; c", "options": ["a", "b", "c"], "answer_label": "AC"})
    assert compare(gold, "a, c").outcome == "wrong"
    assert compare(gold, "A, C").outcome == "correct"


def test_a_statement_counts_as_a_whole() -> None:
    gold = Gold.from_row({"answer": "iron; gold", "options": OPTIONS, "answer_label": "AC"})
    with Grader(workers=1) as grader:
        said = ["The answer is (A) and (C).", "答案是A、C。", "The answer is (A)."]
        grades = grader.grade([Item(one, gold, flexible=True) for one in said])
    assert [grade.verdict.correct for grade in grades] == [True, True, False]


def test_from_the_box() -> None:
    assert extract(r"<think>both</think> \boxed{A, C}").answer == "A, C"
