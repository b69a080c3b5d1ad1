"""The second stage: a bucket of rows a task, each question once, with what later stages need to know of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.decontaminate import evidence_of
from crossthink_data.dedup import mark_duplicates
from crossthink_data.exchange import (
    WORK_SCHEMA,
    bucket_path,
    prepared_paths,
    read_part,
    removed_columns,
    write_frame,
)
from crossthink_data.frame_step import FrameStep
from crossthink_data.hashing import key_numbers
from crossthink_data.near_dedup import NearDedup
from crossthink_data.near_stage import write_bands


class ReadBucket(PipelineStep):  # type: ignore[misc]
    """One bucket a task, as one frame, out of the files of all tasks of the first stage."""

    name = "read bucket"
    type = "📖 - EXCHANGE"

    def __init__(self, folder: Path, tasks: int) -> None:
        super().__init__()
        self.folder = folder
        self.tasks = tasks

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """The kept rows of bucket `rank`."""
        yield read_part(prepared_paths(self.folder, "rows", self.tasks), rank, world_size)


class Deduplicate(FrameStep):
    """Marks exact duplicates inside a bucket."""

    name = "exact dedup"

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The bucket in order, with reasons."""
        return mark_duplicates(frame)


class WriteBucket(PipelineStep):  # type: ignore[misc]
    """The kept rows of one bucket in order of id, their keys and bands, all removed ids so far, and evidence."""

    name = "write bucket"
    type = "💾 - EXCHANGE"

    def __init__(self, before: Path, tasks: int, folder: Path, sources: list[str], near: NearDedup | None) -> None:
        super().__init__()
        self.before = before
        self.tasks = tasks  # of the first stage
        self.folder = folder
        self.sources = sources
        self.near = near

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes what is known of bucket `rank`; yields nothing."""
        for frame in data or ():
            kept = frame.filter(pl.col("reason").is_null()).sort("id")
            gone = removed_columns(frame.filter(pl.col("reason").is_not_null()))
            before = read_part(prepared_paths(self.before, "removed", self.tasks), rank, world_size)
            write_frame(pl.concat([before, gone]), bucket_path(self.folder, rank, "removed"))
            write_frame(_keys(kept, self.sources), bucket_path(self.folder, rank, "keys"))
            if "evidence" in frame.columns:
                write_frame(evidence_of(frame), bucket_path(self.folder, rank, "evidence"))
            if self.near is not None:
                write_bands(kept, rank, self.folder, world_size, self.near)
            write_frame(kept.select(list(WORK_SCHEMA)), bucket_path(self.folder, rank, "rows"))
        yield from ()


def _keys(rows: pl.DataFrame, sources: list[str]) -> pl.DataFrame:
    """All that samples, splits and draws go by: some 24 bytes a row."""
    return rows.select(
        "group_number",
        "pass_rate",
        "filled",
        number=pl.Series(key_numbers(rows["question_key"]), dtype=pl.UInt64),
        source=pl.col("source").replace_strict(sources, list(range(len(sources))), return_dtype=pl.UInt16),
        labelled=pl.col("answer") != "",
    )
