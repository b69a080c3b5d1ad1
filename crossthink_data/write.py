"""The last steps that move rows: the pool, the blends and the removed ids as parquet with the one schema.

Row groups, compression and order are fixed, so equal rows are equal bytes. A bucket's task writes its part of the pool
and deals its rows out to the blends' files; a file's task puts what it was dealt in order. Each leaves a note of what
it wrote, from which the manifest is made: nobody reads the data again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.pipeline.base import PipelineStep

from crossthink_data.exchange import (
    REMOVED_COLUMNS,
    WORK_SCHEMA,
    bucket_path,
    part_file,
    read_frame,
    read_part,
    write_frame,
)
from crossthink_data.hashing import file_sha256
from crossthink_data.pool import SHARD_ROWS, SPLITS, TRAIN, splits_in
from crossthink_data.schema import ARROW_SCHEMA, REMOVED_SCHEMA, SCHEMA_VERSION, to_table
from crossthink_data.select_stage import BlendSplit, Candidates, draw_summary, read_draw, read_selection, shares_of
from crossthink_data.storage import write_text, written

POOL, REMOVED = "pool", "removed"  # configs
ROW_GROUP = 8_192
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1  # a sixth larger than level 9 and six times faster to write
REMOVED_BUCKETS = 64  # that one file of removed ids is of
PARQUET_OPTIONS = {
    "compression": COMPRESSION,
    "compression_level": COMPRESSION_LEVEL,
    "write_page_index": True,  # so that a viewer reads a page, not a row group
    "store_schema": False,
}
TABLE = ["domain", "question_type", "source", "license"]  # what rows of the pool are counted by

_DEALT = {**WORK_SCHEMA, "at": pl.UInt64()}  # its place in the blend


@dataclass(frozen=True)
class Shard:
    """One file of a blend's split, if the split has so many rows."""

    draw: BlendSplit
    number: int


def parquet_name(config: str, split: str, shard: int, shards: int) -> str:
    """A file's path inside a run, in the Hub's usual form."""
    return f"data/{config}/{split}-{shard:05d}-of-{shards:05d}.parquet"


def write_parquet(run: Path, name: str, tables: Iterable[pa.Table], schema: pa.Schema) -> dict[str, Any]:
    """Writes one file of a run: what the manifest says of it. No row group is empty: `load_dataset` fails on one."""
    with written(run / name) as aside:
        rows = 0
        with pq.ParquetWriter(aside, schema, **PARQUET_OPTIONS) as writer:
            for table in tables:
                rows += table.num_rows
                if table.num_rows:
                    writer.write_table(table, ROW_GROUP)
        return {"sha256": file_sha256(aside), "bytes": aside.stat().st_size, "rows": rows}


