"""The decisions of admission control, free of asyncio: it is told what happens and when, and says who may go."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable
from math import inf
from typing import Any

from crossthink_data.llm.admission_interval import FEW, Interval, Seen, Ticket, beyond_chance
from crossthink_data.llm.admission_light import MULTIPLE, Objectives
from crossthink_data.llm.admission_limit import AIMED, CROWD, LimitSearch
from crossthink_data.llm.admission_outage import Outage, RetryBudget
from crossthink_data.llm.admission_pause import Pauses
from crossthink_data.llm.latency_curve import LatencyCurve, percentile_95

SHORT, LONG = 0.5, 2.0  # latencies that a short and a long interval are measured for at least
LONGEST = 8  # and at most, however much the answers scatter
ROUGH, FINE = 0.15, 0.05  # relative error of the mean latency that is enough in a crowd, and in steady times
MOST_ROUGH, MOST_FINE = 64, 400  # answers that are enough, however much they scatter
UNKNOWN_S = 0.1  # the latency before there is an answer: what waits looks again so soon
LEAST_S = 0.001  # a latency: no network is quicker
AT_ONCE = 8  # the part of the limit that may begin at one moment


class Control:
    """Counts rows and requests, ends intervals, and holds what was learned. Times are in seconds of one clock."""

    def __init__(self, objective_s: float | None, now: float, jitter: random.Random) -> None:
        self.search, self.outage, self.budget = LimitSearch(), Outage(jitter), RetryBudget()
        self.objectives = Objectives(objective_s)
        self.curves: dict[str, LatencyCurve] = {}
        self.out: dict[int, Ticket] = {}
        self.pauses = Pauses()
        self.rows = 0
        self.now = now
        self._tickets = self._intervals = self._intervals_held = 0
        self._recent: dict[str, float] = {}  # latency by kind, of the last answers
        self._p95: dict[str, float] = {}  # of the last interval
        self._scatter = 0.0
        self._served = 0.0  # rows a second, of the last intervals
        self._row_s = 0.0  # that a row is in flight, of the last intervals
        self._before = 0  # rows in flight, when it last was not down
        self._credit = 1.0  # rows that may begin now
        self._interval = Interval(now, self.search.limit, settled_at=now)
        self._ended: deque[Interval] = deque()

    @property
    def busy(self) -> int:
        """Rows in flight: without those that pause before a request is repeated, which load nothing.

        Of a row with several requests at once, so much of it as does not pause.
        """
        asking = max(1, self.rows, len(self.out) + len(self.pauses))
        return self.rows - round(self.pauses.idle * self.rows / asking)

    @property
    def full(self) -> bool:
        """Are as many rows in flight as may be?"""
        return self.busy >= self.search.limit

    def tick(self, now: float, waiting: int) -> None:
        """Time has passed: it is accounted for, and the interval ends if it is long enough."""
        passed, self.now = now - self.now, now
        one = self._interval
        one.passed(passed, self.busy, len(self.out))
        one.starved_s += passed * (not waiting and not self.full)
        self.pauses.tick(now)
        if self._row_s:
            self._credit = min(self._credit + passed * self._pace(), max(1.0, self.search.limit / AT_ONCE))
        if self.outage.holds:
            return
        if one.settled_at is None:
            one.settle(now, self.busy, self.patience(), self._scatter)
        if self._long_enough() or self._too_late():
            self._close()

    def may_begin(self) -> bool:
        """May one more row begin now? Then it has."""
        if self.outage.holds or self.full or (self._row_s and self._credit < 1):
            return False
        self._credit -= bool(self._row_s)
        self._interval.admitted += 1
        self.rows += 1
        return True

    def begins_in(self) -> float:
        """Seconds until the next row may begin, if nothing comes back before; without end where something must."""
        if self.outage.holds:
            return inf
        if self.full:
            return max(0.001, self.pauses.next_in(self.now))
        if not self._row_s:
            return inf
        return max(0.001, (1 - self._credit) / self._pace())

    def may_pass(self) -> bool:
        """May one more held-back request of a row that began go now?"""
        return self.outage.may_pass(self.now, len(self.out), self.patience())

    def may_retry(self, now: float) -> bool:
        """May a failed request be repeated now?"""
        if self.outage.holds:
            return True  # `may_pass` lets one go at a time: that is bound enough
        return self.budget.take(now, self.patience()) or not self.full  # or it takes a new row's place

    def ended(self, who: Hashable) -> None:
        """A row is done."""
        self.rows -= 1
        self.pauses.drop(who)
        self._interval.ended += self._interval.settled_at is not None

    def sent(self, kind: str, who: Hashable) -> int:
        """A request goes out."""
        self._tickets += 1
        self.pauses.drop(who)
        self.out[self._tickets] = Ticket(kind, self.now, self._interval)
        self._interval.out += 1
        self.budget.request(self.search.limit, self.search.failures.share)
        return self._tickets

    def answered(self, number: int) -> None:
        """It came back."""
        ticket = self._back(number)
        latency = max(self.now - ticket.at, LEAST_S)
        ticket.interval.sent.setdefault(ticket.kind, []).append(latency)
        self._interval.answered(ticket, latency)
        self._recent[ticket.kind] = latency + 0.9 * (self._recent.get(ticket.kind, latency) - latency)
        if self.outage.answered():
            self.search.restart(self._before // 2)  # gently: what failed may be that there were too many
            self._open(settled=False)

    def failed(self, number: int, who: Hashable) -> None:
        """It failed; `who` asked pauses until it asks again, or is gone."""
        ticket = self._back(number)
        self.pauses.add(who, ticket.at + self.patience())
        self._interval.failed += self._interval.settled_at is not None
        if not self.outage.holds:
            self._before = min(self.rows, self.search.limit)
        if self.outage.failed(ticket.at, self.now, len(self.out), self.patience()):
            self.search.refused(self._before)
            self._ended.clear()  # what was sent to an endpoint that went down says nothing of its speed

    def patience(self) -> float:
        """The latency of late, of the slowest kind: what intervals, pauses and waits are counted in."""
        return max(self._recent.values(), default=UNKNOWN_S)

    def rate(self) -> float | None:
        """Lambda*: the lowest rate at which a curve meets its objective; None where none does."""
        kinds = [kind for kind in self.curves if kind in self.objectives.lights]
        met = [self.curves[kind].crossing(AIMED * self.objectives.of(kind)) for kind in kinds]
        return min((rate for rate in met if rate is not None), default=None)

    def snapshot(self, waiting: int) -> dict[str, Any]:
        """What it knows; seconds, and rows a second."""
        kinds = sorted(self.objectives.lights)
        allowed = max(0, self.search.limit - self.busy)
        return {
            "mode": "down" if self.outage.holds else "crowd" if self.search.crowd else "steady",
            "rate": self.rate(),
            "served": self._served,
            "limit": self.search.limit,
            "rows": self.rows,
            "pausing": len(self.pauses),
            "failing": self.search.failures.share,
            "waiting": waiting,
            "p": min(1.0, allowed / waiting) if waiting else 1.0,
            "in_flight": len(self.out),
            "p95": dict(self._p95),
            "objective": {kind: self.objectives.of(kind) for kind in kinds},
            "light_p95": {kind: self.objectives.lights[kind].p95 for kind in kinds},
            "retries_in_hand": self.budget.left,
            "intervals": self._intervals,
            "intervals_held": self._intervals_held,
        }

    def _back(self, number: int) -> Ticket:
        ticket = self.out.pop(number)
        ticket.interval.out -= 1
        return ticket

    def _long_enough(self) -> bool:
        one, patience, crowd = self._interval, self.patience(), self.search.crowd
        if one.settled_at is None or (count := one.count()) < (FEW if self.objectives.lights else 2 * FEW):
            return False
        measured = one.measured(self.now)
        if measured < (SHORT if crowd else LONG) * patience:
            return False
        if measured > LONGEST * patience:
            return True
        if count % FEW:  # looked at now and then: it costs
            return False
        scatter = max(self._scatter, one.scatter())
        return count >= (min(MOST_ROUGH, (scatter / ROUGH) ** 2) if crowd else min(MOST_FINE, (scatter / FINE) ** 2))

    def _too_late(self) -> bool:
        """Is the objective missed before the interval has enough answers?"""
        if self.now - self._interval.began <= self.objectives.longest():
            return False
        late, back = len(self._late()), self._interval.count()
        return late + back >= FEW and beyond_chance(late, late + back)

    def _late(self) -> list[Ticket]:
        """Requests out for longer than their objective, of those that this interval sent."""
        own = [ticket for ticket in self.out.values() if ticket.interval is self._interval]
        known = [ticket for ticket in own if ticket.kind in self.objectives.lights]
        return [ticket for ticket in known if self.now - ticket.at > self.objectives.of(ticket.kind)]

    def _close(self) -> None:
        one, before, short = self._interval, self.search.limit, not self._long_enough()
        self.search.rescale(self.objectives.learn(one))
        one.judge(self._late(), self.now)
        if short:
            one.cut_short(self.now, self.busy, len(self.out))
        room = self.objectives.room(one)
        held = room >= 1
        seen = one.seen(
            self.now,
            self.objectives.slowdown(one.answers),
            room if held or self.objectives.surely_missed(one) else 1.0,
        )
        self._intervals, self._intervals_held = self._intervals + 1, self._intervals_held + held
        self._p95.update({kind: percentile_95(taken) for kind, taken in one.answers.items()})
        self._scatter = 0.5 * (self._scatter + seen.scatter)
        if not short:
            self._account(one.ended / one.measured(self.now), seen.rows)
        if not self.objectives.explain(one, seen, self.search.restart):
            self.search.decide(seen, self._most(seen))
        self._open(settled=self.search.limit == before)

    def _open(self, settled: bool) -> None:
        self._interval.ended_at = self.now
        self._ended.append(self._interval)
        self._fold()
        self._interval = Interval(self.now, self.search.limit, settled_at=self.now if settled else None)

    def _account(self, rate: float, rows: float) -> None:
        """How many rows a second are served, and how long one stays: by Little's law, over the last few intervals."""
        self._served = 0.5 * (self._served + rate) if self._served else rate
        self._row_s = rows / self._served if self._served else 0.0

    def _fold(self) -> None:
        """Into the curves goes what was sent in intervals whose answers are there, or older than the objective."""
        while self._ended and (not self._ended[0].out or self.now - self._ended[0].ended_at > self._waits_for()):
            first = self._ended.popleft()
            for kind, taken in first.sent.items():
                if len(taken) >= FEW:
                    self.curves.setdefault(kind, LatencyCurve()).add(first.rate(), percentile_95(taken))

    def _waits_for(self) -> float:
        return MULTIPLE * self.patience()

    def _most(self, seen: Seen) -> float:
        """Rows that may be in flight at lambda*, where a row stays as long as the objective allows (Little's law)."""
        if not self._served:
            return inf
        rate = self.rate() or CROWD * self._served
        return max(1.0, rate * self._row_s * seen.room)

    def _pace(self) -> float:
        """Rows a second that may begin while there is room: all that may be there, in half the time that one stays."""
        return 2 * self.search.limit / self._row_s
