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
from crossthink_data.kinds import LABELS
from crossthink_data.llm.written import Question
from crossthink_data.verify.gold import infer_type
from crossthink_data.words import words_of

CHECKS_VERSION = 2  # 1: first published rules; 2: more ways to speak of a document, of other options, of letters

# The rules on words, a line a way of saying it; all without regard to case.
_DOCUMENT = r"(?:passage|excerpt|text|article|document|paragraph|section|chapter|textbook|snippet|web ?page|website)"
_TOLD = r"(?:reading|lesson|lecture|module|story|narrative|transcript|talk|discussion|page)"
_GIVES = r"(?:information|material|data|context|content|example|experiment|scenario|situation|study|research|case)"
_GIVEN = r"(?:above|given|provided|quoted)"  # "the following" mostly follows
_SHOWN = r"(?:mentioned|described|discussed|presented|listed|outlined|explained|shown|stated|noted)"
_SAYS = r"(?:say|state|mention|describe|define|explain|discuss|argue|claim|suggest|imply|conclude|think|believe|mean)"
_ENDS = r"(?=[,;:?]|\.(?:\s|$)|$)"
_LEANS_ANYWHERE = (
    # "the section" but not "the section of DNA", "the author of Hamlet", "the text message", "this author, born in"
    rf"\b(?:the|this|these|that) (?:(?:{_GIVEN}|following|present|same|short|source) )?{_DOCUMENT}s?\b"
    r"(?! (?:of|messages?|files?|editors?)\b|-)",
    rf"\b(?:{_GIVEN}|following) (?:{_DOCUMENT}|reading)\b",
    r"\bthe (?:author|writer|narrator)s?\b(?! (?:of|who|was|were)\b)",
    rf"\b(?:according to|based on) (?:the|this) (?:{_GIVEN} )?{_TOLD}\b(?! of\b)",
    rf"\b{_SHOWN} in (?:the|this) (?:{_GIVEN} )?{_TOLD}\b(?! of\b)",
    r"\bin this (?:lesson|lecture|module|discussion|reading|story)\b",
    rf"\bidea of (?:the|this) {_TOLD}\b",
    rf"\b(?:is|are|was|were|as) {_SHOWN} (?:above|earlier|here(?=[.,?]|$))",
    r"\b(?:is|are|was|were|been|not) (?:\w+ly )?mentioned\b(?! (?:in|by)\b)",
    r"\bwhat you (?:have )?(?:just )?read\b",
    # "In Section 3.2, what …", but not "Section 5 of the Act" or "in Chapter 7 bankruptcy"
    rf"\b(?:in|from|per|see) (?:chapter|section|lesson|module|unit|lecture|page) \d+(?:\.\d+)*{_ENDS}",
)
# Words for what a question may itself have told before: these count in its first sentence alone.
_LEANS_AT_FIRST = (
    rf"\b(?:based on|given) (?:the|this) {_GIVES}{_ENDS}",
    rf"\baccording to (?:the|this) (?:{_GIVEN} )?{_GIVES}\b(?! of\b)",
    rf"\b(?:the|this) {_GIVEN} {_GIVES}\b(?! of\b)|\b(?:{_GIVEN}|following) (?:information|material)\b",
    rf"\b(?:the|this) {_GIVES} (?:{_SHOWN}|above|given|provided)\b(?! (?:by|in|that)\b)",
    r"\b(?:information|material) (?:above|provided)\b",
    rf"^in the (?:{_TOLD}|example|experiment|scenario|situation|study){_ENDS}",
    rf"\b(?:does|did|do|would) the (?:speaker|lecturer|instructor|presenter)s? {_SAYS}\b",
)
_OTHERS = r"(?:above|others?|other (?:options|answers|choices)|options|answers|choices|following)"
_LETTER = r"\(?[A-J]\)?"
_LETTERS = rf"{_LETTER}(?:, {_LETTER})*,? (?:and|or|nor|&) {_LETTER}"
_HOLDS = r"(?:is|are) (?:both |all |equally )*(?:correct|right|true|wrong|false|incorrect|possible)"
_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|previous|\d+(?:st|nd|rd|th))"
_REFERS_TO = (  # of an option
    rf"\b(?:all|none|any|both|neither|either|some|most|two|three|one)(?: (?:one|two))?(?: of)? (?:the|these|those) "
    rf"{_OTHERS}\b",
    r"^(?:all|none|both|neither|either|one|some|more than one) of (?:these|those|them)\b",
    rf"^(?:all|both|neither|none|they|two|three)(?: of (?:these|those|them))? {_HOLDS}\.?$",
    rf"^(?:only |both |either |neither |options? |answers? |choices? )*{_LETTERS}(?: only| alone| {_HOLDS})?\.?$",
    rf"^(?:the )?same as (?:in )?(?:options? |answers? )?{_LETTER}\.?$",
    r"\boptions? \(?(?-i:[A-HJ])\b",  # I is a number too
    rf"^the {_ORDINAL} (?:(?:and|or|the|two|three|{_ORDINAL}) )*(?:options?|answers?|choices?)\.?$",
)
_ROMAN = r"\(?(?:I{1,3}|IV|V)\)?"
_ROMANS = rf"{_ROMAN}(?:, {_ROMAN})*,? (?:and|or|&) {_ROMAN}"
_NUMERALS = (rf"^(?:only |both )?(?:{_ROMANS}(?: only| alone)?|{_ROMAN} (?:only|alone))\.?$",)
_VERB = r"(?:would|can|could|will|must|does|has|had|and|or|because|since|alone|only|correctly|\w*[^su\W]s)"
_OPTION = r"(?:option|answer|choice|alternative|statement)s?"
_NAMES_PLACE = (  # of a reason, which was written for options in another order
    rf"\b{_OPTION}:? (?:is )?\(?(?:[b-j]\b|a(?= {_VERB}\b|[^\w ]|$))",  # not "the answer is a metal"
    rf"\b{_OPTION} (?:number )?\(?\d+\b",
    r"\([a-j]\)",
    rf"\b{_ORDINAL} (?:\w+ ){{0,3}}{_OPTION}\b|\bthe {_ORDINAL} (?:one|is|are|was|were)\b",
    rf"\b{_OPTION}\b[^.]*\bthe {_ORDINAL}\b",
)


