"""Parquet read in batches of a bounded size, whatever its values turn out to be.

A file of some kilobytes can hold one value of a gigabyte, or name one large value of a dictionary in every row. What
its index says of sizes is not believed: the headers of the pages are looked at, which is what is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crossthink_data.errors import CrossthinkError

MAX_PAGE = 512 << 20  # bytes, unpacked, as it is decoded: a page is about 1 MiB, or of whole books 1,024 of them
MAX_VALUES = 1 << 27  # of a column in a row group: the lists of one row may be all of them
MAX_STEP = 256 << 20  # bytes that are decoded at once, but for one row; a batch ends there too
MAX_LISTS = 1 << 30  # bytes in as many rows as LISTS_AT_ONCE
LISTS_AT_ONCE = 64  # rows, where a column's lists of a dictionary's values may come to more than a step
_HEADER = 16 << 10  # bytes to look for a page's header in; with long statistics it has more
_LONGEST_HEADER = 16 << 20  # pyarrow's own limit
_TEXT = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")  # columns whose values can be of any size
_PLAIN = 0
_IN_FULL = (_PLAIN, 6)  # encodings of which a page holds every value in full
_NAMED = (2, 8)  # encodings that name the values of the dictionary; with others one value may repeat the one before
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3  # kinds of pages
_DEPTH = 8  # of a header


@dataclass(frozen=True, slots=True)
class _Page:
    values: int
    size: int  # unpacked
    encoding: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What the pages of a column in a row group can come to."""

    pages: list[_Page]
    longest: int  # value of the dictionary

    def bytes(self, rows: int) -> int:
        """The most bytes of so many values that follow one another."""
        values, own = np.array([(page.values, _own_bytes(page, rows)) for page in self.pages], np.int64).T
        ends, sums = np.cumsum(values), np.cumsum(own)
        first = np.searchsorted(ends, ends - values - rows + 1, side="right")  # page, where the last one begins
        is_named = any(page.encoding in _NAMED for page in self.pages)
        return int((sums - sums[first] + own[first]).max()) + is_named * rows * self.longest

    @property
    def in_lists(self) -> int:
        """The bytes of all values, where none repeats a part of the one before."""
        return sum(page.values * self.longest if page.encoding in _NAMED else page.size for page in self.pages)

    @property
    def may_stay_named(self) -> bool:
        """Whether pyarrow reads the column as a dictionary."""
        return all(page.encoding in (_PLAIN, *_NAMED) for page in self.pages)


def _own_bytes(page: _Page, rows: int) -> int:
    """What a page's values take without those of the dictionary."""
    if page.encoding in _NAMED:
        return 0
    return page.size if page.encoding in _IN_FULL else min(rows, page.values) * page.size


