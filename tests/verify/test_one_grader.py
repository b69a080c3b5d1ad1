"""One grader: every way in gives the same verdict on the same completion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from crossthink_data.cli import app
from crossthink_data.rewards import accuracy_reward, compute_score, crossthink_reward, format_reward, score
from crossthink_data.verify.compare import compare
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item
from crossthink_data.verify.grader import shared_grader

Row = dict[str, Any]

TEA: Row = {"answer": "green tea", "options": ["red wine", "black coffee", "green tea"], "answer_label": "C"}
HALF: Row = {"answer": r"\frac{1}{2}", "options": [r"\frac{1}{3}", r"\frac{1}{2}"], "answer_label": "B"}
NUMBER: Row = {"answer": "1,260", "answer_type": "number"}
LENGTH: Row = {"answer": "5 cm"}
MATH: Row = {"answer": r"\sqrt{2}", "answer_type": "math"}
INTEGRAL: Row = {"answer": r"\int_0^1 2x dx", "answer_type": "math"}  # for the last tier
TEXT: Row = {"answer": "New York City", "answer_type": "text", "answer_aliases": ["NYC"]}
DATE: Row = {"answer": "July 4, 1776"}
EMPTY: Row = {"answer": "", "answer_type": "text"}
UNKNOWN: Row = {"answer": "tea", "options": ["red", "blue"]}  # no option is the gold
ROWS = [TEA, HALF, NUMBER, LENGTH, MATH, INTEGRAL, TEXT, DATE, EMPTY, UNKNOWN]

SAID = ["C", "(C) green tea", "C. red wine", "c", "B", "1260", "1/2", "0.5", "5", "1.4142", r"2^{1/2}", "1", "nyc", "x"]
SAID += ["New York", "4 July 1776", r"\text{C}", r"A \boxed{C}", "{", "\ud800", "", "\x00"]
FORMS = ["<think>a</think> \\boxed{{{}}}", "\\boxed{{{}}}", "<think>\\boxed{{{}}}</think>", "The answer is ({}).", "{}"]
CASES = [(form.format(said), row) for row in ROWS for said in SAID for form in FORMS[: 1 + (row is TEA) * 4]]
CASES += [(completion, row) for row in ROWS for completion in ("", "<think>", "\\boxed{")]
NO_TEXTS: list[object] = [None, 7, b"x", ["x"], float("nan")]


def by_grader(completion: object, row: Row) -> tuple[float | None, bool]:
    """Accuracy, as a reward, and whether the format holds: what all others must say."""
    grade = shared_grader().grade([Item(completion, Gold.from_row(row))])[0]
    return as_reward(grade.verdict.outcome), grade.extraction.format_ok


def as_reward(outcome: str) -> float | None:
    return {"correct": 1.0, "wrong": 0.0, "ungradable": None}[outcome]


def by_hand(completion: str, row: Row) -> float | None:
    """By the two functions that need no grader."""
    answer = extract(completion).answer
    return 0.0 if answer is None else as_reward(compare(Gold.from_row(row), answer).outcome)


def check_every_way(completion: str, row: Row) -> None:
    accuracy, format_ok = by_grader(completion, row)
    both = accuracy if format_ok else 0.0
    columns: dict[str, Any] = {name: [value] for name, value in row.items()}
    assert accuracy_reward([completion], **columns) == [accuracy]
    assert format_reward([completion], **columns) == [float(format_ok)]
    assert crossthink_reward([completion], **columns) == [both]
    assert accuracy_reward([[{"role": "assistant", "content": completion}]], **columns) == [accuracy]
    assert score(completion, row) == both
    verl = {"score": both or 0.0, "acc": accuracy or 0.0, "ungradable": float(both is None)}
    assert compute_score("s", completion, row) == verl
    assert compute_score("s", completion, str(row["answer"]), row) == verl
    assert by_hand(completion, row) == accuracy


def graded_file(folder: Path, cases: list[tuple[str, Row]]) -> list[Row]:
    """The cases as `crossthink grade --out` writes them."""
    path, out = folder / "in.jsonl", folder / "out.jsonl"
    path.write_text("".join(json.dumps({"completion": completion} | row) + "\n" for completion, row in cases))
    done = CliRunner().invoke(app, ["grade", str(path), "--out", str(out), "--quiet", "--workers", "2"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["answer"] or "empty")
def test_rewards_scores_and_comparison_agree(row: Row) -> None:
    for completion, its_row in CASES:
        if its_row is row:
            check_every_way(completion, row)


@pytest.mark.parametrize("completion", NO_TEXTS, ids=repr)
def test_what_is_no_text_is_one_thing_too(completion: object) -> None:
    accuracy, _ = by_grader("" if completion is None else completion, NUMBER)  # null is an empty completion

    assert accuracy == (0.0 if completion is None else None)
    assert accuracy_reward([completion], answer=["1,260"]) == [accuracy]
    assert crossthink_reward([completion], answer=["1,260"]) == [0.0]
    assert score(completion, NUMBER) == 0.0


def test_the_command_agrees(tmp_path: Path) -> None:
    graded = graded_file(tmp_path, CASES)
    columns: dict[str, Any] = {
        name: [row.get(name) for _, row in CASES] for name in (*TEA, "answer_type", "answer_aliases")
    }
    rewards = accuracy_reward([completion for completion, _ in CASES], **columns)

    assert [as_reward(row["verdict"]) for row in graded] == rewards
    assert {0.0, 1.0, None} == set(rewards)
    assert [row["extracted"] for row in graded] == [extract(completion).answer for completion, _ in CASES]


def test_flexible_extraction_is_for_evals_alone(tmp_path: Path) -> None:
    stated = "<think>a</think> The answer is (C)."
    item = Item(stated, Gold.from_row(TEA), flexible=True)

    assert shared_grader().grade([item])[0].verdict.correct
    columns: dict[str, Any] = {name: [value] for name, value in TEA.items()}
    assert accuracy_reward([stated], **columns) == [0.0]
    assert score(stated, TEA) == 0.0
    assert graded_file(tmp_path, [(stated, TEA)])[0]["verdict"] == "wrong"


pieces = st.lists(
    st.sampled_from([*SAID, "<think>", "</think>", "\\boxed{", "}", " ", "and", "\n", "C", "$", "\\text{", "7"]),
    max_size=6,
).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=30), pieces), st.booleans(), st.sampled_from(ROWS))
def test_any_completion_gets_one_verdict(text: str, boxed: bool, row: Row) -> None:
    check_every_way(f"<think>a</think> \\boxed{{{text}}}" if boxed else text, row)
