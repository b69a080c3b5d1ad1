"""Tables of `crossthink synthesize` as sources of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.synthesize import SYNTHESIZED
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.side_table import SYNTHESIZE
from crossthink_data.sources import SOURCES
from crossthink_data.sources.raw import plan_units
from tests.side_tables import table_of
from tests.support import assert_labelled, map_file

KEPT = {
    "id": "d#0",
    "license": "cc-by-4.0",
    "domain": "stem",
    "question": " What raises the tides? ",
    "options": ["The sun", " The moon ", "The wind", "Rivers"],
    "answer": " The moon ",
    "answer_label": "B",
    "rationale": "Its pull differs.",
}
LOST = {"id": "d#1", "license": "mit", "reason": "topic_malformed_json"}
MATH = {"id": "p-s", "domain": "math", "question": "Half of 3?", "options": [], "answer": "3/2"}


def _table(folder: Path, *rows: dict[str, Any]) -> Path:
    full = [{**dict.fromkeys(SYNTHESIZED), **row} for row in rows]
    pl.DataFrame(full, schema=SYNTHESIZED).write_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


def test_questions(tmp_path: Path) -> None:
    rows = map_file(SOURCES["synthetic"], _table(tmp_path, KEPT, LOST))
    assert rows.row(0, named=True) == {
        "question": "What raises the tides?",
        "answer": "The moon",
        "rationale": "Its pull differs.",
        "license": "cc-by-4.0",
        "domain": "stem",
        "source_id": "d#0",
        "reason": None,
        "options": ["The sun", "The moon", "The wind", "Rivers"],
        "answer_label": "B",
        "answer_type": "choice",
    }
    assert_labelled(rows.head(1))
    assert rows.row(1, named=True)["reason"] == "topic_malformed_json"


def test_problems(tmp_path: Path) -> None:
    words = {**MATH, "id": "p-t", "answer": "x = 2", "license": "cc0-1.0"}
    rows = map_file(SOURCES["synthetic_math"], _table(tmp_path, MATH, words, LOST))
    assert rows["answer_type"].to_list() == ["number", "math", None]
    assert rows["license"].to_list() == [None, "cc0-1.0", "mit"]
    assert rows["reason"].to_list() == [None, None, "topic_malformed_json"]


def test_a_table_of_another_kind_names_what_is_missing(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["x"], "pass_rate": [0.5]}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(CrossthinkError, match=r"'synthetic'.* has no column 'question'"):
        plan_units(SOURCES["synthetic"], tmp_path / "rows.parquet", "rows.parquet", 0)


def _recipe(folder: Path, path: Path | None) -> Path:
    where = f"\n    path: {path}" if path else " {}"
    file = folder / "mine.yaml"
    file.write_text(f"name: mine\nsources:\n  synthetic:{where}\nblends:\n  all: {{shares: {{gpr: 1}}}}\n")
    return file


def test_a_recipe_names_the_folder(tmp_path: Path) -> None:
    table = table_of(SYNTHESIZE, [KEPT, LOST], SYNTHESIZED, tmp_path, documents=[])
    plan = make_plan(load_recipe(str(_recipe(tmp_path, table.folder))))
    assert plan.rows == 2


def test_a_recipe_without_the_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"give sources\.synthetic\.path: the folder of a table"):
        make_plan(load_recipe(str(_recipe(tmp_path, None))))
