"""What an evaluation document's completions score: the metrics of the tasks and of `crossthink report --regrade`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

from crossthink_data.prompts import opens_thinking
from crossthink_data.rewards import THINK
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item
from crossthink_data.verify.grader import Grader, shared_grader
from crossthink_data.verify.verdict import Grade
from crossthink_data.verify.vote import answer_classes, majority

METRICS = ("acc", "acc_flex", "no_answer", "format", "chars")
SAMPLED = ("pass_at_k", "maj_at_k")  # besides, where a document has several completions


@dataclass(frozen=True)
class Answered:
    """A document, its k completions, and whether each began inside `<think>`."""

    doc: Mapping[str, Any]
    completions: Sequence[str]
    think_open: Sequence[bool]


def answered(
    doc: Mapping[str, Any], completions: Sequence[str], prompt: str | None, server_opens: bool = False
) -> Answered:
    """Completions to this prompt; None: a server made it from messages, and what its template ends with is not seen.

    Then `server_opens` says what the task's completions show of it, and one that opens its own thinking is believed.
    """
    if prompt is not None:
        return Answered(doc, completions, [opens_thinking(prompt)] * len(completions))
    return Answered(doc, completions, [server_opens and not one.lstrip().startswith(THINK) for one in completions])


def template_opens(completions: Iterable[str]) -> bool:
    """Whether a server's template ends inside `<think>`: some completion closes thinking that it did not open."""
    return any(_closes_only(one) for one in completions)


def _closes_only(completion: str) -> bool:
    close = completion.find("</think>")
    return close >= 0 and "<think>" not in completion[:close]


def scores(answers: Sequence[Answered], grader: Grader | None = None) -> list[dict[str, float]]:
    """The metrics of each document; all but `pass_at_k` and `maj_at_k` are means over its completions.

    `acc`: right by the box; `acc_flex`: right by the box or, where there is none, by a statement such as "the answer
    is (C)"; `no_answer`: no box with something in it; `format`: one closed think block and a box after it; `chars`:
    characters of the completion. What cannot be graded is not right.
    """
    items = [item for one in answers for item in _items(one)]
    grades = iter((grader or shared_grader()).grade(items))
    return [_score(one, [(next(grades), next(grades)) for _ in one.completions]) for one in answers]


def verdicts(answers: Sequence[Answered], grader: Grader | None = None) -> list[list[bool]]:
    """Whether each completion of each document is right by its box."""
    items = [item for one in answers for item in _items(one)[::2]]
    grades = iter((grader or shared_grader()).grade(items))
    return [[next(grades).verdict.correct for _ in one.completions] for one in answers]


def _items(one: Answered) -> list[Item]:
    """Each completion twice: to be read by its box, and by a statement too."""
    gold = Gold.from_row(one.doc)
    return [
        Item(completion, gold, flexible=flexible, think_open=opened)
        for completion, opened in zip(one.completions, one.think_open, strict=True)
        for flexible in (False, True)
    ]


def _score(one: Answered, both: Sequence[tuple[Grade, Grade]]) -> dict[str, float]:
    grades = [strict for strict, _ in both]
    right = [grade.verdict.correct for grade in grades]
    values: dict[str, list[bool] | list[int]] = {
        "acc": right,
        "acc_flex": [flexible.verdict.correct for _, flexible in both],
        "no_answer": [grade.extraction.answer is None for grade in grades],
        "format": [grade.extraction.format_ok for grade in grades],
        "chars": [len(completion) for completion in one.completions],
    }
    means = {name: sum(column) / len(column) for name, column in values.items()}
    if len(right) == 1:
        return means
    return {**means, "pass_at_k": float(any(right)), "maj_at_k": float(_majority_right(one, grades))}


def _majority_right(one: Answered, grades: Sequence[Grade]) -> bool:
    said = [grade.extraction.answer for grade in grades]
    elected = majority(answer_classes(said, one.doc["options"] or ()))
    return elected is not None and grades[elected].verdict.correct


def pass_at(k: int, samples: int, right: int) -> float:
    """The chance that one of k samples is right, from `right` of `samples`: 1 - C(n - c, k) / C(n, k).

    >>> pass_at(1, 8, 2), pass_at(4, 8, 0), round(pass_at(2, 4, 1), 3)
    (0.25, 0.0, 0.5)
    """
    return 1.0 - comb(samples - right, k) / comb(samples, k)
