"""The form of written.py against files that lm-eval itself wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers import EvaluationTracker

from crossthink_data.benchmarks import ALL_SETS
from crossthink_data.publication import prepare_publication
from crossthink_data.publish import publish_to_folder
from crossthink_data.report.results import ModelRun, read_results
from tests.eval_tasks.own_hub import seed_benchmarks
from tests.eval_tasks.scripted import Doc, Scripted, right, run, wrong
from tests.hub_fixture import Hub
from tests.report.written import MODEL, TASK, TIME, Said, write_results
from tests.small import Small

SAMPLED = "crossthink_gpqa_diamond_avg8"
TEMPLATE = "<user>{prompt}<assistant>"


def half_right(doc: Doc, turn: int) -> str:
    return f"{right(doc) if turn % 2 else wrong(doc)} {turn}"


def evaluate(task: str, out: Path, **options: Any) -> Path:
    """Runs a task from the Hub and saves what it gave, as lm-eval's command does; gives the file of results."""
    tracker = EvaluationTracker(output_path=str(out))
    model = Scripted(half_right, TEMPLATE)
    result = run(model, task, log_samples=True, evaluation_tracker=tracker, model_args=MODEL, **options)
    samples = result.pop("samples")
    tracker.save_results_aggregated(results=result, samples=samples)
    for name in result["configs"]:
        tracker.save_results_samples(task_name=name, samples=samples[name])
    (path,) = out.rglob("results_*.json")
    return path


def samples_beside(result: Path) -> list[dict[str, Any]]:
    (path,) = result.parent.glob("samples_*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def shape(value: object) -> object:
    """The keys and the types of a value."""
    if isinstance(value, Mapping):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def without_time(model: ModelRun) -> ModelRun:
    return replace(model, tasks={name: replace(run, time=TIME) for name, run in model.tasks.items()})


@pytest.mark.parametrize(
    ("task", "options", "written"),
    [
        (TASK, {}, {}),
        (SAMPLED, {"apply_chat_template": True, "limit": 2}, {"template": TEMPLATE, "original": 24}),
    ],
    ids=["plain", "sampled chat"],
)
def test_lm_eval_writes_what_the_helper_does(
    hub: Hub, tmp_path: Path, task: str, options: dict[str, Any], written: dict[str, Any]
) -> None:
    seed_benchmarks(hub.store, tmp_path / "rows", without=tuple(set(ALL_SETS) - {"math500", "gpqa_diamond"}))
    real = evaluate(task, tmp_path / "real", **options)
    theirs = samples_beside(real)
    answers = [Said(one["doc"], tuple(one["resps"][0]), {name: one[name] for name in one["metrics"]}) for one in theirs]
    own = write_results(tmp_path / "own", {task: answers}, source="CUSTOM", **written)
    assert own.parent.name == real.parent.name
    assert shape(samples_beside(own)) == shape(theirs)

    result, ours = (json.loads(path.read_text(encoding="utf-8")) for path in (real, own))
    assert ours.keys() == result.keys()
    assert ours["config"].keys() == result["config"].keys()
    for part in ("configs", "results"):
        assert ours[part][task].keys() == result[part][task].keys()
    for part in ("n-samples", "versions", "higher_is_better", "group_subtasks"):
        assert ours[part] == result[part]

    (read,), (again,) = read_results([tmp_path / "real"]), read_results([own])
    assert without_time(read) == without_time(again)
    assert (read.label, read.source, read.args, read.chat) == ("m", "CUSTOM", {"pretrained": "acme/m"}, bool(options))
    assert (len(read.tasks[task].samples), read.tasks[task].limited) == (len(theirs), bool(options))


def test_lm_eval_writes_which_blend_was_asked(small: Small, tmp_path: Path) -> None:
    publish_to_folder(prepare_publication(small.folder, "acme/small"), tmp_path / "published")
    asked = {"corpus": str(tmp_path / "published"), "blend": "nd"}
    evaluate("crossthink_corpus", tmp_path / "real", metadata=asked, gen_kwargs="max_gen_toks=77")
    task = read_results([tmp_path / "real"])[0].tasks["crossthink_corpus"]
    assert task.rows_of == "nd/test"
    assert {name: task.settings[name] for name in (*asked, "split", "max_gen_toks")} == {
        **asked,
        "split": "test",
        "max_gen_toks": "77",
    }
