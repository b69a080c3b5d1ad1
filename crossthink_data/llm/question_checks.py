"""Whether a question that was written from a passage can be asked without it, and of everybody.

These cost nothing, so they come before the solutions. That two options say the same is the grader's to find, after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from crossthink_data.filters import Thresholds, filters
from crossthink_data.llm.written import Question
from crossthink_data.verify.gold import infer_type
from crossthink_data.words import words_of

CHECKS_VERSION = 1  # 1: first published rules

_DOCUMENT = r"(?:passage|excerpt|text|article|document|paragraph|section|chapter|textbook|snippet|web ?page|website)"
_TOLD = r"(?:information|material|reading|context|content|discussion|example|study|research|lesson|module|page|data)"
_GIVEN = r"(?:above|given|following|provided|quoted)"
_LEANS = re.compile(
    # "the section" but not "the section of DNA", "the author of Hamlet", "the text message", "this author, born in"
    rf"\b(?:the|this|these|that) (?:(?:{_GIVEN}|present|same|short|source) )?{_DOCUMENT}s?\b"
    r"(?! (?:of|messages?|files?|editors?)\b|-)"
    r"|\bthe (?:author|writer|narrator)s?\b(?! (?:of|who|was|were)\b)"
    rf"|\b{_GIVEN} (?:{_DOCUMENT}|information|material|reading)\b|\b(?:information|material) (?:above|provided)\b"
    rf"|\baccording to (?:the|this) (?:{_DOCUMENT}|{_TOLD})\b|\bin this (?:lesson|module|discussion|reading)\b"
    r"|\b(?:is|are|was|were|as) (?:mentioned|described|discussed|presented|listed|outlined|explained|shown|stated) "
    r"(?:above|earlier|here(?=[.,?]|$))",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:all|none|any|both|neither|either|some|most|two|three)(?: (?:one|two))? of (?:the|these|those) "
    r"(?:above|others?|options|answers|choices|following)\b|^(?:all|none|both|neither) of (?:these|those|them)\b"
    r"|^(?:all|none) of the (?:above|options|answers)"
    r"|^(?:both|either|neither) \(?[A-J]\)? (?:and|or|nor) \(?[A-J]\)?\.?$"
    r"|^(?:options? |answers? )?\(?[A-J]\)? (?:and|or|&) \(?[A-J]\)?(?: only)?\.?$|\boptions? \(?(?-i:[A-H])\b",
    re.IGNORECASE,
)
_NAMES_LETTER = re.compile(
    r"\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice|OPTION)s?:? (?:is )?\(?[A-J]\b|\([A-J]\)|^[A-J] (?:is|because)\b"
)


@dataclass(frozen=True)
class Checks:
    """What a question may not go beyond."""

    # Guessing the longest option must not pay: a key of twice the others' length is seen at once; below some twenty
    # characters, a ratio says nothing ("seven" and "thirty-one").
    max_length_ratio: float = 2.0
    min_length_gap: int = 20
    # A run of 13 words is what papers on contamination call a copy (GPT-3's appendix C).
    max_copied_words: int = 12


def question_fault(question: Question, passage: str, prompt: str, checks: Checks) -> str | None:
    """Why a question about a passage cannot be used: the first reason, or None; `prompt` is what asked for it.

    Reasons: `copies_example`, `leans_on_document`, `missing_figure`, `option_refers`, `key_stands_out`, `copied`.
    """
    if copies([question.text], prompt, checks.max_copied_words):  # weak models do
        return "copies_example"
    if leans_on_document(question.text, *question.options):
        return "leans_on_document"
    if _points_at_figure(question.text):
        return "missing_figure"
    if any(_REFERS.search(option) for option in question.options):
        return "option_refers"
    if key_stands_out(question, checks):
        return "key_stands_out"
    return "copied" if copies((question.text, *question.options), passage, checks.max_copied_words) else None


def problem_fault(question: Question, prompt: str, checks: Checks) -> str | None:
    """The same for a mathematical problem.

    Reasons: `copies_example`, `missing_figure`, `leans_on_document`, `answer_not_math`.
    """
    if copies([question.text], prompt, checks.max_copied_words):
        return "copies_example"
    if _points_at_figure(question.text):
        return "missing_figure"
    if leans_on_document(question.text):
        return "leans_on_document"
    return None if infer_type(question.answer) in ("number", "math") else "answer_not_math"


def leans_on_document(*texts: str) -> bool:
    """Whether one of the texts speaks of a document that its reader does not see."""
    return any(_LEANS.search(text) for text in texts)


def key_stands_out(question: Question, checks: Checks) -> bool:
    """Whether the right option can be told by its length."""
    key = len(question.answer)
    others = fmean(len(option) for option in question.options if option != question.answer)
    ratio = max(key, others) / min(key, others)
    return ratio > checks.max_length_ratio and abs(key - others) >= checks.min_length_gap


def copies(texts: Sequence[str], passage: str, most: int) -> bool:
    """Whether more than `most` words in a row of one of the texts stand in the passage too."""
    words = words_of(pl.Series([passage, *texts], dtype=pl.String))
    runs = [_runs(words.hashes[words.of(text)].tolist(), most + 1) for text in range(len(words))]
    return any(not run.isdisjoint(runs[0]) for run in runs[1:])


def rationale_of(question: Question) -> str | None:
    """The reason as a rationale; None where it names letters, for the options have been put into another order."""
    return None if not question.reason or _NAMES_LETTER.search(question.reason) else question.reason


def _runs(words: list[int], length: int) -> set[tuple[int, ...]]:
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _points_at_figure(question: str) -> bool:
    """By the pipeline's own rule, so that no row is paid for that a build would remove."""
    frame = pl.DataFrame({"question": [question]})
    return bool(frame.select(_FIGURE).item())


_FIGURE = filters(Thresholds())["missing_figure"]
