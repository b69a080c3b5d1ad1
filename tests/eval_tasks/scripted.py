"""The tasks with a model that says what it is told to, on rows in memory or from the Hub; no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from crossthink_data.kinds import LABELS

TASKS = Path(__file__).parents[2] / "eval_tasks"
Doc = Mapping[str, Any]
Script = Callable[[Doc, int], str]  # of a document and how often it was asked before


class Scripted(LM):  # type: ignore[misc]  # lm-eval has no types
    """A model of lm-eval's that answers by a script; `template` goes around every prompt."""

    tokenizer_name = "scripted"

    def __init__(self, script: Script, template: str = "{prompt}") -> None:
        super().__init__()
        self.script, self.template = script, template
        self.requests: list[Instance] = []

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        self.requests = requests
        asked: dict[str, int] = {}
        said = []
        for request in requests:
            key = request.arguments[0]
            said.append(self.script(request.doc, asked.get(key, 0)))
            asked[key] = asked.get(key, 0) + 1
        return said

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self.template.format(prompt=chat_history[-1]["content"])


def gold(doc: Doc) -> str:
    """The bare gold: a letter, letters or a text."""
    return str(doc["answer_label"] or doc["answer"])


def right(doc: Doc, _: int = 0) -> str:
    return f"<think>So it is.</think> \\boxed{{{gold(doc)}}}"


def right_at_length(doc: Doc, _: int = 0) -> str:
    label = doc["answer_label"] or ""
    texts = dict(zip(LABELS, doc["options"], strict=False))
    text = "; ".join(f"{one}. {texts[one]}" for one in label) or gold(doc)
    return f"<think>\\boxed{{no}} is not it.</think>\nThe answer is:\n\n\\boxed{{{text}}}\n"


def wrong(doc: Doc, _: int = 0) -> str:
    label = doc["answer_label"]
    other = "12345678.9" if not label else "B" if label.startswith("A") else "A"
    return f"<think>Hm.</think> \\boxed{{{other}}}"


def silent(doc: Doc, _: int = 0) -> str:
    return ""


def manager(**metadata: Any) -> TaskManager:
    return TaskManager(include_path=str(TASKS), include_defaults=False, metadata=metadata)


def run(model: LM, *tasks: Any, **options: Any) -> dict[str, Any]:
    """lm-eval's results; `metadata` as `--metadata` gives it."""
    tasks_known = manager(**options.pop("metadata", {}))
    result = simple_evaluate(
        model=model, tasks=list(tasks), task_manager=tasks_known, bootstrap_iters=0, verbosity="ERROR", **options
    )
    assert result is not None
    return dict(result)


def on_rows(task: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A task that reads these raw rows, in memory, in place of the Hub's."""
    held = {"test": Dataset.from_list([dict(row) for row in rows])}
    return {"group": "held", "task": [{"task": task, "custom_dataset": lambda **_: held}]}


def metrics(result: Mapping[str, Any], task: str) -> dict[str, float]:
    """The task's metrics, without what lm-eval puts beside them."""
    values = result["results"][task]
    return {
        key.removesuffix(",none"): value
        for key, value in values.items()
        if key.endswith(",none") and "_stderr" not in key
    }
