"""What is left after everything that removes rows: sampled to size, split, drawn into blends. Numbers only, no text.

Sampling and splits go by hash of what a row is, so they depend neither on the order of rows nor on their number. Keys
come piece by piece, as often as they are asked for: what is held is the rows of one sample or draw, never all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink_data.blend import apportion, draw, without_repeats
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import UInt64, mix, salt

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
NOT_SAMPLED = 255  # among split numbers
SHARD_ROWS = 100_000  # of a blend's file
MAX_REPEATS = 1_000_000  # of a row in a blend; more is a slip of the pen

Keys = pl.DataFrame  # a row per row of the pool: bucket, row (its position there), number, group_number, source
Pieces = Callable[[], Iterable[Keys]]  # all keys, in order of bucket and row
Split = npt.NDArray[np.uint8]  # of each row the index in SPLITS, or NOT_SAMPLED
Cut = tuple[int, int, int]  # rank, bucket and row of the last row that a sample takes

_BY_RANK = ["rank", "bucket", "row"]


@dataclass(frozen=True)
class Selection:
    """How the pool is sampled and split, and how many rows each source gives it."""

    cuts: dict[str, Cut]  # of each source that has more rows than its size
    not_sampled: dict[str, int]
    pool: dict[str, dict[str, int]]  # split -> source -> rows


@dataclass
class SplitDraw:
    """What one split of a blend got."""

    rows: dict[str, int]  # source -> rows
    repeated: dict[str, int] = field(default_factory=dict)  # source -> rows that were drawn again
    shards: int = 1


def select_pool(
    pieces: Pieces, sources: list[str], seed: int, sizes: Mapping[str, int], shares: Mapping[str, float]
) -> Selection:
    """Samples sources to their sizes and counts what the splits have of the rest."""
    samples = {name: Smallest(size) for name, size in sizes.items()}
    rows = dict.fromkeys(sources, 0)
    for keys in pieces():
        for position, name in enumerate(sources):
            mine = keys.filter(source=position)
            rows[name] += len(mine)
            if name in samples:
                samples[name].add(_ranked(mine, _sample_salt(seed, name)))
    cuts = {name: sample.cut() for name, sample in samples.items() if rows[name] > sample.size}
    counts = np.zeros((NOT_SAMPLED + 1, len(sources)), np.int64)
    for keys in pieces():
        np.add.at(counts, (splits_of(keys, sources, seed, cuts, shares), keys["source"].to_numpy()), 1)
    of_split = {name: dict(zip(sources, counts[i].tolist(), strict=True)) for i, name in enumerate(SPLITS)}
    not_sampled = dict(zip(sources, counts[NOT_SAMPLED].tolist(), strict=True))
    return Selection(cuts, not_sampled, {name: of_split[name] for name in splits_in(shares)})


def splits_in(shares: Mapping[str, float]) -> list[str]:
    """The splits that there are, train first."""
    return [name for name in SPLITS if name == TRAIN or name in shares]


def splits_of(keys: Keys, sources: list[str], seed: int, cuts: Mapping[str, Cut], shares: Mapping[str, float]) -> Split:
    """The split of each row, or NOT_SAMPLED for what its source has beyond its size."""
    split = _dealt(keys["group_number"].to_numpy(), seed, shares)
    for name, (rank, bucket, row) in cuts.items():
        ranks = mix(keys["number"].to_numpy(), _sample_salt(seed, name))
        later = (pl.col("bucket") > bucket) | ((pl.col("bucket") == bucket) & (pl.col("row") > row))
        beyond = (ranks > rank) | ((ranks == rank) & keys.select(later).to_series().to_numpy())
        split[beyond & (keys["source"] == sources.index(name)).to_numpy()] = NOT_SAMPLED
    return split


def _dealt(groups: UInt64, seed: int, shares: Mapping[str, float]) -> Split:
    """The split of each row: the shares are ranges of the group's hash, test first."""
    at = mix(groups, salt(seed, "split")) / 2.0**64
    split = np.zeros(len(groups), np.uint8)
    test = shares.get(TEST, 0.0)
    split[at < test + shares.get(VALIDATION, 0.0)] = SPLITS.index(VALIDATION)
    split[at < test] = SPLITS.index(TEST)
    return split


def _sample_salt(seed: int, source: str) -> np.uint64:
    return salt(seed, "sample", source)


def _ranked(keys: Keys, by: np.uint64) -> pl.DataFrame:
    ranks = pl.Series("rank", mix(keys["number"].to_numpy(), by), pl.UInt64)
    return keys.select("bucket", "row", "number", ranks)