class WritePool(PipelineStep):  # type: ignore[misc]
    """A bucket a task: its rows of the pool, a file a split, and its rows of the blends, a part a file."""

    name = "write pool"
    type = "💾 - WRITE"

    def __init__(
        self, rows: Candidates, selected: Path, shards: list[Shard], made: Sequence[str], out: Outputs
    ) -> None:
        super().__init__()
        self.rows = rows
        self.selected = selected
        self.shards = shards
        self.made = list(made)  # sources whose questions a model made
        self.out = out

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes what there is of bucket `rank`; yields nothing."""
        with self.track_time("bucket"):
            rows = read_frame(bucket_path(self.rows.deduped, rank, "rows"))
            self._write_pool(rows, rank, world_size)
            with part_file(bucket_path(self.out.work, rank, "dealt"), _DEALT) as file:
                file.write(self._dealt(rows, rank))
        yield from ()

    def _write_pool(self, rows: pl.DataFrame, bucket: int, buckets: int) -> None:
        keys = self.rows.keys(bucket)
        split = self.rows.splits(keys, read_selection(self.selected).cuts)
        files, kept = {}, []
        for name in splits_in(shares_of(self.rows.recipe)):
            mine = keys.filter(split == SPLITS.index(name))
            part = rows[mine["row"]].with_columns(mine["filled"])
            path = parquet_name(POOL, name, bucket, buckets)
            files[path] = write_parquet(self.out.run, path, [to_row_table(part)], ARROW_SCHEMA)
            kept.append(part)
        pool = pl.concat(kept)
        parts = pool.filter(pl.col("filled") | pl.col("source").is_in(self.made))
        write_frame(parts.select("id", "source", "source_id", "filled"), model_parts_path(self.out.work, bucket))
        counts = pool.group_by(TABLE).agg(pl.len().alias("rows"), pl.col("pass_rate").count().alias("rated"))
        self.out.note("pool", bucket, {"files": files, "table": counts.to_dicts()})

    def _dealt(self, rows: pl.DataFrame, bucket: int) -> Iterator[pl.DataFrame]:
        """The bucket's rows of each blend's file, with their places."""
        for draw, shards in groupby(self.shards, key=attrgetter("draw")):
            drawn = read_draw(self.selected, draw, bucket, self.rows.buckets)
            for shard in shards:
                mine = drawn.filter(pl.col("at") // SHARD_ROWS == shard.number)
                yield rows[mine["row"]].with_columns(mine["at"])


class WriteBlends(PipelineStep):  # type: ignore[misc]
    """A file of a blend a task, out of what all buckets have dealt to it."""

    name = "write blends"
    type = "💾 - WRITE"

    def __init__(self, shards: list[Shard], buckets: int, selected: Path, out: Outputs) -> None:
        super().__init__()
        self.shards = shards
        self.buckets = buckets
        self.selected = selected
        self.out = out

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the file of shards[rank], where there is one; yields nothing."""
        shard = self.shards[rank]
        shards = draw_summary(self.selected, shard.draw)["shards"]
        if shard.number < shards:
            with self.track_time("file"):
                dealt = [bucket_path(self.out.work, bucket, "dealt") for bucket in range(self.buckets)]
                rows = read_part(dealt, rank, world_size).sort("at")
                name = parquet_name(shard.draw.blend, shard.draw.split, shard.number, shards)
                about = write_parquet(self.out.run, name, [to_row_table(rows)], ARROW_SCHEMA)
                self.out.note("blends", rank, {"files": {name: about}})
        yield from ()


class WriteRemoved(PipelineStep):  # type: ignore[misc]
    """A range of buckets a task: the ids of what was removed there, in order."""

    name = "write removed"
    type = "💾 - WRITE"

    def __init__(self, rows: Candidates, out: Outputs) -> None:
        super().__init__()
        self.rows = rows
        self.out = out

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes one file; yields nothing."""
        counts: list[pl.DataFrame] = []
        name = parquet_name(REMOVED, TRAIN, rank, world_size)
        about = write_parquet(self.out.run, name, self._tables(rank, counts), REMOVED_SCHEMA)
        removed = pl.concat(counts).group_by("source", "reason").agg(pl.col("rows").sum())
        self.out.note("removed", rank, {"files": {name: about}, "removed": removed.to_dicts()})
        yield from ()

    def _tables(self, part: int, counts: list[pl.DataFrame]) -> Iterator[pa.Table]:
        """Bucket after bucket, which is in order of id; what there was of each source and reason goes into `counts`."""
        for bucket in range(part * REMOVED_BUCKETS, min((part + 1) * REMOVED_BUCKETS, self.rows.buckets)):
            before = read_frame(bucket_path(self.rows.deduped, bucket, "removed"))
            near = self.rows.gone(bucket)
            gone = pl.concat([before, near.select(REMOVED_COLUMNS)]) if self.rows.near else before
            counts.append(gone.group_by("source", "reason").len("rows"))
            yield to_table(gone.sort("id", "group_key", "reason"), REMOVED_SCHEMA)


@dataclass(frozen=True)
class Outputs:
    """Where the tasks of the last stages put files of the run, and notes of them."""

    run: Path
    work: Path

    def note(self, stage: str, task: int, content: dict[str, Any]) -> None:
        """Says what a task wrote."""
        write_text(self.work / "notes" / f"{stage}-{task:05d}.json", json.dumps(content))

    def notes(self, stage: str) -> Iterator[dict[str, Any]]:
        """What the tasks of a stage wrote."""
        for path in sorted((self.work / "notes").glob(f"{stage}-*.json")):
            yield json.loads(path.read_text())


def model_parts_path(work: Path, bucket: int) -> Path:
    """The rows of a bucket's pool that a model had a part in: `id`, `source`, `source_id` and whether it is a label."""
    return bucket_path(work, bucket, "made")


def to_row_table(rows: pl.DataFrame) -> pa.Table:
    """Rows of the work files as a table of the published schema, with the columns that those do without."""
    return to_table(rows.with_columns(schema_version=pl.lit(SCHEMA_VERSION, pl.Int32)), ARROW_SCHEMA)
