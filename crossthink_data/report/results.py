"""What lm-eval left in its output folder, read back: models, tasks, samples.

lm-eval writes `results_TIME.json` and, with `--log_samples`, one `samples_TASK_TIME.jsonl` a task beside it. Only our
own tasks are read: their documents hold what a report needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from crossthink_data.errors import CrossthinkError
from crossthink_data.report.samples import Sample, read_sample

PREFIX = "crossthink_"
CORPUS = f"{PREFIX}corpus"
_NAMED_BY = ("peft", "delta", "pretrained", "model", "path", "engine")  # what lm-eval calls a model by, in its order
_ASKED = {"corpus": "", "blend": "", "split": "test", "corpus_revision": ""}  # of CORPUS, with what it is by default


@dataclass(frozen=True)
class TaskRun:
    """One task as one model ran it; `limited`: not all of its documents were asked; `settings`: how it was asked."""

    task: str
    version: str
    limited: bool
    time: str
    samples: tuple[Sample, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows_of(self) -> str:
        """Blend and split of crossthink_corpus, such as gpr_up/test; nothing for the other tasks."""
        corpus, blend, split = (self.settings.get(name, "") for name in ("corpus", "blend", "split"))
        return f"{blend or PurePath(corpus).name}/{split}" if corpus else ""  # a corpus of one blend need not name it


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
    except (ValueError, RecursionError) as error:
        raise CrossthinkError(
            f"{path} is not JSON ({error}): give lm-eval's results_*.json, or run it again"
        ) from error
    if not _is_result(result):
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


def _is_result(result: object) -> bool:
    """Whether all that is read of a result file is there, and of its type."""
    if not isinstance(result, dict) or not {"results", "configs", "versions"} <= result.keys():
        return False
    parts = [result["configs"], result["versions"], result.get("config") or {}, result.get("n-samples") or {}]
    if not all(isinstance(part, dict) for part in parts):
        return False
    ours = [name for name in result["configs"] if name.startswith(PREFIX)]
    configs = [result["configs"][name] for name in ours]
    counts = [(result.get("n-samples") or {}).get(name) or {} for name in ours]
    if not all(isinstance(one, dict) for one in [*configs, *counts]):
        return False
    inner = [config.get(name) or {} for config in configs for name in ("generation_kwargs", "metadata")]
    numbers = [number for one in counts for number in one.values()]
    return all(isinstance(one, dict) for one in inner) and all(isinstance(number, int) for number in numbers)


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
    read = [(number, read_sample(f"{path}, line {number}", line)) for number, line in _lines(path)]
    samples = tuple(sample for _, sample in read)
    counts = (result.get("n-samples") or {}).get(name) or {}
    if not samples or len(samples) < counts.get("effective", 0):
        raise CrossthinkError(
            f"{path} breaks off after {len(samples)} of {counts.get('effective')} samples: copy it again"
        )
    k = len(samples[0].completions)
    other = next(((number, one) for number, one in read if len(one.completions) != k), None)
    if other:
        raise CrossthinkError(
            f"{path}, line {other[0]} has {len(other[1].completions)} completions and the first has {k}: all questions "
            "of a run have as many; run it again"
        )
    limited = len(samples) < counts.get("original", len(samples))
    return TaskRun(name, str(result["versions"].get(name)), limited, time, samples, _settings(name, result))


def _settings(name: str, result: Mapping[str, Any]) -> dict[str, str]:
    """How a task was asked: what makes two runs of it two things."""
    config = result["configs"][name]
    said = config.get("metadata") or {}  # of every task it holds all of --metadata, which only one of them reads
    rows = {key: str(said.get(key) or usual) for key, usual in _ASKED.items()} if name == CORPUS else {}
    more = {key: config[key] for key in ("repeats", "num_fewshot") if key in config}
    asked = {**(config.get("generation_kwargs") or {}), **more, "system_instruction": result.get("system_instruction")}
    return {"version": str(result["versions"].get(name)), **rows, **{key: str(asked[key]) for key in asked}}


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())


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
    later = sorted([*first.tasks.values(), *second.tasks.values()], key=lambda run: run.time)
    tasks: dict[str, TaskRun] = {}
    for run in later:
        tasks[run.task] = _kept(first.label, tasks[run.task], run) if run.task in tasks else run
    return ModelRun(second.label, second.source, second.args, second.chat, tasks)


def _kept(label: str, before: TaskRun, after: TaskRun) -> TaskRun:
    """Of two runs of a task the later, but no part in the place of more. Raises CrossthinkError where they differ."""
    fewer = len(after.samples) < len(before.samples)
    differ = [
        f"{name} {before.settings.get(name)} and {after.settings.get(name)}"
        for name in dict.fromkeys([*before.settings, *after.settings])
        if before.settings.get(name) != after.settings.get(name)
    ]
    if fewer and not after.limited:
        differ.append(f"{len(before.samples)} and {len(after.samples)} questions")
    if differ:
        raise CrossthinkError(
            f"{label} ran {after.task} twice, with {', '.join(differ)}: keep one of them in a folder, or give the two "
            "folders apart"
        )
    return before if fewer else after


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
