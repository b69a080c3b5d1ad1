"""Which of several processes says what is wrong."""

from __future__ import annotations

import time

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.launch import run


def wrong() -> None:
    raise CrossthinkError("no blend: name one")


@pytest.mark.parametrize(("rank", "waited"), [(None, []), ("0", []), ("1", [10.0])])
def test_the_others_leave_it_to_the_first(
    rank: str | None, waited: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not ended after that, a process says what it alone has met."""
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank:
        monkeypatch.setenv("LOCAL_RANK", rank)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(SystemExit) as ended:
        run(wrong)
    assert (ended.value.code, slept) == (2, waited)
    assert capsys.readouterr().err == "crossthink: no blend: name one\n"


@pytest.mark.parametrize("rank", ["0", "1"])
def test_what_goes_well_ends_well(rank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    ran: list[str] = []
    run(lambda: ran.append(rank))
    assert ran == [rank]
