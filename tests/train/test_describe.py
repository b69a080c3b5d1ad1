"""The record of a run: what may not change, what was asked for, how much a step takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

import datasets
import pytest

from crossthink_data.train.data import TrainingRows
from crossthink_data.train.describe import describe, steps_of_a_generation
from crossthink_data.train.options import CorpusArguments, RewardArguments

DATA = TrainingRows(datasets.Dataset.from_dict({"id": ["a", "b"]}), "chat", True, 9, 3, {"mit": 2}, cut=1)


@dataclass
class Model:
    model_name_or_path: str = "acme/base"
    model_revision: str = "main"
    dtype: str = "float32"
    use_peft: bool = False
    lora_r: int = 16
    model_token: str | None = "secret"


@dataclass
class Trainer:
    """Some of TRL's options, and what transformers makes of them."""

    seed: int = 1
    learning_rate: float = 1e-6
    lr_scheduler_type: str = "constant"
    loss_type: str = "grpo"
    max_steps: int = 8
    top_k: int = 0
    debug: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=lambda: {"api_key": "secret", "use_cache": False})
    world_size: int = 2
    train_batch_size: int = 4
    gradient_accumulation_steps: int = 3

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def described(*asked: str, **changes: Any) -> dict[str, Any]:
    corpus, reward = CorpusArguments("acme/x", blend="nd"), RewardArguments(prompts_per_step=6)
    return describe("GRPO", corpus, DATA, Model(), Trainer(**changes), asked, reward)


def test_what_may_not_change() -> None:
    fixed = described()["fixed"]
    wanted = {"dataset": "acme/x", "blend": "nd", "model": "acme/base", "prompt_style": "chat", "rows": 2}
    wanted |= {"dtype": "float32", "use_peft": False, "reward": "combined", "loss_type": "grpo"}
    wanted |= {"learning_rate": 1e-6, "lr_scheduler_type": "constant", "top_k": 0}
    assert wanted.items() <= fixed.items()
    assert not {"max_steps", "debug", "lora_r"} & fixed.keys()


def test_an_adapter_is_fixed_too() -> None:
    made = describe("SFT", CorpusArguments("acme/x"), DATA, Model(use_peft=True), Trainer(), ())
    assert made["fixed"]["lora_r"] == 16


def test_the_length_may_not_change_where_the_learning_rate_follows_it() -> None:
    assert described(lr_scheduler_type="linear")["fixed"]["max_steps"] == 8


def test_what_was_asked_for_and_no_secret() -> None:
    made = described("dataset", "dtype", "prompts_per_step", "seed", "more", "model_token")
    assert made["settings"] == {"seed": 1, "prompts_per_step": 6, "more": {"use_cache": False}}
    assert made["model_settings"] == {"dtype": "float32"}


def test_the_rows_and_a_step() -> None:
    made = described()
    rows = {"read": 9, "too_long": 3, "cut": 1, "used": 2, "licenses": {"mit": 2}, "think_open": True}
    assert (made["data"], made["processes"]) == (rows, 2)
    assert made["examples_per_step"] == 24  # 4 x 2 x 3


@pytest.mark.parametrize(
    ("parts", "iterations", "accumulation", "steps"),
    [(4, 1, 4, 1), (8, 1, 4, 2), (4, 2, 4, 2), (2, 1, 4, 1), (6, 1, 4, 3), (1, 1, 1, 1)],
)
def test_steps_of_a_generation(parts: int, iterations: int, accumulation: int, steps: int) -> None:
    args = SimpleNamespace(
        steps_per_generation=parts, num_iterations=iterations, gradient_accumulation_steps=accumulation
    )
    assert steps_of_a_generation(args) == steps
