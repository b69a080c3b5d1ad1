"""Raw rows from files: parquet by row groups, JSON lines by byte ranges, JSON arrays, TSV and CSV files whole.

A file is cut into units that do not depend on the number of tasks. A line that does not parse is not dropped: it
becomes a row with `bad` set, so that it is counted and shows up among the removed.
"""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.bounded_parquet import bounded_batches
from crossthink_data.errors import CrossthinkError
from crossthink_data.sources.base import PolarsType, Source

BATCH_ROWS = 16_384  # rows of a frame: enough to hide polars' fixed costs, few enough for flat memory
UNIT_BYTES = 32 << 20  # of JSON lines
SEPARATORS = {".tsv": "\t", ".csv": ","}
SUFFIXES = (".parquet", ".jsonl", ".json", *SEPARATORS)
BOM = b"\xef\xbb\xbf"  # some editors put it before the first line
FILE_NAME = "__file__"  # an optional column that holds the name of a row's file, where the file says what it is


@dataclass(frozen=True)
class Unit:
    """A piece of one file: rows [first, first + rows) of it; `start`/`stop` are row groups or byte offsets."""

    source: str
    path: Path
    name: str  # of the file inside its repository
    file: int  # position of the file in its source
    first: int
    rows: int
    start: int
    stop: int


@dataclass(frozen=True)
class RawFrame:
    """Raw rows with their position in the file (`at`, one per row) and, for unreadable ones, why (`bad`)."""

    frame: pl.DataFrame
    at: pl.Series
    bad: list[tuple[int, str]]  # (row in the file, why)


def plan_units(source: Source, path: Path, name: str, file: int) -> list[Unit]:
    """The units of one file, after a look at its columns.

    Raises CrossthinkError for a file of another kind, a truncated file or a missing column.
    """
    if path.suffix not in SUFFIXES:
        raise CrossthinkError(f"source {source.name!r}: {name} is none of {', '.join(SUFFIXES)}: convert it to one")
    if path.suffix == ".parquet":
        return _parquet_units(source, path, name, file)
    if not _is_whole(path):
        return _line_units(source, path, name, file)
    rows = _load_whole(source.name, path, name)
    check_columns(source, name, rows[0] if rows else dict.fromkeys(source.columns))
    return [Unit(source.name, path, name, file, 0, len(rows), 0, path.stat().st_size)]


def read_unit(unit: Unit, source: Source) -> Iterator[RawFrame]:
    """The unit's rows, at most BATCH_ROWS at a time, with exactly the source's columns, optional ones too."""
    read = _read_parquet if unit.path.suffix == ".parquet" else _read_lines
    for raw in (_read_whole if _is_whole(unit.path) else read)(unit, source):
        named = pl.lit(unit.name).alias(FILE_NAME)
        yield replace(raw, frame=raw.frame.with_columns(named)) if FILE_NAME in source.all_columns else raw


