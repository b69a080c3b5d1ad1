"""What a batch of graded completions says."""

from __future__ import annotations

import pytest

from crossthink_data.train.summary import Rollout, groups, has_spread, summary
from crossthink_data.verify.verdict import Extraction, Grade, Verdict

RIGHT = Grade(Verdict("correct", "equal", "string"), Extraction("4", None, format_ok=True))
WRONG = Grade(Verdict("wrong", "different", "string"), Extraction("5", None, format_ok=True))
SILENT = Grade(Verdict("wrong", "no_box", "extract"), Extraction(None, "no_box", format_ok=False))
UNKNOWN = Grade(Verdict("ungradable", "deadline", "symbolic"), Extraction("x", None, format_ok=True))


def rollout(
    row: str, grade: Grade, reward: float | None, tokens: int = 10, domain: str = "law", cut_off: bool = False
) -> Rollout:
    return Rollout(row, (domain, "open", "s"), reward, grade, tokens, cut_off)


BATCH = [
    rollout("a", RIGHT, 1.0, tokens=20),
    rollout("a", WRONG, 0.0),
    rollout("b", SILENT, 0.0, domain="math", cut_off=True),
    rollout("b", UNKNOWN, None, domain="math"),
]


def test_the_figures_of_a_batch() -> None:
    found = summary(BATCH, 2)
    assert found["reward"] == pytest.approx(1 / 3)  # of three that are known
    assert found["no_spread"] == 0.5
    assert found["accuracy"] == 0.25
    assert found["format"] == 0.75
    assert found["no_answer"] == found["ungradable"] == found["cut_off"] == 0.25
    assert found["tokens_right"] == 20


def test_the_figures_of_each_part() -> None:
    found = summary(BATCH, 2)
    assert found["domain/law/reward"] == 0.5
    assert found["domain/law/no_spread"] == 0
    assert found["domain/math/no_spread"] == 1
    assert found["domain/math/reward"] == 0
    assert found["question_type/open/accuracy"] == found["source/s/accuracy"] == 0.25


def test_what_is_not_known_is_left_out() -> None:
    found = summary([rollout("a", UNKNOWN, None), rollout("a", UNKNOWN, None)], 2)
    assert "reward" not in found
    assert "tokens_right" not in found
    assert found["no_spread"] == 1


def test_a_row_that_comes_twice_running_is_two_groups() -> None:
    four = [rollout("a", RIGHT, 1.0)] * 2 + [rollout("a", WRONG, 0.0)] * 2
    assert [len(group) for group in groups(four, 2)] == [2, 2]
    assert not any(has_spread(group) for group in groups(four, 2))
    assert has_spread(four)


def test_an_unknown_reward_makes_no_spread() -> None:
    assert not has_spread([rollout("a", UNKNOWN, None), rollout("a", RIGHT, 1.0)])
