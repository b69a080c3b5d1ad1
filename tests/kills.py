"""A build of many small tasks in a process of its own, and what may befall it.

    python -m tests.kills build RECIPE …

is `crossthink build RECIPE …` with units and buckets of few rows, so that a few thousand rows are many tasks.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from crossthink_data.hashing import file_sha256
from tests.command import Ran
from tests.small import RECIPE, code_rows, sum_rows, write_lines

ROOT = Path(__file__).parents[1]
CODES, SUMS = 1200, 600
UNIT_BYTES, ROWS_PER_BUCKET = 20_000, 300
LIMIT = 100  # seconds that any build here may take
NOTICED = 10  # seconds within which a build ends after one of its processes has died
VOLATILE = {"started", "seconds", "git_commit"}  # of a manifest
STOPPED = 130  # a shell's exit code of what Ctrl-C ended
RESUME = "run the same command again to resume"


def main() -> None:
    """The command with small units and buckets."""
    from crossthink_data import cli, exchange
    from crossthink_data.sources import raw

    raw.UNIT_BYTES, exchange.ROWS_PER_BUCKET = UNIT_BYTES, ROWS_PER_BUCKET
    cli.main()


def write_recipe(folder: Path, codes: int = CODES, sums: int = SUMS) -> Path:
    """Two sources with exact and near-duplicates, splits, a short and a long blend, and one that is refused."""
    again = [
        row | {"n": f"again {row['n']}", "choices": row["choices"][::-1], "right": 3 - row["right"]}
        for row in code_rows(codes)[::7]
    ]
    near = [row | {"n": f"near {row['n']}", "ask": _near(row["ask"])} for row in code_rows(codes)[::5]]
    write_lines(folder / "codes.jsonl", [*code_rows(codes), *again, *near])
    write_lines(folder / "sums.jsonl", sum_rows(sums))
    path = folder / "kills.yaml"
    path.write_text(yaml.safe_dump(RECIPE | {"name": "kills", "size": codes + sums}, sort_keys=False))
    return path


def _near(question: str) -> str:
    return question.replace("Which code", "Which  one code") + " Say which."


# ---- a process and what belongs to it


@dataclass(frozen=True)
class Process:
    """One entry of /proc."""

    pid: int
    parent: int
    session: int
    command: str

    @property
    def kind(self) -> str:
        """What it is to the driver, which leads the session; multiprocessing forks workers from a server of its own."""
        if self.pid == self.session:
            return "driver"
        if self.parent != self.session:
            return "worker"
        named = [name for name in ("resource_tracker", "forkserver") if name in self.command]
        return named[0] if named else "other"  # such as git, or a server that is not yet one


def processes(session: int) -> list[Process]:
    """Every living process of a session, by pid."""
    found = [_process(folder) for folder in Path("/proc").glob("[0-9]*")]
    return sorted((one for one in found if one and one.session == session), key=lambda one: one.pid)


def _process(folder: Path) -> Process | None:
    try:
        state, parent, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return None
    return None if state == "Z" else Process(int(folder.name), int(parent), int(session), command)


def wait_until_gone(session: int) -> None:
    """Nothing of a dead driver's session may live on."""
    until = time.monotonic() + NOTICED
    while left := processes(session):
        assert time.monotonic() < until, f"still there: {left}"
        time.sleep(0.02)


# ---- builds


@dataclass(frozen=True)
class Kills:
    """A recipe, where its build goes, and what an undisturbed build gave."""

    recipe: Path
    name: str
    manifest: dict[str, Any]
    sha256: dict[str, str]
    top: frozenset[str]  # names in the run's folder
    seconds: float  # from the run's folder to the end, with two workers

    def command(self, out: Path, workers: int = 2, tasks: int = 4) -> list[str]:
        return command(self.recipe, out, workers, tasks)

    def assert_whole(self, out: Path) -> None:
        """The run in `out` is the undisturbed one, and nothing is left beside it or in it."""
        run = out / self.name
        assert [path.name for path in out.iterdir()] == [self.name]
        assert shas(run) == self.sha256
        assert {path.name for path in run.iterdir()} == self.top
        assert manifest_of(run) == self.manifest

    def assert_not_half(self, out: Path) -> None:
        """What has a data file's name is a whole file; a manifest is there only with all of them."""
        there = shas(out / self.name)
        assert there.items() <= self.sha256.items()
        assert there == self.sha256 or not (out / self.name / "manifest.json").exists()

    def resume(self, out: Path, workers: int, tasks: int) -> None:
        """The same command with other workers and tasks finishes the run."""
        done = crossthink(self.command(out, workers, tasks))
        assert done.code == 0, done
        self.assert_whole(out)


def command(recipe: Path, out: Path, workers: int, tasks: int) -> list[str]:
    """A build's command line."""
    options = ["--out", str(out), "--workers", str(workers), "--tasks", str(tasks), "--json"]
    return [sys.executable, "-m", "tests.kills", "build", str(recipe), *options]


