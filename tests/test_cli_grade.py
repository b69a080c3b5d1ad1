"""`crossthink grade`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.command import Crossthink, crossthink_process

BOXED = "<think>so</think> \\boxed{%s}"
ROWS: list[dict[str, Any]] = [
    {"id": "a", "completion": BOXED % "42", "answer": "42"},
    {"id": "b", "completion": BOXED % "[/b] [0,1]", "answer": "42"},
    {"id": "c", "completion": "\\boxed{B}", "answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "B"},
    {"id": "d", "completion": None, "answer": "42"},
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return path


def test_one_object(crossthink: Crossthink, rows: Path) -> None:
    ran = crossthink("grade", rows, "--json", "--workers", 1, "--deadline", 7)
    found = ran.json()
    counts = {"rows": 4, "correct": 2, "wrong": 2, "ungradable": 0, "no_answer": 1, "format_ok": 2}
    rates = {"accuracy": 0.5, "no_answer_rate": 0.25, "ungradable_rate": 0.0, "format_rate": 0.5}
    how = {"policy": "equivalent", "flexible": False, "think_open": False, "workers": 1, "deadline_s": 7.0}
    assert {key: found[key] for key in counts | rates | how} == counts | rates | how
    assert found["accuracy_low"] == pytest.approx(0.15, abs=1e-3)
    assert found["accuracy_high"] == pytest.approx(0.85, abs=1e-3)
    assert found["items_per_second"] == pytest.approx(4 / found["seconds"])
    assert ran.err == ""


def test_a_table(crossthink: Crossthink, rows: Path) -> None:
    ran = crossthink("grade", rows)
    assert (ran.code, ran.err) == (0, "")
    for part in ("rows.jsonl", "accuracy", "50.00 %", "2 of 4", "15.00 % to 85.00 %", "no answer", "items/s"):
        assert part in ran.out, part
    assert "extracted" not in ran.out


def test_explain_shows_each_row(crossthink: Crossthink, rows: Path) -> None:
    """One line a row; a model's brackets are no markup."""
    lines = crossthink("grade", rows, "--explain").out.splitlines()
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    shown = {line[0]: line[1:] for line in cells if line and line[0] in tuple("1234")}
    assert [shown[row][0] for row in "1234"] == ["correct", "wrong", "correct", "wrong"]
    assert [shown[row][3:] for row in "1234"] == [["42", "42"], ["[/b] [0,1]", "42"], ["B", "Oslo"], ["", "42"]]
    assert any("rows 1 to 4" in line for line in lines)


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_out(crossthink: Crossthink, rows: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "new" / name
    assert crossthink("grade", rows, "--out", out).code == 0
    graded = pl.read_parquet(out) if name.endswith("parquet") else pl.read_ndjson(out)
    assert graded["id"].to_list() == list("abcd")
    assert graded["verdict"].to_list() == ["correct", "wrong", "correct", "wrong"]
    assert graded["extracted"].to_list() == ["42", "[/b] [0,1]", "B", None]


def test_parquet_is_graded_alike(crossthink: Crossthink, rows: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame(ROWS, infer_schema_length=None).write_parquet(path)
    mine, other = (crossthink("grade", one, "--json").json() for one in (rows, path))
    for found in (mine, other):
        del found["seconds"], found["items_per_second"]
    assert mine == other


def test_options(crossthink: Crossthink, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {
        "completion": "so</think> The answer is (B).",
        "answer": "Oslo",
        "options": ["Rome", "Oslo"],
        "answer_label": "B",
    }
    path.write_text(json.dumps(row))
    assert crossthink("grade", path, "--json").json()["correct"] == 0
    assert crossthink("grade", path, "--json", "--flexible", "--think-open").json()["correct"] == 1
    strict = crossthink("grade", path, "--json", "--flexible", "--policy", "text").json()
    assert (strict["correct"], strict["policy"]) == (0, "text")


# ---- refusals: one message, exit code 2


def test_refusals(crossthink: Crossthink, rows: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("completion,answer\n")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"completion": "a", "answer": "1"}\n{"completion": "a", "answ\n')
    cases: list[tuple[list[object], str]] = [
        ([tmp_path / "gone.jsonl"], "gone.jsonl: check the path"),
        ([tmp_path / "rows.csv"], "rows.csv is none of .jsonl, .ndjson, .json, .parquet, nor JSON lines with .gz"),
        ([bad], "bad.jsonl, line 2 is not JSON ("),
        ([rows, "--out", tmp_path / "out.txt"], "out.txt is none of .jsonl, "),
        ([rows, "--out", rows], "rows.jsonl is the file that is read: name another one"),
        ([rows, "--policy", "strikt"], "unknown policy 'strikt': did you mean 'strict'?"),
        ([rows, "--explain", "--json"], "--explain shows a table and --json one object: leave one out"),
    ]
    before = sorted(tmp_path.iterdir())
    for arguments, message in cases:
        assert message in crossthink("grade", *arguments).refusal()
    assert sorted(tmp_path.iterdir()) == before


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['crossthink', 'grade', '--help']\n"
        "from crossthink_data.cli import main\n"
        "try: main()\n"
        "except SystemExit: print([m for m in ('polars', 'pyarrow', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_in_a_process_of_its_own(rows: Path) -> None:
    ran = crossthink_process("grade", rows, "--json", "--workers", 2)
    assert ran.json()["correct"] == 2
    assert ran.err == ""
