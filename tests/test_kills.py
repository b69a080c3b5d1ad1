"""Builds that are killed: nothing half is ever there, nobody lives on, and the same command finishes the same bytes.

A few moments of each kind; `tests/long/test_kills.py` has many.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.kills import (
    LIMIT,
    NOTICED,
    Blow,
    Kills,
    blows,
    crossthink,
    ended,
    outlives,
    started,
    undisturbed,
    wait_for_run,
    wait_until_gone,
)


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return undisturbed(tmp_path_factory.mktemp("kills"))


def test_a_build_has_many_tasks(kills: Kills) -> None:
    """Or the tests below would show little."""
    assert sum(name.startswith("data/pool/train") for name in kills.sha256) > 5
    assert sum(source["removed"].get("near_duplicate", 0) for source in kills.manifest["sources"].values()) > 100
    assert all(len(rows["rows"]) == 3 for rows in kills.manifest["blends"].values())


@pytest.mark.parametrize("seed", [0, 1])
def test_killed_at_a_random_moment(kills: Kills, tmp_path: Path, seed: int) -> None:
    for blow in blows(seed):
        outlives(kills, tmp_path / "runs", blow)
    kills.resume(tmp_path / "runs", workers=1 + seed % 2, tasks=3)


def test_what_forks_the_workers_is_killed(kills: Kills, tmp_path: Path) -> None:
    """The stage ends as it does without a worker."""
    outlives(kills, tmp_path / "runs", Blow("forkserver", signal.SIGKILL, 0.3))
    kills.resume(tmp_path / "runs", workers=2, tasks=3)


def test_control_c(kills: Kills, tmp_path: Path) -> None:
    """A terminal sends it to all of them."""
    said = outlives(kills, tmp_path / "runs", Blow("group", signal.SIGINT, 0.5))
    assert said.err == "crossthink: stopped; a build keeps what it had finished: run it again to resume\n"
    kills.resume(tmp_path / "runs", workers=2, tasks=3)


def test_killed_when_the_manifest_had_just_been_written(kills: Kills, tmp_path: Path) -> None:
    """The run is complete then; what the build would have cleared away goes with the next."""
    out = tmp_path / "runs"
    with started(kills.command(out)) as driver:
        manifest = wait_for_run(driver, out) / "manifest.json"
        until = time.monotonic() + LIMIT
        while not manifest.exists() and time.monotonic() < until:
            time.sleep(0.0001)
        os.kill(driver.pid, signal.SIGKILL)
        ended(driver, NOTICED)
        wait_until_gone(driver.pid)
    kills.assert_not_half(out)
    kills.resume(out, workers=1, tasks=3)


def test_two_builds_at_once(kills: Kills, tmp_path: Path) -> None:
    """The first one stands still meanwhile; when it is killed, the next takes over what it had finished."""
    out = tmp_path / "runs"
    with started(kills.command(out)) as first:
        wait_for_run(first, out)
        os.kill(first.pid, signal.SIGSTOP)
        said = crossthink(kills.command(out)).refusal()
        assert said == f"another build of {kills.name} is running in {out}: wait for it, then run this again"
        os.kill(first.pid, signal.SIGKILL)
        ended(first, NOTICED)
    kills.resume(out, workers=2, tasks=5)