def bounded_batches(
    path: Path, name: str, rows: int, groups: Sequence[int] | None = None, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Rows of a file's row groups in order, at most so many at a time; all groups and columns where none are named.

    Raises CrossthinkError past a limit, an ArrowException or OSError where the file is damaged.
    """
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in _steps(path, name, rows, groups, columns):
        more = _written_out(batch)
        if held and (size + more > MAX_STEP or sum(map(len, held)) + len(batch) > rows):
            yield pa.Table.from_batches(held)
            held, size = [], 0
        held.append(batch)
        size += more
    if held:
        yield pa.Table.from_batches(held)


def _steps(
    path: Path, name: str, rows: int, groups: Sequence[int] | None, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """Batches of which none has taken more than a step to decode."""
    with pq.ParquetFile(path) as file, path.open("rb") as pages:
        for group in range(file.num_row_groups) if groups is None else groups:
            where = f"{name}, row group {group}"
            step, lists = _plan(file, pages, where, group, rows, columns)
            if not lists:
                yield from file.iter_batches(step, [group], columns)
                continue
            with pq.ParquetFile(path, read_dictionary=lists) as unwritten:
                for batch in unwritten.iter_batches(min(step, LISTS_AT_ONCE), [group], columns):
                    if _written_out(batch) > MAX_LISTS:
                        raise _too_large(where, f"{MAX_LISTS:,} bytes in {len(batch)} rows")
                    yield batch.cast(pa.schema([file.schema_arrow.field(one) for one in batch.schema.names]))


def _plan(
    file: pq.ParquetFile, pages: IO[bytes], where: str, group: int, rows: int, columns: Sequence[str] | None
) -> tuple[int, list[str]]:
    """How many rows to decode at once, and the columns whose lists are to be measured before they are written out."""
    meta = file.metadata.row_group(group)
    flat, lists = [], []
    for i in range(meta.num_columns):
        column = file.schema.column(i)
        if columns is not None and not any(f"{column.path}.".startswith(f"{wanted}.") for wanted in columns):
            continue
        chunk = _read_chunk(pages, where, meta.column(i), column.length)
        if column.physical_type not in _TEXT or not chunk.pages:
            continue
        if not column.max_repetition_level:
            flat.append(chunk)
        elif chunk.may_stay_named and chunk.in_lists > MAX_STEP:
            lists.append(column.path)
        elif chunk.in_lists > MAX_LISTS:
            raise _too_large(where, f"{MAX_LISTS:,} bytes in the lists of column {column.path!r}")
    while rows > 1 and sum(chunk.bytes(rows) for chunk in flat) > MAX_STEP:
        rows //= 2
    return rows, lists


def _too_large(where: str, what: str) -> CrossthinkError:
    return CrossthinkError(f"{where} holds more than {what}: leave its largest rows out and write it again")


# ---- pages


def _read_chunk(file: IO[bytes], where: str, column: Any, length: int) -> _Chunk:
    """Walks the pages' headers as pyarrow does, and looks into the dictionary alone."""
    pages: list[_Page] = []
    longest = values = 0
    at = column.data_page_offset
    if column.has_dictionary_page and 0 < column.dictionary_page_offset < at:
        at = column.dictionary_page_offset
    stop = at + column.total_compressed_size
    while values < column.num_values and at < stop:
        header, begin = _header(file, at)
        kind, size, packed = (_number(header, field) for field in (1, 2, 3))
        if size > MAX_PAGE:
            raise _too_large(where, f"{MAX_PAGE:,} bytes in a page of column {column.path_in_schema!r}")
        if kind == _DICTIONARY and column.physical_type in _TEXT:
            file.seek(at + begin)
            longest = max(longest, length or _longest(file.read(packed), size, column.compression))
        if kind in (_DATA, _DATA_V2):
            fields, encoding = (header.get(5), 2) if kind == _DATA else (header.get(8), 4)
            pages.append(_Page(_number(fields, 1), size, _number(fields, encoding)))
            values += pages[-1].values
        if values > MAX_VALUES:
            raise _too_large(where, f"{MAX_VALUES:,} values in column {column.path_in_schema!r}")
        at += begin + packed
    return _Chunk(pages, longest)


def _number(fields: Any, field: int) -> int:
    value = fields.get(field) if isinstance(fields, dict) else None
    if not isinstance(value, int) or value < 0:
        raise pa.ArrowInvalid("a page's header lacks a size")
    return value


def _longest(packed: bytes, size: int, codec: str) -> int:
    """The length of the longest value of a dictionary's page; that of the page where it cannot be unpacked here."""
    named = "lz4_raw" if codec == "LZ4" else codec.lower()  # the older form of LZ4 is not unpacked here
    try:
        page = packed if codec == "UNCOMPRESSED" else pa.decompress(packed, size, named, asbytes=True)
    except (pa.ArrowException, OSError, ValueError):
        return size
    at = longest = 0
    while at + 4 <= len(page):
        length = int.from_bytes(page[at : at + 4], "little")
        longest, at = max(longest, length), at + 4 + length
    return min(longest, size)


def _header(pages: IO[bytes], at: int) -> tuple[dict[int, Any], int]:
    """The fields of the page's header at this place, by number, and its length."""
    for length in (_HEADER, _LONGEST_HEADER):
        pages.seek(at)
        data = pages.read(length)
        try:
            return _struct(data, 0, 0)
        except IndexError:
            continue
    raise pa.ArrowInvalid(f"no page at byte {at}")


# ---- Thrift's compact protocol, in which the headers are written; IndexError where the bytes end


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[int, Any], int]:
    fields: dict[int, Any] = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _integer(data, at)
        if head & 15 in (1, 2):  # a truth value, which stands in the head
            continue
        fields[number], at = _value(data, at, head & 15, depth)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if depth > _DEPTH:
        raise pa.ArrowInvalid("a page's header is nested too deep")
    if kind in (1, 2, 3):
        return data[at], at + 1
    if kind in (4, 5, 6):
        return _integer(data, at)
    if kind == 7:
        return None, at + 8
    if kind == 8:
        length, at = _unsigned(data, at)
        return None, at + length
    if kind in (9, 10):
        return _list(data, at, depth)
    if kind == 12:
        return _struct(data, at, depth + 1)
    raise pa.ArrowInvalid(f"a page's header has a field of the unknown kind {kind}")


def _list(data: bytes, at: int, depth: int) -> tuple[None, int]:
    size, kind = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = _unsigned(data, at)
    for _ in range(size):
        _, at = _value(data, at, kind, depth + 1)
    return None, at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


# ---- sizes

_TEXT_TYPES = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary),
    pa.types.is_fixed_size_binary,
)


def _written_out(batch: pa.RecordBatch) -> int:
    return sum(map(_bytes, batch.columns))


def _bytes(array: pa.Array) -> int:
    """What an array takes when each value of a dictionary is written out as often as it is named."""
    kind = array.type
    if pa.types.is_dictionary(kind) and any(is_text(kind.value_type) for is_text in _TEXT_TYPES):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        return int(array.indices.nbytes) + (pc.sum(lengths.take(array.indices)).as_py() or 0)
    if not kind.num_fields or not _has_dictionary(kind):
        return int(array.nbytes)
    return sum(map(_bytes, array.flatten() if pa.types.is_struct(kind) else [array.flatten()]))


def _has_dictionary(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) or any(_has_dictionary(kind.field(i).type) for i in range(kind.num_fields))
