"""Two runs side by side: what came, what went and what changed, by source and column."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.diff import compare, diff_tables
from crossthink_data.errors import CrossthinkError
from crossthink_data.pipeline import build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from tests.small import code_rows, sum_rows, write_lines, write_recipe

ONE_BLEND: dict[str, Any] = {"splits": {}, "size": 12, "blends": {"nd": {"weights": {"codes": 0.5, "sums": 0.5}}}}


def run_of(folder: Path, codes: list[dict[str, Any]], sums: list[dict[str, Any]], **changes: Any) -> Path:
    recipe = write_recipe(folder, **(ONE_BLEND | changes))
    write_lines(folder / "codes.jsonl", codes)
    write_lines(folder / "sums.jsonl", sums)
    return build(make_plan(load_recipe(str(recipe))), folder / "runs", workers=1, tasks=1).folder


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("before"), code_rows(6), sum_rows(6))


def test_nothing_changed(before: Path) -> None:
    found = compare(before, before)
    assert found == {
        "added": {},
        "removed": {},
        "changed": {},
        "blends": {"nd": {"added": 0, "removed": 0, "same": 12}},
    }
    assert [table.rows for table in diff_tables(found)] == [[], [["nd", 0, 0, 12]]]


def test_rows_come_and_go(before: Path, tmp_path: Path) -> None:
    after = run_of(tmp_path, code_rows(9)[1:], sum_rows(5))
    found = compare(before, after)
    assert (found["added"], found["removed"]) == ({"codes": 3}, {"codes": 1, "sums": 1})
    back = compare(after, before)
    assert (back["added"], back["removed"]) == ({"codes": 1, "sums": 1}, {"codes": 3})


def test_changed_columns(before: Path, tmp_path: Path) -> None:
    """The same question with another right option; a file's rows moved (their id in the source is their place)."""
    codes = [row | ({"right": 3} if i < 2 else {}) for i, row in enumerate(code_rows(6))]
    after = run_of(tmp_path, codes, sum_rows(6)[::-1])
    found = compare(before, after)
    assert (found["added"], found["removed"]) == ({}, {})
    assert found["changed"] == {
        "answer": {"codes": 2},
        "answer_label": {"codes": 2},
        "source_id": {"sums": 6},
        "group_key": {"sums": 6},
        "source_revision": {"codes": 6, "sums": 6},  # of local files, a hash of their content
    }
    assert ["changed answer", "codes", 2] in diff_tables(found)[0].rows


def test_null_and_value_differ_but_nulls_are_the_same(before: Path, tmp_path: Path) -> None:
    columns = {"question": "ask", "options": "choices", "answer_index": "right", "source_id": "n", "rationale": "why"}
    codes = {"columns": columns, "files": ["codes.jsonl"], "license": "mit", "domain": "law", "count": 3}
    sums = {"columns": {"question": "problem", "answer": "result"}, "files": ["sums.jsonl"], "count": 1}
    rows = [row | {"why": "Because." if i == 0 else None} for i, row in enumerate(code_rows(6))]
    after = run_of(tmp_path, rows, sum_rows(6), sources={"codes": codes, "sums": sums})
    changed = compare(before, after)["changed"]
    assert changed["rationale"] == {"codes": 1}
    assert changed["license"] == {"sums": 6}  # cc-by-4.0 before, unknown now
    assert "passage" not in changed


def test_blends_by_rows_and_their_repeats(before: Path, tmp_path: Path) -> None:
    """Six rows of each source: size 12 takes each once, size 20 ten of each, so four of each again."""
    larger = run_of(tmp_path / "larger", code_rows(6), sum_rows(6), size=20)
    assert compare(before, larger)["blends"] == {"nd": {"added": 8, "removed": 0, "same": 12}}
    assert compare(larger, before)["blends"] == {"nd": {"added": 0, "removed": 8, "same": 12}}


def test_a_blend_that_only_one_has(before: Path, tmp_path: Path) -> None:
    other = run_of(tmp_path, code_rows(6), sum_rows(6), blends={"only_codes": {"weights": {"codes": 1}}}, size=6)
    assert compare(before, other)["blends"] == {
        "nd": {"added": 0, "removed": 12, "same": 0},
        "only_codes": {"added": 6, "removed": 0, "same": 0},
    }


def test_all_splits_of_the_pool_count(before: Path, tmp_path: Path) -> None:
    """A row that moves to another split is still in the pool."""
    split = run_of(tmp_path, code_rows(6), sum_rows(6), splits={"test": 0.4})
    found = compare(before, split)
    assert (found["added"], found["removed"], found["changed"]) == ({}, {}, {})


@pytest.mark.parametrize("config", ["pool", "nd"])
def test_files_of_other_columns(before: Path, tmp_path: Path, config: str) -> None:
    run = shutil.copytree(before, tmp_path / "run")
    path = run / "data" / config / "train-00000-of-00001.parquet"
    pl.DataFrame({"id": [1]}).write_parquet(path)
    for pair in ((before, run), (run, before)):
        with pytest.raises(CrossthinkError, match=f"^{path} is damaged: "):
            compare(*pair)
