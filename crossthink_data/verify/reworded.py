r"""An option's text that is written otherwise: `the green tea`, `4 July 1776`, `\dfrac{1}{2}` or `0.5` for `1/2`."""

from __future__ import annotations

import re

from crossthink_data.verify.formula import compare_formula
from crossthink_data.verify.gold import Gold, infer_type
from crossthink_data.verify.latex import plain, squeezed
from crossthink_data.verify.text import compare_text

_LONGEST = 300  # characters of a formula: each option is compared with it
_LABEL_OR_ARTICLE = re.compile(r"A\s")
_COMMANDS = re.compile(r"\\[A-Za-z]+")


def reworded(text: str, options: tuple[str, ...], labels: str) -> str:
    """The labels of the options that a text amounts to: in words first, then in notation, then in value.

    >>> reworded("0.5", ("1/2", "5"), "AB"), reworded("the tea", ("Tea", "milk"), "AB")
    ('A', 'A')
    """
    if not options or _LABEL_OR_ARTICLE.match(text):
        return ""
    pairs = list(zip(labels, options, strict=False))
    if found := "".join(at for at, option in pairs if compare_text(Gold(option, "text"), text).correct):
        return found
    if len(text) > _LONGEST or infer_type(text) == "text":
        return ""
    if found := "".join(at for at, option in pairs if squeezed(plain(option)) == squeezed(plain(text))):
        return found
    return "".join(at for at, option in pairs if infer_type(option) != "text" and _same(option, text))


def is_value(letter: str, options: tuple[str, ...]) -> bool:
    """Whether the letter stands for something in a formula among the options, so that it may be no label."""
    alone = re.compile(f"(?<![A-Za-z]{{2}}){letter}(?![A-Za-z]{{2}})")  # "ab" may be a product, "tab" is a word
    return any(alone.search(_COMMANDS.sub(" ", option)) and infer_type(option) == "math" for option in options)


def _same(option: str, text: str) -> bool:
    verdict = compare_formula(option, text)
    return (verdict is not None and verdict.correct) or _begins(option, text)


def _begins(option: str, text: str) -> bool:
    """Whether the option is the text and more: of `5 m` and `5 cm`, `5` says neither."""
    return option.startswith(text) and option[len(text) : len(text) + 1] in (" ", "\\")
