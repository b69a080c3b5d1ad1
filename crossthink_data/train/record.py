"""What a training run was made of, in `run.json` of its folder: by it a resumed run is known to be the same one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossthink_data.errors import CrossthinkError

RECORD = "run.json"
METRICS = "metrics.jsonl"
FIXED = "fixed"  # what may not change between a run and its continuation
SECRET_NAME = re.compile(r"(?:^|_)(?:token|secret|password|key|authorization|credentials?)(?:_|$)", re.IGNORECASE)
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_LAST_WRITTEN = "trainer_state.json"  # of a checkpoint: one without it broke off


def begin(
    folder: Path, record: Mapping[str, Any], resume: str | None, write: bool = True, every: int = 1
) -> Path | None:
    """Writes the record of a run that begins; of one that goes on, checks it. Returns the checkpoint to go on from.

    `resume`: the trainer's `resume_from_checkpoint`, a folder or true; `write`: of several processes one writes;
    `every`: so many steps go by between two at which it can go on, since what was generated is not saved. Raises
    CrossthinkError where the folder holds another run, or what this one has saved and nobody asked to go on.
    """
    checkpoints = complete_checkpoints(folder)
    goes_on = bool(resume) and str(resume).lower() not in ("false", "no")
    if not goes_on and checkpoints:
        raise CrossthinkError(
            f"{folder} holds checkpoints up to {checkpoints[-1].name}: go on with --resume_from_checkpoint true, or "
            "name another --output_dir"
        )
    checkpoint = _named(folder, str(resume), checkpoints) if goes_on else None
    if checkpoint:
        _same(read_record(checkpoint.parent), record, checkpoint)
        _between_generations(checkpoint, every)
    else:
        _free(folder, record)
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder, record)
    return checkpoint


def read_record(folder: Path) -> dict[str, Any] | None:
    """A run's record; None where there is none."""
    path = folder / RECORD
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes the record aside and renames it."""
    aside = folder / f"{RECORD}.tmp"
    aside.write_text(_text(record), encoding="utf-8")
    aside.replace(folder / RECORD)


def complete_checkpoints(folder: Path) -> list[Path]:
    """The whole checkpoints of a folder, the earliest first; one that broke off (a full disk) is not among them."""
    found = {int(match[1]): path for path in folder.glob("checkpoint-*") if (match := _CHECKPOINT.fullmatch(path.name))}
    return [path for _, path in sorted(found.items()) if (path / _LAST_WRITTEN).is_file()]


def _named(folder: Path, resume: str, checkpoints: list[Path]) -> Path:
    """The checkpoint that `--resume_from_checkpoint` means."""
    if resume.lower() in ("true", "yes"):
        if not checkpoints:
            raise CrossthinkError(
                f"{folder} holds no whole checkpoint to go on from: leave --resume_from_checkpoint out"
            )
        return checkpoints[-1]
    path = Path(resume)
    if not (path / _LAST_WRITTEN).is_file():
        raise CrossthinkError(f"{resume} is no whole checkpoint: give a folder checkpoint-N, or true for the last one")
    return path


def _free(folder: Path, record: Mapping[str, Any]) -> None:
    """Raises CrossthinkError where a run in this folder has saved its model or is another one."""
    before = read_record(folder)
    if before is not None and any(folder.glob("*.safetensors")):
        raise CrossthinkError(f"{folder} holds a run that has ended: name another --output_dir")
    if before is not None and (differ := _differences(before, record)):
        raise CrossthinkError(f"{folder} is of another run ({differ}): name another --output_dir")


def _same(before: Mapping[str, Any] | None, now: Mapping[str, Any], checkpoint: Path) -> None:
    if before is None:
        raise CrossthinkError(f"{checkpoint.parent} has no {RECORD}: it was not trained by this script; begin anew")
    if differ := _differences(before, now):
        raise CrossthinkError(
            f"{checkpoint} is of another run ({differ}): give these as they were, or another --output_dir"
        )


def _between_generations(checkpoint: Path, every: int) -> None:
    step = json.loads((checkpoint / _LAST_WRITTEN).read_text(encoding="utf-8")).get("global_step", 0)
    if step % every:
        raise CrossthinkError(
            f"{checkpoint} was saved while completions were in use, which serve {every} steps and are not saved: name "
            f"one whose step {every} divides with --resume_from_checkpoint; --save_steps {every} makes them all such"
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What two runs are made of where they differ; empty where they do not."""
    old, new = ({"method": one["method"], **one[FIXED]} for one in (before, json.loads(_text(now))))
    names = [name for name in sorted(old | new) if old.get(name) != new.get(name)]
    return "; ".join(f"{name} {old.get(name)!r}, now {new.get(name)!r}" for name in names)


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n"
