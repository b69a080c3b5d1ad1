"""lm-eval before and after training, in a process of its own, and what the card says of the two."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossthink_data.bundled import bundled
from crossthink_data.errors import CrossthinkError
from crossthink_data.train.options import CorpusArguments, RunArguments, Style

MAIN = "main"  # the revision that a model has where none is asked for
BEFORE, AFTER = "before", "after"
FOLDER = "eval"  # of a run's folder: lm-eval's output, before and after
_LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_TAIL = 2_000  # characters of what lm-eval said last


def evaluate(
    model: Mapping[str, object], corpus: CorpusArguments, asked: RunArguments, style: Style, out: Path
) -> None:
    """Runs the tasks of `--evaluate` on a model, prompts in the style that it is trained with; samples go to `out`.

    `model`: lm_eval's arguments of it, such as `pretrained`. Raises CrossthinkError where lm_eval fails.
    """
    told = ",".join(f"{name}={value}" for name, value in model.items())
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--model_args", told]
    command += ["--include_path", str(bundled("eval_tasks")), "--tasks", str(asked.evaluate)]
    command += ["--metadata", json.dumps(_corpus(corpus)), "--log_samples", "--output_path", str(out)]
    command += ["--apply_chat_template"] if style == "chat" else []
    command += shlex.split(asked.evaluate_options or "")
    done = subprocess.run(command, env=_alone(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CrossthinkError(
            f"lm_eval ended with code {done.returncode}: {done.stderr[-_TAIL:].strip()}\n"
            f"run it by hand: {shlex.join(command)}"
        )


def base_model(model: Any, args: Any) -> dict[str, object]:
    """The model that a run starts from, as lm_eval is told of it; `model` and `args` are the parsed options."""
    revision = {} if model.model_revision == MAIN else {"revision": model.model_revision}
    return {"pretrained": model.model_name_or_path, **revision, "trust_remote_code": args.trust_remote_code}


def trained_model(model: Any, args: Any) -> dict[str, object]:
    """The model in the run's folder; where that is an adapter, on the one that it belongs to."""
    if model.use_peft:
        return {**base_model(model, args), "peft": args.output_dir}
    return {"pretrained": args.output_dir, "trust_remote_code": args.trust_remote_code}


def before_and_after(folder: Path) -> str | None:
    """The report of a run's two evaluations as Markdown; None where there are not both."""
    both = [folder / FOLDER / BEFORE, folder / FOLDER / AFTER]
    if not all(path.is_dir() for path in both):
        return None
    from crossthink_data.report.report import make_report
    from crossthink_data.report.tables import difference_table, markdown_table, task_table

    report = make_report(both, paper="none")
    return "\n\n".join(markdown_table(table) for table in (task_table(report), difference_table(report)))


def _corpus(corpus: CorpusArguments) -> dict[str, str]:
    """What `crossthink_corpus` is told: the blend's test split."""
    known = {"corpus": corpus.dataset, "blend": corpus.blend, "corpus_revision": corpus.revision}
    return {name: value for name, value in known.items() if value}


def _alone() -> dict[str, str]:
    """The environment without what `accelerate launch` put there: lm_eval would wait for the other processes."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _LAUNCHED and not name.startswith(("ACCELERATE_", "FSDP_", "TORCHELASTIC_"))
    }