class Smallest:
    """The `size` rows of the smallest rank among frames that come one after another; ties go by place."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._held: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Takes more rows with rank, bucket and row; holds no more than twice the size and these."""
        self._held.append(frame)
        if sum(map(len, self._held)) > 2 * self.size:
            self._held = [self.rows()]

    def rows(self) -> pl.DataFrame:
        """The rows, the smallest first."""
        return pl.concat(self._held).sort(_BY_RANK).head(self.size)

    def cut(self) -> Cut:
        """The last of them."""
        rank, bucket, row = self.rows().select(_BY_RANK).row(-1)
        return rank, bucket, row


def split_size(size: int, split: str, shares: Mapping[str, float]) -> int:
    """The most rows of a blend's split: train has the blend's size, the others keep their share of it."""
    return size if split == TRAIN else round(size * (shares[split] / (1 - sum(shares.values()))))


def shard_count(rows: int) -> int:
    """The files of a blend's split of so many rows."""
    return max(1, -(-rows // SHARD_ROWS))


def draw_split(
    name: str, split: str, pieces: Pieces, sources: list[str], seed: int, size: int, weights: Mapping[str, float]
) -> tuple[SplitDraw, pl.DataFrame]:
    """Draws one split of a blend from `pieces`, the keys of its rows: what it got, and the rows (bucket, row) in order.

    Train has `size` rows, the others at most so many, as they take no row twice. The weight of a source that has no
    rows goes to the others. Raises CrossthinkError where a source's rows would come more than MAX_REPEATS times.
    """
    have = dict.fromkeys(weights, 0)
    for keys in pieces():
        counts = np.bincount(keys["source"].to_numpy(), minlength=len(sources))
        have = {source: rows + int(counts[sources.index(source)]) for source, rows in have.items()}
    present = _present(weights, have)
    rows = size if split == TRAIN else without_repeats(size, present, have)
    wanted = apportion(rows, present) if present else {}
    _check_repeats(name, size, wanted, have)
    found = _candidates(f"{name}/{split}", pieces, sources, seed, wanted, have)
    members = {source: np.flatnonzero(found["source"] == sources.index(source)) for source in wanted}
    drawn = draw(seed, f"{name}/{split}", found["number"].to_numpy(), members, wanted)
    source = found["source"].to_numpy()
    got, again = (np.bincount(source[at], minlength=len(sources)) for at in (drawn.rows, drawn.rows[drawn.repeats > 0]))
    about = SplitDraw(
        {key: int(got[sources.index(key)]) for key in weights},
        {key: int(again[sources.index(key)]) for key in weights if again[sources.index(key)]},
        shard_count(len(drawn.rows)),
    )
    return about, found.select("bucket", "row")[drawn.rows]


def _check_repeats(name: str, size: int, wanted: Mapping[str, int], have: Mapping[str, int]) -> None:
    for source, want in wanted.items():
        if want > MAX_REPEATS * have[source]:
            raise CrossthinkError(
                f"blend {name!r}: {want:,} of its {size:,} rows are to come from source {source!r}, which has "
                f"{have[source]:,}, each more than {MAX_REPEATS:,} times: lower the size (--set blends.{name}.size=…), "
                "or give the source a lower weight"
            )


def _present(weights: Mapping[str, float], have: Mapping[str, int]) -> dict[str, float]:
    """The weights of the sources that have rows, made to sum to 1."""
    present = {source: weight for source, weight in weights.items() if have[source]}
    total = sum(present.values())
    return {source: weight / total for source, weight in present.items()}


def _candidates(
    blend: str, pieces: Pieces, sources: list[str], seed: int, wanted: Mapping[str, int], have: Mapping[str, int]
) -> pl.DataFrame:
    """Of each source the rows that a draw of so many can take, in order: all of one that is drawn from again."""
    first = {name: Smallest(min(want, have[name])) for name, want in wanted.items()}
    for keys in pieces():
        for name, smallest in first.items():
            smallest.add(_ranked(keys.filter(source=sources.index(name)), salt(seed, "draw", blend, 0)))
    empty = pl.DataFrame(schema={"bucket": pl.UInt32, "row": pl.UInt32, "number": pl.UInt64, "source": pl.UInt16})
    found = [
        smallest.rows().select("bucket", "row", "number", source=pl.lit(sources.index(name), pl.UInt16))
        for name, smallest in first.items()
    ]
    return pl.concat([empty, *found]).sort("bucket", "row")
