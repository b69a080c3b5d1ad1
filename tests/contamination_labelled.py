"""Benchmark items of the mirror, edited as copies in the wild are, and rows that are none: what the index says of each.

Items and rows are chosen by hash. Copies must be found; with one number changed an item is another question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from crossthink_data.decontaminate import Decontamination, find_items
from crossthink_data.hashing import mix, salt, text_numbers
from crossthink_data.words import words_of
from tests import edits
from tests.mirror_rows import mirror_index, mirror_items, mirror_rows

ITEMS = 200  # of each size
SHORT = 8  # words; an item with fewer is short
CLEAN_ROWS = 2_000
# Training sets that share no question with any benchmark (stock phrases, with other options, are no question)
CLEAN = (
    *("arc", "gsm8k", "medmcqa", "mmlu", "natural_reasoning"),
    *("nq_open", "openbookqa", "pubmedqa", "syn_qa", "web_questions"),
)

BEFORE = ("Here is an exercise for the weekend. {}", "Task 4 of 12. {}", "Read the following carefully. {}")
AFTER = ("{} Give your reasoning in at most 3 sentences.", "{}\nAnswer:", "{} This is worth 5 points.")

Made = Callable[[dict[str, Any], int], dict[str, Any] | None]


def _question(edit: edits.Edit) -> Made:
    def made(item: dict[str, Any], pick: int) -> dict[str, Any] | None:
        changed = edit(item["question"], pick)
        return None if changed is None or changed == item["question"] else item | {"question": changed}

    return made


def _around(forms: tuple[str, ...]) -> Made:
    return lambda item, pick: item | {"question": forms[pick % len(forms)].format(item["question"])}


def _reordered(item: dict[str, Any], pick: int) -> dict[str, Any] | None:
    return item | {"options": edits.reordered(item["options"], pick)} if len(item["options"]) > 1 else None


COPIES: dict[str, Made] = {
    "as it is": lambda item, pick: item,
    "case": _question(edits.letters),
    "spacing and marks": _question(edits.marks),
    "LaTeX": _question(edits.latex),
    "order of options": _reordered,
    "a sentence before": _around(BEFORE),
    "a sentence after": _around(AFTER),
}
OTHERS: dict[str, Made] = {"one number changed": _question(edits.another_number)}


def chosen_items(short: bool) -> pl.DataFrame:
    """ITEMS items by hash, with their number in the index; none whose question another item of its set has too."""
    items = mirror_items().with_row_index("number")
    words = np.diff(words_of(items["question"]).offsets)
    boilerplate = pl.Series(np.asarray(mirror_index().boilerplate))
    fits = items.filter(pl.Series(words < SHORT if short else words >= SHORT) & ~boilerplate)
    order = mix(text_numbers(fits.select(pl.concat_str("set", "item")).to_series()), salt("copies", short))
    return fits[np.argsort(order, kind="stable")[:ITEMS]]


def found_in(rows: list[dict[str, Any]]) -> list[set[tuple[str, str]]]:
    """(set, item) of all that each row holds."""
    schema = {"question": pl.String(), "passage": pl.String(), "options": pl.List(pl.String())}
    frame = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
    found: list[set[tuple[str, str]]] = [set() for _ in rows]
    for row, set_, item in (
        find_items(frame, mirror_index(), Decontamination()).select("row", "set", "item").iter_rows()
    ):
        found[row].add((set_, item))
    return found


def edited(made: Made, short: bool) -> tuple[int, int]:
    """(rows in which their item is found, rows) for one kind of edit."""
    items = chosen_items(short).to_dicts()
    rows = [(item, row) for pick, item in enumerate(items) if (row := made(item, pick)) is not None]
    found = found_in([row for _, row in rows])
    return sum((item["set"], item["item"]) in one for (item, _), one in zip(rows, found, strict=True)), len(rows)


def clean_rows() -> pl.DataFrame:
    """CLEAN_ROWS rows by hash, of the same domains as the benchmarks."""
    rows = mirror_rows().filter(pl.col("source").is_in(CLEAN))
    order = mix(text_numbers(rows.select(pl.concat_str("source", "source_id")).to_series()), salt("clean"))
    return rows[np.argsort(order, kind="stable")[:CLEAN_ROWS]]
