"""The real trainer where something is out of the ordinary: templates, golds, adapters, a push to the Hub."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.metrics import read_metrics
from crossthink_data.train.record import METRICS
from tests.hub_fixture import Hub
from tests.train.blends import blend_row, write_blend
from tests.train.tiny import THINKING, train, write_model

pytest.importorskip("trl", reason="trl is not installed: run `make test-real`")

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ROWS = [blend_row(number) for number in range(24)]


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blend")
    write_blend(folder, ROWS[:4], "test")
    return write_blend(folder, ROWS)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory, blend: Path) -> Path:
    folder = tmp_path_factory.mktemp("warm")
    return train("sft", blend, write_model(folder / "raw", ROWS), folder / "model")


def test_a_template_that_opens_the_thinking_is_learned_and_rewarded(blend: Path, tmp_path: Path) -> None:
    """What the warm-up shows follows on the prompt that GRPO sends, and its reward knows of the open tag."""
    warm = train("sft", blend, write_model(tmp_path / "raw", ROWS, THINKING), tmp_path / "warm")
    out = train("grpo", blend, warm, tmp_path / "out", max_steps=2, save_strategy="no")
    steps = [line for line in read_metrics(out / METRICS) if "reward" in line]
    assert all(line["format"] > 0.5 for line in steps)
    assert "The template ends inside `<think>`" in (out / "README.md").read_text()


@pytest.mark.parametrize("reward", ["combined", "separate"])
def test_golds_that_cannot_be_read_end_the_run(reward: str, warm: Path, tmp_path: Path) -> None:
    rows = [blend_row(number, answer="", answer_type="number", answer_label=None) for number in range(4)]
    blend = write_blend(tmp_path / "blend", rows)
    with pytest.raises(CrossthinkError, match=r"none of the 8 completions of step 1 could be graded \(empty_gold\)"):
        train("grpo", blend, warm, tmp_path / "out", max_steps=1, reward=reward, temperature=0.1)


def test_accuracy_and_format_are_added_as_they_are_weighed(blend: Path, warm: Path, tmp_path: Path) -> None:
    config = tmp_path / "weighed.yaml"
    config.write_text("reward: separate\nreward_weights: [1.0, 0.5]\n")
    out = train("grpo", blend, warm, tmp_path / "out", max_steps=2, save_strategy="no", config=config)
    for line in [line for line in read_metrics(out / METRICS) if "reward" in line]:
        parts = line["rewards/accuracy_reward/mean"] + 0.5 * line["rewards/format_reward/mean"]
        assert line["reward"] == pytest.approx(parts)
        assert line["question_type/mcq/reward"] == pytest.approx(parts)


def test_an_adapter_is_trained_saved_and_judged(blend: Path, warm: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed: run `make test-real`")
    options = {"use_peft": "true", "lora_r": 4, "lora_target_modules": "all-linear", "save_strategy": "no"}
    judged = {"evaluate": "crossthink_corpus", "evaluate_options": "--limit 2 --gen_kwargs max_gen_toks=8"}
    out = train("grpo", blend, warm, tmp_path / "out", max_steps=1, **options, **judged)
    assert (out / "adapter_model.safetensors").is_file()
    assert not (out / "model.safetensors").exists()
    card = (out / "README.md").read_text()
    assert "library_name: peft" in card
    assert len(re.findall(r"(?m)^\| (?:model|out) \| corpus ", card)) == 3  # before, after, and their difference


def test_a_push_takes_nothing_along_but_the_model_and_what_is_said_of_it(
    hub: Hub, blend: Path, warm: Path, tmp_path: Path
) -> None:
    """Checkpoints were saved, completions logged, and an evaluation of a benchmark that must not be published."""
    samples = tmp_path / "out" / "eval" / "before" / "samples_crossthink_gpqa_diamond_1.jsonl"
    samples.parent.mkdir(parents=True)
    samples.write_text("{}\n")
    options = {"push_to_hub": "true", "hub_model_id": "acme/tuned", "log_completions": "true"}
    out = train("grpo", blend, warm, tmp_path / "out", max_steps=2, save_strategy="steps", save_steps=1, **options)
    assert {"checkpoint-2", "completions", "eval"} <= {path.name for path in out.iterdir()}
    pushed = set(HfApi().list_repo_files("acme/tuned"))
    curves = {f"curves/{name}.png" for name in ("rewards", "domains", "tokens", "loss")}
    model = {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert pushed == curves | model | {"README.md", METRICS, "chat_template.jinja", ".gitattributes"}
    assert len(HfApi().list_repo_commits("acme/tuned")) == 2  # with the one that made the repository
