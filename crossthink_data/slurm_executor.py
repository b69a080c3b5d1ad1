"""A build as chained Slurm jobs, by datatrove's executor: an array job a stage, each after the one before.

The command that submits them ends at once. Given again it says how far they are, or, where one has failed or was
cancelled, submits what is left.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from datatrove.executor.slurm import SlurmPipelineExecutor
from loguru import logger

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.stages import WORK, Stage, logs_of, tasks_done
from crossthink_data.storage import datafolder, write_text
from crossthink_data.yaml_text import load_yaml

JOBS = "slurm.json"  # in the work folder: stage -> ids of its array jobs
# What a build decides; the last three would let a stage begin before the one it needs is done.
OURS = {
    *("pipeline", "tasks", "workers", "depends", "depends_job_id", "logging_dir", "skip_completed", "job_name"),
    *("job_id_retriever", "run_on_dependency_fail", "max_array_launch_parallel"),
}
ACTIVE = {
    *("PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "RESIZING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"),
    *("REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"),
}


class SlurmExecutor(SlurmPipelineExecutor):  # type: ignore[misc]
    """datatrove's executor, whose tasks keep their stats apart, and which launches no job that adds them up.

    `jobs`: the ids of all its array jobs; datatrove's own, which the next stage would wait for, is of the last alone.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.jobs: list[str] = []
        super().__init__(*args, job_id_retriever=self._launched, **settings)

    def _launched(self, said: str) -> str:
        self.jobs.append(said.split()[self.job_id_position])
        return self.jobs[-1]

    def launch_merge_stats(self) -> None:
        """Launches nothing."""

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
        task = deepcopy(self)  # several tasks may run in one job
        return super(SlurmExecutor, task)._run_for_rank(rank, local_rank, node_rank)


@dataclass(frozen=True)
class StageState:
    """How far a stage is: tasks done, its jobs, and what Slurm says of them (empty: it knows none)."""

    stage: str
    tasks: int
    done: int
    jobs: list[str]
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
    if not isinstance(settings.get("sbatch_args", {}), dict):
        raise CrossthinkError("--slurm sbatch_args: write a mapping, for example --slurm 'sbatch_args={account: lab}'")
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
    jobs: dict[str, list[str]] = {}
    before: list[str] = []
    logger.disable("datatrove.executor.slurm")  # it says of each job that it launches it
    for stage in stages:
        if tasks_done(run, stage) == stage.tasks:
            continue
        executor = _executor(stage, run, before, settings)
        with _launching(stage):
            executor.run()
        jobs[stage.name] = before = executor.jobs
        write_text(run / WORK / JOBS, json.dumps(jobs))  # at once: who stops here has to know of them
    return progress_of(stages, run)


def _executor(stage: Stage, run: Path, after: list[str], settings: Mapping[str, Any]) -> SlurmExecutor:
    sbatch = {"kill-on-invalid-dep": "yes", **settings.get("sbatch_args", {})}  # or what follows waits for ever
    return SlurmExecutor(
        stage.steps(),
        tasks=stage.tasks,
        logging_dir=datafolder(logs_of(run, stage.name, stage.tasks)),
        job_name=f"{run.name}-{stage.name}",
        depends_job_id=":".join(after) or None,
        **{**settings, "sbatch_args": sbatch},
    )


@contextmanager
def _launching(stage: Stage) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _not_here(error) from error
    except subprocess.CalledProcessError as error:
        raise CrossthinkError(
            f"sbatch refused stage {stage.name} (exit code {error.returncode}; it says why above): see --slurm, then "
            "run this again when the stages before are done; `scancel` ends them"
        ) from error


def _not_here(error: FileNotFoundError) -> CrossthinkError:
    return CrossthinkError(f"{error.filename} is not here: run this on a machine of the cluster")


def progress_of(stages: Sequence[Stage], run: Path) -> list[StageState]:
    """How far each stage is."""
    jobs = _jobs(run)
    states = _states([job for of_stage in jobs.values() for job in of_stage])
    progress = []
    for stage in stages:
        mine = jobs.get(stage.name, [])
        known = [states[job] for job in mine if job in states]
        state = next((state for state in known if state in ACTIVE), known[-1] if known else "")
        progress.append(StageState(stage.name, stage.tasks, tasks_done(run, stage), mine, state))
    return progress


def is_running(progress: Sequence[StageState]) -> bool:
    """Whether Slurm still has a job of these that may go on."""
    return any(one.state in ACTIVE for one in progress)


def require_no_jobs(run: Path) -> None:
    """Raises CrossthinkError while jobs of Slurm build the run."""
    jobs = [job for of_stage in _jobs(run).values() for job in of_stage]
    active = [job for job, state in _states(jobs).items() if state in ACTIVE]
    if active:
        raise CrossthinkError(
            f"jobs of Slurm build {run} ({', '.join(active)}): wait for them, or end them with `scancel`; --executor "
            "slurm says how far they are"
        )


def _jobs(run: Path) -> dict[str, list[str]]:
    path = run / WORK / JOBS
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _states(jobs: list[str]) -> dict[str, str]:
    """job -> its state: the first that is active of its tasks', else the last."""
    if not jobs:
        return {}
    command = ["squeue", "-h", "-r", "-t", "all", "-j", ",".join(jobs), "-o", "%F|%T"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError as error:
        raise _not_here(error) from error
    if found.returncode and "Invalid job id" not in found.stderr:
        raise CrossthinkError(f"squeue failed: {found.stderr.strip()}: try again when the cluster answers")
    states: dict[str, str] = {}
    for line in found.stdout.splitlines():
        job, _, state = line.partition("|")
        if states.get(job) not in ACTIVE:
            states[job] = state
    return states
