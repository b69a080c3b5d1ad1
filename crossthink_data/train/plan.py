"""`--dry_run`: what a step is and what it needs, before anything is loaded."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

import typer
from transformers import AutoConfig

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.memory import memory
from crossthink_data.train.options import CorpusArguments, RunArguments
from crossthink_data.train.settle import processes


def plan(corpus: CorpusArguments, asked: RunArguments, args: Any, model: Any) -> dict[str, Any]:
    """The figures of a step; raises CrossthinkError where the model's size is neither given nor to be had."""
    parameters = _size(asked, model)
    completions = args.per_device_train_batch_size * processes() * args.gradient_accumulation_steps
    estimate = memory(
        parameters,
        half=model.dtype != "float32",  # bf16 and fp16 are what is computed in, not what is stored
        reference=args.beta != 0 and not model.use_peft,
        processes=processes(),
        adapter=model.use_peft,
    )
    return {
        "model": model.model_name_or_path,
        "dataset": corpus.dataset,
        "blend": corpus.blend,
        "prompts_per_step": completions // args.num_generations,
        "num_generations": args.num_generations,
        "processes": processes(),
        "per_device_train_batch_size": args.per_device_train_batch_size,
        "gradient_accumulation_steps": args.gradient_accumulation_steps,
        "max_steps": args.max_steps,
        "learning_rate": args.learning_rate,
        "beta": args.beta,
        "temperature": args.temperature,
        "max_prompt_tokens": corpus.max_prompt_tokens,
        "max_completion_tokens": args.max_completion_length,
        "parameters": parameters,
        "memory": asdict(estimate),
    }


def echo(found: dict[str, Any], as_json: bool) -> None:
    """Prints a plan, as one JSON object or a line a figure; of several processes the first does."""
    if os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        typer.echo(json.dumps(found))
        return
    flat = {**found, **found["memory"]}
    typer.echo("\n".join(f"{name}: {value}" for name, value in flat.items() if name != "memory"))


def _size(asked: RunArguments, model: Any) -> int:
    """Parameters: the number that was given, or those of the model's config."""
    if asked.parameters:
        return round(asked.parameters * 1e9)
    try:
        config = AutoConfig.from_pretrained(model.model_name_or_path, revision=model.model_revision)
    except (OSError, ValueError) as error:
        raise CrossthinkError(
            f"no config of {model.model_name_or_path}: give its size in 1e9 parameters, --parameters"
        ) from error
    return _parameters(config)


def _parameters(config: Any) -> int:
    """How many parameters the architecture has, without making them."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(config)
    return sum(one.numel() for one in made.parameters())
