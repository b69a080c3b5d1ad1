"""One recipe by every executor and on every storage: the same bytes, and what becomes of a build that breaks off."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.pipeline import Run
from crossthink_data.stages import WORK
from tests.ray_cluster import running_ray
from tests.s3_server import running_s3
from tests.slurm_cluster import PARTITION, running_slurm, slurm_missing
from tests.test_pipeline import data, plan_of, run, shas

__all__ = ["data", "run"]  # fixtures

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
SLURM = [f"--slurm=partition={PARTITION}", "--slurm=time=00:10:00", "--slurm=mem_per_cpu_gb=1"]

# `crossthink` in a process of its own, with several units and buckets, though there are few rows
COMMAND = """
from crossthink_data import exchange
from crossthink_data.cli import main
from crossthink_data.sources import raw
from crossthink_data.stages import WORK
raw.UNIT_BYTES, exchange.ROWS_PER_BUCKET = 3_000, 150
if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Command:
    """`crossthink build` of the recipe in a folder."""

    data: Path
    script: Path
    env: Mapping[str, str]

    def start(self, out: Path | str, *options: str) -> subprocess.Popen[str]:
        line = [sys.executable, str(self.script), "build", str(self.data / "rich.yaml"), f"--out={out}", "--json"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **self.env}
        pipe = subprocess.PIPE
        return subprocess.Popen([*line, *options], env=env, stdout=pipe, stderr=pipe, text=True)

    def run(self, out: Path | str, *options: str, code: int = 0) -> tuple[dict[str, Any], str]:
        """The command's JSON, and what it said beside."""
        with self.start(out, *options) as process:
            stdout, stderr = process.communicate(timeout=240)
        assert process.returncode == code, stderr
        return (json.loads(stdout) if code == 0 else {}), stderr


@pytest.fixture(scope="module")
def script(data: Path) -> Path:
    """The command, and beside it the recipe."""
    (data / "command.py").write_text(COMMAND)
    plan_of(data)  # writes the recipe
    return data / "command.py"


def found_in(folder: Path) -> dict[str, str]:
    manifest = json.loads((folder / "manifest.json").read_text())
    return {name: about["sha256"] for name, about in manifest["files"].items()}


# ---- Ray


