"""A real small model through lm-eval's back ends on our tasks, and the report of what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import Crossthink
from tests.eval_tasks.own_hub import seed_benchmarks
from tests.hub_fixture import Hub
from tests.vllm_server import vllm_server

PROJECT = Path(__file__).parents[2]
MODEL = PROJECT / ".cache" / "smollm2"
TOKENS = 64  # a completion may have; the model seldom ends by itself

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not (MODEL / "config.json").is_file(), reason=f"no model in {MODEL}: run `make test-real`"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a vLLM server of the model: it takes a minute or two to come up, so once for all."""
    with vllm_server(MODEL) as url:
        yield url


@pytest.fixture
def seeded(hub: Hub, tmp_path: Path) -> Hub:
    """The Hub with rows of our own in every benchmark."""
    seed_benchmarks(hub.store, tmp_path / "rows")
    return hub


def lm_eval(hub: Hub, tmp_path: Path, tasks: str, *more: str) -> Path:
    """Runs lm_eval as a user does, two questions a task; returns its output folder."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "lm_eval", "run", "--include_path", str(PROJECT / "eval_tasks")]
    command += ["--tasks", tasks, "--limit", "2", "--log_samples", "--output_path", str(out)]
    command += ["--gen_kwargs", f"max_gen_toks={TOKENS}", *more]
    done = subprocess.run(
        command, env=hub.client_env(tmp_path / "home"), capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return out


def reported(crossthink: Crossthink, out: Path) -> dict[str, Any]:
    """The tasks of the only model in a report, tokens counted by the model's own tokenizer."""
    report = crossthink("report", out, "--tokenizer", MODEL, "--html", out / "report.html", "--json").json()
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    (model,) = report["models"].values()
    return dict(model["tasks"])


def test_the_hf_back_end_with_a_chat_template(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    names = ["crossthink_math500", "crossthink_amc23", "crossthink_mmlu", "crossthink_mmlu_pro"]
    model = ["--model", "hf", "--model_args", f"pretrained={MODEL},dtype=float32", "--batch_size", "2"]
    out = lm_eval(seeded, tmp_path, ",".join(names), *model, "--apply_chat_template")
    tasks = reported(crossthink, out)
    assert set(tasks) == set(names)
    for task in tasks.values():
        assert task["accuracy"]["questions"] == 2
        assert 0 < task["tokens"] <= TOKENS + 2  # encoding a text again may part its end otherwise
        assert 0 <= task["accuracy"]["value"] <= task["flexible"] <= 1
    sent = logged(out, "crossthink_amc23")[0]["arguments"]["gen_args_0"]["arg_0"]
    assert sent.startswith("<|im_start|>") and sent.endswith("<|im_start|>assistant\n")


def test_vllms_completions(server: str, seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    base = f"model={MODEL.name},base_url={server}/v1/completions,tokenizer={MODEL},num_concurrent=2"
    out = lm_eval(
        seeded, tmp_path, "crossthink_amc23,crossthink_mmlu_pro", "--model", "local-completions", "--model_args", base
    )
    tasks = reported(crossthink, out)
    assert set(tasks) == {"crossthink_amc23", "crossthink_mmlu_pro"}
    assert all(task["tokens"] <= TOKENS + 2 for task in tasks.values())
    said = [sample["resps"][0][0] for task in tasks for sample in logged(out, task)]
    assert any(text.strip() for text in said)  # asked without its template, the model often ends at once


def test_vllms_chat_completions_eight_times_a_question(
    server: str, seeded: Hub, tmp_path: Path, crossthink: Crossthink
) -> None:
    base = f"model={MODEL.name},base_url={server}/v1/chat/completions,num_concurrent=4"
    model = ["--model", "local-chat-completions", "--model_args", base, "--apply_chat_template"]
    out = lm_eval(seeded, tmp_path, "crossthink_amc23_avg8", *model)
    (task,) = reported(crossthink, out).values()
    assert task["k"] == 8
    assert set(task["pass_at"]) == {"2", "4", "8"}
    assert len(logged(out, "crossthink_amc23_avg8")[0]["resps"][0]) == 8


def logged(out: Path, task: str) -> list[dict[str, Any]]:
    """The samples that lm-eval logged of a task."""
    (path,) = out.rglob(f"samples_{task}_*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]
