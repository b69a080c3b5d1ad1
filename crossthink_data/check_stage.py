"""What stands between the first two stages: too many bad lines end the build, and benchmarks are indexed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.benchmark_index import ITEMS, build_index, save_index
from crossthink_data.decontaminate import Decontamination
from crossthink_data.errors import CrossthinkError
from crossthink_data.exchange import prepared_paths, read_frame
from crossthink_data.plan import PlannedSource
from crossthink_data.read import UNREADABLE, read_items


class CheckLines(PipelineStep):  # type: ignore[misc]
    """One task: lines that could not be read are counted, and a few are not worth a stop."""

    name = "check lines"
    type = "🔎 - CHECK"

    def __init__(self, prepared: Path, tasks: int, max_bad_lines: int) -> None:
        super().__init__()
        self.prepared = prepared
        self.tasks = tasks
        self.max_bad_lines = max_bad_lines

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Yields nothing. Raises CrossthinkError where a source has more bad lines than are allowed."""
        paths = prepared_paths(self.prepared, "removed", self.tasks)
        bad = pl.concat(read_frame(path).filter(reason=UNREADABLE) for path in paths).sort("group_key")
        for (source,), rows in bad.partition_by("source", as_dict=True).items():
            if len(rows) > self.max_bad_lines:
                file, _, line = str(rows["group_key"][0]).partition(":")[2].rpartition("#")
                raise CrossthinkError(
                    f"source {source!r}: {len(rows)} lines are not JSON objects, the first is {file} line "
                    f"{int(line) + 1}; mend the file, or allow them with --set max_bad_lines={len(rows)}"
                )
        yield from ()


class IndexBenchmarks(PipelineStep):  # type: ignore[misc]
    """One task: the items of all benchmarks that rows are compared with, in one index."""

    name = "index benchmarks"
    type = "🔎 - CHECK"

    def __init__(self, benchmarks: list[PlannedSource], folder: Path, settings: Decontamination) -> None:
        super().__init__()
        self.benchmarks = benchmarks
        self.folder = folder
        self.settings = settings

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the index; yields nothing."""
        items = pl.concat([ITEMS, *map(read_items, self.benchmarks)])
        save_index(build_index(items, self.settings.ngram, self.settings.max_shared), self.folder)
        yield from ()
