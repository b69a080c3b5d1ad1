"""What lm-eval left in its output folder, read back: models, tasks, samples.

lm-eval writes `results_TIME.json` and, with `--log_samples`, one `samples_TASK_TIME.jsonl` a task beside it. Only our
own tasks are read: their documents hold what a report needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossthink_data.errors import CrossthinkError

PREFIX = "crossthink_"
_NEEDED = ("doc_id", "doc", "arguments", "resps")
_DOC = ("id", "prompt", "options", "answer", "breakdowns", "prompt_version", "grader_version")
_NAMED_BY = ("peft", "delta", "pretrained", "model", "path", "engine")  # what lm-eval calls a model by, in its order
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens")


@dataclass(frozen=True)
class Sample:
    """One document and what a model said to it.

    `prompt` is what was sent, with what a chat template adds; None where a server adds that. `max_tokens`: the bound of
    a completion.
    """

    doc_id: int
    doc: Mapping[str, Any]
    prompt: str | None
    completions: tuple[str, ...]
    max_tokens: int | None
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TaskRun:
    """One task as one model ran it; `limited`: not all of its documents were asked."""

    task: str
    version: str
    limited: bool
    time: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class ModelRun:
    """One model's tasks. `chat`: prompts went through a chat template; `args` are lm-eval's `--model_args`."""

    label: str
    source: str
    args: Mapping[str, Any]
    chat: bool
    tasks: Mapping[str, TaskRun]


def read_results(paths: Iterable[Path]) -> list[ModelRun]:
    """The models in result files or in folders, in the order given; one that was run in several goes is one model.

    Raises CrossthinkError for what is no result of ours, has no samples, or breaks off.
    """
    found: dict[Path, list[ModelRun]] = {}  # by the folder: files of one folder, given one by one, belong together
    for path in paths:
        parts = [part for file in _files(path) if (part := _read_file(file)) is not None]
        if not parts:
            raise CrossthinkError(
                f"{path} has no results of crossthink's tasks: run lm_eval with --tasks crossthink_… --log_samples "
                "--output_path FOLDER, and give that folder"
            )
        found.setdefault(path if path.is_dir() else path.parent, []).extend(parts)
    return _labelled([model for parts in found.values() for model in _merged(parts)])


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise CrossthinkError(f"no file or folder {path}: check the path")
    if path.is_file():
        return [path]
    files = sorted(path.rglob("results_*.json"))
    if not files:
        raise CrossthinkError(f"{path} holds no results_*.json: give the folder that lm_eval's --output_path named")
    return files


def _read_file(path: Path) -> ModelRun | None:
    """A result file's model, or None where none of its tasks is ours."""
    try:
        result = json.loads(path.read_bytes())
    except ValueError as error:
        raise CrossthinkError(
            f"{path} is not JSON ({error}): give lm-eval's results_*.json, or run it again"
        ) from error
    if not isinstance(result, dict) or not {"results", "configs", "versions"} <= result.keys():
        raise CrossthinkError(f"{path} is no result of lm-eval: give a results_*.json, or the folder that holds it")
    time = path.stem.rpartition("_")[2]  # `--output_path mine.json` gives mine_TIME.json
    names = [name for name in result["configs"] if name.startswith(PREFIX)]
    tasks = {name: _task(path.parent, name, time, result) for name in names}
    config = result.get("config") or {}
    source = str(result.get("model_source") or config.get("model") or "")
    args = _arguments(config.get("model_args"))
    named = next((str(args[name]) for name in _NAMED_BY if args.get(name)), str(result.get("model_name") or source))
    label = f"{named}@{args['revision']}" if args.get("revision") else named
    return ModelRun(label, source, args, result.get("chat_template") is not None, tasks) if tasks else None


def _arguments(given: object) -> dict[str, Any]:
    """lm-eval's `--model_args`, which it keeps as an object or as the text `a=1,b=2`."""
    if isinstance(given, Mapping):
        return dict(given)
    pairs = (part.partition("=") for part in str(given or "").split(","))
    return {name.strip(): value for name, _, value in pairs if value}


