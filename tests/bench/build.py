"""How fast a build is: the mirror's rows repeated with changed text, from parquet in to parquet out.

    python -m tests.bench.build [--rows 588645 …] [--workers 2] [--hub ../shared/hub/datasets]

Prints what each stage takes, the peak memory of any process and, from the same run, pyarrow's time to read and write
the same bytes. Every step is in it; the benchmarks that rows are compared with come from a Hub on loopback that holds
the mirror's. Without the mirror the embedded questions are repeated, and compared with no benchmark.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.table import Table

from crossthink_data.benchmarks import BENCHMARK_SETS
from crossthink_data.pipeline import build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.sources import SOURCES
from crossthink_data.sources.raw import plan_units, read_unit
from tests.bench.watch import StageCost, watching
from tests.hub_fixture import running_hub

PAPER_ROWS = 588_645
START_ROWS = 1_000  # of a build that is nearly all start-up
FILE_ROWS = 50_000
GROUP_ROWS = 10_000
MIRRORED = ("mmlu", "syn_qa", "natural_reasoning", "numinamath", "persona_math", "math")


def mirror_rows(hub: Path) -> dict[str, pl.DataFrame]:
    """'mcq' and 'open' -> question, options, answer of the mirror's rows."""
    frames = [_source_rows(hub, name) for name in MIRRORED] if hub.is_dir() else [_embedded(n) for n in ("mcq", "open")]
    rows = pl.concat(frames).filter(pl.col("answer").str.len_chars() > 0)
    is_mcq = pl.col("options").list.len() > 0
    return {"mcq": rows.filter(is_mcq), "open": rows.filter(~is_mcq)}


def _source_rows(hub: Path, name: str) -> pl.DataFrame:
    source = SOURCES[name]
    paths = sorted(path for pattern in source.files for path in (hub / str(source.repo)).glob(pattern))
    units = [unit for i, path in enumerate(paths) for unit in plan_units(source, path, path.name, i)]
    frames = [source.to_rows(raw.frame) for unit in units for raw in read_unit(unit, source)]
    return pl.concat([_columns(frame) for frame in frames])


def _embedded(kind: str) -> pl.DataFrame:
    generate = SOURCES[f"starter_{kind}"].generate
    assert generate is not None
    return _columns(generate(0))


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    options = pl.col("options") if "options" in frame.columns else pl.lit([], pl.List(pl.String()))
    return frame.select("question", "answer", options.fill_null([]).alias("options"))


