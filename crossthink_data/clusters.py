"""Links between rows become clusters: union-find."""

from __future__ import annotations

from collections.abc import Iterable


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
