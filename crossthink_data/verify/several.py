"""Questions of which several options are right: the set of letters is the answer, and order says nothing.

| gold | answer | verdict |
|---|---|---|
| `AC` | `A, C`, `CA`, `(C) and (A)`, `\\text{AC}` | correct |
| `AC` | `A`, `A, B, C` | wrong: one is missing, one is too many |
| `AC` | `A or C` | wrong: that names one of two |
| `AC` | `A. iron; C. zinc`, where these are the options' texts | correct |
| `AC` | `A. iron` | wrong: one of them is missing |
| `AC` | `a, c` | correct, unless an option is a single letter |
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossthink_data.kinds import LABELS
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Verdict
from crossthink_data.verify.wrappers import COMMAND, unwrap

_SEPARATOR = r"[\s,;/&+().\u3001\uff0c\uff1b]|\band\b|[\u548c\u53ca\u4e0e]"  # 、 ， ； 和 及 与
_LETTERS = re.compile(rf"[A-Z](?:(?:{_SEPARATOR})*+[A-Z](?![a-z]))*+")
_COMMAND = re.compile(rf"{COMMAND}\s*\{{([^{{}}]*)\}}|\\([&{{}}])|\$")
_NAMES = re.compile(  # "Options", 选项, 答案是
    r"(?i:(?:the )?(?:options?|answers?|choices)\b:?\s*)"
    r"|(?:\u9009\u9879|\u7b54\u6848)(?:\u662f|\u4e3a)?[:\uff1a]?|[:\uff1a]\s*"
)
_PIECE = re.compile(rf"(?:^|(?:{_SEPARATOR})+)\(?([A-Z])(?:[.:)\uff0e\uff1a]|\u3001(?![A-Z]))+\s*")


def has_several(gold: Gold) -> bool:
    """Whether the gold's label names more than one of its options, each once."""
    label = gold.label or ""
    return 1 < len(label) == len(set(label)) and set(label) <= set(LABELS[: len(gold.options)])


def compare_several(gold: Gold, answer: str) -> Verdict:
    """Whether the answer names just the gold's options.

    >>> compare_several(Gold("x; z", "choice", ("x", "y", "z"), "AC"), "C and A").outcome
    'correct'
    """
    named = named_letters(answer, gold.options)
    if named is None:
        return Verdict("wrong", "not_labels", "label")
    right = named == "".join(sorted(gold.label or ""))
    return Verdict("correct", "labels", "label") if right else Verdict("wrong", "different_labels", "label")


def named_letters(answer: str, options: Sequence[str]) -> str | None:
    """The labels that an answer names, in their order, each once; None where it is no list of labels.

    >>> named_letters(r"$C$, \\text{A}", ("x", "y", "z")), named_letters("A. x; C. z", ("x", "y", "z"))
    ('AC', 'AC')
    """
    plain = unwrap(_COMMAND.sub(lambda found: found[1] or found[2] or "", answer)).strip(" ()[]{}.,;\u3002")
    plain = _NAMES.sub("", plain, count=1) if _NAMES.match(plain) else plain
    if plain.islower() and not any(len(option.strip()) == 1 for option in options):
        plain = _upper(plain)
    letters = re.findall(r"[A-Z]", plain) if _LETTERS.fullmatch(plain) else _with_texts(plain, options)
    if not letters or len(set(letters)) < len(letters) or not set(letters) <= set(LABELS[: len(options)]):
        return None
    return "".join(sorted(letters))


def _upper(plain: str) -> str:
    """Lower-case labels as labels; "and" stays a word."""
    return re.sub(r"\b(?!and\b)[a-z]+\b", lambda word: word[0].upper(), plain)


def _with_texts(plain: str, options: Sequence[str]) -> list[str]:
    """The labels of a list of labels with their options' texts; none where a text is another's."""
    lead, *pieces = _PIECE.split(plain)
    named = list(zip(pieces[::2], pieces[1::2], strict=True))
    texts = dict(zip(LABELS, options, strict=False))
    if lead.strip() or any(_bare(text) != _bare(texts.get(label, "")) for label, text in named):
        return []
    return [label for label, _ in named]


def _bare(text: str) -> str:
    return unwrap(text).strip(" ,;.\u3002\uff0c\uff1b\u3001").casefold()
