"""What admission control is compared with: a fixed limit, and additive increase with multiplicative decrease."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

PAUSE_S = 1.0  # before a repeated request; datatrove's own runner waits 5 s, then twice as long each time


class Fixed:
    """So many rows in flight, from the first moment on. 500 is datatrove's `max_concurrent_generations`."""

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self.limit, self.clock = float(limit), clock
        self.rows = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sent: list[float] = []

    async def begin(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._fill()
        await turn

    def end(self) -> None:
        self.rows -= 1
        self._fill()

    async def ready(self) -> None:
        return None

    def sent(self, kind: str) -> int:
        self._sent.append(self.clock())
        return len(self._sent) - 1

    def answered(self, ticket: int) -> None:
        return None

    def failed(self, ticket: int) -> None:
        return None

    async def retry(self) -> None:
        await asyncio.sleep(PAUSE_S)

    def _fill(self) -> None:
        while self._waiting and self.rows < int(self.limit):
            self.rows += 1
            self._waiting.popleft().set_result(None)


class Aimd(Fixed):
    """TCP's rule, told the objective: slow start, then one more a round trip; half at a failure or a late answer."""

    def __init__(self, objective_s: float, clock: Callable[[], float]) -> None:
        super().__init__(4, clock)
        self._objective_s = objective_s
        self._slow_start = True
        self._halved_at = float("-inf")

    def answered(self, ticket: int) -> None:
        if self.clock() - self._sent[ticket] > self._objective_s:
            self._halve(ticket)
        elif not self._waiting:
            return
        else:
            self.limit += 1 if self._slow_start else 1 / self.limit
            self._fill()

    def failed(self, ticket: int) -> None:
        self._halve(ticket)

    def _halve(self, ticket: int) -> None:
        """Once for all that was sent before."""
        if self._sent[ticket] > self._halved_at:
            self.limit, self._slow_start, self._halved_at = max(1.0, self.limit / 2), False, self.clock()
