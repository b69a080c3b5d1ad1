"""Requests as they go out, and replies as they are read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from datatrove.pipeline.inference.types import InferenceError, InferenceResult

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.request import (
    GivenUpError,
    Payload,
    RefusedError,
    Reply,
    Sampling,
    ask,
    payload,
    seed_of,
)

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}]


def test_a_chat_request() -> None:
    body = payload(MESSAGES, "chat", Sampling(0.5, 0.9, 16), 7, response_format={"type": "json_object"})
    assert body == {
        "messages": MESSAGES,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 16,
        "seed": 7,
        "response_format": {"type": "json_object"},
    }


def test_a_plain_request_has_the_last_message() -> None:
    body = payload(MESSAGES, "plain", Sampling(), 7)
    assert body == {"prompt": "2+2?", "temperature": 1.0, "top_p": 1.0, "max_tokens": 2048, "seed": 7}


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        ({"temperature": -0.1}, "temperature -0.1"),
        ({"top_p": 0.0}, "top_p 0.0"),
        ({"top_p": 1.1}, "top_p 1.1"),
        ({"max_tokens": 0}, "max_tokens 0"),
    ],
)
def test_sampling_that_no_server_takes(sampling: dict[str, Any], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        Sampling(**sampling)


def test_seeds_depend_on_the_parts_alone() -> None:
    assert seed_of("row1", 0) == seed_of("row1", 0) != seed_of("row1", 1)
    assert seed_of("a", "bc") != seed_of("ab", "c")
    assert all(0 <= seed_of(part) < 2**31 for part in range(1000))


def replied(result: InferenceResult | InferenceError) -> Reply:
    async def generate(body: Payload) -> InferenceResult:
        if isinstance(result, InferenceError):
            raise result
        return result

    return asyncio.run(ask(generate, {}))


def said(text: str, finish: str | None = "stop", reasoning: str = "", tokens: int | None = 3) -> InferenceResult:
    return InferenceResult(text, finish, {"completion_tokens": tokens}, reasoning)


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        (said("four"), Reply("four", None, 3)),
        (said("four", finish=None, tokens=None), Reply("four", None, 0)),
        (said("fou", finish="length"), Reply("fou", "cut", 3)),
        (said(""), Reply("", "empty", 3)),
        (said(" \n"), Reply("", "empty", 3)),
        (said("four", reasoning="2+2"), Reply("<think>2+2</think>four", None, 3)),
        (said("", reasoning="2+2"), Reply("<think>2+2</think>", "empty", 3)),  # thoughts, and no answer
        (said("", reasoning="2+", finish="length"), Reply("<think>2+</think>", "cut", 3)),
        (RefusedError(None, "status 400: maximum context length is 8"), Reply("", "too_long", 0)),
        (RefusedError(None, "status 413: entity too large"), Reply("", "too_long", 0)),
        (RefusedError(None, "status 400: no such option"), Reply("", "refused", 0)),
        (GivenUpError(None, "status 500: maximum context length"), Reply("", "failed", 0)),
    ],
)
def test_replies(result: InferenceResult | InferenceError, reply: Reply) -> None:
    assert replied(result) == reply


def test_another_error_is_not_a_reply() -> None:
    with pytest.raises(InferenceError, match="a mistake of ours"):
        replied(InferenceError(None, "a mistake of ours"))
