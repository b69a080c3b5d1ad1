"""Rows through a limiter against an endpoint, on a virtual clock: minutes of it in a moment, and the same each time."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tests.llm.laws import Endpoint, Law

T = TypeVar("T")
TOKENS = {"short": 16, "long": 256}
Send = Callable[[int], Coroutine[Any, Any, None]]  # a request for so many tokens; raises ConnectionError


class Limiter(Protocol):
    """What stands before an endpoint."""

    async def begin(self) -> None: ...
    def end(self) -> None: ...
    async def ready(self) -> None: ...
    def sent(self, kind: str) -> int: ...
    def answered(self, ticket: int) -> None: ...
    def failed(self, ticket: int) -> None: ...
    async def retry(self) -> None: ...


@dataclass
class Run:
    """What was seen: when each row began and ended, each answer (at, latency, kind), in flight over time."""

    began: list[tuple[float, int]] = field(default_factory=list)
    ended: list[tuple[float, int]] = field(default_factory=list)
    answers: list[tuple[float, float, str]] = field(default_factory=list)
    flight: list[tuple[float, int]] = field(default_factory=list)
    failed: int = 0
    unfinished: int = 0  # rows, when time was up

    def rate(self, start: float, end: float) -> float:
        """Rows ended a second between these times."""
        return sum(start <= at < end for at, _ in self.ended) / (end - start)


async def work(
    limiter: Limiter, send: Send, rows: Sequence[Sequence[str]], within_s: float | None = None, pause_s: float = 0.0
) -> Run:
    """All rows, each a list of request kinds one after another; a request is repeated until it is answered.

    Before that it pauses, as the client does: `pause_s` at first, then up to four times as long, with jitter. What is
    not finished within the time is given up.
    """
    loop, run, out = asyncio.get_running_loop(), Run(), 0
    start, jitter = loop.time(), random.Random(0)  # noqa: S311 (not a secret)

    async def ask(kind: str) -> None:
        nonlocal out
        longest = pause_s
        while True:
            await limiter.ready()
            ticket, at, out = limiter.sent(kind), loop.time(), out + 1
            run.flight.append((at - start, out))
            try:
                await send(TOKENS[kind])
            except (ConnectionError, TimeoutError):
                limiter.failed(ticket)
                run.failed += 1
            else:
                limiter.answered(ticket)
                run.answers.append((loop.time() - start, loop.time() - at, kind))
                return
            finally:
                out -= 1
                run.flight.append((loop.time() - start, out))
            if pause_s:
                await asyncio.sleep(jitter.uniform(longest / 2, longest))
                longest = min(2 * longest, 4 * pause_s)
            await limiter.retry()

    async def row(number: int, kinds: Sequence[str]) -> None:
        await limiter.begin()
        run.began.append((loop.time() - start, number))
        try:
            for kind in kinds:
                await ask(kind)
        finally:
            limiter.end()
        run.ended.append((loop.time() - start, number))

    tasks = [asyncio.ensure_future(row(number, kinds)) for number, kinds in enumerate(rows)]
    done, pending = await asyncio.wait(tasks, timeout=within_s)
    run.unfinished = len(pending)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()  # raises what it raised
    return run


class _Jump(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again: every task waits and no timer is set")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only in its timers."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def in_virtual_time(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """What `main` returns, given the loop that it runs on."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.run_until_complete(_cancel_rest())
        loop.close()


async def _cancel_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def simulate(
    law: Law, limiter: Callable[[Callable[[], float]], Limiter], rows: Sequence[Sequence[str]], pause_s: float = 0.0
) -> tuple[Run, Limiter]:
    """All rows through a limiter made with the virtual clock."""

    async def main(loop: VirtualLoop) -> tuple[Run, Limiter]:
        endpoint, made = Endpoint(law), limiter(loop.time)

        async def send(tokens: int) -> None:
            dribble = await endpoint.answer(tokens)
            if dribble:
                await asyncio.sleep(dribble)

        return await work(made, send, rows, pause_s=pause_s), made

    return in_virtual_time(main)
