"""The HTTP side of an endpoint: one request at a time, tried again while that can help, and no longer.

What may pass (too many requests, a server that fails, restarts or cuts the line) is tried again after a pause, within
a budget; what never will (a prompt too long, a wrong key, a model that is not there) is said at once. A request that
fails again and again while others go well is given up, so that one bad row does not hold up a run; when none goes
well, the endpoint is gone, and the run ends, to be resumed.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType
from typing import Any

import aiohttp
import orjson
from datatrove.pipeline.inference.types import ServerError

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.admission import Admission
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.request import GivenUpError, Payload, RefusedError, is_too_long
from crossthink_data.llm.wire import BUSY, NO_KEY, PassingError, model_names, no_key, read_answer

PATIENCE_S = 900.0  # without one good answer: the endpoint is gone, and somebody should look
FIRST_PATIENCE_S = 10.0  # before it said anything, or anything but other pages: the URL is wrong rather than busy
CONNECT_S = 10.0
PAUSE_S, LONGEST_PAUSE_S = 0.25, 15.0  # before a request is repeated: doubled each time, with jitter
BUDGET_S = 1.0  # until the budget is asked again
ATTEMPTS = 6  # that failed by themselves while others went well: datatrove's number
LAST_S = 120.0  # the last few have no others to be compared with: so long they may fail by themselves
REFUSALS = 20  # from the start, without one good answer: it is the form of all requests that the server refuses
MAX_ANSWER = 64 << 20  # bytes; 131,072 tokens with their log-probabilities take 20 MB
SHORT_TOKENS = 64  # a request that may answer with more is a long one
JSON = {"Content-Type": "application/json"}


class Client:
    """An endpoint's session, for datatrove's runner; every request goes past the admission control.

    `proven`: the endpoint has answered before, in this run or in one that this resumes. `few_left`: are all rows but a
    few done?
    """

    def __init__(self, endpoint: Endpoint, gate: Admission, few_left: Callable[[], bool]) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._few_left = few_left
        self._checking = asyncio.Lock()  # held while the first request asks which models there are
        self._jitter = random.Random()  # noqa: S311 (spreads repeated requests, guards nothing)
        self._heard = False  # the server has said something
        self._good_at: float | None = None
        self._failing_since: float | None = None  # first failure since the last good answer
        self._strange_since: float | None = None  # first of those that came last and were no completion
        self._good = self._refused = 0
        self.failures = 0
        self.proven = False

    async def __aenter__(self) -> Client:
        # A connection a request: were they kept, an answer that came twice would be read as the next request's.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        timeout = aiohttp.ClientTimeout(total=self._endpoint.timeout_s, sock_connect=CONNECT_S)
        headers = {"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def make_request(self, body: Payload) -> dict[str, Any]:
        """The server's answer. Raises RefusedError, GivenUpError, or ServerError for the end of the run.

        A ServerError has the CrossthinkError that says why as its cause.
        """
        try:
            await self._check()
            return await self._tried(body)
        except CrossthinkError as error:
            raise ServerError(str(error)) from error

    async def _tried(self, body: Payload) -> dict[str, Any]:
        sent, first_failed, own, attempt = orjson.dumps(body), None, 0, 0
        while True:
            good = self._good
            try:
                return await self._once(body, sent)
            except PassingError as error:
                first_failed = first_failed or time.monotonic()
                own += error.own and self._good > good
                self._give_up(error, own, first_failed)
                self._require_completions(str(error))
                self._lose_patience(str(error))
                await self._pause(error, attempt)
            attempt += 1

    async def _once(self, body: Payload, sent: bytes) -> dict[str, Any]:
        """One attempt, which the admission control hears of, however it ends."""
        await self._gate.ready()
        ticket = self._gate.sent("short" if body.get("max_tokens", math.inf) <= SHORT_TOKENS else "long")
        settle = self._gate.failed
        try:
            answer = await self._post(sent)
            settle = self._gate.answered
        except RefusedError as error:
            settle = self._gate.answered  # the server is well: were it held to be down, all would wait
            self._count_refusal(str(error.error))
            raise
        except PassingError as error:
            now = time.monotonic()
            self.failures += 1
            self._failing_since = self._failing_since or now
            self._strange_since = (self._strange_since or now) if error.strange else None
            raise
        finally:
            settle(ticket)
        self._good += 1
        self._good_at, self._failing_since, self._strange_since, self.proven = time.monotonic(), None, None, True
        return answer

    async def _post(self, sent: bytes) -> dict[str, Any]:
        try:
            async with self._session.post(
                self._endpoint.path, data=sent, headers=JSON, allow_redirects=False
            ) as response:
                said = await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise PassingError(_named(error)) from error
        except (aiohttp.ClientError, OSError) as error:  # among them a time-out
            raise PassingError(_named(error), own=True) from error
        return read_answer(self._endpoint, response.status, response.headers, said)

    def _give_up(self, error: PassingError, own: int, first_failed: float) -> None:
        """Raises GivenUpError where it is this request that is at fault, and not the endpoint."""
        others_went_well = self._good_at is not None and self._good_at > first_failed
        late = others_went_well and time.monotonic() - first_failed > self._patience_s
        last = error.own and self.proven and self._few_left() and self._failing_s() > LAST_S
        if own >= ATTEMPTS or late or last:
            raise GivenUpError(None, str(error))

    def _lose_patience(self, why: str) -> None:
        """Raises CrossthinkError when the server has said nothing, or answered nothing well, for too long."""
        allowed = self._patience_s if self._heard else FIRST_PATIENCE_S
        if self._failing_s() > allowed:
            raise CrossthinkError(
                f"{self._endpoint.url} has given no answer for {allowed:g} s ({why}): see that it runs, and that the "
                "URL is right, then run the same command again to resume; what was answered is kept"
            )

    def _require_completions(self, why: str) -> None:
        """Raises CrossthinkError where a server that has never given a completion goes on giving something else."""
        if self._strange_since and not self.proven and time.monotonic() - self._strange_since > FIRST_PATIENCE_S:
            raise CrossthinkError(
                f"{self._endpoint.path} answers, and not with completions ({why}): give the URL of an "
                "OpenAI-compatible server, then run the same command again"
            )

    def _failing_s(self) -> float:
        return time.monotonic() - self._failing_since if self._failing_since else 0.0

    @property
    def _patience_s(self) -> float:
        return PATIENCE_S + self._endpoint.timeout_s

    async def _pause(self, error: PassingError, attempt: int) -> None:
        """Until it may be repeated: as long as the server asks, and longer each time."""
        longest = min(PAUSE_S * 2.0 ** min(attempt, 10), LONGEST_PAUSE_S)
        await asyncio.sleep(error.after_s + self._jitter.uniform(longest / 2, longest))
        while not self._gate.may_retry():
            self._lose_patience(str(error))
            await asyncio.sleep(BUDGET_S)

    def _count_refusal(self, said: str) -> None:
        self._refused += not is_too_long(said)
        if self._refused >= REFUSALS and not self.proven:
            raise CrossthinkError(
                f"{self._endpoint.path} has refused the first {self._refused} requests ({said}): "
                "it does not take what this command asks for; use a server that does"
            )

    async def _check(self) -> None:
        """Before the first request: the model must be one that the server has. Some servers do not say."""
        async with self._checking:
            if not self._heard:
                offered = await self._offered()
                if offered and self._endpoint.model not in offered:
                    raise self._no_such_model(offered)
                self._heard, self._failing_since = True, None

    def _no_such_model(self, offered: list[str]) -> CrossthinkError:
        """All that it offers, the near names first."""
        near = get_close_matches(self._endpoint.model, offered, n=3, cutoff=0.5)
        names = ", ".join(dict.fromkeys([*near, *sorted(offered)]))
        return CrossthinkError(f"unknown model at {self._endpoint.url} {self._endpoint.model!r}: it offers {names}")

    async def _offered(self) -> list[str]:
        shortly = aiohttp.ClientTimeout(total=CONNECT_S)
        while True:
            try:
                url = f"{self._endpoint.url}/models"
                async with self._session.get(url, timeout=shortly, allow_redirects=False) as response:
                    said = await _read(response)
                if response.status in NO_KEY:
                    raise no_key(self._endpoint, response.status)
                if response.status < 500 and response.status not in BUSY:
                    return model_names(said) if response.status == 200 else []
                why = f"status {response.status}"
            except PassingError as error:
                why = str(error)
            except (aiohttp.ClientError, OSError) as error:
                why = _named(error)
            self._failing_since = self._failing_since or time.monotonic()
            self._lose_patience(why)
            await asyncio.sleep(min(1.0, FIRST_PATIENCE_S / 4))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises PassingError where it is longer than any answer."""
    said = bytearray()
    async for part in response.content.iter_any():
        said += part
        if len(said) > MAX_ANSWER:
            raise PassingError(f"an answer of more than {MAX_ANSWER:,} bytes", own=True, strange=True)
    return bytes(said)


def _named(error: BaseException) -> str:
    """What failed, without what the server sent: aiohttp quotes that, with the key where it stands in it."""
    name = type(error).__name__
    quotes = isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError)
    return f"{name}, no whole HTTP answer" if quotes else f"{name}: {error}".removesuffix(": ")
