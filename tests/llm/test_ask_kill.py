"""Killed at any request and resumed: no row lost or doubled, and nothing that was kept is asked again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from crossthink_data.llm.ask import ask_rows
from crossthink_data.llm.endpoint import make_endpoint
from tests.llm.asking import STEPS, OpenGate, in_brackets, in_steps, quick, recorded, request_hash, rows, stepped
from tests.llm.scripted_endpoint import ScriptedEndpoint, Seen

__all__ = ["quick"]

ROWS = 8
ALL = ROWS * STEPS
SEEDED = random.Random(20261128)  # noqa: S311 (picks cases)


class Child:
    """A run in a process of its own, which the server may end."""

    def __init__(self) -> None:
        self._started = threading.Event()

    def run(self, server: ScriptedEndpoint, work: Path, at_once: int, when: str = "") -> int:
        """The process's exit code."""
        command = [sys.executable, "-m", "tests.llm.asking", server.url, str(work), str(ROWS), str(at_once)]
        said = subprocess.DEVNULL
        with subprocess.Popen([*command, when] if when else command, stdout=said, stderr=said) as process:
            self.pid = process.pid
            self._started.set()
            return process.wait(60)

    def end(self, how: signal.Signals) -> None:
        self._started.wait()
        os.kill(self.pid, how)


def resumed(server: ScriptedEndpoint, work: Path) -> None:
    """The same call again: every row comes to what it comes to without a kill."""
    found, usage = ask_rows(rows(ROWS), in_steps, make_endpoint(server.url, "scripted"), work)
    assert found == stepped(ROWS)
    assert usage.requests + usage.replayed == ALL
    assert recorded(work).height == ALL


def paid(server: ScriptedEndpoint) -> Counter[str]:
    """How often each request was answered."""
    return Counter(request_hash(seen.body) for seen in server.answers)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("number", [0, 1, *sorted(SEEDED.sample(range(2, ALL - 1), 2)), ALL - 1])
def test_one_at_a_time_nothing_answered_is_asked_again(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child()

    def kill(seen: Seen) -> str:
        if seen.number != number:
            return ""
        child.end(signal.SIGKILL)
        return "closed"

    monkeypatch.setattr(OpenGate, "at_once", 1)
    with ScriptedEndpoint(answer=in_brackets, faults=kill) as server:
        assert child.run(server, tmp_path / "work", at_once=1) == -signal.SIGKILL
        assert server.answered == number
        resumed(server, tmp_path / "work")
    assert len(server.requests) == ALL + 1  # the one that was never answered
    assert set(paid(server).values()) == {1}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("number", sorted(SEEDED.sample(range(1, ALL), 3)))
def test_many_at_once_only_what_was_on_its_way_is_asked_again(number: int, tmp_path: Path) -> None:
    child, at_once = Child(), 4

    def kill(answered: int) -> None:
        if answered == number:
            child.end(signal.SIGKILL)

    with ScriptedEndpoint(answer=in_brackets, on_answer=kill) as server:
        child.run(server, tmp_path / "work", at_once)
        kept, before = recorded(tmp_path / "work"), server.answered
        assert before - at_once <= kept.height <= before
        resumed(server, tmp_path / "work")
    times = paid(server)
    assert all(times[request] == 1 for request in kept["request"])
    assert times.total() - ALL == before - kept.height


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("when", "again"), [("kept 1", 0), ("kept 11", 0), ("unkept 1", 1), ("unkept 11", 1)])
def test_between_an_answer_and_its_use(when: str, again: int, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        assert Child().run(server, tmp_path / "work", 1, when) == -signal.SIGKILL
        resumed(server, tmp_path / "work")
    assert paid(server).total() == ALL + again


@pytest.mark.usefixtures("quick")
def test_killed_three_times(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        for when in ("kept 5", "unkept 5", "kept 5"):
            assert Child().run(server, tmp_path / "work", 3, when) == -signal.SIGKILL
        resumed(server, tmp_path / "work")
    assert ALL + 1 <= paid(server).total() <= ALL + 1 + 3 * 2  # with each kill, two more may have been on their way


@pytest.mark.usefixtures("quick")
def test_control_c_ends_at_once_and_keeps_what_was_answered(tmp_path: Path) -> None:
    child = Child()

    def interrupt(seen: Seen) -> str:
        if seen.number == 12:  # the fourth of those that hang: all else was answered, and kept
            child.end(signal.SIGINT)
        return "hang" if 9 <= seen.number <= 12 else ""

    with ScriptedEndpoint(answer=in_brackets, faults=interrupt) as server:
        code = child.run(server, tmp_path / "work", at_once=4)
        assert code in (1, -signal.SIGINT)
        assert recorded(tmp_path / "work").height == server.answered == 9
        assert [path.name for path in (tmp_path / "work" / "00000").iterdir()] == ["replay.sqlite3"]
        resumed(server, tmp_path / "work")
    assert set(paid(server).values()) == {1}
