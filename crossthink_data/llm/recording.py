"""Every answer as it came, kept before it is used: what was answered once is never asked, or paid for, again.

datatrove's request cache writes behind, only warns where it cannot write, and is deleted at the end. Here an answer is
on disk before its row sees it, and the file stays, for it is what the rows follow from. SQLite is called from the
event loop's own thread: a commit takes some 30 µs, less than the way to another thread, and nothing can come between
an answer and its being kept, not even a cancelled row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from datatrove.pipeline.inference.checkpointing import RequestCache

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.answer_file import SELECT, damaged, kept, open_file
from crossthink_data.llm.request import is_too_long

FILE = Path("00000", "replay.sqlite3")  # where datatrove has it for the one rank that there is
Answer = dict[str, Any]  # with the columns of `responses`, but for the member


class Recording(RequestCache):  # type: ignore[misc]
    """Answers by row and request, in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.path = folder / FILE
        self.replayed = 0
        self.begun = False  # whether anything was ever answered
        self._refused: dict[tuple[str, str], str] = {}  # not yet written
        self._file: sqlite3.Connection | None = None

    async def initialize(self, rank: int) -> None:
        """Opens the file. Raises CrossthinkError where it is damaged or cannot be written."""
        self._file = open_file(self.path)
        with kept(self.path):
            query = "SELECT EXISTS (SELECT 1 FROM request_cache WHERE result IS NOT NULL)"
            self.begun = bool(self._file.execute(query).fetchone()[0])

    async def get_cached_response(
        self,
        doc_id: str,
        rollout_idx: int,
        *,
        payload_hash: str,
    ) -> tuple[dict[str, Any] | None, str | None]:
        """What was answered, or why it never will be; both None where it must be asked."""
        with kept(self.path):
            found = self._open().execute(f"{SELECT} WHERE doc_id = ? AND payload_hash = ?", (doc_id, payload_hash))
            row = found.fetchone()
        if row is None:
            return None, None
        self.replayed += 1
        return _said(self.path, *row), row[3]

    async def store_result(
        self,
        chunk_index: int,
        doc_id: str,
        rollout_idx: int,
        result: dict[str, Any],
        *,
        payload_hash: str,
    ) -> None:
        """Writes an answer; it is on disk when this returns."""
        self._store(doc_id, payload_hash, orjson.dumps(result), None)
        self.begun = True
        self._store_refused()

    async def store_error(
        self,
        chunk_index: int,
        doc_id: str,
        rollout_idx: int,
        error_message: str,
        *,
        payload_hash: str,
    ) -> None:
        """Writes that the server will never take this request.

        Where it has taken none so far, that may be the fault of them all, and is written when one was answered.
        """
        if self.begun or is_too_long(error_message):
            self._store(doc_id, payload_hash, None, error_message)
        else:
            self._refused[doc_id, payload_hash] = error_message

    async def mark_document_complete(self, doc_id: str) -> None:
        """Nothing to do: what a row was answered stays."""

    async def close(self, delete_file: bool = False) -> None:
        """Closes the file, which stays, whole and by itself; `delete_file` means that every row is done."""
        if self._file is None:
            return
        if delete_file:
            self._store_refused()
        file, self._file = self._file, None
        with closing(file), kept(self.path):
            file.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log beside it would be left behind by a copy

    def _store_refused(self) -> None:
        while self._refused:
            key, said = self._refused.popitem()
            self._store(*key, None, said)

    def _store(self, doc_id: str, request: str, answer: bytes | None, error: str | None) -> None:
        row = (doc_id, request, answer, error, _sum(doc_id, request, answer, error))
        with kept(self.path):
            self._open().execute("INSERT INTO request_cache VALUES (?, ?, ?, ?, ?)", row)

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            raise RuntimeError(f"{self.path} is not open")
        return self._file


def recorded(path: Path) -> Iterator[Answer]:
    """Every answer in a recording's file, in the order of row and request. Raises CrossthinkError for damage."""
    if not path.exists():
        raise CrossthinkError(f"{path} is not there: no model was asked here; run the stage first")
    with closing(open_file(path, write=False)) as file, kept(path):
        for row in file.execute(f"{SELECT} ORDER BY doc_id, payload_hash"):
            yield _answer(path, *row)


def _answer(path: Path, id_: str, request: str, answer: bytes | None, error: str | None, sum_: str) -> Answer:
    said = _said(path, id_, request, answer, error, sum_) or {}
    usage = said.get("usage") or {}
    texts = {name: said.get(name) for name in ("text", "reasoning", "finish_reason")}
    counts = {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")}
    return {"id": id_, "request": request, **texts, **counts, "error": error}


def _said(
    path: Path, id_: str, request: str, answer: bytes | None, error: str | None, sum_: str
) -> dict[str, Any] | None:
    """The answer, which must be as it was written: SQLite sees damage to its pages, but not to the texts in them."""
    if sum_ != _sum(id_, request, answer, error):
        raise damaged(path, f"the answer of row {id_} is not what was written")
    said: dict[str, Any] | None = orjson.loads(answer) if answer is not None else None
    return said


def _sum(id_: str, request: str, answer: bytes | None, error: str | None) -> str:
    parts = (id_.encode(), request.encode(), answer or b"", (error or "").encode())
    return blake2b(b"\x1f".join(parts), digest_size=8).hexdigest()
