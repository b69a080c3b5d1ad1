from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from crossthink_data.contamination import check_dataset, data_files
from crossthink_data.errors import CrossthinkError
from tests.benchmark_items import RAMP
from tests.command import Crossthink
from tests.hub_fixture import Hub
from tests.hub_store import seed
from tests.small import write_lines
from tests.test_benchmarks_in_builds import SECRET, write_benchmarks

KEYS = {"math500", "amc23", "mmlu", "mmlu_pro", "gpqa_diamond", "agieval", "supergpqa"}


@pytest.fixture
def seeded(hub: Hub, tmp_path: Path) -> Hub:
    write_benchmarks(tmp_path / "seed")
    seed(hub.store, tmp_path / "seed")
    return hub


def rows_file(folder: Path, column: str = "question") -> Path:
    return write_lines(folder / "rows.jsonl", [{column: "Clean?"}, {column: f"Now. {RAMP}"}, {column: RAMP.upper()}])


def test_a_local_file(seeded: Hub, tmp_path: Path) -> None:
    report = check_dataset(str(rows_file(tmp_path)), tmp_path / "out")
    assert report.rows == 3
    assert report.hits["math500"] == 2
    assert report.items == {"math500": 1}
    lines = [orjson.loads(line) for line in report.evidence.read_bytes().splitlines()]
    assert [(one["file"], one["row"], one["item"]) for one in lines] == [
        ("rows.jsonl", 1, "test/ramp.json"),
        ("rows.jsonl", 2, "test/ramp.json"),
    ]
    assert json.loads((tmp_path / "out" / "report.json").read_text())["hits"]["math500"] == 2


def test_what_was_not_checked_is_said(seeded: Hub, tmp_path: Path) -> None:
    report = check_dataset(str(rows_file(tmp_path)), tmp_path / "out")
    assert report.hits.keys() == KEYS
    assert report.hits["supergpqa"] is None
    assert report.hits["agieval"] == 0  # of which one set is there
    assert "m-a-p/SuperGPQA" in report.not_checked["supergpqa"]
    assert report.checked == ["math500", "gpqa_diamond", "agieval_lsat_lr"]


def test_of_a_secret_benchmark_the_place_is_not_told(seeded: Hub, tmp_path: Path) -> None:
    report = check_dataset(str(write_lines(tmp_path / "rows.jsonl", [{"question": SECRET}])), tmp_path / "out")
    assert report.hits["gpqa_diamond"] == 1
    (line,) = map(orjson.loads, report.evidence.read_bytes().splitlines())
    assert (line["file"], line["row"], line["matched"]) == (None, None, None)
    assert len(line["item"]) == 24
    assert b"zyzzyvon" not in b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_a_data_set_on_the_hub_with_several_files(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    folder = tmp_path / "more" / "acme" / "mixed"
    write_lines(folder / "train.jsonl", [{"Problem": RAMP}])
    (folder / "data").mkdir()
    pl.DataFrame({"problem": [RAMP, "Clean?"]}).write_parquet(folder / "data" / "test.parquet")
    write_lines(folder / "notes.jsonl", [{"note": RAMP}])
    seed(seeded.store, tmp_path / "more")
    ran = crossthink("contamination", "acme/mixed", "--json", "--quiet", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["rows"], told["hits"]["math500"], told["skipped"]) == (3, 2, ["notes.jsonl"])
    assert len(told["revision"]) == 40
    assert Path(told["evidence"]).is_file()


def test_the_table_and_the_notes(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    ran = crossthink("contamination", rows_file(tmp_path), "--out", tmp_path / "out")
    assert "math500" in ran.out
    assert "not checked" in ran.out
    assert "not checked: amc23:" in ran.err


CHAT = [{"role": "user", "content": RAMP}, {"role": "assistant", "content": "Let me see."}]
FORMS: list[tuple[str, list[dict[str, Any]]]] = [
    ("problem", [{"problem": RAMP}]),
    ("messages", [{"messages": CHAT}]),
    ("prompt as chat", [{"prompt": CHAT[:1]}]),
    ("ShareGPT", [{"conversations": [{"from": "human", "value": RAMP}, {"from": "gpt", "value": "No."}]}]),
    ("capitals", [{"Question": RAMP}]),
    ("a null before", [{"question": None}, {"question": RAMP}]),
]


@pytest.mark.parametrize("rows", [rows for _, rows in FORMS], ids=[name for name, _ in FORMS])
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".json"])
def test_the_usual_forms_of_a_question(seeded: Hub, tmp_path: Path, rows: list[dict[str, Any]], suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".jsonl":
        write_lines(path, rows)
    elif suffix == ".json":
        path.write_bytes(orjson.dumps(rows))
    else:
        pl.DataFrame(rows).write_parquet(path)
    assert check_dataset(str(path), tmp_path / "out").hits["math500"] == 1


def columns_of(path: Path, **given: Any) -> tuple[str, tuple[str, ...]]:
    (file,), _, _ = data_files(str(path), None, given.get("question"), given.get("options", ()), None)
    return file.question, file.options


def test_columns_are_found_or_named(tmp_path: Path) -> None:
    row = {"query": "Q?", "stem": "S?", "choices": ["a"], "opa": "a", "opb": "b", "opc": "c", "opd": "d"}
    path = write_lines(tmp_path / "a.jsonl", [row])
    assert columns_of(path) == ("query", ("choices",))
    assert columns_of(path, question="stem", options=("opa", "opb")) == ("stem", ("opa", "opb"))
    letters = write_lines(tmp_path / "b.jsonl", [{"question": "Q?", "A": "a", "B": "b", "C": "c", "D": "d"}])
    assert columns_of(letters) == ("question", ("A", "B", "C", "D"))


@pytest.mark.parametrize(
    ("rows", "given", "message"),
    [
        ([{"note": "Q?"}], {}, r"no column of text among question, problem.*has note: name one with --question"),
        ([{"question": "Q?"}], {"question": "stem"}, "no column of text among stem"),
        ([{"question": "Q?"}], {"options": ("opa",)}, "has no column 'opa'"),
        ([{"question": 7}], {}, "no column of text"),
    ],
)
def test_a_missing_column_is_asked_for(
    tmp_path: Path, rows: list[dict[str, Any]], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CrossthinkError, match=message):
        columns_of(write_lines(tmp_path / "a.jsonl", rows), **given)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"Q?", "has no file of .parquet"),
        ("a.parquet", b"PAR", "a.parquet is not a whole parquet file"),
        ("a.json", b"[{", "a.json is not JSON"),
        ("a.jsonl", b"{broken\n", "no column of text"),
        ("a.jsonl", b"", "no column of text"),
    ],
)
def test_files_that_are_no_data(seeded: Hub, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CrossthinkError, match=message):
        check_dataset(str(tmp_path / name), tmp_path / "out")


def test_an_unreadable_line_among_others_is_counted(seeded: Hub, tmp_path: Path) -> None:
    path = rows_file(tmp_path)
    path.write_bytes(path.read_bytes() + b"{broken\n")
    report = check_dataset(str(path), tmp_path / "out")
    assert (report.rows, report.unreadable, report.hits["math500"]) == (3, 1, 2)


@pytest.mark.parametrize("name", ["nowhere.jsonl", "acme/nowhere"])
def test_what_is_not_there(seeded: Hub, tmp_path: Path, crossthink: Crossthink, name: str) -> None:
    ran = crossthink("contamination", name, "--out", tmp_path / "out")
    assert ran.code == 2
    assert name in ran.err
