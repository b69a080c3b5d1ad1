"""The reader of raw files: every row once at its place, and each broken file named."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data import bounded_parquet
from crossthink_data.errors import CrossthinkError
from crossthink_data.sources import raw
from crossthink_data.sources.base import Source
from crossthink_data.sources.raw import RawFrame, Unit, plan_units, read_unit

SOURCE = Source(
    name="trivia",
    category="gpr",
    question_type="open",
    domain="general",
    license="mit",
    attribution="",
    to_rows=pl.DataFrame.clone,
    columns={"q": pl.String(), "n": pl.Int64()},
    optional={"extra": pl.String()},
    repo="org/trivia",
    revision="abc123",
)


def rows(n: int) -> list[dict[str, Any]]:
    return [{"q": f"q{i}", "n": i} for i in range(n)]


def parquet(path: Path, data: Any, group: int | None = None) -> Path:
    pl.DataFrame(data).write_parquet(path, row_group_size=group)
    return path


def lines(path: Path, *given_lines: bytes) -> Path:
    path.write_bytes(b"".join(given_lines))
    return path


def units_of(path: Path, source: Source = SOURCE) -> list[Unit]:
    return plan_units(source, path, path.name, 0)


def read(path: Path, source: Source = SOURCE) -> list[RawFrame]:
    return [frame for unit in units_of(path, source) for frame in read_unit(unit, source)]


def values(frames: list[RawFrame]) -> list[tuple[int, Any]]:
    """(place in the file, q) of every row."""
    return [(at, q) for one in frames for at, q in zip(one.at, one.frame["q"], strict=True)]


def bad(frames: list[RawFrame]) -> list[int]:
    return [at for one in frames for at, _ in one.bad]


def error(path: Path, source: Source = SOURCE) -> str:
    with pytest.raises(CrossthinkError) as caught:
        read(path, source)
    return str(caught.value)


EXPECTED = [(i, f"q{i}") for i in range(10)]


@pytest.mark.parametrize("group", [1, 3, 10, None])
def test_a_unit_of_parquet_is_a_row_group(tmp_path: Path, group: int | None) -> None:
    path = parquet(tmp_path / "a.parquet", rows(10), group)
    units = units_of(path)
    size = group or 10
    assert [(unit.first, unit.rows) for unit in units] == [(at, min(size, 10 - at)) for at in range(0, 10, size)]
    assert values(read(path)) == EXPECTED


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.json", "array.json"])
def test_frames_have_at_most_a_batch_of_rows(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "BATCH_ROWS", 4)
    path = tmp_path / name
    if name == "array.json":
        path.write_bytes(orjson.dumps(rows(10)))
    elif name == "a.parquet":
        parquet(path, rows(10))
    else:
        lines(path, *(orjson.dumps(row) + b"\n" for row in rows(10)))
    frames = read(path)
    assert [len(one.frame) for one in frames] == [4, 4, 2]
    assert values(frames) == EXPECTED


def test_columns_come_in_their_types_optional_ones_as_null(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"n": pl.Series([1], dtype=pl.Int8), "q": ["x"], "other": [0]})
    [one] = read(path)
    assert one.frame.schema == {"q": pl.String(), "n": pl.Int64(), "extra": pl.String()}
    assert one.frame.row(0) == ("x", 1, None)


def test_an_optional_column_is_read_where_it_is(tmp_path: Path) -> None:
    [one] = read(parquet(tmp_path / "a.parquet", [{"q": "x", "n": 1, "extra": "more"}]))
    assert one.frame["extra"].to_list() == ["more"]


def test_a_nested_value_is_json_text_where_the_source_says_so(tmp_path: Path) -> None:
    source = replace(SOURCE, nested_as_json=True)
    data = [{"q": [{"role": "user"}], "n": 1}, {"q": None, "n": 2}]
    path = parquet(tmp_path / "a.parquet", data)
    same = lines(tmp_path / "a.jsonl", *(orjson.dumps(row) + b"\n" for row in data))
    for [one] in (read(path, source), read(same, source)):
        assert one.frame["q"].to_list() == ['[{"role":"user"}]', None]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(tmp_path: Path, end: bytes, last: bool) -> None:
    text = end.join(map(orjson.dumps, rows(10))) + (end if last else b"")
    frames = read(lines(tmp_path / "a.jsonl", text))
    assert values(frames) == EXPECTED
    assert bad(frames) == []


@pytest.mark.parametrize("bytes_a_unit", [1, 7, 20, 33, 1000])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_units_of_lines_cut_between_lines_whatever_their_size(
    tmp_path: Path, bytes_a_unit: int, last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "UNIT_BYTES", bytes_a_unit)
    path = lines(tmp_path / "a.jsonl", b"\n".join(map(orjson.dumps, rows(10))) + last)
    units = units_of(path)
    assert sum(unit.rows for unit in units) == 10
    assert [unit.start for unit in units] == [0, *(unit.stop for unit in units[:-1])]
    assert values(read(path)) == EXPECTED


@given(
    st.lists(
        st.sampled_from([b'{"q":"a","n":1}', b"", b"  ", b"{broken", b'"text"', b'{"q":"\xc3\xbc"}']), max_size=30
    ),
    st.integers(1, 80),
    st.booleans(),
)
def test_every_line_that_is_not_blank_is_a_row_or_bad(
    tmp_path_factory: pytest.TempPathFactory, given_lines: list[bytes], bytes_a_unit: int, last: bool
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes(b"\n".join(given_lines) + (b"\n" if last else b""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw, "UNIT_BYTES", bytes_a_unit)
        source = replace(SOURCE, columns={}, optional=SOURCE.columns)
        frames = [one for unit in plan_units(source, path, "a", 0) for one in read_unit(unit, source)]
    good = [at for one in frames for at in one.at]
    assert good == [i for i, line in enumerate(given_lines) if line.startswith(b'{"q"')]
    assert bad(frames) == [i for i, line in enumerate(given_lines) if line in (b"{broken", b'"text"')]
    assert all(len(one.frame) or one.bad for one in frames)


def test_unreadable_lines_keep_their_place_and_say_why(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "a.jsonl", b'{"q":"a","n":1}\n', b'{"q":\n', b"[1, 2]\n", b'{"q":"\xff"}\n', b'{"q":"b","n":2}'
    )
    [one] = read(path)
    assert values([one]) == [(0, "a"), (4, "b")]
    assert [at for at, _ in one.bad] == [1, 2, 3]
    assert one.bad[1][1] == "a list, not an object"


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    frames = read(lines(tmp_path / "a.jsonl", b'\n\n{"q":"a","n":1}\n\r\n{"q":"b","n":2}\n \n\n'))
    assert (values(frames), bad(frames)) == ([(2, "a"), (4, "b")], [])


def test_unicode_line_ends_inside_a_string_end_no_line(tmp_path: Path) -> None:
    text = '{"q":"a\u2028b\u2029c\u0085d","n":1}\n{"q":"e","n":2}\n'
    assert values(read(lines(tmp_path / "a.jsonl", text.encode()))) == [(0, "a\u2028b\u2029c\u0085d"), (1, "e")]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    frames = read(lines(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"q":"a","n":1}\n{"q":"b","n":2}\n'))
    assert (values(frames), bad(frames)) == ([(0, "a"), (1, "b")], [])


def test_a_line_that_leaves_a_column_out_has_null_there(tmp_path: Path) -> None:
    [one] = read(lines(tmp_path / "a.jsonl", b'{"q":"a","n":1}\n{"n":"x"}\n'))
    assert one.frame.rows() == [("a", 1, None), (None, None, None)]


def test_a_json_array_is_read_whole(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.json", b"\n ", orjson.dumps(rows(10), option=orjson.OPT_INDENT_2))
    assert [(unit.first, unit.rows) for unit in units_of(path)] == [(0, 10)]
    assert values(read(path)) == EXPECTED


def test_a_json_file_may_hold_lines(tmp_path: Path) -> None:
    assert values(read(lines(tmp_path / "a.json", *(orjson.dumps(row) + b"\n" for row in rows(10))))) == EXPECTED


def test_a_row_of_an_array_may_be_a_list(tmp_path: Path) -> None:
    source = replace(SOURCE, columns={"0": pl.String(), "1": pl.Int64()}, optional={})
    path = lines(tmp_path / "a.json", b'[["x", 1], ["y", 2]]')
    [one] = [one for unit in plan_units(source, path, "a", 0) for one in read_unit(unit, source)]
    assert one.frame.rows() == [("x", 1), ("y", 2)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    assert read(lines(tmp_path / name, b"")) == []


def test_an_empty_array_and_a_parquet_file_without_rows(tmp_path: Path) -> None:
    assert read(lines(tmp_path / "a.json", b"[]")) == []
    empty = pl.DataFrame(schema={"q": pl.String(), "n": pl.Int64()})
    assert values(read(parquet(tmp_path / "a.parquet", empty))) == []


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "array.json"])
@pytest.mark.parametrize("limit", [1, 5, 10])
def test_a_unit_cut_short_gives_its_first_rows(tmp_path: Path, name: str, limit: int) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        parquet(path, rows(10))
    else:
        whole = orjson.dumps(rows(10)) if name == "array.json" else b"\n".join(map(orjson.dumps, rows(10)))
        path.write_bytes(whole)
    [unit] = units_of(path)
    assert values(list(read_unit(replace(unit, rows=limit), SOURCE))) == EXPECTED[:limit]


def test_a_cut_inside_a_batch_of_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "BATCH_ROWS", 4)
    [unit] = units_of(parquet(tmp_path / "a.parquet", rows(10)))
    frames = list(read_unit(replace(unit, rows=6), SOURCE))
    assert [len(one.frame) for one in frames] == [4, 2]


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "array.json"])
def test_a_missing_column_names_source_revision_file_and_what_is_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    renamed = [{"question": "x", "n": 1}]
    if name == "a.parquet":
        parquet(path, renamed)
    else:
        path.write_bytes(orjson.dumps(renamed) if name == "array.json" else orjson.dumps(renamed[0]))
    text = error(path)
    for part in ("'trivia'", "org/trivia@abc123", name, "has no column 'q'", "it has n, question", "map the columns"):
        assert part in text


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", rows(1000))
    path.write_bytes(path.read_bytes()[:-100])
    text = error(path)
    for part in ("'trivia'", "a.parquet is not a whole parquet file", "download it again"):
        assert part in text


def test_a_parquet_file_with_damaged_pages(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"q": [f"{i * 7919 % 10007}" for i in range(20_000)], "n": range(20_000)})
    damaged = bytearray(path.read_bytes())
    damaged[100:20_000] = bytes(19_900)
    path.write_bytes(damaged)
    text = error(path)
    for part in ("'trivia'", "a.parquet breaks off near row 0", "download it again"):
        assert part in text


TEXT, TEXTS, CHOICES = pl.String(), pl.List(pl.String()), pl.Struct({"text": pl.List(pl.String())})
MISFITS: list[tuple[Any, Any]] = [
    (TEXTS, "abcd"),  # not its letters
    (TEXT, ["oxygen", "nitrogen"]),
    (TEXT, {"text": "Up?"}),
    (TEXTS, [["a"], ["b"]]),
    (CHOICES, ["a", "b"]),
    (CHOICES, {"text": "a"}),
    (pl.Int64(), [1]),
]


@pytest.mark.parametrize(("wanted", "value"), MISFITS)
@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "array.json"])
def test_a_value_that_nests_otherwise_than_its_column(tmp_path: Path, name: str, wanted: Any, value: Any) -> None:
    source = replace(SOURCE, columns={"q": wanted})
    data = [{"q": None}, {"q": value}]
    path = tmp_path / name
    if name == "a.parquet":
        parquet(path, data)
        held = f"{pl.Series([value]).dtype} in"
    else:
        path.write_bytes(orjson.dumps(data) if name == "array.json" else b"\n".join(map(orjson.dumps, data)))
        held = f"{value!r} in row 1 of"
    text = f"source 'trivia': {name} holds {held} column 'q', where {wanted} is wanted: mend the file"
    assert error(path, source).startswith(text)


def test_a_parquet_column_that_cannot_be_cast(tmp_path: Path) -> None:
    text = error(parquet(tmp_path / "a.parquet", {"q": ["x"], "n": [b"1"]}))
    assert text.startswith("source 'trivia': a.parquet has a column of another kind than its mapping says")


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_nulls_fit_any_column(tmp_path: Path, name: str) -> None:
    source = replace(SOURCE, columns={"q": TEXTS, "c": CHOICES}, optional={})
    data: list[dict[str, Any]] = [{"q": None, "c": {"text": None}}, {"q": [], "c": {}}]
    path = tmp_path / name
    if name == "a.parquet":
        parquet(path, data)
    else:
        path.write_bytes(b"\n".join(map(orjson.dumps, data)))
    [one] = read(path, source)
    assert one.frame["q"].to_list() == [None, []]


def test_an_array_that_breaks_off(tmp_path: Path) -> None:
    assert "a.json is not whole JSON" in error(lines(tmp_path / "a.json", b'[{"q":"x"},'))


def test_an_array_of_something_else(tmp_path: Path) -> None:
    text = error(lines(tmp_path / "a.json", b'[{"q":"x","n":1}, "stray"]'))
    assert "a.json holds 'stray' as row 1, not an object" in text


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    assert "a.xml is none of .parquet, .jsonl, .json, .tsv, .csv" in error(lines(tmp_path / "a.xml", b"<q/>"))


def test_a_csv_file_with_line_ends_and_commas_in_its_cells(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.csv", b'q,n\nx,1\n"y,\nz",2\n')
    assert values(read(path)) == [(0, "x"), (1, "y,\nz")]


def test_a_tsv_file(tmp_path: Path) -> None:
    assert values(read(lines(tmp_path / "a.tsv", b'q\tn\nx\t1\n"y\tz"\t2\n'))) == [(0, "x"), (1, "y\tz")]


@pytest.mark.parametrize(
    "kind",
    [pa.decimal256(60, 2), pa.struct([("a", pa.decimal256(60, 2))]), pa.timestamp("us", tz="Mars/Base")],
    ids=["decimal", "decimal inside", "time zone"],
)
@pytest.mark.parametrize("nested_as_json", [False, True])
def test_a_parquet_column_of_a_type_that_polars_has_not(
    tmp_path: Path, kind: pa.DataType, nested_as_json: bool
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"q": pa.array([None], kind)}), path)
    source = replace(SOURCE, columns={"q": TEXT}, nested_as_json=nested_as_json)
    assert error(path, source) == (
        f"source 'trivia': a.parquet holds {kind} in column 'q', where String is wanted: mend the file, or map another "
        "column"
    )


def test_a_parquet_file_with_two_columns_of_one_name(tmp_path: Path) -> None:
    texts, path = pa.array(["x"]), tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([texts, texts, pa.array([1])], names=["q", "q", "n"]), path)
    assert error(path) == "source 'trivia': a.parquet has two columns 'q': rename one"


def test_a_parquet_file_with_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"qqqqq": ["x"]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"qqqqq", b"qqq\xf8q"))
    assert "a.parquet is not a whole parquet file ('utf-8' codec" in error(path)


def test_bytes_inside_a_column_that_is_wanted_as_json(tmp_path: Path) -> None:
    source = replace(SOURCE, columns={"q": TEXT}, nested_as_json=True)
    path = parquet(tmp_path / "a.parquet", {"q": [[b"\xff"]]})
    assert error(path, source) == (
        "source 'trivia': a.parquet has a column of another kind than its mapping says: Type is not JSON serializable: "
        "bytes"
    )


def test_a_message_shows_the_beginning_of_a_value_however_deep_it_is(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", b'{"q": %s, "n": 1}' % (b"[" * 1_000 + b"]" * 1_000))
    assert error(path).startswith("source 'trivia': a.jsonl holds [[[[[[[...]]]]]]] in row 0 of column 'q'")


@pytest.mark.parametrize("name", ["a.jsonl", "array.json"])
def test_a_value_that_is_read_but_nested_too_deep_to_be_written(tmp_path: Path, name: str) -> None:
    source = replace(SOURCE, columns={"q": TEXT}, nested_as_json=True)
    row = b'{"q": %s}' % (b"[" * 300 + b"]" * 300)
    path = lines(tmp_path / name, row if name == "a.jsonl" else b"[" + row + b"]")
    assert error(path, source) == (
        f"source 'trivia': {name} holds a value in rows 0 to 0 of column 'q' that no JSON can be made of (Recursion "
        "limit reached): mend the file"
    )


def test_a_csv_file_that_begins_as_gzip_does(tmp_path: Path) -> None:
    text = error(lines(tmp_path / "a.csv", gzip.compress(b"q,n\nx,1\n" * 100)[:20]))
    assert text.startswith("source 'trivia': a.csv is not whole CSV (")


def test_a_parquet_file_whose_values_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_parquet, "MAX_PAGE", 1_000)
    assert error(parquet(tmp_path / "a.parquet", [{"q": "x" * 2_000, "n": 1, "other": "y" * 3_000}])) == (
        "source 'trivia': a.parquet, row group 0 holds more than 1,000 bytes in a page of column 'q': leave its "
        "largest rows out and write it again"
    )
    assert values(read(parquet(tmp_path / "b.parquet", [{"q": "x", "n": 1, "other": "y" * 3_000}]))) == [(0, "x")]


def test_a_parquet_file_whose_pages_hold_fewer_rows_than_its_index_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet(tmp_path / "a.parquet", rows(3))
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *given, **more: iter(()))  # as of a damaged group
    assert "a.parquet breaks off near row 0 (3 rows fewer than its index says); delete it" in error(path)
