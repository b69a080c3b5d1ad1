"""Samples, splits and draws over the keys on disk: one task for the pool, then one for each split of each blend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.errors import CrossthinkError
from crossthink_data.exchange import bucket_path, part_file, read_frame, read_part
from crossthink_data.near_stage import gone_path
from crossthink_data.pool import (
    SPLITS,
    Keys,
    Selection,
    Split,
    draw_split,
    select_pool,
    splits_of,
)
from crossthink_data.recipe import Recipe
from crossthink_data.storage import write_text

SELECTION = "selection.json"
_DRAWN: dict[str, pl.DataType] = {"row": pl.UInt32(), "at": pl.UInt64()}


@dataclass(frozen=True)
class BlendSplit:
    """One split of a blend, as it is to be drawn: rows it may have, at most, and source -> weight."""

    blend: str
    split: str
    size: int
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Candidates:
    """The keys of the rows that no step has removed, as they lie on disk."""

    deduped: Path
    near: Path | None  # the folder that says which rows are near-duplicates
    buckets: int
    recipe: Recipe

    @property
    def sources(self) -> list[str]:
        """The recipe's sources; a key names one by its position."""
        return list(self.recipe.sources)

    def keys(self, bucket: int) -> Keys:
        """A bucket's keys in order of row."""
        keys = read_frame(bucket_path(self.deduped, bucket, "keys"))
        keys = keys.with_columns(bucket=pl.lit(bucket, pl.UInt32), row=pl.int_range(pl.len(), dtype=pl.UInt32))
        return keys.filter(~pl.col("row").is_in(self.gone(bucket)["row"].implode()))

    def gone(self, bucket: int) -> pl.DataFrame:
        """A bucket's near-duplicates: `row` and the removed columns."""
        return read_part([gone_path(self.near)], bucket, self.buckets) if self.near else _NONE_GONE

    def all_keys(self) -> Iterator[Keys]:
        """Bucket after bucket."""
        return map(self.keys, range(self.buckets))

    def splits(self, keys: Keys, cuts: Mapping[str, Any]) -> Split:
        """The split of each of these rows."""
        return splits_of(keys, self.sources, self.recipe.seed, cuts, shares_of(self.recipe))


_NONE_GONE = pl.DataFrame(schema={"row": pl.UInt32()})


def shares_of(recipe: Recipe) -> dict[str, float]:
    """What the splits beside train have of the pool."""
    return {str(name): share for name, share in recipe.splits.items()}


class SelectPool(PipelineStep):  # type: ignore[misc]
    """One task: where samples are cut, and what the pool has of each source."""

    name = "select pool"
    type = "🎲 - SELECT"

    def __init__(self, rows: Candidates, folder: Path) -> None:
        super().__init__()
        self.rows = rows
        self.folder = folder

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the selection; yields nothing. Raises CrossthinkError where no row is left."""
        recipe = self.rows.recipe
        sizes = {name: entry.size for name, entry in recipe.sources.items() if entry.size}
        selection = select_pool(self.rows.all_keys, self.rows.sources, recipe.seed, sizes, shares_of(recipe))
        if not any(sum(split.values()) for split in selection.pool.values()):
            raise CrossthinkError(  # a corpus of no rows is a mistake, not a result
                f"{recipe.name}: no row is left of those read: look at the sources' columns, the filters and the "
                "licences that the recipe allows"
            )
        write_text(self.folder / SELECTION, json.dumps(asdict(selection)))
        yield from ()


def read_selection(folder: Path) -> Selection:
    """What SelectPool wrote."""
    return Selection(**json.loads((folder / SELECTION).read_text()))


class DrawBlends(PipelineStep):  # type: ignore[misc]
    """A split of a blend a task: which rows of which bucket it has, and at which place."""

    name = "draw blends"
    type = "🎲 - SELECT"

    def __init__(self, draws: list[BlendSplit], rows: Candidates, folder: Path) -> None:
        super().__init__()
        self.draws = draws
        self.rows = rows
        self.folder = folder

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes draws[rank], a part a bucket, and what it got; yields nothing."""
        draw, recipe = self.draws[rank], self.rows.recipe
        args = (self.rows.sources, recipe.seed, draw.size, draw.weights)
        about, places = draw_split(draw.blend, draw.split, self._members(draw), *args)
        places = places.with_row_index("at").cast({"at": pl.UInt64})
        parts = places.partition_by("bucket", as_dict=True, include_key=False)
        empty = places.select("row", "at").clear()
        with part_file(_draw_path(self.folder, draw), _DRAWN) as file:
            file.write(parts.get((bucket,), empty).select("row", "at") for bucket in range(self.rows.buckets))
        write_text(_draw_path(self.folder, draw).with_suffix(".json"), json.dumps(asdict(about)))
        yield from ()

    def _members(self, draw: BlendSplit) -> Callable[[], Iterator[Keys]]:
        """The keys of the rows that this split may draw from."""
        cuts = read_selection(self.folder).cuts
        hard = self.rows.recipe.blends[draw.blend].keep_hard

        def pieces() -> Iterator[Keys]:
            for keys in self.rows.all_keys():
                inside = self.rows.splits(keys, cuts) == SPLITS.index(draw.split)
                yield keys.filter(inside if hard is None else inside & hard.of(keys))

        return pieces


def read_draw(folder: Path, draw: BlendSplit, bucket: int, buckets: int) -> pl.DataFrame:
    """The rows of a bucket in one split of a blend: `row`, and `at`, its place there."""
    return read_part([_draw_path(folder, draw)], bucket, buckets)


def draw_summary(folder: Path, draw: BlendSplit) -> dict[str, Any]:
    """What a split of a blend got."""
    return dict(json.loads(_draw_path(folder, draw).with_suffix(".json").read_text()))


def _draw_path(folder: Path, draw: BlendSplit) -> Path:
    return folder / f"{draw.blend}-{draw.split}.arrow"
