"""The Slurm cluster of the tests runs datatrove's own jobs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from tests.slurm_cluster import PARTITION, running_slurm, slurm_missing

MISSING = slurm_missing()
pytestmark = [pytest.mark.real, pytest.mark.skipif(MISSING != "", reason=MISSING)]

TASKS = 3
LIMIT_S = 90  # six tasks take four to ten seconds on two cores
PATH = f"export PATH={Path(sys.executable).parent}:$PATH"  # where datatrove's launch_pickled_pipeline is


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running_slurm(tmp_path / "slurm") as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield


def copying(source: Path, target: Path, **options: Any) -> SlurmPipelineExecutor:
    """A stage that copies documents; a task that finds no file to read writes none."""
    steps = [JsonlReader(str(source)), JsonlWriter(str(target), compression=None)]
    return SlurmPipelineExecutor(
        steps,
        tasks=TASKS,
        time="00:05:00",
        partition=PARTITION,
        qos=None,  # a cluster without an accounting database has none
        mem_per_cpu_gb=1,
        env_command=PATH,
        logging_dir=f"{target}.logs",
        **options,
    )


def wait_for_no_jobs() -> None:
    ends = time.monotonic() + LIMIT_S
    while queue := subprocess.run(["squeue", "-h"], capture_output=True, text=True, timeout=30, check=True).stdout:
        assert time.monotonic() < ends, queue
        time.sleep(0.1)


@pytest.mark.usefixtures("cluster")
def test_a_stage_reads_what_the_stage_before_it_wrote(tmp_path: Path) -> None:
    raw, first, second = tmp_path / "raw", tmp_path / "first", tmp_path / "second"
    raw.mkdir()
    for task in range(TASKS):
        (raw / f"{task}.jsonl").write_bytes(orjson.dumps({"text": f"text {task}", "id": str(task)}))
    copying(first, second, depends=copying(raw, first)).run()
    wait_for_no_jobs()
    copied = {file.name: orjson.loads(file.read_bytes())["text"] for file in second.glob("*.jsonl")}
    assert copied == {"00000.jsonl": "text 0", "00001.jsonl": "text 1", "00002.jsonl": "text 2"}
