"""Completions that were recorded elsewhere, sent through the MMLU-Pro task.

Mistral's official number is of the official chain's first level alone; its run-on text, which repeats the few-shot
questions, is cut here, and the last statement before the cut counts (see `tests/verify/test_mmlu_pro.py`).
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

import orjson
import pytest

from tests.eval_tasks.scripted import Scripted, metrics, on_rows, run
from tests.verify.golds import GRADED

TASK = "crossthink_mmlu_pro"
needs_graded = pytest.mark.skipif(not GRADED.is_dir(), reason="no ../shared/graded beside this checkout")
RECORDED = [
    (r"<think>x</think> \boxed{B}", (1, 1, 0, 1)),
    (r"\boxed{B}", (1, 1, 0, 0)),
    ("The answer is (B).", (0, 1, 1, 0)),
    ("**Answer:** B", (0, 1, 1, 0)),
    ("The answer is (A). Wait, no: the answer is (B).", (0, 1, 1, 0)),
    ("The answer is Because", (0, 0, 1, 0)),
    ("The answer is (B).\n\nQuestion: What now?\nThe answer is (C).", (0, 1, 1, 0)),
    (r"\boxed{C} or \boxed{B}", (1, 1, 0, 0)),
    (r"The answer is (B). \boxed{", (0, 0, 1, 0)),
    (r"<think>\boxed{B}", (0, 0, 1, 0)),
]


def row(number: int, options: list[str], label: str) -> dict[str, Any]:
    return {
        "question_id": number,
        "question": f"Q{number}?",
        "options": options,
        "answer_index": "ABCDEFGHIJ".index(label),
    }


@pytest.mark.parametrize(("completion", "expected"), RECORDED)
def test_what_a_completion_scores(completion: str, expected: tuple[int, int, int, int]) -> None:
    held = on_rows(TASK, [row(1, ["a cake", "a civil wrong", "a crime"], "B")])
    got = metrics(run(Scripted(lambda doc, _: completion), held), TASK)
    assert (got["acc"], got["acc_flex"], got["no_answer"], got["format"]) == expected
    assert got["chars"] == len(completion)


@cache
def accuracy(model: str) -> dict[str, float]:
    lines = gzip.decompress((GRADED / f"mmlu_pro_{model}.jsonl.gz").read_bytes()).splitlines()
    rows = {str(one["question_id"]): one for one in map(orjson.loads, lines)}
    held = on_rows(TASK, [row(one["question_id"], one["options"], one["answer"]) for one in rows.values()])
    return metrics(run(Scripted(lambda doc, _: rows[doc["id"]]["completion"]), held), TASK)


@needs_graded
@pytest.mark.parametrize(
    ("model", "official"), [("gemini-1.5-flash-002", 0.6409), ("Mistral-7B-Instruct-v0.2", 0.2876)]
)
def test_the_accuracy_of_a_whole_file(model: str, official: float) -> None:
    assert abs(accuracy(model)["acc_flex"] - official) <= 0.005
