"""The end of a run: the model saved, the curves drawn, the card written, and all of it on the Hub where asked for."""

from __future__ import annotations

import glob
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import HfApi

from crossthink_data.errors import CrossthinkError
from crossthink_data.sources.hub import check_address
from crossthink_data.train.curves import FOLDER, curves
from crossthink_data.train.evaluate import before_and_after
from crossthink_data.train.metrics import read_metrics
from crossthink_data.train.model_card import model_card
from crossthink_data.train.record import METRICS, RECORD, read_record

if TYPE_CHECKING:
    from transformers import Trainer

CARD = "README.md"
_PRIVATE = (RECORD, "training_args.bin")  # which say where on the machine things lie


def finish(trainer: Trainer, evaluate: Callable[[], None] | None = None) -> None:
    """Saves the model and its card, publishes them where asked for, and ends trackers and process group.

    All processes call it, after training; one of them evaluates what was saved.
    """
    if trainer.is_fsdp_enabled:  # the type that checkpoints are sharded by saves no model that can be loaded
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    push, trainer.args.push_to_hub = trainer.args.push_to_hub, False  # `save_model` would push before there is a card
    trainer.save_model(trainer.args.output_dir)
    if trainer.is_world_process_zero():
        if evaluate:
            evaluate()
        write_card(Path(str(trainer.args.output_dir)))
        if push:
            publish(Path(str(trainer.args.output_dir)), str(trainer.hub_model_id), trainer.args.hub_revision)
    _end(trainer)


def publish(folder: Path, repo: str, revision: str | None) -> None:
    """Puts the model, its card, its curves and its log on the Hub, in one commit.

    No other folder goes along, as `Trainer.push_to_hub` would have it: samples of an evaluation hold questions of
    benchmarks that must not be published.
    """
    names = [path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("_")]
    public = [glob.escape(name) for name in names if name not in _PRIVATE]
    check_address()
    HfApi().upload_folder(
        repo_id=repo,
        folder_path=folder,
        allow_patterns=[*public, f"{FOLDER}/*"],
        commit_message=f"Model, card and curves of {folder.name}",
        revision=revision,
    )


def _end(trainer: Trainer) -> None:
    """Ends trackers and process group (as `Trainer.end` does, which transformers has since 5.18).

    The wrapper for several processes goes first. Left to the end of the interpreter, it would take the last hold of
    the group along while Python's lock is held, and gloo's threads, which wait for that lock, would never be joined.
    """
    del trainer.model_wrapped
    trainer.accelerator.free_memory()
    trainer.accelerator.end_training()


def write_card(folder: Path) -> None:
    """Draws the curves and writes the card of the run in a folder. Raises CrossthinkError where it has no record."""
    record = read_record(folder)
    if record is None:
        raise CrossthinkError(f"{folder} has no {RECORD}: name the --output_dir of a run of training/grpo.py or sft.py")
    metrics = read_metrics(folder / METRICS)
    drawn = curves(metrics)
    (folder / FOLDER).mkdir(exist_ok=True)
    for name, png in drawn.items():
        _write(folder, f"{FOLDER}/{name}", png)
    _write(folder, CARD, model_card(record, metrics, drawn, before_and_after(folder)).encode())


def _write(folder: Path, name: str, content: bytes) -> None:
    """Writes aside and renames; a push of a checkpoint in the background leaves out what begins with `_`."""
    aside = folder / f"_{name.replace('/', '-')}"
    aside.write_bytes(content)
    aside.replace(folder / name)
