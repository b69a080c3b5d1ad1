"""The process in which completions are graded: `python -m crossthink_data.verify.worker`, started by `Grader` alone.

It gets chunks of items through a socket and sends grades back. Which item it is at, and since when, stands in a page
that it shares with its parent, which ends it when an item overruns: the clock is the item's own, not the queue's. All
that is done goes out before the last tier is begun, so that only one item is lost with a worker.

Its memory is bounded, and so is its processor time: when the parent is gone the kernel ends it, even inside one long
operation. It has a session of its own, so that a Ctrl-C in a terminal is the parent's alone, whose end closes the
socket; and that ends an idle worker.
"""

from __future__ import annotations

import mmap
import resource
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from multiprocessing.connection import Connection
from struct import Struct
from typing import Any

from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item, Pending, decide
from crossthink_data.verify.verdict import Extraction, Grade, Verdict

STATE = Struct("dd")  # the item's index, or IDLE; when it was begun, in seconds of the system's monotonic clock
IDLE = -1.0

SPARE_CPU_S = 2.0  # beyond the deadline: the parent should be the first to end a worker
LOADING_CPU_S = 60.0

Sent = tuple[int, tuple[Any, ...]]  # an item: its index and its fields, the gold's a tuple too
Said = tuple[int, tuple[Any, ...] | None, tuple[Any, ...]]  # index, verdict (None: to come) and extraction

FORESEEN = (MemoryError, RecursionError, ArithmeticError, ValueError)


class Progress:
    """What the parent sees of this worker, and the kernel's bound on it."""

    def __init__(self, fd: int, deadline_s: float) -> None:
        self._page = mmap.mmap(fd, STATE.size)
        self._allowed_s = deadline_s + SPARE_CPU_S
        self._bounded_at = float("-inf")

    def begin(self, index: int) -> None:
        """Starts an item's clock; its bound on processor time is renewed once a second, as that is a system call."""
        now = time.monotonic()
        STATE.pack_into(self._page, 0, index, now)
        if now - self._bounded_at > 1:
            self._bounded_at = now
            bound_cpu(1 + self._allowed_s)

    def rest(self) -> None:
        """No item is under way."""
        STATE.pack_into(self._page, 0, IDLE, 0.0)

    def prepare(self) -> None:
        """No item is under way, and what follows is a long import, which is no item's fault."""
        self.rest()
        self._bounded_at = float("-inf")
        bound_cpu(LOADING_CPU_S)


def bound_cpu(seconds: float) -> None:
    """Lets this process use that many more seconds of processor time; then the kernel ends it."""
    bound(resource.RLIMIT_CPU, int(time.process_time() + seconds) + 1)


def bound(limit: int, value: int) -> None:
    """Sets a soft limit, within the hard one."""
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def failed(error: Exception) -> Verdict:
    """The verdict on an item that could not be decided."""
    reason = {MemoryError: "memory", RecursionError: "recursion"}.get(type(error), "error")
    return Verdict("ungradable", reason, "grader")


def begin_item(item: Item) -> Grade | Pending:
    """All tiers but the last. An error that nobody foresaw ends the worker, and the parent goes on."""
    try:
        return decide(item)
    except FORESEEN as error:
        verdict = failed(error)
        return Grade(verdict, Extraction(None, verdict.reason, False))


def finish_item(pending: Pending, same: Callable[[str, str], Verdict]) -> Verdict:
    """The last tier; of several golds the first that is right or unknown decides."""
    verdict = Verdict("ungradable", "gold_missing", "symbolic")
    for gold in pending.golds:
        try:
            verdict = same(gold, pending.answer)
        except FORESEEN as error:
            return failed(error)
        if not verdict.wrong:
            break
    return verdict


@cache
def load_last_tier() -> Callable[[str, str], Verdict]:
    """Imports sympy, once, for most workers never need it; and tries it, as its first use loads as much again."""
    from crossthink_data.verify.symbolic import same

    same(r"\int_0^1 2x dx", r"\frac{\pi}{\pi}")
    return same


def grade_chunk(chunk: Iterable[Sent], send: Callable[[list[Said]], None], progress: Progress) -> None:
    """Grades one chunk; the parent knows by the indices when it is done."""
    said: list[Said] = []
    for index, (completion, gold, *rest) in chunk:
        progress.begin(index)
        outcome = begin_item(Item(completion, Gold(*gold), *rest))
        if isinstance(outcome, Pending):
            progress.prepare()
            send([*said, say(index, None, outcome.extraction)])
            said.clear()
            same = load_last_tier()
            progress.begin(index)
            outcome = Grade(finish_item(outcome, same), outcome.extraction)
        said.append(say(index, outcome.verdict, outcome.extraction))
    progress.rest()
    send(said)


def say(index: int, verdict: Verdict | None, extraction: Extraction) -> Said:
    """As plain tuples, which are pickled in a tenth of the time of dataclasses."""
    decided = (verdict.outcome, verdict.reason, verdict.decided_by) if verdict else None
    return index, decided, (extraction.answer, extraction.reason, extraction.format_ok)


def main(socket_fd: int, state_fd: int, deadline_s: float, memory_bytes: int) -> None:
    """Grades chunks until the parent's end of the socket is closed."""
    bound(resource.RLIMIT_AS, memory_bytes)
    bound(resource.RLIMIT_CORE, 0)
    progress = Progress(state_fd, deadline_s)
    with Connection(socket_fd) as parent:
        try:
            parent.send([])  # ready
            while True:
                grade_chunk(parent.recv(), parent.send, progress)
        except (EOFError, ConnectionError):
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
