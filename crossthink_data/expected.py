"""What a build will take, as `crossthink build --plan` says before a row is read.

The figures of a row were measured on rows as long as those of the paper's sources; docs/scaling.md has them, and what
follows for a hundred million rows and for ten billion.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crossthink_data.exchange import ROWS_PER_BUCKET
from crossthink_data.plan import Plan
from crossthink_data.pool import SHARD_ROWS
from crossthink_data.stages import draws_of, make_stages

# Bytes a row
RAW = 80  # as sources have it, in parquet
ROW = 1_000  # between stages
PARQUET = 240  # in the run
KEY = 27
REMOVED = 40  # of all rows, as some are removed
BAND, SIGNATURE = 12, 8  # each; a row has one more than the recipe has bands
DRAWN = 64  # that a draw holds
# MB of a process
BASE = 200  # that has read nothing yet
INDEX = 450  # more, while it makes the benchmarks' index


@dataclass(frozen=True)
class Expected:
    """One stage; what it reads and writes is of all its tasks, memory is of one."""

    stage: str
    tasks: int
    after: str  # the stage that must be done; empty for the first
    read_mb: float
    written_mb: float
    memory_mb: float


def expected_stages(plan: Plan, out: Path, tasks: int) -> list[Expected]:
    """The stages of the plan's build in `out`, in order."""
    stages = make_stages(plan, out / plan.name, tasks)
    figures = _figures(plan, {stage.name: stage.tasks for stage in stages})
    before = ["", *(stage.name for stage in stages)]
    return [
        Expected(stage.name, stage.tasks, after, *(round(size / 1e6, 1) for size in figures[stage.name]))
        for stage, after in zip(stages, before, strict=False)
    ]


def _figures(plan: Plan, tasks: dict[str, int]) -> dict[str, tuple[float, float, float]]:
    """Of each stage the bytes that it reads and writes, and the bytes in memory of one task.

    How many copies of its rows a task holds at once was measured: numbers, words and frames of them count too.
    """
    rows, sizes = plan.rows, [draw.size for draw in draws_of(plan)]
    drawn, bands = sum(sizes), plan.recipe.near_dedup.bands + 1 if plan.recipe.near_dedup else 0
    base, bucket = BASE * 1e6, rows / tasks["dedup"]
    index = INDEX * 1e6 if plan.recipe.decontaminate else 0
    gathered = min(max(ROWS_PER_BUCKET, bucket), rows / tasks["prepare"])
    of_bands = bands * (BAND + SIGNATURE)
    return {
        "prepare": (rows * RAW, rows * ROW, base + 3 * ROW * gathered),
        "check": (rows * REMOVED, 0, base + index),
        "dedup": (rows * ROW, rows * (ROW + KEY + of_bands), base + 9 * ROW * bucket),
        "near": (rows * of_bands, 0, base + 20 * bands * BAND * bucket),
        "keep": (0, 0, base),
        "select": (2 * rows * KEY, 0, base + 4 * KEY * bucket),
        "draw": (2 * rows * KEY * len(sizes), drawn * BAND, base + DRAWN * max(sizes, default=0)),
        "pool": (rows * ROW + drawn * BAND, rows * PARQUET + drawn * ROW, base + 4 * ROW * bucket),
        "blends": (drawn * ROW, drawn * PARQUET, base + 3 * ROW * min(SHARD_ROWS, max(sizes, default=0))),
        "removed": (rows * REMOVED, rows * REMOVED, base),
        "finish": (0, 0, base),
    }
