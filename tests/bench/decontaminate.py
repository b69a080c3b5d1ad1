"""How fast rows are compared with all benchmarks at once, in MB of question text a second of one core.

    python -m tests.bench.decontaminate [--rows 588645] [--hub ../shared/hub/datasets] [--peer-rows 3000]
                                        [--peers .venv-peers/bin/python]

The mirror's rows, each question once, are repeated with changed text; without the mirror it is the embedded
questions, and 200 of them are the benchmark. Peers are given a sample of the same rows, and so are we beside them.
A second is one of the processor, summed over threads; MB are 10^6 bytes of question and passage in UTF-8.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from rich.console import Console
from rich.table import Table

from crossthink_data.benchmark_index import ITEMS, BenchmarkIndex, build_index, load_index, save_index
from crossthink_data.benchmarks import BENCHMARK_SETS, benchmark_source
from crossthink_data.decontaminate import Decontamination, find_items
from crossthink_data.keys import question_keys
from crossthink_data.plan import PlannedSource
from crossthink_data.read import read_items
from crossthink_data.recipe import SourceEntry
from crossthink_data.sources.raw import BATCH_ROWS
from crossthink_data.words import words_of
from tests.bench.build import PAPER_ROWS, mirror_rows
from tests.bench.dedup_peers import Cells, Job, arguments, ask, beside, open_r1, speed

FEWER_ROWS = 50_000  # what growth is seen from
EMBEDDED_ITEMS = 200
SETTINGS = Decontamination()


@dataclass
class Taken:
    """What rows took: their MB, seconds for all and for their words alone, and how many hold an item."""

    rows: int = 0
    megabytes: float = 0
    seconds: float = 0
    words: float = 0
    flagged: int = 0

    @property
    def cost(self) -> float:
        """Seconds of a MB."""
        return self.seconds / self.megabytes


def bench_rows(hub: Path) -> pl.DataFrame:
    """question, passage, options and answer of the rows, each question once, in a mixed order."""
    rows = pl.concat(mirror_rows(hub).values()).with_columns(passage=pl.lit(None, pl.String))
    once = rows.with_columns(question_keys(rows)).unique("question_key", keep="first", maintain_order=True)
    return once.drop("question_key").sample(fraction=1, shuffle=True, seed=1)


def repeated(rows: pl.DataFrame, total: int, size: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """`total` rows in frames of `size`; each repeat says so in the question, so that none is a duplicate."""
    for start in range(0, total, size):
        at = pl.arange(start, min(start + size, total), eager=True)
        yield rows[at % len(rows)].with_columns(question=pl.format("{} (variant {})", "question", at // len(rows)))


def texts_of(frame: pl.DataFrame) -> pl.Series:
    """What of a row is measured and what peers are given: its passage and question."""
    return frame.select(pl.concat_str("passage", "question", separator="\n", ignore_nulls=True)).to_series()


def megabytes(frame: pl.DataFrame) -> float:
    """MB of question and passage."""
    return sum(int(frame[name].str.len_bytes().sum()) for name in ("question", "passage")) / 1e6


def benchmark_items(hub: Path, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Items of all benchmarks that the mirror has, and the sets that it lacks."""
    if not hub.is_dir():
        items = (
            rows.head(EMBEDDED_ITEMS)
            .with_row_index("item")
            .with_columns(
                pl.col("item").cast(pl.String), benchmark=pl.lit("own"), set=pl.lit("own"), no_publish=pl.lit(False)
            )
        )
        return items.select(ITEMS.columns), []
    sets = {name: _planned(hub, name) for name in BENCHMARK_SETS}
    items = pl.concat([ITEMS, *(read_items(one) for one in sets.values() if one.files)])
    return items, [name for name, one in sets.items() if not one.files]


def _planned(hub: Path, name: str) -> PlannedSource:
    source = benchmark_source(name)
    folder = hub / str(source.repo)
    paths = sorted(path for pattern in source.files for path in folder.glob(pattern))
    return PlannedSource(source, SourceEntry(), "mirror", tuple((str(one.relative_to(folder)), one) for one in paths))


def indexed(items: pl.DataFrame, folder: Path) -> tuple[BenchmarkIndex, float, float]:
    """The index as a worker has it, mapped from files; the seconds that it took to make, and its MiB."""
    started = time.process_time()
    save_index(build_index(items, SETTINGS.ngram, SETTINGS.max_shared), folder)
    seconds = time.process_time() - started
    return load_index(folder), seconds, sum(path.stat().st_size for path in folder.iterdir()) / (1 << 20)


