"""Jobs as they are given to Slurm, by a stand-in for its commands that keeps the scripts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import dill
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.local_executor import LocalExecutor
from crossthink_data.pipeline import Run, Submitted, build, build_on_slurm
from crossthink_data.slurm_executor import SlurmExecutor, slurm_settings
from crossthink_data.stages import WORK, logs_of, make_stages
from tests.test_pipeline import data, many, plan_of, run, shas

__all__ = ["data", "many", "run"]  # fixtures
pytestmark = pytest.mark.usefixtures("many")

SBATCH = """#!/bin/sh
for last; do :; done
refused=$(cat "$FAKE/refuse" 2>/dev/null || echo nothing)
grep -q "job-name=.*-$refused$" "$last" && { echo "sbatch: error: invalid partition" >&2; exit 1; }
number=$(($(ls "$FAKE" | grep -c script) + 1))
cp "$last" "$FAKE/script-$number"
echo "$@" > "$FAKE/args-$number"
echo "Submitted batch job $((100 + number))"
"""
SQUEUE = """#!/bin/sh
cat "$FAKE/queue" 2>/dev/null || true
"""
SETTINGS = slurm_settings(["partition=cpu", "time=04:00:00", "sbatch_args={account: lab}"])


@dataclass(frozen=True)
class Job:
    """A job as a cluster reads it."""

    id: int
    directives: dict[str, str]
    dependency: str
    command: str


@dataclass(frozen=True)
class FakeSlurm:
    folder: Path

    def jobs(self) -> list[Job]:
        paths = sorted(self.folder.glob("script-*"), key=lambda path: int(path.name.split("-")[1]))
        return [self._job(int(path.name.split("-")[1]), path.read_text()) for path in paths]

    def _job(self, number: int, script: str) -> Job:
        assert script.startswith("#!/bin/bash\n")
        found = re.findall(r"^#SBATCH --([\w-]+)(?:=(.*))?$", script, re.MULTILINE)
        after = re.search(r"--dependency=(\S+)", (self.folder / f"args-{number}").read_text())
        return Job(100 + number, dict(found), after[1] if after else "", script.strip().splitlines()[-1])

    def queue(self, *lines: str) -> None:
        (self.folder / "queue").write_text("\n".join(lines) + "\n")


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    folder = tmp_path / "fake"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(folder))
    return FakeSlurm(folder)


def test_each_stage_is_an_array_job_after_the_one_before(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    done = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    assert isinstance(done, Submitted)
    stages = make_stages(plan, tmp_path / "runs" / plan.name, 5)
    jobs = slurm.jobs()
    assert [job.directives["job-name"] for job in jobs] == [f"{plan.name}-{stage.name}" for stage in stages]
    assert [job.directives["array"] for job in jobs] == [f"0-{stage.tasks - 1}" for stage in stages]
    assert [job.dependency for job in jobs] == ["", *(f"afterok:{job.id}" for job in jobs[:-1])]
    for stage, job in zip(stages, jobs, strict=True):
        assert job.directives["partition"] == "cpu"
        assert job.directives["time"] == "04:00:00"
        assert job.directives["account"] == "lab"
        assert job.directives["kill-on-invalid-dep"] == "yes"
        assert "qos" not in job.directives
        assert re.fullmatch(rf".*launch_pickled_pipeline \S+/{WORK}/logs/{stage.name}-\d+/executor.pik", job.command)
    assert [state.jobs for state in done.stages] == [[str(job.id)] for job in jobs]


def test_what_is_with_slurm_is_not_submitted_again(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    before = len(slurm.jobs())
    slurm.queue("101|COMPLETED", "101|RUNNING", "102|PENDING")
    done = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    assert isinstance(done, Submitted)
    assert done.again
    assert [state.state for state in done.stages[:3]] == ["RUNNING", "PENDING", ""]
    assert len(slurm.jobs()) == before


def test_what_failed_is_submitted_without_what_is_done(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    before = slurm.jobs()
    logs = tmp_path / "runs" / plan.name / WORK / "logs"
    for rank in range(5):  # all of the first stage, and one task of the third
        (logs / "prepare-5" / "completions").mkdir(parents=True, exist_ok=True)
        (logs / "prepare-5" / "completions" / f"{rank:05d}").touch()
    slurm.queue("101|COMPLETED", "102|FAILED", "103|CANCELLED")
    done = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    assert isinstance(done, Submitted)
    assert not done.again
    again = slurm.jobs()[len(before) :]
    assert again[0].directives["job-name"] == f"{plan.name}-check"
    assert again[0].dependency == ""
    assert len(again) == len(before) - 1
    assert (done.stages[0].done, done.stages[0].jobs) == (5, [])
    assert [one.stage for one in done.failed] == [stage.stage for stage in done.stages[1:]]
    ranks = json.loads((logs / "check-1" / "ranks_to_run.json").read_text())
    assert ranks == [0]


def test_a_finished_run_is_found(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    run = build(plan, tmp_path / "runs", workers=1, tasks=2)
    found = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    assert isinstance(found, Run)
    assert shas(found) == shas(run)
    assert not slurm.jobs()


def test_a_refusal_of_sbatch_is_said(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    (slurm.folder / "refuse").write_text("dedup")
    plan = plan_of(data)
    with pytest.raises(CrossthinkError, match=r"sbatch refused stage dedup \(exit code 1.*--slurm"):
        build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    slurm.queue("101|RUNNING", "102|PENDING")  # what was submitted before is known of
    done = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    assert isinstance(done, Submitted)
    assert done.again
    assert len(slurm.jobs()) == 2


def test_a_stage_waits_for_all_arrays_of_the_one_before(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    done = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS | {"max_array_size": 3})
    assert isinstance(done, Submitted)
    assert done.stages[0].jobs == ["101", "102"]
    check = slurm.jobs()[2]
    assert check.directives["job-name"] == f"{plan.name}-check"
    assert check.dependency == "afterok:101:102"
    slurm.queue("101|COMPLETED", "102|RUNNING")
    again = build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS | {"max_array_size": 3})
    assert isinstance(again, Submitted)
    assert again.stages[0].state == "RUNNING"


def test_another_build_keeps_out_while_jobs_run(data: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    plan = plan_of(data)
    build_on_slurm(plan, tmp_path / "runs", 5, SETTINGS)
    slurm.queue("101|RUNNING", "102|PENDING")
    with pytest.raises(CrossthinkError, match=r"jobs of Slurm build .*101, 102.*scancel"):
        build(plan, tmp_path / "runs", workers=1, tasks=1)
    slurm.queue("101|COMPLETED", "102|FAILED")
    assert not build(plan, tmp_path / "runs", workers=1, tasks=1).cached


@pytest.mark.usefixtures("slurm")
def test_several_tasks_of_one_job_keep_their_stats_apart(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, settings = plan_of(data), SETTINGS | {"tasks_per_job": 3}
    build_on_slurm(plan, tmp_path / "runs", 5, settings)
    monkeypatch.setattr(SlurmExecutor, "get_distributed_env", LocalExecutor.get_distributed_env)
    for stage in make_stages(plan, tmp_path / "runs" / plan.name, 5):
        logs = logs_of(tmp_path / "runs" / plan.name, stage.name, stage.tasks)
        for job in range(-(-stage.tasks // 3)):
            monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(job))
            with (logs / "executor.pik").open("rb") as file:
                dill.load(file).run()  # noqa: S301 - written by the line above
    done = build_on_slurm(plan, tmp_path / "runs", 5, settings)
    assert isinstance(done, Run)
    assert shas(done) == shas(run)


def test_a_machine_without_slurm_is_said(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CrossthinkError, match="sbatch is not here: run this on a machine of the cluster"):
        build_on_slurm(plan_of(data), tmp_path / "runs", 5, SETTINGS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["partition"], "--slurm partition: write it as KEY=VALUE"),
        (["partitoin=cpu"], "unknown setting of --slurm 'partitoin'.*partition"),
        (["tasks=7", "partition=cpu", "time=1"], "unknown setting of --slurm 'tasks'"),
        (["time=04:00:00"], "needs --slurm partition="),
        (["partition=cpu"], "needs --slurm time="),
        (["partition=cpu", "time=1", "sbatch_args=5"], "sbatch_args: write a mapping"),
        (["sbatch_args={a: ["], "--slurm sbatch_args=.*the value is not YAML"),
    ],
)
def test_settings_that_cannot_be(given: list[str], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        slurm_settings(given)


@pytest.mark.parametrize(("given", "read"), [("04:00:00", "04:00:00"), ("90", "90"), ("2-12:00:00", "2-12:00:00")])
def test_a_time_is_as_slurm_reads_it(given: str, read: str) -> None:
    assert slurm_settings(["partition=cpu", f"time={given}"])["time"] == read
