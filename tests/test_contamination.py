from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossthink_data.contamination import _frames, check_dataset, data_files
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


STRAY: list[tuple[str, bytes]] = [
    ("a list of lists, then of numbers", b'{"question":"a","x":[[]]}\n{"question":"b","x":[1]}'),
    ("a list, then an object", b'{"question":"a","x":[1]}\n{"question":"b","x":{"a":1}}'),
    ("options of no one type", b'{"question":"a","options":["x"]}\n{"question":"b","options":{"a":["y"]}}'),
    ("options in options", b'{"question":"a","options":[["x"]]}'),
    ("options of no name", b'{"question":"a","options":{}}'),
    ("a thousand levels", b'{"question":"a","x":' + b"[" * 1000 + b"1" + b"]" * 1000 + b"}"),
    ("options of a thousand levels", b'{"question":"a","options":' + b"[" * 1000 + b"1" + b"]" * 1000 + b"}"),
]


@pytest.mark.parametrize("lines", [lines for _, lines in STRAY], ids=[name for name, _ in STRAY])
def test_other_columns_may_hold_anything(seeded: Hub, tmp_path: Path, lines: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines + b"\n" + orjson.dumps({"question": RAMP}))
    assert check_dataset(str(path), tmp_path / "out").hits["math500"] == 1
    assert columns_of(path) == ("question", ())


def test_a_column_of_parquet_that_polars_has_no_type_for(seeded: Hub, tmp_path: Path) -> None:
    stamp = datetime(1, 1, 1, tzinfo=UTC)
    rows = {"question": [RAMP], "options": pa.array([stamp], pa.timestamp("us", tz="Mars/Base"))}
    rows["x"] = pa.array([Decimal(1)], pa.decimal256(60, 2))
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    assert check_dataset(str(tmp_path / "rows.parquet"), tmp_path / "out").hits["math500"] == 1


OPTIONS: list[tuple[str, Any, tuple[str, ...], list[str]]] = [
    ("numbers", {"o": [1, 2]}, ("o",), ["1", "2"]),
    ("an object of numbers", {"o": {"A": 1, "B": 2}}, ("o",), ["1", "2"]),
    ("labels that are numbers", {"o": {"text": ["x"], "label": [0]}}, ("o",), ["x"]),
    ("lists in an object", {"o": {"x": ["y"], "z": "w"}}, ("o",), ["y", "w"]),
    ("columns of anything", {"A": 1, "B": ["y"], "C": None}, ("A", "B", "C"), ["1", '["y"]']),
]


@pytest.mark.parametrize(("row", "given", "texts"), [case[1:] for case in OPTIONS], ids=[case[0] for case in OPTIONS])
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_options_are_texts(
    tmp_path: Path, row: dict[str, Any], given: tuple[str, ...], texts: list[str], suffix: str
) -> None:
    path = tmp_path / f"rows{suffix}"
    row = {"question": "Q?", **row}
    if suffix == ".jsonl":
        write_lines(path, [row])
    else:
        pl.DataFrame([row]).write_parquet(path)
    (file,), _, _ = data_files(str(path), None, None, given, None)
    ((_, frame, _),) = _frames(file)
    assert frame["options"].to_list() == [texts]


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
        (
            [{"question": "Q?", "options": "A. x B. y"}],
            {"options": ("options",)},
            r"a.jsonl: column 'options' is of String, not a list of texts: .*--options A,B,C",
        ),
        ([{"question": "Q?", "o": [["x"]]}], {"options": ("o",)}, r"column 'o' is of List\(List\(String\)\)"),
        ([{"question": "Q?", "o": {"A": [["x"]]}}], {"options": ("o",)}, "column 'o' is of Struct"),
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
        ("a.csv", b"", "no column of text among question.*a.csv has no columns"),
        ("a.csv", b"\x1f\x8b no gzip", "a.csv is not whole CSV"),
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
