from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.clusters import keepers

LINKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda link: link[0] != link[1]), max_size=60)


def kept_for(links: list[tuple[int, int]], rows: int = 31) -> list[int]:
    ends = np.array(links, np.int64).reshape(-1, 2)
    return [int(row) for row in keepers(ends.min(axis=1), ends.max(axis=1), rows)]


def asked_one_by_one(links: list[tuple[int, int]], rows: int = 31) -> list[int]:
    """The rule as it is said."""
    kept: list[int] = []
    for row in range(rows):
        beside = {a + b - row for a, b in links if row in (a, b)}
        kept.append(next((other for other in range(row) if other in beside and kept[other] == other), row))
    return kept


@pytest.mark.parametrize(
    ("links", "kept"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([(0, 1), (1, 2)], [0, 0, 2, 3, 4]),  # linked to one that goes
        ([(0, 1), (1, 2), (2, 3), (0, 4)], [0, 0, 2, 2, 0]),
        ([(1, 4), (0, 4), (2, 4)], [0, 1, 2, 3, 0]),  # the first of several
        ([(0, 1), (0, 1), (1, 0)], [0, 0, 2, 3, 4]),  # met more than once
    ],
)
def test_who_goes_is_linked_to_who_stays(links: list[tuple[int, int]], kept: list[int]) -> None:
    assert kept_for(links, 5) == kept


@given(LINKS)
def test_as_if_rows_were_asked_one_by_one(links: list[tuple[int, int]]) -> None:
    assert kept_for(links) == asked_one_by_one(links)


@given(LINKS, st.randoms(use_true_random=False))
def test_the_order_of_links_changes_nothing(links: list[tuple[int, int]], random: np.random.Generator) -> None:
    shuffled = list(links)
    random.shuffle(shuffled)
    assert kept_for(shuffled) == kept_for(links)


def test_a_long_chain_ends() -> None:
    chain = [(i, i + 1) for i in range(2_000)]
    assert kept_for(chain, 2_001) == [i - i % 2 for i in range(2_001)]
