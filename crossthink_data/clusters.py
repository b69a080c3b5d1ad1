"""Links between rows become clusters by union-find, and of each cluster it is told which rows stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def clusters(links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The groups that links join, each in order, whatever the order of the links.

    >>> clusters([(1, 2), (7, 8), (3, 2)])
    [[1, 2, 3], [7, 8]]
    """
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = parent[parent[one]]  # so that the next way up is shorter
            one = parent[one]
        return one

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for one in sorted(parent):
        groups.setdefault(root(one), []).append(one)
    return list(groups.values())


def neighbours_of(links: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """What each is linked to."""
    beside: dict[int, set[int]] = {}
    for a, b in links:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    return beside


def keepers(ordered: Sequence[int], beside: Mapping[int, set[int]]) -> dict[int, int]:
    """Of a cluster in the order in which its members are asked: who goes -> the first of those that stay beside it.

    >>> keepers([1, 2, 3], neighbours_of([(1, 2), (2, 3)]))
    {2: 1}
    """
    stay: list[int] = []
    gone: dict[int, int] = {}
    for one in ordered:
        keeper = next((kept for kept in stay if kept in beside[one]), None)
        if keeper is None:
            stay.append(one)
        else:
            gone[one] = keeper
    return gone
