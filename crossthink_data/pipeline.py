"""A recipe becomes a run: stages of datatrove pipelines, then the manifest.

    prepare   units of the sources -> rows -> template -> filters -> buckets        `tasks` tasks
    dedup     a bucket's rows, each question once; benchmarks; goldcheck            a task a bucket
    near      rows that share a band, compared and linked                           a task a range of bands
    select    near-duplicates; samples, splits and draws, as numbers                one task
    write     pool, blends and removed ids as parquet                               a task a file

Near-duplicates come last of what removes rows: a keeper is a row that stays.

The task count is part of `prepare`'s folder, so a build that was interrupted may be resumed with another.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.benchmark_index import ITEMS, build_index, save_index
from crossthink_data.blend import RefusedBlendError, blend_weights
from crossthink_data.decontaminate import EVIDENCE_FILE, Decontaminate, Decontamination, evidence_of
from crossthink_data.dedup import mark_duplicates
from crossthink_data.errors import CrossthinkError
from crossthink_data.exchange import (
    PREPARED_SCHEMA,
    WORK_SCHEMA,
    WriteBuckets,
    bucket_count,
    read_frames,
    removed_columns,
    removed_path,
    rows_path,
    write_frame,
)
from crossthink_data.executor import LocalExecutor
from crossthink_data.filters import Filter
from crossthink_data.frame_step import FrameStep
from crossthink_data.goldcheck import Goldcheck
from crossthink_data.hashing import key_numbers
from crossthink_data.held_out import HeldOut
from crossthink_data.keys import stem_keys
from crossthink_data.labels import Labels
from crossthink_data.lock import only_build
from crossthink_data.manifest import make_manifest, read_manifest
from crossthink_data.manifest_file import MANIFEST, write_manifest
from crossthink_data.near_dedup import NearDedup
from crossthink_data.near_stage import FindNearDuplicates, remove_near_duplicates, write_bands
from crossthink_data.pass_rates import PassRates
from crossthink_data.plan import Plan, units_of
from crossthink_data.pool import NOT_SAMPLED, TRAIN, draw_blend, select_pool
from crossthink_data.provenance import write_provenance
from crossthink_data.read import License, ReadRows, known_licenses, read_all, read_items
from crossthink_data.recipe import Blend
from crossthink_data.templates import Template
from crossthink_data.write import Job, WriteParquet, split_path

Progress = Callable[[str, int, int], None]  # (stage, tasks done, tasks in all)


@dataclass(frozen=True)
class Run:
    """A run's folder and its manifest; `cached` when it was there already."""

    folder: Path
    manifest: dict[str, Any]
    cached: bool


class Deduplicate(FrameStep):
    """Marks exact duplicates inside a bucket."""

    name = "exact dedup"

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The bucket in order, with reasons."""
        return mark_duplicates(frame)


class ReadBucket(PipelineStep):  # type: ignore[misc]
    """One bucket a task, as one frame."""

    name = "read bucket"
    type = "📖 - EXCHANGE"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """The kept rows of bucket `rank`."""
        yield read_frames(self.folder, rank, "rows")


class WriteBucket(PipelineStep):  # type: ignore[misc]
    """The kept rows of one bucket in order of id, their keys and bands, all removed ids so far, evidence and labels."""

    name = "write bucket"
    type = "💾 - EXCHANGE"

    def __init__(self, before: Path, folder: Path, sources: list[str], near: NearDedup | None) -> None:
        super().__init__()
        self.before = before
        self.folder = folder
        self.sources = sources
        self.near = near

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes what is known of bucket `rank`; yields nothing."""
        for frame in data or ():
            kept = frame.filter(pl.col("reason").is_null()).sort("id")
            gone = removed_columns(frame.filter(pl.col("reason").is_not_null()))
            write_frame(pl.concat([read_frames(self.before, rank, "removed"), gone]), removed_path(self.folder, rank))
            write_frame(_keys(kept, rank, self.sources), self.folder / f"{rank:05d}" / "keys-00000.arrow")
            write_frame(kept.filter("filled").select("id"), self.folder / f"{rank:05d}" / "labels-00000.arrow")
            if "evidence" in frame.columns:
                write_frame(evidence_of(frame), self.folder / f"{rank:05d}" / "evidence-00000.arrow")
            if self.near is not None:
                write_bands(kept, rank, self.folder, self.near)
            write_frame(kept.select(list(WORK_SCHEMA)), rows_path(self.folder, rank))
        yield from ()


