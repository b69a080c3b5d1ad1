"""The small recipe with golds missing in part, for the tests of labels: which rows wait for one is in the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossthink_data.llm.unlabelled import Rows, only_sources, unlabelled_rows
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from tests.small import code_rows, sum_rows, write_lines, write_recipe

CODES, SUMS = 72, 80  # rows of the two sources
WAIT = 12  # of each, the first that many have no gold


def part_labelled(folder: Path, codes: int = CODES, sums: int = SUMS, wait: int = WAIT, **changes: Any) -> Path:
    """The recipe's file; the first `wait` rows of both sources have no gold, null or blank in turn."""
    small: dict[str, Any] = {"splits": {}, "size": 64, "blends": {"nd": {"weights": "count"}}}
    path = write_recipe(folder, **(small | changes))
    write_lines(
        folder / "codes.jsonl", [row | ({"right": None} if i < wait else {}) for i, row in enumerate(code_rows(codes))]
    )
    blank = (None, "", "  ")
    lines = [row | ({"result": blank[i % 3]} if i < wait else {}) for i, row in enumerate(sum_rows(sums))]
    write_lines(folder / "sums.jsonl", lines)
    return path


def rows_of(recipe: Path, *sources: str, validation: int = 400, limit: int | None = None) -> Rows:
    """As the command finds them."""
    plan = make_plan(only_sources(load_recipe(str(recipe)), sources))
    return unlabelled_rows(plan, sources, validation, limit)


def question(row: dict[str, Any]) -> str:
    """The question's own line of a row's prompt."""
    return str(row["prompt"][0]["content"]).partition("\n")[0]


def gold(text: str) -> str:
    """The right answer to a question, which its row may not have: a letter for codes, a number for sums."""
    number = int(text.split()[4 if text.startswith("Which") else 2])
    return "ABCD"[number % 4] if text.startswith("Which") else str(4 * number)
