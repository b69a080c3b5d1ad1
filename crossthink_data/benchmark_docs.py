"""The benchmarks' items as the evaluation tasks ask them: the prompt, the gold, and what scores are broken down by.

The same rows give the same documents wherever they come from: nothing depends on a cache, a seed or their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from crossthink_data.benchmarks import BenchmarkSet, benchmark_set, benchmark_source
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import text_keys, text_numbers
from crossthink_data.kinds import LABELS
from crossthink_data.prompts import PROMPT_VERSION, prompt_text
from crossthink_data.sources.hub import fetch, pin
from crossthink_data.sources.raw import check_columns, plan_units, read_unit, typed
from crossthink_data.verify.compare import GRADER_VERSION
from crossthink_data.verify.gold import infer_type

SET = "set"  # the column that says which set a raw row is of, where a task has several
VERSIONS = {"prompt_version": PROMPT_VERSION, "grader_version": GRADER_VERSION}
DOCS = pl.Schema(
    {
        "id": pl.String(),
        "prompt": pl.String(),
        "options": pl.List(pl.String),  # empty where the answer is open
        "answer": pl.String(),  # the right option's text where there are options
        "answer_label": pl.String(),  # "A"; "AC" where two are right; null without options
        "answer_type": pl.String(),
        "answer_aliases": pl.List(pl.String),
        "breakdowns": pl.List(pl.Struct({"by": pl.String, "value": pl.String})),  # subject, discipline, ...
        "prompt_version": pl.Int64(),
        "grader_version": pl.Int64(),
    }
)

KEY = "key"  # what an item is known by: passage, question and options, without the instruction
_KEYED = pl.Schema({KEY: pl.String(), **DOCS})


def read_set(name: str) -> tuple[pl.DataFrame, str | None]:
    """A set's raw rows from the Hub, with a column `set`, and a warning where a mirror's `main` was read.

    Raises CrossthinkError where it cannot be reached, lacks a column, or has a row that cannot be read.
    """
    source = benchmark_source(name, golds=True)
    pinned = pin(str(source.repo), source.revision, or_main=True)
    frames = []
    for number, (file, path) in enumerate(fetch(pinned, source.files)):
        for raw in (raw for unit in plan_units(source, path, file, number) for raw in read_unit(unit, source)):
            if raw.bad:
                raise CrossthinkError(
                    f"benchmark {name!r}: {file}, row {raw.bad[0][0]} cannot be read: {raw.bad[0][1]}"
                )
            frames.append(raw.frame)
    if not sum(map(len, frames)):
        raise CrossthinkError(f"{source.repo} has no rows: read it from a Hub that holds it, HF_ENDPOINT")
    return pl.concat(frames).with_columns(pl.lit(name).alias(SET)), pinned.warning


def make_docs(raw: pl.DataFrame, sets: Sequence[str], take: int | None = None) -> pl.DataFrame:
    """The documents of a task, with the columns of DOCS, one a raw row, set by set; with `take`, that many, by hash.

    Raises CrossthinkError for raw rows without a needed column, a set's name or a gold.
    """
    if SET not in raw.columns and len(sets) > 1:
        raise CrossthinkError(f"rows of {', '.join(sets)} need a column {SET!r} that says which of them each row is of")
    rows = raw if SET in raw.columns else raw.with_columns(pl.lit(sets[0]).alias(SET))
    docs = pl.concat([_docs_of(rows.filter(pl.col(SET) == name), name, len(sets) > 1) for name in sets])
    return (docs if take is None else _taken(docs, take)).select(DOCS.names())


def _docs_of(raw: pl.DataFrame, name: str, named: bool) -> pl.DataFrame:
    one, source = benchmark_set(name), benchmark_source(name, golds=True)
    check_columns(source, "the rows", raw.columns)
    rows = typed(raw, source.all_columns)
    items = pl.concat([one.read(rows), one.gold(rows)], how="horizontal").to_dicts()
    by = {SET: pl.lit(name.removeprefix("agieval_").replace("_", "-"))} if named else one.breakdowns
    values = rows.with_columns(**by).select(*by).to_dicts() if by else [{}] * len(items)
    docs = [_doc(item, one) | {"breakdowns": _pairs(more)} for item, more in zip(items, values, strict=True)]
    return pl.DataFrame(docs, schema=_KEYED)


def _doc(item: dict[str, Any], one: BenchmarkSet) -> dict[str, Any]:
    if wrong := _unusable(item):
        shown = "" if one.no_publish else f" ({item['question'] or '':.80})"
        pinned = f", or the pinned revision, {one.revision}" if one.revision else ""
        raise CrossthinkError(f"{one.repo}: an item{shown} {wrong}: use a file that has it{pinned}")
    options, right = _ordered(item["question"], item["options"], item["right"], one.shuffled)
    answer = "; ".join(options[place] for place in right) if right else item["answer"]
    prompt = prompt_text(item["question"], options, item["passage"], one.several)
    key = "\x1f".join([item["passage"] or "", item["question"], *options])
    return {
        KEY: key,
        "id": item["source_id"] or text_keys([key])[0],
        "prompt": prompt,
        "options": options,
        "answer": answer,
        "answer_label": "".join(LABELS[place] for place in right) or None,
        "answer_type": infer_type(answer, options),
        "answer_aliases": [],
        **VERSIONS,
    }


def _unusable(item: dict[str, Any]) -> str | None:
    """What is wrong with an item that cannot be asked or scored."""
    options, right = item["options"] or [], item["right"]
    if not (item["question"] or "").strip():
        return "has no question"
    if any(option is None for option in options):
        return "has an option without a text"
    if not right and not item["answer"]:
        return "has no gold"
    if any(place is None or not 0 <= place < len(options) for place in right) or len(set(right)) < len(right):
        return f"has the golds {right} of {len(options)} options"
    return None


def _ordered(question: str, options: list[str], right: list[int], shuffled: bool) -> tuple[list[str], list[int]]:
    """Options and the places of the right ones; where their order tells the answer, in that of a hash."""
    if not shuffled:
        return options, right
    keys = text_keys([f"{question}\x1f{option}" for option in options])
    order = sorted(range(len(options)), key=lambda place: (keys[place], place))
    return [options[place] for place in order], sorted(order.index(place) for place in right)


def _pairs(values: dict[str, Any]) -> list[dict[str, str]]:
    return [{"by": by, "value": value} for by, value in values.items() if value]


def _taken(docs: pl.DataFrame, count: int) -> pl.DataFrame:
    """The documents whose questions have the lowest hashes, in their order: no wording of a prompt chooses others."""
    lowest = np.argsort(text_numbers(docs[KEY]), kind="stable")[:count]
    return docs[np.sort(lowest)]
