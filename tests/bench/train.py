"""What our training adds to TRL's, beside TRL's own script with a constant reward, in one run on the same rows.

    python -m tests.bench.train [--model .cache/smollm2] [--rounds 5]

The two scripts run in turn, `--rounds` times each, two steps a run, in the same settings: a step of ours beside one of
TRL's, and the time from the start of the process to the end of the first step. Then the share of a step that the reward
takes, and how long 83,200 rows take to load and filter.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from datasets import concatenate_datasets
from rich.console import Console
from rich.table import Table
from transformers import AutoTokenizer

from crossthink_data.load import load_blend
from crossthink_data.train.data import training_rows
from crossthink_data.train.metrics import read_metrics
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.record import METRICS

PROJECT = Path(__file__).parents[2]
STEPS, ROWS = 2, 83_200
SAME = (
    *("--use_cpu", "true", "--dtype", "float32", "--max_steps", str(STEPS), "--logging_steps", "1"),
    *("--num_generations", "4", "--per_device_train_batch_size", "8", "--gradient_accumulation_steps", "2"),
    *("--max_completion_length", "96", "--gradient_checkpointing", "false", "--save_strategy", "no"),
    *("--report_to", "none", "--shuffle_dataset", "false", "--learning_rate", "1e-6"),
)


class Run(NamedTuple):
    """Seconds from the start to the end of the first step, and of each step."""

    first: float
    steps: list[float]


def constant(completions: list[object], **_: object) -> list[float]:
    """The reward of TRL's script."""
    return [1.0] * len(completions)


def ours(model: str, blend: Path, out: Path) -> Run:
    """Our script."""
    options = ["--dataset", blend, "--spread_patience", "0", "--max_prompt_tokens", "100000"]
    return _run([PROJECT / "training" / "grpo.py", *options], model, out)


def theirs(model: str, blend: Path, out: Path) -> Run:
    """TRL's script, on the columns that it reads."""
    options = ["--dataset_name", blend, "--reward_funcs", "tests.bench.train.constant"]
    return _run(["-m", "trl.scripts.grpo", *options], model, out)


def _run(command: list[object], model: str, out: Path) -> Run:
    """Runs a script; its steps are what its log says of each."""
    full = [sys.executable, "-u", *map(str, command), "--model_name_or_path", model, "--output_dir", str(out), *SAME]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(PROJECT)}
    began, first, steps = time.perf_counter(), 0.0, []
    with subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        for line in process.stdout or ():
            if "'step_time': '" in line:
                first = first or time.perf_counter() - began
                steps.append(float(line.split("'step_time': '")[1].split("'")[0]))
    if process.returncode or len(steps) != STEPS:
        raise SystemExit(f"{' '.join(full)} ended with code {process.returncode} after {len(steps)} steps")
    return Run(first, steps)


def loading(model: str, blend: Path) -> dict[str, float]:
    """Seconds to load and filter ROWS rows in each prompt style."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    once = load_blend(str(blend))
    many = concatenate_datasets([once] * -(-ROWS // len(once))).select(range(ROWS))
    with tempfile.TemporaryDirectory() as folder:
        many.to_parquet(Path(folder) / "train.parquet")
        load_blend(folder)  # the cache that `load_dataset` makes of parquet once is not ours
        return {style: _loaded(folder, style, tokenizer) for style in ("plain", "chat")}


def _loaded(folder: str, style: str, tokenizer: object) -> float:
    began = time.perf_counter()
    rows = training_rows(CorpusArguments(folder, prompt_style=style), tokenizer)  # type: ignore[arg-type]
    took = time.perf_counter() - began
    if rows.read != ROWS:
        raise SystemExit(f"{rows.read} rows were read, not {ROWS}")
    return took


def _row(what: str, mine: list[float], peers: list[float]) -> list[str]:
    ratio = mean(mine) / mean(peers)
    return [what, *(f"{mean(some):.2f} ± {stdev(some):.2f} s" for some in (mine, peers)), f"{ratio:.3f}"]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(PROJECT / ".cache" / "smollm2"))
    parser.add_argument("--blend", type=Path, default=PROJECT / "published" / "starter")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    mine, peers, shares = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.rounds):
            out = Path(folder) / str(number)
            mine.append(ours(asked.model, asked.blend, out))
            peers.append(theirs(asked.model, asked.blend, Path(folder) / f"trl-{number}"))
            lines = [line for line in read_metrics(out / METRICS) if "reward_time" in line]
            shares += [(line["reward_time"], line["step_time"]) for line in lines]
    table = Table("what", "ours", "TRL's script, constant reward", "ratio")
    table.add_row(*_row("a step", [s for run in mine for s in run.steps], [s for run in peers for s in run.steps]))
    table.add_row(*_row("start to the end of the first step", [r.first for r in mine], [r.first for r in peers]))
    spent = [reward for reward, _ in shares]
    share = sum(spent) / sum(step for _, step in shares)
    table.add_row("reward, of a step", f"{1000 * mean(spent):.0f} ms, {share:.2%}", "", "")
    table.add_row("the same without its first", f"{1000 * mean(spent[1::STEPS]):.1f} ms", "", "")
    for style, seconds in loading(asked.model, asked.blend).items():
        table.add_row(f"{ROWS:,} rows loaded and filtered, {style}", f"{seconds:.1f} s", "", "")
    Console(width=120).print(table)
    Console().print(json.dumps({"steps of each": asked.rounds * STEPS}))


if __name__ == "__main__":
    main()
