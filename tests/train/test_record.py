"""What a run was made of, and whether a folder holds the same one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.record import FIXED, begin, complete_checkpoints, read_record


def record(**fixed: Any) -> dict[str, Any]:
    return {"method": "GRPO", FIXED: {"dataset": "acme/x", "blend": None, "seed": 1, **fixed}}


def checkpoint(folder: Path, step: int, whole: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    if whole:
        (path / "trainer_state.json").write_text("{}")
    return path


def test_a_new_run_writes_its_record(tmp_path: Path) -> None:
    assert begin(tmp_path / "run", record(), None) is None
    assert read_record(tmp_path / "run") == record()


def test_of_several_processes_one_writes(tmp_path: Path) -> None:
    assert begin(tmp_path / "run", record(), None, write=False) is None
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("resume", ["true", "True", "yes"])
def test_true_goes_on_from_the_last_whole_checkpoint(tmp_path: Path, resume: str) -> None:
    begin(tmp_path, record(), None)
    for step, whole in ((2, True), (10, True), (12, False)):
        checkpoint(tmp_path, step, whole)
    assert begin(tmp_path, record(), resume) == tmp_path / "checkpoint-10"


def test_a_checkpoint_may_be_named(tmp_path: Path) -> None:
    begin(tmp_path, record(), None)
    first = checkpoint(tmp_path, 2)
    checkpoint(tmp_path, 4)
    assert begin(tmp_path, record(), str(first)) == first


def test_checkpoints_are_in_the_order_of_their_steps(tmp_path: Path) -> None:
    for step in (10, 2, 9):
        checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-x").mkdir()
    assert [path.name for path in complete_checkpoints(tmp_path)] == ["checkpoint-2", "checkpoint-9", "checkpoint-10"]


@pytest.mark.parametrize("resume", [None, "false"])
def test_a_folder_with_checkpoints_is_not_written_over(tmp_path: Path, resume: str | None) -> None:
    begin(tmp_path, record(), None)
    kept = checkpoint(tmp_path, 2)
    with pytest.raises(CrossthinkError, match=r"up to checkpoint-2: go on with --resume_from_checkpoint true, or name"):
        begin(tmp_path, record(seed=2), resume)
    assert (kept / "model.safetensors").read_bytes() == b"weights"
    assert read_record(tmp_path) == record()


def test_another_runs_checkpoint_is_refused_and_left_alone(tmp_path: Path) -> None:
    begin(tmp_path / "old", record(), None)
    kept = checkpoint(tmp_path / "old", 2)
    with pytest.raises(
        CrossthinkError, match=r"checkpoint-2 is of another run \(blend None, now 'nd'; seed 1, now 3\)"
    ):
        begin(tmp_path / "new", record(blend="nd", seed=3), str(kept))
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in kept.iterdir()) == ["model.safetensors", "trainer_state.json"]


def test_a_checkpoint_without_a_record_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "theirs", 2)
    with pytest.raises(CrossthinkError, match=r"has no run\.json"):
        begin(tmp_path / "ours", record(), str(path))


def test_a_run_of_other_options_is_not_written_over(tmp_path: Path) -> None:
    begin(tmp_path, record(), None)
    with pytest.raises(CrossthinkError, match=r"is of another run \(seed 1, now 2\): name another --output_dir"):
        begin(tmp_path, record(seed=2), None)
    with pytest.raises(CrossthinkError, match=r"is of another run \(method 'GRPO', now 'SFT'\)"):
        begin(tmp_path, {**record(), "method": "SFT"}, None)
    assert read_record(tmp_path) == record()


def test_what_a_run_has_saved_is_not_written_over(tmp_path: Path) -> None:
    begin(tmp_path, record(), None)
    assert begin(tmp_path, record(), None) is None  # it had saved nothing
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(CrossthinkError, match="holds a run that has ended: name another --output_dir"):
        begin(tmp_path, record(), None)


def test_a_folder_of_something_else_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert begin(tmp_path, record(), None) is None


@pytest.mark.parametrize(("step", "every"), [(3, 1), (4, 2), (6, 3)])
def test_a_checkpoint_between_two_generations_is_taken(step: int, every: int, tmp_path: Path) -> None:
    begin(tmp_path, record(), None)
    path = checkpoint(tmp_path, step)
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    assert begin(tmp_path, record(), "true", every=every) == path


def test_a_checkpoint_inside_a_generation_is_refused(tmp_path: Path) -> None:
    begin(tmp_path, record(), None)
    (checkpoint(tmp_path, 3) / "trainer_state.json").write_text('{"global_step": 3}')
    with pytest.raises(CrossthinkError, match=r"checkpoint-3 was saved while .* serve 2 steps .* --save_steps 2 makes"):
        begin(tmp_path, record(), "true", every=2)


@pytest.mark.parametrize(("resume", "message"), [("true", "no whole checkpoint to go on from"), ("x", "x is no whole")])
def test_nothing_to_go_on_from(tmp_path: Path, resume: str, message: str) -> None:
    with pytest.raises(CrossthinkError, match=message):
        begin(tmp_path, record(), resume)
