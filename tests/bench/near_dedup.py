"""How fast near-duplicates are found and taken out, end to end, in MB of question text a second of one core.

    python -m tests.bench.near_dedup [--rows 588645] [--hub ../shared/hub/datasets] [--peer-rows 3000]
                                     [--peers .venv-peers/bin/python]

The stage's own functions in one process on the rows of `tests.bench.decontaminate`, exact duplicates gone: bands and
rows to files by bucket, every range of bands compared, links to clusters, one row of each kept. Beyond the rows that
there are, they are repeated with their words exchanged for others as frequent: a mark such as `(variant 3)` would be
words that all rows share, and most of what meets would meet by it. Of the same words, signatures are also made by
rensa and by polars. Peers are given the rows' question and passage; ours reads options too, which the MB do not count.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from rich.table import Table

from crossthink_data.exchange import bucket_count, bucket_path, read_frame, read_part, write_frame
from crossthink_data.hashing import UInt64
from crossthink_data.keys import question_keys
from crossthink_data.likeness import FILLERS, POLES, VALUES
from crossthink_data.near_dedup import NearDedup, _least
from crossthink_data.near_stage import FindNearDuplicates, KeepOne, gone_path, write_bands
from crossthink_data.words import Bool, words_of
from tests.bench.build import PAPER_ROWS
from tests.bench.decontaminate import FEWER_ROWS, bench_rows, console, megabytes, texts_of
from tests.bench.dedup_peers import PASSES, Cells, arguments, ask, beside, polars_least, polars_words, speed

SETTINGS = NearDedup()
HASHES = SETTINGS.bands * SETTINGS.rows
_WORD = re.compile(r"\\(?:begin|end)\{\w+|\\?[A-Za-z]+")
_ALIKE = 32  # words of about one frequency, and more where there are many repeats
_BREAK = "\x1f"  # between options


@dataclass(frozen=True)
class Taken:
    """What rows took: their MB and the seconds of each part; pairs compared and linked, and rows that go."""

    rows: int
    megabytes: float
    parts: dict[str, float]
    pairs: int
    linked: int
    gone: int

    @property
    def seconds(self) -> float:
        """Of all parts."""
        return sum(self.parts.values())

    @property
    def cost(self) -> float:
        """Seconds of a MB."""
        return self.seconds / self.megabytes


class Counted(FindNearDuplicates):
    """The step as it is, with the pairs counted that it compares."""

    pairs = 0

    def _compare(self, first: UInt64, second: UInt64) -> Bool:
        self.pairs += len(first)
        return super()._compare(first, second)


def more(rows: pl.DataFrame, total: int) -> pl.DataFrame:
    """`total` rows, each question once: those that there are, and repeats of them in other words, if there are any."""
    exchange = Exchange(rows["question"], alike=_ALIKE + 2 * total // len(rows))
    frame, number = rows.with_columns(question_keys(rows)), 0
    has_options = pl.col("options").list.len() > 0
    while len(frame) < total and number < exchange.alike:
        number += 1
        options = exchange(rows["options"].list.join(_BREAK), number).str.split(_BREAK)
        repeat = rows.with_columns(
            exchange(rows["question"], number), pl.when(has_options).then(options).otherwise("options").alias("options")
        )
        repeat = repeat.with_columns(question_keys(repeat))
        frame = pl.concat([frame, repeat]).unique("question_key", keep="first", maintain_order=True)
    return frame.head(total)


class Exchange:
    """Exchanges the words of texts that tell anything for others, each among `alike` of about one frequency."""

    def __init__(self, texts: pl.Series, alike: int) -> None:
        counts = Counter(word.lower() for text in texts for word in _WORD.findall(text))
        found = pl.Series(sorted(counts, key=lambda word: (-counts[word], word)), dtype=pl.String)
        self.words: list[str] = found.filter(_tell(found)).to_list()
        self.ranks = {word: rank for rank, word in enumerate(self.words)}
        self.alike = alike

    def __call__(self, texts: pl.Series, number: int) -> pl.Series:
        """The texts in the words of repeat `number`, the same for equal words."""
        other = [_WORD.sub(lambda match: self._other(match[0], number), text) for text in texts]
        return pl.Series(texts.name, other, pl.String)

    def _other(self, word: str, number: int) -> str:
        rank = self.ranks.get(word.lower())
        if rank is None:
            return word
        start = rank - rank % self.alike
        return self.words[start + (rank - start + number) % min(self.alike, len(self.words) - start)]


def _tell(texts: pl.Series) -> pl.Series:
    """Which texts are one word and no command, and neither a filler nor what no copy may change."""
    words = words_of(texts)
    fixed = FILLERS.mask(words.hashes) | POLES.mask(words.hashes) | VALUES.mask(words.hashes)
    told = np.diff(np.concatenate([[0], np.cumsum(~fixed)])[words.offsets]) == 1
    return pl.Series(told & (np.diff(words.offsets) == 1)) & ~texts.str.starts_with("\\")


def stage_rows(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows as they come to the stage: with an id, in its order, a frame for each bucket."""
    frame = rows.with_columns(id=question_keys(rows)).sort("id")
    frame = frame.with_columns(pl.lit("bench").alias("source"), group_key="id", question_type=pl.lit("open"))
    size = -(-len(frame) // bucket_count(len(frame)))
    return [frame[start : start + size] for start in range(0, len(frame), size)]


def write_buckets(frames: list[pl.DataFrame], folder: Path) -> None:
    """What the stage reads: rows, keys and bands of each bucket."""
    for bucket, frame in enumerate(frames):
        write_bands(frame, bucket, folder, len(frames), SETTINGS)
        write_frame(frame, bucket_path(folder, bucket, "rows"))
        keys = frame.select(source=pl.lit(0, pl.UInt16), labelled=pl.col("answer") != "")
        write_frame(keys, bucket_path(folder, bucket, "keys"))


def near_dedup(rows: pl.DataFrame) -> Taken:
    """The stage from rows to the removed."""
    frames = stage_rows(rows)
    buckets = len(frames)
    with TemporaryDirectory(prefix="crossthink-near-") as name:
        before, folder = Path(name) / "dedup", Path(name) / "near"
        step = Counted(before, folder, buckets, SETTINGS)
        parts = {
            "bands": timed(lambda: write_buckets(frames, before)),
            "compare": timed(lambda: [list(step.run(None, rank, buckets)) for rank in range(buckets)]),
            "keep one": timed(lambda: list(KeepOne(before, folder, buckets).run())),
        }
        linked = sum(len(read_frame(path)) for path in folder.glob("links/*.arrow"))
        gone = sum(len(read_part([gone_path(folder)], bucket, buckets)) for bucket in range(buckets))
    return Taken(len(rows), megabytes(rows), parts, step.pairs, linked, gone)


def timed(call: Callable[[], object]) -> float:
    """Seconds of the processor."""
    started = time.process_time()
    call()
    return time.process_time() - started


def own_lines(taken: Taken) -> Iterator[Cells]:
    """The lines of one size."""
    what = f"{taken.rows:,} rows, {taken.megabytes:.1f} MB"
    parts = ", ".join(f"{name} {part:.2f} s" for name, part in taken.parts.items())
    yield [what, f"{speed(taken.megabytes, taken.seconds)}: {parts}"]
    yield ["compared, linked, gone", f"{taken.pairs:,} pairs, {taken.linked:,} of them, {taken.gone:,} rows"]


# ---- peers, on a sample


def stage_lines(sample: pl.DataFrame, python: Path) -> Iterator[Cells]:
    """Ours beside datatrove's stages."""
    ours = near_dedup(sample)
    what = f"{ours.rows:,} rows, {ours.megabytes:.2f} MB, beside datatrove MinHash, 4 stages"
    their = ask(python, "datatrove_minhash", {"texts": texts_of(sample).to_list()})
    yield beside(what, ours.megabytes, ours.seconds, their["seconds"] if their else None)
    if their is not None:
        yield ["rows gone by each", f"{ours.gone:,}", f"{their['removed']:,}", ""]


def hash_lines(sample: pl.DataFrame, python: Path) -> Iterator[Cells]:
    """What signatures cost: finding words, and the least of their hashes, which is where rensa and polars compare."""
    text = pl.concat_str("question", pl.col("options").list.join("\n"), separator="\n")
    texts, size = sample.select(text).to_series(), megabytes(sample)
    ours, by_polars = quickest(lambda: words_of(texts)), quickest(lambda: polars_words(texts))
    yield beside("words, beside polars' extract_all and hash", size, ours, by_polars)
    words, found = words_of(texts), polars_words(texts)
    kept = np.flatnonzero(~FILLERS.mask(words.hashes))
    hashes, offsets = words.hashes[kept], np.searchsorted(kept, words.offsets)
    least = quickest(lambda: [_least(hashes * np.uint64(2 * at + 1), offsets) for at in range(HASHES)])
    what = f"{HASHES} hashes of a row's words"
    yield beside(f"{what}, beside polars", size, least, quickest(lambda: polars_least(found, HASHES)))
    spelled = [words.spelled(at, at) for at in kept.tolist()]
    rows = [spelled[start:end] for start, end in pairwise(offsets.tolist())]
    job = {"rows": rows, "numbers": hashes.tolist(), "offsets": offsets.tolist(), "hashes": HASHES}
    their = ask(python, "rensa", job)
    for given in ("hashed", "text"):
        yield beside(f"{what}, beside rensa, given {given}", size, least, their[given] if their else None)


def quickest(call: Callable[[], object]) -> float:
    """Seconds of the quickest of some passes."""
    return min(timed(call) for _ in range(PASSES))


def main() -> None:
    """Makes the rows, measures, prints."""
    args = arguments(__doc__, PAPER_ROWS)
    rows = bench_rows(args.hub)
    table = Table("what", "ours", "peer", "ratio")
    sizes = sorted({min(size, args.rows) for size in (len(rows) // 4, len(rows), FEWER_ROWS, args.rows)})
    taken = {size: near_dedup(more(rows, size)) for size in sizes}
    few, many = taken[min(FEWER_ROWS, args.rows)], taken[args.rows]
    for one in taken.values():
        for cells in own_lines(one):
            table.add_row(*cells)
    table.add_row(f"time of a MB at {many.rows:,} rows over that at {few.rows:,}", f"{many.cost / few.cost:.2f}")
    sample = rows.head(args.peer_rows)
    for cells in (*stage_lines(sample, args.peers), *hash_lines(sample, args.peers)):
        table.add_row(*cells)
    console().print(table)


if __name__ == "__main__":
    main()
