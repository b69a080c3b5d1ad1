"""Files of rows: what is read, that all columns come back, and which files are refused."""

from __future__ import annotations

import datetime
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossthink_data import bounded_parquet, row_files
from crossthink_data.errors import CrossthinkError
from crossthink_data.row_files import check_suffix, read_batches, row_writer

NEEDED, OPTIONAL, ADDED = ("completion", "answer"), ("options",), ("verdict", "extracted")
LINES = [
    '{"completion": "a", "answer": "1", "id": 7}',
    "",
    '{"answer": "2", "completion": null, "note": {"deep": [1, 2.5]}, "verdict": "older"}',
    '{"completion": [{"role": "assistant", "content": "\\ud800 \\u00e9 \\u0000"}], "answer": 3}',
]
NEW: list[dict[str, Any]] = [{"verdict": "correct", "extracted": "a"}, {"verdict": "wrong", "extracted": None}]


def write_lines(path: Path, lines: list[str] = LINES) -> Path:
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def write_table(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [row for batch in read_batches(path, NEEDED, OPTIONAL) for row in batch.rows]


def rewrite(path: Path, out: Path) -> Path:
    """Every row of `path` with the same added values, as the command would write them."""
    with row_writer(path, out, ADDED) as write:
        for batch in read_batches(path, NEEDED, OPTIONAL):
            write(batch, [NEW[0]] * len(batch.rows))
    assert not list(out.parent.glob("*.tmp"))
    return out


# ---- reading


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json", "x.jsonl.gz", "x.y.json.gz"])
def test_json_lines(tmp_path: Path, name: str) -> None:
    (batch,) = read_batches(write_lines(tmp_path / name), NEEDED, OPTIONAL)
    assert batch.numbers == [1, 3, 4]
    assert batch.rows == [json.loads(line) for line in LINES if line]
    assert batch.table is None


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + LINES[0].encode())
    assert rows_of(path) == [json.loads(LINES[0])]


def test_parquet_gives_the_columns_asked_for(tmp_path: Path) -> None:
    chat = [{"role": "assistant", "content": "a"}]
    path = write_table(tmp_path / "x.parquet", {"id": [1, 2], "answer": ["1", "2"], "completion": [chat, None]})
    (batch,) = read_batches(path, NEEDED, OPTIONAL)
    assert batch.rows == [{"completion": chat, "answer": "1"}, {"completion": None, "answer": "2"}]
    assert list(batch.numbers) == [1, 2]
    assert batch.table is not None
    assert batch.table.column_names == ["id", "answer", "completion"]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(row_files, "BATCH_ROWS", 4)
    answers = [str(i) for i in range(10)]
    path = tmp_path / f"x.{suffix}"
    if suffix == "parquet":
        write_table(path, {"completion": answers, "answer": answers})
    else:
        write_lines(path, [json.dumps({"completion": one, "answer": one}) for one in answers])
    batches = list(read_batches(path, NEEDED, OPTIONAL))
    assert [list(batch.numbers) for batch in batches] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert [row["answer"] for batch in batches for row in batch.rows] == answers


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_batch_ends_sooner_where_its_rows_are_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(row_files, "BATCH_BYTES", 100)
    long = json.dumps({"completion": "a" * 60, "answer": "1"})
    batches = read_batches(write_lines(tmp_path / name, [long] * 5), NEEDED, OPTIONAL)
    assert [list(batch.numbers) for batch in batches] == [[1, 2], [3, 4], [5]]


# ---- writing


@pytest.mark.parametrize("name", ["out.jsonl", "out.json", "out.jsonl.gz"])
def test_lines_keep_their_columns(tmp_path: Path, name: str) -> None:
    out = rewrite(write_lines(tmp_path / "x.jsonl"), tmp_path / "new" / name)
    assert rows_of(out) == [json.loads(line) | NEW[0] for line in LINES if line]


def test_lines_are_readable(tmp_path: Path) -> None:
    out = rewrite(write_lines(tmp_path / "x.jsonl", ['{"completion": "é", "answer": "1"}']), tmp_path / "out.jsonl")
    assert "é" in out.read_text()


def test_parquet_keeps_its_columns_and_types(tmp_path: Path) -> None:
    columns = {
        "completion": pa.array(["a", None]),
        "day": pa.array([datetime.date(2026, 1, 2)] * 2),
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "score": pa.array([1.5, None], pa.float32()),
        "answer": pa.array(["1", "2"], pa.large_string()),
        "verdict": pa.array([1, 2]),
    }
    path = write_table(tmp_path / "x.parquet", columns)
    found = pq.read_table(rewrite(path, tmp_path / "out.parquet"))
    was = pq.read_table(path)
    assert found.select(was.column_names[:-1]).equals(was.select(was.column_names[:-1]))
    assert found.column_names == [*was.column_names[:-1], *ADDED]
    assert found.select(ADDED).to_pylist() == [NEW[0]] * 2


