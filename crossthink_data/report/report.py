"""The report itself: every model's figures, the means, differences from the first model, and warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crossthink_data.benchmark_docs import VERSIONS
from crossthink_data.errors import CrossthinkError
from crossthink_data.report.answers import answers
from crossthink_data.report.figures import Figures, figures
from crossthink_data.report.paired import Paired, paired
from crossthink_data.report.paper import ORDER, PaperRow, paper_rows
from crossthink_data.report.results import PREFIX, ModelRun, TaskRun, read_results
from crossthink_data.report.samples import Sample
from crossthink_data.report.tokens import Tokenizer, context_of, count_tokens, load_tokenizer, tokenizer_name
from crossthink_data.report.warnings import warnings_between, warnings_of
from crossthink_data.scoring import scores
from crossthink_data.verify.grader import Grader

GRADERS = 2  # processes
STAND_INS = {"math500": "_avg8", "amc23": "_avg8", "gpqa_diamond": "_avg8", "supergpqa": "_2k"}  # of a benchmark


@dataclass(frozen=True)
class Report:
    """Figures by model and task, differences of each further model from the first, warnings, the paper's rows."""

    models: Mapping[str, Mapping[str, Figures]]
    differences: Mapping[str, Sequence[Paired]]
    warnings: Sequence[str]
    paper: Sequence[PaperRow]
    regraded: bool

    def tasks_of_seven(self, label: str) -> dict[str, str]:
        """Benchmark -> the task that a model ran of it, or that stands in for it, in the order of the columns."""
        tasks = {name: (PREFIX + name, PREFIX + name + STAND_INS.get(name, "")) for name in ORDER}
        there = {name: [task for task in some if task in self.models[label]] for name, some in tasks.items()}
        return {name: found[0] for name, found in there.items() if found}

    def seven(self, label: str) -> dict[str, Figures]:
        """A model's benchmarks of the seven, in the order of the paper's columns."""
        return {name: self.models[label][task] for name, task in self.tasks_of_seven(label).items()}

    def mean(self, label: str) -> float | None:
        """The plain mean over the seven benchmarks; None unless all of them are there."""
        found = self.seven(label)
        return sum(one.accuracy.value for one in found.values()) / len(ORDER) if len(found) == len(ORDER) else None

    def stand_ins(self, label: str) -> dict[str, str]:
        """Which of the seven another task stands in for, and the end of its name."""
        tasks = self.tasks_of_seven(label)
        return {name: STAND_INS[name] for name, task in tasks.items() if task != PREFIX + name}


def make_report(
    paths: Sequence[Path], tokenizer: str | None = None, regrade: bool = False, paper: str = "7b"
) -> Report:
    """A report of result files or folders. Raises CrossthinkError for what cannot be read."""
    beside = paper_rows(paper)
    models = read_results(paths)
    if regrade:
        models = [_regraded(model) for model in models]
    known: dict[str, dict[str, Figures]] = {}
    warnings: list[str] = []
    for model in models:
        counter, why = _tokenizer(model, tokenizer)
        known[model.label] = {
            name: figures(run, count_tokens(run, counter, context_of(model)) if counter else None)
            for name, run in model.tasks.items()
        }
        warnings += [f"{model.label}: {why}"] if why else []
        warnings += warnings_of(model, list(known[model.label].values()), regrade)
    first, *others = models
    differences = {model.label: _differences(first, model) for model in others}
    warnings += [*warnings_between(models), *_unequal(differences), *_apart(first, others, differences)]
    return Report(known, differences, warnings, beside, regrade)


def _tokenizer(model: ModelRun, given: str | None) -> tuple[Tokenizer | None, str | None]:
    """A model's tokenizer, or why tokens are not counted; one that was asked for must be there."""
    if given:
        return load_tokenizer(given), None
    name = tokenizer_name(model)
    if name is None:
        return None, "tokens are not counted, as the results name no tokenizer: --tokenizer NAME"
    try:
        return load_tokenizer(name), None
    except CrossthinkError as error:
        return None, f"tokens are not counted: {error}"


def _regraded(model: ModelRun) -> ModelRun:
    with Grader(workers=GRADERS) as grader:
        return replace(model, tasks={name: _regrade(run, grader) for name, run in model.tasks.items()})


def _regrade(run: TaskRun, grader: Grader) -> TaskRun:
    new = scores(answers(run), grader)
    pairs = zip(run.samples, new, strict=True)
    return replace(run, samples=tuple(_with(sample, metrics) for sample, metrics in pairs))


def _with(sample: Sample, metrics: Mapping[str, float]) -> Sample:
    doc = {**sample.doc, "grader_version": VERSIONS["grader_version"]}
    return replace(sample, metrics=metrics, doc=doc)


def _differences(first: ModelRun, other: ModelRun) -> list[Paired]:
    shared = [name for name in first.tasks if name in other.tasks]
    found = [paired(first.tasks[name], other.tasks[name]) for name in shared]
    return [one for one in found if one is not None]


def _unequal(differences: Mapping[str, Sequence[Paired]]) -> list[str]:
    return [
        f"{label}, {one.task}: {one.other} questions are not those of the first model and left out of the difference"
        for label, some in differences.items()
        for one in some
        if one.other
    ]


def _apart(first: ModelRun, others: Sequence[ModelRun], found: Mapping[str, Sequence[Paired]]) -> list[str]:
    """Tasks that two models ran without a common question."""
    return [
        f"{other.label}, {name}: none of its questions is one of the first model's, so there is no difference to show"
        for other in others
        for name in first.tasks
        if name in other.tasks and name not in {one.task for one in found[other.label]}
    ]


def report_json(report: Report) -> dict[str, Any]:
    """The report as one object: shares of 1, the paper's figures in percent."""
    return {
        "models": {
            label: {
                "mean_of_seven": report.mean(label),
                "stand_ins": {name: f"{PREFIX}{name}{end}" for name, end in report.stand_ins(label).items()},
                "tasks": {name: {**asdict(one), "macro": _macros(one)} for name, one in known.items()},
            }
            for label, known in report.models.items()
        },
        "differences": {label: [asdict(one) for one in some] for label, some in report.differences.items()},
        "warnings": list(report.warnings),
        "paper": [
            {
                "name": row.name,
                "accuracy": dict(zip(ORDER, row.cells, strict=True)),
                "mean_of_seven": row.mean,
                "accuracy_confirmed": row.cells_sure,
                "mean_confirmed": row.mean_sure,
            }
            for row in report.paper
        ],
        "regraded": report.regraded,
    }


def _macros(one: Figures) -> dict[str, float]:
    return {by: one.macro(by) for by in one.breakdowns}
