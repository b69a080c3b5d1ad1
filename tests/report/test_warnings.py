"""Each warning where it belongs, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.prompts import PROMPT_VERSION
from crossthink_data.report.figures import figures
from crossthink_data.report.results import ModelRun, TaskRun
from crossthink_data.report.tokens import Counted
from crossthink_data.report.warnings import trained_style, warnings_between, warnings_of
from crossthink_data.verify.compare import GRADER_VERSION
from tests.report.written import MCQ_TASK, TASK, Doc, choice, model_run, question, said, task_run

FINE = task_run(said(question(1), True), said(question(2), False))


def warned(run: TaskRun, *, regraded: bool = False, cap_hit: float | None = 0.0, **args: Any) -> list[str]:
    """What is said of a model's one task, after its name."""
    model = model_run(run, **args)
    found = list(warnings_of(model, [figures(run, Counted(9.0, 9.0, cap_hit))], regraded))
    assert all(one.startswith(f"m, {run.task}: ") for one in found)
    return [one.removeprefix(f"m, {run.task}: ") for one in found]


def with_prompts(run: TaskRun, *prompts: str | None) -> TaskRun:
    samples = [replace(sample, prompt=prompt) for sample, prompt in zip(run.samples, prompts, strict=True)]
    return replace(run, samples=tuple(samples))


def test_nothing_is_said_of_a_good_run() -> None:
    assert warned(FINE, pretrained="acme/m") == []
    assert warned(task_run(said(question(1), True, False), said(question(2), True, True))) == []


def test_every_task_that_is_bad_is_named() -> None:
    runs = [
        replace(FINE, limited=True),
        replace(FINE, task=MCQ_TASK),
        replace(FINE, task="crossthink_amc23", limited=True),
    ]
    model = model_run(*runs, label="big")
    assert list(warnings_of(model, [figures(run) for run in runs], False)) == [
        f"big, {TASK}, crossthink_amc23: only 2 of its questions were asked (--limit or --samples)",
    ]


def test_a_limit() -> None:
    assert warned(replace(FINE, limited=True)) == ["only 2 of its questions were asked (--limit or --samples)"]


@pytest.mark.parametrize(("share", "percent"), [(0.0501, "5%"), (0.06, "6%"), (1.0, "100%")])
def test_completions_that_were_cut_off(share: float, percent: str) -> None:
    assert warned(FINE, cap_hit=share) == [f"{percent} of completions were cut off: raise --gen_kwargs max_gen_toks"]


@pytest.mark.parametrize("share", [0.05, 0.0, None])
def test_few_or_uncounted_cuts(share: float | None) -> None:
    assert warned(FINE, cap_hit=share) == []


def silent(share_of: int) -> TaskRun:
    """One of so many questions has no boxed answer; all are right by statement."""
    return task_run(*(said(question(n), n > 0, no_answer=float(n == 0), acc_flex=1.0) for n in range(share_of)))


def test_completions_without_an_answer() -> None:
    assert warned(silent(10)) == ["10% of completions have no boxed answer; acc_flex, 100.0%, takes statements"]
    assert warned(silent(20)) == []  # one in twenty is not too many


@pytest.mark.parametrize("versions", [(1, 1), (1, GRADER_VERSION)])
def test_another_graders_version(versions: tuple[int, int]) -> None:
    answers = [said({**question(n), "grader_version": version}, True) for n, version in enumerate(versions)]
    shown = ", ".join(map(str, sorted(set(versions))))
    assert warned(task_run(*answers)) == [
        f"graded by grader version {shown}, this is {GRADER_VERSION}: --regrade grades it again"
    ]
    assert warned(task_run(*answers), regraded=True) == []


# ---- prompts that lost their beginning


def by_server(max_tokens: int, cut: float | None, **args: Any) -> list[str]:
    run = task_run(said(question(1), True), max_tokens=max_tokens)
    model = replace(model_run(run, **args), source="local-completions")
    found = warnings_of(model, [figures(run, Counted(9.0, 9.0, 0.0, cut))], False)
    return [one.removeprefix(f"m, {TASK}: ") for one in found]


def test_a_bound_that_leaves_prompts_no_room() -> None:
    """lm-eval takes 2,048 tokens for the context, and 4,096 for the completion."""
    empty = "prompts were sent empty, as completions may fill the context of 2048: --model_args max_length=8192"
    assert by_server(4096, None) == [empty]
    assert by_server(2047, 0.0) == [empty]
    assert by_server(4096, 0.0, max_length="8192") == []


def test_prompts_that_were_cut() -> None:
    assert by_server(1024, 0.25) == ["25% of prompts were cut to fit a context of 2048: --model_args max_length=8192"]
    assert by_server(1024, 0.0) == []


