"""Questions of which several options are right: the set of letters is the answer, and order says nothing.

| gold | answer | verdict |
|---|---|---|
| `AC` | `A, C`, `CA`, `(C) and (A)`, `\\text{AC}` | correct |
| `AC` | `A`, `A, B, C` | wrong: one is missing, one is too many |
| `AC` | `A or C` | wrong: that names one of two |
| `AC` | `A. iron` | wrong: letters are asked for, and one of them is missing |
"""

from __future__ import annotations

import re

from crossthink_data.kinds import LABELS
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Verdict
from crossthink_data.verify.wrappers import unwrap

_LETTERS = re.compile(r"[A-Z](?:(?:[\s,;/&+().]|\band\b)*+[A-Z](?![a-z]))*+")


def has_several(gold: Gold) -> bool:
    """Whether the gold's label names more than one of its options, each once."""
    label = gold.label or ""
    return 1 < len(label) == len(set(label)) and set(label) <= set(LABELS[: len(gold.options)])


def compare_several(gold: Gold, answer: str) -> Verdict:
    """Whether the answer names just the gold's options.

    >>> compare_several(Gold("x; z", "choice", ("x", "y", "z"), "AC"), "C and A").outcome
    'correct'
    """
    plain = unwrap(answer).strip(" ()[]{}.,;")
    if not _LETTERS.fullmatch(plain):
        return Verdict("wrong", "not_labels", "label")
    named = re.findall(r"[A-Z]", plain)
    right = len(named) == len(set(named)) and set(named) == set(gold.label or "")
    return Verdict("correct", "labels", "label") if right else Verdict("wrong", "different_labels", "label")
