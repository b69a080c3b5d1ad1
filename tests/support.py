"""What the tests of sources share: rows sent through the real reader, and the mirror's real files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from crossthink_data.keys import with_ids
from crossthink_data.kinds import LABELS
from crossthink_data.pass_rates import PassRates
from crossthink_data.schema import MAPPED
from crossthink_data.sources.base import Source
from crossthink_data.sources.raw import plan_units, read_unit
from crossthink_data.templates import with_prompts

HUB = Path(__file__).parents[2] / "shared" / "hub" / "datasets"
needs_hub = pytest.mark.skipif(not HUB.is_dir(), reason="no ../shared/hub beside this checkout")


def map_rows(source: Source, rows: Sequence[Any], folder: Path, name: str = "rows") -> pl.DataFrame:
    """Rows in the source's public schema, written to a file of its kind, read back and mapped."""
    path = folder / f"{name}{Path(source.files[0]).suffix}"
    if path.suffix == ".parquet":
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    elif path.suffix == ".json":
        path.write_bytes(orjson.dumps(rows))
    else:
        path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return map_file(source, path)


def map_file(source: Source, path: Path) -> pl.DataFrame:
    """Every row of one file, mapped; that must keep the number of rows and give columns of `MAPPED`."""
    name = str(path.relative_to(HUB / source.repo)) if source.repo and HUB in path.parents else path.name
    frames = []
    for unit in plan_units(source, path, name, 0):
        for raw in read_unit(unit, source):
            rows = source.to_rows(raw.frame)
            assert rows.height == raw.frame.height
            assert {name: MAPPED[name] for name in rows.columns} == dict(rows.schema)
            frames.append(rows)
    return pl.concat(frames)


def map_mirror(source: Source) -> pl.DataFrame:
    """Every row of the mirror's copy of the source."""
    assert source.repo
    paths = [path for glob in source.files for path in sorted((HUB / source.repo).glob(glob))]
    return pl.concat([map_file(source, path) for path in paths])


def assert_labelled(rows: pl.DataFrame) -> None:
    """The option under the label is the answer, in every row."""
    for options, label, answer in rows.select("options", "answer_label", "answer").iter_rows():
        assert options[LABELS.index(label)] == answer


def rows_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows as the read step gives them: what a row leaves out is filled with something harmless."""
    columns = {**MAPPED, **dict.fromkeys(("question_type", "category", "source", "source_revision"), pl.String())}
    frames = [
        pl.DataFrame([_filled(row, i)], schema={**columns, "order": pl.UInt64()}, strict=False)
        for i, row in enumerate(rows)
    ]
    return pl.concat(frames)


def work_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows as they go into the files between stages: with prompts, ids and the columns of a pass rate."""
    return PassRates(None).apply(with_ids(with_prompts(rows_frame(*rows))))


def _filled(row: dict[str, Any], i: int) -> dict[str, Any]:
    is_mcq = bool(row.get("options"))
    fixed = {"category": "gpr", "source": "s", "source_revision": "r", "license": "mit", "domain": "general"}
    plain = {"question": f"Question {i}?", "answer": "Yes", "options": [], "answer_aliases": [], "source_id": f"i{i}"}
    kind = {"question_type": "mcq" if is_mcq else "open", "answer_type": "choice" if is_mcq else "text"}
    label = {"answer_label": "A", "answer": row["options"][0]} if is_mcq else {}
    return {**fixed, **plain, **kind, **label, "order": 2 * i, **row}
