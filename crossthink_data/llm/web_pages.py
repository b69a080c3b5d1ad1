"""The pages of a web archive (WARC, or WET with its texts), by datatrove's reader of records and its Trafilatura.

An archive is not trusted. It is unpacked as a stream that refuses to go on past MAX_HEADERS bytes of one record's
headers and MAX_SKIPPED bytes of its content, or past MAX_TOTAL bytes and MAX_RECORDS records; of a page no more than
MAX_PAGE bytes are read, packed or unpacked, whatever it says of its own length or encoding; and pages are taken apart
in a process of their own, which may hang or die. That process must not remember pages (Trafilatura's own deduplication
does): what is taken from one would depend on those before it.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loguru import logger

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.found import Found, optional_packages

MAX_PAGE = 16 << 20  # bytes; Trafilatura reads no more than 20 million
MAX_HEADERS = 4 << 20
MAX_SKIPPED = 4 << 30  # bytes of one record that are passed over, such as a film
EXTRACT_S = 60.0  # of one page, which takes milliseconds: a clock may only ever catch what hangs
MAX_TOTAL = 64 << 30  # bytes of an archive, which is mostly cut at about one GiB, packed
MAX_RECORDS = 2_000_000  # the names of all pages are remembered: some 200 bytes each
MAX_ID = 1_000  # characters of a record's name, which is mostly a UUID
_READ = 1 << 16
_ENCODINGS = ("gzip", "deflate")  # of a page; brotli could make gigabytes of a single block
_KINDS = ("response", "conversion")  # pages, and texts of pages


def web_pages(path: Path) -> Iterator[Found]:
    """The pages of the archive in its order; requests, metadata and the like are no documents.

    Reasons: `http_error` (the server did not give the page), `not_text` (no HTML, or in no encoding that is known),
    `too_large`, `damaged_record`, `extraction_timeout`, `extraction_died`.

    Raises CrossthinkError for an archive that is damaged, cut off, too large, or no archive at all.
    """
    with optional_packages("reading a web archive"):
        import cchardet  # noqa: F401 - datatrove imports it late
        import magic  # noqa: F401 - so too
        import trafilatura  # noqa: F401 - so too
        import warcio  # noqa: F401 - imported below
        from datatrove.pipeline.extractors.base import ExtractorSandbox
        from datatrove.pipeline.extractors.trafilatura import Trafilatura
    extractor = Trafilatura(timeout=EXTRACT_S, deduplicate=False)
    with quiet("datatrove"), ExtractorSandbox(EXTRACT_S) as sandbox:
        for found, is_page in _records(path):
            if found.reason is None and is_page:
                yield _extracted(found, sandbox, extractor)
            else:
                yield found


@contextmanager
def quiet(package: str) -> Iterator[None]:
    """Without the package's log, which tells of processes that have ended."""
    logger.disable(package)
    try:
        yield
    finally:
        logger.enable(package)


def _extracted(found: Found, sandbox: Any, extractor: Any) -> Found:
    try:
        text = sandbox.process_document(found.text, extractor.extract)
    except TimeoutError:
        return Found(found.id, "", found.url, reason="extraction_timeout")
    except EOFError:
        return Found(found.id, "", found.url, reason="extraction_died")
    return Found(found.id, text or "", found.url)


def _records(path: Path) -> Iterator[tuple[Found, bool]]:
    """Every page as HTML or text, and whether it is HTML."""
    with gzip.open(path) if _is_packed(path) else path.open("rb") as unpacked:
        stream = _Limited(unpacked, path)
        for record in _parsed(stream):
            if record.rec_type in _KINDS:
                yield _page(record, f"{path.name}#{stream.records}"), record.rec_type == "response"