def test_other_back_ends_know_their_context() -> None:
    assert warned(task_run(said(question(1), True), max_tokens=4096)) == []


# ---- reasoning that was not logged

LOST = "the logged text lacks its reasoning: format and tokens mean nothing; run without think_end_token"
CUT = task_run(said(question(1), True, texts=["\\boxed{1}"]), said(question(2), False, texts=["\\boxed{1}"]))
CLOSED = task_run(said(question(1), True, texts=["so</think> \\boxed{1}"]), said(question(2), False, texts=["hm"]))


def test_a_back_end_that_cuts_thinking_off() -> None:
    assert warned(FINE, think_end_token="</think>") == [LOST]
    assert warned(FINE, think_end_token="") == []


def test_prompts_that_open_thinking_which_nobody_closes() -> None:
    assert warned(with_prompts(CUT, "Why? <think>\n", "How? <think>\n")) == [LOST]
    assert warned(with_prompts(CUT, "Why? <think>\n", None)) == [LOST]


def test_thinking_that_one_completion_closes() -> None:
    assert warned(with_prompts(CLOSED, "Why? <think>\n", "How? <think>\n")) == []


def test_prompts_that_open_no_thinking() -> None:
    assert warned(with_prompts(CUT, "Why?", "How? <think>…</think>")) == []
    assert warned(with_prompts(CUT, None, None)) == []


def test_thinking_that_was_merely_cut_short() -> None:
    opened = with_prompts(CUT, "Why? <think>\n", "How? <think>\n")
    assert warned(opened, cap_hit=1.0) == ["100% of completions were cut off: raise --gen_kwargs max_gen_toks"]
    assert warned(opened, cap_hit=0.01) == [LOST]
    assert warned(opened, cap_hit=None) == [LOST]


def test_without_counted_tokens_it_was_cut_short_where_nothing_is_answered() -> None:
    answers = [said(question(n), False, texts=["hm, let me"], no_answer=1.0) for n in (1, 2)]
    opened = with_prompts(task_run(*answers), "Why? <think>\n", "How? <think>\n")
    (warning,) = warned(opened, cap_hit=None)
    assert warning.startswith("100% of completions have no boxed answer")


STRIPPED = (
    "no completion shows its thinking, so format is 0 and tokens mean little: if the server parses reasoning, serve "
    "without a reasoning parser"
)


def from_server(run: TaskRun, source: str = "local-chat-completions") -> list[str]:
    model = replace(model_run(run, chat=True), source=source)
    return [one.removeprefix(f"m, {TASK}: ") for one in warnings_of(model, [figures(run)], False)]


def boxed(text: str, **metrics: float) -> TaskRun:
    return task_run(*(said(question(n), True, texts=[text], **{"format": 0.0, **metrics}) for n in range(2)))


def test_a_server_that_cuts_thinking_off() -> None:
    assert from_server(boxed("So it is \\boxed{1}")) == [STRIPPED]


@pytest.mark.parametrize(
    ("run", "source"),
    [
        (boxed("so</think> \\boxed{1}"), "local-chat-completions"),  # it shows
        (boxed("So it is \\boxed{1}", format=0.5), "local-chat-completions"),  # some form is right
        (boxed("So it is \\boxed{1}"), "hf"),  # what the model said is known
    ],
)
def test_thinking_that_is_there_or_never_was(run: TaskRun, source: str) -> None:
    assert from_server(run, source) == []


def test_a_server_whose_model_answers_nothing() -> None:
    assert STRIPPED not in from_server(boxed("hm", no_answer=1.0))


# ---- samples that are all the same


def repeated(*answers: tuple[str, ...]) -> list[str]:
    run = task_run(*(said(question(n), *[True] * len(texts), texts=texts) for n, texts in enumerate(answers)))
    return warned(run)


def test_samples_of_one_text() -> None:
    assert repeated(("a", "a", "a"), ("b", "b", "b")) == [
        "all 3 samples of each question are the same text: the server was given one seed, or samples at temperature 0"
    ]


def test_samples_of_which_some_differ() -> None:
    assert repeated(("a", "a", "a"), ("b", "b", "c")) == []
    assert repeated(("a",), ("a",)) == []


# ---- the style of the prompts

CARD = "---\nlicense: mit\nprompt_style: {style}\n---\n\n# A model\n"


def local_model(folder: Path, card: str | None, chat: bool) -> ModelRun:
    if card is not None:
        (folder / "README.md").write_text(card, encoding="utf-8")
    return model_run(FINE, chat=chat, pretrained=str(folder))


