"""Question, options and right option out of the text of a multiple-choice prompt.

The text may begin and end with instructions; options are lines that begin with `A.`, `A)`,
`(A)` or `A:`, then B, C and so on, and may run over several lines.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crossthink_data.kinds import LABELS

_OPTION = re.compile(r"^[ \t]*(?:\(([A-Z])\)|([A-Z])[.):])[ \t]*", re.MULTILINE)
# A sentence that only tells how to answer: it begins like an order and names the form of the answer
_ORDER = (
    r"(?:please|answer|respond|reply|choose|select|pick|provide|give|put|output|return|write|solve|think|let'?s"
    r"|reason|enclose|your (?:final )?(?:answer|response|task)|the (?:final|last) (?:answer|line)"
    r"|you (?:are|will be) given|you (?:must|should)|(?:below|this|here|the following) is)"
)
_FORM = (
    r"(?:step[ -]by[ -]step|\\boxed|<think>|multiple[ -]choice|(?:letter|label)s? (?:of|only|that)"
    r"|(?:correct|right|best) (?:answer|option|choice|letter)|only (?:the|one|a) (?:letter|label|option)"
    r"|one of the (?:options|choices))"
)
_HOW_TO_ANSWER = rf"(?i:{_ORDER}\b[^\n.?!]*?{_FORM})"
_LEADING = re.compile(rf"\A{_HOW_TO_ANSWER}[^\n?:]*:?\n+")
_TRAILING = re.compile(rf"\s(?:(?<=\n)|(?<=[.?!:$\])}}]\s))\s*{_HOW_TO_ANSWER}[^\n?]*\Z")
_TRAILING_MARK = re.compile(r"\n\s*(?i:(?:the )?(?:correct |final |your )?answer(?: is)?)\s*:?\s*\Z")
_QUESTION_MARK = re.compile(r"\A(?i:question|q|problem)(?: \d+)?\s*:\s*")
_OPTIONS_MARK = re.compile(r"\n\s*(?i:(?:answer )?(?:options|choices)(?: are)?)\s*:?\s*\Z")

_LABEL = re.compile(r"\A(?:\(([A-Z])\)|([A-Z])[.):]?)\Z")
_LABEL_AND_TEXT = re.compile(r"\A(?:\(([A-Z])\)|([A-Z])[.):])\s*(\S.*)\Z", re.DOTALL)
_SEVERAL = re.compile(r"\A[A-Z](?:(?:\s*[,;/&]\s*|\s+and\s+|)[A-Z])+\Z")


class Asked(NamedTuple):
    """A question and its options; none where the text holds no list of them."""

    question: str
    options: list[str]


class Gold(NamedTuple):
    """The position of the right option, or None: then `label` may be the truth, `reason` why not."""

    position: int | None
    label: str | None = None
    reason: str | None = None


def without_instructions(text: str) -> str:
    """The text less the sentences around it that only say how to answer."""
    return _without_leading(_without_trailing(text))


def asked(text: str) -> Asked:
    """Splits a prompt at its last list of options; without one, the whole text is the question."""
    text = _without_trailing(text.replace("\r\n", "\n"))
    marks = _option_marks(text)
    question = _without_leading(_OPTIONS_MARK.sub("", text[: marks[0].start()])) if marks else ""
    if not question:
        return Asked(_without_leading(text), [])
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    options = [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    if not any("\n\n" in option for option in options[:-1]):  # a blank line ends the last option
        options[-1] = options[-1].split("\n\n", 1)[0].rstrip()
    return Asked(question, options)


def _without_trailing(text: str) -> str:
    text = _TRAILING_MARK.sub("", text.strip())
    while True:
        start = max(text.rfind("\n"), 0)
        last = text[start:]  # a sentence stays in its line, so only the last line is searched
        kept = _TRAILING.sub("", last)
        if kept == last:
            return text
        text = (text[:start] + kept).rstrip()


def _without_leading(text: str) -> str:
    text = text.strip()
    while (shorter := _LEADING.sub("", text)) != text:
        text = shorter
    return _QUESTION_MARK.sub("", text).strip()


def _option_marks(text: str) -> list[re.Match[str]]:
    """The labels A, B, C ... of the last list of at least two; none where one is missing or double."""
    marks = list(_OPTION.finditer(text))
    starts = [at for at, mark in enumerate(marks) if _letter(mark) == "A"]
    for start in reversed(starts):
        chain = [marks[start]]
        for mark in marks[start + 1 :]:
            step = ord(_letter(mark)) - ord(_letter(chain[-1]))
            if step in (0, 2):
                return []
            if step == 1:  # any other letter is text, such as the "T." of "T. S. Eliot"
                chain.append(mark)
        if len(chain) > 1:
            return chain
    return []


def gold(truth: str, options: list[str]) -> Gold:
    """The option that a ground truth names: by label, by label and text, or by its bare text."""
    truth = truth.strip()
    both = _LABEL_AND_TEXT.match(truth)
    position = LABELS.index(_letter(both)) if both else len(options)
    if both and position < len(options) and _plain(options[position]) == _plain(both.group(3)):
        return Gold(position)
    texts = [_plain(option) for option in options]
    if bare := _LABEL.match(truth):
        return _by_label(_letter(bare), texts)
    if _plain(truth) and _plain(truth) in texts:
        return Gold(texts.index(_plain(truth)))
    if position < len(texts):
        return Gold(None, reason="label_contradicts_text")
    several = _SEVERAL.match(truth) and set(re.findall("[A-Z]", truth)) <= set(LABELS[: len(texts)])
    return Gold(None, label=truth if several else None)


def _by_label(letter: str, texts: list[str]) -> Gold:
    """One letter is a label, unless another option consists of that very letter."""
    position = LABELS.index(letter)
    if letter.lower() in texts and texts[position : position + 1] != [letter.lower()]:
        return Gold(None, reason="label_contradicts_text")
    return Gold(position if position < len(texts) else None)


def _letter(match: re.Match[str]) -> str:
    return match.group(1) or match.group(2)


def _plain(text: str) -> str:
    """A text up to case, white space and a final period."""
    return " ".join(text.split()).casefold().rstrip(" .")
