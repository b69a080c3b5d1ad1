"""What tests of asking share: rows with several requests, a gate that counts, and a run in a process of its own.

    python -m tests.llm.asking URL WORK ROWS AT_ONCE [DIE]

asks the rows and prints what they came to. DIE is `kept N` or `unkept N`: the process kills itself when the N-th
answer has just been recorded, or has come and is not.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
import xxhash
from datatrove.data import Document

from crossthink_data.llm import ask, client, recording
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.recording import FILE, Recording
from crossthink_data.llm.request import Generate, Payload, Sampling, payload, seed_of
from crossthink_data.llm.request import ask as ask_model
from crossthink_data.llm.responses import SCHEMA
from crossthink_data.schema import polars_schema
from tests.llm.scripted_endpoint import Body, prompt_of

STEPS = 3  # requests a row
ANSWERS = {name: dtype for name, dtype in polars_schema(SCHEMA).items() if name != "member"}


def recorded(folder: Path) -> pl.DataFrame:
    """Every answer in a work folder, in the order of row and request."""
    return pl.DataFrame(list(recording.recorded(folder / FILE)), schema=ANSWERS)


class OpenGate:
    """Admission that lets so many rows in at once, and counts."""

    at_once = 8
    made: OpenGate  # the last one

    def __init__(self, objective_s: float | None = None) -> None:
        OpenGate.made = self
        self._room = asyncio.Semaphore(self.at_once)
        self.waited = self.begun = self.ended = self.out = self.well = self.badly = 0

    async def begin(self) -> None:
        self.waited += 1
        await self._room.acquire()
        self.begun += 1

    def end(self) -> None:
        self.ended += 1
        self._room.release()

    async def ready(self) -> None:
        return None

    def sent(self, kind: str) -> int:
        self.out += 1
        return self.out

    def answered(self, ticket: int) -> None:
        self.well += 1

    def failed(self, ticket: int) -> None:
        self.badly += 1

    def may_retry(self) -> bool:
        return True

    def snapshot(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate that counts, and repeated requests after next to no pause."""
    monkeypatch.setattr(ask, "Admission", OpenGate)
    monkeypatch.setattr(OpenGate, "at_once", 8)
    monkeypatch.setattr(client, "PAUSE_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.05)


def rows(number: int, first: int = 0) -> Iterator[Document]:
    for index in range(first, first + number):
        yield Document(text=f"q{index}", id=f"row{index}")


def in_brackets(body: Body) -> str:
    return f"({prompt_of(body)})"


def body_of(text: str, step: int = 0) -> Payload:
    return payload([{"role": "user", "content": text}], "chat", Sampling(max_tokens=8), seed_of(text, step))


async def in_steps(document: Document, generate: Generate) -> str:
    """Asks the text, then what was answered, and so on: with `in_brackets`, q1 comes to (((q1)))."""
    text = document.text
    for step in range(STEPS):
        text = (await ask_model(generate, body_of(text, step))).text
    return str(text)


async def once(document: Document, generate: Generate) -> list[Any]:
    """One request: the reply's text and reason."""
    reply = await ask_model(generate, body_of(document.text))
    return [reply.text, reply.reason]


def stepped(number: int) -> dict[str, str]:
    return {f"row{index}": f"(((q{index})))" for index in range(number)}


def request_hash(body: Body) -> str:
    """As the recording has it."""
    return str(xxhash.xxh128_hexdigest(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)))


def _die(when: str) -> None:
    where, _, number = when.partition(" ")
    left = iter(range(int(number) - 1, -1, -1))
    keep = Recording.store_result

    async def dying(self: Recording, *args: Any, **kwargs: Any) -> None:
        last = next(left) == 0
        if not (last and where == "unkept"):
            await keep(self, *args, **kwargs)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    Recording.store_result = dying  # type: ignore[method-assign]


def main(url: str, work: str, number: str, at_once: str, when: str = "") -> None:
    vars(ask)["Admission"] = OpenGate
    OpenGate.at_once = int(at_once)
    if when:
        _die(when)
    found, _ = ask.ask_rows(rows(int(number)), in_steps, make_endpoint(url, "scripted"), Path(work))
    sys.stdout.write(orjson.dumps(found).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
