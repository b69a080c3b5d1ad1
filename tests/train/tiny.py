"""A model of two layers over whole words, and runs of the training scripts inside the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl

from crossthink_data.completions import worked_completion
from tests.train.scripts import script
from tests.train.words import word_tokenizer

_TURN = "{% if m['role'] == 'user' %}<u> {{ m['content'] }} {% else %}<a> {{ m['content'] }} [end]{% endif %}"
TURNS = "{% for m in messages %}" + _TURN + "{% endfor %}{% if add_generation_prompt %}<a> {% endif %}"
THINKING = TURNS.replace("<a> {% endif %}", "<a> <think> {% endif %}")  # each mark is a token of its own

STEP = {  # two prompts, four completions each
    "use_cpu": "true",
    "prompts_per_step": 2,
    "num_generations": 4,
    "per_device_train_batch_size": 4,
    "max_completion_length": 24,
    "learning_rate": "1e-3",
    "lr_scheduler_type": "constant",
    "beta": 0.01,
    "loss_type": "grpo",
    "logging_steps": 1,
    "gradient_checkpointing": "false",
    "report_to": "none",
}
WARM_UP = {
    "use_cpu": "true",
    "max_steps": 50,  # with more it knows two dozen rows by heart, and no group has different rewards
    "per_device_train_batch_size": 4,
    "learning_rate": "5e-3",
    "lr_scheduler_type": "constant",
    "save_strategy": "no",
    "gradient_checkpointing": "false",
    "logging_steps": 10,
    "report_to": "none",
}


def words_of(options: dict[str, Any]) -> list[str]:
    """Options as a command line has them."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


def write_model(folder: Path, rows: Sequence[dict[str, Any]], template: str = TURNS) -> Path:
    """An untrained model that knows the words of these rows and of the replies to them."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    replies = [str(worked_completion(row)) for row in rows]
    texts = [f"<u> {row['prompt'][0]['content']} <a> <think>" for row in rows] + replies
    tokenizer = word_tokenizer(template, [*texts, *(reply.removeprefix("<think>") for reply in replies)])
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train(name: str, blend: Path, model: Path, out: Path, **options: Any) -> Path:
    """Runs grpo.py or sft.py in this process; returns the run's folder."""
    usual = WARM_UP if name == "sft" else STEP
    told = {**usual, "dataset": blend, "model_name_or_path": model, "output_dir": out, **options}
    with patch.object(sys, "argv", [name, *words_of(told)]):
        script(name).main()
    return out


def asked_metals(out: Path, step: int) -> list[int]:
    """The rows that a step asked, in its order: the numbers of their metals."""
    texts = pl.read_parquet(out / "completions" / f"completions_{step:05d}.parquet")["prompt"].to_list()
    metals = [str(prompt[-1]["content"]).split("number ")[1].split("?")[0] for prompt in texts]
    return list(dict.fromkeys(map(int, metals)))
