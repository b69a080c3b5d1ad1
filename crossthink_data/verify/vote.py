"""Which of several answers to one question are the same answer, by the grader's own comparison."""

from __future__ import annotations

from collections.abc import Sequence

from crossthink_data.kinds import LABELS
from crossthink_data.verify.compare import compare
from crossthink_data.verify.gold import Gold, infer_type
from crossthink_data.verify.several import named_letters


def answer_classes(answers: Sequence[str | None], options: Sequence[str] = ()) -> list[int | None]:
    """For each answer the place of the first one that is equal to it; None for one that does not vote.

    With options, answers are equal that name the same option, and one that names none does not vote.

    >>> answer_classes(["1/2", "0.5", None, "2"]), answer_classes(["B", "x", "A. x"], ["x", "y"])
    ([0, 0, None, 3], [0, 1, 1])
    """
    named = [None if answer is None else _named(answer, tuple(options)) for answer in answers]
    firsts: dict[str, int] = {}
    classes: list[int | None] = []
    for place, answer in enumerate(named):
        if answer is None:
            classes.append(None)
            continue
        same = (
            answer if answer in firsts else next((one for one in firsts if not options and _equal(one, answer)), answer)
        )
        classes.append(firsts.setdefault(same, place))
    return classes


def majority(classes: Sequence[int | None]) -> int | None:
    """The place of the answer that most agree with, the earliest of those with as many; None where nobody votes."""
    votes = [one for one in classes if one is not None]
    return max(votes, key=lambda one: (votes.count(one), -one), default=None)


def _named(answer: str, options: tuple[str, ...]) -> str | None:
    """The label that an answer names, or the labels; without options the answer itself."""
    if not options:
        return answer
    golds = (Gold(text, "choice", options, label) for label, text in zip(LABELS, options, strict=False))
    one = next((str(gold.label) for gold in golds if compare(gold, answer).correct), None)
    return one or named_letters(answer, options)


def _equal(one: str, other: str) -> bool:
    return compare(Gold(one, infer_type(one)), other).correct
