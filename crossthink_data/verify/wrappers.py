"""What an answer of a few words may be dressed in: LaTeX, markdown, brackets, quotes, "Option", a final period."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_DEPTH = 12  # wrappers around wrappers that are taken off

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
_TIE = re.compile(r"(?<=[\w}.,:;)])~(?=[\w\\$({])")  # TeX's hard space; "~S" is a negation
_SPACE = re.compile(r"(?:\s|\\[ ,;!]|\\quad\b)+")
_SIZES = re.compile(r"\\(?:left|right)(?=[()\[\]])")
COMMAND = r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:bf|it|rm|sf|tt)|boldsymbol|bf|rm|boxed|fbox)\b"
_OPENING = re.compile(rf"{COMMAND}\s*\{{|\\\(|\\\[|\{{\\(?:rm|bf)\b|\*\*|__|``|[$`\"'*_(\[{{\u2018\u201c]")
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "(": ")", "[": "]", "\u2018": "\u2019", "\u201c": "\u201d"}
_WORD = re.compile(
    r"(?:(?i:(?:the )?(?:correct )?(?:option|choice|answer)\b(?: is\b)?)\s*:?\s*"
    r"|\\(?:rm|bf|sf|math(?:bf|rm|sf))\s+)(?=\S)"
)


def spaced(text: str) -> str:
    """The text in one Unicode dress, with nothing invisible in it."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return text.strip()


@lru_cache(maxsize=4096)  # a corpus of answers is a few forms of a few letters
def unwrap(text: str) -> str:
    """The text without outer wrappers, a leading "Option", a final period, and spare spaces."""
    text = spaced(text)
    if len(text) == 1:
        return text
    if "~" in text:
        text = _TIE.sub(" ", text)
    text = _SPACE.sub(" ", _SIZES.sub("", text)).strip()
    for _ in range(_DEPTH):
        bare = _peeled(text)
        if bare == text:
            break
        text = bare
    return text


def _peeled(text: str) -> str:
    """One wrapper less; a text that is nothing but wrapper stays."""
    if len(text) > 1 and text[-1] in ".:\u3002":
        return text[:-1].rstrip()
    if len(text) == 2 and text[-1] == ")" and text[0].isalpha():
        return text[0]
    if word := _WORD.match(text):
        return text[word.end() :]
    opening = _OPENING.match(text)
    if not opening:
        return text
    mark = opening[0]
    closing = "}" if "{" in mark else _CLOSING.get(mark, mark)
    inner = text[opening.end() : -len(closing)]
    if not text.endswith(closing) or len(text) < opening.end() + len(closing) or not inner.strip():
        return text
    return inner.strip() if _balanced(inner, mark[-1], closing) else text


def _balanced(inner: str, opening: str, closing: str) -> bool:
    """Whether the wrapper's two ends belong together: `(a)(b)` and `$a$ or $b$` are not one wrapper."""
    if closing not in ")]}":
        return closing not in inner
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    depth = 0
    for mark in re.findall(rf"\\.|[{re.escape(opening + closing)}]", inner, re.DOTALL):
        depth += (mark == opening) - (mark == closing)
        if depth < 0:
            return False
    return depth == 0
