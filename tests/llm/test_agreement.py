from __future__ import annotations

import pytest

from crossthink_data.llm.agreement import Judged, accuracy, judge
from crossthink_data.verify.gold import Gold

METALS = ["iron", "tin", "lead"]


@pytest.mark.parametrize(
    ("answers", "options", "answer", "agreement"),
    [
        (["1/2", "0.5", "2", r"\frac{2}{4}"], [], "1/2", 3 / 4),  # one class by the grader; its earliest stands for it
        (["2", "0.5", "1/2"], [], "0.5", 2 / 3),
        (["7", None, None, None], [], "7", 1 / 4),  # who abstains does not agree
        (["7", "8"], [], "7", 1 / 2),  # of equal classes the earliest
        ([None, None], [], None, 0.0),
        ([], [], None, 0.0),
        (["tin", "(B)", "B. tin", "A"], METALS, "B", 3 / 4),  # an option is named by its label
        (["iron", "zinc"], METALS, "A", 1 / 2),  # what names no option abstains
        (["C and A", "A, C", "B"], METALS, "AC", 2 / 3),  # several right options
        (["A"], ["B", "A"], "A", 1.0),  # a lone letter is a label, whatever the texts
    ],
)
def test_the_largest_class_and_its_share_of_all_members(
    answers: list[str | None], options: list[str], answer: str | None, agreement: float
) -> None:
    assert judge("r", "stem", answers, options) == Judged("r", "stem", answer, agreement, len(answers))


@pytest.mark.parametrize(
    ("answers", "gold", "right"),
    [
        (["0.5", "1/2"], Gold("1/2", "number"), True),
        (["2", "1/2", "2"], Gold("1/2", "number"), False),
        ([None, None], Gold("1/2", "number"), False),  # no answer is not right
        (["lead", "C"], Gold("lead", "choice", tuple(METALS), "C"), True),
        (["B"], Gold("lead", "choice", tuple(METALS), "C"), False),
        (["A, C"], Gold("iron; lead", "choice", tuple(METALS), "AC"), True),
    ],
)
def test_a_row_with_a_gold_is_graded(answers: list[str | None], gold: Gold, right: bool) -> None:
    assert judge("r", "stem", answers, gold.options, gold).right is right


def test_accuracy_is_of_rows_with_a_gold() -> None:
    four = Gold("4", "number")
    judged = [judge(str(i), "math", [said], gold=four) for i, said in enumerate(["4", "4", "5", None])]
    assert accuracy([*judged, judge("x", "math", ["4"])]) == 0.5
    assert accuracy([]) == 0.0
