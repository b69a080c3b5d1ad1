"""The learned curve of a request class: rate of admitted rows against 95th-percentile latency.

Slices of the rate, a tenth wide, hold a recency-weighted p95. The curve through them is kept monotone by pooling
adjacent violators (PAVA), so that noise cannot make a faster rate look quicker. What is newly seen fades what
contradicts it: an endpoint that changed is not averaged with the one that it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WIDTH = math.log(1.1)  # of a slice; two rates within it are one to a controller that moves in steps of a quarter
KEPT = 0.9  # of each slice's weight at each new interval: half is forgotten in seven
CONTRADICTED = 0.25  # more is forgotten of what the new interval contradicts
FORGOTTEN = 0.05  # a slice of less weight goes


@dataclass
class Slice:
    """Intervals of about one rate, as their weighted means."""

    rate: float
    p95: float
    weight: float = 1.0

    def join(self, other: Slice) -> Slice:
        """Both as one."""
        weight = self.weight + other.weight
        rate = (self.rate * self.weight + other.rate * other.weight) / weight
        return Slice(rate, (self.p95 * self.weight + other.p95 * other.weight) / weight, weight)


@dataclass
class LatencyCurve:
    """p95 in seconds by rows admitted a second."""

    slices: dict[int, Slice] = field(default_factory=dict)

    def add(self, rate: float, p95: float) -> None:
        """An interval in which rows were admitted at this rate and their requests took this long."""
        if rate <= 0:
            return
        for key, old in list(self.slices.items()):
            contradicts = (old.rate > rate and old.p95 < p95) or (old.rate < rate and old.p95 > p95)
            old.weight *= KEPT * (CONTRADICTED if contradicts else 1.0)
            if old.weight < FORGOTTEN:
                del self.slices[key]
        key = round(math.log(rate) / WIDTH)
        new = Slice(rate, p95)
        self.slices[key] = self.slices[key].join(new) if key in self.slices else new

    def points(self) -> list[Slice]:
        """The monotone curve, by rising rate."""
        return monotone([self.slices[key] for key in sorted(self.slices)])

    def crossing(self, objective: float) -> float | None:
        """The rate at which the curve meets the objective; None where it nowhere does."""
        points = self.points()
        if not points or points[-1].p95 < objective:
            return None
        first = points[0]
        if first.p95 >= objective:  # even the lowest is too slow: as far below it as latency is proportional to rate
            return first.rate * objective / first.p95
        for low, high in pairwise(points):
            if high.p95 >= objective:
                return low.rate + (high.rate - low.rate) * (objective - low.p95) / (high.p95 - low.p95)
        return None


def monotone(slices: Sequence[Slice]) -> list[Slice]:
    """Pools adjacent violators until p95 rises strictly."""
    pooled: list[Slice] = []
    for one in slices:
        block = Slice(one.rate, one.p95, one.weight)
        while pooled and pooled[-1].p95 >= block.p95:
            block = pooled.pop().join(block)
        pooled.append(block)
    return pooled


def percentile_95(values: Sequence[float]) -> float:
    """The least value that at least 95 % of them do not exceed; `values` is not empty."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
