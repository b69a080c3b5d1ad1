"""Requests that fail: because too much is in flight, or whatever is in flight?

What fails on a lightly loaded endpoint, at the start, is not of our making. When more fails later, by more than chance,
rows are cut once, and a sequential test (Wald's) asks what comes back then: were it too much in flight, only what was
answered before would be sent now, and next to nothing fail; else as much fails as before, and rows go back to where
they were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from crossthink_data.llm.admission_interval import Seen

FAILING = 0.05  # of what comes back, more than is known to fail: less is not worth a cut
CHANCE = 2.5  # standard errors, one interval in 160 by chance: a cut that is none of our making costs some latencies
KEPT = 0.9  # of the weight of what was seen, at each interval: half is forgotten in seven
NEXT_TO_NONE = 0.01  # fails where what is in flight is no longer too much
ODDS = math.log(20)  # between the two, when one is believed


@dataclass
class Before:
    """What was seen before the cut."""

    seen: Seen
    limit: int
    odds: float = 0.0  # logarithm, that it is not of our making


class Failures:
    """The share of requests that fails whatever is in flight, recency-weighted, and the test of it."""

    def __init__(self) -> None:
        self._failed = self._of = 0.0
        self._before: Before | None = None

    @property
    def share(self) -> float:
        """Of all requests; not of our making."""
        return self._failed / self._of if self._of else 0.0

    def too_many(self, seen: Seen) -> bool:
        """Did more fail than is known to, by more than chance? What is no more than that is taken in."""
        variance = max(self.share, FAILING) * (1 - self.share)
        chance = CHANCE * math.sqrt(variance * (1 / seen.count + 1 / max(self._of, 1.0)))
        if self._of and seen.failing > self.share + max(FAILING, chance):
            return True
        self.accept(seen)
        return False

    def cut(self, seen: Seen, limit: int) -> None:
        """Rows are cut for what was seen at this limit: from here on it is tested."""
        self._before = Before(seen, limit)

    def drop(self) -> None:
        """Other things have happened: no test."""
        self._before = None

    def verdict(self, seen: Seen) -> int | None:
        """After a cut: the limit to go back to where it was useless, 0 where it was not, None while that is unsure."""
        before = self._before
        if before is None:
            return 0
        was = min(before.seen.failing, 0.99)
        if_load = max(self.share, NEXT_TO_NONE, 1 - (1 - was) * before.seen.rows / max(seen.rows, 1.0))
        if if_load >= was:  # there are no fewer rows: that tells nothing
            self._before = None
            return 0
        before.odds += seen.failed * math.log(was / if_load) + seen.answers * math.log((1 - was) / (1 - if_load))
        if abs(before.odds) < ODDS:
            return None
        self._before = None
        if before.odds < 0:
            return 0
        self._failed = self._of = 0.0
        self.accept(before.seen)
        self.accept(seen)
        return before.limit

    def accept(self, seen: Seen) -> None:
        """What failed is not of our making."""
        self._failed, self._of = KEPT * self._failed + seen.failed, KEPT * self._of + seen.count
