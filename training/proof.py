"""`make gpu-proof`: does a blend over many domains teach more than one of mathematics, or of everything else?

    python training/proof.py --corpus published/paper --model .cache/smollm2 --out runs/proof

On one GPU: the base model; one warm-up, which every arm starts from; GRPO on three blends of one corpus, in each seed;
all judged on held-out rows and on benchmarks. A stage that is done is not done again, so the script can be
stopped and started. What comes out is `results.md` and `results.json` in the folder: means over seeds, and paired
differences from the warm-up, whatever they show.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import typer
from transformers import HfArgumentParser

from crossthink_data.bundled import bundled
from crossthink_data.cli import main as run
from crossthink_data.errors import CrossthinkError
from crossthink_data.report.report import make_report, report_json
from crossthink_data.report.tables import markdown
from crossthink_data.train.record import complete_checkpoints

WARM, BASE = "warm-up", "base"
DONE = ".done"
CORPUS_TASK = "crossthink_corpus"
LEAST_FORMAT = 0.5  # of completions of the warm-up: with less, GRPO has too little to learn from


@dataclass
class Proof:
    """What is compared."""

    corpus: str = field(metadata={"help": "A published corpus, with these blends of one size and a test split."})
    model: str = field(metadata={"help": "The base model."})
    out: str = field(default="runs/proof", metadata={"help": "Where everything goes."})
    blends: list[str] = field(default_factory=lambda: ["gpr_up", "only_mr", "only_gpr"])
    judged_on: str = field(default="gpr_up", metadata={"help": "The blend whose test split judges all arms."})
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    tasks: str = field(default="crossthink_corpus,crossthink_math500,crossthink_amc23")
    sft_config: str = field(default=str(bundled("training") / "configs" / "smollm2-sft-gpu.yaml"))
    grpo_config: str = field(default=str(bundled("training") / "configs" / "smollm2-gpu.yaml"))
    sft_options: str = field(default="", metadata={"help": "Further options of training/sft.py, in one string."})
    grpo_options: str = field(default="", metadata={"help": "The same of training/grpo.py."})
    eval_options: str = field(
        default="--model hf --batch_size auto --apply_chat_template", metadata={"help": "The same of lm_eval."}
    )
    dry_run: bool = field(default=False, metadata={"help": "Print the commands, run none."})


@dataclass(frozen=True)
class Stage:
    """A command and the folder that it fills, with DONE in it when it is done."""

    name: str
    command: list[str]
    folder: Path


def main() -> None:
    """Runs what is not done yet, then reports. Raises CrossthinkError where a stage fails or the warm-up is weak."""
    kind: Any = Proof
    (asked,) = HfArgumentParser(kind).parse_args_into_dataclasses()
    for stage in stages(asked):
        typer.echo(f"{stage.name}: {shlex.join(stage.command)}")
        if asked.dry_run:
            continue
        _do(stage)
        if stage.name == f"judge {WARM}":
            check_format(Path(asked.out))
    if not asked.dry_run:
        write_results(asked)


def stages(asked: Proof) -> Iterator[Stage]:
    """Every command in its order: base, warm-up, then seed by seed each blend."""
    out = Path(asked.out)
    yield _judge(asked, BASE, asked.model)
    warm = out / WARM
    yield _train(
        "sft", asked.sft_config, asked, warm, ["--model_name_or_path", asked.model, *_words(asked.sft_options)]
    )
    yield _judge(asked, WARM, str(warm))
    for seed in asked.seeds:
        for blend in asked.blends:
            arm = out / arm_name(blend, seed)
            options = ["--model_name_or_path", str(warm), "--blend", blend, "--seed", str(seed)]
            yield _train("grpo", asked.grpo_config, asked, arm, [*options, *_words(asked.grpo_options)])
            yield _judge(asked, arm.name, str(arm))


def arm_name(blend: str, seed: int) -> str:
    """The folder of a trained arm."""
    return f"{blend}-seed{seed}"


def _train(script: str, config: str, asked: Proof, out: Path, options: Sequence[str]) -> Stage:
    command = [sys.executable, str(bundled("training") / f"{script}.py"), "--config", config]
    command += ["--dataset", asked.corpus, "--output_dir", str(out), *options]
    return Stage(f"train {out.name}", command, out)


def _judge(asked: Proof, name: str, model: str) -> Stage:
    out = Path(asked.out) / "eval" / name
    metadata = json.dumps({"corpus": asked.corpus, "blend": asked.judged_on})
    command = [sys.executable, "-m", "lm_eval", "run", "--include_path", str(bundled("eval_tasks"))]
    command += ["--tasks", asked.tasks, "--metadata", metadata, "--log_samples", "--output_path", str(out)]
    command += ["--model_args", f"pretrained={model}", *_words(asked.eval_options)]
    return Stage(f"judge {name}", command, out)


def _do(stage: Stage) -> None:
    if (stage.folder / DONE).exists():
        return
    goes_on = ["--resume_from_checkpoint", "true"] if complete_checkpoints(stage.folder) else []
    done = subprocess.run([*stage.command, *goes_on], check=False)
    if done.returncode:
        raise CrossthinkError(f"{stage.name} ended with code {done.returncode}: mend it and start again, to go on here")
    (stage.folder / DONE).touch()


def check_format(out: Path) -> None:
    """Raises CrossthinkError unless the warm-up writes the form often enough."""
    share = _models(out, [WARM])[WARM]["tasks"][CORPUS_TASK]["format"]
    if share < LEAST_FORMAT:
        raise CrossthinkError(
            f"after the warm-up {share:.0%} of completions keep the format, and {LEAST_FORMAT:.0%} are needed: give "
            f"more steps, --sft_options '--max_steps N', and remove {out / WARM} and {out / 'eval' / WARM}"
        )


def write_results(asked: Proof) -> None:
    """`results.md` and `results.json`: the arms by their means over seeds, then the whole report."""
    out = Path(asked.out)
    arms = {blend: [arm_name(blend, seed) for seed in asked.seeds] for blend in asked.blends}
    names = [WARM, BASE, *(name for some in arms.values() for name in some)]
    report = make_report([out / "eval" / name for name in names], paper="none")
    found = dict(zip(names, report_json(report)["models"].values(), strict=True))
    summary = arm_table({BASE: [BASE], WARM: [WARM], **arms}, found)
    (out / "results.md").write_text(f"{summary}\n{markdown(report)}", encoding="utf-8")
    (out / "results.json").write_text(json.dumps(report_json(report), indent=1), encoding="utf-8")
    typer.echo(summary)


def arm_table(arms: Mapping[str, Sequence[str]], found: Mapping[str, Any]) -> str:
    """Each arm's mean over seeds with its standard deviation, in percent, for every task and domain; and tokens."""
    first = found[BASE]["tasks"]
    domains = sorted(first[CORPUS_TASK]["breakdowns"].get("domain", {}))
    rows = [(f"{task}", [task, "accuracy", "value"]) for task in first]
    rows += [(f"{CORPUS_TASK}, {name}", [CORPUS_TASK, "breakdowns", "domain", name, "value"]) for name in domains]
    lines = [f"| | {' | '.join(arms)} |", f"|---|{'---:|' * len(arms)}"]
    for title, path in rows:
        cells = [_over_seeds([_at(found[name]["tasks"], path) for name in names], 100) for names in arms.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    tokens = [
        _over_seeds([found[name]["tasks"][CORPUS_TASK]["tokens_right"] for name in names], 1) for names in arms.values()
    ]
    return "\n".join([*lines, f"| tokens of right answers | {' | '.join(tokens)} |", ""])


def _over_seeds(values: Sequence[float | None], factor: int) -> str:
    known = [factor * value for value in values if value is not None]
    if not known:
        return ""
    return f"{mean(known):.1f}" + (f" ± {stdev(known):.1f}" if len(known) > 1 else "")


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value[name]
    return value


def _models(out: Path, names: Sequence[str]) -> dict[str, Any]:
    report = make_report([out / "eval" / name for name in names], paper="none")
    return dict(zip(names, report_json(report)["models"].values(), strict=True))


def _words(options: str) -> list[str]:
    return shlex.split(options)


if __name__ == "__main__":
    run(main)
