"""Rows between stages: arrow files, of which a task writes few and reads only what is its own.

Rows meet by bucket of `question_key`: a bucket is a range of keys, so equal questions meet in one bucket, and buckets
in order are rows in the order of their ids. The number of buckets follows from the rows read, never from tasks or
workers.

What a task has for many others goes into one file of parts: its batch k belongs to part k modulo the number of parts,
so that each reader takes its own batches and no index is needed. A file that exists is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from datatrove.pipeline.base import PipelineStep

from crossthink_data.hashing import UInt64
from crossthink_data.schema import LATE_COLUMNS, POLARS_SCHEMA, REMOVED_SCHEMA
from crossthink_data.storage import arrow_file, is_local, written

ROWS_PER_BUCKET = 65_536  # about 65 MB as a frame: what a task of a later stage holds at once
MAX_BUCKETS = 8_192  # beyond 537 million rows buckets grow instead: every task reads a little of every other one's file
KEYS = 65_536  # what four hexadecimal digits tell apart
STORE_BATCH = 256  # rows in a batch of a frame's file in an object store: who looks up one row reads so many

WORK_SCHEMA: dict[str, pl.DataType] = {
    **{name: dtype for name, dtype in POLARS_SCHEMA.items() if name not in LATE_COLUMNS},
    "order": pl.UInt64(),  # position among all rows of the recipe: source, file and row, form
    "group_number": pl.UInt64(),
}
PREPARED_SCHEMA = {**WORK_SCHEMA, "filled": pl.Boolean()}  # whether the answer is a label
REMOVED_COLUMNS = REMOVED_SCHEMA.names
REMOVED: dict[str, pl.DataType] = dict.fromkeys(REMOVED_COLUMNS, pl.String())


def removed_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """What is kept of rows that go; only a near-duplicate has a keeper."""
    return frame.select(*REMOVED_COLUMNS[:-1], keeper=pl.lit(None, pl.String))


def bucket_count(rows: int) -> int:
    """Buckets for this many rows; it changes the files of a run, and so the bytes."""
    return min(max(1, -(-rows // ROWS_PER_BUCKET)), MAX_BUCKETS)


def bucket_of(buckets: int) -> pl.Expr:
    """The bucket of each row: the range of its question's key, which its id begins with."""
    return pl.col("id").str.slice(0, 4).str.to_integer(base=16).cast(pl.UInt32) * buckets // KEYS


# ---- whole frames


def bucket_path(folder: Path, bucket: int, kind: str) -> Path:
    """Where a frame of a bucket lies: its `rows`, `keys`, `removed` and the like."""
    return folder / kind / f"{bucket:05d}.arrow"


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Writes one arrow file: on a disk in one batch, of which a reader maps the pages that it wants."""
    table = _arrow(frame).combine_chunks()
    with written(path) as aside, pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, None if is_local(path) else STORE_BATCH)


def read_frame(path: Path) -> pl.DataFrame:
    """One arrow file, read into memory of its own."""
    with arrow_file(path) as reader:
        return _frame(reader.read_all())


def rows_at(path: Path, rows: UInt64, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of one arrow file at these positions, in their order; only batches that hold one are read."""
    with arrow_file(path, mapped=True) as reader:
        size = np.uint64(reader.get_batch(0).num_rows if reader.num_record_batches else 1)
        numbers, of = np.unique(rows // size, return_inverse=True)
        batches = [reader.get_batch(int(number)) for number in numbers]
        table = pa.Table.from_batches(batches, reader.schema).select(columns or reader.schema.names)
        return _frame(table.take(pa.array(of.astype(np.uint64) * size + rows % size)))


# ---- files of parts


class PartWriter:
    """Writes rounds of frames, one frame a part."""

    def __init__(self, writer: pa.ipc.RecordBatchFileWriter, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema

    def write(self, frames: Iterable[pl.DataFrame]) -> None:
        """One round: the frames of part 0, 1, … in order, empty ones too."""
        for frame in frames:
            (batch,) = _arrow(frame).combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], self._schema)]
            self._writer.write_batch(batch)


@contextmanager
def part_file(path: Path, columns: Mapping[str, pl.DataType]) -> Iterator[PartWriter]:
    """A file of parts that is in its place once all is written."""
    schema = _arrow(pl.DataFrame(schema=columns)).schema
    with written(path) as aside, pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        yield PartWriter(writer, schema)


def read_part(paths: Iterable[Path], part: int, parts: int) -> pl.DataFrame:
    """What files of `parts` parts have for one of them, file after file."""
    tables = []
    for path in paths:
        with arrow_file(path) as reader:
            batches = [reader.get_batch(number) for number in range(part, reader.num_record_batches, parts)]
            tables.append(pa.Table.from_batches(batches, reader.schema))
    return _frame(pa.concat_tables(tables))


def prepared_paths(folder: Path, kind: str, tasks: int) -> list[Path]:
    """The files of parts that the tasks of the first stage wrote: of `rows`, or of what is `removed`."""
    return [folder / f"{kind}-{rank:05d}.arrow" for rank in range(tasks)]


class WriteBuckets(PipelineStep):  # type: ignore[misc]
    """The end of the first stage: a task's kept rows and its removed ids, each in one file of a part a bucket."""

    name = "write buckets"
    type = "💾 - EXCHANGE"

    def __init__(self, folder: Path, buckets: int, flush_rows: int = ROWS_PER_BUCKET) -> None:
        super().__init__()
        self.folder = folder
        self.buckets = buckets
        self.flush_rows = flush_rows  # gathered before they are dealt out: as many as a bucket has, or parts get small

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes every frame; yields nothing."""
        rows_path, removed_path = (prepared_paths(self.folder, kind, world_size)[rank] for kind in ("rows", "removed"))
        with part_file(rows_path, PREPARED_SCHEMA) as rows, part_file(removed_path, REMOVED) as removed:
            for frame in _gathered(data or (), self.flush_rows):
                with self.track_time("flush"):
                    kept = frame.filter(pl.col("reason").is_null()).select(list(PREPARED_SCHEMA))
                    rows.write(_by_bucket(kept, self.buckets))
                    gone = removed_columns(frame.filter(pl.col("reason").is_not_null()))
                    removed.write(_by_bucket(gone, self.buckets))
        yield from ()


def _gathered(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(map(len, held)) >= rows:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


def _by_bucket(frame: pl.DataFrame, buckets: int) -> Iterator[pl.DataFrame]:
    """The rows of each bucket, in their order."""
    parts = frame.with_columns(bucket=bucket_of(buckets)).partition_by("bucket", as_dict=True, include_key=False)
    empty = frame.clear()
    return (parts.get((bucket,), empty) for bucket in range(buckets))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame
    return frame
