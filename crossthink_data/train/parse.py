"""Options from a YAML file and the command line, in TRL's way, with errors that name the value and the cure."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import yaml
from trl import TrlParser

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.train.batch import batch

_TOGETHER = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # what a launcher tells each process


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise CrossthinkError(f"{message}; --help lists the options")


def parse(kinds: Sequence[Any], arguments: Sequence[str] | None = None) -> tuple[Any, ...]:
    """One instance of each dataclass, from `--config FILE.yaml` and the options after it, which win.

    With `prompts_per_step`, `gradient_accumulation_steps` is what the number of processes asks for. Raises
    CrossthinkError for what is not known, not of its type, or does not divide.
    """
    parser = _Parser(kinds)
    options, config = _config(list(sys.argv[1:] if arguments is None else arguments))
    known = {action.dest for action in parser._actions}
    for key in config:
        if key not in known:
            raise unknown("key in the config", key, known)
    _check_choices(parser, config)
    parser.set_defaults_with_config(**config)
    given, rest = parser.parse_known_args(options)
    if rest:
        raise unknown("option", rest[0].lstrip("-").partition("=")[0], known)
    if getattr(given, "prompts_per_step", None) is not None:
        given.gradient_accumulation_steps = _accumulation(given)
        parser.set_defaults(gradient_accumulation_steps=given.gradient_accumulation_steps)
    dry_run = getattr(given, "dry_run", False)
    if dry_run:
        parser.set_defaults(**_dry(given))
    try:
        with _as_one_process(dry_run):
            return tuple(_without_token(one) for one in parser.parse_args_into_dataclasses(options))
    except ValueError as error:
        raise CrossthinkError(str(error)) from error


def _without_token(options: Any) -> Any:
    """A Hub token moves into the environment: options are saved beside the model, and pushed with it."""
    if token := getattr(options, "hub_token", None):
        os.environ["HF_TOKEN"] = token
        options.hub_token = None
    return options


def init_kwargs(model: Any, more: dict[str, Any] | None) -> dict[str, Any]:
    """What the trainer loads the model with: the parsed ModelConfig's, and `model_init_kwargs`, which win."""
    asked = {"revision": model.model_revision, "attn_implementation": model.attn_implementation, "dtype": model.dtype}
    return asked | (more or {})


def processes() -> int:
    """How many processes train together, as `accelerate launch` says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _check_choices(parser: TrlParser, config: dict[str, Any]) -> None:
    """A config's values become defaults, and argparse holds only what is typed against an option's choices."""
    for action in parser._actions:
        value = config.get(action.dest)
        if action.choices is not None and value is not None and value not in action.choices:
            raise unknown(f"value of {action.dest}", str(value), map(str, action.choices))


def _dry(given: Namespace) -> dict[str, Any]:
    """What a dry run asks for: no GPU, since nothing is computed, and the batch of all the processes that it is for."""
    if not hasattr(given, "generation_batch_size") or given.generation_batch_size or given.steps_per_generation:
        return {"use_cpu": True}
    at_once = given.per_device_train_batch_size * processes()
    return {"use_cpu": True, "generation_batch_size": at_once * given.gradient_accumulation_steps}


@contextmanager
def _as_one_process(dry_run: bool) -> Iterator[None]:
    """A dry run waits for no other process; `processes` says afterwards for how many it is."""
    hidden = {name: os.environ.pop(name) for name in _TOGETHER if dry_run and name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _config(options: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The options without `--config`, and what its file says; `env` in it goes into the environment."""
    options = [word for one in options for word in (one.split("=", 1) if one.startswith("--config=") else [one])]
    if "--config" not in options:
        return options, {}
    at = options.index("--config")
    if at + 1 == len(options):
        raise CrossthinkError("--config names no file: give a YAML file")
    path = Path(options[at + 1])
    if not path.is_file():
        raise CrossthinkError(
            f"no file {path}: the configs that come with the package lie in `crossthink path training`"
        )
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CrossthinkError(f"{path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise CrossthinkError(f"{path} holds no options: write `name: value` lines")
    os.environ.update({name: str(value) for name, value in (config.pop("env", None) or {}).items()})
    return options[:at] + options[at + 2 :], config


def _accumulation(given: Namespace) -> int:
    """The accumulation that makes a step of `prompts_per_step`; another one that was asked for is an error."""
    shared = batch(given.prompts_per_step, given.num_generations, given.per_device_train_batch_size, processes())
    if given.gradient_accumulation_steps not in (1, shared.accumulation):
        raise CrossthinkError(
            f"--gradient_accumulation_steps {given.gradient_accumulation_steps}, but {given.prompts_per_step} prompts "
            f"a step need {shared.accumulation} with {shared.processes} processes: leave one of the two out"
        )
    return shared.accumulation
