"""How fast goldcheck is: the mirror's rows, once in one process, then in two and as many as the paper has.

    python -m tests.bench.goldcheck [--rows 588645] [--workers 2] [--hub ../shared/hub/datasets]

Prints rows per second and the time for all rows and, for a sample of number and formula golds, the time that
math-verify takes to parse and verify each of them, once bare and once in dollars. Without the mirror the embedded
questions are repeated.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from math_verify import parse, verify
from rich.console import Console
from rich.table import Table

from crossthink_data.filters import Thresholds
from crossthink_data.goldcheck import Goldcheck, answer_type, refusal
from crossthink_data.kinds import LABELS, AnswerType
from crossthink_data.verify.gold import Gold
from tests.bench.build import PAPER_ROWS, mirror_rows, write_input

SAMPLE = 300  # distinct golds for the peer
WARM = 200  # rows that load what is loaded on first use


def short(rows: pl.DataFrame) -> pl.DataFrame:
    """Open rows whose answers are not so long that a filter has removed them before."""
    return rows.filter(pl.col("answer").str.count_matches(r"\S+") <= Thresholds().max_answer_words)


def checkable(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that the step looks at; rows whose answer is no option do not come so far."""
    labels = [
        LABELS[options.index(answer)] if answer in options[: len(LABELS)] else None
        for answer, options in rows.select("answer", "options").iter_rows()
    ]
    is_mcq = pl.col("options").list.len() > 0
    frame = rows.select(
        "answer",
        "options",
        answer_type=pl.when(is_mcq).then(pl.lit("choice")).otherwise(pl.lit("math")),
        answer_label=pl.Series(labels, dtype=pl.String),
        answer_aliases=pl.lit([], pl.List(pl.String())),
        reason=pl.lit(None, pl.String),
    )
    return frame.filter(~is_mcq | pl.col("answer_label").is_not_null())


def check(path: Path) -> tuple[int, float]:
    """Checks a file of rows; how many it had, and the processor's time for them."""
    started = time.process_time()
    rows = len(Goldcheck().apply(pl.read_parquet(path)))
    return rows, time.process_time() - started


def seconds_of_one(rows: pl.DataFrame) -> float:
    """The processor's time for one of the rows in this process, in a mixed order."""
    frame = checkable(rows).sample(fraction=1, shuffle=True, seed=1)
    Goldcheck().apply(frame.head(WARM))
    refusal.cache_clear()
    started = time.process_time()
    Goldcheck().apply(frame)
    return (time.process_time() - started) / len(frame)


def seconds_of_all(rows: dict[str, pl.DataFrame], total: int, workers: int, folder: Path) -> tuple[int, float, float]:
    """How many rows were checked by processes that had started; the time that passed, and each processor's own."""
    write_input(rows, total, folder)
    paths = sorted(folder.glob("*.parquet"))
    for path in paths:
        checkable(pl.read_parquet(path)).write_parquet(path)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(check, paths[:1] * workers))
        started = time.perf_counter()
        done = list(pool.map(check, paths))
        passed = time.perf_counter() - started
    return sum(rows for rows, _ in done), passed, sum(seconds for _, seconds in done) / workers


def seconds_of_golds(answers: list[str]) -> tuple[float, float]:
    """Ours and the peer's for the same golds."""
    golds = [Gold(answer, answer_type(answer, "math", has_options=False)) for answer in answers]
    refusal.cache_clear()
    started = time.process_time()
    for gold in golds:
        refusal(gold)
    ours = time.process_time() - started
    started = time.process_time()
    for answer in answers:
        expected = parse(f"${answer}$")
        for form in (answer, f"${answer}$"):
            verify(expected, parse(f"\\boxed{{{form}}}"))
    return ours, time.process_time() - started


def _sample(rows: pl.DataFrame) -> list[str]:
    """Distinct golds that are numbers or formulas."""
    answers = rows["answer"].unique(maintain_order=True).sample(fraction=1, shuffle=True, seed=1)
    declared: AnswerType = "math"
    return [one for one in answers if answer_type(one, declared, has_options=False) != "text"][:SAMPLE]


def main() -> None:
    """Makes the rows, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=PAPER_ROWS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hub", type=Path, default=Path(__file__).parents[3] / "shared" / "hub" / "datasets")
    args = parser.parse_args()
    rows = mirror_rows(args.hub)
    rows["open"] = short(rows["open"])
    table = Table("what", "value")
    for kind, frame in rows.items():
        seconds = seconds_of_one(frame)
        table.add_row(f"{kind}, one process, each row once", f"{1 / seconds:,.0f} rows/s, {seconds * 1e6:.0f} µs a row")
    with TemporaryDirectory(prefix="crossthink-goldcheck-") as folder:
        checked, passed, busy = seconds_of_all(rows, args.rows, args.workers, Path(folder))
    table.add_row(f"{checked:,} rows, {args.workers} processes", f"{passed:.1f} s, {checked / passed:,.0f} rows/s")
    table.add_row("each of them was busy for", f"{busy:.1f} s")
    answers = _sample(rows["open"])
    ours, theirs = seconds_of_golds(answers)
    table.add_row(f"{len(answers)} number and formula golds", f"{ours / len(answers) * 1e6:.0f} µs a gold")
    table.add_row("math-verify, the same golds", f"{theirs / len(answers) * 1e6:,.0f} µs a gold")
    table.add_row("ratio", f"{theirs / ours:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
