"""Parquet in bounded batches: every row as pyarrow reads it, and files that are small until they are decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossthink_data import bounded_parquet
from crossthink_data.bounded_parquet import bounded_batches
from crossthink_data.errors import CrossthinkError

TEXT = "x" * 1_000
# With these limits a test's bomb takes megabytes instead of gigabytes.
SMALL = {"MAX_PAGE": 2 << 20, "MAX_STEP": 1 << 20, "MAX_LISTS": 4 << 20, "MAX_VALUES": 1 << 20}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in SMALL.items():
        monkeypatch.setattr(bounded_parquet, name, limit)


def named(value: str, times: int) -> pa.Array:
    """One value of a dictionary, so often."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(times, np.int32)), [value])


def written(path: Path, column: pa.Array, **options: Any) -> Path:
    told = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 1 << 30} | options
    pq.write_table(pa.table({"q": column}), path, **told)
    return path


def read(path: Path, rows: int = 4_096) -> list[pa.Table]:
    return list(bounded_batches(path, path.name, rows))


def refusal(path: Path) -> str:
    with pytest.raises(CrossthinkError) as error:
        read(path)
    return str(error.value)


# ---- honest files

WORDS = [None if i % 7 == 0 else f"{'word ' * (i % 11)}{i * 7919 % 1009}" for i in range(1_000)]
LISTS = [None if i % 5 == 0 else WORDS[i : i + i % 4] for i in range(1_000)]
COLUMNS: dict[str, Any] = {
    "text": WORDS,
    "lists": LISTS,
    "structs": [{"a": word, "b": i} for i, word in enumerate(WORDS)],
    "in lists": [[{"a": word}] for word in WORDS],
    "numbers": list(range(1_000)),
    "blobs": pa.array([f"{i:04}".encode() for i in range(1_000)], pa.binary(4)),
    "kept": pa.array(WORDS).dictionary_encode(),
}
WRITTEN: dict[str, dict[str, Any]] = {
    "as pyarrow does": {},
    "groups": {"row_group_size": 399},
    "small pages": {"data_page_size": 500, "dictionary_pagesize_limit": 2_000},
    "other pages": {"data_page_version": "2.0", "data_page_size": 500},
    "no dictionary": {"use_dictionary": False},
    "unpacked": {"compression": "none"},
    "lz4": {"compression": "lz4"},
    "gzip": {"compression": "gzip"},
    "long statistics": {"write_statistics": True, "write_page_index": True, "data_page_size": 500},
    "prefixes": {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}},
    "lengths apart": {"use_dictionary": False, "column_encoding": {"text": "DELTA_LENGTH_BYTE_ARRAY"}},
    "prefixes in lists": {"use_dictionary": False, "column_encoding": {"lists.list.element": "DELTA_BYTE_ARRAY"}},
}


@pytest.mark.parametrize("limit", [1 << 28, 10_000], ids=["", "in many steps"])
@pytest.mark.parametrize("options", WRITTEN.values(), ids=WRITTEN)
def test_every_row_as_pyarrow_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], limit: int
) -> None:
    monkeypatch.setattr(bounded_parquet, "MAX_STEP", limit)
    pq.write_table(pa.table(COLUMNS), path := tmp_path / "a.parquet", **options)
    batches = read(path, 400)
    assert pa.concat_tables(batches).to_pylist() == pq.read_table(path).to_pylist()
    assert {batch.schema for batch in batches} == {pq.read_schema(path)}
    assert max(map(len, batches)) <= 400
    assert limit < 1 << 20 or len(batches) == 3


def test_groups_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"q": range(10), "q.r": range(10), "qr": range(10)}), path, row_group_size=4)
    found = pa.concat_tables(bounded_batches(path, "a", 3, [1, 2], ["q", "qr"]))
    assert found.to_pydict() == {"q": list(range(4, 10)), "qr": list(range(4, 10))}


