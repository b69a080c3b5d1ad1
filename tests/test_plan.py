"""Side tables that a recipe names, opened before anything is read. (What else a plan is: see test_pipeline.py.)"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.synthesize import SYNTHESIZED
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.plan import Plan, make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.side_table import ROWS_FILE, SYNTHESIZE, SideTable
from tests.side_tables import rates_of, table_of
from tests.small import write_recipe

DOCUMENTS: dict[str, Any] = {"documents": [["a.warc", "12"]]}
PERSONAS: dict[str, Any] = {"personas_and_skills": [["p.txt", "12"], ["s.txt", "34"]]}


def made(out: Path, **settings: Any) -> SideTable:
    return table_of(SYNTHESIZE, [{"id": "a#0", "question": "Why?", "answer": "4"}], SYNTHESIZED, out, **settings)


def plan_with(folder: Path, source: str, table: Path) -> Plan:
    recipe = write_recipe(folder, 4, 2, splits={}, blends={"nd": {"weights": "count"}})
    return make_plan(load_recipe(str(recipe), [f"sources.{source}={{path: {table}, count: 1}}"]))


@pytest.mark.parametrize(("source", "settings"), [("synthetic", DOCUMENTS), ("synthetic_math", PERSONAS)])
def test_a_synthetic_source_is_a_side_table(tmp_path: Path, source: str, settings: dict[str, Any]) -> None:
    table = made(tmp_path, **settings)
    plan = plan_with(tmp_path, source, table.folder)
    assert plan.tables[f"sources.{source}"].manifest == table.manifest
    assert plan.resolved()["tables"] == {f"sources.{source}": table.revision}


@pytest.mark.parametrize(
    ("source", "settings", "said"),
    [
        ("synthetic", PERSONAS, r"was not made of documents: name it as sources\.synthetic_math\.path"),
        ("synthetic_math", DOCUMENTS, r"was not made of personas and skills: name it as sources\.synthetic\.path"),
    ],
)
def test_the_other_kind_of_questions(tmp_path: Path, source: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CrossthinkError, match=rf"^sources\.{source}\.path: .* {said}"):
        plan_with(tmp_path, source, made(tmp_path, **settings).folder)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "is no finished side table"),
        (lambda folder: (folder / ROWS_FILE).write_bytes(b"PAR1"), f"is damaged .{ROWS_FILE}"),
        (lambda folder: (folder / MANIFEST).write_text(json.dumps({"kind": "x"})), "is no side table"),
    ],
)
def test_a_synthetic_table_that_is_not_whole(tmp_path: Path, harm: Callable[[Path], object], said: str) -> None:
    folder = made(tmp_path, **DOCUMENTS).folder
    harm(folder)
    with pytest.raises(CrossthinkError, match=rf"^sources\.synthetic\.path: .*{said}"):
        plan_with(tmp_path, "synthetic", folder)


def test_a_table_of_rates_holds_no_questions(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"holds difficulty: name a folder that `crossthink synthesize`"):
        plan_with(tmp_path, "synthetic", rates_of({"a": 1.0}, tmp_path).folder)
