"""Batches of completions graded in worker processes, with a deadline an item.

A worker that overruns, dies or runs out of memory costs the one item that it was at, which is then `ungradable`; its
other items go back to the queue, and a fresh worker takes its place. There are no signals, no threads and no
`multiprocessing` start methods here: a worker is a plain subprocess, so this works off the main thread, in daemonic
processes, in scripts without a main guard and beside torch.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from threading import Lock

from crossthink_data.errors import CrossthinkError
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item
from crossthink_data.verify.process import Process
from crossthink_data.verify.verdict import Grade, Policy, Verdict

CHUNK_ITEMS = 64
CHUNK_CHARACTERS = 1_000_000
POLL_S = 0.05  # how late an overrun may be seen
EXIT_S = 1.0  # that the end of the process waits for a thread's batch
STARTS = 3  # in a row that may fail: then the environment is at fault, not an item
MIN_MEMORY_MB = 256


class Grader:
    """Grades over `workers` processes, each of at most `memory_mb` MiB, with `deadline_s` seconds an item.

    Workers start when there is something to grade, and stop with `close()` or the `with` block; a closed grader starts
    again when it is used. It may be used from any thread, one batch at a time; a forked child has workers of its own.
    """

    def __init__(self, workers: int = 2, deadline_s: float = 5.0, memory_mb: int = 2048) -> None:
        """Raises CrossthinkError for a number out of range."""
        _require(workers >= 1, f"workers={workers}: at least one process must grade; leave it out for 2")
        _require(
            0 < deadline_s < float("inf"),
            f"deadline_s={deadline_s}: an item needs some time, but not for ever; leave it out for 5 seconds",
        )
        _require(
            memory_mb >= MIN_MEMORY_MB,
            f"memory_mb={memory_mb}: a worker needs at least {MIN_MEMORY_MB} MiB; leave it out for 2048",
        )
        self._size, self._deadline_s, self._memory = workers, deadline_s, memory_mb << 20
        self._workers: list[Process] = []
        self._failed_starts = 0
        self._lock = Lock()
        _living.add(self)

    def grade(self, items: Sequence[Item]) -> list[Grade]:
        """One grade an item, in order. Raises CrossthinkError when no worker can be started."""
        batch = _Batch(items, self._size)
        with self._lock:
            try:
                while batch.left:
                    self._step(batch)
            finally:
                self._stop([worker for worker in self._workers if worker.chunk])  # after Ctrl-C: its answers are stale
        return batch.grades

    def compare(self, gold: Gold, answer: str, policy: Policy = "equivalent") -> Verdict:
        """The verdict on one bare answer."""
        return self.grade([Item(answer, gold, policy, bare=True)])[0].verdict

    def start(self) -> None:
        """Starts all workers and waits until they are ready; only a benchmark needs it."""
        with self._lock:
            self._staff(self._size)
            while not all(worker.ready for worker in self._workers):
                self._listen(_Batch([], self._size))
                self._staff(self._size)

    def close(self) -> None:
        """Ends the workers, after the batch that is under way in another thread."""
        with self._lock:
            self._stop_all()

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _step(self, batch: _Batch) -> None:
        """Gives out work and waits for news, an overrun or a short while."""
        self._staff(min(self._size, batch.left))
        for worker in [worker for worker in self._workers if worker.ready and not worker.chunk]:
            chunk = batch.take()
            if chunk and not worker.send(batch.items, chunk):
                self._replace(worker, batch, "worker_died")
        self._listen(batch)

    def _staff(self, wanted: int) -> None:
        """Starts workers without waiting for them: those that are ready go ahead."""
        try:
            while len(self._workers) < wanted:
                self._workers.append(Process(self._deadline_s, self._memory))
        except OSError as error:
            raise CrossthinkError(
                f"cannot start a grading worker with {sys.executable!r}: {error}; free memory, processes or open files"
            ) from error

    def _listen(self, batch: _Batch) -> None:
        """Hears those that have something to say, and looks after the silent ones."""
        speaking = wait([worker.connection for worker in self._workers], min(POLL_S, self._deadline_s))
        for worker in list(self._workers):
            if worker.connection in speaking:
                if worker.hear(batch.settle):
                    self._failed_starts = 0
                else:
                    self._replace(worker, batch, "worker_died")
            elif worker.overdue(self._deadline_s):
                self._replace(worker, batch, "deadline")
            elif worker.process.poll() is not None:
                self._replace(worker, batch, "worker_died")

    def _replace(self, worker: Process, batch: _Batch, reason: str) -> None:
        """Ends a worker: the item that it was at is lost, the others of its chunk wait for the next worker."""
        worker.process.kill()
        worker.process.wait()
        while worker.connection.poll() and worker.hear(batch.settle):
            pass  # what it said before its end counts
        at = worker.item()
        if reason == "deadline" and not worker.overdue(self._deadline_s):
            at = None  # it had finished that item, and was ended early in the next
        batch.lose(worker, at, reason)
        self._failed_starts += not worker.ready
        complaint = worker.complaint()
        self._stop([worker])
        if self._failed_starts >= STARTS:
            raise CrossthinkError(
                f"{STARTS} grading workers in a row ended before they were ready (memory_mb={self._memory >> 20}); "
                f"the last one said: {complaint or 'nothing'}"
            )

    def _stop(self, workers: Sequence[Process]) -> None:
        for worker in workers:
            worker.process.kill()
            worker.process.wait()
            worker.close()
        self._workers = [worker for worker in self._workers if worker not in workers]

    def _stop_all(self) -> None:
        self._stop(self._workers)

    def _forget(self) -> None:
        """In a forked child, whose parent's workers are not its own: their sockets must close when the parent dies."""
        for worker in self._workers:
            worker.process.returncode = 0  # not this process's to wait for
            worker.close()
        self._workers, self._lock = [], Lock()


