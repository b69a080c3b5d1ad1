"""Long documents cut into passages, at the ends of paragraphs; the same text always at the same places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap

_PARAGRAPH = re.compile(r"\s*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def passages(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` characters.

    A paragraph that is longer is cut at the ends of sentences, a longer sentence between words.

    >>> passages("One. Two.\\nThree.", 9)
    ['One. Two.', 'Three.']
    """
    paragraphs = [part for part in _PARAGRAPH.split(text.strip()) if part]
    return _packed((piece for part in paragraphs for piece in _fitting(part, most)), most, "\n")


def _fitting(paragraph: str, most: int) -> list[str]:
    if len(paragraph) <= most:
        return [paragraph]
    sentences = _SENTENCE.split(paragraph)
    return _packed((piece for one in sentences for piece in _wrapped(one, most)), most, " ")


def _wrapped(sentence: str, most: int) -> list[str]:
    return [sentence] if len(sentence) <= most else wrap(sentence, most, break_on_hyphens=False)


def _packed(pieces: Iterable[str], most: int, glue: str) -> list[str]:
    """As many pieces together as fit, in their order."""
    packed: list[str] = []
    for piece in pieces:
        if packed and len(packed[-1]) + len(glue) + len(piece) <= most:
            packed[-1] += glue + piece
        else:
            packed.append(piece)
    return packed
