"""The executor: a killed worker and a task's own error end the run at once, and what was done stays done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datatrove.pipeline.base import PipelineStep

from crossthink_data.errors import CrossthinkError
from crossthink_data.local_executor import LocalExecutor

ROOT = Path(__file__).parents[1]


class Touch(PipelineStep):  # type: ignore[misc]
    """Leaves a file for each task it ran, unless it is told to die or to fail there."""

    name = "touch"

    def __init__(self, folder: Path, dies: int = -1, fails: int = -1) -> None:
        super().__init__()
        self.folder, self.dies, self.fails = folder, dies, fails

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        if rank == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        if rank == self.fails:
            raise CrossthinkError(f"task {rank}: a bad line")
        with (self.folder / str(rank)).open("a") as file:
            file.write("x")
        self.stat_update("touched")
        yield from ()


def executor(folder: Path, step: PipelineStep, workers: int, tasks: int = 4) -> LocalExecutor:
    return LocalExecutor([step], tasks=tasks, workers=workers, logging_dir=str(folder / "logs"))


def ran(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_runs_once_and_is_told(tmp_path: Path, workers: int) -> None:
    told: list[tuple[int, int]] = []
    executor(tmp_path, Touch(tmp_path), workers).run(lambda done, all_: told.append((done, all_)))
    assert ran(tmp_path) == dict.fromkeys("0123", "x")
    assert told == [(i, 4) for i in range(5)]
    assert len(list((tmp_path / "logs" / "stats").glob("*.json"))) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_finished_tasks_are_not_run_again(tmp_path: Path, workers: int) -> None:
    with pytest.raises(CrossthinkError, match="task 3: a bad line"):
        executor(tmp_path, Touch(tmp_path, fails=3), workers).run()
    before = ran(tmp_path)
    assert "3" not in before
    told: list[tuple[int, int]] = []
    executor(tmp_path, Touch(tmp_path), workers).run(lambda done, all_: told.append((done, all_)))
    assert ran(tmp_path) == dict.fromkeys("0123", "x")
    assert told[-1] == (4, 4)
    executor(tmp_path, Touch(tmp_path, fails=0), workers).run()  # nothing is left to do


@pytest.mark.timeout(30)  # the executor that this one mends would wait for ever
def test_a_killed_worker_is_noticed_and_the_message_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"a worker process died.*run the same command again to resume"):
        executor(tmp_path, Touch(tmp_path, dies=0), workers=2).run()
    executor(tmp_path, Touch(tmp_path), workers=2).run()
    assert set(ran(tmp_path)) == set("0123")


def test_a_tasks_own_error_comes_through_from_another_process(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="task 1: a bad line"):
        executor(tmp_path, Touch(tmp_path, fails=1), workers=2).run()


def test_a_tasks_stats_are_its_own(tmp_path: Path) -> None:
    step = Touch(tmp_path)
    executor(tmp_path, step, workers=1).run()
    assert not step.stats.stats


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    executor(tmp_path, Touch(tmp_path), workers=2).run()
    assert capfd.readouterr() == ("", "")


class Sleep(PipelineStep):  # type: ignore[misc]
    """Says on stdout that it has begun, then is busy for long."""

    name = "sleep"

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        os.write(1, b"begun\n")
        time.sleep(60)
        yield from ()


DRIVER = """
import sys
from pathlib import Path
from tests.test_local_executor import Sleep, executor
executor(Path(sys.argv[1]), Sleep(), workers=2).run()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_driver(tmp_path: Path, how: signal.Signals) -> None:
    """All of them hold its stdout, so that ends when the last of them has; a terminal sends Ctrl-C to all."""
    command = [sys.executable, "-c", DRIVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, process_group=0) as driver:
        assert driver.stdout
        assert [driver.stdout.readline() for _ in range(2)] == [b"begun\n"] * 2
        (os.kill if how == signal.SIGKILL else os.killpg)(driver.pid, how)
        out, err = driver.communicate(timeout=10)
    assert (driver.returncode, out) == (-how, b"")
    assert err.count(b"Traceback") == (how == signal.SIGINT)  # the driver's own
