"""What holds requests back while the endpoint is down, and how often a request may be repeated while it is not."""

from __future__ import annotations

import math
import random

FAILURES = 5  # in a row, and a quarter of what is out, and more where requests fail now and then
FIRST_S, LONGEST_S = 0.25, 5.0  # pauses between probes: one request in five seconds hurts no endpoint that comes up
SHARE, FLOOR = 0.2, 10.0  # retries a request, and retries in hand at the start (those of Finagle's RetryBudget)
SPARE = 1.2  # retries a request that fails whatever is in flight, which are no sign of a storm: chance has room
CHANCE = 1e-5  # that so many failures in a row are none of an outage
WEIGHT = 0.02  # of one request in the share that fails: of the last fifty or so
HALF = 0.5  # of all requests failing are as good as an outage


class Outage:
    """Up; down (a probe at a time); returning (each answer lets two pass, until none is held back)."""

    def __init__(self, jitter: random.Random) -> None:
        self.down = self.returning = False
        self.since = math.inf  # the clock when it went down
        self._jitter = jitter
        self._failures = 0  # in a row
        self._share = 0.0  # that failed of late, before that row
        self._attempts = 0
        self._next = 0.0
        self._passes = 0
        self._first = FIRST_S

    @property
    def holds(self) -> bool:
        """Is anything held back?"""
        return self.down or self.returning

    def failed(self, sent_at: float, now: float, out: int, patience_s: float) -> bool:
        """A request failed while `out` others are out; True when the endpoint has now gone down."""
        self._failures += 1
        if self.down:
            if sent_at >= self.since:  # it was a probe
                self._pause(now)
            return False
        if self._failures < (2 if self.returning else max(FAILURES, out / 4, self._by_chance())):
            return False
        self.down, self.returning, self.since = True, False, now
        self._first = min(max(FIRST_S, patience_s), LONGEST_S)
        self._pause(now)
        return True

    def answered(self) -> bool:
        """A request was answered; True when that shows that the endpoint is back."""
        if not self.holds:
            self._share = (1 - WEIGHT) * (1 - (1 - self._share) * (1 - WEIGHT) ** self._failures)
        self._failures, back = 0, self.down
        if back:
            self.down, self.returning, self._attempts, self._passes = False, True, 0, 0
        if self.returning:
            self._passes += 2
        return back

    def may_pass(self, now: float, out: int, patience_s: float) -> bool:
        """May one request that is held back go now? Asked again for each."""
        if self.returning and self._passes >= 1:
            self._passes -= 1
            return True
        if not self.holds:
            return True
        if now < self._next or (self.returning and out):
            return False
        self._next = now + max(LONGEST_S, patience_s)  # should this one never come back
        return True

    def settled(self) -> None:
        """Nothing is held back any more."""
        self.returning = False

    def wake_in(self, now: float) -> float:
        """Seconds until a probe may go; without end where only an answer changes anything."""
        return max(0.0, self._next - now) if self.holds else math.inf

    def _by_chance(self) -> float:
        share = min(self._share, HALF)
        return math.log(CHANCE) / math.log(share) if share else 0.0

    def _pause(self, now: float) -> None:
        longest = min(LONGEST_S, self._first * 2**self._attempts)
        self._attempts = min(self._attempts + 1, 10)
        self._next = now + self._jitter.uniform(0, longest)  # full jitter: clients that fell together come back apart


class RetryBudget:
    """Retries in hand: a share of the requests, and one in each latency's time, so that a sick endpoint still ends."""

    def __init__(self) -> None:
        self.left = FLOOR
        self._at: float | None = None

    def request(self, limit: int, failing: float) -> None:
        """A request was sent, of which so many fail by themselves; no more is saved than rows may be in flight."""
        self.left = min(self.left + max(SHARE, SPARE * failing), max(FLOOR, float(limit)))

    def take(self, now: float, latency_s: float) -> bool:
        """Takes one if there is one."""
        gone = 0.0 if self._at is None else (now - self._at) / max(latency_s, 1e-3)
        self._at = now
        self.left = min(self.left + gone, max(FLOOR, self.left))
        if self.left < 1:
            return False
        self.left -= 1
        return True
