"""`make gpu-proof`: its commands, the format that it asks of the warm-up, what it does again."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data.errors import CrossthinkError
from crossthink_data.recipe import load_recipe
from crossthink_data.sources import SOURCES
from tests.report.written import question, said, write_results
from tests.train.scripts import script

proof = script("proof")

RIGHT, NO_BOX = "<think>t</think> \\\\boxed{A}", "I do not know."


def asked(tmp_path: Path, **changes: Any) -> Any:
    return proof.Proof("published/paper", "models/base", str(tmp_path / "out"), **changes)


def option(command: list[str], name: str) -> str:
    return str(command[command.index(name) + 1])


# ---- the commands


def test_every_arm_starts_from_the_warm_up(tmp_path: Path) -> None:
    made = list(proof.stages(asked(tmp_path, seeds=[1, 2], blends=["gpr_up", "only_mr"])))
    arms = [f"{blend}-seed{seed}" for seed in (1, 2) for blend in ("gpr_up", "only_mr")]
    trained = [f"{what} {arm}" for arm in arms for what in ("train", "judge")]
    assert [stage.name for stage in made] == ["judge base", "train warm-up", "judge warm-up", *trained]
    assert {option(stage.command, "--model_name_or_path") for stage in made[3::2]} == {str(tmp_path / "out/warm-up")}
    assert [option(stage.command, "--seed") for stage in made[3::2]] == ["1", "1", "2", "2"]


def test_the_warm_up_runs_on_the_gpu(tmp_path: Path) -> None:
    warm_up = next(stage for stage in proof.stages(asked(tmp_path)) if stage.name == "train warm-up")
    config = yaml.safe_load(Path(option(warm_up.command, "--config")).read_text(encoding="utf-8"))
    assert config["bf16"]
    assert "use_cpu" not in config
    assert "--use_cpu" not in warm_up.command


def test_the_warm_up_s_blend_has_rationales_in_the_paper_s_corpus(tmp_path: Path) -> None:
    """gpr_up takes rows of all categories; MMLU and the synthetic questions have none."""
    config = yaml.safe_load(Path(asked(tmp_path).sft_config).read_text(encoding="utf-8"))
    recipe = load_recipe("paper")
    groups = recipe.blends[config["blend"]].shares or {}
    with_rationale = {
        name: SOURCES[name].category
        for name in recipe.sources
        if "rationale" in SOURCES[name].to_rows(pl.DataFrame(schema=dict(SOURCES[name].columns))).columns
    }
    assert with_rationale == {"numinamath": "mr", "math_level3to5": "mr"}
    assert "mr" in groups


def test_a_dry_run_prints_every_command_and_runs_none(tmp_path: Path) -> None:
    command = [sys.executable, proof.__file__, "--corpus", "published/paper", "--model", "m", "--dry_run"]
    done = subprocess.run([*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 + 2 * 9  # three blends, three seeds
    assert all(line.startswith(("judge ", "train ")) for line in lines)
    assert not (tmp_path / "out").exists()


# ---- what is done once


def test_a_stage_is_done_when_its_command_has_ended_well(tmp_path: Path) -> None:
    """A shard of a model or a line of results that is there says nothing of the rest."""
    out = tmp_path / "arm"
    count = [sys.executable, "-c", f"open({str(tmp_path / 'times')!r}, 'a').write('x')"]
    fail = proof.Stage("train arm", [*count[:2], f"{count[2]}; raise SystemExit(3)"], out)
    out.mkdir()
    (out / "model-00001-of-00002.safetensors").write_bytes(b"half")
    with pytest.raises(CrossthinkError, match="train arm ended with code 3"):
        proof._do(fail)
    for _ in range(2):
        proof._do(proof.Stage("train arm", count, out))
    assert (tmp_path / "times").read_text() == "xx"


# ---- the gate


@pytest.mark.parametrize(("kept", "enough"), [(0, False), (1, False), (2, True), (4, True)])
def test_half_of_the_completions_must_keep_the_format(tmp_path: Path, kept: int, enough: bool) -> None:
    answers = [said(question(number), True, format=float(number < kept)) for number in range(4)]
    write_results(tmp_path / "eval" / proof.WARM, {proof.CORPUS_TASK: answers}, "pretrained=w")
    refused = pytest.raises(CrossthinkError, match=rf"after the warm-up {kept / 4:.0%} of completions keep the format")
    with nullcontext() if enough else refused:
        proof.check_format(tmp_path)
