"""Independent solutions of one question, counted: whether they bear its key out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crossthink_data.kinds import LABELS
from crossthink_data.llm.written import Question
from crossthink_data.verify.vote import answer_classes, majority

_SHORT_WORDS = {"no", "up", "on", "in", "at", "by", "to", "we", "he", "it"}  # which a capital does not change

SHOWN_CHARS = 200  # of an answer that names no option


@dataclass(frozen=True)
class Vote:
    """What each solution answered (a label, an answer, or None), the majority's share of all, and why not."""

    votes: list[str | None]
    agreement: float
    reason: str | None


def vote(question: Question, answers: Sequence[str | None], threshold: float) -> Vote:
    """Counts the answers by the grader's equivalence; one that is missing counts against every answer.

    Reasons: `no_votes`, `vote_tied`, `vote_against_key`, `vote_below_threshold`.
    """
    known = list(LABELS[: len(question.options)]) or [question.answer]
    key = known.index(question.label) if question.label else 0
    classes = answer_classes([*known, *answers], question.options)[len(known) :]
    counts = Counter(one for one in classes if one is not None)
    shown = [
        _shown(answer, one, known if question.options else []) for answer, one in zip(answers, classes, strict=True)
    ]
    winner = majority(classes)
    if winner is None:
        return Vote(shown, 0.0, "no_votes")
    agreement = counts[winner] / len(answers)
    return Vote(shown, agreement, _reason(winner, key, counts, agreement, threshold))


def _reason(winner: int, key: int, counts: Counter[int], agreement: float, threshold: float) -> str | None:
    if sum(number == counts[winner] for number in counts.values()) > 1:
        return "vote_tied"
    if winner != key:
        return "vote_against_key"
    return "vote_below_threshold" if agreement < threshold else None


def options_equal(options: Sequence[str]) -> bool:
    """Whether two options are one answer to the grader: then two are right, or none.

    >>> options_equal(["1/2", "0.5"]), options_equal(["Ww", "ww"])
    (True, False)
    """
    firsts = zip(options, answer_classes(options), strict=True)
    return any(
        first != place and not (first is not None and _symbols(option, options[first]))
        for place, (option, first) in enumerate(firsts)
    )


def _symbols(one: str, other: str) -> bool:
    """Whether two texts differ in case alone and case is what they are about: Ww and ww, AaBb and aabb, Co and CO."""
    if one.casefold() != other.casefold() or " " in one:
        return False
    is_short = len(one) <= 2 and one.casefold() not in _SHORT_WORDS
    return is_short or any(letter.isupper() for text in (one, other) for letter in text[1:])


def _shown(answer: str | None, one: int | None, labels: Sequence[str]) -> str | None:
    if answer is None or one is None:
        return None
    return labels[one] if one < len(labels) else answer[:SHOWN_CHARS]
