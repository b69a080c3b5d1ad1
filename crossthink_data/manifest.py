"""The manifest: what a run holds, where it came from and what became of every row. Written last; it means complete."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossthink_data import __version__
from crossthink_data.benchmarks import sets_of
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.manifest_file import MANIFEST, git_commit, read_object
from crossthink_data.plan import POLICIES, Plan
from crossthink_data.pool import Selection
from crossthink_data.recipe import TABLES
from crossthink_data.schema import POLARS_SCHEMA, SCHEMA_VERSION

PACKAGES = ("datasets", "datatrove", "huggingface-hub", "numpy", "polars", "pyarrow")


@dataclass(frozen=True)
class Written:
    """What a run's tasks did, added up."""

    read: Mapping[str, int]  # source -> rows
    derived: Mapping[str, int]
    removed: Mapping[str, Mapping[str, int]]  # source -> reason -> rows, the most frequent first
    selection: Selection
    blends: Mapping[str, Mapping[str, Any]]  # what each blend asked for and got
    refused: Mapping[str, str]  # blends that could not be weighed, and why
    table: pl.DataFrame  # rows of the pool by domain, question type, source and licence; how many have a pass rate
    labels: int  # rows of the pool whose gold is a label
    evidence: pl.DataFrame | None  # what was found of benchmarks; None: nobody looked
    files: Mapping[str, Mapping[str, Any]]  # path -> sha256, bytes and rows


# ---- what those who read a manifest go by: it may be damaged, or another program's

Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A part of a manifest; it may hold more."""

    model_config = ConfigDict(strict=True)


class SourceShape(Part):
    """What became of a source's rows."""

    revision: str
    read: Count
    derived: Count
    removed: dict[str, Count]
    not_sampled: Count
    pool: Count


class SplitShape(Part):
    """Rows by split and source; no reader needs the other splits."""

    train: dict[str, Count]


class BlendShape(Part):
    """What a blend asked for and got."""

    weights: dict[str, float]
    rows: SplitShape
    repeated: dict[str, Count]

    @model_validator(mode="after")
    def _counted(self) -> BlendShape:
        if missing := self.weights.keys() - self.rows.train.keys():
            raise ValueError(f"no rows of {', '.join(sorted(missing))}, which has a weight")
        return self


class KindShape(Part):
    """Rows of the pool of one kind."""

    domain: str
    question_type: str
    source: str
    license: str
    rows: Count


class BenchmarkShape(Part):
    """What was found of a benchmark."""

    rows: Count
    items: Count
    checked: list[str]
    missing: dict[str, str]


class FileShape(Part):
    """A data file, as it was built."""

    sha256: str
    bytes: Count
    rows: Count


class Shape(Part):
    """A run's manifest."""

    name: str
    recipe: str
    description: str
    hash: str
    schema_version: int
    crossthink_version: str
    seconds: float
    warnings: list[str]
    sources: dict[str, SourceShape]
    pool: dict[str, dict[str, Count]]
    blends: dict[str, BlendShape]
    refused_blends: dict[str, str]
    contamination: dict[str, BenchmarkShape] | None = None
    table: list[KindShape]
    files: dict[Annotated[str, Field(pattern=r"^data/[a-z0-9_]+/[a-z]+-\d+-of-\d+\.parquet$")], FileShape]


# ---- writing and reading it


