"""The last stage: what all tasks have noted becomes the manifest, which says that the run is complete."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.decontaminate import EVIDENCE_FILE
from crossthink_data.errors import CrossthinkError
from crossthink_data.exchange import bucket_path, read_frame
from crossthink_data.manifest import Written, make_manifest
from crossthink_data.manifest_file import write_manifest
from crossthink_data.plan import Plan
from crossthink_data.pool import TRAIN, SplitDraw
from crossthink_data.provenance import write_provenance
from crossthink_data.select_stage import BlendSplit, draw_summary, read_selection
from crossthink_data.storage import sweep, written
from crossthink_data.write import POOL, TABLE, Outputs, model_parts_path


@dataclass
class BlendSummary:
    """What a blend asked for and got."""

    weights: Mapping[str, float]
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # split -> source -> rows
    repeated: dict[str, int] = field(default_factory=dict)  # source -> rows of train drawn again
    shards: dict[str, int] = field(default_factory=dict)  # split -> files


@dataclass(frozen=True)
class Finished:
    """Where the other stages left what the manifest is made of."""

    out: Outputs
    stats: Path  # datatrove's, of the first stage
    deduped: Path
    selected: Path
    buckets: int
    draws: list[BlendSplit]
    refused: Mapping[str, str]


class Finish(PipelineStep):  # type: ignore[misc]
    """One task: evidence, provenance, and at the very end the manifest."""

    name = "finish"
    type = "💾 - WRITE"

    def __init__(self, plan: Plan, done: Finished, started: float) -> None:
        super().__init__()
        self.plan = plan
        self.done = done
        self.started = started

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the last files; yields nothing. Raises CrossthinkError if a row has gone missing."""
        out, buckets = self.done.out, range(self.done.buckets)
        made = pl.concat(read_frame(model_parts_path(out.work, bucket)) for bucket in buckets)
        files = write_provenance(self.plan, out.run, made)
        for stage in ("pool", "blends", "removed"):
            for note in out.notes(stage):
                files |= note["files"]
        counts = read_counts(self.done.stats)
        blends = _blends(self.done)
        selection = read_selection(self.done.selected)
        check_files(files, {POOL: selection.pool, **{name: blend.rows for name, blend in blends.items()}})
        summary = Written(
            read=counts["read"],
            derived=counts["derived"],
            removed=_removed(out),
            selection=selection,
            blends={name: asdict(blend) for name, blend in blends.items()},
            refused=self.done.refused,
            table=_table(out),
            labels=int(made["filled"].sum()),
            evidence=self._evidence(),
            files=dict(sorted(files.items())),
        )
        sweep(out.run)
        write_manifest(out.run, make_manifest(self.plan, summary, self.started))
        yield from ()

    def _evidence(self) -> pl.DataFrame | None:
        """What was found of benchmarks; it stays in the run's folder and is never published."""
        if self.plan.recipe.decontaminate is None:
            return None
        paths = [bucket_path(self.done.deduped, bucket, "evidence") for bucket in range(self.done.buckets)]
        found = pl.concat(map(read_frame, paths)).sort("benchmark", "set", "item", "id")
        with written(self.done.out.run / EVIDENCE_FILE) as aside:
            found.write_parquet(aside)
        return found


def check_files(files: Mapping[str, Mapping[str, Any]], rows: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
    """Raises CrossthinkError unless the files of each config and split have as many rows as were selected.

    `rows`: config -> split -> source -> rows.
    """
    for config, splits in rows.items():
        for split, sources in splits.items():
            have = sum(about["rows"] for name, about in files.items() if name.startswith(f"data/{config}/{split}-"))
            if have != sum(sources.values()):
                raise CrossthinkError(
                    f"{config}, {split}: {sum(sources.values())} rows were selected and {have} were written; did "
                    "somebody change the run's folder? Delete it and build again"
                )


def read_counts(stats: Path) -> dict[str, Counter[str]]:
    """`read` and `derived` rows per source, out of the finished tasks' stats."""
    totals: dict[str, Counter[str]] = {"read": Counter(), "derived": Counter()}
    for path in stats.glob("*.json"):
        for step in json.loads(path.read_text()):
            for label, stat in step["stats"].items():
                kind, _, source = label.partition("/")
                if kind in totals:
                    totals[kind][source] += int(stat["total"] if isinstance(stat, dict) else stat)
    return totals


def _removed(out: Outputs) -> dict[str, dict[str, int]]:
    """source -> reason -> rows, the most frequent first."""
    totals: dict[str, Counter[str]] = {}
    for note in out.notes("removed"):
        for one in note["removed"]:
            totals.setdefault(one["source"], Counter())[one["reason"]] += one["rows"]
    return {
        source: dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))
        for source, reasons in sorted(totals.items())
    }


def _table(out: Outputs) -> pl.DataFrame:
    schema = {**dict.fromkeys(TABLE, pl.String()), "rows": pl.UInt32(), "rated": pl.UInt32()}
    parts = [pl.DataFrame(note["table"], schema) for note in out.notes("pool")]
    return pl.concat(parts).group_by(TABLE).agg(pl.col("rows", "rated").cast(pl.Int64).sum()).sort(TABLE)


def _blends(done: Finished) -> dict[str, BlendSummary]:
    blends: dict[str, BlendSummary] = {}
    for draw in done.draws:
        summary = blends.setdefault(draw.blend, BlendSummary(draw.weights))
        got = SplitDraw(**draw_summary(done.selected, draw))
        summary.rows[draw.split] = got.rows
        summary.shards[draw.split] = got.shards
        if draw.split == TRAIN:
            summary.repeated = got.repeated
    return blends
