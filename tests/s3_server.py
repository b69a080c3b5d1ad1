"""An S3 server on loopback: moto's, in a process of its own, which keeps everything in its memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_LIMIT = 60  # seconds; it takes one or two
STOP_LIMIT = 10
COMMAND = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]


@contextmanager
def running_s3(folder_for_logs: Path) -> Iterator[dict[str, str]]:
    """What to add to the environment of the server's clients; it begins without a bucket, and its data ends with it."""
    folder_for_logs.mkdir(parents=True, exist_ok=True)
    log = folder_for_logs / "s3.log"
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("MOTO_")}
    with log.open("wb") as output:
        server = subprocess.Popen(COMMAND, cwd=folder_for_logs, stdout=output, stderr=output, env=quiet)
    try:
        yield _environment(_wait_for_url(server, log), folder_for_logs)
    finally:
        _stop(server)


def _environment(url: str, folder: Path) -> dict[str, str]:
    """The address for botocore, polars and pyarrow alike, any key, and nothing of the user's own settings."""
    address = {"AWS_ENDPOINT_URL": url, "NO_PROXY": "127.0.0.1"}
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    absent = str(folder / "none")
    own = {"AWS_CONFIG_FILE": absent, "AWS_SHARED_CREDENTIALS_FILE": absent, "AWS_EC2_METADATA_DISABLED": "true"}
    return address | login | own


def _wait_for_url(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"Running on (http://[\d.:]+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(
        f"the S3 server did not start within {START_LIMIT} s (exit code {server.poll()}): {log.read_text()}"
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(STOP_LIMIT)
