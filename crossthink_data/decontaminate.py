"""The decontamination step: a row that is a benchmark's question goes, with the evidence written down.

A row is looked at where it shares a telling n-gram with an item, or has one of the short items as whole sentences.
Then the words decide (`likeness.find_copy`). Two rules more, for questions that do not say by themselves which
question they are: an item with a passage is found with its passage or its options, and boilerplate ("Which of these
is true?") with its options; between multiple choice and multiple choice, the options must agree where the question
is short or only selects among them.

The same question with one number changed is another question, and is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from crossthink_data.benchmark_index import BenchmarkIndex, load_index, ngrams
from crossthink_data.benchmarks import BENCHMARKS
from crossthink_data.errors import unknown
from crossthink_data.frame_step import FrameStep
from crossthink_data.hashing import UInt64
from crossthink_data.likeness import ASK_WORDS, FILLERS, LONG_ASK, Copy, Text, find_copy, share_of, text_of
from crossthink_data.words import Int64, SpelledWords, Words, WordSet, span_hashes, text_hashes, words_of

DECONTAMINATE_VERSION = 1  # 1: first published rules

CONTAMINATED = "contaminated"
EVIDENCE_FILE = "contamination.parquet"  # in a run's folder
MIN_SHARED = 0.2  # of an item's n-grams, what a row must have of them to be looked at

FEW_WORDS = 3  # an item of so few ("Osteoclasts") is known as a row of its own, or with its options
# A question with one of these selects among options, which then belong to it.
_SELECTING = WordSet("which following these except")


class Decontamination(BaseModel):
    """What a recipe may set; docs/recipes.md has the reason of each default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    benchmarks: tuple[str, ...] = BENCHMARKS
    ngram: int = Field(default=8, ge=3, le=32)  # words
    max_shared: int = Field(default=9, ge=1)  # questions that may have an n-gram that still tells them apart
    min_share: float = Field(default=0.6, gt=0, le=1)  # of an item's words, in order in its copy
    min_passage: float = Field(default=0.5, gt=0, le=1)  # the same of an item's passage
    min_options: float = Field(default=0.5, gt=0, le=1)  # options in common, of the side that has fewer
    allow_missing: bool = False  # build without the benchmarks that cannot be read, and say so

    @field_validator("benchmarks")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in BENCHMARKS:
                raise ValueError(str(unknown("benchmark", name, BENCHMARKS)))
        return value


EVIDENCE: dict[str, pl.DataType] = {
    "benchmark": pl.String(),
    "set": pl.String(),
    "item": pl.String(),  # its id; of a benchmark that may not be published, a hash of its question
    "share": pl.Float64(),  # of the item's words that stand in the row
    "matched": pl.String(),  # what of the row that is, in lower case; null where nothing may be published
}


@dataclass(frozen=True)
class _Hit:
    row: int
    item: int
    copy: Copy


def find_items(frame: pl.DataFrame, index: BenchmarkIndex, settings: Decontamination) -> pl.DataFrame:
    """The benchmark items that rows with question, passage and options hold: `row` (its number) and EVIDENCE."""
    passage = pl.col("passage").fill_null("")
    words = words_of(frame.select(pl.concat_str(passage, pl.lit("\n"), pl.col("question").fill_null(""))).to_series())
    hits = _hits(words, frame["options"], index, settings)
    about = index.about[[hit.item for hit in hits]]
    first = [words.of(hit.row).start for hit in hits]
    matched = [words.spelled(at + hit.copy.first, at + hit.copy.last) for at, hit in zip(first, hits, strict=True)]
    return about.select(
        pl.Series("row", [hit.row for hit in hits], pl.Int64),
        *("benchmark", "set", "item"),
        pl.Series("share", [hit.copy.share for hit in hits], pl.Float64),
        pl.when(~pl.col("no_publish")).then(pl.Series("matched", matched, pl.String)).alias("matched"),
    )


def _hits(words: SpelledWords, options: pl.Series, index: BenchmarkIndex, settings: Decontamination) -> list[_Hit]:
    """Every copy of an item, by row and item."""
    found = list(_likely(words, index, settings))
    rows = list(dict.fromkeys(row for row, _, _ in found))
    texts = {row: text_of(words, row) for row in rows}
    row_options = dict(zip(rows, option_sets(options[rows]), strict=True))
    belong = [_belongs(texts[row], row_options[row], item, index, settings) for row, item, _ in found]
    return [_Hit(*one) for one, true in zip(found, belong, strict=True) if true]


def _likely(words: Words, index: BenchmarkIndex, settings: Decontamination) -> Iterator[tuple[int, int, Copy]]:
    """(row, item, copy) of all that would be copies if each question said by itself which question it is."""
    for row, of_row in groupby(_candidates(words, index), key=itemgetter(0)):
        text = text_of(words, row)
        for _, item in of_row:
            question = _question(index, item)
            copy = find_copy(question, text, whole_sentences=False)
            if copy is not None and copy.share >= settings.min_share:
                yield row, item, copy


