"""What an ensemble says of one row: the answer that most of its members give, and how many of them give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossthink_data.kinds import LABELS
from crossthink_data.verify.compare import compare
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.several import named_letters
from crossthink_data.verify.vote import answer_classes, majority


@dataclass(frozen=True, slots=True)
class Judged:
    """One row as the ensemble answered it.

    `agreement` is the share of all members, those that gave no answer too, whose answer is `answer`. `right` is the
    verdict where the row has a gold, None where it has none.
    """

    id: str
    domain: str
    answer: str | None  # the earliest of the largest class; of multiple choice its label, "AC" where it names two
    agreement: float
    members: int
    right: bool | None = None


def judge(
    row_id: str, domain: str, answers: Sequence[str | None], options: Sequence[str] = (), gold: Gold | None = None
) -> Judged:
    """The ensemble's answer to a row; `answers` has one place for each member, None where it did not answer.

    A row that nobody answers, or whose answer the grader cannot tell to be the gold, is not right.

    >>> judge("r1", "math", ["1/2", "0.5", None, "2"])
    Judged(id='r1', domain='math', answer='1/2', agreement=0.5, members=4, right=None)
    >>> judge("r2", "stem", ["tin", "(B)", "A"], ["iron", "tin"]).answer
    'B'
    """
    classes = answer_classes(answers, options)
    place = majority(classes)
    answer = None if place is None else answers[place]
    if answer is None:
        return Judged(row_id, domain, None, 0.0, len(answers), None if gold is None else False)
    answer = _label(answer, options) if options else answer
    right = None if gold is None else compare(gold, answer).correct
    return Judged(row_id, domain, answer, classes.count(place) / len(answers), len(answers), right)


def accuracy(judged: Sequence[Judged]) -> float:
    """The share of rows that are right, of those with a gold; 0 where there are none.

    >>> accuracy([judge("r1", "math", ["4", "4", "5"], gold=Gold("4", "number"))])
    1.0
    """
    verdicts = [row.right for row in judged if row.right is not None]
    return sum(verdicts) / len(verdicts) if verdicts else 0.0


def _label(answer: str, options: Sequence[str]) -> str:
    """The label, or labels, that an answer which votes names: the one that the vote puts into its class."""
    labels = LABELS[: len(options)]
    place = answer_classes([*labels, answer], options)[-1]
    one = None if place is None or place >= len(labels) else labels[place]
    return one or named_letters(answer, options) or answer
