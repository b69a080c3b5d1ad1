"""What is left after everything that removes rows: sampled to size, split, drawn into blends. Numbers only, no text.

Sampling and splits go by hash of what a row is, so they depend neither on the order of rows nor on their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink_data.blend import Draw, Int64, apportion, draw, without_repeats
from crossthink_data.exchange import write_frame
from crossthink_data.hashing import UInt64, mix, salt

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
NOT_SAMPLED = 255  # among split numbers
SHARD_ROWS = 100_000  # of a blend's file

Keys = pl.DataFrame  # one row per pool row, in bucket order: bucket, number, group_number, source


@dataclass(frozen=True)
class Selection:
    """Which rows of which bucket are in the pool and its splits, and how many each source gave."""

    split: npt.NDArray[np.uint8]  # per row: index in SPLITS, or NOT_SAMPLED
    not_sampled: dict[str, int]
    pool: dict[str, dict[str, int]]  # split -> source -> rows


@dataclass
class BlendSummary:
    """What a blend asked for and got."""

    weights: dict[str, float]
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # split -> source -> rows
    repeated: dict[str, int] = field(default_factory=dict)  # source -> rows of train drawn again
    shards: dict[str, int] = field(default_factory=dict)  # split -> files


def select_pool(
    keys: Keys, sources: list[str], seed: int, sizes: Mapping[str, int], shares: Mapping[str, float]
) -> Selection:
    """Samples sources to their sizes and deals the rest out to splits by hash of the group."""
    numbers = keys["number"].to_numpy()
    split = _splits(keys["group_number"].to_numpy(), seed, shares)
    source = keys["source"].to_numpy()
    not_sampled = {}
    for position, name in enumerate(sources):
        rows = np.flatnonzero(source == position)
        over = len(rows) - sizes.get(name, len(rows))
        not_sampled[name] = max(over, 0)
        if over > 0:
            ranks = mix(numbers[rows], salt(seed, "sample", name))
            split[rows[np.argsort(ranks, kind="stable")[-over:]]] = NOT_SAMPLED
    pool = {
        name: {key: int(((split == i) & (source == s)).sum()) for s, key in enumerate(sources)}
        for i, name in enumerate(SPLITS)
        if name == TRAIN or name in shares
    }
    return Selection(split, not_sampled, pool)


def _splits(groups: UInt64, seed: int, shares: Mapping[str, float]) -> npt.NDArray[np.uint8]:
    """The split of each row: the shares are ranges of the group's hash, test first."""
    at = mix(groups, salt(seed, "split")) / 2.0**64
    split = np.zeros(len(groups), np.uint8)
    test = shares.get(TEST, 0.0)
    split[at < test + shares.get(VALIDATION, 0.0)] = SPLITS.index(VALIDATION)
    split[at < test] = SPLITS.index(TEST)
    return split


def draw_blend(
    name: str,
    keys: Keys,
    selection: Selection,
    sources: list[str],
    seed: int,
    size: int,
    weights: dict[str, float],
    shares: Mapping[str, float],
    folder: Path,
    allowed: npt.NDArray[np.bool_] | None = None,
) -> BlendSummary:
    """Draws each split of a blend and writes which rows of which bucket its files hold, in order.

    The train split has `size` rows; the others keep their share of it and take no row twice. The weight of a source
    that has no rows goes to the others. `allowed`: of each row, whether this blend may draw it.
    """
    summary = BlendSummary(weights)
    numbers, source = keys["number"].to_numpy(), keys["source"].to_numpy()
    for split, share in _sizes(shares):
        inside = selection.split == SPLITS.index(split)
        inside = inside if allowed is None else inside & allowed
        members = {key: np.flatnonzero(inside & (source == sources.index(key))) for key in weights}
        present = _present(weights, members)
        rows = size if split == TRAIN else without_repeats(round(size * share), present, members)
        drawn = draw(seed, f"{name}/{split}", numbers, members, apportion(rows, present) if present else {})
        got = np.bincount(source[drawn.rows], minlength=len(sources))
        summary.rows[split] = {key: int(got[sources.index(key)]) for key in weights}
        if split == TRAIN:
            again = np.bincount(source[drawn.rows[drawn.repeats > 0]], minlength=len(sources))
            summary.repeated = {key: int(again[sources.index(key)]) for key in weights if again[sources.index(key)]}
        summary.shards[split] = _write_draw(drawn, keys, folder, name, split)
    return summary


def _present(weights: Mapping[str, float], members: Mapping[str, Int64]) -> dict[str, float]:
    """The weights of the sources that have rows, made to sum to 1."""
    present = {source: weight for source, weight in weights.items() if len(members[source])}
    total = sum(present.values())
    return {source: weight / total for source, weight in present.items()}


def _sizes(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    """(split, its size as a share of train's) of every split that there is."""
    train = 1 - sum(shares.values())
    return [(TRAIN, 1.0), *((name, shares[name] / train) for name in SPLITS if name in shares)]


def draw_path(folder: Path, blend: str, split: str, shard: int) -> Path:
    """Where the rows of one file of a blend are listed."""
    return folder / "draws" / f"{blend}-{split}-{shard:05d}.arrow"


def _write_draw(drawn: Draw, keys: Keys, folder: Path, blend: str, split: str) -> int:
    """Lists (bucket, row) of the drawn rows, a file per shard; returns how many."""
    place = keys.select("bucket", "row")[drawn.rows]
    shards = max(1, -(-len(place) // SHARD_ROWS))
    for shard in range(shards):
        write_frame(place[shard * SHARD_ROWS : (shard + 1) * SHARD_ROWS], draw_path(folder, blend, split, shard))
    return shards
