"""A recipe made exact: which files at which commits, cut into units, and the hash that names the run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any

from crossthink_data import (
    benchmark_index,
    blend,
    decontaminate,
    dedup,
    filters,
    goldcheck,
    keys,
    likeness,
    near_dedup,
    prompts,
    schema,
    stands_alone,
    words,
)
from crossthink_data.benchmarks import benchmark_source, sets_of
from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.hashing import file_sha256
from crossthink_data.recipe import TABLES, Recipe, SourceEntry
from crossthink_data.side_table import SYNTHESIZE, SideTable, open_table
from crossthink_data.sources import SOURCES
from crossthink_data.sources.archives import fetch_archives
from crossthink_data.sources.base import Source
from crossthink_data.sources.hub import fetch, pin
from crossthink_data.sources.inline import inline_source
from crossthink_data.sources.raw import Unit, plan_units
from crossthink_data.verify.compare import GRADER_VERSION

SYNTHETIC = {"synthetic": "documents", "synthetic_math": "personas_and_skills"}  # sources that are tables, made of what

# What a change of meaning bumps; part of every run's hash.
POLICIES = {
    "schema": schema.SCHEMA_VERSION,
    "prompts": prompts.PROMPT_VERSION,
    "keys": keys.KEY_VERSION,
    "filters": filters.FILTER_VERSION,
    "stands_alone": stands_alone.STANDS_ALONE_VERSION,
    "dedup": dedup.DEDUP_VERSION,
    "words": words.WORDS_VERSION,
    "likeness": likeness.LIKENESS_VERSION,
    "near_dedup": near_dedup.NEAR_DEDUP_VERSION,
    "benchmark_index": benchmark_index.INDEX_VERSION,
    "decontaminate": decontaminate.DECONTAMINATE_VERSION,
    "verify": GRADER_VERSION,
    "goldcheck": goldcheck.GOLDCHECK_VERSION,
    "blend": blend.BLEND_VERSION,
}


@dataclass(frozen=True)
class PlannedSource:
    """A source at an exact revision with its files at hand; `revision` is a commit, or a hash of the content."""

    source: Source
    entry: SourceEntry
    revision: str
    files: tuple[tuple[str, Path], ...]


@dataclass(frozen=True)
class Plan:
    """All that a build needs to know; `references` are read for the licences of other sources' rows only."""

    recipe: Recipe
    sources: dict[str, PlannedSource]
    references: dict[str, PlannedSource]
    benchmarks: dict[str, PlannedSource]
    missing: dict[str, str]  # sets of benchmarks that rows cannot be compared with, and why
    tables: dict[str, SideTable]  # field of the recipe, such as `labels` or `sources.synthetic` -> its side table
    units: list[Unit]
    limit: int | None
    warnings: list[str]

    @property
    def rows(self) -> int:
        """Raw rows that will be read."""
        return sum(unit.rows for unit in self.units)

    @property
    def checked(self) -> list[str]:
        """The sets of benchmarks that rows are compared with."""
        settings = self.recipe.decontaminate
        return [name for name in sets_of(settings.benchmarks) if name not in self.missing] if settings else []

    @property
    def hash(self) -> str:
        """16 hexadecimal digits over all that the rows follow from, the order of sources too: it is their priority."""
        text = json.dumps(self.resolved(), default=str)
        return sha256(text.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """The run's folder name."""
        return f"{self.recipe.name}-{self.hash[:8]}"

    def resolved(self) -> dict[str, Any]:
        """The recipe with revisions, versions of the policies and the flags that change rows; no local path."""
        recipe = self.recipe.model_dump(mode="json", exclude=set(TABLES))
        for name, entry in recipe["sources"].items():
            local = entry.pop("path")
            if entry["repo"] and not local:
                entry["revision"] = self.sources[name].revision  # so that building it again later reads the same
            if entry["files"] and not entry["repo"]:
                entry["files"] = [file for file, _ in self.sources[name].files]
        planned = {**self.sources, **self.references, **self.benchmarks}
        return {
            "recipe": recipe,
            "revisions": {name: one.revision for name, one in planned.items()},
            "mappings": {name: one.source.version for name, one in planned.items()},
            "policies": POLICIES,
            "checked": self.checked,
            "tables": {field: table.revision for field, table in self.tables.items()},
            "limit": self.limit,
        }


def make_plan(recipe: Recipe, limit: int | None = None, on_source: Callable[[str], None] = lambda name: None) -> Plan:
    """Resolves every source of the recipe and fetches its files; `on_source` is told each name as it comes.

    Raises CrossthinkError for what is unknown, missing, unreachable or broken.
    """
    warnings: list[str] = []
    tables = _tables(recipe)

    def plan_all(entries: Iterable[tuple[Source, SourceEntry]]) -> dict[str, PlannedSource]:
        planned = {}
        for source, entry in entries:
            on_source(source.name)
            with _naming(source.name, in_recipe=source.name in recipe.sources):
                planned[source.name] = _plan_source(source, entry, warnings)
        return planned

    sources = plan_all((_source(name, entry), entry) for name, entry in recipe.sources.items())
    wanted = dict.fromkeys(name for one in sources.values() for name in one.source.licensed_by)
    references = plan_all((SOURCES[name], recipe.sources.get(name, SourceEntry())) for name in wanted)
    held = dict.fromkeys(name for entry in recipe.sources.values() for name in entry.less)
    benchmarks = plan_all((benchmark_source(name), SourceEntry()) for name in held)
    missing: dict[str, str] = {}
    if recipe.decontaminate is not None:
        names = [name for name in sets_of(recipe.decontaminate.benchmarks) if name not in held]
        found, missing = plan_benchmarks(names, recipe.decontaminate.allow_missing, warnings, on_source)
        benchmarks |= found
    units = [unit for one in sources.values() for unit in units_of(one, limit)]
    return Plan(recipe, sources, references, benchmarks, missing, tables, units, limit, list(dict.fromkeys(warnings)))


def _tables(recipe: Recipe) -> dict[str, SideTable]:
    tables = {field: _table(field, kind, path) for field, kind in TABLES.items() if (path := getattr(recipe, field))}
    for name, made_of in SYNTHETIC.items():
        entry = recipe.sources.get(name)
        if entry is None or entry.path is None or entry.columns is not None:
            continue
        tables[f"sources.{name}"] = table = _table(f"sources.{name}.path", SYNTHESIZE, entry.path)
        if made_of not in table.manifest["settings"]:
            (other,) = SYNTHETIC.keys() - {name}
            raise CrossthinkError(
                f"sources.{name}.path: {entry.path} was not made of {made_of.replace('_', ' ')}: name it as "
                f"sources.{other}.path"
            )
    return tables


def _table(field: str, kind: str, folder: Path) -> SideTable:
    try:
        return open_table(folder, kind)
    except CrossthinkError as error:
        raise CrossthinkError(f"{field}: {error}") from error


def plan_benchmarks(
    names: Iterable[str], allow_missing: bool, warnings: list[str], on_source: Callable[[str], None]
) -> tuple[dict[str, PlannedSource], dict[str, str]]:
    """The sets of benchmarks with their files at hand and, where they may be missing, why the others are not.

    Raises CrossthinkError for one that cannot be had and may not be missing.
    """
    found: dict[str, PlannedSource] = {}
    missing: dict[str, str] = {}
    for name in names:
        on_source(name)
        try:
            found[name] = _plan_source(benchmark_source(name), SourceEntry(), warnings)
        except CrossthinkError as error:
            if not allow_missing:
                raise CrossthinkError(
                    f"benchmark {name!r}: {error}; or build without it by --allow-missing: the card then says that it "
                    "was not checked"
                ) from error
            missing[name] = str(error)
    return found, missing


@contextmanager
def _naming(source: str, in_recipe: bool) -> Iterator[None]:
    """What fails names the source, and how to do without it."""
    try:
        yield
    except CrossthinkError as error:
        cure = f"; or leave the source out with --set sources.{source}=null" if in_recipe else ""
        raise CrossthinkError(f"source {source!r}: {error}{cure}") from error


def _source(name: str, entry: SourceEntry) -> Source:
    if entry.columns is not None:
        return inline_source(name, entry)
    if name not in SOURCES:
        raise unknown("source", name, SOURCES)
    return SOURCES[name]


def _plan_source(source: Source, entry: SourceEntry, warnings: list[str]) -> PlannedSource:
    if source.generate is not None:
        assert source.generated_from is not None  # noqa: S101 - they come together
        return PlannedSource(source, entry, source.generated_from(), ())
    if entry.path is not None:
        return _local(source, entry, _in_folder(source, entry.path))
    if source.archives:
        return _local(source, entry, fetch_archives(source))
    if source.repo is None and not entry.files:
        raise CrossthinkError(
            f"give sources.{source.name}.path: the folder of a table that `crossthink synthesize` made"
        )
    if source.repo is None:
        return _local(source, entry, _globbed(source))
    pinned = pin(source.repo, entry.revision or source.revision, or_main=entry.revision is None)
    if pinned.warning:
        warnings.append(pinned.warning)
    files = tuple(fetch(pinned, source.files))
    return PlannedSource(replace(source, revision=pinned.revision), entry, pinned.revision, files)


def _local(source: Source, entry: SourceEntry, files: list[tuple[str, Path]]) -> PlannedSource:
    """Local files: their revision is a hash of their content."""
    digest = sha256("".join(f"{name}\n{file_sha256(path)}\n" for name, path in files).encode())
    revision = f"sha256:{digest.hexdigest()[:40]}"
    return PlannedSource(replace(source, revision=revision), entry, revision, tuple(files))


def _in_folder(source: Source, folder: Path) -> list[tuple[str, Path]]:
    patterns = source.files or tuple(source.archives)
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    if not found:
        raise CrossthinkError(f"sources.{source.name}.path: no file like {', '.join(patterns)} in {folder}")
    return [(path.relative_to(folder).as_posix(), path) for path in found]


def _globbed(source: Source) -> list[tuple[str, Path]]:
    """(path below the folder that all have in common, path) of every file, in the order of the globs, then by name."""
    globbed = [path for pattern in source.files for path in _glob(pattern) if path.is_file()]
    found = [Path(os.path.abspath(path)) for path in globbed]  # noqa: PTH100 - resolve() follows links
    if not found:
        raise CrossthinkError(f"sources.{source.name}.files: no file {', '.join(source.files)}")
    folder = os.path.commonpath([path.parent for path in found])
    return [(path.relative_to(folder).as_posix(), path) for path in dict.fromkeys(found)]


def _glob(pattern: str) -> list[Path]:
    parts = Path(pattern).parts
    fixed = list(takewhile(lambda part: "*" not in part, parts))
    return sorted(Path(*fixed).glob("/".join(parts[len(fixed) :]))) if len(fixed) < len(parts) else [Path(pattern)]


def units_of(planned: PlannedSource, limit: int | None = None) -> list[Unit]:
    """The units of a source: a whole generator or archive, or pieces of files; the first `limit` rows of them."""
    source = planned.source
    if source.generate is not None:  # its rows are counted when they are made
        return [Unit(source.name, Path(), source.name, 0, 0, limit or 0, 0, 0)]
    if source.read_archive is not None:
        archives = [Unit(source.name, path, name, i, 0, 0, 0, 0) for i, (name, path) in enumerate(planned.files)]
        return archives if limit is None else _first_rows(map(partial(_counted, source), archives), limit)
    units = [unit for i, (name, path) in enumerate(planned.files) for unit in plan_units(source, path, name, i)]
    return units if limit is None else _first_rows(units, limit)


def _counted(source: Source, archive: Unit) -> Unit:
    """An archive tells its rows only when it is read."""
    assert source.read_archive is not None  # noqa: S101 - the caller asks for archives only
    return replace(archive, rows=sum(map(len, source.read_archive(archive.path))))


def _first_rows(units: Iterable[Unit], limit: int) -> list[Unit]:
    """Units up to the limit; one after it is not asked for, for to count an archive is to read it."""
    kept = []
    for unit in units:
        kept.append(replace(unit, rows=min(unit.rows, limit)))
        limit -= unit.rows
        if limit <= 0:
            break
    return kept
