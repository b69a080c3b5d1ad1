"""What reads files finds no fault in a short run, and the fuzz target finds what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from tests.fuzz import readers, runner


def test_a_short_run_finds_nothing() -> None:
    assert runner.run(readers.check, seed=1, cases=400) == (400, None)


@pytest.mark.long
def test_a_hundred_thousand_cases_find_nothing() -> None:
    assert runner.run(readers.check, seed=1, cases=100_000) == (100_000, None)


def test_a_row_that_is_lost_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "TARGETS", {readers.source_file: 1})
    monkeypatch.setattr(readers, "expected_rows", lambda path, written: 7)
    turns, found = runner.run(readers.check, seed=1, cases=100)
    assert turns < 100
    assert " rows of 7 in " in str(found)


def test_an_error_that_names_no_file_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless(generator: object, folder: Path) -> None:
        raise CrossthinkError("the file is broken")

    monkeypatch.setattr(readers, "TARGETS", {nameless: 1})
    assert runner.run(readers.check, seed=1, cases=1) == (
        0,
        "case 1/0: nameless: an error that names no file: the file is broken",
    )


def test_any_other_error_goes_through_with_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(generator: object, folder: Path) -> None:
        raise KeyError("q")

    monkeypatch.setattr(readers, "TARGETS", {broken: 1})
    with pytest.raises(KeyError) as caught:
        runner.run(readers.check, seed=3, cases=1)
    assert caught.value.__notes__ == ["case 3/0"]
