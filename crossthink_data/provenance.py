"""Which rows of the pool a model had a part in, and what that rests on: the config `provenance` of a run.

A row whose gold is a label of `crossthink selflabel`, or whose question `crossthink synthesize` made, is there by its
id; all others are as their sources have them, and are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from crossthink_data.plan import Plan, PlannedSource
from crossthink_data.pool import TRAIN
from crossthink_data.schema import polars_schema, to_table
from crossthink_data.side_table import ROWS_FILE, SideTable
from crossthink_data.sources.synthetic import SOURCES as SYNTHETIC
from crossthink_data.write import parquet_name, write_parquet

PROVENANCE = "provenance"  # the config
LABEL = "label"
MADE = tuple(source.name for source in SYNTHETIC)  # sources whose questions a model made
PROVENANCE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("part", pa.string()),  # `label`: the gold, `question`: all of it
        ("model", pa.string()),  # whose answers they are; of an ensemble all, with their revisions
        ("agreement", pa.float64()),  # share of the answers that agree
        ("threshold", pa.float64()),  # from which a label was adopted
        ("round", pa.int32()),  # in which it was
        ("votes", pa.list_(pa.string())),  # a solution of the question each
        ("prompts", pa.string()),
        ("document_id", pa.string()),
        ("document_url", pa.string()),
        ("document_revision", pa.string()),
    ]
)


def write_provenance(plan: Plan, run: Path, made: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Writes the config beside the run's others, in order of id: what the manifest says of its file, if there is one.

    `made` has `id`, `source`, `source_id` and `filled` (the gold is a label) of the pool's rows that a model had a part
    in; where there is none, nothing is written.
    """
    pool = made.lazy()
    parts = [_questions(pool, plan.sources[name]) for name in MADE if name in plan.sources]
    if "labels" in plan.tables:
        parts.append(_labels(pool.filter("filled").select("id"), plan.tables["labels"]))
    rows = pl.concat([part.collect() for part in parts], how="diagonal") if parts else pl.DataFrame()
    if rows.is_empty():
        return {}
    schema = polars_schema(PROVENANCE_SCHEMA)
    given = [name for name in schema if name in rows.columns]
    empty = [pl.lit(None, schema[name]).alias(name) for name in schema if name not in rows.columns]
    table = to_table(rows.select(*given, *empty).sort("id"), PROVENANCE_SCHEMA)
    name = parquet_name(PROVENANCE, TRAIN, 0, 1)
    return {name: write_parquet(run, name, [table], PROVENANCE_SCHEMA)}


def _labels(labelled: pl.LazyFrame, table: SideTable) -> pl.LazyFrame:
    return (
        pl.scan_parquet(table.folder / ROWS_FILE)
        .join(labelled, on="id", how="semi")
        .select("id", "agreement", "threshold", "round", part=pl.lit(LABEL), model=pl.col("label_source"))
    )


def _questions(pool: pl.LazyFrame, planned: PlannedSource) -> pl.LazyFrame:
    made = pl.concat([pl.scan_parquet(path) for _, path in planned.files]).rename({"id": "source_id"})
    mine = pool.filter(pl.col("source") == planned.source.name).select("id", "source_id")
    return made.join(mine, on="source_id").select(
        "id",
        "agreement",
        "votes",
        "prompts",
        "document_id",
        part=pl.lit("question"),
        model=pl.col("generator"),
        document_url=pl.col("url"),
        document_revision=pl.col("revision"),
    )
