"""Files of rows to grade: JSON lines or parquet, read and written in batches, so that memory holds a batch.

A row keeps its columns: those of JSON lines may differ from line to line, those of parquet keep their types.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.bounded_parquet import bounded_batches
from crossthink_data.errors import CrossthinkError

BATCH_ROWS = 4_096
BATCH_BYTES = 256 << 20  # of lines; a batch ends sooner where its rows are long
MAX_LINE = 256 << 20  # bytes; a line is read as one piece
LINE_SUFFIXES = (".jsonl", ".ndjson", ".json")  # each also with .gz after it

Row = dict[str, Any]
Write = Callable[["Batch", list[Row]], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that stand one after another in a file, and their numbers in it (lines or rows, from 1).

    Of parquet, `rows` has the columns asked for and `table` has what the file has.
    """

    rows: list[Row]
    numbers: Sequence[int]
    table: pa.Table | None = None


def check_suffix(path: Path) -> None:
    """Raises CrossthinkError where the name says nothing of the format."""
    if not _is_parquet(path) and Path(path.name.removesuffix(".gz")).suffix not in LINE_SUFFIXES:
        known = ", ".join((*LINE_SUFFIXES, ".parquet"))
        raise CrossthinkError(f"{path} is none of {known}, nor JSON lines with .gz after that: convert or rename it")


def read_batches(path: Path, needed: Sequence[str], optional: Sequence[str]) -> Iterator[Batch]:
    """The rows of a file; blank lines are none. Raises CrossthinkError where a needed column is missing."""
    return _parquet_batches(path, needed, optional) if _is_parquet(path) else _line_batches(path, needed)


def row_writer(path: Path, out: Path | None, added: Sequence[str]) -> AbstractContextManager[Write]:
    """Writes batches of `path` to `out` with `added` text columns, aside first, renamed at the end; None: nowhere.

    A column that is there already is replaced.
    """
    if out is None:
        return nullcontext(lambda batch, more: None)
    return _parquet_writer(path, out, added) if _is_parquet(out) else _line_writer(path, out)


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _check_columns(where: str, found: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in found]
    if len(set(found)) < len(found):
        raise CrossthinkError(f"{where} has two columns of one name (of {', '.join(found)}): rename one")
    if missing:
        raise CrossthinkError(
            f"{where} has no column {' and no '.join(map(repr, missing))} (it has {', '.join(found) or 'none'}): "
            f"name the columns {', '.join(needed)}"
        )


# ---- parquet


def _parquet_batches(path: Path, needed: Sequence[str], optional: Sequence[str]) -> Iterator[Batch]:
    at = 1
    try:
        meta = pq.read_metadata(path)
        names = meta.schema.to_arrow_schema().names
        _check_columns(str(path), names, needed)
        wanted = [name for name in (*needed, *optional) if name in names]
        for table in bounded_batches(path, str(path), BATCH_ROWS):
            yield Batch(_rows(path, table.select(wanted)), range(at, at + len(table)), table)
            at += len(table)
        fewer = meta.num_rows - (at - 1)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _not_whole(path, error) from error
    if fewer:
        raise _not_whole(path, f"{fewer} rows fewer than its index says")


def _not_whole(path: Path, why: object) -> CrossthinkError:
    return CrossthinkError(f"{path} is no whole parquet file ({why}): write it again")


def _rows(path: Path, table: pa.Table) -> list[Row]:
    """The table's rows as plain values; some of arrow's have none, such as the year 10000."""
    try:
        return table.to_pylist()  # type: ignore[no-any-return]
    except (LookupError, OverflowError, ValueError) as error:
        raise CrossthinkError(f"{path} holds a value that cannot be read ({error!r}): leave its column out") from error


