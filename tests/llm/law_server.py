"""An OpenAI-compatible server on loopback whose service time follows a law out of a YAML file.

    python -m tests.llm.law_server --law tests/bench/admission_laws/saturating.yaml [--port N]

Answers POST /v1/chat/completions and /v1/completions, and GET /v1/models; the law's schedule begins with the first
completion. While it is out by `refused`, connections are cut; by `503`, it says so. Dribbled answers come in pieces.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.llm.laws import CutError, Endpoint, Law, read_law

MODEL = "law"
PIECES = 5  # of a dribbled answer


def reply(asked: dict[str, Any], chat: bool) -> dict[str, Any]:
    """An answer in OpenAI's form."""
    text = "yes"
    choice = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    kind = "chat.completion" if chat else "text_completion"
    choices = [{"index": 0, "finish_reason": "stop", **choice}]
    return {"id": "1", "object": kind, "created": 0, "model": asked["model"], "choices": choices, "usage": usage}


def error(status: int, message: str) -> web.Response:
    """An error in OpenAI's form."""
    return web.json_response({"error": {"message": message, "type": "law", "code": status}}, status=status)


class LawServer:
    """The handlers."""

    def __init__(self, law: Law) -> None:
        self.endpoint = Endpoint(law)
        self.served = 0

    def app(self) -> web.Application:
        """What answers."""
        app = web.Application()
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.router.add_post("/v1/completions", self.complete)
        return app

    async def models(self, _: web.Request) -> web.Response:
        """The one model."""
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """A completion, by the law."""
        asked = await request.json()
        if asked.get("model") != MODEL:
            return error(404, f"The model {asked.get('model')!r} does not exist: there is {MODEL!r}")
        try:
            dribble_s = await self.endpoint.answer(int(asked.get("max_tokens", 16)))
        except CutError as cut:
            if str(cut).isdigit():
                return error(int(str(cut)), "out")
            if request.transport:
                request.transport.abort()
            return web.Response()  # to nobody
        self.served += 1
        said = reply(asked, request.path.endswith("chat/completions"))
        return await dribbled(request, said, dribble_s) if dribble_s else web.json_response(said)


async def dribbled(request: web.Request, said: dict[str, Any], seconds: float) -> web.StreamResponse:
    """The answer in pieces, over so many seconds."""
    body = json.dumps(said).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    size = -(-len(body) // PIECES)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / PIECES)
        await response.write(body[start : start + size])
    await response.write_eof()
    return response


@asynccontextmanager
async def serving(law: Law, port: int = 0) -> AsyncIterator[tuple[str, LawServer]]:
    """Its URL and itself, in this event loop."""
    server = LawServer(law)
    runner = web.AppRunner(server.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=2048)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", server
    finally:
        await runner.cleanup()


@contextmanager
def law_process(law: Path) -> Iterator[str]:
    """The URL of a server in a process of its own, so that it does not share a core's time with what measures it."""
    command = [sys.executable, "-m", "tests.llm.law_server", "--law", str(law)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("http"):
            raise RuntimeError(f"the law server did not start with {law}: run `{' '.join(command[1:])}` to see why")
        yield line.strip()
    finally:
        process.terminate()
        process.wait(10)
        time.sleep(0.1)


async def _serve(law: Law, port: int) -> None:
    async with serving(law, port) as (url, _):
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--law", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    try:
        asyncio.run(_serve(read_law(asked.law), asked.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
