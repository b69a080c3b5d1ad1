"""The training scripts as a user starts them, on a model of two layers: warm-up, GRPO, processes, resume, errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.train.record import METRICS, complete_checkpoints, read_record
from tests.train.blends import blend_row, write_blend, write_corpus
from tests.train.tiny import STEP, WARM_UP, asked_metals, words_of, write_model

torch = pytest.importorskip("torch", reason="torch is not installed: run `make test-real`")

PROJECT = Path(__file__).parents[2]
ROWS = 24

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


def script(name: str, *options: object, processes: int = 1) -> subprocess.CompletedProcess[str]:
    """Runs a training script, through `accelerate launch` where there are several processes."""
    launch = [sys.executable]
    if processes > 1:
        launch += ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", str(processes)]
        launch += ["--num_machines", "1", "--main_process_port", "0"]  # with --cpu accelerate starts one
    command = [*launch, str(PROJECT / "training" / f"{name}.py"), *map(str, options)]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CROSSTHINK_DEBUG": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=env)


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blend")
    write_blend(folder, [blend_row(number) for number in range(6)], "test")
    return write_blend(folder, [blend_row(number) for number in range(ROWS)])


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory, blend: Path) -> Path:
    """A small model that writes the format and guesses the letter, by the warm-up script."""
    folder = tmp_path_factory.mktemp("warm")
    raw = write_model(folder / "raw", [blend_row(number) for number in range(ROWS)])
    options = {**WARM_UP, "dataset": blend, "model_name_or_path": raw, "output_dir": folder / "model"}
    done = script("sft", *words_of(options))
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "model"


def grpo(blend: Path, warm: Path, out: Path, *more: object, processes: int = 1) -> subprocess.CompletedProcess[str]:
    """Two prompts a step, four completions each."""
    return script("grpo", *grpo_options(blend, warm, out), *more, processes=processes)


def grpo_options(blend: Path, warm: Path, out: Path) -> list[str]:
    return words_of({**STEP, "dataset": blend, "model_name_or_path": warm, "output_dir": out})


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one message of bad input."""
    assert done.returncode == 2, done.stderr[-4000:]
    assert "Traceback" not in done.stderr
    (said,) = re.findall(r"crossthink: (.*)", done.stderr)  # the bar of progress may stand before it
    return str(said)


def test_the_warm_up_learns_the_form_and_says_its_style(warm: Path) -> None:
    losses = [line["loss"] for line in lines(warm) if "loss" in line]
    assert losses[-1] < losses[0] / 3
    assert "prompt_style: chat" in (warm / "README.md").read_text()