@contextmanager
def _parquet_writer(path: Path, out: Path, added: Sequence[str]) -> Iterator[Write]:
    found = _parquet_schema(path) if _is_parquet(path) else _line_schema(path)
    kept = pa.schema([field for field in found if field.name not in added])
    more = pa.schema([(name, pa.string()) for name in added])
    schema = pa.schema([*kept, *more])

    def write(batch: Batch, rows: list[Row]) -> None:
        old = batch.table.select(kept.names) if batch.table is not None else _table(path, batch.rows, kept)
        new = _table(path, rows, more)
        writer.write_table(pa.table([*old.columns, *new.columns], schema=schema))

    try:
        with _aside(out) as aside, pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            yield write
    except pa.ArrowException as error:  # an object without keys has no form in parquet
        raise _unequal(path, error) from error


def _parquet_schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path).remove_metadata()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _not_whole(path, error) from error


def _line_schema(path: Path) -> pa.Schema:
    """The columns of JSON lines. A column's type must hold in all rows, so the whole file is looked at."""
    schemas = [_table(path, batch.rows).schema for batch in _line_batches(path, ())]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive") if schemas else pa.schema([])
    except pa.ArrowException as error:
        raise _unequal(path, error) from error


def _table(path: Path, rows: list[Row], schema: pa.Schema | None = None) -> pa.Table:
    try:
        columns = pa.array(rows, None if schema is None else pa.struct(list(schema)))
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise _unequal(path, error) from error
    return pa.table(columns.flatten(), schema=pa.schema(list(columns.type)))


def _unequal(path: Path, error: Exception) -> CrossthinkError:
    return CrossthinkError(f"the rows of {path} fit no parquet file ({error}): write JSON lines (--out NAME.jsonl)")


# ---- JSON lines


def _line_batches(path: Path, needed: Sequence[str]) -> Iterator[Batch]:
    rows: list[Row] = []
    numbers: list[int] = []
    size = 0
    for number, line in _lines(path):
        rows.append(_parse(f"{path}, line {number}", line, needed))
        numbers.append(number)
        size += len(line)
        if len(rows) == BATCH_ROWS or size > BATCH_BYTES:
            yield Batch(rows, numbers)
            rows, numbers, size = [], [], 0
    if rows:
        yield Batch(rows, numbers)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with _open(path, "rb", path) as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1):
                if len(line) > MAX_LINE:
                    raise CrossthinkError(
                        f"{path} has a line of more than {MAX_LINE:,} bytes: cut it into smaller ones"
                    )
                if line.strip():
                    yield number, line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CrossthinkError(f"{path} is no whole gzip file ({error}): write it again") from error


def _parse(where: str, line: bytes, needed: Sequence[str]) -> Row:
    """One line as an object, by the parser that takes the lone surrogates of a model's text."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CrossthinkError(f"{where} is not JSON ({error}): write one object a line") from error
    if not isinstance(row, dict):
        raise CrossthinkError(f"{where} is a {type(row).__name__}, not an object: write one object a line")
    _check_columns(where, list(row), needed)
    return row


@contextmanager
def _line_writer(path: Path, out: Path) -> Iterator[Write]:
    def write(batch: Batch, rows: list[Row]) -> None:
        old = batch.rows if batch.table is None else _rows(path, batch.table)
        file.writelines(_line(row | new) for row, new in zip(old, rows, strict=True))

    with _aside(out) as aside, _open(aside, "wb", out) as file:
        yield write


def _line(row: Row) -> bytes:
    try:
        return f"{json.dumps(row, ensure_ascii=False, default=str)}\n".encode()
    except UnicodeEncodeError:  # a lone surrogate has no bytes; JSON can still spell it
        return f"{json.dumps(row, default=str)}\n".encode()


def _open(path: Path, mode: str, name: Path) -> IO[bytes]:
    """A file of bytes, packed where its `name` says so."""
    return cast(IO[bytes], gzip.open(path, mode) if name.suffix == ".gz" else path.open(mode))


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """Where to write; it becomes `out` when all is written, and is gone after an error."""
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f"{out.name}.tmp")
    try:
        yield aside
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