class _Batch:
    """Items on their way to grades."""

    def __init__(self, items: Sequence[Item], workers: int) -> None:
        self.items = items
        self.left = len(items)
        self._grades: list[Grade | None] = [None] * len(items)
        self._fresh = _chunks(items, max(1, min(CHUNK_ITEMS, len(items) // (4 * workers))))
        self._returned: deque[Sequence[int]] = deque()
        self._losses: Counter[int] = Counter()
        self._workers = workers

    @property
    def grades(self) -> list[Grade]:
        """All of them, once none is left."""
        return [grade for grade in self._grades if grade]

    def take(self) -> Sequence[int]:
        """The next chunk, returned ones first; empty when there is none."""
        return self._returned.popleft() if self._returned else next(self._fresh, [])

    def settle(self, index: int, grade: Grade) -> None:
        """An item's one grade."""
        self._grades[index] = grade
        self.left -= 1

    def lose(self, worker: Process, at: int | None, reason: str) -> None:
        """A worker has ended: its item has no verdict; the others come back singly, so that all workers share them.

        An item by itself, over which more workers ended than could all have been dead before, is lost too, though none
        said that it had begun it: it may be too big to be received.
        """
        if at is None and len(worker.chunk) == 1:
            (only,) = worker.chunk
            self._losses[only] += 1
            at = only if self._losses[only] > self._workers else None
        if at is not None:
            del worker.chunk[at]
            self.settle(at, Grade(Verdict("ungradable", reason, "grader"), worker.extraction_of(at, reason)))
        self._returned.extend([index] for index in worker.chunk)
        worker.chunk = {}


def _chunks(items: Sequence[Item], size: int) -> Iterator[list[int]]:
    """Indices in order, at most `size` and about a million characters at a time."""
    chunk: list[int] = []
    characters = 0
    for index, item in enumerate(items):
        length = len(item.completion) if isinstance(item.completion, str) else 0
        if chunk and (len(chunk) == size or characters + length > CHUNK_CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(index)
        characters += length
    if chunk:
        yield chunk


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise CrossthinkError(message)


_living: weakref.WeakSet[Grader] = weakref.WeakSet()
_shared = Grader(min(2, os.cpu_count() or 1))


def _forget_all() -> None:
    for grader in _living:
        grader._forget()


def _end_shared() -> None:
    """At exit. Where a daemon thread is in a long batch, the workers end a little later, as their sockets close."""
    if _shared._lock.acquire(timeout=EXIT_S):
        try:
            _shared._stop_all()
        finally:
            _shared._lock.release()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_end_shared)


def shared_grader() -> Grader:
    """This process's one grader, which ends with it."""
    return _shared
