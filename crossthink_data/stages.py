"""The stages of a build, in order: each is datatrove tasks that begin when those of the stage before are done.

    prepare   units of the sources -> rows -> template -> filters -> buckets        as many tasks as asked
    check     bad lines are counted, benchmarks indexed                             one task
    dedup     a bucket's rows, each question once; benchmarks; goldcheck            a task a bucket
    near      rows that share a band, compared and linked                           a task a range of bands
    keep      of rows that are linked, which stay                                   one task; it holds the links
    select    samples and splits                                                    one task, bucket after bucket
    draw      which rows a blend has, and in what order                             a task a split of a blend
    pool      the pool as parquet; its rows dealt out to the blends' files          a task a bucket
    blends    the blends as parquet                                                 a task a file
    removed   removed ids as parquet                                                a task 64 buckets
    finish    the manifest                                                          one task, of what others noted

Near-duplicates come last of what removes rows: a keeper is a row that stays. Stages hand files on, and no task needs
what another one holds, so any of datatrove's executors runs them. The task count is part of `prepare`'s folder, as
datatrove's markers of finished tasks do not know it: a build that was interrupted may be resumed with another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.blend import RefusedBlendError, blend_weights
from crossthink_data.check_stage import CheckLines, IndexBenchmarks
from crossthink_data.decontaminate import Decontaminate
from crossthink_data.dedup_stage import Deduplicate, ReadBucket, WriteBucket
from crossthink_data.exchange import ROWS_PER_BUCKET, WriteBuckets, bucket_count
from crossthink_data.filters import Filter
from crossthink_data.finish_stage import Finish, Finished
from crossthink_data.goldcheck import Goldcheck
from crossthink_data.held_out import HeldOut
from crossthink_data.keys import stem_keys
from crossthink_data.labels import Labels
from crossthink_data.near_stage import FindNearDuplicates, KeepOne
from crossthink_data.pass_rates import PassRates
from crossthink_data.plan import Plan, units_of
from crossthink_data.pool import shard_count, split_size, splits_in
from crossthink_data.provenance import MADE
from crossthink_data.read import License, ReadRows, known_licenses, read_all
from crossthink_data.recipe import Blend
from crossthink_data.select_stage import BlendSplit, Candidates, DrawBlends, SelectPool, shares_of
from crossthink_data.templates import Template
from crossthink_data.write import REMOVED_BUCKETS, Outputs, Shard, WriteBlends, WritePool, WriteRemoved

LAYOUT = 1  # of the files between stages: raised when it changes, so that no build goes on with an older version's
WORK = f".work-{LAYOUT}"  # in a run's folder while it is built


@dataclass(frozen=True)
class Stage:
    """`tasks` tasks of the same steps, which are made when the stage begins."""

    name: str
    tasks: int
    steps: Callable[[], list[PipelineStep]]


def logs_of(run: Path, stage: str, tasks: int) -> Path:
    """Where datatrove keeps a stage's logs, stats and markers of finished tasks."""
    return run / WORK / "logs" / f"{stage}-{tasks}"


def tasks_done(run: Path, stage: Stage) -> int:
    """Finished tasks of a stage."""
    return sum(1 for _ in (logs_of(run, stage.name, stage.tasks) / "completions").glob("*"))


def make_stages(plan: Plan, run: Path, tasks: int) -> list[Stage]:
    """The stages that build the plan's run in its folder. Raises CrossthinkError for blends that ask for nonsense."""
    started, recipe, work, buckets = time.time(), plan.recipe, run / WORK, bucket_count(plan.rows)
    draws, (_, refused) = draws_of(plan), blend_mixes(plan)
    shards = [Shard(draw, number) for draw in draws for number in range(shard_count(draw.size))]
    prepared, deduped, selected = work / f"prepare-{tasks}", work / "dedup", work / "select"
    near = work / "near" if recipe.near_dedup else None
    rows = Candidates(deduped, near, buckets, recipe)
    out = Outputs(run, work)
    prepare = Stage("prepare", tasks, lambda: _prepare(plan, prepared, buckets))
    done = Finished(out, logs_of(run, "prepare", tasks) / "stats", deduped, selected, buckets, draws, refused)
    return [
        prepare,
        Stage("check", 1, lambda: _check(plan, prepared, tasks, work / "benchmarks")),
        Stage("dedup", buckets, lambda: _dedup(plan, prepared, tasks, deduped, work / "benchmarks")),
        *_near(plan, deduped, near, buckets),
        Stage("select", 1, lambda: [SelectPool(rows, selected)]),
        *([Stage("draw", len(draws), lambda: [DrawBlends(draws, rows, selected)])] if draws else []),
        Stage("pool", buckets, lambda: [WritePool(rows, selected, shards, MADE, out)]),
        *([Stage("blends", len(shards), lambda: [WriteBlends(shards, buckets, selected, out)])] if shards else []),
        Stage("removed", -(-buckets // REMOVED_BUCKETS), lambda: [WriteRemoved(rows, out)]),
        Stage("finish", 1, lambda: [Finish(plan, done, started)]),
    ]


def _prepare(plan: Plan, folder: Path, buckets: int) -> list[PipelineStep]:
    recipe = plan.recipe
    return [
        *reading(plan),
        Labels(_table(plan, "labels")),
        PassRates(_table(plan, "pass_rates")),
        Filter(recipe.filters, list(recipe.licenses) if recipe.licenses is not None else None),
        WriteBuckets(folder, buckets, max(ROWS_PER_BUCKET, plan.rows // buckets)),
    ]


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
    held = {name for one in plan.sources.values() for name in one.entry.less}
    keys = {
        name: frozenset(
            key for frame in read_all(one, units_of(one), plan.recipe.seed) for key in stem_keys(frame["question"])
        )
        for name, one in plan.benchmarks.items()
        if name in held
    }
    return {
        name: frozenset().union(*(keys[held] for held in one.entry.less))
        for name, one in plan.sources.items()
        if one.entry.less
    }


def _check(plan: Plan, prepared: Path, tasks: int, index: Path) -> list[PipelineStep]:
    recipe = plan.recipe
    benchmarks = [plan.benchmarks[name] for name in plan.checked]
    return [
        CheckLines(prepared, tasks, recipe.max_bad_lines),
        *([IndexBenchmarks(benchmarks, index, recipe.decontaminate)] if recipe.decontaminate else []),
    ]


def _dedup(plan: Plan, prepared: Path, tasks: int, folder: Path, index: Path) -> list[PipelineStep]:
    settings = plan.recipe.decontaminate
    return [
        ReadBucket(prepared, tasks),
        Deduplicate(),
        *([Decontaminate(index, settings)] if settings else []),
        Goldcheck(),
        WriteBucket(prepared, tasks, folder, list(plan.sources), plan.recipe.near_dedup),
    ]


def _near(plan: Plan, deduped: Path, folder: Path | None, buckets: int) -> list[Stage]:
    settings = plan.recipe.near_dedup
    if folder is None or settings is None:
        return []
    return [
        Stage("near", buckets, lambda: [FindNearDuplicates(deduped, folder, buckets, settings)]),
        Stage("keep", 1, lambda: [KeepOne(deduped, folder, buckets)]),
    ]


def blend_mixes(plan: Plan) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
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


def draws_of(plan: Plan) -> list[BlendSplit]:
    """Every split of every blend, as it is to be drawn."""
    shares = shares_of(plan.recipe)
    weights, _ = blend_mixes(plan)
    return [
        BlendSplit(name, split, split_size(plan.recipe.blends[name].size or plan.recipe.size, split, shares), mix)
        for name, mix in weights.items()
        for split in splits_in(shares)
    ]
