"""The fuzz target finds what it is for, and a short run of it finds nothing."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import grade, runner


def test_a_short_run_finds_nothing() -> None:
    assert runner.run(grade.check, seed=1, cases=3_000) == (3_000, None)


@pytest.mark.long
def test_a_million_cases_find_nothing() -> None:
    assert runner.run(grade.check, seed=1, cases=1_000_000) == (1_000_000, None)


def test_a_seed_gives_the_same_cases() -> None:
    one, other = random.Random(5), random.Random(5)  # noqa: S311 - no secret
    assert [grade.case(one) for _ in range(50)] == [grade.case(other) for _ in range(50)]


def test_a_slow_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grade, "SLOWEST", 0.0)
    assert "s" in str(grade.fault(grade.Case("5", "5+" * 500 + "5")))


def test_what_the_grader_raises_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(gold: object, answer: str, policy: str) -> None:
        raise ValueError(answer)

    monkeypatch.setattr(grade, "compare_bounded", broken)
    with pytest.raises(ValueError, match="7"):
        grade.fault(grade.Case("5", "7"))