def _keys(rows: pl.DataFrame, bucket: int, sources: list[str]) -> pl.DataFrame:
    return rows.select(
        "group_number",
        "pass_rate",
        number=pl.Series(key_numbers(rows["question_key"]), dtype=pl.UInt64),
        source=pl.col("source").replace_strict(sources, list(range(len(sources))), return_dtype=pl.UInt16),
        labelled=pl.col("answer") != "",
        bucket=pl.lit(bucket, pl.UInt32),
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
    )


def build(plan: Plan, out: Path, workers: int, tasks: int, progress: Progress = lambda *_: None) -> Run:
    """Builds the plan's run in `out`, or finds it there.

    Raises CrossthinkError for bad input, a damaged run, and while another process builds the same run; what was
    finished before is kept and used when run again.
    """
    folder = out / plan.name
    if found := _find(folder):
        return found
    weights, refused = _weights(plan)
    out.mkdir(parents=True, exist_ok=True)
    with only_build(out, plan.name):
        return _find(folder) or _build(plan, folder, workers, tasks, weights, refused, progress)


def _find(folder: Path) -> Run | None:
    """The finished run in the folder, with every file in its size."""
    if not (folder / MANIFEST).exists():
        return None
    manifest = read_manifest(folder)
    for path, about in manifest["files"].items():
        if not (folder / path).is_file() or (folder / path).stat().st_size != about["bytes"]:
            raise CrossthinkError(f"{folder} is damaged ({path}): delete the folder and build it again")
    return Run(folder, manifest, cached=True)


def _build(
    plan: Plan,
    folder: Path,
    workers: int,
    tasks: int,
    weights: dict[str, dict[str, float]],
    refused: dict[str, str],
    progress: Progress,
) -> Run:
    started = time.time()
    work = folder / ".work"
    work.mkdir(parents=True, exist_ok=True)
    buckets = bucket_count(plan.rows)
    prepared = _prepare(plan, work, workers, tasks, buckets, progress)
    _check_bad_lines(plan, prepared, buckets)
    deduped = _dedup(plan, work, prepared, workers, buckets, progress)
    _near(plan, work, deduped, workers, buckets, progress)
    selected = _select(plan, work, deduped, buckets, weights, refused)
    _check_pool(plan, selected)
    jobs = _jobs(selected, buckets)
    step = WriteParquet(jobs, deduped, work / "select", folder, buckets, list(selected["pool"]))
    _run_stage(work, "write", [step], len(jobs), workers, progress)
    _write_evidence(plan, deduped, folder, buckets)
    labelled = pl.concat([read_frames(deduped, bucket, "labels") for bucket in range(buckets)])
    write_provenance(plan, folder, labelled)
    stats = _stats(work / "logs" / prepared.name)
    manifest = make_manifest(plan, folder, selected, stats, started)
    write_manifest(folder, manifest)
    shutil.rmtree(work)
    return Run(folder, manifest, cached=False)


def _run_stage(work: Path, name: str, steps: list[PipelineStep], tasks: int, workers: int, progress: Progress) -> None:
    executor = LocalExecutor(steps, tasks=tasks, workers=min(workers, tasks), logging_dir=str(work / "logs" / name))
    executor.run(lambda done, all_: progress(name.split("-")[0], done, all_))


def _prepare(plan: Plan, work: Path, workers: int, tasks: int, buckets: int, progress: Progress) -> Path:
    folder = work / f"prepare-{tasks}"
    recipe = plan.recipe
    steps = [
        *reading(plan),
        Labels(_table(plan, "labels")),
        PassRates(_table(plan, "pass_rates")),
        Filter(recipe.filters, list(recipe.licenses) if recipe.licenses is not None else None),
        WriteBuckets(folder, buckets, PREPARED_SCHEMA),
    ]
    _run_stage(work, folder.name, steps, tasks, workers, progress)
    return folder


