"""Fixtures of the whole suite."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest

import tests.session_hub  # first of ours: it must come before the Hub's client
from crossthink_data.cli import main
from tests.command import Crossthink, Ran
from tests.hub_fixture import Hub
from tests.small import Small, build_small

# ---- the session's Hub, and a run to publish to it


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The session's Hub, with its write token in the environment and no fault left over.

    What the test makes on it goes with the test: several tests seed other files at the same real ids.
    """
    running = tests.session_hub.HUB
    running.server.faults.clear()
    monkeypatch.setenv("HF_TOKEN", running.write_token)
    kept = running.store.repositories()
    yield running
    for made in running.store.repositories() - kept:
        shutil.rmtree(made)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A finished run of the small recipe; read it, do not change it."""
    return build_small(tmp_path_factory.mktemp("small"))


# ---- the command, in this process


@pytest.fixture
def crossthink(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Crossthink:
    """Runs `crossthink` with these arguments as a shell would."""
    monkeypatch.setenv("CROSSTHINK_DEBUG", "")  # what --debug sets is undone

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["crossthink", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return Ran(int(stopped.value.code or 0), printed.out, printed.err)

    return run
