"""What a batch of graded completions says, over all and by domain, question type and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from crossthink_data.rewards import accuracy_of
from crossthink_data.verify.verdict import Grade

PARTS = ("domain", "question_type", "source")


@dataclass(frozen=True)
class Rollout:
    """One graded completion: of which row, what it got, how long it is (tokens), whether the bound cut it off."""

    row: str
    parts: tuple[str, ...]
    reward: float | None
    grade: Grade
    tokens: int
    cut_off: bool


def summary(rollouts: Sequence[Rollout], generations: int) -> dict[str, float]:
    """Name -> share or mean; names of a part's value are `domain/law/reward` and so on. What is not known is left out.

    `reward`: mean of those that are known; `no_spread`: share of groups whose rewards are all the same; `accuracy`,
    `format`, `no_answer`, `ungradable` and `cut_off`: shares of completions; `tokens_right`: mean tokens of right ones.
    """
    whole = groups(rollouts, generations)
    found = dict(_figures(whole))
    for place, part in enumerate(PARTS):
        for value in sorted({group[0].parts[place] for group in whole}):
            some = [group for group in whole if group[0].parts[place] == value]
            found |= {f"{part}/{value}/{name}": figure for name, figure in _figures(some)}
    return found


def groups(rollouts: Sequence[Rollout], generations: int) -> list[list[Rollout]]:
    """The completions of one prompt each: neighbours of one row, at most so many."""
    runs = [list(run) for _, run in groupby(rollouts, key=lambda one: one.row)]
    return [run[at : at + generations] for run in runs for at in range(0, len(run), generations)]


def has_spread(group: Sequence[Rollout]) -> bool:
    """Whether a group's known rewards differ, so that there is something to learn from it."""
    return len({one.reward for one in group if one.reward is not None}) > 1


def _figures(some: Sequence[Sequence[Rollout]]) -> Iterator[tuple[str, float]]:
    all_of = [one for group in some for one in group]
    known = [one.reward for one in all_of if one.reward is not None]
    right = [one.tokens for one in all_of if accuracy_of(one.grade) == 1.0]
    if known:
        yield "reward", sum(known) / len(known)
    yield "no_spread", _share(not has_spread(group) for group in some)
    yield "accuracy", _share(accuracy_of(one.grade) == 1.0 for one in all_of)
    yield "format", _share(one.grade.extraction.format_ok for one in all_of)
    yield "no_answer", _share(one.grade.extraction.answer is None for one in all_of)
    yield "ungradable", _share(one.grade.verdict.ungradable for one in all_of)
    yield "cut_off", _share(one.cut_off for one in all_of)
    if right:
        yield "tokens_right", sum(right) / len(right)


def _share(flags: Iterable[bool]) -> float:
    values = [float(flag) for flag in flags]
    return sum(values) / len(values)