def crossthink(line: list[str]) -> Ran:
    """Runs it to its end."""
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, timeout=LIMIT, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def undisturbed(folder: Path) -> Kills:
    """The recipe's file, and the build that others are compared with."""
    recipe, out = write_recipe(folder), folder / "runs"
    with started(command(recipe, out, workers=2, tasks=4)) as driver:
        run = wait_for_run(driver, out)
        begun = time.monotonic()
        ran = ended(driver, LIMIT)
        seconds = time.monotonic() - begun
    assert ran.code == 0, ran
    top = frozenset(path.name for path in run.iterdir())
    return Kills(recipe, run.name, manifest_of(run), shas(run), top, seconds)


def shas(run: Path) -> dict[str, str]:
    """path -> sha256 of the data files that have their names."""
    return {path.relative_to(run).as_posix(): file_sha256(path) for path in sorted(run.glob("data/*/*.parquet"))}


def manifest_of(run: Path) -> dict[str, Any]:
    """The manifest, without what may differ between two builds of the same."""
    manifest = json.loads((run / "manifest.json").read_text())
    return {key: value for key, value in manifest.items() if key not in VOLATILE}


class Started(subprocess.Popen[str]):
    """A driver that leads a session of its own; all of it is ended with the `with` block."""

    def __init__(self, line: list[str]) -> None:
        super().__init__(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
        )

    def __exit__(self, *error: Any) -> None:
        for one in processes(self.pid):
            os.kill(one.pid, signal.SIGKILL)
        super().__exit__(*error)


def started(line: list[str]) -> Started:
    """A driver under way."""
    return Started(line)


def ended(driver: Started, limit: float) -> Ran:
    """What the driver gave; it must end within `limit` seconds."""
    out, err = driver.communicate(timeout=limit)
    return Ran(driver.returncode, out, err)


def wait_for_run(driver: Started, out: Path) -> Path:
    """The run's folder, once the build has begun to write into it."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        found = [path for path in out.iterdir() if path.is_dir()] if out.is_dir() else []
        if found:
            return found[0]
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.005)
    raise AssertionError(f"no run appeared in {out}")


# ---- kills


@dataclass(frozen=True)
class Blow:
    """A signal to one kind of process (or to the `group`, as a terminal sends it) at a fraction of the build's time."""

    kind: str
    how: signal.Signals
    at: float


def blows(seed: int) -> list[Blow]:
    """Those of one case, before it is finished: driver and worker take turns, every third case has three in a row."""
    dice = random.Random(seed)  # noqa: S311 (picks moments)
    return [
        Blow(("driver", "worker")[(seed + i) % 2], signal.SIGKILL, dice.random())
        for i in range(3 if seed % 3 == 2 else 1)
    ]


def outlives(kills: Kills, out: Path, blow: Blow) -> Ran:
    """A build goes through a blow: what its driver said. Checks what the two of them leave behind."""
    ran = _strike(kills, out, blow)
    for _ in range(6):  # it may be faster than the one that was measured
        if ran is not None:
            break
        kills.assert_whole(out)
        shutil.rmtree(out)
        blow = replace(blow, at=blow.at / 2)
        ran = _strike(kills, out, blow)
    assert ran is not None, f"no {blow.kind} was ever there"
    if ran.code == 0:  # what was hit was no longer needed
        kills.assert_whole(out)
        return ran
    kills.assert_not_half(out)
    if blow.kind in ("driver", "group"):
        assert ran.code == (STOPPED if blow.how == signal.SIGINT else -blow.how), ran
    else:
        assert RESUME in ran.refusal(), ran
        assert not (out / kills.name / "manifest.json").exists()
    return ran


def _strike(kills: Kills, out: Path, blow: Blow) -> Ran | None:
    """A build up to a blow, and what the driver then said; None when it ended before there was anything to hit."""
    with started(kills.command(out)) as driver:
        wait_for_run(driver, out)
        time.sleep(blow.at * kills.seconds)
        hit = _hit(driver, blow)
        at = time.monotonic()
        ran = ended(driver, LIMIT)
        assert ran.code == 0 or time.monotonic() - at < NOTICED, ran
        wait_until_gone(driver.pid)
    return ran if hit else None


def _hit(driver: Started, blow: Blow) -> bool:
    """Whether a process of the kind was there to be hit, now or a little later."""
    for there in _living(driver):
        if blow.kind == "group":
            os.killpg(driver.pid, blow.how)
            return True
        if wanted := [one.pid for one in there if one.kind == blow.kind]:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(wanted[int(blow.at * 1000) % len(wanted)], blow.how)
                return True
    return False


def _living(driver: Started) -> Iterator[list[Process]]:
    while driver.poll() is None:
        yield processes(driver.pid)
        time.sleep(0.005)


if __name__ == "__main__":
    main()