def _is_packed(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


class _Limited:
    """An archive's bytes, of which it gives no more at a time than was allowed; `records` that were begun."""

    def __init__(self, unpacked: Any, path: Path) -> None:
        self.records = 0
        self._unpacked = unpacked
        self._path = path
        self._given = self._end = 0

    def read(self, size: int = _READ) -> bytes:
        try:
            data: bytes = self._unpacked.read(size)
        except (EOFError, OSError, zlib.error) as error:  # what gzip says of a stream that is cut or damaged
            raise self.broken(error) from error
        self._given += len(data)
        if self._given > self._end:
            raise self.broken(f"more than {MAX_HEADERS:,} bytes of headers or {MAX_SKIPPED:,} of content")
        if self._given > MAX_TOTAL:
            raise self._too_large(f"{MAX_TOTAL:,} bytes")
        return data

    def next_record(self) -> None:
        self.records += 1
        if self.records > MAX_RECORDS:
            raise self._too_large(f"{MAX_RECORDS:,} records")

    def tell(self) -> int:
        return self._given

    def allow(self, size: int) -> None:
        self._end = self._given + size

    def _too_large(self, limit: str) -> CrossthinkError:
        return CrossthinkError(f"{self._path} holds more than {limit}: cut it into several archives")

    def broken(self, why: object) -> CrossthinkError:
        return CrossthinkError(
            f"{self._path} is not a whole web archive (after record {self.records}: {' '.join(str(why).split())}): "
            "delete it and download it again"
        )


def _parsed(stream: _Limited) -> Iterator[Any]:
    """warcio's records, each read to its end."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.statusandheaders import StatusAndHeadersParserException

    records = ArchiveIterator(stream)
    records.reader.set_decomp(None)  # it is unpacked already, and within bounds
    # The last three are warcio's for a header that is missing, is no number, or is too large a one.
    damage = (ArchiveLoadFailed, StatusAndHeadersParserException, AttributeError, ValueError, OverflowError)
    while True:
        stream.allow(MAX_HEADERS)
        try:
            record = next(records, None)
        except damage as error:
            raise stream.broken(error) from error
        if record is None:
            break
        if record.format != "warc":  # almost any line of text is one of the older format
            raise stream.broken("what follows is no WARC record")
        stream.next_record()
        stream.allow(MAX_SKIPPED)
        yield record
        while record.raw_stream.read(_READ):
            pass
        if getattr(record.raw_stream, "limit", 0):  # bytes that the record's header promised
            raise stream.broken("it breaks off")
    if not stream.records:
        raise stream.broken("it holds none")


def _page(record: Any, fallback_id: str) -> Found:
    from datatrove.pipeline.readers.warc import process_record

    id_ = (record.rec_headers.get_header("WARC-Record-ID") or fallback_id).strip("<>")
    url = record.rec_headers.get_header("WARC-Target-URI")
    status = record.http_headers.get_statuscode() if record.http_headers else "200"
    if status != "200":
        return Found(id_, "", url, reason="http_error")
    if len(id_) > MAX_ID:
        return Found(fallback_id, "", url, reason="damaged_record")
    bounded = _Bounded(record)
    try:
        page = process_record(bounded)
    except KeyError:  # a header that every record has
        return Found(id_, "", url, reason="damaged_record")
    if bounded.too_large:
        return Found(id_, "", url, reason="too_large")
    return Found(id_, page["text"], page["url"]) if page else Found(id_, "", url, reason="not_text")


class _Bounded:
    """A record as datatrove reads it, of which it gets no more than MAX_PAGE bytes."""

    def __init__(self, record: Any) -> None:
        self.rec_type = record.rec_type
        self.rec_headers = record.rec_headers
        self.too_large = False
        self._record = record

    def content_stream(self) -> _Bounded:
        return self

    def read(self) -> bytes:
        content = _content(self._record)
        self.too_large = len(content) > MAX_PAGE
        return content[:MAX_PAGE]


def _content(record: Any) -> bytes:
    """What a record holds, unpacked; where that is too much, MAX_PAGE bytes and one more.

    By itself warcio reads and unpacks a chunk of the transfer whole, and one may say that it has two GiB.
    """
    from warcio.bufferedreaders import BufferedReader, ChunkedDataReader

    packed: bytes = record.raw_stream.read(MAX_PAGE + 1)
    headers = record.http_headers
    if headers is None or len(packed) > MAX_PAGE:
        return packed
    if headers.get_header("transfer-encoding") == "chunked":
        packed = ChunkedDataReader(io.BytesIO(packed)).read()
    encoding = (headers.get_header("content-encoding") or "").lower()
    if encoding not in _ENCODINGS:
        return packed
    unpacked: bytes = BufferedReader(io.BytesIO(packed), decomp_type=encoding).read(MAX_PAGE + 1)
    return unpacked
