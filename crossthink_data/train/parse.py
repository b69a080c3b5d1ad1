"""Options from a YAML file and the command line, in TRL's way, with errors that name the value and the cure."""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from trl import TrlParser

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.train.config_file import check_types, read_config
from crossthink_data.train.settle import HUB_STRATEGY, processes, settle

_TOGETHER = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # what a launcher tells each process


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise CrossthinkError(f"{message}; --help lists the options")


def parse(kinds: Sequence[Any], arguments: Sequence[str] | None = None) -> tuple[Any, ...]:
    """One instance of each dataclass, from `--config FILE.yaml` and the options after it, which win; then their names.

    The last are those that were given, as a set; what follows from them is in the instances alone: with
    `prompts_per_step`, `gradient_accumulation_steps` is what the number of processes asks for. Raises CrossthinkError
    for what is not known, not of its type, or does not fit together.
    """
    parser = _Parser(kinds)
    options, config = read_config(sys.argv[1:] if arguments is None else arguments)
    known = {action.dest for action in parser._actions}
    for key in config:
        if key not in known:
            raise unknown("key in the config", key, known)
    _check_choices(parser, config)
    check_types(config, kinds)
    parser.set_defaults(hub_strategy=HUB_STRATEGY)
    parser.set_defaults_with_config(**config)
    given, rest = parser.parse_known_args(options)
    if rest:
        raise unknown("option", rest[0].lstrip("-").partition("=")[0], known)
    asked = {*config, *_typed(kinds, options)}
    settle(given, asked)
    dry_run = getattr(given, "dry_run", False)
    if dry_run:
        _dry(given)
    try:
        with _as_one_process(dry_run):
            made = parser.parse_dict(vars(given), allow_extra_keys=True)
    except ValueError as error:
        raise CrossthinkError(str(error)) from error
    return (*map(_without_token, made), frozenset(asked))


def _typed(kinds: Sequence[Any], options: Sequence[str]) -> set[str]:
    """The names of the options on the command line."""
    bare = _Parser(kinds)
    for action in bare._actions:
        action.default, action.required = SUPPRESS, False
    return set(vars(bare.parse_known_args(options)[0]))


def _without_token(options: Any) -> Any:
    """A Hub token moves into the environment: options are saved beside the model, and pushed with it."""
    if token := getattr(options, "hub_token", None):
        os.environ["HF_TOKEN"] = token
        options.hub_token = None
    return options


def _check_choices(parser: TrlParser, config: dict[str, Any]) -> None:
    """A config's values become defaults, and argparse holds only what is typed against an option's choices."""
    for action in parser._actions:
        value = config.get(action.dest)
        if action.choices is not None and value is not None and value not in action.choices:
            raise unknown(f"value of {action.dest}", str(value), map(str, action.choices))


def _dry(given: Namespace) -> None:
    """Asks for no GPU, since nothing is computed, and for the batch of all the processes that it is for."""
    given.use_cpu = True
    if not given.generation_batch_size:
        at_once = given.per_device_train_batch_size * processes()
        given.generation_batch_size = at_once * (given.steps_per_generation or given.gradient_accumulation_steps)
        given.steps_per_generation = None


@contextmanager
def _as_one_process(dry_run: bool) -> Iterator[None]:
    """A dry run waits for no other process; `processes` says afterwards for how many it is."""
    hidden = {name: os.environ.pop(name) for name in _TOGETHER if dry_run and name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
