"""A parent's hold on one worker process: its start, what passes between the two, and its end."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from crossthink_data.verify.grade import Item
from crossthink_data.verify.verdict import Extraction, Grade, Verdict
from crossthink_data.verify.worker import IDLE, STATE, Said, Sent

WORKER = "crossthink_data.verify.worker"
START_S = 60.0
STDERR_TAIL = 2000
NO_TEXT = 0


class Process:
    """The parent's hold on one process. `chunk` is what it still owes."""

    def __init__(self, deadline_s: float, memory: int) -> None:
        self.chunk: dict[int, None] = {}
        self.ready = False
        self._extraction: tuple[int, Extraction] | None = None  # of the item begun last
        self._born = time.monotonic()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the rest)
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as page:
            page.write(STATE.pack(IDLE, 0.0))
            page.flush()
            self._page = mmap.mmap(page.fileno(), STATE.size)
            self.connection = Connection(ours.detach())
            fds = theirs.fileno(), page.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", WORKER, *map(str, (*fds, deadline_s, memory))],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)},
            )

    def send(self, items: Sequence[Item], chunk: Sequence[int]) -> bool:
        """Gives it a chunk; False: it has ended, perhaps over this very chunk."""
        self.chunk = dict.fromkeys(chunk)  # first: after a Ctrl-C within, it is known to be busy
        try:
            self.connection.send([_flat(index, items[index]) for index in chunk])
        except ConnectionError:
            return False
        return True

    def hear(self, settle: Callable[[int, Grade], None]) -> bool:
        """Takes one message; False: it has ended."""
        try:
            said: list[Said] = self.connection.recv()
        except (EOFError, OSError):
            return False
        self.ready = True
        for index, verdict, fields in said:
            extraction = Extraction(*fields)
            if verdict is None:
                self._extraction = index, extraction
                continue
            del self.chunk[index]
            settle(index, Grade(Verdict(*verdict), extraction))
        return True

    def item(self) -> int | None:
        """The index of the item that it is at."""
        position = int(STATE.unpack_from(self._page)[0])
        return position if position in self.chunk else None

    def overdue(self, deadline_s: float) -> bool:
        """Whether its item, or its start, takes too long."""
        position, begun = STATE.unpack_from(self._page)
        if not self.ready:
            return time.monotonic() - self._born > START_S
        return bool(position != IDLE and time.monotonic() - begun > deadline_s)

    def extraction_of(self, index: int, reason: str) -> Extraction:
        """What is known of an item that it did not finish."""
        if self._extraction and self._extraction[0] == index:
            return self._extraction[1]
        return Extraction(None, reason, False)

    def complaint(self) -> str:
        """The end of what it wrote to stderr."""
        self._stderr.seek(0)
        return self._stderr.read()[-STDERR_TAIL:].decode(errors="replace").strip()

    def close(self) -> None:
        """Closes this process's ends, not the worker's."""
        self.connection.close()
        self._page.close()
        self._stderr.close()


def _flat(index: int, item: Item) -> Sent:
    text = item.completion
    if isinstance(text, str):
        text = str.__str__(text)  # not a subclass
    elif text is not None:
        text = NO_TEXT  # the caller's classes stay here, as they may not be picklable
    gold = item.gold
    fields = gold.answer, gold.type, gold.options, gold.label, gold.aliases
    return index, (text, fields, item.policy, item.flexible, item.think_open, item.bare)