def reading(plan: Plan) -> list[PipelineStep]:
    """The steps that give the plan's rows as the recipe asks them, with their ids, before any label or filter."""
    modes = {name: one.entry.template or plan.recipe.template for name, one in plan.sources.items()}
    return [
        ReadRows(plan.sources, plan.units, plan.recipe.seed, _licenses(plan)),
        HeldOut(_held_out(plan)),
        Template(modes),
    ]


def _table(plan: Plan, field: str) -> Path | None:
    return plan.tables[field].folder if field in plan.tables else None


def _licenses(plan: Plan) -> dict[str, License]:
    seed = plan.recipe.seed
    rows = {name: pl.concat(read_all(one, units_of(one), seed)) for name, one in plan.references.items()}
    return {
        name: known_licenses(rows[reference] for reference in one.source.licensed_by)
        for name, one in plan.sources.items()
        if one.source.licensed_by
    }


def _held_out(plan: Plan) -> dict[str, frozenset[str]]:
    seed = plan.recipe.seed
    keys = {
        name: frozenset(key for frame in read_all(one, units_of(one), seed) for key in stem_keys(frame["question"]))
        for name, one in plan.benchmarks.items()
    }
    return {
        name: frozenset().union(*(keys[held] for held in one.entry.less))
        for name, one in plan.sources.items()
        if one.entry.less
    }


def _check_bad_lines(plan: Plan, prepared: Path, buckets: int) -> None:
    gone = pl.concat([read_frames(prepared, bucket, "removed") for bucket in range(buckets)])
    bad = gone.filter(pl.col("reason") == "unreadable").sort("group_key")
    for (source,), rows in bad.partition_by("source", as_dict=True).items():
        if len(rows) > plan.recipe.max_bad_lines:
            file, _, line = str(rows["group_key"][0]).partition(":")[2].rpartition("#")
            raise CrossthinkError(
                f"source {source!r}: {len(rows)} lines are not JSON objects, the first is {file} line {int(line) + 1}; "
                f"mend the file, or allow them with --set max_bad_lines={len(rows)}"
            )


def _dedup(plan: Plan, work: Path, prepared: Path, workers: int, buckets: int, progress: Progress) -> Path:
    folder = work / "dedup"
    settings = plan.recipe.decontaminate
    steps = [
        ReadBucket(prepared),
        Deduplicate(),
        *([Decontaminate(_index(plan, work, settings), settings)] if settings else []),
        Goldcheck(),
        WriteBucket(prepared, folder, list(plan.sources), plan.recipe.near_dedup),
    ]
    _run_stage(work, folder.name, steps, buckets, workers, progress)
    return folder


def _index(plan: Plan, work: Path, settings: Decontamination) -> Path:
    """The folder of the index of the recipe's benchmarks, written where it is not there yet."""
    folder = work / "benchmarks"
    if not folder.exists():
        items = pl.concat([ITEMS, *(read_items(plan.benchmarks[name]) for name in plan.checked)])
        save_index(build_index(items, settings.ngram, settings.max_shared), folder)
    return folder


def _near(plan: Plan, work: Path, deduped: Path, workers: int, buckets: int, progress: Progress) -> None:
    if plan.recipe.near_dedup is not None:
        step = FindNearDuplicates(deduped, work / "near", buckets, plan.recipe.near_dedup)
        _run_stage(work, "near", [step], buckets, workers, progress)


def _write_evidence(plan: Plan, deduped: Path, folder: Path, buckets: int) -> None:
    """What was found of benchmarks, in the run's folder; it is never published."""
    if plan.recipe.decontaminate is not None:
        found = pl.concat([read_frames(deduped, bucket, "evidence") for bucket in range(buckets)])
        found.sort("benchmark", "set", "item", "id").write_parquet(folder / EVIDENCE_FILE)


