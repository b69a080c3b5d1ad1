"""One completion against one gold: extraction, then comparison. Evals, rewards and data all come through here."""

from __future__ import annotations

from dataclasses import dataclass

from crossthink_data.errors import unknown
from crossthink_data.kinds import LABELS
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold
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
    if verdict is None:
        return Pending((item.gold.answer, *item.gold.aliases), extraction.answer, extraction)
    return Grade(verdict, extraction)


def _unanswered(reason: str) -> Verdict:
    """No answer is a wrong one; what is no text at all is the caller's error, of which nothing is known."""
    return Verdict("ungradable" if reason == "not_text" else "wrong", reason, "extract")


def _extracted(item: Item) -> Extraction:
    if item.bare and isinstance(item.completion, str):
        return Extraction(item.completion, None, format_ok=False)
    labels = LABELS[: len(item.gold.options)] if item.gold.options else None
    return extract(item.completion, labels, think_open=item.think_open, flexible=item.flexible)
