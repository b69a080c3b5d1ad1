"""Two models on the same questions: the difference, its interval, and whether chance would do as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import erfc, sqrt

from crossthink_data.grading import NORMAL_95, wilson
from crossthink_data.report.figures import standard_error
from crossthink_data.report.results import TaskRun
from crossthink_data.report.samples import Sample


@dataclass(frozen=True)
class Paired:
    """Accuracy of the second less that of the first over `questions` that both were asked, with its 95 % interval.

    `only_first` and `only_second` count the questions that one has right more often than the other. `p`: McNemar's
    exact test where each question has one completion or all differ alike, else the normal approximation.
    `other`: how many of the shorter run's questions the longer one was not asked.
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
    before = _by_question(first)
    same = [(before[key], sample) for key, sample in _by_question(second).items() if key in before]
    if not same:
        return None
    gains = [other.metrics["acc"] - one.metrics["acc"] for one, other in same]
    mean, error = sum(gains) / len(gains), standard_error(gains)
    worse, better = sum(gain < 0 for gain in gains), sum(gain > 0 for gain in gains)
    half = NORMAL_95 * error if error else _unseen(mean, len(gains))
    return Paired(
        task=first.task,
        questions=len(same),
        difference=mean,
        low=max(-1.0, mean - half),
        high=min(1.0, mean + half),
        only_first=worse,
        only_second=better,
        p=_normal(mean, error) if error and not _once(same) else mcnemar(worse, better),
        other=min(len(first.samples), len(second.samples)) - len(same),
    )


def _by_question(run: TaskRun) -> dict[tuple[str, str, int], Sample]:
    """The samples by id, prompt and occurrence: a corpus repeats rows, and a run may ask them in another order."""
    seen: Counter[tuple[str, str]] = Counter()
    keyed: dict[tuple[str, str, int], Sample] = {}
    for sample in run.samples:
        question = (sample.doc["id"], sample.doc["prompt"])
        seen[question] += 1
        keyed[*question, seen[question]] = sample
    return keyed


def _unseen(gain: float, questions: int) -> float:
    """Half an interval where all gains are equal: others, unseen in so many, may be the other way altogether."""
    _, share = wilson(0, questions)
    return share * (1 + abs(gain))


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
