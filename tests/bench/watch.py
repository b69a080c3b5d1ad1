"""What each stage of a build takes: seconds, seconds of the processor, memory, bytes; looked at from outside."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PERIOD_S = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class StageCost:
    """One stage; `cpu` is of all processes, `worker_mib` of the largest but the driver."""

    name: str
    tasks: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    driver_mib: float = 0.0
    worker_mib: float = 0.0
    work_mb: float = 0.0  # what the work folder has more at its end


@dataclass
class Watch:
    """Costs by stage; `stage` is a build's progress."""

    run: Path
    costs: dict[str, StageCost] = field(default_factory=dict)
    _now: StageCost = field(default_factory=lambda: StageCost("plan"))
    _since: float = field(default_factory=time.perf_counter)
    _cpu: dict[int, float] = field(default_factory=dict)
    _work: float = 0.0

    def stage(self, name: str, done: int, tasks: int) -> None:
        """Told by the build when a task is done, and with 0 when a stage begins."""
        if name != self._now.name:
            self._end()
            self._now = self.costs.setdefault(name, StageCost(name))
            self._since = time.perf_counter()
        self._now.tasks = tasks
        if done == tasks:
            self._end()

    def _end(self) -> None:
        self._look()
        now = time.perf_counter()
        self._now.seconds += now - self._since
        self._since = now
        work = sum(path.stat().st_size for path in self.run.rglob(".work-*/**/*") if path.is_file()) / 1e6
        self._now.work_mb, self._work = self._now.work_mb + work - self._work, work

    def _look(self) -> None:
        """Adds what the processes have used since the last look to the stage that runs now."""
        stage = self._now
        for pid, cpu, rss in _own_processes():
            stage.cpu += cpu - self._cpu.get(pid, 0.0)
            self._cpu[pid] = cpu
            if pid == os.getpid():
                stage.driver_mib = max(stage.driver_mib, rss)
            else:
                stage.worker_mib = max(stage.worker_mib, rss)


@contextmanager
def watching(run: Path) -> Iterator[Watch]:
    """A watch that looks at this process and its descendants, often; what a short-lived one used last is not seen."""
    watch, done = Watch(run), threading.Event()

    def look() -> None:
        while not done.wait(PERIOD_S):
            watch._look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def _own_processes() -> Iterator[tuple[int, float, float]]:
    """(pid, seconds of the processor, MiB in memory now) of this process and those it has started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            pages = int((folder / "statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        found[int(folder.name)] = (int(fields[1]), cpu, pages * os.sysconf("SC_PAGESIZE") / 2**20)
    own = {os.getpid()}
    while more := {pid for pid, (parent, *_) in found.items() if parent in own} - own:
        own |= more
    yield from ((pid, found[pid][1], found[pid][2]) for pid in own if pid in found)
