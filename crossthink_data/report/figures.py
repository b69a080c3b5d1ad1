"""The figures of one task of one model: accuracy with its interval, what goes beside it, and breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from crossthink_data.errors import CrossthinkError
from crossthink_data.grading import NORMAL_95, wilson
from crossthink_data.report.results import TaskRun
from crossthink_data.report.samples import Sample
from crossthink_data.report.tokens import Counted
from crossthink_data.scoring import METRICS, pass_at


@dataclass(frozen=True)
class Share:
    """A mean over questions: how many, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True)
class Figures:
    """A task's figures, shares of 1; `k` completions a question (at least).

    `tokens_right`: mean tokens of right completions, `tokens`: of all, `cap_hit`: the share that reached the bound,
    `prompts_cut`: the share of prompts that lost their beginning; all None where they were not counted.
    `breakdowns`: by what, each value's share. `rows_of`: which rows were asked, where the task does not say it.
    """

    task: str
    rows_of: str
    k: int
    accuracy: Share
    flexible: float
    no_answer: float
    format: float
    chars: float
    pass_at: Mapping[int, float]
    majority: float | None
    tokens_right: float | None
    tokens: float | None
    cap_hit: float | None
    prompts_cut: float | None
    breakdowns: Mapping[str, Mapping[str, Share]]

    def macro(self, by: str) -> float:
        """The plain mean over the values of a breakdown."""
        return _mean([share.value for share in self.breakdowns[by].values()])


def figures(run: TaskRun, counted: Counted | None = None) -> Figures:
    """The figures of a task's samples, of which there is at least one; `counted`: the tokens of their completions.

    Raises CrossthinkError where the samples have no scores.
    """
    samples = run.samples
    if any(not sample.metrics.keys() >= set(METRICS) for sample in samples):
        raise CrossthinkError(
            f"the samples of {run.task} have no scores (--predict_only): give --regrade to grade them"
        )
    k = min(len(sample.completions) for sample in samples)
    means = {name: _mean([sample.metrics[name] for sample in samples]) for name in METRICS}
    votes = [sample.metrics["maj_at_k"] for sample in samples if "maj_at_k" in sample.metrics]
    return Figures(
        task=run.task,
        rows_of=run.rows_of,
        k=k,
        accuracy=accuracy(samples),
        flexible=means["acc_flex"],
        no_answer=means["no_answer"],
        format=means["format"],
        chars=means["chars"],
        pass_at={size: _pass_at(samples, size) for size in (2, 4, 8) if size <= k},
        majority=_mean(votes) if votes else None,
        tokens_right=counted.right if counted else None,
        tokens=counted.mean if counted else None,
        cap_hit=counted.cap_hit if counted else None,
        prompts_cut=counted.prompts_cut if counted else None,
        breakdowns=_breakdowns(samples),
    )


def accuracy(samples: Sequence[Sample]) -> Share:
    """Mean accuracy: with one completion a question Wilson's interval, with several that of the questions' means."""
    values = [sample.metrics["acc"] for sample in samples]
    mean, count, error = _mean(values), len(values), standard_error(values)
    if error == 0 or all(len(sample.completions) == 1 for sample in samples):
        low, high = wilson(sum(values), count)  # equal means say nothing of their spread, so it is taken as the widest
    else:
        low, high = mean - NORMAL_95 * error, mean + NORMAL_95 * error
    return Share(mean, max(0.0, min(low, mean)), min(1.0, max(high, mean)), count)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of at least one value; of one value nothing is known, and it is 0."""
    mean = _mean(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1) / len(values))


def _pass_at(samples: Sequence[Sample], size: int) -> float:
    chances = []
    for sample in samples:
        count = len(sample.completions)
        chances.append(pass_at(size, count, round(sample.metrics["acc"] * count)))
    return _mean(chances)


def _breakdowns(samples: Sequence[Sample]) -> dict[str, dict[str, Share]]:
    """by what -> value -> share, each in the order of its name."""
    parts: dict[str, dict[str, list[Sample]]] = {}
    for sample in samples:
        for pair in sample.doc["breakdowns"]:
            if pair["value"] is not None:
                parts.setdefault(pair["by"], {}).setdefault(pair["value"], []).append(sample)
    return {by: {value: accuracy(some) for value, some in sorted(values.items())} for by, values in parts.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
