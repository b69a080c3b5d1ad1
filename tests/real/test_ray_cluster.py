"""The Ray cluster that the tests start: what a driver finds there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ray_cluster import running_ray

pytest.importorskip("ray", reason="Ray is not installed: pip install 'crossthink[ray]'")

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

# what a driver begins with; it says what it found in a file, because Ray writes to its standard output when it likes
HEAD = """
import json, os, signal, sys, time
from pathlib import Path
import ray
ray.init(log_to_driver=False, logging_level="ERROR")
def say(found):
    Path(sys.argv[1]).write_text(json.dumps(found))
"""
NODES = """
@ray.remote(max_retries=0)
def node():
    time.sleep(2)  # a free node is better than waiting for this one
    return ray.get_runtime_context().get_node_id()
alive = [found["NodeID"] for found in ray.nodes() if found["Alive"]]
say({"alive": alive, "used": ray.get([node.remote(), node.remote()])})
"""
KILLED = """
@ray.remote(max_retries=0)
def killed():
    os.kill(os.getpid(), signal.SIGKILL)
try:
    ray.get(killed.remote(), timeout=60)
except ray.exceptions.WorkerCrashedError as error:
    say(type(error).__name__)
"""
RAISED = """
from crossthink_data.errors import CrossthinkError
@ray.remote(max_retries=0)
def raised():
    raise CrossthinkError("three is not a colour")
try:
    ray.get(raised.remote(), timeout=60)
except CrossthinkError as error:
    say([type(error.cause).__name__, str(error.cause)])
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_ray(tmp_path_factory.mktemp("ray")) as found:
        yield found


def test_tasks_run_on_both_nodes(address: str, tmp_path: Path) -> None:
    nodes = _driver(address, NODES, tmp_path)
    assert len(nodes["alive"]) == 2
    assert sorted(nodes["used"]) == sorted(nodes["alive"])


def test_a_killed_worker_is_noticed(address: str, tmp_path: Path) -> None:
    assert _driver(address, KILLED, tmp_path) == "WorkerCrashedError"


def test_an_error_of_ours_arrives_as_its_own_class_and_cause(address: str, tmp_path: Path) -> None:
    assert _driver(address, RAISED, tmp_path) == ["CrossthinkError", "three is not a colour"]


def _driver(address: str, code: str, folder: Path) -> Any:
    """What `code` says it found, as a driver in a process of its own."""
    found = folder / "found.json"
    command = [sys.executable, "-c", HEAD + code, str(found)]
    environment = {**os.environ, "RAY_ADDRESS": address}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return json.loads(found.read_text())
