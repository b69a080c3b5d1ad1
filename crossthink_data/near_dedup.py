"""Near-duplicates: which rows may be one question, by MinHash and bands, and which of those are.

A row's shingles are the single words of its question and options that tell anything (values too, fillers not).
Questions are short: of six words, one that differs leaves hardly a longer shingle whole, and what `likeness` lets two
copies differ by is a word in ten. A band's key also holds the digits, the poles and the kind of question, in which
copies may not differ at all; so a template filled with other numbers makes no candidates.

Rows that share a band are compared word by word. Two questions on one passage are two questions: the question is
compared apart from its passage, and options apart from both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from crossthink_data.hashing import UInt64, mix, salt
from crossthink_data.likeness import FILLERS, POLES, VALUES, Text, same_question, share_of, text_of
from crossthink_data.words import Int64, Words, words_of

NEAR_DEDUP_VERSION = 1  # 1: first published rules

NEIGHBOURS = 16  # rows after it that a row of a crowded band is compared with
_NOTHING = np.uint64(2**64 - 1)


class NearDedup(BaseModel):
    """What a recipe may set; docs/recipes.md has the reason of each default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: int = Field(default=6, ge=1, le=64)
    rows: int = Field(default=3, ge=1, le=16)  # of a band
    max_change: float = Field(default=0.1, ge=0, lt=1)  # of the words of substance, those that only one text has
    min_passage: float = Field(default=0.8, gt=0, le=1)  # of the shorter passage's words, in order in the other


def signatures(frame: pl.DataFrame, settings: NearDedup) -> UInt64:
    """Keys of the bands of each row with question and options, of shape (rows, bands).

    Two rows with the same key in the same place may be near-duplicates.
    """
    question, options = words_of(frame["question"]), words_of(frame["options"].list.join("\n"))
    is_mcq = frame["options"].list.len().fill_null(0).to_numpy() > 0
    fixed = mix(_fixed(question) + _fixed(options) + is_mcq.astype(np.uint64), salt("fixed"))
    telling = [_telling(words) for words in (question, options)]
    keys = np.empty((len(frame), settings.bands), np.uint64)
    for band in range(settings.bands):
        key = mix(fixed, salt("band", band))
        for row in range(settings.rows):
            factor = salt("minhash", band, row) | np.uint64(1)
            key = mix(key ^ np.minimum(*(_least(hashes * factor, offsets) for hashes, offsets in telling)), factor)
        keys[:, band] = key
    return keys


def _telling(words: Words) -> tuple[UInt64, Int64]:
    """The words of each text that are no fillers, and where each text's begin."""
    kept = ~FILLERS.mask(words.hashes)
    return words.hashes[kept], np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[words.offsets]


def _least(hashes: UInt64, offsets: Int64) -> UInt64:
    some = offsets[1:] > offsets[:-1]
    least = np.full(len(some), _NOTHING)
    if some.any():
        least[some] = np.minimum.reduceat(hashes, offsets[:-1][some])
    return least


def _fixed(words: Words) -> UInt64:
    """A number for the bag of each text's values and poles."""
    kept = VALUES.mask(words.hashes) | POLES.mask(words.hashes)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(np.where(kept, words.hashes, np.uint64(0)))])
    bags: UInt64 = sums[words.offsets[1:]] - sums[words.offsets[:-1]]
    return bags


@dataclass(frozen=True)
class Question:
    """A row as it is compared."""

    question: Text
    passage: Text
    options: list[Text]


def questions_of(frame: pl.DataFrame) -> list[Question]:
    """The rows of a frame with question, passage and options."""
    question, passage = words_of(frame["question"]), words_of(frame["passage"])
    options = words_of(frame["options"].list.explode(keep_nulls=False, empty_as_null=False))
    numbers = iter(range(len(options)))
    counts = frame["options"].list.len().fill_null(0).to_list()
    return [
        Question(text_of(question, i), text_of(passage, i), [text_of(options, k) for k in islice(numbers, count)])
        for i, count in enumerate(counts)
    ]


def near_duplicates(a: Question, b: Question, settings: NearDedup) -> bool:
    """Whether two rows are one question: the question, the passage and, in any order, the options."""
    return (
        len(a.options) == len(b.options)
        and same_question(a.question, b.question, settings.max_change)
        and _same_passage(a.passage, b.passage, settings.min_passage)
        and _same_options(a.options, b.options, settings.max_change)
    )


def _same_passage(a: Text, b: Text, min_share: float) -> bool:
    shorter, longer = sorted((a.words, b.words), key=len)
    return share_of(shorter, longer) >= min_share if shorter else not longer


def _same_options(a: list[Text], b: list[Text], max_change: float) -> bool:
    """Every option of `a` has its own in `b`: the same words or, of those without one, nearly the same."""
    left = {tuple(text.words): text for text in b}
    other = [text for text in a if left.pop(tuple(text.words), None) is None]
    for text in other:
        alike = next((words for words, one in left.items() if same_question(text, one, max_change)), None)
        if alike is None:
            return False
        del left[alike]
    return True


def neighbours(keys: UInt64) -> tuple[Int64, Int64]:
    """Positions of equal keys in pairs, of keys that are in order; in a crowd, each with the next NEIGHBOURS."""
    first: list[Int64] = []
    second: list[Int64] = []
    for distance in range(1, min(NEIGHBOURS, len(keys) - 1) + 1):
        equal = np.flatnonzero(keys[distance:] == keys[:-distance])
        first.append(equal)
        second.append(equal + distance)
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *first]), np.concatenate([none, *second])
