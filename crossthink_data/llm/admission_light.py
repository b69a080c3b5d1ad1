"""Objectives, learned: a multiple of what each kind of request takes on a lightly loaded endpoint.

Learned at the start, with few rows in flight; again when answers come quicker; and again when an objective is missed
for which our load cannot be the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf, log, sqrt
from statistics import fmean, median, pstdev

from crossthink_data.llm.admission_interval import FEW, Interval, Seen, beyond_chance
from crossthink_data.llm.latency_curve import percentile_95

# An endpoint whose latency grows in a line with what is in flight gives 1 - 1/m of all it ever could at m times its
# light latency: 4/5 at 5, and each further tenth doubles the wait. One with slots gives all it has well below.
MULTIPLE = 5.0
KEPT = 200  # samples of a light latency: a 95th percentile of 200 has ten beyond it
COLD = 4  # first answers of a kind, one of each row at the start: connections are made, and an endpoint wakes up
LIGHT = 1.05  # times the light median up to which an endpoint still counts as lightly loaded
LIGHTER, LEAST = 0.8, 0.02  # times the light p95; where no more than this share is above it, it is learned anew
USELESS = 0.25  # of a cut in rows shows in latency, in logarithms: less, and the latency is not of our making
MUCH = 0.6  # of the rows before are few enough to tell
WORSE = 0.9  # times the room before, with fewer rows: an endpoint that still changes, which tells nothing yet
REACHED = 0.9  # an objective that is given must be this much above what an idle endpoint takes, or it is not held to


@dataclass
class Light:
    """Latencies of a kind in seconds, on a lightly loaded endpoint."""

    samples: list[float]
    mean: float = 0.0
    middle: float = 0.0
    p95: float = 0.0
    recent: list[float] = field(default_factory=list)  # whatever the load

    def __post_init__(self) -> None:
        self._are(self.samples)

    def after(self, seen: list[float]) -> None:
        """Takes in an interval's latencies, if they are of a lightly loaded endpoint too; anew if it is lighter now."""
        self.recent = [*self.recent, *seen][-KEPT // 2 :]
        chance = 1 + 2 * pstdev(self.samples) / self.mean / sqrt(len(self.samples))
        light = median(seen) <= LIGHT * self.middle * chance
        if light and len(seen) >= FEW and len(self.samples) < KEPT:
            self._are([*self.samples, *seen])
        slow = sum(value > LIGHTER * self.p95 for value in self.recent)
        if len(self.recent) == KEPT // 2 and slow <= len(self.recent) * LEAST:
            self._are(self.recent)

    def _are(self, samples: list[float]) -> None:
        self.samples, self.recent = samples, []
        self.mean, self.middle, self.p95 = fmean(samples), median(samples), percentile_95(samples)


class Objectives:
    """By kind; `asked` is one for all that a user gave."""

    def __init__(self, asked: float | None) -> None:
        self.lights: dict[str, Light] = {}
        self._asked = asked
        self._cut: Seen | None = None  # before rows were last cut
        self._tails = 0  # intervals in a row that only their tail made miss the objective

    def of(self, kind: str) -> float:
        """Learned where none is given, or where an idle endpoint takes longer: to crawl would hold nothing."""
        light = self.lights[kind].p95
        if self._asked is not None and REACHED * self._asked >= light:
            return self._asked
        return MULTIPLE * light

    def longest(self) -> float:
        """Of all kinds; without end where none is known."""
        return max((self.of(kind) for kind in self.lights), default=inf)

    def learn(self, one: Interval) -> float:
        """From an interval; returns by what the unit of work, the light latency of its answers, has changed."""
        known = {kind: taken for kind, taken in one.answers.items() if kind in self.lights}
        before, took = self._light_seconds(known), sum(map(sum, known.values()))
        for kind, taken in known.items():
            self.lights[kind].after(taken)
        for kind, taken in one.answers.items():
            if kind not in self.lights:  # as if it had come while the others were lightly loaded
                slowdown = max(1.0, took / before) if known else 1.0
                warm = taken[COLD:] if len(taken) >= COLD + FEW else taken
                self.lights[kind] = Light([value / slowdown for value in warm])
        return self._light_seconds(known) / before if known else 1.0

    def slowdown(self, answers: Mapping[str, list[float]]) -> float:
        """How many times their light latencies these answers took, all in all."""
        return sum(map(sum, answers.values())) / self._light_seconds(answers)

    def room(self, one: Interval) -> float:
        """The least of objective / p95 over the kinds of which there are enough answers."""
        rooms = [self.of(kind) / percentile_95(one.to_judge(kind)) for kind in one.answers if one.enough(kind)]
        return min(rooms, default=1.0)

    def surely_missed(self, one: Interval) -> bool:
        """Are more than one in twenty beyond the objective, by more than chance?"""
        kinds = [kind for kind in one.answers if one.enough(kind)]
        return any(_sure(one.to_judge(kind), self.of(kind)) for kind in kinds)

    def explain(self, one: Interval, seen: Seen, restart: Callable[[int], None]) -> bool:
        """Is a missed objective none of our making? Then it is learned anew, and nothing is to be cut."""
        if seen.room >= 1:
            self._tails, self._cut = 0, None
            return False
        worst = min(one.answers, key=lambda kind: self.of(kind) / percentile_95(one.to_judge(kind)))
        return self._tail(worst, one.to_judge(worst)) or self._useless(worst, one.to_judge(worst), seen, restart)

    def _tail(self, kind: str, taken: list[float]) -> bool:
        """Load delays all requests; where the slowest are far more delayed than most, it is not load."""
        light = self.lights[kind]
        middle = max(1.0, median(taken) / light.middle)
        if percentile_95(taken) / light.p95 <= 2 * middle:
            return False
        self._cut, self._tails = None, self._tails + 1
        if self._tails > 1:  # twice is no chance
            delay = light.middle * (middle - 1)  # the load's, of all of them alike
            self.lights[kind] = Light([max(value - delay, light.middle) for value in taken])
        return True

    def _useless(self, kind: str, taken: list[float], seen: Seen, restart: Callable[[int], None]) -> bool:
        """Rows were cut, and latency did not follow: back to as many as there were."""
        last = self._cut
        if last is None or seen.room < WORSE * last.room:  # it was changing, and the first cut was made on half of it
            self._cut = seen
            return False
        if seen.rows >= MUCH * last.rows:
            return False
        if log(seen.room / last.room) >= USELESS * log(last.rows / seen.rows):
            self._cut = seen
            return False
        self._cut, self.lights[kind] = None, Light(taken)
        restart(round(last.rows))
        return True

    def _light_seconds(self, answers: Mapping[str, list[float]]) -> float:
        return sum(len(taken) * self.lights[kind].mean for kind, taken in answers.items())


def _sure(taken: list[float], objective: float) -> bool:
    return beyond_chance(sum(value > objective for value in taken), len(taken))
