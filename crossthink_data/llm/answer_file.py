"""The file that answers are kept in: SQLite, made aside, checked when it is opened, and never read past damage."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from crossthink_data.errors import CrossthinkError

TABLE = """CREATE TABLE request_cache (
    doc_id TEXT NOT NULL, payload_hash TEXT NOT NULL, result BLOB, error_message TEXT, sum TEXT NOT NULL,
    PRIMARY KEY (doc_id, payload_hash)
)"""  # datatrove's, without the columns for chunks and several rollouts a row, and with a checksum
SELECT = "SELECT doc_id, payload_hash, result, error_message, sum FROM request_cache"
# Of SQLite's write-ahead log (sqlite.org/fileformat2.html#walformat), in bytes: the header and its salts, then frames,
# each a header with the number of pages after a commit (0 within one) and the log's salts, and a page.
WAL_HEADER, WAL_PAGE, WAL_SALTS = 32, slice(8, 12), slice(16, 24)
INDEX_FRAMES = slice(16, 20)  # of its index (sqlite.org/walformat.html), in the machine's own order of bytes
FRAME_HEADER, FRAME_COMMIT, FRAME_SALTS = 24, slice(4, 8), slice(8, 16)


def open_file(path: Path, write: bool = True) -> sqlite3.Connection:
    """The file at `path`, made where it is new; every statement is a transaction of its own.

    Write-ahead: what is committed outlives this process, and costs no wait for the disk. Raises CrossthinkError where
    the file is damaged, or cannot be written.
    """
    log = path.with_name(f"{path.name}-wal")
    if not path.exists():
        if log.exists():
            raise damaged(path, f"it is gone, and only its log {log.name} is there")
        _make(path)
    left = _commits(path, log)
    if left and _readable(path, log) < left:
        raise damaged(path, f"its log {log.name} has answers after a damaged place")
    # what a killed run left in the log is read by writing it into the file
    with kept(path), ExitStack() as unless_open:
        file = unless_open.enter_context(closing(_connect(path, "rw" if write or left else "ro")))
        _check(path, file)
        if write:
            file.execute("PRAGMA journal_mode=WAL")
            file.execute("PRAGMA synchronous=NORMAL")
        unless_open.pop_all()
    return file


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """SQLite's errors in here as CrossthinkErrors: a full disk and the like can be mended, damage not always."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such" in str(error):  # table or column
            raise damaged(path, str(error)) from error
        raise CrossthinkError(
            f"{path}: answers cannot be kept ({error}): make space, or the folder writable, then run the same command "
            "again to resume; what was kept is not asked again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> CrossthinkError:
    """The error for a file that does not hold what was written."""
    return CrossthinkError(
        f"{path} is damaged ({why}): put back a copy of it, or delete it and what lies beside it under this name to "
        "ask, and pay, for all of it again"
    )


def _make(path: Path) -> None:
    """A file with an empty table, made aside: one that is there without it was damaged."""
    aside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
    except OSError as error:
        raise CrossthinkError(f"{path}: cannot be made ({error}): make the folder writable") from error
    with kept(path), closing(sqlite3.connect(aside)) as file:
        file.execute(TABLE)
    aside.rename(path)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


def _check(path: Path, file: sqlite3.Connection) -> None:
    """Raises CrossthinkError where pages are damaged."""
    found = file.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise damaged(path, found.splitlines()[-1])
    file.execute(f"{SELECT} LIMIT 1").fetchone()


def _readable(path: Path, log: Path) -> int:
    """The log's frames that SQLite can read, which it says in the log's index.

    Read-only: a connection that may write would end with a checkpoint, and the damaged log would be gone.
    """
    index = log.with_name(log.name.replace("-wal", "-shm"))
    with kept(path), closing(_connect(path, "ro")) as file:
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return int.from_bytes(index.read_bytes()[INDEX_FRAMES], sys.byteorder)


def _commits(path: Path, log: Path) -> int:
    """The log's frames up to its last commit, damaged ones among them: SQLite itself stops at the first such."""
    if not log.exists() or log.stat().st_size == 0:
        return 0
    with log.open("rb") as file:
        header = file.read(WAL_HEADER)
        page = int.from_bytes(header[WAL_PAGE], "big")
        if not 512 <= page <= 65536:
            raise damaged(path, f"its log {log.name} has no whole header")
        last = 0
        for number, frame in enumerate(iter(lambda: file.read(FRAME_HEADER + page), b""), start=1):
            whole = len(frame) == FRAME_HEADER + page and frame[FRAME_SALTS] == header[WAL_SALTS]
            last = number if whole and any(frame[FRAME_COMMIT]) else last
    return last
