"""Side tables without a model: as `make_table` writes them, of rows that a test says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from crossthink_data.labels import SELFLABEL
from crossthink_data.llm.ask import Usage
from crossthink_data.llm.difficulty import RATED
from crossthink_data.llm.selflabel import LABELLED
from crossthink_data.llm.tables import make_table
from crossthink_data.pass_rates import DIFFICULTY
from crossthink_data.side_table import SideTable

NONE_ASKED = Usage(0, 0, 0, 0.0, {})


def table_of(
    kind: str, rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any], out: Path, **settings: Any
) -> SideTable:
    """A table of these rows; a column that a row leaves out is null."""
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))
    about = {"model": "m", "revision": "v1", "style": "chat", **settings, "rows": str(frame.rows())}
    return make_table(kind, out, about, lambda work: (frame.sort("id"), NONE_ASKED), lambda rows: {})


def rates_of(rates: Mapping[str, float | None], out: Path, revision: str | None = "v1", **settings: Any) -> SideTable:
    """Pass rates by id, each out of four samples that could be graded; none for None."""
    rows = [
        {"id": id_, "pass_rate": rate, "samples": 0 if rate is None else 4, "model": "m", "model_revision": revision}
        for id_, rate in rates.items()
    ]
    return table_of(DIFFICULTY, rows, RATED, out, **{"band": None, "revision": revision} | settings)


def labels_of(labels: Mapping[str, str | None], out: Path, **settings: Any) -> SideTable:
    """Adopted labels by id; none for None."""
    rows = [{"id": id_, "answer": answer} for id_, answer in labels.items()]
    return table_of(SELFLABEL, rows, LABELLED, out, **settings)
