"""The command takes files of any form: 0, or 2 and one message, in a short run."""

from __future__ import annotations

import pytest

from tests.command import Ran
from tests.fuzz import cli, runner

pytestmark = pytest.mark.usefixtures("hub")  # what is no folder is asked of the Hub, which must be the tests' own


def test_a_short_run_finds_nothing() -> None:
    assert runner.run(cli.check, seed=1, cases=30) == (30, None)


@pytest.mark.long
def test_two_thousand_cases_find_nothing() -> None:
    assert runner.run(cli.check, seed=1, cases=2_000) == (2_000, None)


@pytest.mark.parametrize(
    ("given", "is_fault"),
    [
        (Ran(0, "a table", ""), False),
        (Ran(2, "", "crossthink: no file x: check the path\n"), False),
        (Ran(1, "", "crossthink: no file x\n"), True),
        (Ran(2, "", "crossthink: \nTraceback (most recent call last):\n"), True),
        (Ran(2, "", "\n"), True),
        (Ran(2, "", "crossthink: \n"), True),
    ],
)
def test_what_is_a_fault(given: Ran, is_fault: bool) -> None:
    assert (cli.fault(given) is not None) == is_fault
