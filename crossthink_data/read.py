"""The read step: raw rows of the plan's units become rows with every column.

What cannot be read stays countable: an unreadable line is a row with the reason `unreadable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.benchmarks import BENCHMARK_SETS
from crossthink_data.errors import CrossthinkError
from crossthink_data.keys import question_keys
from crossthink_data.plan import PlannedSource, units_of
from crossthink_data.schema import MAPPED
from crossthink_data.sources.base import Source
from crossthink_data.sources.raw import RawFrame, Unit, read_unit

UNREADABLE = "unreadable"
ROW_BITS, FILE_BITS = 32, 20  # of a row's position: the row in its file, then the file; above them the source


@dataclass(frozen=True)
class License:
    """What equal questions of a reference source say of a row: question_key -> licence and domain."""

    known: pl.DataFrame  # question_key, known_license, known_domain


class ReadRows(PipelineStep):  # type: ignore[misc]
    """The units of a plan, dealt out to tasks; yields frames of one source each, with `reason` and `order`."""

    name = "read"
    type = "📖 - READ"

    def __init__(
        self, sources: dict[str, PlannedSource], units: list[Unit], seed: int, licenses: dict[str, License]
    ) -> None:
        super().__init__()
        self.sources = sources
        self.units = units
        self.seed = seed
        self.licenses = licenses

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Frames of this task's units; a unit belongs to exactly one task."""
        positions = {name: i for i, name in enumerate(self.sources)}
        for unit in self.units[rank::world_size]:
            planned = self.sources[unit.source]
            first = (positions[unit.source] << (ROW_BITS + FILE_BITS)) | (unit.file << ROW_BITS)
            for raw in _raw_frames(planned.source, unit, self.seed):
                with self.track_time("frame"):
                    frame = complete_rows(raw, planned, unit.name, first)
                    frame = _licensed(frame, self.licenses.get(unit.source))
                self.stat_update(f"read/{unit.source}", value=len(frame), unit="frame")
                yield frame


def read_all(planned: PlannedSource, units: Iterable[Unit], seed: int) -> Iterator[pl.DataFrame]:
    """Every row of one source outside the pipeline, for references and benchmarks."""
    for unit in units:
        for raw in _raw_frames(planned.source, unit, seed):
            yield complete_rows(raw, planned, unit.name, 0)


def read_items(planned: PlannedSource) -> pl.DataFrame:
    """Every item of a benchmark's set, as `benchmark_index` wants them."""
    one = BENCHMARK_SETS[planned.source.name]
    rows = pl.concat(read_all(planned, units_of(planned), seed=0))
    return rows.select(
        pl.lit(one.benchmark).alias("benchmark"),
        pl.lit(planned.source.name).alias("set"),
        pl.col("source_id").alias("item"),
        pl.lit(one.no_publish).alias("no_publish"),
        *("question", "passage", "options"),
    )


def _raw_frames(source: Source, unit: Unit, seed: int) -> Iterator[RawFrame]:
    if source.generate is not None:
        frame = source.generate(seed)
        frame = frame.head(unit.rows) if unit.rows else frame
        yield RawFrame(frame, pl.arange(0, len(frame), eager=True), [])
    elif source.read_archive is not None:
        at = 0
        for frame in source.read_archive(unit.path):
            part = frame.head(unit.rows - at) if unit.rows else frame
            if len(part):
                yield RawFrame(part, pl.arange(at, at + len(part), eager=True), [])
            at += len(part)
    else:
        yield from read_unit(unit, source)


def complete_rows(raw: RawFrame, planned: PlannedSource, file: str, first: int) -> pl.DataFrame:
    """The mapped rows of a raw frame with every column that the source and the plan decide.

    `first` is the order number of the file's first row. Unreadable rows come last, with no text.
    """
    source = planned.source
    mapped = source.to_rows(raw.frame)
    if len(mapped) != len(raw.frame):
        raise CrossthinkError(
            f"source {source.name!r}: its mapping made {len(mapped)} rows of {len(raw.frame)}; it must keep each row"
        )
    rows = mapped.select(
        (pl.col(name) if name in mapped.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in MAPPED.items()
    ).with_columns(at=raw.at.cast(pl.Int64))
    if raw.bad:
        bad = pl.DataFrame({"at": [at for at, _ in raw.bad]}, schema={"at": pl.Int64})
        rows = pl.concat([rows, bad.with_columns(reason=pl.lit(UNREADABLE))], how="diagonal")
    is_mcq = pl.col("options").list.len() > 0
    type_ = pl.when(is_mcq).then(pl.lit("mcq")).when(pl.col("options").is_null()).then(pl.lit(source.question_type))
    open_type = pl.lit("math" if source.category == "mr" else "text")
    return rows.with_columns(
        pl.col("question").fill_null("").str.strip_chars(),
        pl.col("options").fill_null([]),
        pl.col("answer_aliases").fill_null([]),
        pl.col("domain").fill_null(source.domain),
        pl.col("license").fill_null(source.license),
        pl.col("source_id").fill_null(pl.concat_str(pl.lit(f"{file}#"), pl.col("at"))),
        answer_type=pl.coalesce("answer_type", pl.when(is_mcq).then(pl.lit("choice")).otherwise(open_type)),
        question_type=type_.otherwise(pl.lit("open")),
        category=pl.lit(source.category),
        source=pl.lit(source.name),
        source_revision=pl.lit(planned.revision),
        order=(pl.col("at").cast(pl.UInt64) + pl.lit(first, pl.UInt64)) * 2,  # the odd numbers are derived rows'
    ).drop("at")


def _licensed(frame: pl.DataFrame, license_: License | None) -> pl.DataFrame:
    """Licence and domain of equal questions of the reference sources, where there are any."""
    if license_ is None:
        return frame
    return (
        frame.with_columns(question_keys(frame))
        .join(license_.known, on="question_key", how="left", maintain_order="left")
        .with_columns(license=pl.coalesce("known_license", "license"), domain=pl.coalesce("known_domain", "domain"))
        .drop("question_key", "known_license", "known_domain")
    )


def known_licenses(references: Iterable[pl.DataFrame]) -> License:
    """The licences and domains of the references' questions; the reference named first wins."""
    parts = [frame.select(question_keys(frame), known_license="license", known_domain="domain") for frame in references]
    return License(pl.concat(parts).unique("question_key", keep="first", maintain_order=True))
