"""`make train-demo`: a real small model, warmed up and then trained by GRPO on the starter blend, judged thrice.

Everything a user would run, one command after the other, on two CPU cores: SmolLM2-135M-Instruct, `crossthink sft`,
`crossthink train`, lm_eval's `crossthink_corpus` on 20 held-out rows, `crossthink report`. What it shows is that each
part works and that groups have different rewards, not that so few steps make a model better.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from crossthink_data.bundled import bundled
from crossthink_data.cli import main as run
from crossthink_data.errors import CrossthinkError
from crossthink_data.train.evaluate import evaluate
from crossthink_data.train.metrics import read_metrics
from crossthink_data.train.options import CorpusArguments, RunArguments
from crossthink_data.train.record import METRICS

MODEL = Path(".cache/smollm2")
BLEND = Path("published/starter")
OUT = Path("runs/train-demo")
WARM_UP_STEPS, STEPS = 16, 6
LIMITS = ("--save_strategy", "no", "--max_steps")
HELD_OUT = CorpusArguments(str(BLEND), blend="gpr_up")
JUDGED = RunArguments("crossthink_corpus", "--limit 20 --batch_size 20 --gen_kwargs max_gen_toks=96")


def main() -> None:
    """Runs from the folder that holds `published/starter` and the model. Raises CrossthinkError without any spread."""
    for needed, cure in ((BLEND, "make demo"), (MODEL, "make .cache/smollm2/.done")):
        if not needed.is_dir():
            raise CrossthinkError(f"no {needed}: run `{cure}`")
    shutil.rmtree(OUT, ignore_errors=True)
    judge(MODEL, "1-base")
    train("sft", "smollm2-sft.yaml", MODEL, OUT / "sft", WARM_UP_STEPS)
    judge(OUT / "sft", "2-warmed-up")
    train("train", "smollm2-cpu.yaml", OUT / "sft", OUT / "grpo", STEPS)
    judge(OUT / "grpo", "3-trained")
    report()
    share = spread(read_metrics(OUT / "grpo" / METRICS))
    typer.echo(f"groups with different rewards: {share:.0%} over {STEPS} steps; the model's card: {OUT}/grpo/README.md")


def judge(model: Path, name: str) -> None:
    """Scores 20 rows of the blend's test split."""
    with _step(f"judging {model} on 20 held-out rows"):
        evaluate({"pretrained": model}, HELD_OUT, JUDGED, "chat", OUT / "eval" / name)


def train(name: str, config: str, model: Path, out: Path, steps: int) -> None:
    """Runs `crossthink sft` or `crossthink train` in a process of its own."""
    path = bundled("training") / "configs" / config
    with _step(f"crossthink {name}, {steps} steps, from {model}"):
        command(name, "--config", path, "--model_name_or_path", model, "--output_dir", out, *LIMITS, steps)


def report() -> None:
    """The three evaluations side by side."""
    command("report", *sorted((OUT / "eval").iterdir()), "--paper", "none", "--html", OUT / "report.html", quiet=False)


def spread(log: Sequence[Mapping[str, Any]]) -> float:
    """The share of groups with different rewards. Raises CrossthinkError where it is 0: nothing was learned from."""
    alike = [line["no_spread"] for line in log if "no_spread" in line]
    share = 1 - sum(alike) / len(alike) if alike else 0.0
    if not share:
        raise CrossthinkError("no group had different rewards, so GRPO had nothing to learn from: warm up for longer")
    return share


def command(*words: object, quiet: bool = True) -> None:
    """Runs `crossthink`. Raises CrossthinkError with its last words where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "crossthink_data.cli", *map(str, words)],
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CrossthinkError(f"crossthink {words[0]} ended with code {done.returncode}: {(done.stderr or '')[-2000:]}")


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    typer.echo(f"{what} ...")
    yield
    typer.echo(f"  {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    run(main)
