"""What is said where there is no Ray, or no cluster; builds on a real one are in tests/real."""

from __future__ import annotations

import socket
import sys

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.ray_executor import ray_cluster


def test_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CrossthinkError, match=r"--executor ray needs Ray .*: install crossthink\[ray\]"), ray_cluster():
        pass


def test_nobody_listens_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(CrossthinkError, match=f"no Ray cluster at {address} .*RAY_ADDRESS"), ray_cluster():
        pass
