"""A recipe's plan becomes a run: its stages, run by one of datatrove's executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossthink_data.errors import CrossthinkError
from crossthink_data.local_executor import LocalExecutor
from crossthink_data.lock import only_build
from crossthink_data.manifest import read_manifest
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.plan import Plan
from crossthink_data.ray_executor import RayExecutor
from crossthink_data.slurm_executor import StageState, is_running, progress_of, require_no_jobs, submit
from crossthink_data.stages import WORK, Stage, logs_of, make_stages
from crossthink_data.storage import datafolder, is_local, remove_folder, sweep

CLUSTER_TASKS = 1_000
Progress = Callable[[str, int, int], None]  # (stage, tasks done, tasks in all)


@dataclass(frozen=True)
class Run:
    """A run's folder and its manifest; `cached` when it was there already."""

    folder: Path
    manifest: dict[str, Any]
    cached: bool


@dataclass(frozen=True)
class Submitted:
    """A build that is with Slurm; `again` where it was before, `failed`: stages that broke off and are tried again."""

    folder: Path
    stages: list[StageState]
    again: bool
    failed: list[StageState]


def build(
    plan: Plan, out: Path, workers: int | None, tasks: int, progress: Progress = lambda *_: None, on_ray: bool = False
) -> Run:
    """Builds the plan's run in `out`, or finds it there; on this machine, or on the Ray cluster it is connected to.

    `workers`: tasks at once, None for as many as there are. Raises CrossthinkError for bad input, a damaged run, a
    worker that died, and while another process or jobs of Slurm build the same run; what was finished before is kept
    and used when run again.
    """
    folder = out / plan.name
    with _naming(folder):
        if (found := find_run(folder)) and not (folder / WORK).exists():
            return found
        stages = make_stages(plan, folder, tasks)
        with only_build(out, plan.name):
            found = find_run(folder)
            if not found:
                require_no_jobs(folder)
                sweep(folder)
            for stage in () if found else stages:
                _run(stage, folder, workers, progress, on_ray)
            _clear(folder)
        return found or Run(folder, read_manifest(folder), cached=False)


def build_on_slurm(plan: Plan, out: Path, tasks: int, settings: Mapping[str, Any]) -> Run | Submitted:
    """Submits the build's stages to Slurm, or says how far they are; the run, once it is complete.

    `settings`: arguments of datatrove's executor. Raises CrossthinkError as `build` does.
    """
    folder = out / plan.name
    with _naming(folder):
        if found := find_run(folder):
            _clear(folder)
            return found
        stages = make_stages(plan, folder, tasks)
        with only_build(out, plan.name):
            before = progress_of(stages, folder)
            if is_running(before):
                return Submitted(folder, before, again=True, failed=[])
            failed = [one for one in before if one.jobs and one.done < one.tasks]
            return Submitted(folder, submit(stages, folder, settings), again=False, failed=failed)


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """An error of the system that names no file is one of writing here, as on a disk that is full."""
    try:
        yield
    except OSError as error:
        if is_local(folder):
            error.filename = error.filename or str(folder)
        elif error.errno is None:  # the store's own
            raise CrossthinkError(
                f"{folder}: {error}: see that the bucket is there and that your keys may read and write it"
            ) from error
        raise


def _clear(folder: Path) -> None:
    """Deletes the work folder of a finished run, and those of other versions."""
    for work in list(folder.glob(".work*")):
        remove_folder(work)


def cluster_tasks(plan: Plan) -> int:
    """Into how many tasks a cluster's first stage is cut where nobody says: one a unit, to a bound."""
    return max(1, min(len(plan.units), CLUSTER_TASKS))


def find_run(folder: Path) -> Run | None:
    """The finished run in the folder, with every file in its size."""
    if not (folder / MANIFEST).exists():
        return None
    manifest = read_manifest(folder)
    for path, about in manifest["files"].items():
        if not (folder / path).is_file() or (folder / path).stat().st_size != about["bytes"]:
            raise CrossthinkError(f"{folder} is damaged ({path}): delete the folder and build it again")
    return Run(folder, manifest, cached=True)


def _run(stage: Stage, folder: Path, workers: int | None, progress: Progress, on_ray: bool) -> None:
    executor = RayExecutor if on_ray else LocalExecutor
    logs = datafolder(logs_of(folder, stage.name, stage.tasks))
    executor(stage.steps(), tasks=stage.tasks, workers=min(workers or stage.tasks, stage.tasks), logging_dir=logs).run(
        lambda done, tasks: progress(stage.name, done, tasks)
    )
