"""The YAML file behind `--config`: what it says, held against the options that there are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml

from crossthink_data.errors import CrossthinkError
from crossthink_data.yaml_text import load_yaml

Config = dict[str, Any]


def read_config(options: Sequence[str]) -> tuple[list[str], Config]:
    """The options without `--config`, and what its file says; `env` in it goes into the environment."""
    words = [word for one in options for word in (one.split("=", 1) if one.startswith("--config=") else [one])]
    if words.count("--config") > 1:
        raise CrossthinkError("--config is given twice: name one file, and what it leaves open behind it")
    if "--config" not in words:
        return words, {}
    at = words.index("--config")
    if at + 1 == len(words):
        raise CrossthinkError("--config names no file: give a YAML file")
    config = _loaded(Path(words[at + 1]))
    env = config.pop("env", None) or {}
    if not isinstance(env, dict):
        raise CrossthinkError(f"env is {env!r} in the config: write `NAME: value` lines below it")
    _set_environment({str(name): str(value) for name, value in env.items()})
    return words[:at] + words[at + 2 :], config


def _set_environment(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise CrossthinkError(f"env holds {name!r}: {value!r} in the config, which no environment can: change it")
        os.environ[name] = value


def check_types(config: Mapping[str, Any], kinds: Sequence[type]) -> None:
    """Raises CrossthinkError where a value is not of its option's type; argparse only looks at what is typed."""
    hints = {name: hint for kind in kinds for name, hint in get_type_hints(kind).items()}
    for name, value in config.items():
        allowed = _kinds(hints.get(name, object))
        if not any(_is(value, kind) for kind in allowed):
            named = " or ".join(kind.__name__ for kind in allowed if kind is not type(None))
            raise CrossthinkError(f"{name} is {value!r} in the config, of type {type(value).__name__}: give {named}")


def _loaded(path: Path) -> Config:
    if not path.is_file():
        raise CrossthinkError(
            f"no file {path}: the configs that come with the package lie in `crossthink path training`"
        )
    try:
        config = load_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CrossthinkError(f"{path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise CrossthinkError(f"{path} holds no options: write `name: value` lines")
    return {str(name): value for name, value in config.items()}


def _kinds(hint: Any) -> list[type]:
    """The types that a field may have: of `list[str] | None` list and None; what is no class is anything."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    plain = [get_origin(part) or part for part in parts]
    return [part if isinstance(part, type) else object for part in plain]


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of a type, or a text, which argparse converts; YAML reads `no` as false."""
    if isinstance(value, bool):
        return kind in (bool, str, object)
    if kind is float:
        return isinstance(value, int | float | str)
    return value is None or isinstance(value, str | kind)
