"""A Ray cluster of several nodes on loopback: real servers in one process group, waited for, and ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

START_LIMIT = 90  # seconds; two nodes take six to twenty
STOP_LIMIT = 20
STORE = 80 << 20  # bytes of shared memory a node; Ray refuses less than 75 MiB
# Ray's own way to have several nodes on one machine; it ends them when its standard input ends, so also with its parent
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
nodes, cpus, store = map(int, sys.argv[1:])
node = {"num_cpus": cpus, "object_store_memory": store}
cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
for _ in range(nodes - 1):
    cluster.add_node(**node)
cluster.wait_for_nodes()
print("ready at", cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@contextmanager
def running_ray(folder: Path, nodes: int = 2, cpus: int = 1) -> Iterator[str]:
    """The address of a cluster whose nodes have `cpus` each; its workers run in `folder`, in today's environment."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "ray.log"
    command = [sys.executable, "-c", CLUSTER, str(nodes), str(cpus), str(STORE)]
    # Ray's sockets lie in there, and their paths may have 107 characters; a worker may write its log until it is dead
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as short:
        with log.open("wb") as output:
            cluster = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(short),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield _wait_for_address(cluster, log)
        finally:
            _stop(cluster)


def _environment(short: str) -> dict[str, str]:
    """Ours, without settings of Ray; what Ray needs off loopback it does not do where clusters are not supported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return kept | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_TMPDIR": short, "RAY_USAGE_STATS_ENABLED": "0"}


def _wait_for_address(cluster: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and cluster.poll() is None:
        found = re.search(r"ready at 127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            # a driver takes 127.0.0.1 for this machine's outward address, where nobody listens; not so in this spelling
            return f"[::ffff:127.0.0.1]:{found[1]}"
        time.sleep(0.1)
    raise RuntimeError(f"Ray did not start within {START_LIMIT} s (exit code {cluster.poll()}): {log.read_text()}")


def _stop(cluster: subprocess.Popen[bytes]) -> None:
    """Ends the nodes; then the whole group, whatever was left of it."""
    try:
        cluster.communicate(timeout=STOP_LIMIT)  # closes its input
    except subprocess.TimeoutExpired:
        cluster.kill()
        cluster.wait(STOP_LIMIT)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(cluster.pid, signal.SIGKILL)
