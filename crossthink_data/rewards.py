"""The grader as a reward: for TRL, for verl, for OpenRLHF, and as a plain function for other trainers.

Neither torch nor a trainer is imported. Every function is of this module, so it can be pickled; in one process all
of them share one grader and its worker processes. A reward is 1.0 or 0.0, or None where nothing is known (a deadline,
a gold that cannot be read): that is never a zero. A completion without an answer is known to be wrong: 0.0.

>>> from crossthink_data.rewards import format_reward
>>> format_reward(["<think>6 times 7</think> \\\\boxed{42}", "42"])
[1.0, 0.0]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, TypedDict, TypeGuard

from crossthink_data.errors import CrossthinkError
from crossthink_data.prompts import opens_thinking
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item
from crossthink_data.verify.grader import shared_grader
from crossthink_data.verify.verdict import Grade, Policy

THINK = "<think>"
PROMPT_END = 64  # characters that tell where a prompt ends: more than a chat template puts after the user's text
GOLD_COLUMNS = ("answer", "answer_type", "options", "answer_label", "answer_aliases")


def accuracy_reward(
    completions: Sequence[object],
    *,
    prompts: Sequence[object] | None = None,
    think_open: bool | Sequence[bool] | None = None,
    policy: Policy = "equivalent",
    **columns: Any,
) -> list[float | None]:
    """Whether each completion's answer is the gold's: 1.0, 0.0, or None where that is not known.

    Completions are texts or lists of messages; the columns are the row's (GOLD_COLUMNS, of which only `answer` must be
    there), a value per completion. `think_open` says that the prompt ended inside `<think>`, for all or one by one. It
    is read off `prompts` where it is not given; give it where the chat template adds the tag, since a trainer passes
    prompts as they were before the template.
    """
    return [accuracy_of(grade) for grade in grades(completions, columns, prompts, think_open, policy)]


def format_reward(
    completions: Sequence[object],
    *,
    prompts: Sequence[object] | None = None,
    think_open: bool | Sequence[bool] | None = None,
    **kwargs: Any,
) -> list[float | None]:
    """Whether each completion has exactly one closed think block and a box after it: 1.0 or 0.0."""
    opened = _opened(completions, prompts, think_open)
    return [
        float(extract(completion_text(completion), think_open=is_open).format_ok)
        for completion, is_open in zip(completions, opened, strict=True)
    ]


def crossthink_reward(
    completions: Sequence[object],
    *,
    prompts: Sequence[object] | None = None,
    think_open: bool | Sequence[bool] | None = None,
    policy: Policy = "equivalent",
    **columns: Any,
) -> list[float | None]:
    """Accuracy and format, both: 1.0 where both hold, else 0.0; None where the format holds and accuracy is not known.

    The paper's reward. Arguments as in `accuracy_reward`.
    """
    return [reward_of(grade) for grade in grades(completions, columns, prompts, think_open, policy)]


def grades(
    completions: Sequence[object],
    columns: Mapping[str, Sequence[Any] | None],
    prompts: Sequence[object] | None = None,
    think_open: bool | Sequence[bool] | None = None,
    policy: Policy = "equivalent",
) -> list[Grade]:
    """What the rewards are made of, graded in one batch; `columns` may hold more than GOLD_COLUMNS."""
    if columns.get("answer") is None:
        raise CrossthinkError(f"no column 'answer' (there are {', '.join(columns) or 'none'}): give the golds under it")
    opened = _opened(completions, prompts, think_open)
    filled = [_filled(name, columns.get(name), len(completions)) for name in GOLD_COLUMNS]
    items = [
        Item(
            completion_text(completion),
            Gold.from_row(dict(zip(GOLD_COLUMNS, gold, strict=True))),
            policy,
            think_open=is_open,
        )
        for completion, is_open, *gold in zip(completions, opened, *filled, strict=True)
    ]
    return shared_grader().grade(items)


def accuracy_of(grade: Grade) -> float | None:
    """Whether the answer is right; None where nothing is known."""
    return None if grade.verdict.ungradable else float(grade.verdict.correct)


def reward_of(grade: Grade) -> float | None:
    """Whether the answer is right and the format holds; None where the format holds and nothing is known."""
    return accuracy_of(grade) if grade.extraction.format_ok else 0.0


# ---- one completion at a time


class VerlScore(TypedDict):
    """What verl takes a score from (`score`) and logs beside it."""

    score: float
    acc: float
    ungradable: float


def score(completion: object, row: Mapping[str, Any], policy: Policy = "equivalent") -> float | None:
    """The `crossthink_reward` of one completion, with the gold in a row's columns; for trainers that ask one by one.

    A row may hold `think_open`. Raises CrossthinkError for a row without `answer`.
    """
    return reward_of(_grade_one(completion, row, policy))


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> VerlScore:
    """The `crossthink_reward` of one completion, as verl asks for it.

    `ground_truth` is the answer, or a row's gold columns as an object or its JSON text; what it lacks is looked up in
    `extra_info`, as is `think_open`. verl needs a number for every sample: `score` is 0.0 also where nothing is known,
    and `ungradable`, which verl logs, is then 1.0. `acc` is accuracy alone.
    """
    known = {name: value for name, value in (extra_info or {}).items() if name in (*GOLD_COLUMNS, "think_open")}
    grade = _grade_one(solution_str, {**known, **_truth(ground_truth)}, "equivalent")
    reward = reward_of(grade)
    return {"score": reward or 0.0, "acc": accuracy_of(grade) or 0.0, "ungradable": float(reward is None)}


class OpenRLHFRewards(TypedDict):
    """What OpenRLHF learns from (`rewards`), filters by (`scores`) and logs: tensors of one number per query."""

    rewards: Any
    scores: Any
    extra_logs: dict[str, Any]


def reward_func(
    queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str | Mapping[str, Any]], **kwargs: Any
) -> OpenRLHFRewards:
    """The `crossthink_reward` of each query, as OpenRLHF asks for it; a label is what verl's `ground_truth` may be.

    A query is a prompt, after the chat template, and what the model said to it, with special tokens. OpenRLHF needs a
    number for every query: it is 0.0 also where nothing is known, and `ungradable`, which is logged, is then 1.0.
    Raises CrossthinkError for an empty label.
    """
    torch: Any = import_module("torch")  # OpenRLHF reads tensors, and has it; this module does without
    if not all(labels):
        raise CrossthinkError("a label is empty: name the column of golds with --data.label_key")
    replies = [_reply(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
    rows = [_truth(label) for label in labels]
    columns = {name: [row.get(name) for row in rows] for name in GOLD_COLUMNS}
    found = grades([reply or "" for reply in replies], columns, prompts)
    known = [None if reply is None else reward_of(grade) for reply, grade in zip(replies, found, strict=True)]
    scores = torch.tensor([reward or 0.0 for reward in known])
    logs = {
        "acc": torch.tensor([accuracy_of(grade) or 0.0 for grade in found]),
        "ungradable": torch.tensor([float(reward is None) for reward in known]),
    }
    return {"rewards": scores, "scores": scores, "extra_logs": logs}


def _reply(query: str, prompt: str) -> str | None:
    """What a query holds after its prompt, or None where the prompt is not in it.

    A long prompt is cut at its head, and decoding may change white space in it, so its end alone will do: that is the
    instruction, which decoding leaves as it is, and the template's tags.
    """
    for known in (prompt, prompt[-PROMPT_END:]):
        _, found, reply = query.partition(known) if known else ("", True, query)
        if found:
            return reply
    return None


def _truth(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    if not isinstance(given, str):
        raise CrossthinkError(
            f"ground_truth is {given!r}; give the answer as a string, or a row's columns as an object"
        )
    if not given.lstrip().startswith("{"):
        return {"answer": given}
    try:
        row = json.loads(given)  # which takes NaN, as pandas writes it
    except (ValueError, RecursionError):  # a set such as {1, 2} is an answer, not a row
        return {"answer": given}
    return row if "answer" in row else {"answer": given}


def _grade_one(completion: object, row: Mapping[str, Any], policy: Policy) -> Grade:
    if "answer" not in row:
        raise CrossthinkError(f"a row has no 'answer' (it has {', '.join(row) or 'nothing'}): give the gold under it")
    item = Item(completion_text(completion), Gold.from_row(row), policy, think_open=bool(row.get("think_open")))
    return shared_grader().grade([item])[0]


# ---- what the rewards share


def completion_text(completion: object) -> object:
    """The text of a completion: a string, a list of messages (the last assistant message's content), or None (empty).

    A message without a role is the assistant's, and of content in parts the texts count. Anything else comes back as
    it is, for the grader to find no text in: a bad rollout is no crash.
    """
    if completion is None:
        return ""
    if isinstance(completion, str) or not _is_chat(completion):
        return completion
    said = [message for message in completion if message.get("role", "assistant") == "assistant"]
    return _content(said[-1].get("content")) if said else ""


def _is_chat(value: object) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    return isinstance(value, Sequence) and all(isinstance(message, Mapping) for message in value)


def _content(content: object) -> object:
    if not isinstance(content, Sequence) or isinstance(content, str):
        return "" if content is None else content
    return "".join(part["text"] for part in content if _is_text(part))


def _is_text(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _opened(
    completions: Sequence[object], prompts: Sequence[object] | None, think_open: bool | Sequence[bool] | None
) -> list[bool]:
    """Whether each completion begins inside `<think>`: as said, else as the prompts show."""
    if isinstance(think_open, bool):
        return [think_open] * len(completions)
    if think_open is not None:
        return [bool(one) for one in think_open]
    if prompts is None:
        return [False] * len(completions)
    return [_ends_open(prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]


def _ends_open(prompt: object, completion: object) -> bool:
    if isinstance(prompt, str):
        return opens_thinking(prompt)
    if not _is_chat(prompt) or not prompt or prompt[-1].get("role") != "assistant":
        return False
    # a trainer may put a chat's prefill before the completion: then the tag is in the completion
    begun = str(completion_text(completion)).lstrip().startswith(THINK)
    return not begun and opens_thinking(str(_content(prompt[-1].get("content"))))


def _filled(name: str, column: Sequence[Any] | None, count: int) -> Sequence[Any]:
    """A column with a value per completion."""
    if column is None:
        return [None] * count
    if isinstance(column, str) or len(column) != count:
        raise CrossthinkError(f"{name} is {column!r:.80} for {count} completions: give a list with one value for each")
    return column
