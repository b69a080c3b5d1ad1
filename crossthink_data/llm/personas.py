"""Personas and skills, and which of their pairs a problem is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import UInt64, mix, salt, text_keys, text_numbers
from crossthink_data.sources.base import UNKNOWN_LICENSE

MAX_PHRASE_CHARS = 1_000
_BLOCK = 1 << 20  # pairs weighed at a time


def read_phrases(path: Path, key: str) -> list[str]:
    """The lines of a text file, or the texts under `key` (or `text`) in JSON lines; each once, in their order.

    Raises CrossthinkError for a file that is not there, holds none, or has a line that cannot be read.
    """
    if not path.is_file():
        raise CrossthinkError(f"{path} is not there: name a file with a {key} a line")
    is_json = path.name.endswith((".jsonl", ".json"))
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise CrossthinkError(f"{path} is not UTF-8 ({error}): write it as that") from error
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    phrases = [_phrase(path, number, line, key) if is_json else line for number, line in numbered]
    found = list(dict.fromkeys(" ".join(phrase.split()) for phrase in phrases if phrase.strip()))
    if not found:
        raise CrossthinkError(f"{path} is empty: write a {key} a line")
    longest = max(found, key=len)
    if len(longest) > MAX_PHRASE_CHARS:
        raise CrossthinkError(f"{path} holds a {key} of {len(longest)} characters; at most {MAX_PHRASE_CHARS}: cut it")
    return found


def _phrase(path: Path, number: int, line: str, key: str) -> str:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise CrossthinkError(f"{path}: line {number} is no JSON ({error}): mend it") from error
    value = row.get(key, row.get("text")) if isinstance(row, dict) else row
    if not isinstance(value, str):
        raise CrossthinkError(f"{path}: line {number} has no text under {key!r}: write {{{key!r}: …}}")
    return value


def pairs(
    personas: Sequence[str], skills: Sequence[str], limit: int, seed: int = 0, license_: str = UNKNOWN_LICENSE
) -> Iterator[Document]:
    """`limit` of all pairs, in the order of a hash of (seed, persona, skill); all of them where there are fewer.

    A pair's place does not depend on the others: more personas, or a higher limit, leave most pairs as they were.
    """
    if limit < 1:
        raise CrossthinkError(f"limit {limit}: at least 1 problem")
    persona_keys, skill_keys = text_keys(personas), text_keys(skills)
    for persona, skill in _lightest(text_numbers(personas), text_numbers(skills), limit, seed):
        metadata = {"persona": personas[persona], "skill": skills[skill], "license": license_}
        yield Document(text="", id=f"{persona_keys[persona][:16]}-{skill_keys[skill][:16]}", metadata=metadata)


def _lightest(personas: UInt64, skills: UInt64, limit: int, seed: int) -> Iterator[tuple[int, int]]:
    """The `limit` pairs with the smallest hashes, a block at a time: all pairs may be far more than memory holds."""
    others = mix(skills, salt("skill", seed))
    best = np.empty(0, np.uint64)
    places = np.empty(0, np.int64)
    step = max(1, _BLOCK // len(skills))
    for first in range(0, len(personas), step):
        block = personas[first : first + step]
        weights = mix(np.bitwise_xor.outer(block, others).ravel(), salt("pair", seed))
        best = np.concatenate([best, weights])
        places = np.concatenate([places, np.arange(len(weights), dtype=np.int64) + first * len(skills)])
        order = np.argsort(best, kind="stable")[:limit]
        best, places = best[order], places[order]
    for place in places.tolist():
        yield divmod(place, len(skills))
