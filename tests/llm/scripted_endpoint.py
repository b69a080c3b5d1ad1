"""A scripted OpenAI-compatible endpoint on loopback, for tests of behaviour.

    with ScriptedEndpoint(answer=lambda body: r"\\boxed{4}", faults=seeded_faults(1, 0.3, ["500", "cut"])) as server:
        ask_rows(documents, rollout, make_endpoint(server.url, server.models[0]), work)
    assert server.answered == 20 and server.bodies()[0]["seed"] == 7

`answer` gives the text for a request's body; `prompt_of` takes the last message's text, or the prompt, out of one.
`faults` says for each request what happens instead of a right answer ("" for that); see FAULTS. It sees which request
this is in order of arrival (`number`, from 0) and how often the same body came before (`attempt`, from 0).
`seeded_faults` goes by the body's hash: the same bodies meet the same faults in any order of arrival. `on_answer` is
called in the server's thread when a completion has been written whole, with how many have been by now.

It offers chat and plain completions and GET /v1/models. `stop` and `start` take it away and bring it back on the same
port, `away` does both. `requests` holds each completion request with its headers and body; `answers` those that got a
completion with status 200, in the order of the answers, `answered` how many; `most_at_once` how many were open
together.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from crossthink_data.llm.request import seed_of

Body = dict[str, Any]
Answer = Callable[[Body], str]

FAULTS = {
    "": "the right answer",
    "wrong": "the answer of `wrong`",
    "slow": "the right answer, after `slow_s`",
    "reordered": "the right answer, after that of a later request, or `slow_s` where none comes",
    "twice": "the right answer, and its bytes once more on the connection",
    "length": "the right answer, finish_reason length",
    "empty": "a completion of an empty text",
    "no text": "a completion whose text is null",
    "empty body": "200 and nothing",
    "malformed": "200 and half a JSON",
    "no completion": "200 and a JSON of another form",
    "cut": "the connection ends in the middle of the body",
    "closed": "the connection ends before a byte",
    "hang": "no answer until the server stops",
    "too long": "400, with vLLM's words for a prompt beyond the context",
    "echo key": "400, with the request's Authorization header in its text",
    "429 after N": "429 with `Retry-After: N`",
    "STATUS": "that status, such as 429, 500 or 401",
}
TOO_LONG = "This model's maximum context length is 2048 tokens. However, you requested 4096 tokens"


@dataclass(frozen=True)
class Seen:
    """A request for a completion."""

    number: int
    attempt: int
    path: str
    headers: dict[str, str]
    body: Body


Faults = Callable[[Seen], str]


def prompt_of(body: Body) -> str:
    """The last message's text, or the prompt."""
    return str(body["messages"][-1]["content"] if "messages" in body else body["prompt"])


def in_turn(*faults: str) -> Faults:
    """These for the first requests in order of arrival, then right answers."""
    return lambda seen: faults[seen.number] if seen.number < len(faults) else ""


def seeded_faults(seed: int, share: float, faults: Sequence[str], at_most: int = 3) -> Faults:
    """In `share` of the requests one of these, drawn by the body; the same body meets no more than `at_most`."""

    def drawn(seen: Seen) -> str:
        drawn = seed_of(seed, _hash(seen.body), seen.attempt)
        return faults[drawn % len(faults)] if seen.attempt < at_most and drawn < share * 2**31 else ""

    return drawn


