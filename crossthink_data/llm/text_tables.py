"""Documents out of parquet, JSON lines or a JSON array, packed by gzip or zstd or not, by the reader of sources."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.found import Found
from crossthink_data.row_files import MAX_LINE
from crossthink_data.sources.base import UNKNOWN_LICENSE, Source
from crossthink_data.sources.raw import BOM, plan_units, read_unit

MAX_UNPACKED = 16 << 30  # bytes of one file; a shard of a large corpus has about one GiB
PACKED = (".gz", ".zst")
_CHUNK = 1 << 20
_OTHERS = ("id", "url", "license")  # read where they are there


def table_rows(path: Path, sha256: str, text: str) -> Iterator[Found]:
    """A document a row, from the column `text`; one that does not parse has the reason `unreadable`.

    A row without an id is named by its file and its place there. Raises CrossthinkError for a damaged file and for one
    without the column.
    """
    with _unpacked(path) as plain:
        _check_column(plain, path.name, text)
        source = _source(path.name, text)
        for unit in plan_units(source, plain, path.name, 0):
            for raw in read_unit(unit, source):
                yield from _rows(raw.frame, raw.at, text, f"{path.name}@{sha256[:8]}")
                for at, _ in raw.bad:
                    yield Found(f"{path.name}@{sha256[:8]}:{at}", "", reason="unreadable")


def _rows(frame: pl.DataFrame, at: pl.Series, text: str, file: str) -> Iterator[Found]:
    for place, row in zip(at, frame.iter_rows(named=True), strict=True):
        yield Found(row["id"] or f"{file}:{place}", row[text] or "", row["url"], row["license"])


def _source(name: str, text: str) -> Source:
    return Source(
        name=name,
        category="gpr",
        question_type="open",
        domain="general",
        license=UNKNOWN_LICENSE,
        attribution="",
        to_rows=lambda frame: frame,
        columns={text: pl.String},
        optional={name: pl.String for name in _OTHERS if name != text},
    )


def _check_column(path: Path, name: str, text: str) -> None:
    columns = _parquet_columns(path, name) if path.suffix == ".parquet" else _json_columns(path)
    if columns is not None and text not in columns:
        raise CrossthinkError(
            f"{name} has no column {text!r}; it has {', '.join(sorted(columns))}: name the one that holds the text"
        )


def _parquet_columns(path: Path, name: str) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CrossthinkError(
            f"{name} is not a whole parquet file ({error}); delete it and download it again"
        ) from error


def _json_columns(path: Path) -> list[str] | None:
    """The keys of the first line that is an object; None where none of them is, as in an array."""
    with path.open("rb") as handle:
        for line in handle:
            try:
                row = orjson.loads(line.removeprefix(BOM))
            except orjson.JSONDecodeError:
                continue
            if isinstance(row, dict):
                return list(row)
    return None


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The file itself, or what is packed in it in a temporary place."""
    if path.suffix not in PACKED:
        yield path
        return
    with TemporaryDirectory() as folder:
        plain = Path(folder) / path.with_suffix("").name
        try:
            with _stream(path) as packed, plain.open("wb") as out:
                _copy(packed, out, path)
        except (EOFError, OSError, zlib.error, pa.ArrowInvalid) as error:
            raise CrossthinkError(
                f"{path} cannot be unpacked ({error}): make space if the disk is full, else download it again"
            ) from error
        yield plain


def _stream(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else pa.input_stream(str(path), compression="zstd")  # type: ignore[return-value]


def _copy(packed: IO[bytes], out: IO[bytes], path: Path) -> None:
    size = line = 0
    while chunk := packed.read(_CHUNK):
        size += len(chunk)
        line = len(chunk) - chunk.rfind(b"\n") - 1 if b"\n" in chunk else line + len(chunk)
        if size > MAX_UNPACKED or line > MAX_LINE:
            raise CrossthinkError(
                f"{path} unpacks to more than {MAX_UNPACKED:,} bytes, or to a line of more than {MAX_LINE:,}: cut it "
                "into smaller files of JSON lines"
            )
        out.write(chunk)