def _any(rules: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rules), re.IGNORECASE)


_LEANS, _LEANS_FIRST, _REFERS = _any(_LEANS_ANYWHERE), _any(_LEANS_AT_FIRST), _any(_REFERS_TO)
_STATEMENTS, _PLACE = _any(_NUMERALS), _any(_NAMES_PLACE)
_FIRST_SENTENCE = re.compile(r".*?(?:[.?!][\"'”’)]*(?=\s)|$)", re.DOTALL)
# A letter alone: not in "25 °C", "D.C." or "X-ray". "A block" has an article; "A is", "A holds", "so A" name an option.
_ALONE = r"(?<![\w°'’.-])(?:[B-{last}]|(?<![.?!] )(?<!^)A|A(?= {verb}\b|[^\w ]|$))(?![\w'’-]|\.\w)"


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
    if refers_to_others(question):
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
    return any(_LEANS.search(text) or _LEANS_FIRST.search(_first_sentence(text)) for text in texts)


def refers_to_others(question: Question) -> bool:
    """Whether an option speaks of others, or of numbered statements that the question does not have."""
    numbered = re.search(r"\bII\b", question.text, re.IGNORECASE)
    return any(_REFERS.search(one) or (not numbered and _STATEMENTS.search(one)) for one in question.options)


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
    """The reason as a rationale; None where it names an option by letter or place, or speaks of its document.

    The options have been put into another order, and the document is not there. A problem has neither.
    """
    reason = question.reason
    if question.options and (names_an_option(reason, question.options) or leans_on_document(reason)):
        return None
    return reason or None


def names_an_option(reason: str, options: Sequence[str]) -> bool:
    """Whether a reason speaks of an option by its letter or place; rather too often: only a rationale is lost."""
    alone = _ALONE.format(last=LABELS[len(options) - 1], verb=_VERB)
    return bool(_PLACE.search(reason) or re.search(alone, reason))


def _first_sentence(text: str) -> str:
    found = _FIRST_SENTENCE.match(text)
    return found[0] if found else text


def _runs(words: list[int], length: int) -> set[tuple[int, ...]]:
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _points_at_figure(question: str) -> bool:
    """By the pipeline's own rule, so that no row is paid for that a build would remove."""
    frame = pl.DataFrame({"question": [question]})
    return bool(frame.select(_FIGURE).item())


_FIGURE = filters(Thresholds())["missing_figure"]
