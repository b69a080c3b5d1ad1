"""The record of a training run, from its options and its rows."""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from crossthink_data import __version__
from crossthink_data.train.data import TrainingRows
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.record import FIXED, SECRET_NAME

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "vllm", "peft", "deepspeed", "math-verify")
_CORPUS = ("dataset", "blend", "revision", "split", "max_prompt_tokens", "curriculum")
_STEP = ("seed", "num_generations", "generation_batch_size", "max_completion_length", "temperature", "top_p", "beta")


def describe(
    method: str, corpus: CorpusArguments, data: TrainingRows, model: Any, args: Any, reward: Any = None
) -> dict[str, Any]:
    """What a run is made of, ready for `record.begin`; `model`, `args` and `reward` are the parsed options."""
    fixed = {name: getattr(corpus, name) for name in _CORPUS}
    fixed |= {"model": model.model_name_or_path, "model_revision": model.model_revision}
    fixed |= {name: getattr(args, name) for name in _STEP if hasattr(args, name)}
    fixed |= {"prompt_style": data.style, "rows": len(data.rows)}
    if reward is not None:
        fixed |= {"reward": reward.reward, "reward_policy": reward.reward_policy}
    return {
        "method": method,
        "crossthink_version": __version__,
        "versions": _versions(),
        FIXED: fixed,
        "data": {
            "read": data.read,
            "too_long": data.too_long,
            "used": len(data.rows),
            "licenses": dict(data.licenses),
            "think_open": data.think_open,
        },
        "processes": args.world_size,
        "settings": _changed(args),
        "model_settings": _changed(model),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an optional one
    return found


def _changed(options: Any) -> dict[str, Any]:
    """The options that are not at their default."""
    defaults = {one.name: one.default if one.default is not MISSING else None for one in fields(options)}
    given = asdict(options) if not hasattr(options, "to_dict") else options.to_dict()
    kept = {name: value for name, value in given.items() if name in defaults and value not in (None, defaults[name])}
    return dict(_without_secrets(kept))


def _without_secrets(options: Any) -> Any:
    """Options without what a name calls a token, key or password, at any depth: the record is published."""
    if not isinstance(options, dict):
        return options
    return {
        name: _without_secrets(value)
        for name, value in options.items()
        if not SECRET_NAME.search(str(name)) or isinstance(value, int | float)
    }
