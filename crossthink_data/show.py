"""What the command line shows: tables and rows of runs, published folders and repositories, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.card import config_names, examples, license_table, reasons, totals, weight_tables
from crossthink_data.decontaminate import EVIDENCE, EVIDENCE_FILE
from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.expected import Expected
from crossthink_data.manifest import built_rows, read_manifest
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.pipeline import Run, Submitted
from crossthink_data.plan import Plan
from crossthink_data.recipe import load_recipe, recipe_names
from crossthink_data.sources import SOURCES
from crossthink_data.sources.hub import fetch_all, pin
from crossthink_data.storage import fetched, folder_at


@dataclass(frozen=True)
class Table:
    """A titled table; the first `left` columns are text."""

    title: str
    columns: list[str]
    rows: list[list[Any]]
    left: int = 1

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as one dict each."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def build_summary(run: Run) -> dict[str, Any]:
    """What `build --json` prints: the funnel over all sources, and the blends."""
    manifest = run.manifest
    sums = totals(manifest)
    removed = {
        reason: sum(source["removed"].get(reason, 0) for source in manifest["sources"].values())
        for reason in reasons(manifest)
    }
    return {
        "run": str(run.folder),
        "cached": run.cached,
        "rows_read": sums["read"],
        "derived": sums["derived"],
        "pool": sums["pool"],
        "not_sampled": sums["not_sampled"],
        "removed": removed,
        "blends": {name: sum(blend["rows"]["train"].values()) for name, blend in manifest["blends"].items()},
        "refused_blends": manifest["refused_blends"],
        "warnings": manifest["warnings"],
        "seconds": manifest["seconds"],
    }


def open_run(name: str, revision: str | None = None) -> tuple[Path, dict[str, Any]]:
    """The folder and manifest of a run, a published folder, or a repository (fetched into the Hub's cache).

    A run at a URL is fetched into a folder that lasts as long as this process.
    """
    folder = fetched(folder_at(name))
    if folder.exists():
        return folder, _complete(folder, read_manifest(folder))
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise CrossthinkError(f"no folder {name}, and it is no ORG/NAME on the Hub either")
    pinned = pin(name, revision)
    if MANIFEST not in pinned.names:
        raise CrossthinkError(f"{name} was not published by crossthink: it has no {MANIFEST}")
    folder = fetch_all(pinned)
    return folder, _complete(folder, read_manifest(folder))


def _complete(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    for path in manifest["files"]:
        if not (folder / path).is_file():
            raise CrossthinkError(f"{folder} lacks {path}, which its {MANIFEST} names: build or publish it again")
    return manifest


def run_tables(manifest: dict[str, Any]) -> list[Table]:
    """The funnel, what was removed, the blends against their weights, and the licences."""
    sums = totals(manifest)
    funnel = [
        [name, s["read"], s["derived"], sum(s["removed"].values()), s["not_sampled"], s["pool"]]
        for name, s in manifest["sources"].items()
    ]
    funnel.append(["all", sums["read"], sums["derived"], sums["removed"], sums["not_sampled"], sums["pool"]])
    why = [
        [source, reason, rows]
        for source, about in manifest["sources"].items()
        for reason, rows in about["removed"].items()
    ]
    blends = [
        [blend, row["source"], f"{row['asked']:.4f}", f"{row['got']:.4f}", row["rows"], row["repeated"]]
        for blend, rows in weight_tables(manifest).items()
        for row in rows
    ]
    return [
        Table(manifest["name"], ["source", "read", "derived", "removed", "not sampled", "pool"], funnel),
        Table("removed", ["source", "reason", "rows"], why, left=2),
        Table("blends", ["blend", "source", "asked", "got", "rows", "again"], blends, left=2),
        Table("licences of the pool", ["licence", "rows"], [[*item] for item in license_table(manifest).items()]),
    ]


def expected_table(plan: Plan, stages: Sequence[Expected]) -> Table:
    """What a build will take; generated rows are not counted before they are made."""
    columns = ["stage", "tasks", "after", "reads", "writes", "memory of a task"]
    rows = [
        [one.stage, one.tasks, one.after, *map(_megabytes, (one.read_mb, one.written_mb, one.memory_mb))]
        for one in stages
    ]
    return Table(f"plan of {plan.name}, {plan.rows:,} rows", columns, rows)


def stage_table(run: Submitted) -> Table:
    """How far a build is that is with Slurm."""
    rows = [[one.stage, one.tasks, one.done, " ".join(one.jobs), one.state] for one in run.stages]
    return Table(run.folder.name, ["stage", "tasks", "done", "jobs", "state"], rows)


def _megabytes(value: float) -> str:
    return f"{value:,.0f} MB" if value < 10_000 else f"{value / 1000:,.0f} GB"


def evidence(folder: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """What was found of benchmarks in a run's rows; a publication has the counts only."""
    if manifest.get("contamination") is None:
        raise CrossthinkError(f"{folder} was compared with no benchmark: its recipe has no `decontaminate`")
    path = folder / EVIDENCE_FILE
    if not path.is_file():
        return []
    try:
        return pq.read_table(path, columns=["id", "source", *EVIDENCE]).to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CrossthinkError(f"{path} is damaged ({error}): delete {folder} and build it again") from error


def contamination_tables(manifest: dict[str, Any], found: list[dict[str, Any]]) -> list[Table]:
    """Counts for each benchmark, and the evidence."""
    counts = [
        [name, one["rows"], one["items"], ", ".join(one["checked"]), ", ".join(one["missing"])]
        for name, one in manifest["contamination"].items()
    ]
    rows = [
        [one["set"], one["item"], one["source"], one["id"] or "", f"{one['share']:.2f}", _cut(one["matched"] or "")]
        for one in found
    ]
    return [
        Table("benchmarks", ["benchmark", "rows", "questions", "checked", "not checked"], counts),
        Table("evidence", ["set", "item", "source", "row", "share", "matched"], rows, left=4),
    ]


def _cut(text: str, chars: int = 120) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def sample_rows(folder: Path, manifest: dict[str, Any], blend: str | None, n: int) -> list[dict[str, Any]]:
    """The first n rows of a blend, or n rows of the pool per domain."""
    if blend is None:
        return examples(folder, manifest, n)
    if blend in manifest["refused_blends"]:
        raise CrossthinkError(manifest["refused_blends"][blend])
    if blend not in config_names(manifest):
        raise unknown("blend", blend, config_names(manifest))
    return built_rows(folder, manifest, blend, "train").head(n).collect().to_dicts()


def source_table() -> Table:
    """Every known source."""
    rows = [
        [
            name,
            one.repo or "embedded",
            one.category,
            one.question_type,
            one.domain,
            one.license,
            (one.revision or "")[:8],
        ]
        for name, one in sorted(SOURCES.items())
    ]
    return Table("sources", ["source", "repo", "category", "type", "domain", "license", "revision"], rows, left=7)


def recipe_table() -> Table:
    """Every recipe that comes with the package."""
    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        rows.append([name, recipe.description, ", ".join(recipe.sources), ", ".join(recipe.blends)])
    return Table("recipes", ["recipe", "description", "sources", "blends"], rows, left=4)
