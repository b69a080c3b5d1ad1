"""Rows whose request failed and is not out again: they hold a place no longer than an answer would have taken.

Until then they do, or each that is refused in no time would make room for the next one to be refused.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import takewhile
from math import inf


class Pauses:
    """By who asked: one is added when its request fails, and goes when it sends again, or is gone."""

    def __init__(self) -> None:
        self._fresh: dict[Hashable, float] = {}  # and until when its place is held; in the order of the failures
        self._idle: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._fresh) + len(self._idle)

    @property
    def idle(self) -> int:
        """How many hold no place any more."""
        return len(self._idle)

    def add(self, who: Hashable, until: float) -> None:
        """Its request failed."""
        self.drop(who)
        self._fresh[who] = until

    def drop(self, who: Hashable) -> None:
        """It asks again, or is gone."""
        self._fresh.pop(who, None)
        self._idle.discard(who)

    def tick(self, now: float) -> None:
        """Time has passed."""
        over = [who for who, _ in takewhile(lambda one: one[1] <= now, self._fresh.items())]
        for who in over:
            del self._fresh[who]
        self._idle.update(over)

    def next_in(self, now: float) -> float:
        """Seconds until the next place is free."""
        return next(iter(self._fresh.values()), inf) - now
