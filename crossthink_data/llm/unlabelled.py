"""A recipe's rows without a gold, and rows with one, to learn on how far an ensemble can be believed.

They are read as a build reads them, so their ids are those of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import polars as pl

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.filters import apply_filters, filters
from crossthink_data.goldcheck import Goldcheck
from crossthink_data.hashing import key_numbers, mix, salt
from crossthink_data.labels import unlabelled
from crossthink_data.plan import Plan
from crossthink_data.recipe import Recipe
from crossthink_data.rewards import GOLD_COLUMNS
from crossthink_data.schema import POLARS_SCHEMA
from crossthink_data.sources import SOURCES
from crossthink_data.stages import reading

KEPT = ("id", "prompt", "domain", "source", *GOLD_COLUMNS)
READ = {**{name: POLARS_SCHEMA[name] for name in (*KEPT, "question_key")}, "waits": pl.Boolean()}
OF_ANSWERS = {"answer_missing", "answer_not_in_options", "several_right_options"}


@dataclass(frozen=True)
class Rows:
    """Rows with the columns of KEPT, in order of id, each once."""

    unlabelled: pl.DataFrame
    validation: pl.DataFrame

    @property
    def digest(self) -> str:
        """What tells these rows apart from others."""
        parts = [frame.write_json() for frame in (self.unlabelled, self.validation)]
        return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def only_sources(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe with these sources and those that give their rows licences, all where none is named; no blends.

    Raises CrossthinkError for an unknown one.
    """
    for name in names:
        if name not in recipe.sources:
            raise unknown("source", name, recipe.sources)
    wanted = {
        *(names or recipe.sources),
        *(one for name in names if name in SOURCES for one in SOURCES[name].licensed_by),
    }
    kept = {name: entry for name, entry in recipe.sources.items() if name in wanted}
    return recipe.model_copy(update={"sources": kept, "blends": {}})


def unlabelled_rows(plan: Plan, sources: Sequence[str], validation: int, limit: int | None) -> Rows:
    """The rows of these sources without a gold, at most `limit`, and up to `validation` of each domain that have one.

    Without `sources`, rows with a gold are of those sources only that have rows without one: what is learned on other
    rows need not hold of these. Rows that a filter or goldcheck would remove for another reason are in neither, nor is
    one without a gold whose question has one elsewhere. Which ones are taken goes by hash. Raises CrossthinkError for
    an unknown source, and where there is nothing to label.
    """
    for name in sources:
        if name not in plan.sources:
            raise unknown("source", name, plan.sources)
    rows = pl.concat([pl.DataFrame(schema=READ), *_frames(plan, sources or list(plan.sources))])
    known = rows.filter(~pl.col("waits"))
    waiting = rows.filter(pl.col("waits")).join(known, on="question_key", how="anti")
    if waiting.is_empty():
        raise CrossthinkError(
            f"{', '.join(sources or plan.sources)}: no row without a gold is left to label: those that there are have "
            "another fault, or their question has a gold elsewhere"
        )
    alike = pl.col("domain").is_in(waiting["domain"].unique().implode())
    if not sources:
        alike &= pl.col("source").is_in(waiting["source"].unique().implode())
    waiting, known = (_once(part) for part in (waiting, known.filter(alike)))
    chosen = [_sample(part, validation, plan.recipe.seed) for part in known.partition_by("domain")]
    checked = _checked(pl.concat(chosen) if chosen else known)
    return Rows(_kept(_sample(waiting, limit, plan.recipe.seed)), _kept(checked))


def _frames(plan: Plan, names: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows of these sources that no rule removes but one about answers, which asks only of rows that have one."""
    recipe = plan.recipe
    rules = filters(recipe.filters, list(recipe.licenses) if recipe.licenses is not None else None)
    asked = {reason: rule & ~(pl.col("waits") & pl.lit(reason in OF_ANSWERS)) for reason, rule in rules.items()}
    rows = None
    for step in reading(replace(plan, units=[unit for unit in plan.units if unit.source in names])):
        rows = step.run(rows)
    for frame in rows or ():
        found = apply_filters(frame.with_columns(waits=unlabelled()), asked)
        yield found.filter(pl.col("reason").is_null()).select(list(READ))


def _checked(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose gold the grader can be trusted with, each with its type, as a build has them."""
    return Goldcheck().apply(rows.with_columns(reason=pl.lit(None, pl.String))).filter(pl.col("reason").is_null())


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("id", keep="first", maintain_order=True)


def _sample(rows: pl.DataFrame, most: int | None, seed: int) -> pl.DataFrame:
    if most is None or len(rows) <= most:
        return rows
    ranks = mix(key_numbers(rows["id"]), salt(seed, "selflabel"))
    return rows[np.sort(np.argsort(ranks, kind="stable")[:most])]


def _kept(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(KEPT).sort("id")