def option_sets(options: pl.Series) -> list[set[int]]:
    """The options of each row (a list of texts), each as a number."""
    counts = options.list.len().fill_null(0).to_list()
    hashes = iter(text_hashes(words_of(options.list.explode(keep_nulls=False, empty_as_null=False))).tolist())
    return [set(islice(hashes, count)) for count in counts]


def _candidates(words: Words, index: BenchmarkIndex) -> list[tuple[int, int]]:
    """(row, item), in order: they share enough n-grams, or the item is whole sentences of the row."""
    grams, text = ngrams(words, index.ngram)
    at, item = index.grams.find(grams)
    pairs, shared = np.unique((text[at] << 32) | item, return_counts=True)
    enough = pairs[shared >= MIN_SHARED * index.sizes[pairs & 0xFFFFFFFF]]
    spans, span_text = _short_spans(words, index.ngram)
    at, item = index.short.find(spans)
    both = np.union1d(enough, (span_text[at] << 32) | item)
    return list(zip((both >> 32).tolist(), (both & 0xFFFFFFFF).tolist(), strict=True))


def _short_spans(words: Words, ngram: int) -> tuple[UInt64, Int64]:
    """Where an item too short for an n-gram may stand, as (hash, text): whole texts, and what sentences begin with."""
    starts = words.sentences
    text = np.searchsorted(words.offsets, starts, side="right") - 1
    limit = words.offsets[text + 1]
    spans = [(words.offsets[:-1], words.offsets[1:], np.arange(len(words)))]
    for length in range(1, 2 * ngram):  # signs are words here, so that an item may have more than an n-gram
        fits = starts + length <= limit
        spans.append((starts[fits], starts[fits] + length, text[fits]))
    first, last, of = (np.concatenate(one) for one in zip(*spans, strict=True))
    return span_hashes(words.hashes, first, last), of


def _belongs(row: Text, row_options: set[int], item: int, index: BenchmarkIndex, settings: Decontamination) -> bool:
    """Whether what belongs to the item's question is the row's too: its options, or its passage and sentences."""
    if _options_agree(row, row_options, item, index, settings.min_options):
        return True
    question = _question(index, item)
    if find_copy(question, row) is None or len(question.words) <= FEW_WORDS < len(row.words):
        return False
    passage = index.passages.hashes[index.passages.of(item)].tolist()
    if passage:
        return share_of(passage, row.words) >= settings.min_passage
    return _needs_no_options(question, bool(row_options), item, index)


@lru_cache(maxsize=1 << 16)
def _question(index: BenchmarkIndex, item: int) -> Text:
    return text_of(index.questions, item)


def _needs_no_options(question: Text, row_has_options: bool, item: int, index: BenchmarkIndex) -> bool:
    """Whether a question says without its options which question it is."""
    if index.boilerplate[item]:
        return False
    if not index.option_range(item):
        return True
    selects = any(word in _SELECTING for word in question.words)
    telling = sum(word not in FILLERS for word in question.words)
    if row_has_options:  # and they are others
        return telling >= LONG_ASK and not selects
    return telling >= ASK_WORDS or not selects


def _options_agree(row: Text, row_options: set[int], item: int, index: BenchmarkIndex, min_options: float) -> bool:
    """Whether enough of the options are the same; those of a row that has none may be written out in its question."""
    options = index.options_of(item)
    if not options:
        return False
    if row_options:
        return len(options & row_options) >= min_options * min(len(options), len(row_options))
    texts = [index.options.hashes[index.options.of(at)] for at in index.option_range(item)]
    return sum(len(text) > 0 and text.tobytes() in row.data for text in texts) >= min_options * len(texts)


class Decontaminate(FrameStep):
    """Gives rows that hold an item of a benchmark the reason `contaminated`, and the evidence in a column."""

    name = "decontaminate"

    def __init__(self, index: Path, settings: Decontamination) -> None:
        super().__init__()
        self.index = index  # folder of a saved index
        self.settings = settings

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the reason set, and `evidence`: a list of EVIDENCE's fields, null where there is none."""
        kept = frame["reason"].is_null().arg_true()
        found = find_items(frame[kept].select("question", "passage", "options"), load_index(self.index), self.settings)
        found = found.with_columns(row=kept.gather(found["row"]).cast(pl.Int64))
        lists = found.group_by("row", maintain_order=True).agg(evidence=pl.struct(*EVIDENCE))
        rows = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        rows = rows.join(lists, on="row", how="left", maintain_order="left").drop("row")
        hit = pl.when(pl.col("evidence").is_not_null()).then(pl.lit(CONTAMINATED))
        return rows.with_columns(reason=pl.coalesce("reason", hit))


def evidence_of(frame: pl.DataFrame) -> pl.DataFrame:
    """One row for each item found in a frame's rows: `id` and `source` of the row, and EVIDENCE's fields.

    Of a benchmark that may not be published, the row is not named either.
    """
    rows = frame.select("id", "source", "evidence").drop_nulls("evidence").explode("evidence").unnest("evidence")
    secret = pl.col("matched").is_null()
    return rows.with_columns(id=pl.when(~secret).then(pl.col("id")))
