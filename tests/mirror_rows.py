"""All rows of the mirror's training sets and items of its benchmarks, for labelled tests; never committed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from crossthink_data.benchmark_index import ITEMS, BenchmarkIndex, build_index
from crossthink_data.benchmarks import BENCHMARK_SETS, benchmark_source
from crossthink_data.decontaminate import Decontamination
from crossthink_data.plan import PlannedSource, units_of
from crossthink_data.read import read_all, read_items
from crossthink_data.recipe import SourceEntry
from crossthink_data.sources import SOURCES
from crossthink_data.sources.base import Source
from crossthink_data.sources.raw import Unit
from tests.support import HUB


@cache
def mirror_rows() -> pl.DataFrame:
    """source, source_id, question, passage and options of every row with a question; MATH once."""
    names = [
        name for name, one in SOURCES.items() if one.repo and (HUB / one.repo).is_dir() and name != "math_level3to5"
    ]
    frames = [frame for name in names for frame in read_all(*_planned(SOURCES[name]), seed=0)]
    rows = pl.concat([frame.select("source", "source_id", "question", "passage", "options") for frame in frames])
    return rows.filter(pl.col("question") != "").unique(["source", "source_id"], keep="first", maintain_order=True)


@cache
def mirror_items() -> pl.DataFrame:
    """Every benchmark item of the mirror."""
    names = [name for name, one in BENCHMARK_SETS.items() if (HUB / one.repo).is_dir()]
    return pl.concat([ITEMS, *(read_items(_planned(benchmark_source(name))[0]) for name in names)])


@cache
def mirror_index() -> BenchmarkIndex:
    """The index of all of them with the default settings."""
    settings = Decontamination()
    return build_index(mirror_items(), settings.ngram, settings.max_shared)


def _planned(source: Source) -> tuple[PlannedSource, list[Unit]]:
    folder = HUB / str(source.repo)
    paths: list[Path] = [path for glob in source.files for path in sorted(folder.glob(glob))]
    files = tuple((path.relative_to(folder).as_posix(), path) for path in paths)
    planned = PlannedSource(source, SourceEntry(), "mirror", files)
    return planned, units_of(planned)
