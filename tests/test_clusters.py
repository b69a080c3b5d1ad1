from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.clusters import clusters, keepers, neighbours_of

LINKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40)


def test_links_join_across_others() -> None:
    assert clusters([(5, 4), (1, 2), (2, 3), (3, 5)]) == [[1, 2, 3, 4, 5]]
    assert clusters([(1, 2), (8, 9)]) == [[1, 2], [8, 9]]
    assert clusters([]) == []


@given(LINKS, st.randoms())
def test_the_order_of_links_changes_nothing(links: list[tuple[int, int]], random: Random) -> None:
    shuffled = [(b, a) for a, b in links]
    random.shuffle(shuffled)
    assert clusters(shuffled) == clusters(links)


@given(LINKS)
def test_every_linked_row_is_in_one_cluster(links: list[tuple[int, int]]) -> None:
    found = clusters(links)
    assert sorted(one for cluster in found for one in cluster) == sorted({one for link in links for one in link})
    home = {one: i for i, cluster in enumerate(found) for one in cluster}
    assert all(home[a] == home[b] for a, b in links)


def test_a_long_chain_needs_no_deep_recursion() -> None:
    (chain,) = clusters((i, i + 1) for i in range(20_000))
    assert len(chain) == 20_001


def test_who_goes_is_linked_to_who_stays() -> None:
    links = [(1, 2), (2, 3), (3, 4), (1, 5)]
    assert keepers([1, 2, 3, 4, 5], neighbours_of(links)) == {2: 1, 4: 3, 5: 1}
    assert keepers([2, 1, 3, 4, 5], neighbours_of(links)) == {1: 2, 3: 2}


@given(LINKS)
def test_nobody_stays_beside_another_that_stays(links: list[tuple[int, int]]) -> None:
    links = [(a, b) for a, b in links if a != b]
    beside = neighbours_of(links)
    for cluster in clusters(links):
        gone = keepers(cluster, beside)
        stay = set(cluster) - set(gone)
        assert all(kept in stay and kept in beside[one] for one, kept in gone.items())
        assert not any(beside[one] & stay for one in stay)