def write_input(rows: dict[str, pl.DataFrame], total: int, folder: Path) -> None:
    """`total` rows as parquet files; each repeat says so in the question, so that none is a duplicate."""
    size = sum(map(len, rows.values()))
    for kind, frame in rows.items():
        wanted = round(total * len(frame) / size) if kind == "mcq" else total - round(total * len(rows["mcq"]) / size)
        for number, start in enumerate(range(0, wanted, FILE_ROWS)):
            positions = pl.arange(start, min(start + FILE_ROWS, wanted), eager=True)
            part = frame[positions % len(frame)].with_columns(
                question=pl.format("{} (variant {})", "question", positions // len(frame))
            )
            part.write_parquet(folder / f"{kind}-{number:03d}.parquet", row_group_size=GROUP_ROWS)


def _write_mirror(hub: Path, total: int, folder: Path) -> None:
    write_input(mirror_rows(hub), total, folder)


def link_benchmarks(hub: Path, folder: Path) -> Path:
    """A folder of the mirror's benchmarks alone, as a Hub is seeded from."""
    for one in BENCHMARK_SETS.values():
        if (hub / one.repo).is_dir():
            (folder / one.repo).parent.mkdir(parents=True, exist_ok=True)
            (folder / one.repo).symlink_to((hub / one.repo).resolve())
    return folder


def recipe_file(folder: Path, compared: bool) -> Path:
    """A recipe over the input: every step, one blend of the default size; rows `compared` with benchmarks or not."""
    columns = {"question": "question", "answer": "answer"}
    recipe = {
        "name": "bench",
        "sources": {
            "mcq": {
                "count": 1,
                "files": ["mcq-*.parquet"],
                "columns": columns | {"options": "options"},
                "license": "mit",
            },
            "open": {"count": 1, "files": ["open-*.parquet"], "columns": columns, "license": "mit", "category": "mr"},
        },
        "decontaminate": {"allow_missing": True} if compared else None,
        "blends": {"nd": {"weights": "count"}},
    }
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def copy_seconds(inputs: list[Path], outputs: list[Path], folder: Path) -> float:
    """pyarrow's time to read the input and to read and write the output again, single-threaded."""
    started = time.perf_counter()
    for path in inputs:
        pq.read_table(path, use_threads=False)
    for i, path in enumerate(outputs):
        table = pq.read_table(path, use_threads=False)
        pq.write_table(table, folder / f"copy-{i}.parquet", compression="zstd", compression_level=1)
    return time.perf_counter() - started


def main() -> None:
    """Makes the input, builds, copies, prints; for one number of rows or for several, one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[PAPER_ROWS])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hub", type=Path, default=Path(__file__).parents[3] / "shared" / "hub" / "datasets")
    parser.add_argument("--served", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.hub.is_dir() and not args.served:
        _measure_beside_hub(args.hub)
        return
    _measure(args.hub, START_ROWS, args.workers)  # the first one reads code from the disk
    start = _measure(args.hub, START_ROWS, args.workers)
    for total in args.rows:
        _print(_measure(args.hub, total, args.workers), start)


def _measure_beside_hub(hub: Path) -> None:
    """Measures in a process that talks to a Hub with the benchmarks: the client reads its address when it starts."""
    with (
        tempfile.TemporaryDirectory(prefix="crossthink-bench-") as name,
        running_hub(Path(name) / "hub", seed=link_benchmarks(hub, Path(name) / "seed")) as running,
    ):
        command = [sys.executable, "-m", "tests.bench.build", *sys.argv[1:], "--served"]
        subprocess.run(command, env=running.client_env(Path(name) / "home"), check=True)


@dataclass(frozen=True)
class Measured:
    """One build."""

    rows: int
    seconds: float
    copied: float  # seconds of pyarrow's for the same bytes
    input_mb: float
    output_mb: float
    manifest: dict[str, Any]
    costs: list[StageCost]


def _measure(hub: Path, total: int, workers: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="crossthink-bench-") as name:
        folder = Path(name)
        # in a process of its own, so that the memory it takes is not the build's
        writer = multiprocessing.get_context("spawn").Process(target=_write_mirror, args=(hub, total, folder))
        writer.start()
        writer.join()
        recipe = load_recipe(str(recipe_file(folder, compared=hub.is_dir())))
        inputs = sorted(folder.glob("*.parquet"))
        started = time.perf_counter()
        with watching(folder / "runs") as watch:
            run = build(make_plan(recipe), folder / "runs", workers, 2 * workers, watch.stage)
        seconds = time.perf_counter() - started
        outputs = sorted(run.folder.glob("data/*/*.parquet"))
        read, wrote = (sum(path.stat().st_size for path in paths) / 1e6 for paths in (inputs, outputs))
        copied = copy_seconds(inputs, outputs, folder)
        return Measured(total, seconds, copied, read, wrote, run.manifest, list(watch.costs.values()))


def _print(done: Measured, start: Measured) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    stages = Table("stage", *("tasks", "seconds", "of the processor", "MiB driver", "MiB worker", "MB between stages"))
    for cost in done.costs:
        times = (f"{cost.seconds:.1f}", f"{cost.cpu:.1f}")
        sizes = (f"{size:,.0f}" for size in (cost.driver_mib, cost.worker_mib, cost.work_mb))
        stages.add_row(cost.name, f"{cost.tasks:,}", *times, *sizes)
    peak = max(max(cost.driver_mib, cost.worker_mib) for cost in done.costs)
    table = Table("what", "value")
    table.add_row("rows in", f"{done.rows:,}, {done.input_mb:,.0f} MB")
    table.add_row("rows in the pool", f"{sum(done.manifest['pool']['train'].values()):,}")
    for reason in ("contaminated", "near_duplicate"):
        gone = sum(source["removed"].get(reason, 0) for source in done.manifest["sources"].values())
        table.add_row(f"removed as {reason}", f"{gone:,}")
    table.add_row("seconds", f"{done.seconds:.1f}")
    table.add_row(f"of it start-up (a build of {start.rows:,} rows)", f"{start.seconds:.1f}")
    table.add_row("rows/s", f"{done.rows / done.seconds:,.0f}")
    table.add_row("peak RSS of a process", f"{peak:,.0f} MiB")
    table.add_row("pyarrow, read and write the same bytes", f"{done.copied:.2f} s, {done.output_mb:,.0f} MB written")
    table.add_row("ratio", f"{done.seconds / done.copied:.2f}")
    console.print(stages)
    console.print(table)


if __name__ == "__main__":
    main()
