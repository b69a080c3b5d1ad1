"""A real vLLM server on loopback, in an environment of its own: started, waited for, and ended.

    python -m tests.vllm_server MODEL [--port N]

It prints the URL once it answers, and serves until it is interrupted.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PYTHON = Path(__file__).parents[1] / ".venv-vllm" / "bin" / "python"
# `vllm serve` starts this too, but asks for a package named vllm, which the CPU build is not
SERVER = "vllm.entrypoints.openai.api_server"
READY_S = 420.0  # it takes one to three minutes on two cores
CONTEXT = 2048  # tokens


@contextmanager
def vllm_server(model: Path, port: int | None = None) -> Iterator[str]:
    """The URL of a server of this model, ready to answer. Raises RuntimeError with its last words if none comes."""
    port = port or _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(PYTHON), "-m", SERVER, "--model", str(model), "--served-model-name", model.name]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--dtype", "float32", "--max-model-len", str(CONTEXT), "--enforce-eager"]
    # in pieces, the prompt of a request with a seed ends the server: it takes back a draw, which no CPU generator can
    command += ["--no-enable-chunked-prefill"]
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "NO_PROXY": "127.0.0.1"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **quiet})
        try:
            _wait(process, url)
            yield url
        except TimeoutError as error:
            log.seek(0)
            raise RuntimeError(f"vllm did not come up: {error}\n{log.read()[-4000:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise TimeoutError(f"it ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(1)
    raise TimeoutError(f"no answer within {READY_S:.0f} s")


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="A vLLM server on loopback.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int)
    asked = parser.parse_args()
    with vllm_server(asked.model, asked.port) as url:
        sys.stdout.write(f"ready: {url}/v1/completions serves {asked.model.name}; Ctrl-C ends it\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
