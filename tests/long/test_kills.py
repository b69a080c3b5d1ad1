"""Many builds killed at random moments, each finished by the same command with other tasks and workers."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.kills import LIMIT, Blow, Kills, blows, crossthink, ended, outlives, started, undisturbed, wait_for_run

pytestmark = pytest.mark.long

SEEDS = range(50)
DICE = random.Random(7)  # noqa: S311 (picks moments)


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return undisturbed(tmp_path_factory.mktemp("kills"))


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_moments(kills: Kills, tmp_path: Path, seed: int) -> None:
    for blow in blows(seed):
        outlives(kills, tmp_path / "runs", blow)
    kills.resume(tmp_path / "runs", workers=1 + seed % 3, tasks=(1, 3, 4, 9)[seed % 4])


@pytest.mark.parametrize("kind", ["forkserver", "resource_tracker"])
@pytest.mark.parametrize("at", [DICE.random() for _ in range(5)])
def test_multiprocessings_own_helpers_are_killed(kills: Kills, tmp_path: Path, kind: str, at: float) -> None:
    said = outlives(kills, tmp_path / "runs", Blow(kind, signal.SIGKILL, at))
    assert kind == "forkserver" or said.code == 0  # the tracker is not needed
    kills.resume(tmp_path / "runs", workers=2, tasks=3)


@pytest.mark.parametrize(
    ("kind", "how"), [("driver", signal.SIGTERM), ("driver", signal.SIGINT), ("group", signal.SIGINT)]
)
@pytest.mark.parametrize("at", [DICE.random() for _ in range(5)])
def test_asked_to_stop(kills: Kills, tmp_path: Path, kind: str, how: signal.Signals, at: float) -> None:
    assert "Traceback" not in outlives(kills, tmp_path / "runs", Blow(kind, how, at)).err
    kills.resume(tmp_path / "runs", workers=2, tasks=3)


def test_the_first_of_two_builds_goes_on(kills: Kills, tmp_path: Path) -> None:
    """It stands still while the second is refused."""
    out = tmp_path / "runs"
    with started(kills.command(out)) as first:
        wait_for_run(first, out)
        os.kill(first.pid, signal.SIGSTOP)
        assert "another build" in crossthink(kills.command(out)).refusal()
        os.kill(first.pid, signal.SIGCONT)
        assert ended(first, LIMIT).code == 0
    kills.assert_whole(out)