def test_parquet_to_lines(tmp_path: Path) -> None:
    columns = {"completion": ["a"], "answer": ["1"], "day": [datetime.date(2026, 1, 2)], "tags": [["x"]]}
    out = rewrite(write_table(tmp_path / "x.parquet", columns), tmp_path / "out.jsonl")
    assert rows_of(out) == [{"completion": "a", "answer": "1", "day": "2026-01-02", "tags": ["x"], **NEW[0]}]


def test_lines_to_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column may begin late, be null at first, and turn from whole numbers to others."""
    monkeypatch.setattr(row_files, "BATCH_ROWS", 1)
    rows: list[dict[str, Any]] = [
        {"completion": "a", "answer": "1", "label": None, "n": 1, "about": {"a": 1}},
        {"completion": None, "answer": "2", "label": "B", "n": 1.5, "about": {"b": "x"}, "late": ["x"]},
    ]
    path = write_lines(tmp_path / "x.jsonl", [json.dumps(row) for row in rows])
    found = pq.read_table(rewrite(path, tmp_path / "out.parquet")).to_pylist()
    assert found == [
        rows[0] | {"about": {"a": 1, "b": None}, "late": None} | NEW[0],
        rows[1] | {"about": {"a": None, "b": "x"}} | NEW[0],
    ]


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl")
    with row_writer(path, None, ADDED) as write:
        write(next(read_batches(path, NEEDED, OPTIONAL)), NEW)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_an_error_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path, out = write_lines(tmp_path / "x.jsonl", LINES[:1]), tmp_path / name
    out.write_text("older")
    with pytest.raises(KeyError), row_writer(path, out, ADDED) as write:
        write(next(read_batches(path, NEEDED, OPTIONAL)), [NEW[0]])
        raise KeyError
    assert out.read_text() == "older"
    assert sorted(tmp_path.iterdir()) == sorted([path, out])


def test_the_metadata_of_other_columns_goes(tmp_path: Path) -> None:
    """What another library noted of the columns no longer fits them."""
    table = pa.table({"completion": ["a"], "answer": ["1"]}).replace_schema_metadata({"huggingface": "{}"})
    pq.write_table(table, tmp_path / "x.parquet")
    assert not pq.read_schema(rewrite(tmp_path / "x.parquet", tmp_path / "out.parquet")).metadata


# ---- what is refused


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.ndjson.gz", "a.b/x.y.jsonl.gz", "x.parquet"])
def test_known_formats(name: str) -> None:
    check_suffix(Path(name))


@pytest.mark.parametrize("name", ["x.csv", "x", "x.parquet.gz", "x.gz", "x.jsonl.zst"])
def test_other_formats(name: str) -> None:
    with pytest.raises(
        CrossthinkError, match=rf"^{name} is none of \.jsonl, \.ndjson, \.json, \.parquet, nor JSON lin"
    ):
        check_suffix(Path(name))


def said(path: Path) -> str:
    with pytest.raises(CrossthinkError) as error:
        rows_of(path)
    return str(error.value).replace(f"{path}", "FILE")


BAD_LINES: list[tuple[str, str, str]] = [
    ("no JSON", "{oops", "FILE, line 2 is not JSON (Expecting property name"),
    ("not UTF-8", "\udcff", "FILE, line 2 is not JSON ('utf-8' codec"),
    ("nested without end", "[" * 100_000, "FILE, line 2 is not JSON (maximum recursion depth"),
    ("a list", "[1]", "FILE, line 2 is a list, not an object: write one object a line"),
    ("no completion", '{"answer": "1", "id": 2}', "FILE, line 2 has no column 'completion' (it has answer, id): "
     "name the columns completion, answer"),
    ("no column at all", "{}", "FILE, line 2 has no column 'completion' and no 'answer' (it has none): name"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), [pytest.param(*case, id=name) for name, *case in BAD_LINES])
def test_bad_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(f"{LINES[0]}\n{line}\n".encode(errors="surrogateescape"))
    assert said(path).startswith(message)


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_line_is_read_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = write_lines(tmp_path / name, LINES[:1] * 2)
    monkeypatch.setattr(row_files, "MAX_LINE", len(LINES[0]) + 1)  # with its end
    assert len(rows_of(path)) == 2
    monkeypatch.setattr(row_files, "MAX_LINE", len(LINES[0]) - 1)
    assert said(path) == f"FILE has a line of more than {len(LINES[0]) - 1} bytes: cut it into smaller ones"


LONG_LINE = """
import resource, sys
from pathlib import Path
from crossthink_data.errors import CrossthinkError
from crossthink_data.row_files import read_batches
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
try:
    list(read_batches(Path(sys.argv[1]), ["answer"], []))
except CrossthinkError as error:
    print(error)
