"""Flexible extraction beside the official one, on real completions that the official first level reads.

Where the two differ:

| class | ours |
|---|---|
| several statements (few-shot answers repeated, parts a and b, a correction) | the last, the official the first |
| "(B) if we assume" after another statement | a condition, which takes nothing back |
| "The answer is (A) is incorrect." | refuted, so not a statement |
| "The answer is Because", "(None of the above)", "(II)" | no label, the official its first letter |
| a label that the row has not | no label |
| a box as well | the box |
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from typing import Any

import orjson
import pytest

from crossthink_data.kinds import LABELS
from crossthink_data.verify.extract import extract
from tests.verify.golds import GRADED

GEMINI, MISTRAL = "gemini-1.5-flash-002", "Mistral-7B-Instruct-v0.2"
LEVEL_1 = re.compile(r"answer is \(?([A-J])\)?")

pytestmark = pytest.mark.skipif(not GRADED.is_dir(), reason="no ../shared/graded beside this checkout")


@cache
def _read(model: str) -> list[tuple[dict[str, Any], str | None, str | None]]:
    """Rows that the official first level reads, with our answer and reason."""
    lines = gzip.decompress((GRADED / f"mmlu_pro_{model}.jsonl.gz").read_bytes()).splitlines()
    rows = [row for row in map(orjson.loads, lines) if LEVEL_1.search(row["completion"])]
    found = [extract(row["completion"], LABELS[: len(row["options"])], flexible=True) for row in rows]
    return [(row, one.answer, one.reason) for row, one in zip(rows, found, strict=True)]


@pytest.mark.parametrize("model", [GEMINI, MISTRAL])
def test_ours_agrees_with_the_official_one(model: str) -> None:
    rows = _read(model)

    assert sum(answer == row["official_pred"] for row, answer, _ in rows) >= 0.985 * len(rows)


def test_where_they_differ_ours_is_right_more_often() -> None:
    """Over both files: gemini 38 to 9, Mistral, whose second thoughts are guesses as well, 6 to 16."""
    differ = [(row, answer) for model in (GEMINI, MISTRAL) for row, answer, _ in _read(model)]
    ours = sum(answer == row["answer"] != row["official_pred"] for row, answer in differ)
    official = sum(row["official_pred"] == row["answer"] != answer for row, answer in differ)

    assert ours > 1.5 * official


@pytest.mark.parametrize("model", [GEMINI, MISTRAL])
def test_what_is_refused_was_a_guess(model: str) -> None:
    """Of the rows that give us no answer the official letter is right no more often than elsewhere."""
    rows = _read(model)
    refused = [row for row, answer, _ in rows if answer is None]
    right = sum(row["official_pred"] == row["answer"] for row in refused)

    assert {reason for _, _, reason in rows} == {None, "no_answer"}
    assert len(refused) < 0.01 * len(rows)
    assert right / len(refused) < sum(row["official_pred"] == row["answer"] for row, _, _ in rows) / len(rows)
