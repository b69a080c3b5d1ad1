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
from functools import partial
from itertools import islice

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from crossthink_data.hashing import UInt64, mix, salt
from crossthink_data.likeness import FILLERS, POLES, SYMBOLS, VALUES, Text, same_question, share_of, text_of
from crossthink_data.words import Bool, Int64, Words, span_hashes, words_of

NEAR_DEDUP_VERSION = 1  # 1: first published rules

NEIGHBOURS = 16  # rows after it that a row of a crowded band is compared with
_NOTHING = np.uint64(2**64 - 1)


class NearDedup(BaseModel):
    """What a recipe may set; docs/recipes.md has the reason of each default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: int = Field(default=5, ge=1, le=64)
    rows: int = Field(default=4, ge=1, le=16)  # of a band
    max_change: float = Field(default=0.1, ge=0, lt=1)  # of the words of substance, those that only one text has
    max_added: int = Field(default=1, ge=0)  # words of substance that one text may have more, however short it is
    min_passage: float = Field(default=0.8, gt=0, le=1)  # of the shorter passage's words, in order in the other


def signatures(frame: pl.DataFrame, settings: NearDedup) -> UInt64:
    """Keys of each row with question and options, of shape (rows, 1 + bands).

    Two rows with the same key in the same place may be near-duplicates. The first key is of the bag of all telling
    words: rows that differ in fillers alone meet for sure, in however large a crowd. The others are MinHash bands.
    """
    counts = 1 + frame["options"].list.len().fill_null(0).to_numpy().astype(np.int64)
    rows = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    texts = frame.select(pl.concat_list(pl.concat_list("question"), pl.col("options").fill_null([]))).to_series()
    words = words_of(texts.list.explode(keep_nulls=True, empty_as_null=True))
    kept = ~FILLERS.mask(words.hashes)
    telling, offsets = words.hashes[kept], _kept_offsets(kept, words.offsets)[rows]
    fixed = _bags(_formulas(words), rows) + _bags(_poles(words), words.offsets[rows])
    fixed = mix(fixed + (counts > 1).astype(np.uint64), salt("fixed"))
    keys = np.empty((len(frame), 1 + settings.bands), np.uint64)
    keys[:, 0] = mix(fixed ^ _bags(telling, offsets), salt("bag"))
    for band in range(settings.bands):
        key = mix(fixed, salt("band", band))
        for row in range(settings.rows):
            factor = salt("minhash", band, row) | np.uint64(1)
            key = mix(key ^ _least(telling * factor, offsets), factor)
        keys[:, 1 + band] = key
    return keys


def _formulas(words: Words) -> UInt64:
    """A number for each text's values and symbols in their order: copies may not differ in them."""
    kept = VALUES.mask(words.hashes) | SYMBOLS.mask(words.hashes)
    offsets = _kept_offsets(kept, words.offsets)
    return span_hashes(words.hashes[kept], offsets[:-1], offsets[1:])


def _poles(words: Words) -> UInt64:
    return np.where(POLES.mask(words.hashes), words.hashes, np.uint64(0))


def _kept_offsets(kept: Bool, offsets: Int64) -> Int64:
    """The offsets of texts when only some words are kept."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[offsets]


def _bags(hashes: UInt64, offsets: Int64) -> UInt64:
    """The sum of each text's hashes: a number for what it holds in whatever order."""
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes)])
    bags: UInt64 = sums[offsets[1:]] - sums[offsets[:-1]]
    return bags


def _least(hashes: UInt64, offsets: Int64) -> UInt64:
    """The smallest of each text's hashes, or the largest number where there is none."""
    some = offsets[1:] > offsets[:-1]
    least = np.full(len(some), _NOTHING)
    if some.any():
        least[some] = np.minimum.reduceat(hashes, offsets[:-1][some])
    return least


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


def few_changes(questions: pl.Series, first: Int64, second: Int64, settings: NearDedup) -> Bool:
    """Which pairs of questions may be one, by the words that only one of them has; soon known of all at once."""
    words = words_of(questions)
    kept = ~(FILLERS.mask(words.hashes) | VALUES.mask(words.hashes) | POLES.mask(words.hashes))
    sizes = np.diff(_kept_offsets(kept, words.offsets))
    text = np.repeat(np.arange(len(words), dtype=np.uint64), sizes)
    once = np.unique(np.stack([text, words.hashes[kept]], axis=1), axis=0)
    offsets = np.searchsorted(once[:, 0], np.arange(len(words) + 1, dtype=np.uint64))
    few = np.empty(len(first), np.bool_)
    for at in range(0, len(first), _PAIRS):
        a, b = first[at : at + _PAIRS], second[at : at + _PAIRS]
        more, less = _only_in_one(once[:, 1], offsets, a, b)
        share = more + less <= settings.max_change * np.minimum(sizes[a], sizes[b])
        few[at : at + _PAIRS] = share | ((np.minimum(more, less) == 0) & (more + less <= 2 * settings.max_added))
    return few


_PAIRS = 1 << 15  # compared at once


def _only_in_one(hashes: UInt64, offsets: Int64, first: Int64, second: Int64) -> tuple[Int64, Int64]:
    """For each pair, how many words only the first text has, and how many only the second."""
    (pair, keys), (_, others) = (_by_pair(hashes, offsets, texts) for texts in (first, second))
    common = np.bincount(pair[np.isin(keys, others, assume_unique=True)], minlength=len(first))
    sizes = np.diff(offsets)
    return sizes[first] - common, sizes[second] - common


def _by_pair(hashes: UInt64, offsets: Int64, texts: Int64) -> tuple[Int64, UInt64]:
    """Of each pair's text its words, as (pair, a number for pair and word)."""
    sizes = np.diff(offsets)[texts]
    pair = np.repeat(np.arange(len(texts)), sizes)
    at = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(offsets[texts], sizes)
    return pair, hashes[at] ^ mix(pair.astype(np.uint64), salt("pair"))


def near_duplicates(a: Question, b: Question, settings: NearDedup) -> bool:
    """Whether two rows are one question: the question, the passage and, in any order, the options.

    Options that agree say much of the question, which may then differ by a word more.
    """
    return (
        len(a.options) == len(b.options)
        and same_question(a.question, b.question, settings.max_change, settings.max_added * (2 if a.options else 1))
        and _same_passage(a.passage, b.passage, settings.min_passage)
        and _same_options(a.options, b.options, settings)
    )


def _same_passage(a: Text, b: Text, min_share: float) -> bool:
    shorter, longer = sorted((a.words, b.words), key=len)
    return share_of(shorter, longer) >= min_share if shorter else not longer


def _same_options(a: list[Text], b: list[Text], settings: NearDedup) -> bool:
    """Every option of `a` has its own in `b`: the same words or, of those without one, nearly the same."""
    left = {tuple(text.words): text for text in b}
    other = [text for text in a if left.pop(tuple(text.words), None) is None]
    for text in other:
        same = partial(same_question, text, max_change=settings.max_change, max_added=settings.max_added)
        alike = next((words for words, one in left.items() if same(one)), None)
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
