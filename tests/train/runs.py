"""The record and the log of a training run that never was."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]

FIXED = {
    "dataset": "acme/corpus",
    "blend": "nd",
    "revision": "c0ffee",
    "split": "train",
    "max_prompt_tokens": 1000,
    "curriculum": "blend",
    "seed": 1,
    "num_generations": 8,
    "max_completion_length": 512,
    "model": "acme/base",
    "model_revision": "main",
    "prompt_style": "plain",
    "rows": 900,
    "reward": "combined",
    "reward_policy": "equivalent",
}
DATA = {"read": 1000, "too_long": 100, "cut": 0, "used": 900, "licenses": {"mit": 900}, "think_open": False}


def record(
    method: str = "GRPO",
    data: Line | None = None,
    settings: Line | None = None,
    model_settings: Line | None = None,
    **fixed: Any,
) -> Line:
    """A run's record as `read_record` gives it, with some of it otherwise."""
    return {
        "method": method,
        "crossthink_version": "0.1.0",
        "versions": {"torch": "2.13.0", "trl": "1.16.0"},
        "fixed": {**FIXED, **fixed},
        "data": {**DATA, **(data or {})},
        "processes": 2,
        "examples_per_step": 1024,  # 128 prompts, 8 completions each
        "settings": settings or {},
        "model_settings": model_settings or {},
    }


def steps(count: int) -> list[Line]:
    """A line a step, as a run with GRPO logs them; the reward of step n is n."""
    return [
        {
            "step": step,
            "reward": float(step),
            "accuracy": 0.5,
            "format": 1.0,
            "no_spread": 0.25,
            "tokens_right": 100.0,
            "completions/mean_length": 120.0,
            "domain/law/accuracy": 0.5,
            "domain/math/accuracy": 0.75,
            "loss": 0.125,
            "kl": 0.001,
        }
        for step in range(1, count + 1)
    ]
