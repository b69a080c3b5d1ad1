"""datatrove's Ray executor, made to fail fast.

Its own `run` forks a pool inside an actor, which waits for ever for a task that was killed; it starts a task that died
again, and of a task that failed it says nothing. Here each task is a task of Ray's, and what ends one ends the stage.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from datatrove.executor.ray import RayPipelineExecutor
from datatrove.io import DataFolderLike, get_datafolder
from datatrove.pipeline.base import PipelineStep

from crossthink_data.errors import CrossthinkError

CONNECT_S = 10.0  # until a cluster that does not answer is taken for absent


class RayExecutor(RayPipelineExecutor):  # type: ignore[misc]
    """Runs the tasks of one stage on the cluster that this process is connected to."""

    def __init__(self, pipeline: list[PipelineStep], tasks: int, workers: int, logging_dir: DataFolderLike) -> None:
        super().__init__(pipeline, tasks=tasks, workers=workers)
        self.logging_dir = get_datafolder(logging_dir)  # not given above, where it warns of a local one at every stage

    def run(self, on_done: Callable[[int, int], None] = lambda done, tasks: None) -> None:
        """Runs what is incomplete; `on_done` is told (tasks done, tasks in all) as it goes.

        Raises CrossthinkError when a worker or its node dies, and a task's own error.
        """
        import ray

        ranks = self.get_incomplete_ranks()
        done = self.world_size - len(ranks)
        on_done(done, self.world_size)
        if not ranks:
            return
        self.save_executor_as_json()
        task = ray.remote(num_cpus=self.cpus_per_task, max_retries=0)(_run_rank)
        executor, running = ray.put(self), set[Any]()
        try:
            while ranks or running:
                while ranks and len(running) < self.workers:
                    running.add(task.remote(executor, ranks.pop(0)))
                (ended, *_), _ = ray.wait(list(running))
                running.remove(ended)
                _result(ended)
                on_done(done := done + 1, self.world_size)
        finally:
            for one in running:
                ray.cancel(one, force=True)


def _run_rank(executor: RayExecutor, rank: int) -> None:
    executor._run_for_rank(rank, local_rank=1)


def _result(task: Any) -> None:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        ray.get(task)
    except RayTaskError as error:
        raise error.cause from error
    except RayError as error:
        raise CrossthinkError(
            f"a worker process of the Ray cluster died ({type(error).__name__}: killed, out of memory, or its node "
            "gone?); finished tasks are kept: run the same command again to resume"
        ) from error


@contextmanager
def ray_cluster() -> Iterator[None]:
    """A connection to the cluster that RAY_ADDRESS names, or that runs on this machine."""
    try:
        import ray
    except ImportError as error:
        raise CrossthinkError(f"--executor ray needs Ray ({error}): install crossthink[ray]") from error
    address = os.environ.get("RAY_ADDRESS") or "auto"
    try:
        _require_listening(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:  # nobody there; another version of Ray; no address
        raise CrossthinkError(
            f"no Ray cluster at {address} ({error}): start one with `ray start --head`, or name its address in "
            "RAY_ADDRESS"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _require_listening(address: str) -> None:
    """Raises OSError where nobody listens, which Ray finds out after minutes, and then ends the process."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
