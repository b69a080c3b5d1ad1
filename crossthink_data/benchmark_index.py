"""One index of all benchmarks' items: n-grams of their questions, as sorted numbers in files that workers map.

An n-gram that many questions share ("which of the following is most likely") says nothing of any of them and is left
out. An item with fewer words than an n-gram has is known by its whole text, which must then stand in a row as whole
sentences. Only hashes are written: the text of a benchmark is not to be had from the index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink_data.exchange import read_frame, write_frame
from crossthink_data.hashing import UInt64
from crossthink_data.storage import fetched, write_text, written
from crossthink_data.words import Bool, Int64, Words, rolling, text_hashes, words_of

INDEX_VERSION = 1  # 1: first published rules
BITS_PER_KEY = 32  # of the map that is asked first: about one number in 32 is looked up in vain


ITEMS = pl.DataFrame(
    schema={
        **dict.fromkeys(("benchmark", "set", "item"), pl.String()),
        "no_publish": pl.Boolean(),
        **dict.fromkeys(("question", "passage"), pl.String()),
        "options": pl.List(pl.String()),
    }
)  # the columns of items, and no item


@dataclass(frozen=True)
class Postings:
    """Numbers in order, and the items that have each: `items[starts[i]:starts[i + 1]]` have `keys[i]`.

    `bitmap` tells most numbers that are no keys by their first bits, at a fraction of what a search costs.
    """

    keys: UInt64
    starts: Int64
    items: Int64
    bitmap: npt.NDArray[np.uint8]

    def find(self, numbers: UInt64) -> tuple[Int64, Int64]:
        """(position in numbers, item) of every number that an item has."""
        bits = numbers >> _shift(len(self.bitmap))
        maybe = np.flatnonzero(
            self.bitmap[(bits >> np.uint64(3)).astype(np.intp)] & _MASKS[(bits & np.uint64(7)).astype(np.intp)]
        )
        at = np.searchsorted(self.keys, numbers[maybe])
        found = self.keys[np.minimum(at, len(self.keys) - 1)] == numbers[maybe] if len(maybe) else maybe == 0
        at, hits = at[found], maybe[found]
        first, counts = self.starts[at], self.starts[at + 1] - self.starts[at]
        positions = np.repeat(hits, counts)
        within = np.arange(len(positions)) - np.repeat(np.cumsum(counts) - counts, counts)
        return positions, self.items[np.repeat(first, counts) + within]


@dataclass(frozen=True, eq=False)
class BenchmarkIndex:
    """The items of benchmarks by number: their words, and what finds them.

    `about` has the columns benchmark, set, item (its id) and no_publish. `grams` finds items by n-gram, `short` those
    too short for one by their whole text. `sizes` are n-grams that an item has. `boilerplate` marks questions that
    stand in one set more than once with other options or passages.
    """

    ngram: int
    about: pl.DataFrame
    questions: Words
    passages: Words
    options: Words  # one text an option
    first_option: Int64  # of each item, among the texts of `options`
    grams: Postings
    short: Postings
    sizes: Int64
    boilerplate: Bool

    @cached_property
    def option_hashes(self) -> UInt64:
        """One number an option."""
        return text_hashes(self.options)

    def option_range(self, item: int) -> range:
        """Where the options of an item stand among the texts of `options`."""
        return range(int(self.first_option[item]), int(self.first_option[item + 1]))

    def options_of(self, item: int) -> set[int]:
        """The options of an item, each as a number."""
        at = self.option_range(item)
        return set(self.option_hashes[at.start : at.stop].tolist())


def ngrams(words: Words, n: int) -> tuple[UInt64, Int64]:
    """Every n words in a row of each text, signs left out, as (hash, text)."""
    kept = ~words.signs
    hashes = words.hashes[kept]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[words.offsets]
    text = np.repeat(np.arange(len(words)), np.diff(offsets))
    grams = rolling(hashes, n)
    whole = text[: len(grams)] == text[n - 1 :]
    return grams[whole], text[: len(grams)][whole]


def build_index(items: pl.DataFrame, ngram: int, max_shared: int) -> BenchmarkIndex:
    """The index of items with the columns of ITEMS.

    `ngram` is in words; an n-gram that more than `max_shared` different questions (or passages) have is left out.
    """
    questions, passages = words_of(items["question"]), words_of(items["passage"])
    counts = items["options"].list.len().fill_null(0).to_numpy().astype(np.int64)
    first_option = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    options = words_of(items["options"].list.explode(keep_nulls=False, empty_as_null=False))
    found = pl.concat([_gram_frame(questions, ngram), _gram_frame(passages, ngram)])
    common = found.group_by("gram").agg(pl.col("text").n_unique()).filter(pl.col("text") > max_shared)
    telling = found.join(common, on="gram", how="anti").select("gram", "item").unique()
    sizes = np.bincount(telling["item"].to_numpy(), minlength=len(items))
    is_short = np.flatnonzero((np.diff(questions.offsets) > 0) & (_unsigned(questions) < ngram))
    short = pl.DataFrame({"gram": text_hashes(questions)[is_short], "item": is_short})
    return BenchmarkIndex(
        ngram=ngram,
        about=items.select("benchmark", "set", "item", "no_publish"),
        questions=_bare(questions),
        passages=_bare(passages),
        options=_bare(options),
        first_option=first_option,
        grams=_postings(telling),
        short=_postings(short),
        sizes=sizes,
        boilerplate=_boilerplate(items, questions, passages, options, first_option),
    )


def _gram_frame(words: Words, ngram: int) -> pl.DataFrame:
    grams, item = ngrams(words, ngram)
    return pl.DataFrame({"gram": grams, "item": item, "text": text_hashes(words)[item]})


def _unsigned(words: Words) -> Int64:
    """Words of each text that are no signs."""
    kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(~words.signs)])
    return np.diff(kept[words.offsets])


def _postings(found: pl.DataFrame) -> Postings:
    found = found.sort("gram", "item")
    keys, starts = np.unique(found["gram"].to_numpy(), return_index=True)
    ends = np.concatenate([starts, [len(found)]]).astype(np.int64)
    return Postings(keys, ends, found["item"].to_numpy().astype(np.int64), _bitmap(keys))


def _boilerplate(items: pl.DataFrame, questions: Words, passages: Words, options: Words, first_option: Int64) -> Bool:
    """Questions that one set asks more than once, with other options or of another passage."""
    hashes = text_hashes(options)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes)])  # the order of options is none of their set's
    rest = (sums[first_option[1:]] - sums[first_option[:-1]]) ^ text_hashes(passages)
    frame = pl.DataFrame({"set": items["set"], "question": text_hashes(questions), "rest": rest})
    return frame.select(pl.col("rest").n_unique().over("set", "question") > 1).to_series().to_numpy()


def _bitmap(keys: UInt64) -> npt.NDArray[np.uint8]:
    """A bit for each range of numbers: whether a key lies there."""
    size = 1 << max(len(keys) * BITS_PER_KEY, 64).bit_length() - 1
    bits = np.zeros(size, np.bool_)
    bits[(keys >> _shift(size // 8)).astype(np.intp)] = True
    return np.packbits(bits, bitorder="little")


def _shift(map_bytes: int) -> np.uint64:
    """How far a number is shifted to give its bit in a map of so many bytes."""
    return np.uint64(64 - (8 * map_bytes).bit_length() + 1)


_MASKS = np.left_shift(1, np.arange(8)).astype(np.uint8)


def _bare(words: Words) -> Words:
    """Words without their spelling."""
    return Words(words.hashes, words.offsets, words.signs, words.sentences)


# ---- on disk: a folder of arrays, mapped by every worker


def save_index(index: BenchmarkIndex, folder: Path) -> None:
    """Writes the index, a file an array."""
    for name, value in vars(index).items():
        if isinstance(value, np.ndarray):
            _save(value, folder, name)
        elif isinstance(value, Words | Postings):
            for field in fields(value):
                _save(getattr(value, field.name), folder, f"{name}.{field.name}")
    write_frame(index.about, folder / "about.arrow")
    write_text(folder / "index.json", json.dumps({"ngram": index.ngram}))


def _save(array: npt.NDArray[Any], folder: Path, name: str) -> None:
    with written(folder / f"{name}.npy") as aside, aside.open("wb") as file:
        np.save(file, array)


@lru_cache(maxsize=1)
def load_index(folder: Path) -> BenchmarkIndex:
    """The index, its arrays mapped: workers share the pages. A worker that asks again gets the same."""
    folder = fetched(folder)

    def words(name: str) -> Words:
        return Words(*_arrays(folder, name, Words))

    def postings(name: str) -> Postings:
        return Postings(*_arrays(folder, name, Postings))

    return BenchmarkIndex(
        ngram=json.loads((folder / "index.json").read_text())["ngram"],
        about=read_frame(folder / "about.arrow"),
        questions=words("questions"),
        passages=words("passages"),
        options=words("options"),
        grams=postings("grams"),
        short=postings("short"),
        first_option=_array(folder, "first_option"),
        sizes=_array(folder, "sizes"),
        boilerplate=_array(folder, "boilerplate"),
    )


def _arrays(folder: Path, name: str, of: type[Words | Postings]) -> list[Any]:
    return [_array(folder, f"{name}.{field.name}") for field in fields(of)]


def _array(folder: Path, name: str) -> Any:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))  # a plain array over the mapped file
