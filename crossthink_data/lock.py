"""One build of a run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import text_keys
from crossthink_data.storage import is_local


@contextmanager
def only_build(out: Path, name: str) -> Iterator[None]:
    """Holds the lock of the run `name` in `out`; the system releases it when the process ends, however it ends.

    The lock is a file beside the run, gone when the build is; of a run in an object store, which has no locks, it is
    on this machine and keeps no other one out. Raises CrossthinkError while another process holds it.
    """
    path = _lock_file(out, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not _take(file.fileno()):
            raise CrossthinkError(f"another build of {name} is running in {out}: wait for it, then run this again")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _lock_file(out: Path, name: str) -> Path:
    if is_local(out):
        return out / f".{name}.lock"
    return Path(gettempdir()) / f"crossthink-{os.getuid()}-{text_keys([str(out)])[0]}-{name}.lock"


def _take(file: int) -> bool:
    """Whether the lock is ours; that of a file which its last holder has just deleted keeps nobody out."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file).st_nlink > 0