def decontaminate(frames: Iterator[pl.DataFrame], index: BenchmarkIndex) -> Taken:
    """Finds the items in every frame."""
    taken = Taken()
    for frame in frames:
        started = time.process_time()
        found = find_items(frame, index, SETTINGS)
        between = time.process_time()
        words_of(texts_of(frame))
        taken.words += time.process_time() - between
        taken.seconds += between - started
        taken.rows += len(frame)
        taken.megabytes += megabytes(frame)
        taken.flagged += found["row"].n_unique()
    return taken


def own_lines(taken: Taken) -> Iterator[Cells]:
    """The lines of one size."""
    what = f"{taken.rows:,} rows, {taken.megabytes:.1f} MB"
    yield [f"{what}: everything", speed(taken.megabytes, taken.seconds)]
    yield [f"{what}: their words alone", speed(taken.megabytes, taken.words)]
    yield [f"{what}: rows that hold an item", f"{taken.flagged:,} ({taken.flagged / taken.rows:.1%})"]


def by_benchmark(items: pl.DataFrame) -> dict[str, list[str]]:
    """The items' texts, as peers are given them."""
    texts = items.with_columns(text=texts_of(items)).group_by("benchmark", maintain_order=True).agg("text")
    return dict(texts.iter_rows())


def peer_lines(name: str, ours: Taken, their: Job | None) -> Iterator[Cells]:
    """Ours and a peer's on the same rows."""
    what = f"{ours.rows:,} rows, {ours.megabytes:.2f} MB, beside {name}"
    yield beside(what, ours.megabytes, ours.seconds, their["seconds"] if their else None)
    if their is not None:
        yield ["rows found by each", f"{ours.flagged:,}", f"{their['flagged']:,}", ""]


def forget_peak() -> None:
    """Lets the peak of this process's memory begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def memory() -> str:
    """What this process holds, and the most that it has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kib = {name: int(line.split()[1]) for line in lines for name in ("VmRSS", "VmHWM") if line.startswith(name)}
    return f"{kib['VmRSS'] / 1024:,.0f}, {kib['VmHWM'] / 1024:,.0f} MiB"


def console() -> Console:
    """As wide as the table needs where nobody looks."""
    return Console(width=None if sys.stdout.isatty() else 150)


def main() -> None:
    """Makes rows and index, measures, prints."""
    args = arguments(__doc__, PAPER_ROWS)
    rows = bench_rows(args.hub)
    items, missing = benchmark_items(args.hub, rows)
    table = Table("what", "ours", "peer", "ratio")
    with TemporaryDirectory(prefix="crossthink-decontaminate-") as folder:
        index, seconds, mib = indexed(items, Path(folder) / "index")
        what = f"index of {items['set'].n_unique()} sets, {len(items):,} items, {len(index.grams.keys):,} n-grams"
        table.add_row(what, f"{seconds:.2f} s, {mib:.0f} MiB")
        table.add_row("sets that the mirror lacks", ", ".join(missing) or "none")
        for cells in _lines(rows, items, index, args):
            table.add_row(*cells)
    console().print(table)


def _lines(rows: pl.DataFrame, items: pl.DataFrame, index: BenchmarkIndex, args: argparse.Namespace) -> Iterator[Cells]:
    """Two sizes, and the peers."""
    forget_peak()
    before, fewer = memory(), min(FEWER_ROWS, args.rows)
    few, many = (decontaminate(repeated(rows, total), index) for total in (fewer, args.rows))
    yield from (*own_lines(few), *own_lines(many))
    yield [f"time of a MB at {many.rows:,} rows over that at {few.rows:,}", f"{many.cost / few.cost:.2f}"]
    yield ["RSS and its peak, rows and index made", before]
    yield ["the same after all rows", memory()]
    sample, texts = next(repeated(rows, args.peer_rows, args.peer_rows)), by_benchmark(items)
    same = [text for frame in repeated(rows, fewer) for text in texts_of(frame)]
    yield from peer_lines(f"open-r1's form, {len(texts)} passes", few, open_r1(same, texts))
    job = {"texts": texts_of(sample).to_list(), "items": texts}
    ours, their = decontaminate(iter([sample]), index), ask(args.peers, "datatrove_filter", job)
    yield from peer_lines("datatrove NGramsDecontFilter", ours, their)


if __name__ == "__main__":
    main()