@pytest.fixture(scope="module")
def on_ray(data: Path, script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    pytest.importorskip("ray", reason="Ray is not installed")
    with running_ray(tmp_path_factory.mktemp("ray")) as address:
        yield Command(data, script, {"RAY_ADDRESS": address})


def test_two_nodes_of_ray_give_the_same_bytes(run: Run, on_ray: Command, tmp_path: Path) -> None:
    done, _ = on_ray.run(tmp_path, "--executor=ray", "--tasks=5")
    assert found_in(Path(done["run"])) == shas(run)
    again, _ = on_ray.run(tmp_path, "--executor=ray", "--tasks=7")
    assert again["cached"]


def test_a_worker_of_ray_that_is_killed_ends_the_build_and_it_goes_on_elsewhere(
    run: Run, on_ray: Command, tmp_path: Path
) -> None:
    with on_ray.start(tmp_path, "--executor=ray", "--tasks=5") as process:
        killed = _kill_worker(tmp_path, "prepare")
        started = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert killed
    assert process.returncode == 2
    assert time.monotonic() - started < 10
    assert "a worker process of the Ray cluster died" in said
    assert "run the same command again to resume" in said
    assert not list(tmp_path.glob("*/manifest.json"))
    done, _ = on_ray.run(tmp_path, "--workers=2", "--tasks=3")  # on this machine
    assert found_in(Path(done["run"])) == shas(run)


def _kill_worker(out: Path, stage: str) -> bool:
    """Kills a process that runs a task of the stage, as soon as one does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if list(out.glob(f"*/.work-*/logs/{stage}-*/logs/*")) or list(out.glob(f"*/.work-*/{stage}*/.*.tmp")):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                name = path.read_bytes().replace(b"\0", b" ").strip()
                if name == b"ray::_run_rank()" or name.startswith(b"ray::_run_rank"):
                    os.kill(int(path.parent.name), signal.SIGKILL)
                    return True
        time.sleep(0.01)
    return False


def test_a_tasks_own_error_on_ray_is_said_as_it_is(on_ray: Command, tmp_path: Path) -> None:
    _, said = on_ray.run(tmp_path, "--executor=ray", "--set=max_bad_lines=1", code=2)
    assert said.startswith("crossthink: source 'moons': 2 lines are not JSON objects")


def test_no_cluster_of_ray_is_said(data: Path, script: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    command = Command(data, script, {"RAY_ADDRESS": f"127.0.0.1:{free}"})
    _, said = command.run(tmp_path / "runs", "--executor=ray", code=2)
    assert f"no Ray cluster at 127.0.0.1:{free}" in said
    assert "start one with `ray start --head`, or name its address in RAY_ADDRESS" in said


# ---- Slurm


@pytest.fixture(scope="module")
def on_slurm(data: Path, script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    if missing := slurm_missing():
        pytest.skip(missing)
    with running_slurm(tmp_path_factory.mktemp("slurm")) as env:
        yield Command(data, script, env)


def _until_done(command: Command, out: Path, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Asks again until it is no more with Slurm: the last answer, and those before."""
    before: list[dict[str, Any]] = []
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        done, _ = command.run(out, "--executor=slurm", *SLURM, *options)
        if "stages" not in done or (not done["again"] and before):
            return done, before
        before.append(done)
        time.sleep(2)
    raise TimeoutError(str(before[-1]))


def test_slurm_gives_the_same_bytes_and_says_how_far_it_is(run: Run, on_slurm: Command, tmp_path: Path) -> None:
    done, before = _until_done(on_slurm, tmp_path, "--tasks=3")
    assert found_in(Path(done["run"])) == shas(run)
    assert not (Path(done["run"]) / WORK).exists()
    first, *later = before
    assert not first["again"]
    assert all(one["again"] for one in later)
    assert [stage["stage"] for stage in first["stages"]][:3] == ["prepare", "check", "dedup"]
    assert all(stage["jobs"] and stage["state"] == "PENDING" for stage in first["stages"][1:])
    assert any(stage["done"] == stage["tasks"] for one in later for stage in one["stages"])


def test_a_stage_that_fails_on_slurm_cancels_the_rest_and_the_same_command_resumes(
    run: Run, on_slurm: Command, tmp_path: Path
) -> None:
    broken, before = _until_done(on_slurm, tmp_path, "--tasks=3", "--set=max_bad_lines=1")
    assert not broken["again"]  # it was submitted anew, as nothing of it was left with Slurm
    last = {stage["stage"]: stage for stage in before[-1]["stages"]}
    assert last["prepare"]["done"] == 3
    assert last["dedup"]["done"] == 0


# ---- S3


@pytest.fixture
def on_s3(data: Path, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    pytest.importorskip("moto", reason="moto is not installed")
    with running_s3(tmp_path / "s3") as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        bucket().mkdir("corpus")
        yield Command(data, script, env)


def bucket() -> Any:
    import s3fs

    return s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)


def test_a_run_in_s3_has_the_same_bytes(run: Run, on_s3: Command, tmp_path: Path) -> None:
    done, _ = on_s3.run("s3://corpus/runs", "--workers=2")
    bucket().get(done["run"], str(tmp_path / "copy"), recursive=True)
    assert found_in(tmp_path / "copy") == shas(run)
    held = bucket().find("corpus")
    assert all("/.work" not in name for name in held)
    again, _ = on_s3.run("s3://corpus/runs", "--workers=1", "--tasks=3")
    assert again["cached"]
    for command in (["show", done["run"], "--json"], ["publish", done["run"], "--to", str(tmp_path / "published")]):
        line = [sys.executable, str(on_s3.script), *command]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **on_s3.env}
        subprocess.run(line, env=env, check=True, capture_output=True, timeout=120)
    assert found_in(tmp_path / "published") == shas(run)


def test_a_build_to_s3_that_was_killed_goes_on(run: Run, on_s3: Command, tmp_path: Path) -> None:
    with on_s3.start("s3://corpus/runs", "--workers=2", "--tasks=4") as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not bucket().glob("corpus/runs/*/.work-*/dedup/rows/*"):
            time.sleep(0.05)
        process.kill()
    assert not bucket().glob("corpus/runs/*/manifest.json")
    done, _ = on_s3.run("s3://corpus/runs", "--workers=1", "--tasks=3")
    bucket().get(done["run"], str(tmp_path / "copy"), recursive=True)
    assert found_in(tmp_path / "copy") == shas(run)


def test_a_store_that_does_not_answer_is_said(data: Path, script: Path) -> None:
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    command = Command(data, script, {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free}", **keys})
    _, said = command.run("s3://corpus/runs", code=2)
    assert said.startswith("crossthink: the object store: Could not connect")
    assert "run the same command again" in said


def test_a_bucket_that_is_not_there_is_said(on_s3: Command) -> None:
    _, said = on_s3.run("s3://absent/runs", "--workers=1", code=2)
    assert "Traceback" not in said
    assert "absent" in said
