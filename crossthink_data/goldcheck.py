"""The goldcheck step: a row whose own gold the grader would refuse teaches nothing, so it goes.

Each row's gold is boxed as a model would write it (bare, in dollars, as a label, as label and text, with a unit) and
graded; for multiple choice every wrong option is graded too, and must be refused. The step also sets `answer_type`,
which picks the comparator, from the gold itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from crossthink_data.frame_step import FrameStep
from crossthink_data.kinds import LABELS, AnswerType
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold, infer_type

GOLDCHECK_VERSION = 1  # 1: first published forms

REFUSED = "gold_refused"
ACCEPTED = "wrong_option_accepted"

_UNIT = r"\text{ units}"
_FORMULA = re.compile(r"[\\^=]")  # what a gold that its source calls a text must have to be mathematics


class Goldcheck(FrameStep):
    """Gives rows that the grader would misjudge their reason, and open rows their answer type."""

    name = "goldcheck"

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with `reason` on rows that had none and fail, and with `answer_type`."""
        kept = frame["reason"].is_null()
        types, reasons = [], []
        columns = ("answer", "answer_type", "options", "answer_label", "answer_aliases")
        for keep, row in zip(kept, frame.select(columns).iter_rows(), strict=True):
            gold = _gold(*row) if keep else None
            types.append(gold.type if gold else row[1])
            reasons.append(refusal(gold) if gold else None)
        return frame.with_columns(
            answer_type=pl.Series(types, dtype=pl.String),
            reason=pl.coalesce("reason", pl.Series(reasons, dtype=pl.String)),
        )


def refusal(gold: Gold) -> str | None:
    """Why the grader cannot be trusted with this gold, or None.

    >>> refusal(Gold("4", "choice", ("3", "4"), "B")), refusal(Gold("a", "choice", ("a", "$a$"), "A"))
    (None, 'wrong_option_accepted')
    """
    if not all(_accepts(gold, form) for form in _forms(gold)):
        return REFUSED
    return ACCEPTED if any(_equal(gold, text) for text in _wrong(gold)) else None


def _gold(answer: str, declared: AnswerType, options: list[str], label: str | None, aliases: list[str]) -> Gold:
    return Gold(answer, answer_type(answer, declared, bool(options)), tuple(options), label, tuple(aliases or ()))


def answer_type(answer: str, declared: AnswerType, has_options: bool) -> AnswerType:
    """The type by which a gold is compared: its own form decides, but what its source calls a text needs more proof.

    >>> answer_type("1776", "text", False), answer_type("C", "text", False), answer_type("C", "math", False)
    ('number', 'text', 'math')
    """
    if has_options:
        return "choice"
    found = infer_type(answer)
    return "text" if declared == "text" and found == "math" and not _FORMULA.search(answer) else found


def _forms(gold: Gold) -> Iterator[str]:
    """The gold as a model would write it in its box."""
    answer = gold.answer
    yield answer
    if gold.type == "choice":
        yield from (gold.label or "", f"({gold.label})", f"{gold.label}. {answer}", rf"\text{{{gold.label}}}")
        return
    yield from gold.aliases
    yield f"${answer}$" if gold.type != "text" else f"{answer}."
    if gold.type == "number":
        yield answer.rstrip(". ") + _UNIT


def _wrong(gold: Gold) -> Iterator[str]:
    """The wrong options, as labels and as texts."""
    if gold.type != "choice":
        return
    for label, text in zip(LABELS, gold.options, strict=False):
        if label != gold.label:
            yield label
            yield text


def _accepts(gold: Gold, form: str) -> bool:
    answer = extract(f"\\boxed{{{form}}}").answer
    return answer is not None and _equal(gold, answer)


def _equal(gold: Gold, answer: str) -> bool:
    verdict = compare_bounded(gold, answer)
    return verdict is not None and verdict.correct