def test_grpo_trains_logs_and_describes(blend: Path, warm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = grpo(blend, warm, out, "--max_steps", "3", "--save_strategy", "no")
    assert done.returncode == 0, done.stderr[-4000:]
    steps = [line for line in lines(out) if "reward" in line]
    assert [line["step"] for line in steps] == [1, 2, 3]
    assert all(line["format"] > 0.5 for line in steps)
    assert min(line["no_spread"] for line in steps) < 1  # some group has something to learn from
    for line in steps:
        assert line["reward"] == pytest.approx(line["rewards/crossthink_reward/mean"])
        assert {"accuracy", "cut_off", "question_type/mcq/reward", "source/metals/no_spread"} <= line.keys()
    card = (out / "README.md").read_text()
    assert "prompt_style: chat" in card
    assert "cc-by-4.0" in card
    assert (out / "model.safetensors").is_file()
    record = read_record(out)
    assert record is not None
    assert record["data"]["used"] == ROWS


def test_two_processes_see_each_prompt_once(blend: Path, warm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--log_completions", "true", "--max_steps", str(ROWS // 2), "--save_strategy", "no"]
    done = grpo(blend, warm, out, *options, processes=2)
    assert done.returncode == 0, done.stderr[-4000:]
    asked = [row for path in sorted((out / "completions").glob("*.parquet")) for row in read_prompts(path)]
    assert sorted(set(asked)) == sorted(f"number {number}?" for number in range(ROWS))
    assert len(asked) == 4 * ROWS
    record = read_record(out)
    assert record is not None
    assert record["processes"] == 2


def test_two_processes_go_on_in_a_shuffled_order(blend: Path, warm: Path, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    saved = ["--curriculum", "uniform", "--save_strategy", "steps", "--save_steps", "2", "--log_completions", "true"]
    for out, more in (
        (whole, ["--max_steps", "4"]),
        (parted, ["--max_steps", "2"]),
        (parted, ["--max_steps", "4", "--resume_from_checkpoint", "true"]),
    ):
        done = grpo(blend, warm, out, *saved, *more, processes=2)
        assert done.returncode == 0, done.stderr[-4000:]
    asked = [[asked_metals(out, step) for step in (1, 2, 3, 4)] for out in (whole, parted)]
    assert asked[0] == asked[1]
    assert len({metal for step in asked[0] for metal in step}) == 8
    assert asked[0] != [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_of_several_processes_one_says_what_is_wrong(blend: Path, warm: Path, tmp_path: Path) -> None:
    done = grpo(blend, warm, tmp_path / "out", "--blend", "defaults", processes=2)
    assert done.returncode == 1  # the launcher's
    (said,) = re.findall(r"crossthink: (.*)", done.stderr)
    assert said.endswith("; did you mean 'default'?")


def read_prompts(path: Path) -> list[str]:
    """Which metal each completion was asked for."""
    import polars as pl

    texts = pl.read_parquet(path)["prompt"].to_list()
    return [str(prompt[-1]["content"]).split("Which metal is ")[1].split("\n")[0] for prompt in texts]


def test_resuming_gives_the_same_prompts_and_losses(blend: Path, warm: Path, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    saved = ["--save_strategy", "steps", "--save_steps", "2", "--log_completions", "true"]
    assert grpo(blend, warm, whole, "--max_steps", "5", *saved).returncode == 0
    assert grpo(blend, warm, parted, "--max_steps", "2", *saved).returncode == 0
    done = grpo(blend, warm, parted, "--max_steps", "5", *saved, "--resume_from_checkpoint", "true")
    assert done.returncode == 0, done.stderr[-4000:]
    names = ("step", "loss", "reward", "grad_norm", "kl", "completions/mean_length")
    of = [[{name: line[name] for name in names} for line in lines(out) if "reward" in line] for out in (whole, parted)]
    assert of[0] == of[1]
    assert len(of[0]) == 5
    assert len({line["loss"] for line in of[0]}) > 1
    for step in (3, 4, 5):
        name = f"completions/completions_{step:05d}.parquet"
        assert read_prompts(whole / name) == read_prompts(parted / name)


def test_a_run_that_was_killed_goes_on(blend: Path, warm: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = ["--curriculum", "uniform", "--save_strategy", "steps", "--save_steps", "2", "--max_steps", "12"]
    options += ["--log_completions", "true"]
    assert grpo(blend, warm, whole, *options).returncode == 0
    command = [sys.executable, str(PROJECT / "training" / "grpo.py"), *grpo_options(blend, warm, killed), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not complete_checkpoints(killed):
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
    assert not (killed / "model.safetensors").exists()
    done = grpo(blend, warm, killed, *options, "--resume_from_checkpoint", "true")
    assert done.returncode == 0, done.stderr[-4000:]
    of = [
        [(line["step"], line["loss"], line["reward"]) for line in lines(out) if "reward" in line]
        for out in (whole, killed)
    ]
    assert of[0] == of[1]
    assert [asked_metals(whole, step) for step in range(1, 13)] == [asked_metals(killed, step) for step in range(1, 13)]


def test_plain_prompts_have_no_template(blend: Path, warm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--prompt_style", "plain", "--log_completions", "true", "--max_steps", "1", "--save_strategy", "no"]
    done = grpo(blend, warm, out, *options, "--spread_patience", "0")
    assert done.returncode == 0, done.stderr[-4000:]
    import polars as pl

    (path,) = (out / "completions").glob("*.parquet")
    prompt = pl.read_parquet(path)["prompt"][0]
    assert prompt.startswith("Which metal is number")
    assert "prompt_style: plain" in (out / "README.md").read_text()


def test_judging_before_and_after_stands_in_the_card(blend: Path, warm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    judged = ["--evaluate", "crossthink_corpus", "--evaluate_options", "--limit 4 --gen_kwargs max_gen_toks=8"]
    done = grpo(blend, warm, out, "--max_steps", "1", "--save_strategy", "no", *judged)
    assert done.returncode == 0, done.stderr[-4000:]
    rows = [line for line in (out / "README.md").read_text().splitlines() if "| corpus" in line and "| 4 |" in line]
    assert len(rows) == 3  # before, after, and their difference
    assert rows[1].startswith("| out |")


def test_a_full_disk_leaves_the_earlier_checkpoint(blend: Path, warm: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        done = grpo(blend, warm, disk / "out", "--max_steps", "9", "--save_strategy", "steps", "--save_steps", "1")
        message = refusal(done)
        kept = [path.name for path in complete_checkpoints(disk / "out")]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert "is full: make space" in message
    assert f"then go on from {kept[-1]} with --resume_from_checkpoint true" in message


def test_no_spread_stops_with_what_to_do(blend: Path, warm: Path, tmp_path: Path) -> None:
    raw = warm.parent / "raw"
    done = grpo(blend, raw, tmp_path / "out", "--max_steps", "4", "--spread_patience", "2", "--save_strategy", "no")
    assert "no group of the first 2 steps" in refusal(done)


def test_a_run_in_anothers_folder_is_refused(blend: Path, warm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    saved = ["--save_strategy", "steps", "--save_steps", "1"]
    assert grpo(blend, warm, out, "--max_steps", "1", *saved).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in (out / "checkpoint-1").iterdir()}
    assert "holds checkpoints up to checkpoint-1" in refusal(grpo(blend, warm, out, "--max_steps", "1", *saved))
    other = grpo(blend, warm, out, "--max_steps", "2", *saved, "--seed", "7", "--resume_from_checkpoint", "true")
    assert "of another run (seed 42, now 7)" in refusal(other)
    assert {path: path.stat().st_mtime_ns for path in (out / "checkpoint-1").iterdir()} == before


def test_the_proof_runs_every_arm_and_compares_them(blend: Path, warm: Path, tmp_path: Path) -> None:
    rows = [blend_row(number) for number in range(ROWS)]
    splits = {"train": rows, "test": rows[:6]}
    corpus = write_corpus(tmp_path / "corpus", {"gpr_up": splits, "only_mr": splits})
    out = tmp_path / "proof"
    cpu = "--use_cpu true --gradient_checkpointing false --bf16 false --save_strategy no --report_to none"
    sft = f"{cpu} --max_steps 100 --learning_rate 5e-3 --lr_scheduler_type constant --blend gpr_up"
    grpo_options = f"{cpu} --max_steps 1 --prompts_per_step 2 --num_generations 2 --per_device_train_batch_size 4"
    options = ["--corpus", corpus, "--model", warm.parent / "raw", "--out", out, "--seeds", "1", "--tasks"]
    options += ["crossthink_corpus", "--blends", "gpr_up", "only_mr", "--sft_options", sft, "--grpo_options"]
    options += [f"{grpo_options} --max_completion_length 16 --use_vllm false"]
    judged = "--model hf --apply_chat_template --gen_kwargs max_gen_toks=16 --batch_size 6"
    done = script("proof", *options, "--eval_options", judged)
    assert done.returncode == 0, done.stderr[-4000:]
    table = (out / "results.md").read_text().splitlines()
    assert table[0] == "| | base | warm-up | gpr_up | only_mr |"
    assert re.fullmatch(r"\| crossthink_corpus( \| [\d.]+){4} \|", table[2])
    assert {line.split(" | ")[0] for line in table[3:5]} == {"| crossthink_corpus, law", "| crossthink_corpus, stem"}
    assert len(json.loads((out / "results.json").read_text())["differences"]) == 3
    again = script("proof", *options, "--eval_options", judged)
    assert again.returncode == 0
    assert (out / "results.md").read_text().splitlines() == table


BAD = {
    "a blend that is not there": (["--blend", "defaults"], "; did you mean 'default'?"),
    "a model that is not there": (["--model_name_or_path", "no/model"], "cannot load the tokenizer of no/model"),
    "a key that does not exist": (
        ["--learnig_rate", "1"],
        "unknown option 'learnig_rate': did you mean 'learning_rate'",
    ),
    "a batch that does not divide": (
        ["--prompts_per_step", "3"],
        "3 prompts x 4 completions are 12, which 1 process x 8",
    ),
    "prompts all too long": (["--max_prompt_tokens", "5"], "more than 5 tokens: raise --max_prompt_tokens"),
    "a split that is not there": (["--split", "holdout"], "cannot load"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_message(case: str, blend: Path, warm: Path, tmp_path: Path) -> None:
    options, message = BAD[case]
    done = grpo(blend, warm, tmp_path / "out", "--per_device_train_batch_size", "8", *options)
    assert message in refusal(done)
    assert not (tmp_path / "out").exists()