@pytest.mark.parametrize(
    ("style", "chat", "said_so"),
    [
        (
            "chat",
            False,
            "m was trained with chat prompts and asked with plain ones: run lm_eval with --apply_chat_template",
        ),
        (
            "plain",
            True,
            "m was trained with plain prompts and asked with chat ones: run lm_eval without --apply_chat_template",
        ),
    ],
)
def test_asked_otherwise_than_trained(tmp_path: Path, style: str, chat: bool, said_so: str) -> None:
    model = local_model(tmp_path, CARD.format(style=style), chat)
    assert list(warnings_of(model, [figures(FINE)], False)) == [said_so]


@pytest.mark.parametrize(
    ("card", "chat"),
    [
        (CARD.format(style="chat"), True),
        (CARD.format(style="plain"), False),
        (None, True),  # no card
        ("# A model\nprompt_style: plain\n", True),  # no front matter
        ("\n---\nprompt_style: plain\n---\n", True),  # it does not begin the file
        ("---\nlicense: mit\n---\nprompt_style: plain\n", True),  # in the text
        ("---\nprompt_style: [plain\n---\n", True),  # broken
        ("---\n- prompt_style\n---\n", True),  # no mapping
        ("---\nprompt_style: 3\n---\n", True),  # no style
    ],
)
def test_trained_so_or_not_known(tmp_path: Path, card: str | None, chat: bool) -> None:
    assert list(warnings_of(local_model(tmp_path, card, chat), [figures(FINE)], False)) == []


def test_the_style_in_a_card(tmp_path: Path) -> None:
    assert trained_style(local_model(tmp_path, None, False)) is None
    assert trained_style(local_model(tmp_path, CARD.format(style="chat"), False)) == "chat"
    assert trained_style(model_run(FINE)) is None
    assert trained_style(model_run(FINE, pretrained="acme/m")) is None


def test_an_adapters_card_comes_before_its_models(tmp_path: Path) -> None:
    base, adapter, bare = (tmp_path / name for name in ("base", "adapter", "bare"))
    for folder, style in ((base, "plain"), (adapter, "chat"), (bare, None)):
        folder.mkdir()
        if style:
            (folder / "README.md").write_text(CARD.format(style=style), encoding="utf-8")
    assert trained_style(model_run(FINE, pretrained=str(base), peft=str(adapter))) == "chat"
    assert trained_style(model_run(FINE, pretrained="acme/m", peft=str(adapter))) == "chat"
    assert trained_style(model_run(FINE, pretrained=str(base), peft=str(bare))) == "plain"


# ---- between models


def between(first: TaskRun, second: TaskRun) -> list[str]:
    return list(warnings_between([model_run(first, label="a"), model_run(second, label="b")]))


def changed(doc: Mapping[str, Any]) -> TaskRun:
    """The good run, with other values in its documents."""
    docs: list[Doc] = [dict(sample.doc) | dict(doc) for sample in FINE.samples]
    return task_run(*(said(one, True) for one in docs))


OTHERS: list[tuple[str, TaskRun, str]] = [
    ("task", replace(FINE, version="2.0"), "task versions differ: a 1.0, b 2.0"),
    ("prompt", changed({"prompt_version": 99}), f"prompt versions differ: a {PROMPT_VERSION}, b 99"),
    ("grader", changed({"grader_version": 1}), f"grader versions differ: a {GRADER_VERSION}, b 1"),
    (
        "corpora",
        replace(FINE, settings={"corpus": "acme/s", "blend": "nd", "split": "test"}),
        "corpora differ: a unnamed, b acme/s nd test",
    ),
    ("questions", task_run(said(question(1), True)), "numbers of questions differ: a 2, b 1"),
]


@pytest.mark.parametrize(("other", "said_so"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_two_models_that_differ(other: TaskRun, said_so: str) -> None:
    assert between(FINE, other) == [f"{TASK}: {said_so}"]


def test_models_that_differ_in_nothing() -> None:
    assert between(FINE, task_run(said(question(1), False), said(question(2), False))) == []
    assert list(warnings_between([model_run(replace(FINE, limited=True))])) == []


def test_tasks_that_only_one_model_has() -> None:
    assert between(FINE, task_run(said(choice(1), True), task=MCQ_TASK, version="7.0")) == []


def test_two_versions_in_one_model_differ_from_one() -> None:
    mixed = task_run(said({**question(1), "prompt_version": 99}, True), said(question(2), True))
    assert between(FINE, mixed) == [f"{TASK}: prompt versions differ: a {PROMPT_VERSION}, b {PROMPT_VERSION}/99"]


def test_two_styles() -> None:
    models = [model_run(FINE, label="a"), model_run(FINE, label="b", chat=True), model_run(FINE, label="c")]
    assert list(warnings_between(models)) == ["prompts differ: a plain, b chat, c plain"]
    assert list(warnings_between(models[::2])) == []
