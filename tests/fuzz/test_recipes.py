"""Settings of any form are read or refused, in a short run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import recipes, runner


def test_a_short_run_finds_nothing() -> None:
    assert runner.run(recipes.check, seed=1, cases=200) == (200, None)


@pytest.mark.long
def test_a_hundred_thousand_cases_find_nothing() -> None:
    assert runner.run(recipes.check, seed=1, cases=100_000) == (100_000, None)


def test_a_case_can_be_had_again(tmp_path: Path) -> None:
    made = []
    for turn in range(2):
        folder = tmp_path / str(turn)
        folder.mkdir()
        generator = random.Random("1/5")  # noqa: S311 - no secret
        made.append(recipes._yaml(recipes._recipes(), generator))
    assert made[0] == made[1]


def test_what_is_no_recipe_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "load_recipe", lambda name, given: name)
    monkeypatch.setattr(recipes, "TARGETS", {recipes.recipe_file: 1})
    assert runner.run(recipes.check, seed=1, cases=1) == (0, "case 1/0: recipe_file: a str")
