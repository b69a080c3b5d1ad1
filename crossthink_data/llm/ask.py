"""Rows put to a model, by datatrove's runner: every row is answered once, and an interrupted run goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.types import InferenceError, ServerError
from loguru import logger

from crossthink_data.llm.admission import Admission
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.runner import Results, Rollout, Runner

Progress = Callable[[int], None]  # rows done


@dataclass(frozen=True)
class Usage:
    """What it took: requests answered now, and those whose answer was recorded before."""

    requests: int
    replayed: int
    failures: int  # attempts that had to be repeated
    seconds: float
    admission: dict[str, Any]


def ask_rows(
    documents: Iterable[Document],
    rollout: Rollout,
    endpoint: Endpoint,
    work: Path,
    objective_s: float | None = None,
    on_done: Progress = lambda done: None,
) -> tuple[dict[str, Any], Usage]:
    """What `rollout` makes of each document, by id; answers are kept in `work`, from which the same call goes on.

    A rollout gives plain data, never None, and depends on nothing but its document and its answers; ids are unique.
    The same request of the same row is sent once. Raises CrossthinkError where the endpoint cannot be used, and
    otherwise what a rollout, `documents` or `on_done` raised; every answer that had come is kept.
    """
    began = time.monotonic()
    gate = Admission(objective_s)
    runner = Runner(rollout, endpoint, work, gate, Results(on_done))
    logger.disable("datatrove")
    try:
        asyncio.run(runner.run_async(documents))
    except (InferenceError, ServerError) as error:
        raise _cause(error) from None  # its own traceback is whole; datatrove's errors are raised from it
    finally:
        logger.enable("datatrove")
    seconds = round(time.monotonic() - began, 1)
    return runner.results.found, Usage(runner.sent, runner.replayed, runner.failures, seconds, gate.snapshot())


def _cause(error: BaseException) -> BaseException:
    """What lies beneath datatrove's errors: first of all the error that a user can mend."""
    while isinstance(error, InferenceError | ServerError) and error.__cause__ is not None:
        error = error.__cause__
    return error
