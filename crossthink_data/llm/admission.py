"""Admission control: how many rows may be at an endpoint at once, with no number set by hand.

From Self-* overload control (Bartolini et al. 2008, arXiv 0802.2543): only the admission of new rows ("sessions") is
limited, requests of rows that have begun always pass; a curve of admitted rate against 95th-percentile latency is
learned per request class, kept monotone and recency-weighted; the rate where it meets the objective is why growth
stops; in a flash crowd (start, a second client, changed capacity) intervals are short, and long again when it is over.

Ours, and why. The callers are a batch: rows that are refused wait, so arrivals are always more than enough and the rate
is what the endpoint gives back; beyond its knee, rate no longer tells 32 in flight from 320. So the actuator is the
number of rows in flight, bounded by Little's law from the rate and the objective; an endpoint that slows down then
slows admissions at once, since each waits for a completion. A search keeps it at the knee, below what the objective
allows: the paper has no cliff, where throughput falls before latency is at its limit. Objectives are learned, and
learned anew when fewer rows do not make the endpoint quicker. Failures, outages, retries and jitter are not in the
paper.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from crossthink_data.llm.admission_control import Control


class Admission:
    """Stands between rows and an endpoint, in one event loop. `jitter` is seeded where runs must be the same."""

    def __init__(
        self,
        objective_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._control = Control(objective_s, clock(), jitter or random.Random())  # noqa: S311 (it guards nothing)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Waits until a new row may begin: first come, first served, never refused for good."""
        await self._wait(self._waiting, self.end)

    def end(self) -> None:
        """A row that began is done, however it ended."""
        self._tick()
        self._control.ended(asyncio.current_task())
        self._turn()

    async def ready(self) -> None:
        """Before each request of a row that began: returns at once, unless the endpoint is seen to be down."""
        if self._control.outage.holds:
            await self._wait(self._held, self._turn)

    def sent(self, kind: str) -> int:
        """A request goes out; returns its ticket."""
        self._tick()
        return self._control.sent(kind, asyncio.current_task())

    def answered(self, ticket: int) -> None:
        """It came back well: its latency counts."""
        self._tick()
        self._control.answered(ticket)
        self._turn()

    def failed(self, ticket: int) -> None:
        """It failed in a way that may be repeated. Until its task sends again, or is done, it pauses."""
        self._tick()
        who = asyncio.current_task()
        self._control.failed(ticket, who)
        if who:
            who.add_done_callback(self._control.pauses.drop)
        self._turn()

    def may_retry(self) -> bool:
        """May a failed request be repeated now? Where not, the row waits and asks again, or awaits `retry`."""
        return self._control.may_retry(self._clock())

    async def retry(self) -> None:
        """Waits until a failed request may be repeated."""
        while not self.may_retry():
            await asyncio.sleep(self._control.patience())

    def snapshot(self) -> dict[str, Any]:
        """What it knows, for logs and manifests; docs/admission.md says what each means."""
        return self._control.snapshot(len(self._waiting))

    async def _wait(self, queue: deque[asyncio.Future[None]], undo: Callable[[], None]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._tick()
        self._turn()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                undo()  # its turn had come
            raise

    def _tick(self) -> None:
        self._control.tick(self._clock(), len(self._waiting))

    def _turn(self) -> None:
        """Lets go whoever may go now, and sets the timer for whoever may go later.

        The paper admits each arrival with probability p = allowed / arriving. Here a refused row waits instead of going
        away, so that lots would only shuffle the queue: its first are taken, as many as are allowed, evenly paced.
        """
        control, held, waiting = self._control, self._held, self._waiting
        while _first(held) and control.may_pass():
            held.popleft().set_result(None)
        if not held and control.outage.returning:
            control.outage.settled()
        while _first(waiting) and control.may_begin():
            waiting.popleft().set_result(None)
        if self._timer:
            self._timer.cancel()
        wait = control.outage.wake_in(control.now) if held else control.begins_in() if waiting else inf
        self._timer = None if wait == inf else asyncio.get_running_loop().call_later(wait, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._tick()
        self._turn()


def _first(queue: deque[asyncio.Future[None]]) -> bool:
    """Is anyone in it? Those who no longer wait are taken out on the way."""
    while queue and queue[0].done():
        queue.popleft()
    return bool(queue)
