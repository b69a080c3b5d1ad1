"""The last step: the pool, the blends and the removed ids as parquet with the one schema.

Row groups, compression and order are fixed, so equal rows are equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.pipeline.base import PipelineStep

from crossthink_data.exchange import read_frame, read_frames
from crossthink_data.pool import SPLITS, draw_path
from crossthink_data.schema import (
    ARROW_SCHEMA,
    REMOVED_SCHEMA,
    SCHEMA_VERSION,
    to_table,
)

ROW_GROUP = 8_192
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1  # a sixth larger than level 9 and six times faster to write


@dataclass(frozen=True)
class Job:
    """One task's output: a bucket of the pool, a file of a blend, or the removed ids."""

    config: str
    split: str
    shard: int
    shards: int


def parquet_name(config: str, split: str, shard: int, shards: int) -> str:
    """A file's path inside a run, in the Hub's usual form."""
    return f"{config}/{split}-{shard:05d}-of-{shards:05d}.parquet"


class WriteParquet(PipelineStep):  # type: ignore[misc]
    """Writes the output of one job a task."""

    name = "write parquet"
    type = "💾 - WRITE"

    def __init__(self, jobs: list[Job], rows: Path, selected: Path, run: Path, buckets: int, splits: list[str]) -> None:
        super().__init__()
        self.jobs = jobs
        self.rows = rows
        self.selected = selected
        self.run_folder = run
        self.buckets = buckets
        self.splits = splits

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes jobs[rank]; yields nothing."""
        job = self.jobs[rank]
        with self.track_time("job"):
            if job.config == "removed":
                self._write_removed(job)
            elif job.config == "pool":
                self._write_bucket(job)
            else:
                self._write_blend(job)
        yield from ()

    def _write_bucket(self, job: Job) -> None:
        """One bucket of the pool: a file for each split."""
        rows = read_frames(self.rows, job.shard, "rows")
        split = read_frame(split_path(self.selected, job.shard))["split"]
        for name in self.splits:
            part = rows.filter(split == SPLITS.index(name))
            self._write(to_row_table(part), parquet_name("pool", name, job.shard, job.shards))

    def _write_blend(self, job: Job) -> None:
        """One file of a blend: its rows are looked up bucket by bucket, then put in order."""
        places = read_frame(draw_path(self.selected, job.config, job.split, job.shard))
        places = places.with_row_index("at")
        parts, order = [ARROW_SCHEMA.empty_table()], [places["at"].head(0)]
        for (bucket,), wanted in places.partition_by("bucket", as_dict=True).items():
            rows = read_frames(self.rows, int(str(bucket)), "rows")
            parts.append(to_row_table(rows[wanted["row"]]))  # arrow copies; a polars slice would hold the whole bucket
            order.append(wanted["at"])
        back = pl.concat(order).arg_sort().to_arrow()
        table = pa.concat_tables(parts).combine_chunks().take(back)
        self._write(table, parquet_name(job.config, job.split, job.shard, job.shards))

    def _write_removed(self, job: Job) -> None:
        """All removed ids, bucket after bucket, which is in order of id."""
        name = parquet_name("removed", job.split, 0, 1)
        frames = (read_frames(self.rows, bucket, "removed") for bucket in range(self.buckets))
        sorted_ = (gone.sort("id", "group_key", "reason") for gone in frames)
        self._write_all((to_table(gone, REMOVED_SCHEMA) for gone in sorted_), REMOVED_SCHEMA, name)

    def _write(self, table: pa.Table, name: str) -> None:
        self._write_all([table], table.schema, name)

    def _write_all(self, tables: Iterable[pa.Table], schema: pa.Schema, name: str) -> None:
        """Writes aside, then renames. No row group is empty: `load_dataset` fails on one."""
        path = self.run_folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".tmp")
        with pq.ParquetWriter(aside, schema, **PARQUET_OPTIONS) as writer:
            for table in tables:
                if table.num_rows:
                    writer.write_table(table, ROW_GROUP)
        aside.replace(path)


PARQUET_OPTIONS = {
    "compression": COMPRESSION,
    "compression_level": COMPRESSION_LEVEL,
    "write_page_index": True,  # so that a viewer reads a page, not a row group
    "store_schema": False,
}


def with_constants(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the columns that the work files do without."""
    return rows.with_columns(schema_version=pl.lit(SCHEMA_VERSION, pl.Int32))


def to_row_table(rows: pl.DataFrame) -> pa.Table:
    """Rows of the work files as a table of the published schema."""
    return to_table(with_constants(rows), ARROW_SCHEMA)


def split_path(folder: Path, bucket: int) -> Path:
    """Where the split number of each row of a bucket lies."""
    return folder / "splits" / f"{bucket:05d}.arrow"
