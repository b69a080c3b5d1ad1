from __future__ import annotations

import pytest

from crossthink_data.verify.vote import answer_classes, majority

OPTIONS = ["iron", "tin", "lead"]


@pytest.mark.parametrize(
    ("answers", "options", "classes"),
    [
        (["1/2", "0.5", r"\frac{2}{4}", "2"], [], [0, 0, 0, 3]),
        (["1/2", None, "0.5", None], [], [0, None, 0, None]),
        (["(1,2)", "(2,1)", "(1, 2)"], [], [0, 1, 0]),
        (["Paris", "paris.", "Rome"], [], [0, 0, 2]),
        (["B", "tin", "(B) tin", "C"], OPTIONS, [0, 0, 0, 3]),
        (["zinc", "A", "A or B", "iron"], OPTIONS, [None, 1, None, 1]),  # what names no option does not vote
        (["A, B", "B and A", "A", "(B), (A)"], OPTIONS, [0, 0, 2, 0]),  # a set of them, where several are right
        ([], [], []),
    ],
)
def test_equal_answers_are_of_one_class(
    answers: list[str | None], options: list[str], classes: list[int | None]
) -> None:
    assert answer_classes(answers, options) == classes


@pytest.mark.parametrize(
    ("classes", "elected"),
    [([0, 1, 1], 1), ([0, 1, 1, 0], 0), ([None, 1, None], 1), ([2, 1, 0], 0), ([None], None), ([], None)],
)
def test_the_majority_is_the_earliest_of_the_largest(classes: list[int | None], elected: int | None) -> None:
    assert majority(classes) == elected
