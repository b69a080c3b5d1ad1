"""The record of a training run, from its options and its rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from math import gcd
from typing import Any

from crossthink_data import __version__
from crossthink_data.train.data import TrainingRows
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.record import FIXED, SECRET_NAME

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "vllm", "peft", "deepspeed", "math-verify")
_CORPUS = ("dataset", "blend", "revision", "split", "max_prompt_tokens", "curriculum")
_REWARD = ("reward", "reward_policy")
_MODEL = ("dtype", "use_peft")
_ADAPTER = ("lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "use_dora", "use_rslora")
_STEP = (  # what makes a step: prompts, completions, advantages, loss, optimizer
    *("seed", "generation_batch_size", "num_generations", "num_iterations", "max_completion_length", "max_length"),
    *("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "generation_kwargs", "chat_template_kwargs"),
    *("reward_weights", "multi_objective_aggregation", "scale_rewards", "mask_truncated_completions", "beta"),
    *("loss_type", "epsilon", "epsilon_high", "delta", "importance_sampling_level", "use_bias_correction_kl"),
    *("learning_rate", "lr_scheduler_type", "warmup_steps", "optim", "adam_beta1", "adam_beta2", "adam_epsilon"),
    *("weight_decay", "max_grad_norm", "bf16", "fp16", "packing"),
)
_LENGTH = ("max_steps", "num_train_epochs")
_CONSTANT = ("constant", "constant_with_warmup")  # with any other the learning rate depends on the run's length


def describe(
    method: str,
    corpus: CorpusArguments,
    data: TrainingRows,
    model: Any,
    args: Any,
    asked: Collection[str],
    reward: Any = None,
) -> dict[str, Any]:
    """What a run is made of, ready for `record.begin`: the parsed options, and which of them were asked for."""
    trainer, more = args.to_dict(), asdict(reward) if reward else {}
    lasting = () if trainer["lr_scheduler_type"] in _CONSTANT else _LENGTH
    fixed = {
        **_some(asdict(corpus), _CORPUS),
        **{"model": model.model_name_or_path, "model_revision": model.model_revision},
        **_some(asdict(model), (*_MODEL, *(_ADAPTER if model.use_peft else ()))),
        **_some(trainer, (*_STEP, *lasting)),
        **{"prompt_style": data.style, "rows": len(data.rows)},
        **_some(more, _REWARD),
    }
    return {
        "method": method,
        "crossthink_version": __version__,
        "versions": _versions(),
        FIXED: fixed,
        "data": {
            "read": data.read,
            "too_long": data.too_long,
            "cut": data.cut,
            "used": len(data.rows),
            "licenses": dict(data.licenses),
            "think_open": data.think_open,
        },
        "processes": args.world_size,
        "examples_per_step": args.train_batch_size * args.world_size * args.gradient_accumulation_steps,
        "settings": _without_secrets(_some({**trainer, **more}, asked)),
        "model_settings": _without_secrets(_some(asdict(model), asked)),
    }


def steps_of_a_generation(args: Any) -> int:
    """After how many steps of GRPO one ends together with what was generated: 1, unless that serves several."""
    parts = args.steps_per_generation * args.num_iterations
    return int(parts // gcd(parts, args.gradient_accumulation_steps))


def _some(options: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The options of these names, of those that there are."""
    return {name: value for name, value in options.items() if name in names}


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an optional one
    return found


def _without_secrets(options: Any) -> Any:
    """Options without what a name calls a token, key or password, at any depth: the record is published."""
    if not isinstance(options, dict):
        return options
    return {
        name: _without_secrets(value)
        for name, value in options.items()
        if not SECRET_NAME.search(str(name)) or isinstance(value, int | float)
    }