def _task(folder: Path, name: str, time: str, result: Mapping[str, Any]) -> TaskRun:
    path = folder / f"samples_{name}_{time}.jsonl"
    if not path.is_file():
        raise CrossthinkError(f"{folder} has results of {name} without samples: run lm_eval again with --log_samples")
    samples = tuple(_sample(f"{path}, line {number}", line) for number, line in _lines(path))
    counts = (result.get("n-samples") or {}).get(name) or {}
    if not samples or len(samples) < int(counts.get("effective", 0)):
        raise CrossthinkError(
            f"{path} breaks off after {len(samples)} of {counts.get('effective')} samples: copy it again"
        )
    limited = len(samples) < int(counts.get("original", len(samples)))
    return TaskRun(name, str(result["versions"].get(name)), limited, time, samples)


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())


def _sample(where: str, line: bytes) -> Sample:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise CrossthinkError(
            f"{where} is not JSON ({error}): the file breaks off; copy it again or run again"
        ) from error
    missing = [name for name in _NEEDED if name not in row] or [name for name in _DOC if name not in row["doc"]]
    if missing:
        raise CrossthinkError(f"{where} lacks {', '.join(missing)}: it is no sample of crossthink's tasks")
    sent, settings = _sent(row["arguments"])
    said = row["resps"][0]
    return Sample(
        doc_id=int(row["doc_id"]),
        doc=row["doc"],
        prompt=sent,
        completions=tuple(said) if isinstance(said, list) else (said,),
        max_tokens=next((int(settings[name]) for name in _LIMITS if settings.get(name)), None),
        metrics={name: float(row[name]) for name in row.get("metrics", ()) if isinstance(row.get(name), int | float)},
    )


def _sent(arguments: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The prompt and the settings of generation: lm-eval writes them under names, or as lists."""
    first = next(iter(arguments.values())) if isinstance(arguments, dict) else arguments[0]
    prompt, settings = tuple(first.values())[:2] if isinstance(first, dict) else tuple(first)[:2]
    return (prompt if isinstance(prompt, str) else None), settings


def _merged(parts: list[ModelRun]) -> list[ModelRun]:
    """The same model's tasks together; of one that it ran twice, the later."""
    models: dict[tuple[tuple[str, ...], str, bool], ModelRun] = {}
    for part in parts:
        key = (_weights(part), part.source, part.chat)
        before = models.get(key)
        models[key] = part if before is None else _both(before, part)
    return list(models.values())


def _weights(model: ModelRun) -> tuple[str, ...]:
    """What tells a model's weights from others': a base with an adapter is another model."""
    return (model.label, *(str(model.args.get(name)) for name in _NAMED_BY))


def _both(first: ModelRun, second: ModelRun) -> ModelRun:
    for name in first.tasks.keys() & second.tasks.keys():
        versions = {run.tasks[name].version for run in (first, second)}
        if len(versions) > 1:
            raise CrossthinkError(
                f"{first.label} ran {name} in versions {' and '.join(sorted(versions))}: keep one of them in a folder, "
                "or give the two folders apart"
            )
    later = sorted([*first.tasks.values(), *second.tasks.values()], key=lambda run: run.time)
    return ModelRun(second.label, second.source, second.args, second.chat, {run.task: run for run in later})


def _labelled(models: list[ModelRun]) -> list[ModelRun]:
    """The models under the shortest ends of their names that tell them apart."""
    names = [_shortest(model.label, [other.label for other in models]) for model in models]
    styled = [
        name if names.count(name) == 1 else f"{name} ({_style(m)})" for name, m in zip(names, models, strict=True)
    ]
    labels = [name if styled.count(name) == 1 else f"{name} #{n}" for n, name in enumerate(styled, 1)]
    return [replace(model, label=label) for model, label in zip(models, labels, strict=True)]


def _shortest(name: str, names: list[str]) -> str:
    parts = name.rstrip("/").split("/")
    others = {other.rstrip("/") for other in names} - {name.rstrip("/")}
    ends = ("/".join(parts[-size:]) for size in range(1, len(parts) + 1))
    return next((end for end in ends if not any(other.endswith(f"/{end}") or other == end for other in others)), name)


def _style(model: ModelRun) -> str:
    return "chat" if model.chat else "plain"
