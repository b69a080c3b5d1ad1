"""Two models on the same questions: the difference, its interval, and whether chance would do as well."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

from crossthink_data.grading import NORMAL_95
from crossthink_data.report.figures import standard_error
from crossthink_data.report.results import Sample, TaskRun


@dataclass(frozen=True)
class Paired:
    """Accuracy of the second less that of the first over `questions` that both were asked, with its 95 % interval.

    `only_first` and `only_second` count the questions that one has right more often than the other. `p`: McNemar's
    exact test where each question has one completion or all differ alike, else the normal approximation.
    `other`: questions of the same place that are not the same.
    """

    task: str
    questions: int
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p: float
    other: int


def paired(first: TaskRun, second: TaskRun) -> Paired | None:
    """How two runs of a task differ; None where they share no question."""
    before = {sample.doc_id: sample for sample in first.samples}
    pairs = [(before[sample.doc_id], sample) for sample in second.samples if sample.doc_id in before]
    same = [(one, other) for one, other in pairs if one.doc["prompt"] == other.doc["prompt"]]
    if not same:
        return None
    gains = [other.metrics["acc"] - one.metrics["acc"] for one, other in same]
    mean, error = sum(gains) / len(gains), standard_error(gains)
    worse, better = sum(gain < 0 for gain in gains), sum(gain > 0 for gain in gains)
    return Paired(
        task=first.task,
        questions=len(same),
        difference=mean,
        low=mean - NORMAL_95 * error,
        high=mean + NORMAL_95 * error,
        only_first=worse,
        only_second=better,
        p=_normal(mean, error) if error and not _once(same) else mcnemar(worse, better),
        other=len(pairs) - len(same),
    )


def _once(pairs: list[tuple[Sample, Sample]]) -> bool:
    return all(len(one.completions) == len(other.completions) == 1 for one, other in pairs)


def mcnemar(worse: int, better: int) -> float:
    """McNemar's exact two-sided p of so many questions lost and won.

    >>> mcnemar(0, 0), mcnemar(1, 5), round(mcnemar(10, 30), 4)
    (1.0, 0.21875, 0.0022)
    """
    changed, ways, tail = worse + better, 1, 0
    for count in range(min(worse, better) + 1):
        tail += ways
        ways = ways * (changed - count) // (count + 1)
    return min(1.0, float(2 * tail / 2**changed))


def _normal(mean: float, error: float) -> float:
    return erfc(abs(mean) / error / sqrt(2))
