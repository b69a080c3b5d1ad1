"""A build as chained Slurm jobs, by datatrove's executor: an array job a stage, each after the one before.

The command that submits them ends at once. Given again it says how far they are, or, where one has failed or was
cancelled, submits what is left.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from datatrove.executor.slurm import SlurmPipelineExecutor

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.stages import WORK, Stage, logs_of, tasks_done
from crossthink_data.storage import datafolder, write_text
from crossthink_data.yaml_text import load_yaml

JOBS = "slurm.json"  # in the work folder: stage -> id of its job
OURS = {"pipeline", "tasks", "workers", "depends", "depends_job_id", "logging_dir", "skip_completed", "job_name"}


class SlurmExecutor(SlurmPipelineExecutor):  # type: ignore[misc]
    """datatrove's executor without the job that adds up a stage's stats, which nobody reads."""

    def launch_merge_stats(self) -> None:
        """Launches nothing."""


@dataclass(frozen=True)
class StageState:
    """How far a stage is: tasks done, and what Slurm says of its job (empty: it knows none)."""

    stage: str
    tasks: int
    done: int
    job: str
    state: str


def slurm_settings(given: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE as arguments of datatrove's executor. Raises CrossthinkError for what it does not take."""
    signature = inspect.signature(SlurmPipelineExecutor).parameters
    known = signature.keys() - OURS
    settings: dict[str, Any] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals:
            raise CrossthinkError(f"--slurm {one}: write it as KEY=VALUE, for example --slurm partition=cpu")
        if key not in known:
            raise unknown("setting of --slurm", key, known)
        is_text = signature[key].annotation == "str"  # such as 04:00:00, which YAML takes for a number in base 60
        settings[key] = value if is_text else _value(one, value)
    for key, example in (("partition", "cpu"), ("time", "04:00:00")):
        if key not in settings:
            raise CrossthinkError(f"--executor slurm needs --slurm {key}=…, for example --slurm {key}={example}")
    activate = Path(sys.prefix) / "bin" / "activate"
    own = {"venv_path": str(activate)} if activate.exists() else {}
    return {**own, "qos": None, **settings}


def _value(setting: str, value: str) -> Any:
    try:
        return load_yaml(value)
    except yaml.YAMLError as error:
        raise CrossthinkError(f"--slurm {setting}: the value is not YAML: {error}") from error


def submit(stages: Sequence[Stage], run: Path, settings: Mapping[str, Any]) -> list[StageState]:
    """Submits every stage that is not done, each to begin when the one before has succeeded: how far they are."""
    jobs: dict[str, str] = {}
    before = None
    for stage in stages:
        if tasks_done(run, stage) == stage.tasks:
            continue
        sbatch = {"kill-on-invalid-dep": "yes", **settings.get("sbatch_args", {})}  # or what follows waits for ever
        executor = SlurmExecutor(
            stage.steps(),
            tasks=stage.tasks,
            logging_dir=datafolder(logs_of(run, stage)),
            job_name=f"{run.name}-{stage.name}",
            depends_job_id=before,
            **{**settings, "sbatch_args": sbatch},
        )
        try:
            executor.run()
        except FileNotFoundError as error:
            raise CrossthinkError(f"{error.filename} is not here: run this on a machine of the cluster") from error
        except subprocess.CalledProcessError as error:
            raise CrossthinkError(
                f"sbatch refused stage {stage.name} (exit code {error.returncode}; it says why above): see --slurm"
            ) from error
        jobs[stage.name] = before = str(executor.job_id)
    write_text(run / WORK / JOBS, json.dumps(jobs))
    return progress_of(stages, run)


def progress_of(stages: Sequence[Stage], run: Path) -> list[StageState]:
    """How far each stage is."""
    path = run / WORK / JOBS
    jobs = dict(json.loads(path.read_text())) if path.exists() else {}
    states = _states(list(jobs.values()))
    return [
        StageState(stage.name, stage.tasks, tasks_done(run, stage), job, states.get(job, ""))
        for stage in stages
        for job in [jobs.get(stage.name, "")]
    ]


def is_running(progress: Sequence[StageState]) -> bool:
    """Whether Slurm still has a job of these that may go on."""
    return any(one.state in ACTIVE for one in progress)


ACTIVE = {"PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "REQUEUED", "REQUEUE_HOLD", "RESIZING", "SUSPENDED"}


def _states(jobs: list[str]) -> dict[str, str]:
    """job -> its state: the first that is active of its tasks', else the last."""
    if not jobs:
        return {}
    command = ["squeue", "-h", "-r", "-t", "all", "-j", ",".join(jobs), "-o", "%F|%T"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError as error:
        raise CrossthinkError(f"{error.filename} is not here: run this on a machine of the cluster") from error
    if found.returncode and "Invalid job id" not in found.stderr:
        raise CrossthinkError(f"squeue failed: {found.stderr.strip()}: try again when the cluster answers")
    states: dict[str, str] = {}
    for line in found.stdout.splitlines():
        job, _, state = line.partition("|")
        if states.get(job) not in ACTIVE:
            states[job] = state
    return states
