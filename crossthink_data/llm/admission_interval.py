"""What an interval of admission saw.

`work` is requests in flight over slowdown (Little's law, with an answer worth the latency that its kind has on a
lightly loaded endpoint): what the endpoint gets done, whatever the mix of short and long requests. It is steadier than
counting answers, which come in bunches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean, pstdev

FEW = 8  # answers of a kind below which nothing is concluded from them
FRESH = 4  # answers to requests of the interval's own, before it counts
STARVED = 0.1  # of an interval without enough rows, and it says nothing of more
NEAR = 0.05  # of the limit: so near, the rows are there


@dataclass(frozen=True)
class Seen:
    """An interval as the search for the limit needs it."""

    rows: float  # in flight, the mean
    work: float
    answers: int
    scatter: float  # of the answers of a kind, relative
    room: float  # the least of objective / p95 over the kinds; below 1 an objective is missed
    failed: int
    full: bool  # did rows wait (nearly) all the time

    @property
    def count(self) -> int:
        """What came back, well or not."""
        return self.answers + self.failed

    @property
    def failing(self) -> float:
        """The share of it that failed."""
        return self.failed / self.count


@dataclass
class Ticket:
    """A request that is out."""

    kind: str
    at: float
    interval: Interval
    judged: bool = False  # as too slow, while it was out


@dataclass
class Interval:
    """A span of time: what was sent in it (kept by kind for the curve) and what came back once it had settled."""

    began: float
    limit: int
    settled_at: float | None = None
    filled_at: float | None = None
    fresh: int = 0  # answers to what was sent since it was filled
    admitted: int = 0
    ended: int = 0  # rows, since it settled
    failed: int = 0  # requests, since it settled
    out: int = 0  # of what was sent in it
    starved_s: float = 0.0  # in which more rows were allowed than there were
    row_seconds: float = 0.0
    request_seconds: float = 0.0
    sent: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, list[float]] = field(default_factory=dict)
    judged: dict[str, list[float]] = field(default_factory=dict)  # each request once: when late, or answered
    ended_at: float = math.inf

    def passed(self, seconds: float, rows: int, requests: int) -> None:
        """Time went by with so much in flight; it counts once the interval has settled."""
        if self.settled_at is not None:
            self.row_seconds += seconds * rows
            self.request_seconds += seconds * requests

    def settle(self, now: float, rows: int, patience: float, scatter: float) -> None:
        """It counts from when its rows are in flight and what is answered was sent since."""
        tired = now - self.began > 3 * patience  # rows come too slowly, or go: what there is must do
        if self.filled_at is None and (abs(rows - self.limit) <= NEAR * self.limit or tired):
            self.filled_at = now
        if self.filled_at is None or self.fresh < FRESH:
            return
        if now - self.filled_at >= patience * (1 + scatter):  # before that, the quick ones come back alone
            self.settled_at = now

    def cut_short(self, now: float, rows: int, requests: int) -> None:
        """What is in flight now stands for all of it: too much of it is late to wait for the end."""
        self.settled_at = self.began
        self.row_seconds, self.request_seconds = rows * (now - self.began), requests * (now - self.began)

    def answered(self, ticket: Ticket, latency: float) -> None:
        """Something came back, whenever it was sent."""
        self.fresh += self.filled_at is not None and ticket.at >= self.filled_at
        if self.settled_at is not None:
            self.answers.setdefault(ticket.kind, []).append(latency)
            if not ticket.judged:
                self.judged.setdefault(ticket.kind, []).append(latency)

    def judge(self, late: Iterable[Ticket], now: float) -> None:
        """What is out beyond its objective is too slow already, and is judged once."""
        for ticket in late:
            ticket.judged = True
            self.judged.setdefault(ticket.kind, []).append(now - ticket.at)
        if self.count() < FEW:
            self.answers = self.judged

    def count(self) -> int:
        """Answers that count."""
        return sum(map(len, self.answers.values()))

    def measured(self, now: float) -> float:
        """Seconds since it settled."""
        return max(now - (self.settled_at or self.began), 1e-9)

    def rate(self) -> float:
        """Rows admitted a second, once it has ended."""
        return self.admitted / max(self.ended_at - self.began, 1e-9)

    def to_judge(self, kind: str) -> list[float]:
        """Latencies by which the objective is judged: each request once, if that leaves enough of them."""
        judged = self.judged.get(kind, [])
        return judged if len(judged) >= FEW else self.answers[kind]

    def enough(self, kind: str) -> bool:
        """To conclude anything."""
        return len(self.to_judge(kind)) >= FEW

    def scatter(self) -> float:
        """Of answers of one kind: standard deviation over mean."""
        relative = [taken / fmean(all_taken) for all_taken in self.answers.values() for taken in all_taken]
        return pstdev(relative) if relative else 0.0

    def seen(self, now: float, slowdown: float, room: float) -> Seen:
        """What the search is told. There is at least one answer."""
        measured, count = self.measured(now), self.count()
        rows, work = self.row_seconds / measured, self.request_seconds / measured / slowdown
        full = self.starved_s <= STARVED * (now - self.began)
        return Seen(rows, work, count, self.scatter(), room, self.failed, full)


def beyond_chance(slow: int, of: int) -> bool:
    """Are so many too slow that, were it one in twenty, chance would not give it one time in twenty?"""
    return slow > 1 and slow > 0.05 * of + 1.64 * math.sqrt(0.0475 * of)
