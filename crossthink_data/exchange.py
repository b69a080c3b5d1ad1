"""Rows between stages: arrow files by bucket of `question_key`.

A bucket is a range of keys, so equal questions meet in one bucket, and buckets in order are rows in the order of
their ids. The number of buckets follows from the rows read, never from tasks or workers. A task writes aside and
renames at its end: a file that exists is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pyarrow as pa
from datatrove.pipeline.base import PipelineStep

from crossthink_data.schema import LATE_COLUMNS, POLARS_SCHEMA, REMOVED_SCHEMA

ROWS_PER_BUCKET = 65_536  # about 100 MB as a frame: what a task of a later stage holds at once
FLUSH_ROWS = 65_536  # rows gathered before they are dealt out to buckets

WORK_SCHEMA: dict[str, pl.DataType] = {
    **{name: dtype for name, dtype in POLARS_SCHEMA.items() if name not in LATE_COLUMNS},
    "order": pl.UInt64(),  # position among all rows of the recipe: source, file and row, form
    "group_number": pl.UInt64(),
}
PREPARED_SCHEMA = {**WORK_SCHEMA, "filled": pl.Boolean()}  # whether the answer is a label
REMOVED_COLUMNS = REMOVED_SCHEMA.names


def removed_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """What is kept of rows that go; only a near-duplicate has a keeper."""
    return frame.select(*REMOVED_COLUMNS[:-1], keeper=pl.lit(None, pl.String))


def bucket_count(rows: int) -> int:
    """Buckets for this many rows: between 1 and the 65,536 that four hexadecimal digits tell apart."""
    return min(max(1, -(-rows // ROWS_PER_BUCKET)), 65_536)


def bucket_of(buckets: int) -> pl.Expr:
    """The bucket of each row: its range of keys."""
    return pl.col("question_key").str.slice(0, 4).str.to_integer(base=16).cast(pl.UInt32) * buckets // 65_536


def rows_path(folder: Path, bucket: int, rank: int = 0) -> Path:
    """Where a task's rows of a bucket lie."""
    return folder / f"{bucket:05d}" / f"rows-{rank:05d}.arrow"


def removed_path(folder: Path, bucket: int, rank: int = 0) -> Path:
    """Where a task's removed rows of a bucket lie (ids and reasons only)."""
    return folder / f"{bucket:05d}" / f"removed-{rank:05d}.arrow"


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Writes one arrow file aside, then renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    frame.write_ipc(aside, compat_level=pl.CompatLevel.oldest())
    aside.replace(path)


def read_frame(path: Path) -> pl.DataFrame:
    """One arrow file, read into memory of its own."""
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_file(file) as reader:
        frame = pl.from_arrow(reader.read_all())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame
    return frame


def read_frames(folder: Path, bucket: int, kind: str) -> pl.DataFrame:
    """All tasks' `rows` or `removed` of one bucket."""
    paths = sorted((folder / f"{bucket:05d}").glob(f"{kind}-*.arrow"))
    return pl.concat([read_frame(path) for path in paths])


class WriteBuckets(PipelineStep):  # type: ignore[misc]
    """The end of a stage: kept rows and removed ids go to their buckets' files."""

    name = "write buckets"
    type = "💾 - EXCHANGE"

    def __init__(self, folder: Path, buckets: int, columns: Mapping[str, pl.DataType] = WORK_SCHEMA) -> None:
        super().__init__()
        self.folder = folder
        self.buckets = buckets
        self.columns = columns

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes every frame; yields nothing."""
        files = _BucketFiles(self.folder, self.buckets, rank, self.columns)
        with files:
            for frame in _gathered(data or (), FLUSH_ROWS):
                with self.track_time("flush"):
                    files.write(frame)
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


class _BucketFiles:
    """Open arrow files of one task, two a bucket, renamed into place when all is written."""

    def __init__(self, folder: Path, buckets: int, rank: int, columns: Mapping[str, pl.DataType]) -> None:
        self.buckets = buckets
        self.columns = columns
        self.paths = {
            **{("rows", b): rows_path(folder, b, rank) for b in range(buckets)},
            **{("removed", b): removed_path(folder, b, rank) for b in range(buckets)},
        }
        self.writers: dict[tuple[str, int], pa.ipc.RecordBatchFileWriter] = {}
        self.stack = ExitStack()

    def __enter__(self) -> _BucketFiles:
        for (kind, bucket), path in self.paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = self.columns if kind == "rows" else dict.fromkeys(REMOVED_COLUMNS, pl.String())
            schema = _arrow(pl.DataFrame(schema=columns)).schema
            sink = self.stack.enter_context(pa.OSFile(str(path.with_suffix(".tmp")), "wb"))
            self.writers[kind, bucket] = self.stack.enter_context(pa.ipc.new_file(sink, schema))
        return self

    def write(self, frame: pl.DataFrame) -> None:
        frame = frame.with_columns(bucket=bucket_of(self.buckets))
        for (bucket,), part in frame.partition_by("bucket", as_dict=True, maintain_order=True).items():
            kept, gone = part.filter(pl.col("reason").is_null()), part.filter(pl.col("reason").is_not_null())
            if len(kept):
                self.writers["rows", int(str(bucket))].write_table(_arrow(kept.select(list(self.columns))))
            if len(gone):
                self.writers["removed", int(str(bucket))].write_table(_arrow(removed_columns(gone)))

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.stack.close()
        for path in self.paths.values():
            if kind is None:
                path.with_suffix(".tmp").replace(path)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
