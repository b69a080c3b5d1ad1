"""Two runs or published versions side by side: which rows came, went or changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from crossthink_data.manifest import built_rows, read_manifest
from crossthink_data.schema import ARROW_SCHEMA
from crossthink_data.show import Table


def compare(a: Path, b: Path) -> dict[str, Any]:
    """Rows of the pools by id: added and removed per source, changed per source and column; blends by their rows."""
    manifest_a, manifest_b = read_manifest(a), read_manifest(b)
    pool_a = built_rows(a, manifest_a, "pool").collect()
    pool_b = built_rows(b, manifest_b, "pool").collect()
    added = pool_b.join(pool_a, on="id", how="anti")
    gone = pool_a.join(pool_b, on="id", how="anti")
    both = pool_a.join(pool_b, on="id", how="inner", suffix="_b", maintain_order="left")
    columns = [name for name in ARROW_SCHEMA.names if name != "id"]
    return {
        "added": _by_source(added),
        "removed": _by_source(gone),
        "changed": {column: counts for column in columns if (counts := _by_source(both.filter(_differs(column))))},
        "blends": {
            name: _moved(_blend_rows(a, manifest_a, name), _blend_rows(b, manifest_b, name))
            for name in sorted({*manifest_a["blends"], *manifest_b["blends"]})
        },
    }


def diff_tables(found: dict[str, Any]) -> list[Table]:
    """The comparison as tables; empty ones say so by having no rows."""
    rows = [[what, source, n] for what in ("added", "removed") for source, n in found[what].items()] + [
        [f"changed {column}", source, n] for column, counts in found["changed"].items() for source, n in counts.items()
    ]
    blends = [[name, one["added"], one["removed"], one["same"]] for name, one in found["blends"].items()]
    return [
        Table("pool", ["what", "source", "rows"], rows, left=2),
        Table("blends, by rows of train", ["blend", "added", "removed", "same"], blends),
    ]


def _differs(column: str) -> pl.Expr:
    return pl.col(column).ne_missing(pl.col(f"{column}_b"))


def _by_source(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows.group_by("source").len().sort("source").iter_rows())


def _moved(a: pl.DataFrame, b: pl.DataFrame) -> dict[str, int]:
    same = a.join(b, on=["id", "time"], how="inner").height
    return {"added": len(b) - same, "removed": len(a) - same, "same": same}


def _blend_rows(folder: Path, manifest: Mapping[str, Any], name: str) -> pl.DataFrame:
    """The ids of a blend's train split; `time` tells a repeated row's occurrences apart."""
    ids = built_rows(folder, manifest, name, "train").select("id")
    return ids.with_columns(time=pl.int_range(pl.len(), dtype=pl.UInt32).over("id")).collect()