def _parquet_units(source: Source, path: Path, name: str, file: int) -> list[Unit]:
    try:
        meta = pq.read_metadata(path)
        schema = meta.schema.to_arrow_schema()
        check_columns(source, name, schema.names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CrossthinkError(
            f"source {source.name!r}: {name} is not a whole parquet file ({error}); delete it and download it again"
        ) from error
    _check_nesting(source, name, schema)
    units, first = [], 0
    for group in range(meta.num_row_groups):
        rows = meta.row_group(group).num_rows
        units.append(Unit(source.name, path, name, file, first, rows, group, group + 1))
        first += rows
    return units


def _read_parquet(unit: Unit, source: Source) -> Iterator[RawFrame]:
    columns = source.all_columns
    at = unit.first
    left = unit.rows
    groups = range(unit.start, unit.stop)
    try:
        names = pq.read_schema(unit.path).names
        there = [column for column in columns if column in names]
        for table in bounded_batches(unit.path, f"source {unit.source!r}: {unit.name}", BATCH_ROWS, groups, there):
            frame = pl.from_arrow(table.slice(0, left))
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame
            yield RawFrame(typed(frame, columns), pl.arange(at, at + len(frame), eager=True), [])
            at, left = at + len(frame), left - len(frame)
            if not left:
                return
    except (pa.ArrowException, OSError) as error:
        raise _broken_off(unit, at, error) from error
    except (pl.exceptions.PolarsError, orjson.JSONEncodeError) as error:
        raise CrossthinkError(
            f"source {unit.source!r}: {unit.name} has a column of another kind than its mapping says: {error}"
        ) from error
    if left:
        raise _broken_off(unit, at, f"{left} rows fewer than its index says")


def _broken_off(unit: Unit, at: int, why: object) -> CrossthinkError:
    return CrossthinkError(
        f"source {unit.source!r}: {unit.name} breaks off near row {at} ({why}); delete it and download it again"
    )


def typed(frame: pl.DataFrame, columns: Mapping[str, PolarsType]) -> pl.DataFrame:
    """Casts each column to its declared type; an absent one is null, a nested one wanted as text is JSON text."""

    def column(name: str, dtype: PolarsType) -> pl.Expr | pl.Series:
        if name not in frame.columns:
            return pl.lit(None, dtype).alias(name)
        if dtype == pl.String and frame[name].dtype.is_nested():
            return _json_text(frame[name])
        return pl.col(name).cast(dtype, strict=False)

    return frame.select(column(name, dtype) for name, dtype in columns.items())


def _json_text(series: pl.Series) -> pl.Series:
    texts = [None if value is None else orjson.dumps(value).decode() for value in series.to_list()]
    return pl.Series(series.name, texts, pl.String)


def _line_units(source: Source, path: Path, name: str, file: int) -> list[Unit]:
    units, first, start = [], 0, 0
    with path.open("rb") as handle:
        while chunk := handle.read(UNIT_BYTES):
            chunk += handle.readline()
            rows = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
            units.append(Unit(source.name, path, name, file, first, rows, start, start + len(chunk)))
            first, start = first + rows, start + len(chunk)
    if units and (found := _first_object(units[0])) is not None:
        check_columns(source, name, found)
    return units


def _first_object(unit: Unit) -> dict[str, Any] | None:
    for line in _lines(unit):
        row, _ = _parse(line)
        if row is not None:
            return row
    return None


def _lines(unit: Unit) -> list[bytes]:
    with unit.path.open("rb") as handle:
        handle.seek(unit.start)
        text = handle.read(unit.stop - unit.start)
    text = text if unit.start else text.removeprefix(BOM)
    return text.removesuffix(b"\n").split(b"\n")[: unit.rows]


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, str(error)
    return (row, "") if isinstance(row, dict) else (None, f"a {type(row).__name__}, not an object")


def _read_lines(unit: Unit, source: Source) -> Iterator[RawFrame]:
    lines = _lines(unit)
    for start in range(0, len(lines), BATCH_ROWS):
        rows, at, bad = [], [], []
        for offset, line in enumerate(lines[start : start + BATCH_ROWS], start):
            if not line.strip():  # a blank line is no row
                continue
            row, why = _parse(line)
            if row is None:
                bad.append((unit.first + offset, why))
                continue
            rows.append(row)
            at.append(unit.first + offset)
        if rows or bad:
            yield RawFrame(_frame(rows, at, unit, source), pl.Series(at, dtype=pl.Int64), bad)


def _frame(rows: list[dict[str, Any]], at: Sequence[int], unit: Unit, source: Source) -> pl.DataFrame:
    def values(name: str, dtype: PolarsType) -> list[Any]:
        found = [row.get(name) for row in rows]
        is_json = source.nested_as_json and dtype == pl.String
        stray = None if is_json else next((i for i, one in enumerate(found) if not _nests(one, dtype)), None)
        if stray is not None:
            raise _misfit(source, f"{unit.name} holds {_shown(found[stray])} in row {at[stray]} of", name, dtype)
        try:
            return list(map(_text, found)) if dtype == pl.String else found
        except orjson.JSONEncodeError as error:
            raise CrossthinkError(
                f"source {source.name!r}: {unit.name} holds a value in rows {at[0]} to {at[-1]} of column {name!r} "
                f"that no JSON can be made of ({error}): mend the file"
            ) from error

    columns = source.all_columns
    data = {name: values(name, dtype) for name, dtype in columns.items()}
    return pl.DataFrame(data, schema=columns, strict=False)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _nests(value: Any, dtype: PolarsType) -> bool:
    """Whether a value of JSON is a list, an object or neither as its column wants, to the bottom; null is any."""
    if value is None:
        return True
    if isinstance(dtype, pl.List):
        return isinstance(value, list) and all(_nests(one, dtype.inner) for one in value)
    if isinstance(dtype, pl.Struct):
        return isinstance(value, dict) and all(_nests(value.get(one.name), one.dtype) for one in dtype.fields)
    return not isinstance(value, list | dict)


def _nest_alike(found: PolarsType, wanted: PolarsType) -> bool:
    """As `_nests`, of the type of a parquet file's column."""
    if isinstance(found, pl.Null):
        return True
    if isinstance(wanted, pl.List):
        return isinstance(found, pl.List | pl.Array) and _nest_alike(found.inner, wanted.inner)
    if isinstance(wanted, pl.Struct):
        there = dict(found) if isinstance(found, pl.Struct) else None
        return there is not None and all(
            _nest_alike(there.get(one.name, pl.Null()), one.dtype) for one in wanted.fields
        )
    return not found.is_nested()


def _check_nesting(source: Source, name: str, schema: pa.Schema) -> None:
    for column, dtype in source.all_columns.items():
        if column not in schema.names:
            continue
        if schema.names.count(column) > 1:
            raise CrossthinkError(f"source {source.name!r}: {name} has two columns {column!r}: rename one")
        found = polars_type(schema.field(column).type)
        if found is None:
            raise _misfit(source, f"{name} holds {schema.field(column).type} in", column, dtype)
        if not (source.nested_as_json and dtype == pl.String) and not _nest_alike(found, dtype):
            raise _misfit(source, f"{name} holds {found} in", column, dtype)


def polars_type(found: pa.DataType) -> PolarsType | None:
    """What polars makes of a type of arrow; None where it has none."""
    if _is_wide(found):  # polars panics
        return None
    try:
        return pl.Series(pa.array([], found)).dtype
    except pl.exceptions.PolarsError:
        return None


def _is_wide(found: pa.DataType) -> bool:
    """Whether a decimal of more than 38 digits is in it."""
    return pa.types.is_decimal256(found) or any(_is_wide(found.field(i).type) for i in range(found.num_fields))


def _shown(value: Any) -> str:
    """The beginning of a value, which may be nested as deep as its file says."""
    return reprlib.repr(value)[:40]


def _misfit(source: Source, held: str, column: str, dtype: PolarsType) -> CrossthinkError:
    return CrossthinkError(
        f"source {source.name!r}: {held} column {column!r}, where {dtype} is wanted: mend the file, or map another "
        "column"
    )


def _is_whole(path: Path) -> bool:
    """Whether a file is read as one piece: TSV, CSV, or a JSON array."""
    if path.suffix != ".json":
        return path.suffix in SEPARATORS
    with path.open("rb") as handle:
        return handle.read(64).lstrip()[:1] == b"["


def _load_whole(source: str, path: Path, name: str) -> list[dict[str, Any]]:
    try:
        if path.suffix in SEPARATORS:
            return pl.read_csv(path, separator=SEPARATORS[path.suffix], infer_schema=False).to_dicts()
        rows = orjson.loads(path.read_bytes())
    except (pl.exceptions.PolarsError, OSError) as error:  # of what begins as gzip does, it unpacks what it can
        kind = path.suffix[1:].upper()
        raise CrossthinkError(f"source {source!r}: {name} is not whole {kind} ({error}); download it again") from error
    except orjson.JSONDecodeError as error:
        raise CrossthinkError(f"source {source!r}: {name} is not whole JSON ({error}); download it again") from error
    for at, row in enumerate(rows):
        if not isinstance(row, dict | list):
            raise CrossthinkError(f"source {source!r}: {name} holds {_shown(row)} as row {at}, not an object; mend it")
    # a row given as a list is read by position: columns "0", "1", ...
    return [row if isinstance(row, dict) else {str(i): value for i, value in enumerate(row)} for row in rows]


def _read_whole(unit: Unit, source: Source) -> Iterator[RawFrame]:
    rows = _load_whole(unit.source, unit.path, unit.name)[: unit.rows]
    for start in range(0, len(rows), BATCH_ROWS):
        part = rows[start : start + BATCH_ROWS]
        at = range(start, start + len(part))
        yield RawFrame(_frame(part, at, unit, source), pl.Series(at, dtype=pl.Int64), [])


def check_columns(source: Source, name: str, found: Collection[str]) -> None:
    """Raises CrossthinkError where a column that the source needs is not among those found."""
    missing = [column for column in source.columns if column not in found]
    if missing:
        where = f"{source.repo}@{source.revision}" if source.repo else "local files"
        raise CrossthinkError(
            f"source {source.name!r} ({where}): {name} has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(sorted(found))}. Pin a revision that has it, or map the columns in the recipe"
        )
