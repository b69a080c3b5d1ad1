"""`--dry_run`: what a step is and what it needs, before anything is loaded."""

from __future__ import annotations

import json
from typing import Any

import typer
from transformers import AutoConfig

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.memory import memory, memory_json
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.parse import processes

_VOCABULARY = 152_064  # of Qwen2.5, where the model's own is not at hand


def plan(corpus: CorpusArguments, args: Any, model: Any) -> dict[str, Any]:
    """The figures of a step; raises CrossthinkError where the model's size is neither given nor to be had."""
    parameters, vocabulary = _size(corpus, model)
    estimate = memory(
        parameters,
        half=bool(args.bf16 or args.fp16),
        reference=args.beta != 0 and not model.use_peft,
        processes=processes(),
        tokens=corpus.max_prompt_tokens + args.max_completion_length,
        vocabulary=vocabulary,
        per_device=args.per_device_train_batch_size,
    )
    return {
        "model": model.model_name_or_path,
        "dataset": corpus.dataset,
        "blend": corpus.blend,
        "prompts_per_step": args.generation_batch_size // args.num_generations,
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
        "memory": memory_json(estimate),
    }


def echo(found: dict[str, Any], as_json: bool) -> None:
    """Prints a plan, as one JSON object or a line a figure."""
    if as_json:
        typer.echo(json.dumps(found))
        return
    flat = {**found, **found["memory"]}
    typer.echo("\n".join(f"{name}: {value}" for name, value in flat.items() if name != "memory"))


def _size(corpus: CorpusArguments, model: Any) -> tuple[float, int]:
    """Parameters and vocabulary: of the model's config, or the number that was given."""
    if corpus.parameters:
        return corpus.parameters * 1e9, _VOCABULARY
    try:
        config = AutoConfig.from_pretrained(model.model_name_or_path, revision=model.model_revision)
    except (OSError, ValueError) as error:
        raise CrossthinkError(
            f"no config of {model.model_name_or_path}: give its size in 1e9 parameters, --parameters"
        ) from error
    text = config.get_text_config()
    return float(_parameters(config)), int(text.vocab_size)


def _parameters(config: Any) -> int:
    """How many parameters the architecture has, without making them."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(config)
    return sum(one.numel() for one in made.parameters())
