"""One completion against one gold: extraction, then comparison. Evals, rewards and data all come through here."""

from __future__ import annotations

from dataclasses import dataclass

from crossthink_data.errors import unknown
from crossthink_data.kinds import LABELS
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.extract import extract, without_boxes
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.several import has_several
from crossthink_data.verify.verdict import POLICIES, Extraction, Grade, Policy, Verdict


@dataclass(frozen=True, slots=True)
class Item:
    """A completion to grade.

    `flexible` also takes "answer is (C)" where there is no box (evals only); `think_open`: the prompt ended inside
    `<think>`; `bare`: the completion is the answer itself, with no box around it.
    """

    completion: object
    gold: Gold
    policy: Policy = "equivalent"
    flexible: bool = False
    think_open: bool = False
    bare: bool = False

    def __post_init__(self) -> None:
        """Raises CrossthinkError for an unknown policy: in a worker it would be too late to say so."""
        if self.policy not in POLICIES:
            raise unknown("policy", self.policy, POLICIES)


@dataclass(frozen=True, slots=True)
class Pending:
    """An item that only the symbolic tier can decide: whether the answer is one of the golds."""

    golds: tuple[str, ...]
    answer: str
    extraction: Extraction


def decide(item: Item) -> Grade | Pending:
    """The item's grade by the bounded tiers, or what the symbolic tier must decide."""
    extraction = _extracted(item)
    if extraction.answer is None:
        return Grade(_unanswered(extraction.reason or "no_answer"), extraction)
    verdict = compare_bounded(item.gold, extraction.answer, item.policy)
    if item.flexible and verdict is not None and verdict.reason == "not_an_option":
        return _stated(item) or Grade(verdict, extraction)
    if verdict is None:
        return Pending((item.gold.answer, *item.gold.aliases), extraction.answer, extraction)
    return Grade(verdict, extraction)


def _stated(item: Item) -> Grade | None:
    """The grade of a statement that stands beside a box which holds no option; None where there is none."""
    found = extract(without_boxes(str(item.completion)), _labels(item), think_open=item.think_open, flexible=True)
    verdict = compare_bounded(item.gold, found.answer, item.policy) if found.answer is not None else None
    return Grade(verdict, found) if verdict else None


def _unanswered(reason: str) -> Verdict:
    """No answer is a wrong one; what is no text at all is the caller's error, of which nothing is known."""
    return Verdict("ungradable" if reason == "not_text" else "wrong", reason, "extract")


def _extracted(item: Item) -> Extraction:
    if item.bare and isinstance(item.completion, str):
        return Extraction(item.completion, None, format_ok=False)
    return extract(item.completion, _labels(item), think_open=item.think_open, flexible=item.flexible)


def _labels(item: Item) -> str | None:
    """The labels that a statement may name; where several are right, the whole statement counts."""
    return LABELS[: len(item.gold.options)] if item.gold.options and not has_several(item.gold) else None
