"""Rows put to a model, by datatrove's runner: every row is answered once, and an interrupted run goes on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.types import InferenceError, ServerError
from loguru import logger

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.admission import Admission
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.runner import Results, Rollout, Runner

FAILED = "failed.json"  # in the folder of the answers: rows that the last run gave up

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
    on_done: Progress = lambda done: None,
) -> tuple[dict[str, Any], Usage]:
    """What `rollout` makes of each document, by id; answers are kept in `work`, from which the same call goes on.

    A rollout gives plain data, never None, and depends on nothing but its document and its answers; ids are unique.
    The same request of the same row is sent once. Raises CrossthinkError where the endpoint cannot be used, and, unless
    `endpoint.allow_failed`, when all else is done, where requests failed each time; otherwise what a rollout,
    `documents` or `on_done` raised. Every answer that had come is kept.
    """
    began = time.monotonic()
    gate = Admission(endpoint.objective_s)
    failed = work / FAILED
    before = json.loads(failed.read_text()) if failed.exists() else []
    runner = Runner(rollout, endpoint, work, gate, Results(on_done), before)
    logger.disable("datatrove")
    try:
        asyncio.run(runner.run_async(documents))
    except (InferenceError, ServerError) as error:
        raise _cause(error) from None  # its own traceback is whole; datatrove's errors are raised from it
    finally:
        logger.enable("datatrove")
    if runner.given_up and not endpoint.allow_failed:
        aside = failed.with_suffix(".tmp")
        aside.write_text(json.dumps(sorted(runner.given_up)))
        aside.replace(failed)
        raise _failed(runner.given_up)
    seconds = round(time.monotonic() - began, 1)
    return runner.results.found, Usage(runner.sent, runner.replayed, runner.failures, seconds, gate.snapshot())


def _failed(given_up: dict[str, str]) -> CrossthinkError:
    id_, why = next(iter(given_up.items()))
    return CrossthinkError(
        f"{len(given_up):,} rows have no answer, for a request of theirs failed each time ({id_}: {why}): run the same "
        "command again, which asks only for those; where they fail for good, --allow-failed finishes without them"
    )


def _cause(error: BaseException) -> BaseException:
    """What lies beneath datatrove's errors: first of all the error that a user can mend."""
    while isinstance(error, InferenceError | ServerError) and error.__cause__ is not None:
        error = error.__cause__
    return error
