"""datatrove's runner with our client, recording and admission, and without the ways in which it loses rows.

What it lacks: admission control, a recording that is never behind, an end without rows lost. What it does otherwise:
it only warns of a result that it cannot write, sees a row's error when the pool is full or the input read, takes an
input of None for its end, waits on 10,000 tasks for each new one, and asks twice what a row asks twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.types import InferenceResult

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.admission import Admission
from crossthink_data.llm.client import Client
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.recording import Recording
from crossthink_data.llm.request import Generate, GivenUpError, Payload, RefusedError

Rollout = Callable[[Document, Generate], Awaitable[Any]]  # one row's questions, in order; gives plain data

HELD = 10_000  # rows in memory at a time, begun or waiting; how many may be out is the admission's to say
FEW = 10  # rows at the end, none of which may go well any more
_RESULT = "asked"
_END = Document(text="", id="")


@dataclass
class Results:
    """Where the runner writes: what each row came to, by id."""

    on_done: Callable[[int], None]
    found: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def write(self, document: Document, **_: Any) -> None:
        """Keeps one row's result."""
        if not document.metadata[_RESULT]:
            raise TypeError(f"the rollout of row {document.id} gave None: it must give plain data")
        self.found[document.id] = document.metadata[_RESULT][0]
        self.on_done(len(self.found))


class Runner(InferenceRunner):  # type: ignore[misc]
    """Asks rows; one run, in an event loop of its own."""

    def __init__(
        self,
        rollout: Rollout,
        endpoint: Endpoint,
        work: Path,
        gate: Admission,
        results: Results,
        failed_before: Collection[str] = (),
    ) -> None:
        config = InferenceConfig(
            server_type="endpoint",
            model_name_or_path=endpoint.model,
            use_chat=endpoint.style == "chat",
            max_concurrent_generations=HELD * HELD,  # no limit of its own
            max_concurrent_documents=2 * HELD,  # done ones among them: it then clears away many at a time
        )
        super().__init__(rollout, config, results, metadata_key=_RESULT)
        self.request_cache = Recording(work)
        self.results = results
        self.sent = 0
        self.given_up: dict[str, str] = {}  # row with a request that failed again and again -> how it failed last
        self._failed_before = failed_before
        self._gate = gate
        self._client = Client(endpoint, gate, self._few_left)
        self._room = asyncio.Semaphore(HELD)
        self._ids: set[str] = set()
        self._all_read = False

    @property
    def replayed(self) -> int:
        """Requests that an earlier run had answered."""
        return self.request_cache.replayed

    @property
    def failures(self) -> int:
        """Attempts that had to be repeated."""
        return self._client.failures

    def _init_server(self, rank: int) -> Client:
        self._failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        return self._client

    async def _async_data_gen(self, sync_gen: Iterable[Document]) -> AsyncIterator[Document]:
        """The documents, read in a thread while there is room; the first row's error ends it at once."""
        self._client.proven = self.request_cache.begun
        coming = iter(sync_gen)
        reader = ThreadPoolExecutor(1)
        try:
            while True:
                await self._unless_failed(self._room.acquire())
                read = asyncio.get_running_loop().run_in_executor(reader, next, coming, _END)
                document = await self._unless_failed(read)
                if document is _END:
                    self._all_read = True
                    return
                if document.id in self._ids:
                    raise CrossthinkError(f"two rows have the id {document.id}: give each row an id of its own")
                self._ids.add(document.id)
                yield document
        finally:
            reader.shutdown(wait=False, cancel_futures=True)

    def _few_left(self) -> bool:
        """Whether all rows are done but a few, and those that an earlier run gave up."""
        again = sum(id_ not in self.results.found for id_ in self._failed_before)
        return self._all_read and len(self._ids) - len(self.results.found) - again <= FEW

    async def _unless_failed(self, awaited: Awaitable[Any]) -> Any:
        """What is awaited, or the error of a row that failed meanwhile."""
        waiting = asyncio.ensure_future(awaited)
        try:
            await asyncio.wait({waiting, self._failed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not waiting.done():
                waiting.cancel()
        if self._failed.done():
            raise self._failed.result()
        return waiting.result()

    async def _handle_record(
        self, doc: Document, rank: int, chunk_index: int, rollout_fn: Rollout, writer: Results, server: Client, sem: Any
    ) -> None:
        """One row, which waits for its admission before its first request that goes out."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - each row is a task of its own
        task.add_done_callback(self._note)
        row = Row(server, self._gate)
        try:
            await super()._handle_record(doc, rank, chunk_index, rollout_fn, writer, row, sem)
        finally:
            row.end()
            self._room.release()
            self.sent += row.sent

    def _note(self, row: asyncio.Task[None]) -> None:
        """The first row that ends in an error ends them all."""
        if not row.cancelled() and (error := row.exception()) is not None and not self._failed.done():
            self._failed.set_result(error)

    async def _cached_request(
        self, payload: Payload, semaphore: Any, server: Row, doc_id: str, **_: Any
    ) -> InferenceResult:
        """The recorded answer, or the server's, which is recorded before anything can come between."""
        body = {**payload, "model": self.config.model_name_or_path}
        request = self.request_cache.prepare_payload(body)
        async with server.alone(request):
            said, error = await self.request_cache.get_cached_response(doc_id, 0, payload_hash=request)
            if error is not None:
                raise RefusedError(None, error)
            if said is not None:
                return InferenceResult(**said)
            return await self._asked(body, semaphore, server, doc_id, request)

    async def _asked(self, body: Payload, semaphore: Any, server: Row, doc_id: str, request: str) -> InferenceResult:
        try:
            result = await self._send_request(server, body, semaphore)
        except RefusedError as error:
            await self.request_cache.store_error(0, doc_id, 0, str(error.error), payload_hash=request)
            raise
        except GivenUpError as error:
            self.given_up[doc_id] = str(error.error)
            raise
        await self.request_cache.store_result(0, doc_id, 0, vars(result), payload_hash=request)
        return result

    async def _save_document(self, document: Document, output_writer_context: Results, *_: Any, **__: Any) -> None:
        """Writes, or raises."""
        output_writer_context.write(document)


class Row:
    """The client as one row sees it: what is replayed needs no admission, and what has begun goes on."""

    def __init__(self, client: Client, gate: Admission) -> None:
        self._client = client
        self._gate = gate
        self._beginning = asyncio.Lock()  # a row may ask several things at once
        self._begun = self._ended = False
        self._asking: dict[str, asyncio.Lock] = {}
        self.sent = 0

    def alone(self, request: str) -> asyncio.Lock:
        """One at a time of the same request: the second is then replayed."""
        return self._asking.setdefault(request, asyncio.Lock())

    async def make_request(self, body: Payload) -> dict[str, Any]:
        """One request, answered."""
        async with self._beginning:
            if not self._begun:
                await self._gate.begin()
                self._begun = True
        answer = await self._client.make_request(body)
        self.sent += 1
        return answer

    def end(self) -> None:
        """The row is done, or given up, also while it waited."""
        if self._begun and not self._ended:
            self._gate.end()
        self._ended = True
