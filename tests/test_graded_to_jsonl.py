"""The graded files as rows for `crossthink grade`, on small files of the same shapes."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.graded_to_jsonl import convert, gold_label, is_formula, math_gold

EMPTY: dict[str, Any] = {"options": [], "answer_label": None, "answer_aliases": []}
CHOICE: dict[str, Any] = {"answer_type": "choice", "answer_aliases": []}
FIVE = [f"the option of {label}" for label in "ABCDE"]


def _converted(tmp_path: Path, name: str, *graded: dict[str, Any]) -> list[dict[str, Any]]:
    content = b"\n".join(map(orjson.dumps, graded))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (written,) = convert(tmp_path / "in", tmp_path / "out")
    assert written.name == f"{name.partition('.')[0]}.jsonl"
    return [orjson.loads(line) for line in written.read_bytes().splitlines()]


def test_completions_of_math(tmp_path: Path) -> None:
    graded = {"question": "1 + 2?", "gold": "3", "completion": r"\boxed{3}", "correct": True}
    row = {"completion": r"\boxed{3}", "answer": "3", "answer_type": "math", "expected": True}
    assert _converted(tmp_path, "boxed.jsonl.gz", graded) == [{"id": "boxed:0", **EMPTY, **row}]


def test_completions_of_multiple_choice(tmp_path: Path) -> None:
    graded = {"question_id": 7, "options": ["red", "blue"], "answer": "B", "official_pred": "A", "completion": "A."}
    row = {"completion": "A.", "options": ["red", "blue"], "answer": "blue", "answer_label": "B"}
    assert _converted(tmp_path, "mmlu.jsonl.gz", graded) == [{"id": "mmlu:0", **CHOICE, **row}]


def test_pairs(tmp_path: Path) -> None:
    rows = _converted(
        tmp_path,
        "pairs.jsonl",
        {"kind": "math", "gold": "$9$", "pred": "$9.0$", "expected": True},
        {"kind": "math", "gold": 5, "pred": None, "expected": False},
        {"kind": "math", "gold": r"so \boxed{4}", "pred": "It is four.", "expected": False},
        {"kind": "mcq", "gold": "(C) Cecile", "pred": "I say C", "expected": True},
        {"kind": "mcq_extract", "pred": "none", "extracted": ""},
        {"kind": "mcq_extract", "pred": "(D)", "extracted": "D"},
    )
    assert [row["id"] for row in rows] == ["pairs:0", "pairs:1", "pairs:2", "pairs:3", "pairs:5"]
    assert [row["completion"] for row in rows] == [r"\boxed{$9.0$}", None, "It is four.", "I say C", "(D)"]
    assert [row["answer"] for row in rows] == ["9", "5", "4", FIVE[2], FIVE[3]]
    assert [row["answer_label"] for row in rows] == [None, None, None, "C", "D"]
    assert [row["expected"] for row in rows] == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("pred", "formula"),
    [
        ("5", True),
        ("$so be it$", True),
        ("$x$ and $y$", False),
        (r"17\text{ any words}", True),
        (r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}", True),
        ("1000.99$", True),
        ("the number is 10", False),
        ("所以是10", False),
    ],
)
def test_is_formula(pred: str, formula: bool) -> None:
    assert is_formula(pred) is formula


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("$9$", "9"), (r"\boxed{1} or \boxed{2}", "2"), ("$1$ and $2$", "$1$ and $2$"), (r"\\boxed{1", r"\\boxed{1")],
)
def test_math_gold(gold: str, answer: str) -> None:
    assert math_gold(gold) == answer


@pytest.mark.parametrize(("gold", "label"), [("C", "C"), ("(A) Cecile", "A"), ("Alina says\n(C) Cecile", "C")])
def test_gold_label(gold: str, label: str) -> None:
    assert gold_label(gold) == label
