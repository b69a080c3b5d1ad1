"""What `--dry_run` says: figures of the 7B config, worked out by hand, and of a model of two layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.options import CorpusArguments

pytest.importorskip("trl", reason="trl is not installed: run `make test-real`")

pytestmark = pytest.mark.real

CONFIG = Path(__file__).parents[2] / "training" / "configs" / "qwen2.5-7b.yaml"


def planned(*options: str) -> dict[str, Any]:
    """The plan of the 7B config with these options behind it."""
    from trl import GRPOConfig, ModelConfig

    from crossthink_data.train.options import RewardArguments, RunArguments
    from crossthink_data.train.parse import parse
    from crossthink_data.train.plan import plan

    kinds = (CorpusArguments, RewardArguments, RunArguments, GRPOConfig, ModelConfig)
    corpus, _, asked, args, model, _ = parse(kinds, ["--config", str(CONFIG), "--dry_run", *options])
    return plan(corpus, asked, args, model)


def test_a_step_of_the_7b_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert planned() == {
        "model": "Qwen/Qwen2.5-7B",
        "dataset": "ORG/crossthink",
        "blend": "gpr_up",
        "prompts_per_step": 128,
        "num_generations": 8,
        "processes": 8,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 32,  # 128 x 8 / (8 x 4)
        "max_steps": 650,
        "learning_rate": 1e-6,
        "beta": 0.001,
        "temperature": 1.0,
        "max_prompt_tokens": 1000,
        "max_completion_tokens": 4000,
        "parameters": 7_620_000_000,
        "memory": {  # 4, 4, 8 and 4 bytes a parameter, together 20; an eighth of it
            "weights_gib": 28.39,
            "gradients_gib": 28.39,
            "optimizer_gib": 56.77,
            "reference_gib": 28.39,
            "total_gib": 141.93,
            "sharded_gib": 17.74,
        },
    }


@pytest.mark.parametrize(
    ("options", "total"),
    [
        ((), 20.0),
        (("--beta", "0"), 16.0),  # no reference
        (("--dtype", "bfloat16"), 10.0),  # moments in 16 bits too
        (("--dtype", "auto"), 10.0),  # as Qwen's are stored
        (("--bf16", "false"), 20.0),  # it says what is computed in, not what is stored
        (("--use_peft", "true"), 4.0),  # the reference is the model without the adapter
    ],
)
def test_bytes_of_a_parameter(options: tuple[str, ...], total: float) -> None:
    assert planned("--parameters", str(2**30 / 1e9), *options)["memory"]["total_gib"] == total


def test_a_generation_for_two_steps_makes_no_step_larger() -> None:
    """One of 2,048 completions is trained on in two steps of 1,024."""
    assert planned("--generation_batch_size", "2048")["prompts_per_step"] == 128


def test_the_size_of_a_model_at_hand(tmp_path: Path) -> None:
    """Embedding and head 2 x 64 x 16; a layer 4 x 16 x 16 + 3 x 16 x 32 + 2 x 16; a last norm of 16."""
    from transformers import LlamaConfig

    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
    ).save_pretrained(tmp_path)
    found = planned("--parameters", "none", "--model_name_or_path", str(tmp_path))
    assert found["parameters"] == 2048 + 2 * (1024 + 1536 + 32) + 16


def test_a_model_that_is_not_at_hand_asks_for_its_size(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="give its size in 1e9 parameters, --parameters"):
        planned("--parameters", "none", "--model_name_or_path", str(tmp_path))


def test_a_plan_is_printed_by_the_first_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from crossthink_data.train.plan import echo

    found = {"processes": 8, "memory": {"total_gib": 20.0}}
    echo(found, as_json=False)
    assert capsys.readouterr().out == "processes: 8\ntotal_gib: 20.0\n"
    echo(found, as_json=True)
    assert json.loads(capsys.readouterr().out) == found
    monkeypatch.setenv("RANK", "1")
    echo(found, as_json=True)
    assert not capsys.readouterr().out
