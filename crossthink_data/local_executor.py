"""datatrove's local executor, made to fail fast.

Its process pool waits for ever for a worker that was killed; `ProcessPoolExecutor` notices at once. Workers are forked
from a server that has the imports done, which saves a second a stage. They hold one end of a pipe each: it closes
when this process dies or stops, and so they end with it.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr
from copy import deepcopy
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Semaphore

from datatrove.executor.local import LocalPipelineExecutor

from crossthink_data.errors import CrossthinkError

PRELOAD = ["crossthink_data.pipeline"]  # imported once, before the workers are forked
BEGIN_PERIOD_S = 0.01  # between looks at whether the workers are there


class LocalExecutor(LocalPipelineExecutor):  # type: ignore[misc]
    """Runs the tasks of one stage; `on_done` is told (tasks done, tasks in all) as it goes."""

    def run(self, on_done: Callable[[int, int], None] = lambda done, tasks: None) -> None:
        """Runs what is incomplete. Raises CrossthinkError when a worker dies, and a task's own error."""
        ranks = self.get_incomplete_ranks()
        done = self.world_size - len(ranks)
        on_done(done, self.world_size)
        self._launched = True
        if not ranks:
            return
        self.save_executor_as_json()
        if self.workers == 1:
            for rank in ranks:
                self._run_quietly(rank)
                on_done(done := done + 1, self.world_size)
            return
        with _pool(min(self.workers, len(ranks))) as (pool, begun):
            for task in as_completed(_submitted(pool, begun, self._run_quietly, ranks)):
                task.result()
                on_done(done := done + 1, self.world_size)

    def _run_quietly(self, rank: int) -> None:
        """One task; datatrove logs to stderr as well as to its log file, and the file is enough."""
        task = deepcopy(self)  # a step's stats are its task's own
        with redirect_stderr(io.StringIO()):
            task._run_for_rank(rank, local_rank=1)


@contextmanager
def _pool(workers: int) -> Iterator[tuple[ProcessPoolExecutor, Callable[[], bool]]]:
    """Workers, and whether all have begun; after an error tasks under way are finished, after Ctrl-C they are not."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    _start_server()
    theirs, ours = context.Pipe(duplex=False)
    begun = context.Semaphore(0)
    with theirs, ours, ProcessPoolExecutor(workers, context, _begin, (theirs, begun)) as pool:
        try:
            yield pool, lambda: bool(begun.get_value() >= workers)
        except BrokenProcessPool as error:
            for process in (pool._processes or {}).values():
                process.kill()  # one that was started while the pool broke was not ended with the others
            raise CrossthinkError(
                "a worker process died (killed, or out of memory?); finished tasks are kept: run the same command "
                "again to resume, with fewer --workers if memory was short"
            ) from error
        except KeyboardInterrupt:
            ours.close()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _submitted(
    pool: ProcessPoolExecutor, begun: Callable[[], bool], task: Callable[[int], None], ranks: Iterable[int]
) -> list[Future[None]]:
    """Starts the workers, with Ctrl-C put off until all are there: one that comes up without its driver complains.

    Raises BrokenProcessPool when the server that forks them dies.
    """
    try:
        with _ctrl_c_put_off():
            tasks = [pool.submit(task, rank) for rank in ranks]
            while not begun() and not any(one.done() for one in tasks):
                time.sleep(BEGIN_PERIOD_S)
            return tasks
    except (EOFError, ConnectionError) as error:
        raise BrokenProcessPool(str(error)) from error


def _start_server() -> None:
    """Starts what workers are forked from with Ctrl-C blocked, for them too: a terminal sends it to all at once."""
    resource_tracker.ensure_running()  # before the signal is blocked, as it unblocks it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _ctrl_c_put_off() -> Iterator[None]:
    """By a handler, as a mask of this thread would leave the signal to another one; only the main thread is asked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _begin(pipe: Connection, begun: Semaphore) -> None:
    """Begins a worker: it ends as soon as the driver's end of the pipe closes."""
    threading.Thread(target=_wait_for_end, args=(pipe,), daemon=True).start()
    begun.release()


def _wait_for_end(pipe: Connection) -> None:
    pipe.poll(None)  # nothing is ever sent: what it waits for is the end
    os._exit(1)
