"""The reward as the trainer calls it: one grading a batch, whose figures go into the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import accuracy_of, grades, reward_of
from crossthink_data.train.summary import PARTS, Rollout, groups, has_spread, summary
from crossthink_data.verify.verdict import Grade, Policy

Gather = Callable[[list[Rollout]], list[Rollout]]  # every process's, in the order of the processes


@dataclass
class LoggedReward:
    """A reward function of TRL's form, `accuracy` alone or `combined` with the format, that logs what it saw.

    `ends`: the tokens that end a completion; one of `max_tokens` without such an end was cut off. Raises
    CrossthinkError when a whole batch is ungradable, and when the first `patience` batches had no group with two
    different rewards.
    """

    kind: Literal["accuracy", "combined"]
    policy: Policy
    generations: int
    max_tokens: int
    gather: Gather
    patience: int
    ends: Collection[int] = ()
    batches: int = field(default=0, init=False)
    spread: bool = field(default=False, init=False)

    @property
    def __name__(self) -> str:
        return "accuracy_reward" if self.kind == "accuracy" else "crossthink_reward"

    def __call__(
        self,
        *,
        prompts: Sequence[object],
        completions: Sequence[object],
        completion_ids: Sequence[Sequence[int]],
        log_metric: Callable[[str, float], None],
        think_open: Sequence[bool] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The rewards of one process's completions; the columns are the rows', a value per completion."""
        began = perf_counter()
        graded = grades(completions, columns, prompts, think_open, self.policy)
        of = accuracy_of if self.kind == "accuracy" else reward_of
        parts = zip(*(columns[name] for name in PARTS), strict=True)
        rollouts = [
            Rollout(row, part, self._total(grade), grade, len(ids), self._cut_off(ids))
            for row, part, grade, ids in zip(columns["id"], parts, graded, completion_ids, strict=True)
        ]
        everywhere = self.gather(rollouts)
        self._check(everywhere)
        for name, figure in summary(everywhere, self.generations).items():
            if name != "reward":  # the trainer logs the whole batch's itself
                log_metric(name, figure)
        log_metric("reward_time", perf_counter() - began)  # seconds, beside the trainer's own step_time
        return [of(grade) for grade in graded]

    def _cut_off(self, ids: Sequence[int]) -> bool:
        return len(ids) >= self.max_tokens and ids[-1] not in self.ends

    def _total(self, grade: Grade) -> float | None:
        """What the trainer makes of a completion: where accuracy and format are two rewards, it adds them."""
        if self.kind == "combined":
            return reward_of(grade)
        return (accuracy_of(grade) or 0.0) + grade.extraction.format_ok

    def _check(self, rollouts: Sequence[Rollout]) -> None:
        self.batches += 1
        of = accuracy_of if self.kind == "accuracy" else reward_of
        if all(of(one.grade) is None for one in rollouts):
            reasons = sorted({one.grade.verdict.reason for one in rollouts})
            raise CrossthinkError(
                f"none of the {len(rollouts)} completions of batch {self.batches} could be graded "
                f"({', '.join(reasons)}): check the blend's golds with `crossthink grade`"
            )
        self.spread = self.spread or any(has_spread(group) for group in groups(rollouts, self.generations))
        if not self.spread and self.batches == self.patience:
            shares = summary(rollouts, self.generations)
            raise CrossthinkError(
                f"no group of the first {self.batches} batches has two different rewards, so there is nothing to learn "
                f"from (in the last one {shares['format']:.0%} kept the format, {shares['accuracy']:.0%} were right, "
                f"{shares['cut_off']:.0%} were cut off): warm up with training/sft.py, take easier rows, or raise "
                "--max_completion_length; --spread_patience 0 goes on"
            )
