"""What `make train-demo` decides by: whether groups had different rewards."""

from __future__ import annotations

from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from tests.train.scripts import script

demo = script("demo")

SHARES = [
    ([{"no_spread": 1.0}, {"no_spread": 0.75}], 0.125),
    ([{"no_spread": 0.0}, {"train_loss": 0.5}], 1.0),  # the last line is of the whole run
]


@pytest.mark.parametrize(("log", "share"), SHARES)
def test_the_share_of_groups_with_different_rewards(log: list[dict[str, Any]], share: float) -> None:
    assert demo.spread(log) == share


@pytest.mark.parametrize("log", [[{"no_spread": 1.0}, {"no_spread": 1.0}], [{"train_loss": 0.5}], []])
def test_without_any_it_fails(log: list[dict[str, Any]]) -> None:
    with pytest.raises(CrossthinkError, match="no group had different rewards"):
        demo.spread(log)


def test_what_is_not_there_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CrossthinkError, match="no published/starter: run `make demo`"):
        demo.main()
