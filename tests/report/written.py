"""Results in the form in which lm-eval 0.4.13 writes them, of documents and completions of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from crossthink_data.benchmark_docs import VERSIONS
from crossthink_data.report.results import ModelRun, TaskRun
from crossthink_data.report.samples import Sample

Doc = dict[str, Any]
Args = str | Mapping[str, Any] | None

TASK = "crossthink_math500"
MCQ_TASK = "crossthink_gpqa_diamond"
TIME = "2026-11-01T10-00-00.000001"
LATER = "2026-11-02T09-30-00.500000"
MODEL = "pretrained=acme/m"
NAMED_BY = ("peft", "delta", "pretrained", "model", "path", "engine")  # the arguments, in lm-eval's order
BETTER = {"acc": True, "acc_flex": True, "no_answer": False, "format": True, "chars": False}
BETTER_SAMPLED = {**BETTER, "pass_at_k": True, "maj_at_k": True}


@dataclass(frozen=True)
class Said:
    """A document, the completions to it, and its metrics."""

    doc: Doc
    completions: tuple[str, ...]
    metrics: Mapping[str, float]


def question(number: int, /, **about: str) -> Doc:
    """An open question, whose answer is its number; `about`: what scores are broken down by."""
    return _doc(number, {"options": [], "answer": str(number), "answer_label": None, "answer_type": "number"}, about)


def choice(number: int, /, **about: str) -> Doc:
    """A question whose second option is right."""
    options = [f"wrong {number}", f"right {number}"]
    return _doc(number, {"options": options, "answer": options[1], "answer_label": "B", "answer_type": "choice"}, about)


def _doc(number: int, gold: Doc, about: Mapping[str, str]) -> Doc:
    breakdowns = [{"by": by, "value": value} for by, value in about.items()]
    more = {"answer_aliases": [], "breakdowns": breakdowns, **VERSIONS}
    return {"id": f"q{number}", "prompt": f"Which is number {number}?", **gold, **more}


def said(doc: Doc, *right: bool, texts: Sequence[str] = (), **metrics: float) -> Said:
    """A document with a completion for each verdict; `texts` and `metrics` stand in the place of the usual ones."""
    completions = tuple(texts) or tuple(_completion(doc, way, one) for way, one in enumerate(right))
    share = sum(right) / len(right)
    chars = sum(map(len, completions)) / len(completions)
    scored = {"acc": share, "acc_flex": share, "no_answer": 0.0, "format": 1.0, "chars": chars}
    sampled = {"pass_at_k": float(any(right)), "maj_at_k": float(share > 0.5)} if len(right) > 1 else {}
    return Said(doc, completions, {**scored, **sampled, **metrics})


def _completion(doc: Doc, way: int, right: bool) -> str:
    gold = doc["answer_label"] or doc["answer"]
    return f"<think>Way {way}.</think> \\boxed{{{gold if right else 'A'}}}"


def task_run(
    *answers: Said,
    task: str = TASK,
    version: str = "1.0",
    limited: bool = False,
    max_tokens: int | None = 4096,
    **settings: str,
) -> TaskRun:
    """A task as `read_results` gives it."""
    samples = [
        Sample(number, one.doc, one.doc["prompt"], one.completions, max_tokens, one.metrics)
        for number, one in enumerate(answers)
    ]
    return TaskRun(task, version, limited, TIME, tuple(samples), settings)


def model_run(*runs: TaskRun, label: str = "m", chat: bool = False, **args: Any) -> ModelRun:
    """A model as `read_results` gives it."""
    return ModelRun(label, "hf", args, chat, {run.task: run for run in runs})


def write_results(
    folder: Path,
    tasks: Mapping[str, Sequence[Said]],
    args: Args = MODEL,
    *,
    source: str = "hf",
    template: str | None = None,
    messages: bool = False,
    original: int | None = None,
    version: float = 1.0,
    max_gen_toks: int | None = 4096,
    time: str = TIME,
    sampling: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Writes a model's results and samples into its folder under `folder`; gives the file of results.

    `template`: the chat template, around every prompt. `messages`: a server was sent messages, and applied its own.
    `original`: of how many questions the answers are the first, where that is not all. `sampling`: settings of
    generation over the usual ones, `metadata`: as lm-eval's --metadata.
    """
    model = _model_name(args)
    into = folder / model.replace("/", "__")
    into.mkdir(parents=True, exist_ok=True)
    chat = "" if messages else template
    for task, answers in tasks.items():
        settings = _settings(answers[0], max_gen_toks, sampling)
        lines = [_line(n, one, template or "{prompt}", messages, settings) for n, one in enumerate(answers)]
        (into / f"samples_{task}_{time}.jsonl").write_text("".join(lines), encoding="utf-8")
    sizes = {task: {"original": original or len(some), "effective": len(some)} for task, some in tasks.items()}
    better = {task: BETTER_SAMPLED if len(some[0].completions) > 1 else BETTER for task, some in tasks.items()}
    result = {
        "results": {task: _means(task, some) for task, some in tasks.items()},
        "group_subtasks": {},
        "configs": {
            task: _config(task, version, _settings(some[0], max_gen_toks, sampling), len(some[0].completions), metadata)
            for task, some in tasks.items()
        },
        "versions": dict.fromkeys(tasks, version),
        "n-shot": dict.fromkeys(tasks, 0),
        "higher_is_better": better,
        "n-samples": sizes,
        "config": _run_config(source, args, None if original is None else len(next(iter(tasks.values())))),
        **ENVIRONMENT,
        "task_hashes": {task: _hash(task) for task in tasks},
        "model_source": source,
        "model_name": model,
        "model_name_sanitized": into.name,
        "system_instruction": None,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": True,
        "chat_template": chat,
        "chat_template_sha": _hash(chat) if chat else None,
        "total_evaluation_time_seconds": "1.5",
    }
    path = into / f"results_{time}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def edit_samples(result: Path, change: Mapping[str, Any]) -> None:
    """Changes these fields of every sample beside a file of results; a field to which None is given goes."""
    (path,) = result.parent.glob("samples_*.jsonl")
    rows = [json.loads(line) | change for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in kept), encoding="utf-8")


