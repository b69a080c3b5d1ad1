"""Blends: which rows of the pool, how often, and in what order, as numbers only.

A blend asks each source for a share of its rows. Rows are drawn by hash of (seed, blend, id, repeat): without
replacement until a source is exhausted, then again from its start. Their order is another hash of the same, so that
any thousand rows in a row have the blend's mix, and neither depends on tasks, workers or a generator's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import UInt64, mix, salt
from crossthink_data.recipe import Blend
from crossthink_data.sources.base import Source

BLEND_VERSION = 1  # 1: first published rules

Int64 = npt.NDArray[np.int64]


class RefusedBlendError(CrossthinkError):
    """A blend whose weights cannot be known; the others are built all the same."""


@dataclass(frozen=True)
class Draw:
    """The rows of one split of a blend: positions in the pool and their repeat (0 is the first time), in order."""

    rows: Int64
    repeats: Int64


def blend_weights(
    name: str, blend: Blend, sources: Mapping[str, Source], counts: Mapping[str, int]
) -> dict[str, float]:
    """Source -> weight, summing to 1; sources of weight 0 are left out.

    Raises RefusedBlendError where a score is missing, CrossthinkError where a share or count is.
    """
    if blend.scores is not None:
        return _by_score(name, blend.scores, sources)
    if isinstance(blend.weights, dict):
        total = sum(blend.weights.values())  # 1, but for rounding
        return {source: weight / total for source, weight in blend.weights.items() if weight}
    shares = {"": 1.0} if blend.shares is None else {str(group): share for group, share in blend.shares.items()}
    groups = {"": list(sources)} if blend.shares is None else _groups(name, shares, sources)
    total = sum(shares.values())
    weights: dict[str, float] = {}
    for group, members in groups.items():
        sizes = {source: size for source in members if (size := _count(name, source, counts))}
        if not sizes:
            raise CrossthinkError(f"blend {name!r}: every source of {group or 'the recipe'} has the count 0: give one")
        for source, size in sizes.items():
            weights[source] = shares[group] / total * size / sum(sizes.values())
    return weights


def _by_score(name: str, scores: Mapping[str, float | None], sources: Mapping[str, Source]) -> dict[str, float]:
    missing = [source for source in sources if scores.get(source) is None]
    if missing:
        cures = " ".join(f"--set blends.{name}.scores.{source}=…" for source in missing)
        raise RefusedBlendError(
            f"blend {name!r} needs a score for {', '.join(missing)}, which the recipe lacks: give your own: {cures}"
        )
    known = {source: float(score) for source, score in scores.items() if score}
    return {source: score / sum(known.values()) for source, score in known.items()}


def _groups(name: str, shares: Mapping[str, float], sources: Mapping[str, Source]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group in (group for group, share in shares.items() if share):
        groups[group] = [key for key, source in sources.items() if group in (source.category, source.question_type)]
        if not groups[group]:
            raise CrossthinkError(
                f"blend {name!r}: no source of the recipe is {group!r}; shares go by category (gpr, mr) or by "
                "question type (mcq, open)"
            )
    return groups


def _count(name: str, source: str, counts: Mapping[str, int]) -> int:
    if source not in counts:
        raise CrossthinkError(
            f"blend {name!r} weighs by count, but sources.{source} has none: give it (--set sources.{source}.count=…)"
        )
    return counts[source]


def apportion(size: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Whole rows per source that sum to `size`, by largest remainder; ties go to the source named first."""
    exact = {source: size * weight for source, weight in weights.items()}
    rows = {source: int(value) for source, value in exact.items()}
    by_remainder = sorted(exact, key=lambda source: rows[source] - exact[source])
    for source in by_remainder[: size - sum(rows.values())]:
        rows[source] += 1
    return rows


def draw(seed: int, blend: str, numbers: UInt64, members: Mapping[str, Int64], wanted: Mapping[str, int]) -> Draw:
    """Draws `wanted[source]` rows of each source; `numbers` are the 64-bit ids of the pool's rows.

    `members[source]` are the positions of its rows. A source without rows gives none.
    """
    rows: list[Int64] = []
    repeats: list[Int64] = []
    for source, want in wanted.items():
        have = members[source]
        if not len(have):
            continue
        times, rest = divmod(want, len(have))
        ranks = mix(numbers[have], salt(seed, "draw", blend, times))
        last = np.sort(have[np.argsort(ranks, kind="stable")[:rest]])
        rows += [np.tile(have, times), last]
        repeats += [np.repeat(np.arange(times), len(have)), np.full(rest, times)]
    return _ordered(seed, blend, numbers, _join(rows), _join(repeats))


def _join(parts: list[Int64]) -> Int64:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _ordered(seed: int, blend: str, numbers: UInt64, rows: Int64, repeats: Int64) -> Draw:
    salts = np.array([salt(seed, "order", blend, repeat) for repeat in range(repeats.max(initial=-1) + 1)], np.uint64)
    order = mix(numbers[rows], salts[repeats])
    sort = np.lexsort((numbers[rows], order))
    return Draw(rows[sort], repeats[sort])


def without_repeats(size: int, weights: Mapping[str, float], have: Mapping[str, int]) -> int:
    """The most rows, at most `size`, that these weights take without a repeat from the sources that have any."""
    fits = [int(have[source] / weight) for source, weight in weights.items() if have[source]]
    return min([size, *fits]) if fits else 0
