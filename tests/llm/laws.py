"""Service-time laws of an endpoint, out of YAML, and an endpoint that answers by one, on any event loop's clock.

The HTTP server of `law_server` answers by it in real time, `simulate` in virtual time: one piece of code.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossthink_data.errors import CrossthinkError

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(Strict):
    """What changes `at_s` seconds after the first request."""

    at_s: Seconds
    capacity: Positive | None = None  # times what the endpoint can do, until changed again
    outage_s: Positive | None = None  # what is out is cut; nothing is answered for so long
    how: Literal["refused", "503"] = "refused"
    slow_share: Annotated[float, Field(ge=0, le=1)] | None = None  # of the answers dribble, until changed again
    slow_s: Seconds = 0.0  # so much longer each
    others: Annotated[int, Field(ge=0)] | None = None  # requests that a second client keeps in flight, until changed
    fail_share: Annotated[float, Field(ge=0, le=1)] | None = None  # of requests fail at once with 503, until changed

    @model_validator(mode="after")
    def _one(self) -> Event:
        given = [self.capacity, self.outage_s, self.slow_share, self.others, self.fail_share]
        if sum(value is not None for value in given) != 1:
            raise ValueError("an event has exactly one of capacity, outage_s, slow_share, others, fail_share")
        return self


class Law(Strict):
    """How long a request takes: (latency + slope x in flight + tokens) x a draw, in a slot where there are slots."""

    kind: Literal["constant", "linear", "saturating", "heavy_tailed"]
    latency_s: Positive
    slope_s: Seconds = 0.0  # more for each request in flight (linear)
    token_s: Seconds = 0.0  # more for each token asked for
    slots: Annotated[int, Field(ge=1)] | None = None  # served at a time, the others queue (saturating)
    cliff: Annotated[int, Field(ge=1)] | None = None  # above so many in flight each takes in flight / cliff as long
    refuse_above: Annotated[int, Field(ge=1)] | None = None  # in flight: more get 429
    tail: Literal["lognormal", "pareto"] | None = None  # of the draw, whose mean is 1 (heavy_tailed)
    shape: Positive | None = None  # sigma of the lognormal, or the Pareto's alpha (> 1)
    seed: int = 0
    events: tuple[Event, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Law:
        needs = {"linear": "slope_s", "saturating": "slots", "heavy_tailed": "tail"}
        field = needs.get(self.kind)
        if field and not getattr(self, field):
            raise ValueError(f"a {self.kind} law needs {field}")
        if bool(self.tail) != bool(self.shape):
            raise ValueError("tail and shape go together")
        if self.tail == "pareto" and self.shape is not None and self.shape <= 1:
            raise ValueError(f"a Pareto of shape {self.shape} has no mean: shape must be above 1")
        return self


def read_law(path: Path) -> Law:
    """The law in a file. Raises CrossthinkError that names file, field and rule."""
    try:
        found = yaml.safe_load(path.read_text())
        return Law.model_validate(found)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CrossthinkError(f"{path}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'law'}: {one['msg']}" for one in error.errors())
        raise CrossthinkError(f"{path}: {said}; see tests/bench/admission_laws for laws that work") from error


def draw(law: Law, rng: random.Random) -> float:
    """A factor of mean 1."""
    if law.tail is None or law.shape is None:
        return 1.0
    if law.tail == "lognormal":
        return rng.lognormvariate(-(law.shape**2) / 2, law.shape)
    return rng.paretovariate(law.shape) * (law.shape - 1) / law.shape


def service_s(law: Law, in_flight: int, tokens: int, capacity: float, rng: random.Random) -> float:
    """How long a request takes that is begun now."""
    plain = law.latency_s + law.slope_s * in_flight + law.token_s * tokens
    crowded = max(1.0, in_flight / law.cliff) if law.cliff else 1.0
    return plain * draw(law, rng) * crowded / (1.0 if law.slots else capacity)  # slots are what capacity counts


class CutError(ConnectionError):
    """The endpoint is out, or went out while it worked on this."""


class Endpoint:
    """Answers by a law; its schedule begins with its first request."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.capacity = 1.0
        self.out = ""  # how it is out, while it is
        self.in_flight = 0
        self.others = 0
        self.slow = (0.0, 0.0)
        self.fail_share = 0.0
        self._rng = random.Random(law.seed)  # noqa: S311 (not a secret)
        self._busy = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._held: dict[asyncio.Future[None], None] = {}  # in order: sets differ from run to run
        self._others: set[asyncio.Task[None]] = set()
        self._begun = False

    async def answer(self, tokens: int = 16) -> float:
        """Comes back when it is answered, with the seconds over which it should dribble. Raises CutError."""
        self._begin()
        if self.out:
            raise CutError(self.out)
        if self.law.refuse_above and self.in_flight >= self.law.refuse_above:
            raise CutError("429")
        if self._rng.random() < self.fail_share:
            raise CutError("503")
        self.in_flight += 1
        try:
            await self._slot()
            try:
                await self._hold(service_s(self.law, self.in_flight, tokens, self.capacity, self._rng))
            finally:
                self._busy -= 1
                self._fill()
        finally:
            self.in_flight -= 1
        share, slow_s = self.slow
        return slow_s if self._rng.random() < share else 0.0

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        for event in self.law.events:
            asyncio.get_running_loop().call_later(event.at_s, self._happen, event)

    def _happen(self, event: Event) -> None:
        if event.capacity is not None:
            self.capacity = event.capacity
            self._fill()
        if event.slow_share is not None:
            self.slow = (event.slow_share, event.slow_s)
        if event.fail_share is not None:
            self.fail_share = event.fail_share
        if event.others is not None:
            self.others = event.others
            while len(self._others) < self.others:
                self._others.add(asyncio.get_running_loop().create_task(self._other()))
        if event.outage_s is not None:
            self.out = event.how
            asyncio.get_running_loop().call_later(event.outage_s, self._return)
            for future in [*self._held, *self._queue]:
                if not future.done():
                    future.set_exception(CutError(event.how))

    def _return(self) -> None:
        self.out = ""

    async def _other(self) -> None:
        me = asyncio.current_task()
        while len(self._others) <= self.others:
            try:
                await self.answer()
            except CutError:
                await asyncio.sleep(self.law.latency_s)
        if me:
            self._others.discard(me)

    async def _slot(self) -> None:
        if self.law.slots and self._busy >= self._slots():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            await turn
        else:
            self._busy += 1

    def _slots(self) -> int:
        return max(1, round((self.law.slots or 0) * self.capacity))

    def _fill(self) -> None:
        while self._queue and self._busy < self._slots():
            turn = self._queue.popleft()
            if not turn.done():
                self._busy += 1
                turn.set_result(None)

    async def _hold(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        held: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _end, held)
        self._held[held] = None
        try:
            await held
        finally:
            timer.cancel()
            del self._held[held]


def _end(held: asyncio.Future[None]) -> None:
    if not held.done():
        held.set_result(None)
