"""The reward as the trainer calls it: one grading a batch, whose figures go into the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import accuracy_of, grades, reward_of
from crossthink_data.train.summary import PARTS, Rollout, groups, has_spread, summary
from crossthink_data.verify.verdict import Grade, Policy

ACCURACY, FORMAT, COMBINED = "accuracy_reward", "format_reward", "crossthink_reward"  # as the trainer logs them
Gather = Callable[[list[Rollout]], list[Rollout]]  # every process's, in the order of the processes


@dataclass
class LoggedReward:
    """A reward function of TRL's form, `accuracy` alone or `combined` with the format, that logs what it saw.

    `ends`: the tokens that end a completion; one of `max_tokens` without such an end was cut off. `weights`: of the
    combined reward, or of accuracy and format. `spread`: whether some group had two different rewards, before a run
    that is resumed, too. Raises CrossthinkError when a whole batch is ungradable, and when without any spread the
    first `patience` steps are over.
    """

    kind: Literal["accuracy", "combined"]
    policy: Policy
    generations: int
    max_tokens: int
    gather: Gather
    patience: int
    weights: Sequence[float] = (1.0, 1.0)
    spread: bool = False
    ends: Collection[int] = ()
    graded: list[Grade] = field(default_factory=list, init=False)

    @property
    def __name__(self) -> str:
        return ACCURACY if self.kind == "accuracy" else COMBINED

    def __call__(
        self,
        *,
        prompts: Sequence[object],
        completions: Sequence[object],
        completion_ids: Sequence[Sequence[int]],
        log_metric: Callable[[str, float], None],
        trainer_state: Any,
        think_open: Sequence[bool] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The rewards of one process's completions; the columns are the rows', a value per completion."""
        began = perf_counter()
        self.graded = grades(completions, columns, prompts, think_open, self.policy)
        parts = zip(*(columns[name] for name in PARTS), strict=True)
        rollouts = [
            Rollout(row, part, self._total(grade), grade, len(ids), self._cut_off(ids))
            for row, part, grade, ids in zip(columns["id"], parts, self.graded, completion_ids, strict=True)
        ]
        everywhere = self.gather(rollouts)
        self._check(everywhere, trainer_state.global_step + 1)
        for name, figure in summary(everywhere, self.generations).items():
            if name != "reward":  # the trainer logs the whole batch's itself
                log_metric(name, figure)
        log_metric("reward_time", perf_counter() - began)  # seconds, beside the trainer's own step_time
        return [self._own(grade) for grade in self.graded]

    def _cut_off(self, ids: Sequence[int]) -> bool:
        return len(ids) >= self.max_tokens and ids[-1] not in self.ends

    def _own(self, grade: Grade) -> float | None:
        return accuracy_of(grade) if self.kind == "accuracy" else reward_of(grade)

    def _total(self, grade: Grade) -> float | None:
        """What the trainer makes of a completion: where accuracy and format are two rewards, it adds them."""
        own = self._own(grade)
        if own is None or self.kind == "combined":
            return own and self.weights[0] * own
        return self.weights[0] * own + self.weights[1] * grade.extraction.format_ok

    def _check(self, rollouts: Sequence[Rollout], step: int) -> None:
        if all(one.reward is None for one in rollouts):
            reasons = sorted({one.grade.verdict.reason for one in rollouts})
            raise CrossthinkError(
                f"none of the {len(rollouts)} completions of step {step} could be graded "
                f"({', '.join(reasons)}): check the blend's golds with `crossthink grade`"
            )
        self.spread = self.spread or any(has_spread(group) for group in groups(rollouts, self.generations))
        if not self.spread and 0 < self.patience <= step:
            shares = summary(rollouts, self.generations)
            raise CrossthinkError(
                f"no group of the first {step} steps has two different rewards, so there is nothing to learn "
                f"from (in the last one {shares['format']:.0%} kept the format, {shares['accuracy']:.0%} were right, "
                f"{shares['cut_off']:.0%} were cut off): warm up with training/sft.py, take easier rows, or raise "
                "--max_completion_length; --spread_patience 0 goes on"
            )


@dataclass
class FormatReward:
    """The format beside `accuracy`, which the trainer asks first: None where that is, so that the sum is not known."""

    accuracy: LoggedReward

    @property
    def __name__(self) -> str:
        return FORMAT

    def __call__(self, *, completions: Sequence[object], **_: Any) -> list[float | None]:
        """The rewards of the completions that `accuracy` has just graded."""
        known = [(accuracy_of(grade), grade.extraction.format_ok) for grade in self.accuracy.graded]
        return [None if right is None else float(form) for (right, form), _ in zip(known, completions, strict=True)]


def had_spread(log: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the lines of a log tell of a group with two different rewards."""
    return any(line.get("no_spread", 1) < 1 for line in log)
