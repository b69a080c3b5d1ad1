"""Odd rows written as files of every kind that is read: JSON lines, JSON, CSV, TSV and parquet, whole or damaged."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz import odd

SUFFIXES = (".jsonl", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".parquet")
_CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")


def write(path: Path, rows: Sequence[dict[str, Any]], generator: random.Random) -> bool:
    """Writes the rows as the path's suffix says; whether the file is as a writer of its kind would leave it."""
    if path.suffix == ".parquet":
        write_parquet(path, rows, generator)
        data = path.read_bytes()
    elif path.suffix in (".csv", ".tsv"):
        data = _separated(rows, "," if path.suffix == ".csv" else "\t")
    elif path.suffix == ".json" and generator.randrange(3):
        data = _array(rows, generator)
    else:
        data = lines(rows, generator)
    whole = generator.randrange(2) == 0
    if not whole:
        data = odd.mutated(data if path.suffix == ".parquet" else odd.recoded(data, generator), generator)
    path.write_bytes(data)
    return whole


def lines(rows: Sequence[dict[str, Any]], generator: random.Random) -> bytes:
    """JSON lines, with a line among them that is none, is blank, or says a key twice."""
    texts = [_dumped(row, generator) for row in rows]
    if generator.randrange(4) == 0:
        stray = ["", " ", "\r", "[1]", "1", '"a"', "null", "{", '{"a": 1, "a": [2]}', "[" * 10_000, '{"a":' * 2_000]
        deep = generator.choice([200, 260, 600, 900, 1020])
        stray.append(f'{{"completion": "a", "answer": {"[" * deep}1{"]" * deep}}}')
        stray += ["1" * 5_000, f'{{"n": {"9" * 5_000}}}']
        texts.insert(generator.randrange(len(texts) + 1), generator.choice(stray))
    return "\n".join(texts).encode("utf-8", "surrogatepass") + generator.choice([b"", b"\n", b"\n\n"])


def _dumped(value: Any, generator: random.Random) -> str:
    return json.dumps(value, ensure_ascii=bool(generator.randrange(2)))


def _array(rows: Sequence[dict[str, Any]], generator: random.Random) -> bytes:
    if generator.randrange(4) == 0:
        whole: Any = generator.choice(
            [[list(row.values()) for row in rows], {"rows": list(rows)}, odd.value(generator)]
        )
    else:
        whole = list(rows)
    if generator.randrange(8) == 0 and isinstance(whole, list):
        whole.append(odd.value(generator))
    indent = generator.choice([None, 1])
    return json.dumps(whole, indent=indent).encode()


def _separated(rows: Sequence[dict[str, Any]], separator: str) -> bytes:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(out, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows([row.get(name) for name in names] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def write_parquet(path: Path, rows: Sequence[dict[str, Any]], generator: random.Random) -> None:
    """A parquet file of the rows, each column of the type that its values have, or of any type at all."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["a"]
    arrays = [_array_of([row.get(name) for row in rows], generator) for name in names]
    if generator.randrange(15) == 0:
        names, arrays = [*names, names[0]], [*arrays, arrays[0]]  # a name twice
    table = pa.Table.from_arrays(arrays, names=[name.encode("utf-8", "replace").decode() for name in names])
    try:
        _write_table(table, path, generator)
    except pa.ArrowNotImplementedError:  # an object without keys, deep inside, has no form in parquet
        _write_table(pa.table({"a": [0]}), path, generator)


def _write_table(table: pa.Table, path: Path, generator: random.Random) -> None:
    pq.write_table(
        table,
        path,
        compression=generator.choice(_CODECS),
        row_group_size=generator.choice([1, 2, 1000]),
        use_dictionary=bool(generator.randrange(2)),
        data_page_version=generator.choice(["1.0", "2.0"]),
        store_schema=bool(generator.randrange(2)),
    )


def _array_of(values: list[Any], generator: random.Random) -> pa.Array:
    if generator.randrange(6):
        try:
            return pa.array(_clean(values))
        except (pa.ArrowException, OverflowError):
            pass
    count = len(values)
    stamp = datetime(1, 1, 1, tzinfo=UTC)
    kinds: list[tuple[Any, pa.DataType]] = [
        (None, pa.null()),
        (2**63 - 1, pa.int64()),
        (2**64 - 1, pa.uint64()),
        (1, pa.int8()),
        (0.5, pa.float16()),
        (float("nan"), pa.float32()),
        (b"\xff", pa.binary()),
        (b"ab", pa.binary(2)),
        ("a", pa.large_string()),
        ("a", pa.string_view()),
        ("a", pa.dictionary(pa.int8(), pa.string())),
        (stamp, pa.timestamp("us")),
        (stamp, pa.timestamp("us", tz="Mars/Base")),
        (date(9999, 12, 31), pa.date32()),
        (time(1), pa.time64("ns")),
        (timedelta(1), pa.duration("s")),
        (Decimal("1.5"), pa.decimal128(10, 2)),
        (Decimal("1.5"), pa.decimal256(60, 2)),
        ([1, 2], pa.list_(pa.int64())),
        ([1, 2], pa.list_(pa.int64(), 2)),
        (["a"], pa.large_list(pa.large_string())),
        ([b"\xff"], pa.list_(pa.binary())),
        ([stamp], pa.list_(pa.timestamp("us"))),
        ([("a", 1)], pa.map_(pa.string(), pa.int64())),
        ({"text": [b"\xff"]}, pa.struct([("text", pa.list_(pa.binary()))])),
        ({"text": Decimal(1)}, pa.struct([("text", pa.decimal128(3, 0))])),
        ({"text": None}, pa.struct([("text", pa.null())])),
        (True, pa.bool_()),
    ]
    value, kind = generator.choice(kinds)
    return pa.array([value if generator.randrange(8) else None for _ in range(count)], kind)


def _clean(value: Any) -> Any:
    """Texts that have bytes, and keys that no object has twice."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return value
