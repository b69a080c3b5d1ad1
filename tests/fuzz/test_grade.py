"""The fuzz target finds what it is for, and a short run of it finds nothing."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import grade


def test_a_short_run_finds_nothing() -> None:
    turns, found = grade.run(seconds=3, seed=1)
    assert turns > 50
    assert found is None


def test_a_seed_gives_the_same_cases() -> None:
    one, other = random.Random(5), random.Random(5)  # noqa: S311 - no secret
    assert [grade.case(one) for _ in range(50)] == [grade.case(other) for _ in range(50)]


def test_a_slow_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grade, "SLOWEST", 0.0)
    assert "s" in str(grade.fault(grade.Case("5", "5+" * 500 + "5")))


def test_what_the_grader_raises_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(gold: object, answer: str) -> None:
        raise ValueError(answer)

    monkeypatch.setattr(grade, "compare_bounded", broken)
    with pytest.raises(ValueError, match="7"):
        grade.fault(grade.Case("5", "7"))