"""


def test_a_line_of_two_gigabytes_in_three(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    member = gzip.compress(b" " * (128 << 20), 1)  # a gzip file may have many
    path.write_bytes(member * 16)
    done = subprocess.run(
        [sys.executable, "-c", LONG_LINE, path], capture_output=True, text=True, timeout=100, check=False
    )
    assert "has a line of more than 268,435,456 bytes" in done.stdout, done.stderr


def test_parquet_values_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_parquet, "MAX_PAGE", 1_000)
    path = write_table(tmp_path / "x.parquet", {"completion": ["a" * 2_000], "answer": ["1"]})
    assert said(path).startswith("FILE, row group 0 holds more than 1,000 bytes in a page of column 'completion'")


def test_parquet_without_a_column(tmp_path: Path) -> None:
    path = write_table(tmp_path / "x.parquet", {"id": [1], "answer": ["1"]})
    assert said(path) == "FILE has no column 'completion' (it has id, answer): name the columns completion, answer"


def test_parquet_with_two_columns_of_one_name(tmp_path: Path) -> None:
    texts = pa.array(["x"])
    table = pa.Table.from_arrays([texts] * 3, names=["completion", "completion", "answer"])
    pq.write_table(table, path := tmp_path / "x.parquet")
    assert said(path) == "FILE has two columns of one name (of completion, completion, answer): rename one"


@pytest.mark.parametrize("name", ["x.parquet", "x.jsonl.gz"])
def test_files_that_are_not_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    texts = [str(i) for i in range(1_000)]
    if name == "x.parquet":
        write_table(path, {"completion": texts, "answer": texts})
    else:
        write_lines(path, [json.dumps({"completion": one, "answer": one}) for one in texts])
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"not packed\n", whole[:99] + bytes(50) + whole[149:]):
        path.write_bytes(content)
        assert said(path).startswith("FILE is no whole ")


MIXED: list[tuple[str, list[dict[str, Any]]]] = [
    ("a text and a number", [{"x": "1"}, {"x": 2}]),
    ("a text and a list", [{"x": "1"}, {"x": ["2"]}]),
    ("a lone surrogate", [{"x": "\ud800"}]),
    ("a number past 64 bits", [{"x": 2**70}]),
]


@pytest.mark.parametrize("batch_rows", [1, 10], ids=["across batches", "in a batch"])
@pytest.mark.parametrize("rows", [pytest.param(rows, id=name) for name, rows in MIXED])
def test_rows_that_fit_no_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], batch_rows: int
) -> None:
    monkeypatch.setattr(row_files, "BATCH_ROWS", batch_rows)
    path = write_lines(tmp_path / "x.jsonl", [json.dumps({"completion": "a", "answer": "1"} | row) for row in rows])
    with pytest.raises(CrossthinkError, match=r"x\.jsonl fit no parquet file .*: write JSON lines \(--out NAME\.jsonl"):
        rewrite(path, tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("out", ["out.parquet", "out.jsonl"])
def test_a_damaged_file_is_no_whole_one_when_it_is_written_again_either(tmp_path: Path, out: str) -> None:
    path = write_table(tmp_path / "x.parquet", {"completion": ["a"], "answer": ["1"]})
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    with pytest.raises(CrossthinkError, match=r"x\.parquet is no whole parquet file"):
        rewrite(path, tmp_path / out)
    assert list(tmp_path.iterdir()) == [path]


def test_a_column_name_that_is_no_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"completion": ["a"], "answer": ["1"]}), path := tmp_path / "x.parquet", store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"completion", b"complet\xf8on"))
    assert said(path).startswith("FILE is no whole parquet file ('utf-8' codec")


UNREAD: list[tuple[str, Any]] = [
    ("an unknown time zone", pa.array([0], pa.timestamp("us", tz="Mars/Base"))),
    ("the year 294247", pa.array([2**63 - 1], pa.timestamp("us"))),
    ("a text that is no UTF-8", pa.array([b"\xff"]).view(pa.string())),
]


@pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in UNREAD])
def test_a_value_of_parquet_that_python_has_not(tmp_path: Path, values: Any) -> None:
    texts = pa.array(["a"])
    path = write_table(tmp_path / "x.parquet", {"completion": texts, "answer": values})
    assert said(path).startswith("FILE holds a value that cannot be read (")
    other = write_table(tmp_path / "y.parquet", {"completion": texts, "answer": texts, "more": values})
    assert rows_of(other) == [{"completion": "a", "answer": "a"}]
    with pytest.raises(CrossthinkError, match=r"y\.parquet holds a value that cannot be read .*: leave its column out"):
        rewrite(other, tmp_path / "out.jsonl")


def test_an_object_without_keys_has_no_form_in_parquet(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", ['{"completion": "a", "answer": {}}'])
    with pytest.raises(CrossthinkError, match=r"x\.jsonl fit no parquet file .*: write JSON lines"):
        rewrite(path, tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == [path]


def test_pages_that_hold_fewer_rows_than_the_index_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_table(tmp_path / "x.parquet", {"completion": ["a"], "answer": ["1"]})
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *given: iter(()))  # as of a damaged group
    assert said(path) == "FILE is no whole parquet file (1 rows fewer than its index says): write it again"