def _weights(plan: Plan) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """blend -> weights, and blend -> why it is refused: known before anything is read."""
    weights, refused = {}, {}
    sources = {name: one.source for name, one in plan.sources.items()}
    counts = {name: one.entry.count for name, one in plan.sources.items() if one.entry.count is not None}
    for name, blend in plan.recipe.blends.items():
        try:
            _check_rated(plan, name, blend)
            weights[name] = blend_weights(name, blend, sources, counts)
        except RefusedBlendError as refusal:
            refused[name] = str(refusal)
    return weights, refused


def _check_rated(plan: Plan, name: str, blend: Blend) -> None:
    if blend.keep_hard is not None and "pass_rates" not in plan.tables:
        raise RefusedBlendError(
            f"blend {name!r} draws by pass rate, and the recipe has none: measure with `crossthink difficulty`, then "
            "name the table, --set pass_rates=FOLDER"
        )


def _select(
    plan: Plan, work: Path, deduped: Path, buckets: int, weights: dict[str, dict[str, float]], refused: dict[str, str]
) -> dict[str, Any]:
    """Draws everything; a second look at a finished select costs nothing."""
    folder = work / "select"
    summary_path = folder / "summary.json"
    if summary_path.exists():
        return dict(json.loads(summary_path.read_text()))
    recipe, sources = plan.recipe, list(plan.sources)
    every = pl.concat([read_frames(deduped, bucket, "keys") for bucket in range(buckets)])
    near = (
        remove_near_duplicates(deduped, work / "near", buckets, every)
        if recipe.near_dedup
        else np.zeros(len(every), np.bool_)
    )
    keys = every.filter(~near)
    sizes = {name: one.entry.size for name, one in plan.sources.items() if one.entry.size}
    shares = {str(name): share for name, share in recipe.splits.items()}
    selection = select_pool(keys, sources, recipe.seed, sizes, shares)
    numbers = np.full(len(every), NOT_SAMPLED, np.uint8)
    numbers[~near] = selection.split
    split = every.select("bucket", split=pl.Series(numbers, dtype=pl.UInt8))
    for bucket in range(buckets):
        write_frame(split.filter(pl.col("bucket") == bucket).select("split"), split_path(folder, bucket))
    blends = {}
    for name, mix in weights.items():
        blend = recipe.blends[name]
        hard = blend.keep_hard.of(keys) if blend.keep_hard is not None else None
        size = blend.size or recipe.size
        blends[name] = asdict(draw_blend(name, keys, selection, sources, recipe.seed, size, mix, shares, folder, hard))
    summary = {
        "pool": selection.pool,
        "not_sampled": selection.not_sampled,
        "blends": blends,
        "refused": refused,
    }
    summary_path.write_text(json.dumps(summary))
    return summary


def _check_pool(plan: Plan, selected: dict[str, Any]) -> None:
    """A corpus of no rows is a mistake, not a result."""
    if not any(sum(split.values()) for split in selected["pool"].values()):
        raise CrossthinkError(
            f"{plan.recipe.name}: no row is left of {plan.rows or 'those'} read: look at the sources' columns, the "
            "filters and the licences that the recipe allows"
        )


def _jobs(selected: dict[str, Any], buckets: int) -> list[Job]:
    """The largest first, so that no worker is left with one at the end."""
    blends = [
        Job(name, split, shard, shards)
        for name, blend in selected["blends"].items()
        for split, shards in blend["shards"].items()
        for shard in range(shards)
    ]
    pool = [Job("pool", TRAIN, bucket, buckets) for bucket in range(buckets)]
    return [*blends, *pool, Job("removed", TRAIN, 0, 1)]


def _stats(logs: Path) -> dict[str, dict[str, int]]:
    """`read` and `derived` rows per source, out of the finished tasks' stats."""
    totals: dict[str, dict[str, int]] = {"read": {}, "derived": {}}
    for path in sorted((logs / "stats").glob("*.json")):
        for step in json.loads(path.read_text()):
            for label, stat in step["stats"].items():
                kind, _, source = label.partition("/")
                if kind in totals:
                    totals[kind][source] = totals[kind].get(source, 0) + int(
                        stat["total"] if isinstance(stat, dict) else stat
                    )
    return totals