def make_manifest(plan: Plan, written: Written, started: float) -> dict[str, Any]:
    """The manifest of a run whose data files are written.

    Raises CrossthinkError if a row has gone missing between reading and writing.
    """
    sources = {name: _source(plan, name, written) for name in plan.sources}
    for name, counts in sources.items():
        check_balance(name, counts)
    tables = _tables(plan, written)
    train = written.selection.pool["train"]
    return {
        "name": plan.name,
        "recipe": plan.recipe.name,
        "description": plan.recipe.description,
        "hash": plan.hash,
        "schema_version": SCHEMA_VERSION,
        "policies": POLICIES,
        "crossthink_version": __version__,
        "git_commit": git_commit(),
        "packages": {package: version(package) for package in PACKAGES},
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "seed": plan.recipe.seed,
        "limit": plan.limit,
        "warnings": [
            *plan.warnings,
            *_unchecked(plan),
            *_strange_tables(tables),
            *_other_bands(plan),
            *_short_blends(written.blends, train),
            *_unrated_sources(plan, written.blends, train),
        ],
        "sources": sources,
        "pool": written.selection.pool,
        "blends": written.blends,
        "refused_blends": written.refused,
        "contamination": _contamination(plan, written.evidence),
        "tables": tables,
        "table": written.table.drop("rated").to_dicts(),
        "resolved": plan.resolved(),
        "files": written.files,
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run or a published folder, in `Shape`."""
    path = folder / MANIFEST
    if not path.is_file():
        raise CrossthinkError(f"{folder} is not a finished run: it has no {MANIFEST}; build it with `crossthink build`")
    manifest = read_object(path, "build or download it again")
    try:
        Shape.model_validate(manifest)
        json.dumps(manifest, ensure_ascii=False).encode()  # a lone surrogate, which JSON can spell, cannot be shown
    except (ValidationError, UnicodeEncodeError) as error:
        raise CrossthinkError(
            f"{path} is not of crossthink's making ({_why(error)}): name a run or a published folder"
        ) from error
    return manifest


def _why(error: ValidationError | UnicodeEncodeError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return str(error)
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the manifest'}: {problem['msg']}"


def built_files(folder: Path, manifest: Mapping[str, Any], config: str, split: str = "") -> Iterator[Path]:
    """The files of a config (of one split) of a run or published folder, in order.

    Raises CrossthinkError at one that is not as it was built: no reader need fear what it holds.
    """
    for name, about in sorted(manifest["files"].items()):
        _, of, file = name.split("/")
        if of != config or (split and file.partition("-")[0] != split):
            continue
        if file_sha256(folder / name) != about["sha256"]:
            raise CrossthinkError(
                f"{folder / name} is damaged: it is not the file that {MANIFEST} names; build it or download it again"
            )
        yield folder / name


def built_rows(folder: Path, manifest: Mapping[str, Any], config: str, split: str = "") -> pl.LazyFrame:
    """The rows of `built_files`, in ARROW_SCHEMA; none where there is no file."""
    paths = list(built_files(folder, manifest, config, split))
    return pl.scan_parquet(paths) if paths else pl.LazyFrame(schema=POLARS_SCHEMA)


def check_balance(source: str, counts: Mapping[str, Any]) -> None:
    """read + derived = pool + removed + not_sampled, or an error: rows never vanish."""
    came = counts["read"] + counts["derived"]
    went = counts["pool"] + sum(counts["removed"].values()) + counts["not_sampled"]
    if came != went:
        raise CrossthinkError(
            f"source {source!r}: {came} rows came in and {went} went out; this is a fault of ours, please report it "
            "with the recipe"
        )


def _source(plan: Plan, name: str, written: Written) -> dict[str, Any]:
    planned = plan.sources[name]
    return {
        "repo": planned.source.repo,
        "revision": planned.revision,
        "files": [file for file, _ in planned.files],
        "url": planned.source.url,
        "attribution": planned.source.attribution,
        "license": planned.source.license,
        "category": planned.source.category,
        "read": written.read.get(name, 0),
        "derived": written.derived.get(name, 0),
        "removed": written.removed.get(name, {}),
        "not_sampled": written.selection.not_sampled[name],
        "pool": _in_pool(name, written),
    }


def _in_pool(source: str, written: Written) -> int:
    return sum(split[source] for split in written.selection.pool.values())


def _unchecked(plan: Plan) -> list[str]:
    """A warning for each benchmark that rows were to be compared with and were not."""
    return [f"not compared with {name}, so rows may be its questions: {why}" for name, why in plan.missing.items()]


def _contamination(plan: Plan, found: pl.DataFrame | None) -> dict[str, dict[str, Any]] | None:
    """benchmark -> rows that hold items of it, items found, sets checked, and why others were not; None: not asked."""
    if plan.recipe.decontaminate is None or found is None:
        return None
    about = {}
    for name in plan.recipe.decontaminate.benchmarks:
        hits = found.filter(pl.col("benchmark") == name)
        sets = sets_of((name,))
        about[name] = {
            "rows": hits.select(pl.coalesce("id", "item").n_unique()).item(),
            "items": hits.select(pl.struct("set", "item").n_unique()).item(),
            "checked": [one for one in sets if one in plan.checked],
            "missing": {one: plan.missing[one] for one in sets if one in plan.missing},
        }
    return about


def _tables(plan: Plan, written: Written) -> dict[str, dict[str, Any]]:
    """Of each side table what it is, who said it, what it took, and how many rows of the pool have something of it."""
    return {
        field: {name: table.manifest[name] for name in ("name", "kind", "settings", "usage")}
        | {"revision": table.revision, "rows": _rows_with(field, written)}
        for field, table in plan.tables.items()
    }


def _rows_with(field: str, written: Written) -> int:
    if field == "labels":
        return written.labels
    return int(written.table["rated"].sum()) if field == "pass_rates" else _in_pool(field.split(".")[1], written)


def _strange_tables(tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"{field}: {about['name']} says something of no row of the pool; was it made of other rows?"
        for field, about in tables.items()
        if field in TABLES and not about["rows"]
    ]


def _other_bands(plan: Plan) -> list[str]:
    """A warning for each blend that draws by other rates than those between which the table's samples decided."""
    band = plan.tables["pass_rates"].manifest["settings"].get("band") if "pass_rates" in plan.tables else None
    if band is None:
        return []
    hard = {name: blend.keep_hard for name, blend in plan.recipe.blends.items() if blend.keep_hard is not None}
    return [
        f"blend {name} keeps rates from {one.min} to {one.max}, and the table's samples ended when it was sure whether "
        f"they lie from {band['low']} to {band['high']}: measure with that band, or without one"
        for name, one in hard.items()
        if (one.min, one.max) != (band["low"], band["high"])
    ]


def _short_blends(blends: Mapping[str, Any], pool: Mapping[str, int]) -> list[str]:
    """A warning for each source that blends ask for rows and that has none left."""
    asked: dict[str, list[str]] = {}
    for name, blend in blends.items():
        for source in blend["weights"]:
            if not pool[source]:
                asked.setdefault(source, []).append(name)
    return [
        f"{source} has no rows left; in {', '.join(names)} the other sources share its weight"
        for source, names in asked.items()
    ]


def _unrated_sources(plan: Plan, blends: Mapping[str, Any], pool: Mapping[str, int]) -> list[str]:
    """A warning for each blend by pass rate in which a source has rows, and none with a rate in the band."""
    warnings = []
    for name, blend in blends.items():
        without = [source for source, rows in blend["rows"]["train"].items() if pool[source] and not rows]
        if without and plan.recipe.blends[name].keep_hard is not None:
            left = "has no rows" if not any(blend["rows"]["train"].values()) else "gives their weight to the others"
            warnings.append(f"blend {name} {left}: no row of {', '.join(without)} has a pass rate in its band")
    return warnings
