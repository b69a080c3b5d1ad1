"""The end of a run: what is saved in which order, by whom, and what a push takes along."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import HfApi
from transformers import Trainer, TrainingArguments

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.finish import finish, write_card
from crossthink_data.train.record import METRICS, write_record
from tests.hub_card import card_errors
from tests.hub_fixture import Hub
from tests.train.runs import Line, record, steps

torch = pytest.importorskip("torch", reason="torch is not installed: run `make test-real`")

WRITTEN = {"README.md", "run.json", METRICS, "curves/rewards.png", "curves/domains.png", "curves/tokens.png"} | {
    "curves/loss.png"
}


def write_run(folder: Path, metrics: list[Line] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    write_record(folder, record())
    lines = "".join(json.dumps(line) + "\n" for line in (steps(3) if metrics is None else metrics))
    (folder / METRICS).write_text(lines, encoding="utf-8")
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# ---- the card


def test_a_card_and_its_curves(tmp_path: Path) -> None:
    write_card(write_run(tmp_path))
    assert files(tmp_path) == WRITTEN
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card_errors(card) == []
    assert all(f"]({name})" in card for name in WRITTEN if name.endswith(".png"))
    assert (tmp_path / "curves/loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_logged_nothing_has_a_card(tmp_path: Path) -> None:
    write_card(write_run(tmp_path, []))
    assert files(tmp_path) == {"README.md", "run.json", METRICS}


def test_a_run_without_a_log_has_a_card(tmp_path: Path) -> None:
    (write_run(tmp_path) / METRICS).unlink()
    write_card(tmp_path)
    assert files(tmp_path) == {"README.md", "run.json"}


def test_again_it_is_written_anew(tmp_path: Path) -> None:
    write_card(write_run(tmp_path))
    first = {name: (tmp_path / name).read_bytes() for name in WRITTEN}
    write_card(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in WRITTEN} == first
    write_card(write_run(tmp_path, steps(4)))
    assert [name for name in sorted(WRITTEN) if (tmp_path / name).read_bytes() == first[name]] == ["run.json"]


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"has no run\.json"):
        write_card(tmp_path)
    assert files(tmp_path) == set()


def test_a_card_that_breaks_off_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card(write_run(tmp_path))
    before = (tmp_path / "README.md").read_bytes()

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:9])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        write_card(write_run(tmp_path, steps(4)))
    assert (tmp_path / "README.md").read_bytes() == before
    assert all(name.startswith("_") for name in files(tmp_path) - WRITTEN)  # which no push takes along


# ---- the order of the end


def trainer_in(folder: Path, *, main: bool = True, fsdp: bool = False, wrapped: Any = None) -> tuple[Any, list[str]]:
    """A stand-in for a trainer, and what is done with it."""
    done: list[str] = []
    plugin = SimpleNamespace(set_state_dict_type=done.append)
    return SimpleNamespace(
        args=SimpleNamespace(output_dir=str(folder), push_to_hub=False, hub_revision=None),
        model="model",
        model_wrapped=wrapped,
        is_fsdp_enabled=fsdp,
        is_world_process_zero=lambda: main,
        save_model=lambda to: done.append(f"save {Path(to).name}"),
        accelerator=SimpleNamespace(
            free_memory=gc.collect,
            end_training=lambda: done.append(f"end with {sorted(files(folder))[0]}"),
            state=SimpleNamespace(fsdp_plugin=plugin),
        ),
    ), done


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({}, ["save out", "end with README.md"]),
        ({"main": False}, ["save out", "end with metrics.jsonl"]),
        ({"fsdp": True}, ["FULL_STATE_DICT", "save out", "end with README.md"]),
    ],
    ids=["alone", "another process", "fsdp"],
)
def test_the_order(tmp_path: Path, how: dict[str, bool], wanted: list[str]) -> None:
    trainer, done = trainer_in(write_run(tmp_path / "out"), **how)
    finish(trainer)
    assert done == wanted


@pytest.mark.parametrize(("main", "wanted"), [(True, ["save out", "judged"]), (False, ["save out"])])
def test_what_was_saved_is_evaluated_once_before_the_card(tmp_path: Path, main: bool, wanted: list[str]) -> None:
    trainer, done = trainer_in(write_run(tmp_path / "out"), main=main)
    finish(trainer, lambda: done.append("judged" if not (tmp_path / "out" / "README.md").exists() else "late"))
    assert done[:-1] == wanted


def test_the_wrapper_of_several_processes_is_gone_before_their_group(tmp_path: Path) -> None:
    """At the end of the interpreter it would take the group along, and wait for a thread that waits for Python."""
    torch.distributed.init_process_group("gloo", rank=0, world_size=1, store=torch.distributed.HashStore())
    try:
        wrapped = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
        left = weakref.ref(wrapped)
        trainer, _ = trainer_in(write_run(tmp_path / "out"), wrapped=wrapped)
        del wrapped
        gone: list[bool] = []
        trainer.accelerator.end_training = lambda: gone.append(left() is None)
        finish(trainer)
    finally:
        torch.distributed.destroy_process_group()
    assert gone == [True]


# ---- a real trainer


class CardTrainer(Trainer):
    """Writes the card where the scripts' trainers do."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        write_card(Path(str(self.args.output_dir)))


def real_trainer(folder: Path, **options: Any) -> Trainer:
    args = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to=[], disable_tqdm=True, **options)
    return CardTrainer(model=torch.nn.Linear(1, 1), args=args)


SAVED = {"model.safetensors", "training_args.bin"}
PUBLISHED = (WRITTEN | SAVED | {".gitattributes"}) - {"run.json", "training_args.bin"}  # which name places


def test_a_real_trainer_saves(tmp_path: Path) -> None:
    finish(real_trainer(write_run(tmp_path)))
    assert files(tmp_path) == WRITTEN | SAVED


def test_model_card_and_curves_are_published_in_one_commit_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "out")
    for name in ("checkpoint-3/model.safetensors", "eval/before/m/samples_gpqa_1.jsonl", "completions/c.parquet"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"x")
    (folder / "_README.md").write_text("written aside")
    finish(real_trainer(folder, push_to_hub=True, hub_model_id="acme/fine"))
    assert set(HfApi().list_repo_files("acme/fine")) == PUBLISHED
    assert [one.title for one in HfApi().list_repo_commits("acme/fine")] == [
        "Model, card and curves of out",
        "initial commit",
    ]
    info = HfApi().model_info("acme/fine")
    assert info.card_data
    assert (info.card_data.base_model, info.card_data.get("prompt_style")) == ("acme/base", "plain")