@dataclass
class ScriptedEndpoint:
    """The server, in a thread of its own while the context lasts."""

    answer: Answer = prompt_of
    faults: Faults = lambda seen: ""
    models: Sequence[str] | None = ("scripted",)  # None: GET /v1/models is not there
    models_first: Sequence[int] = ()  # statuses with which GET /v1/models begins
    key: str | None = None  # without it, 401
    wrong: Answer = lambda body: "a wrong answer"
    slow_s: float = 0.3
    delay_s: float = 0.0  # before every answer
    on_answer: Callable[[int], None] = lambda answered: None
    requests: list[Seen] = field(default_factory=list)
    answers: list[Seen] = field(default_factory=list)  # the requests that got a completion, in order of the answers
    connections: int = 0
    most_at_once: int = 0
    _models_asked: int = 0
    _open: int = 0
    _port: int = 0
    _same: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> ScriptedEndpoint:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def answered(self) -> int:
        return len(self.answers)

    def bodies(self) -> list[Body]:
        return [seen.body for seen in self.requests]

    def start(self) -> None:
        """Listens, on the port that it had before."""
        self._here(self._start())

    def stop(self) -> None:
        """Is gone: open connections are cut, new ones refused."""
        self._here(self._stop())

    def away(self, seconds: float) -> None:
        """Is gone for so long; returns at once, and may be called from `on_answer`."""
        self._gone = asyncio.run_coroutine_threadsafe(self._away(seconds), self._loop)

    def _here(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _start(self) -> None:
        self._later = asyncio.Event()  # set, and replaced, whenever an answer has gone out
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _away(self, seconds: float) -> None:
        await self._stop()
        await asyncio.sleep(seconds)
        await self._start()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if task.cancelling() else writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request on the connection, answered; False where it is the last."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            if method == "GET":
                raw = self._models(headers)
                again = await self._write(writer, raw)
            else:
                again = await self._complete(self._note(path, headers, orjson.loads(content)), writer)
        finally:
            self._open -= 1
        return again and headers.get("connection") != "close"

    def _note(self, path: str, headers: dict[str, str], body: Body) -> Seen:
        same = _hash(body)
        seen = Seen(len(self.requests), self._same[same], path, headers, body)
        self._same[same] += 1
        self.requests.append(seen)
        return seen

    async def _complete(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        fault = "401" if self._refuses(seen.headers) else self.faults(seen)
        await asyncio.sleep(self.delay_s + self.slow_s * (fault == "slow"))
        if fault == "reordered":
            await self._after_a_later_one()
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "closed":
            return False
        right = self._completion(seen, fault)
        if (raw := self._refusal(seen, fault) or _garbled(right, fault)) is not None:
            return await self._write(writer, raw) and fault != "cut"
        await self._write(writer, _reply(200, right))
        self.answers.append(seen)
        self._later.set()
        self._later = asyncio.Event()
        self.on_answer(self.answered)
        if fault == "twice":
            await asyncio.sleep(0.01)  # else the client sees it before it lets go of the connection
            await self._write(writer, _reply(200, right))
        return True

    async def _after_a_later_one(self) -> None:
        try:
            await asyncio.wait_for(self._later.wait(), self.slow_s)
        except TimeoutError:
            return

    def _refuses(self, headers: dict[str, str]) -> bool:
        return self.key is not None and headers.get("authorization") != f"Bearer {self.key}"

    def _completion(self, seen: Seen, fault: str) -> bytes:
        text: str | None = self.wrong(seen.body) if fault == "wrong" else self.answer(seen.body)
        text = {"empty": "", "no text": None}.get(fault, text)
        counts = {"prompt_tokens": len(prompt_of(seen.body).split()), "completion_tokens": len((text or "").split())}
        said = {"message": {"role": "assistant", "content": text}} if "messages" in seen.body else {"text": text}
        choice = {"index": 0, "finish_reason": "length" if fault == "length" else "stop", **said}
        return orjson.dumps(
            {"id": f"cmpl-{seen.number}", "model": seen.body["model"], "choices": [choice], "usage": counts}
        )

    def _refusal(self, seen: Seen, fault: str) -> bytes | None:
        if fault == "too long":
            return _error(400, TOO_LONG)
        if fault == "echo key":
            return _error(400, f"bad header {seen.headers.get('authorization')}")
        status, _, after = fault.partition(" after ")
        if not status.isdigit():
            return None
        return _error(int(status), f"status {status}, as the test asked", {"Retry-After": after} if after else {})

    def _models(self, headers: dict[str, str]) -> bytes:
        self._models_asked += 1
        if self._refuses(headers):
            return _error(401, "no such key")
        if self._models_asked <= len(self.models_first):
            return _error(self.models_first[self._models_asked - 1], "as the test asked")
        if self.models is None:
            return _error(404, "not found")
        return _reply(200, orjson.dumps({"object": "list", "data": [{"id": name} for name in self.models]}))

    async def _write(self, writer: asyncio.StreamWriter, raw: bytes) -> bool:
        writer.write(raw)
        await writer.drain()
        return True


def _garbled(right: bytes, fault: str) -> bytes | None:
    """The reply's bytes where it is a 200 that is no completion."""
    if fault == "empty body":
        return _reply(200, b"")
    if fault == "malformed":
        return _reply(200, right[: len(right) // 2])
    if fault == "no completion":
        return _reply(200, b'{"object": "ping", "choices": []}')
    if fault == "cut":
        return _reply(200, right)[: -len(right) // 2]
    return None


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> bytes:
    return _reply(status, orjson.dumps({"error": {"message": message, "code": status}}), headers)


def _reply(status: int, content: bytes, headers: dict[str, str] | None = None) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + content


def _hash(body: Body) -> str:
    return hashlib.blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
