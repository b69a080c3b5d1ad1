"""Grading a file: what is counted, what is shown, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crossthink_data import grading
from crossthink_data.errors import CrossthinkError
from crossthink_data.grading import (
    Settings,
    Summary,
    explain_table,
    grade_file,
    known_policy,
    summarise,
    summary_json,
    summary_table,
    wilson,
)
from crossthink_data.row_files import Batch
from crossthink_data.verify.grader import Grader
from crossthink_data.verify.verdict import Extraction, Grade, Verdict

BOXED = "<think>so</think> \\boxed{%s}"
ROWS: list[dict[str, Any]] = [
    {"completion": BOXED % "42", "answer": "42", "answer_type": "number"},
    {"completion": BOXED % "41", "answer": "42"},
    {"completion": "\\boxed{B}", "answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "B"},
    {"completion": BOXED % "NYC", "answer": "New York", "answer_type": "text", "answer_aliases": ["NYC"]},
    {"completion": None, "answer": "42"},
    {"completion": [{"role": "assistant", "content": BOXED % "7"}], "answer": "7", "answer_type": None},
    {"completion": "The answer is (B).", "answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "B"},
]
VERDICTS = ["correct", "wrong", "correct", "correct", "wrong", "correct", "wrong"]


def write_rows(folder: Path, rows: list[Any] = ROWS, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_counts_and_verdicts(tmp_path: Path) -> None:
    summary = grade_file(write_rows(tmp_path), Settings(), tmp_path / "out.jsonl")
    found = (summary.rows, summary.correct, summary.wrong, summary.ungradable, summary.no_answer, summary.format_ok)
    assert found == (7, 4, 3, 0, 2, 4)
    graded = read_rows(tmp_path / "out.jsonl")
    assert [row["verdict"] for row in graded] == VERDICTS
    assert [row["extracted"] for row in graded] == ["42", "41", "B", "NYC", None, "7", None]
    assert [{key: row[key] for key in was} for row, was in zip(graded, ROWS, strict=True)] == ROWS
    assert all(row["reason"] and row["decided_by"] for row in graded)


def test_flexible_reads_a_statement(tmp_path: Path) -> None:
    path = write_rows(tmp_path, ROWS[-1:])
    assert grade_file(path, Settings()).correct == 0
    assert grade_file(path, Settings(flexible=True)).correct == 1


def test_prompts_that_end_inside_think(tmp_path: Path) -> None:
    path = write_rows(tmp_path, [{"completion": "so</think> \\boxed{1}", "answer": "1"}])
    assert grade_file(path, Settings()).format_ok == 0
    assert grade_file(path, Settings(think_open=True)).format_ok == 1


def test_policy(tmp_path: Path) -> None:
    path = write_rows(tmp_path, [{"completion": "\\boxed{1/2}", "answer": "0.5", "answer_type": "number"}])
    assert grade_file(path, Settings()).correct == 1
    assert grade_file(path, Settings(policy="strict")).correct == 0


def test_memory_holds_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossthink_data.row_files.BATCH_ROWS", 3)
    sizes: list[tuple[int, int]] = []
    summary = grade_file(
        write_rows(tmp_path),
        Settings(),
        tmp_path / "out.jsonl",
        lambda batch, grades: sizes.append((len(batch.rows), len(grades))),
    )
    assert sizes == [(3, 3), (3, 3), (1, 1)]
    assert (summary.rows, summary.correct) == (7, 4)
    assert [row["verdict"] for row in read_rows(tmp_path / "out.jsonl")] == VERDICTS


def test_settings_reach_the_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Recorded(Grader):
        def __init__(self, workers: int, deadline_s: float) -> None:
            asked.append((workers, deadline_s))
            super().__init__(workers, deadline_s)

    monkeypatch.setattr(grading, "Grader", Recorded)
    grade_file(write_rows(tmp_path), Settings(workers=1, deadline_s=9.0))
    assert asked == [(1, 9.0)]


# ---- the figures


def test_ungradable_rows_stand_apart() -> None:
    summary = summarise(Counter(rows=10, correct=6, wrong=2, ungradable=2, no_answer=1, format_ok=5), 4.0)
    assert summary.accuracy == 0.75
    assert (summary.ungradable_rate, summary.no_answer_rate, summary.format_rate) == (0.2, 0.1, 0.5)
    assert summary.items_per_second == 2.5
    assert (summary.accuracy_low, summary.accuracy_high) == wilson(6, 8)


def test_accuracy_of_nothing_is_none() -> None:
    summary = summarise(Counter(rows=2, ungradable=2), 1.0)
    assert (summary.accuracy, summary.accuracy_low, summary.accuracy_high) == (None, None, None)
    assert [row[1] for row in summary_table(Path("x"), summary).rows[:2]] == ["-", "- to -"]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (1, 1, 0.2065, 1.0),
        (640_900, 1_000_000, 0.6400, 0.6418),
    ],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    """Against values of the closed form worked out apart."""
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


# ---- what is shown

BATCH = Batch([{"answer": "x" * 50}, {"answer": 0}, {"answer": None}], [4, 5, 7])
VERDICT = Verdict("wrong", "other", "text")


def explain(answers: list[str | None]) -> list[list[Any]]:
    grades = [Grade(VERDICT, Extraction(answer, None, True)) for answer in answers]
    table = explain_table(BATCH, grades)
    assert table.title == "rows 4 to 7"
    assert table.columns == ["row", "verdict", "reason", "decided_by", "extracted", "gold"]
    return table.rows


def test_one_line_a_row() -> None:
    first, second, third = explain(["a\nb\x1b[2J\ud800", None, "y" * 40])
    assert first == [4, "wrong", "other", "text", "a b [2J ", "x" * 39 + "…"]
    assert second[-2:] == ["", "0"]
    assert third[-2:] == ["y" * 40, ""]


SUMMARY = Summary(8, 5, 2, 1, 1, 6, 5 / 7, 0.3589, 0.9178, 0.125, 0.125, 0.75, 2.0, 4.0)


def test_summary_as_a_table() -> None:
    assert summary_table(Path("a/b.jsonl"), SUMMARY).rows == [
        ["accuracy", "71.43 %", "5 of 7"],
        ["95 % interval", "35.89 % to 91.78 %", ""],
        ["no answer", "12.50 %", "1 of 8"],
        ["ungradable", "12.50 %", "1 of 8"],
        ["format held", "75.00 %", "6 of 8"],
        ["items/s", "4", "8 in 2.0 s"],
    ]


def test_summary_as_json_says_how_it_came_about() -> None:
    found = summary_json(SUMMARY, Settings(policy="strict", deadline_s=2.0))
    assert (found["accuracy"], found["policy"], found["deadline_s"]) == (5 / 7, "strict", 2.0)
    assert json.loads(json.dumps(found)) == found


# ---- what is refused


def refused(path: Path, out: Path | None = None) -> str:
    with pytest.raises(CrossthinkError) as error:
        grade_file(path, Settings(), out)
    return str(error.value)


def test_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.jsonl") == f"no file {tmp_path}/gone.jsonl: check the path"
    (tmp_path / "folder.jsonl").mkdir()
    assert refused(tmp_path / "folder.jsonl").startswith("no file ")


def test_other_formats(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    assert refused(tmp_path / "rows.csv").startswith(f"{tmp_path}/rows.csv is none of .jsonl, ")
    assert refused(write_rows(tmp_path), tmp_path / "out.txt").startswith(f"{tmp_path}/out.txt is none of .jsonl, ")


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
@pytest.mark.parametrize("text", ["", "\n \n"], ids=["empty", "blank"])
def test_no_rows(tmp_path: Path, text: str, name: str) -> None:
    path, out = tmp_path / "rows.jsonl", tmp_path / name
    path.write_text(text)
    out.write_text("older")
    assert refused(path, out) == f"{path} has no rows: give a file with a completion and its gold in each row"
    assert out.read_text() == "older"


def test_a_type_that_is_unknown(tmp_path: Path) -> None:
    path = write_rows(tmp_path, [*ROWS, {"completion": "x", "answer": "1", "answer_type": "numbr"}])
    message = refused(path)
    assert message.startswith(f"{path}, row 8: ")
    assert "'numbr'" in message
    assert "number" in message.replace("numbr", "")


def test_out_is_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path)
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    message = "--out rows.jsonl is the file that is read: name another one"
    assert refused(path, Path("rows.jsonl")) == message
    Path("link.jsonl").symlink_to(path)
    assert "is the file that is read" in refused(path, Path("link.jsonl"))
    assert path.read_bytes() == before


def test_a_late_error_leaves_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossthink_data.row_files.BATCH_ROWS", 3)
    path = write_rows(tmp_path, [*ROWS, 7])
    assert "line 8" in refused(path, tmp_path / "out" / "graded.jsonl")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["equivalent", "strict", "label", "text", "label+text", "any"])
def test_policies(name: str) -> None:
    assert known_policy(name) == name


def test_a_policy_that_is_unknown() -> None:
    with pytest.raises(CrossthinkError, match=r"^unknown policy 'strikt': did you mean 'strict'\?$"):
        known_policy("strikt")