def test_a_file_without_rows(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.parquet", pa.array([], pa.string()))) == []


# ---- bombs


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"compression": "snappy"}])
def test_a_page_that_is_too_large(tmp_path: Path, options: dict[str, Any]) -> None:
    path = written(tmp_path / "a.parquet", pa.array(["x" * (3 << 20)]), **options)
    assert refusal(path) == (
        "a.parquet, row group 0 holds more than 2,097,152 bytes in a page of column 'q': leave its largest rows out "
        "and write it again"
    )


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["a value of a dictionary", "pages of their own", "each the one before"])
def test_large_values_come_a_few_at_a_time(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decoded at once, too, and not only what comes out."""
    texts = pa.array([TEXT * 100] * 300)
    options: dict[str, dict[str, Any]] = {
        "a value of a dictionary": {},
        "pages of their own": {"use_dictionary": False, "data_page_size": 1, "write_batch_size": 1},
        "each the one before": {"use_dictionary": False, "column_encoding": {"q": "DELTA_BYTE_ARRAY"}},
    }
    path = written(tmp_path / "a.parquet", texts, **options[kind])
    assert path.stat().st_size < 100_000
    decoded = []
    iter_batches = pq.ParquetFile.iter_batches

    def counted(*given: Any) -> Any:
        for batch in iter_batches(*given):
            decoded.append(batch.nbytes)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    batches = read(path)
    assert pa.concat_tables(batches)["q"].combine_chunks().equals(texts)
    assert max(one.nbytes for one in batches) <= max(decoded) * 2 <= SMALL["MAX_STEP"] * 2


@pytest.mark.usefixtures("small")
def test_a_row_whose_list_names_a_large_value_often(tmp_path: Path) -> None:
    lists = pa.ListArray.from_arrays([0, 5_000], named(TEXT, 5_000))
    assert refusal(written(tmp_path / "a.parquet", lists)).startswith(
        "a.parquet, row group 0 holds more than 4,194,304 bytes in 1 rows: leave"
    )


@pytest.mark.usefixtures("small")
def test_lists_that_are_large_only_together(tmp_path: Path) -> None:
    lists = pa.ListArray.from_arrays(pa.array(range(0, 5_001, 10), pa.int32()), named(TEXT, 5_000))
    batches = read(written(tmp_path / "a.parquet", lists))
    assert pa.concat_tables(batches)["q"].to_pylist() == [[TEXT] * 10] * 500
    assert max(one.nbytes for one in batches) < 2 * SMALL["MAX_STEP"]


@pytest.mark.usefixtures("small")
def test_lists_that_pyarrow_reads_as_no_dictionary(tmp_path: Path) -> None:
    lists = pa.ListArray.from_arrays(pa.array(range(0, 5_001, 10), pa.int32()), pa.array([TEXT] * 5_000))
    apart = {"use_dictionary": False, "column_encoding": {"q.list.element": "DELTA_LENGTH_BYTE_ARRAY"}}
    path = written(tmp_path / "a.parquet", lists, data_page_size=100_000, write_batch_size=10, **apart)
    assert "more than 4,194,304 bytes in the lists of column 'q.list.element'" in refusal(path)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", [pa.int8(), pa.string()])
def test_a_row_whose_list_is_too_long(tmp_path: Path, kind: pa.DataType) -> None:
    lists = pa.ListArray.from_arrays([0, 1_100_000], pa.nulls(1_100_000, kind))
    path = written(tmp_path / "a.parquet", lists)
    assert path.stat().st_size < 10_000
    assert "more than 1,048,576 values in column 'q.list.element'" in refusal(path)


@pytest.mark.usefixtures("small")
def test_an_index_that_tells_smaller_sizes(tmp_path: Path) -> None:
    """The footer's sizes are not what is gone by."""
    path = written(tmp_path / "a.parquet", pa.array(["x" * (3 << 20)]), use_dictionary=False)
    told = pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size
    raw = path.read_bytes()
    assert varint(2 * told) in raw  # zigzag
    path.write_bytes(raw.replace(varint(2 * told), varint(2 * (1 << 21))))
    assert pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size == 1 << 21
    assert "in a page of column 'q'" in refusal(path)


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def test_headers_that_are_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.array(["x"] * 1_000), use_dictionary=False)
    whole = path.read_bytes()
    for damage in (bytes(20), b"\xff" * 20, b"\x1c" * 20, b"\x19\xfc" + b"\xff" * 18, b"\x15\x00\x15\x01" + bytes(16)):
        path.write_bytes(whole[:4] + damage + whole[24:])
        with pytest.raises((pa.ArrowException, OSError)):
            read(path)


BOMB = """
import resource, sys
from pathlib import Path
from crossthink_data.bounded_parquet import bounded_batches
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
print(sum(len(table) for table in bounded_batches(Path(sys.argv[1]), "a", 4_096)))
"""


def test_a_bomb_in_three_gigabytes(tmp_path: Path) -> None:
    """400 rows that name one value of 10 MB: four gigabytes, were they decoded at once."""
    path = written(tmp_path / "a.parquet", named("x" * 10_000_000, 400))
    assert path.stat().st_size < 10_000
    done = subprocess.run([sys.executable, "-c", BOMB, path], capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout, done.returncode) == ("400\n", 0), done.stderr
