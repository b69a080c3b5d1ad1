"""What makes a number one that should not be believed, or two that should not be compared, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from crossthink_data.prompts import opens_thinking
from crossthink_data.report.figures import Figures
from crossthink_data.report.results import ModelRun, TaskRun
from crossthink_data.report.tokens import context_of, room_of
from crossthink_data.verify.compare import GRADER_VERSION

TOO_MANY = 0.05  # of completions, that were cut off or gave no answer
STYLE = "prompt_style"  # in the card of a model that was trained with this package
CHAT_SERVER = "local-chat-completions"
_CARD_START = "---\n"


def warnings_of(model: ModelRun, figures: Sequence[Figures], regraded: bool) -> Iterator[str]:
    """What speaks against a model's own figures."""
    tasks: dict[str, list[str]] = {}  # by what is said of them
    for one in figures:
        for warning in _of_task(model, model.tasks[one.task], one, regraded):
            tasks.setdefault(warning, []).append(one.task)
    yield from (f"{model.label}, {', '.join(of)}: {warning}" for warning, of in tasks.items())
    trained = trained_style(model)
    if trained and trained != _style(model):
        yield (
            f"{model.label} was trained with {trained} prompts and asked with {_style(model)} ones: run lm_eval "
            f"{'without' if model.chat else 'with'} --apply_chat_template"
        )


def _of_task(model: ModelRun, run: TaskRun, one: Figures, regraded: bool) -> Iterator[str]:
    if run.limited:
        yield f"only {len(run.samples)} of its questions were asked (--limit or --samples)"
    if one.cap_hit is not None and one.cap_hit > TOO_MANY:
        yield f"{one.cap_hit:.0%} of completions were cut off: raise --gen_kwargs max_gen_toks"
    yield from _prompts_cut(model, run, one)
    if one.no_answer > TOO_MANY:
        yield f"{one.no_answer:.0%} of completions have no boxed answer; acc_flex, {one.flexible:.1%}, takes statements"
    versions = {int(sample.doc["grader_version"]) for sample in run.samples}
    if not regraded and versions != {GRADER_VERSION}:
        said = ", ".join(map(str, sorted(versions)))
        yield f"graded by grader version {said}, this is {GRADER_VERSION}: --regrade grades it again"
    if _without_reasoning(model, run, one):
        yield "the logged text lacks its reasoning: format and tokens mean nothing; run without think_end_token"
    if model.source == CHAT_SERVER and one.format == 0 and one.no_answer < 1 and not _closes_thinking(run):
        yield (
            "no completion shows its thinking, so format is 0 and tokens mean little: if the server parses reasoning, "
            "serve without a reasoning parser"
        )
    if one.k > 1 and all(len(set(sample.completions)) == 1 for sample in run.samples):
        yield (
            f"all {one.k} samples of each question are the same text: the server was given one seed, or samples at "
            "temperature 0"
        )


def _prompts_cut(model: ModelRun, run: TaskRun, one: Figures) -> Iterator[str]:
    """lm-eval takes the contexts of a server to be short unless it is told."""
    context = context_of(model)
    if context is None:
        return
    if any(room_of(sample, context) <= 0 for sample in run.samples):
        yield f"prompts were sent empty, as completions may fill the context of {context}: --model_args max_length=8192"
    elif one.prompts_cut:
        yield f"{one.prompts_cut:.0%} of prompts were cut to fit a context of {context}: --model_args max_length=8192"


def _without_reasoning(model: ModelRun, run: TaskRun, one: Figures) -> bool:
    """Whether the back end cut the thinking off before it was logged; completions that were cut short show it all."""
    if model.args.get("think_end_token"):
        return True
    opened = [sample for sample in run.samples if sample.prompt and opens_thinking(sample.prompt)]
    short = one.cap_hit == 1 or one.no_answer == 1  # no answer is logged where the thinking never ended
    return bool(opened) and not short and not _closes_thinking(replace(run, samples=tuple(opened)))


def _closes_thinking(run: TaskRun) -> bool:
    return any("</think>" in text for sample in run.samples for text in sample.completions)


def warnings_between(models: Sequence[ModelRun]) -> Iterator[str]:
    """What speaks against comparing these models."""
    for task in dict.fromkeys(name for model in models for name in model.tasks):
        runs = {model.label: model.tasks[task] for model in models if task in model.tasks}
        yield from _differ(task, "task versions", runs, lambda run: {run.version})
        yield from _differ(task, "corpora", runs, lambda run: {_corpus(run)})
        yield from _differ(task, "prompt versions", runs, lambda run: _said(run, "prompt_version"))
        yield from _differ(task, "grader versions", runs, lambda run: _said(run, "grader_version"))
        yield from _differ(task, "numbers of questions", runs, lambda run: {str(len(run.samples))})
    styles = {model.label: _style(model) for model in models}
    if len(set(styles.values())) > 1:
        yield f"prompts differ: {', '.join(f'{label} {style}' for label, style in styles.items())}"


def _differ(task: str, what: str, runs: dict[str, TaskRun], of: Callable[[TaskRun], set[str]]) -> Iterator[str]:
    values = {label: "/".join(sorted(of(run))) for label, run in runs.items()}
    if len(set(values.values())) > 1:
        yield f"{task}: {what} differ: {', '.join(f'{label} {value}' for label, value in values.items())}"


def _said(run: TaskRun, column: str) -> set[str]:
    return {str(sample.doc[column]) for sample in run.samples}


def _corpus(run: TaskRun) -> str:
    said = (run.settings.get(name) for name in ("corpus", "blend", "split", "corpus_revision"))
    return " ".join(one for one in said if one) or "unnamed"


def _style(model: ModelRun) -> str:
    return "chat" if model.chat else "plain"


def trained_style(model: ModelRun) -> str | None:
    """The prompt style in the card of a local adapter or model, chat or plain; None where neither says one."""
    folders = [str(model.args[name]) for name in ("peft", "pretrained") if model.args.get(name)]
    return next((style for folder in folders if (style := _style_in(Path(folder) / "README.md"))), None)


def _style_in(card: Path) -> str | None:
    if not card.is_file():
        return None
    text = card.read_text(encoding="utf-8", errors="replace")
    head, _, _ = text.removeprefix(_CARD_START).partition(f"\n{_CARD_START}")
    try:
        said = yaml.safe_load(head) if text.startswith(_CARD_START) else None
    except yaml.YAMLError:
        return None  # a card that cannot be read says nothing
    style = said.get(STYLE) if isinstance(said, dict) else None
    return style if isinstance(style, str) else None