def _line(number: int, one: Said, template: str, messages: bool, settings: Mapping[str, Any]) -> str:
    doc, completions = one.doc, list(one.completions)
    prompt = template.format(prompt=doc["prompt"])
    chat = json.dumps([{"role": "user", "content": doc["prompt"]}], ensure_ascii=False)
    sample = {
        "doc_id": number,
        "doc": doc,
        "target": doc["answer"],
        "arguments": {"gen_args_0": {"arg_0": [chat] if messages else prompt, "arg_1": settings}},
        "resps": [completions],
        "filtered_resps": [completions],
        "filter": "none",
        "metrics": list(one.metrics),
        "doc_hash": _hash(json.dumps(doc)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(doc["answer"]),
        **one.metrics,
    }
    return json.dumps(sample, ensure_ascii=False) + "\n"


def _settings(one: Said, max_gen_toks: int | None, sampling: Mapping[str, Any] | None) -> dict[str, Any]:
    bound = {"max_gen_toks": max_gen_toks} if max_gen_toks else {}
    return {"until": [], **bound, **_sampling(one), **(sampling or {})}


def _sampling(one: Said) -> dict[str, Any]:
    if len(one.completions) == 1:
        return {"do_sample": False}
    return {"do_sample": True, "temperature": 0.6, "top_p": 0.95}


def _means(task: str, answers: Sequence[Said]) -> dict[str, Any]:
    names = answers[0].metrics
    means = {f"{name},none": sum(one.metrics[name] for one in answers) / len(answers) for name in names}
    errors = {f"{name}_stderr,none": "N/A" for name in names}
    return {"name": task, "alias": task, "sample_len": len(answers), **means, **errors}


def _config(
    task: str, version: float, settings: Mapping[str, Any], repeats: int, metadata: Mapping[str, str] | None
) -> dict[str, Any]:
    """A task's settings; of most only that they are there is like lm-eval's."""
    return {
        "task": task,
        "custom_dataset": "def load(sets: Sequence[str], **_: Any) -> dict[str, datasets.Dataset]: ...",
        "dataset_path": "acme/set",
        "dataset_name": "default",
        "dataset_kwargs": {"sets": [task]},
        "test_split": "test",
        "doc_to_text": "prompt",
        "doc_to_target": "answer",
        "unsafe_code": False,
        "process_results": "def process_results(doc, results): ...",
        "description": "",
        "target_delimiter": " ",
        "fewshot_delimiter": "\n\n",
        "fewshot_config": {"sampler": "default"},
        "num_fewshot": 0,
        "metric_list": [],
        "output_type": "generate_until",
        "generation_kwargs": settings,
        "repeats": repeats,
        "filter_list": [{"name": "none", "filter": [{"function": "custom", "filter_fn": "<function keep_all>"}]}],
        "should_decontaminate": False,
        "metadata": {
            "version": version,
            "dataset_revision": "main",
            **(metadata or {}),
            "config_source": "math500.yaml",
        },
    }


def _run_config(source: str, args: Args, limit: int | None) -> dict[str, Any]:
    seeds = {"random_seed": 0, "numpy_seed": 1234, "torch_seed": 1234, "fewshot_seed": 1234}
    batch: dict[str, Any] = {"batch_size": None, "batch_sizes": [], "device": None, "use_cache": None}
    return {
        "model": source,
        "model_args": args,
        **batch,
        "limit": limit,
        "bootstrap_iters": 0,
        "gen_kwargs": None,
        **seeds,
    }


def _model_name(args: Args) -> str:
    pairs = (
        dict(args)
        if isinstance(args, Mapping)
        else dict(part.split("=", 1) for part in (args or "").split(",") if part)
    )
    return next((str(pairs[name]) for name in NAMED_BY if name in pairs), "zealous-otter")  # lm-eval's is at random


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


ENVIRONMENT = {
    "git_hash": "e8f3cfb",
    "date": 1793527200.0,
    "pretty_env_info": "PyTorch version: N/A",
    "transformers_version": "5.23.0",
    "lm_eval_version": "0.4.13",
    "upper_git_hash": None,
}
