"""One request as it goes out, and what came back: a text, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datatrove.pipeline.inference.types import InferenceError, InferenceResult

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import salt
from crossthink_data.llm.endpoint import Style

Payload = dict[str, Any]
Generate = Callable[[Payload], Awaitable[InferenceResult]]

TOO_LONG = (  # what vLLM, SGLang, OpenAI and llama.cpp say of a prompt beyond their context
    "context length",
    "maximum context",
    "max_model_len",
    "too many tokens",
    "context window",
    "context size",
    "status 413",
)


MOST_TOKENS = 2**31 - 1  # what the column of the table holds


class RefusedError(InferenceError):  # type: ignore[misc]
    """The server will never take this request; `error` is what it said."""


class GivenUpError(InferenceError):  # type: ignore[misc]
    """This request fails again and again while others go well; `error` is how it failed last."""


@dataclass(frozen=True)
class Sampling:
    """How a model is asked to answer."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 2048

    def __post_init__(self) -> None:
        """Raises CrossthinkError for a number that no server takes."""
        if not 0 <= self.temperature < math.inf:
            raise CrossthinkError(f"temperature {self.temperature}: 0 takes the likeliest token, 1 samples as it is")
        if not 0 < self.top_p <= 1:
            raise CrossthinkError(f"top_p {self.top_p}: above 0, and at most 1")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise CrossthinkError(f"max_tokens {self.max_tokens}: from 1 to {MOST_TOKENS:,}")


@dataclass(frozen=True)
class Reply:
    """What came back. `reason` says what is wrong with `text`, which is then mostly empty.

    `cut`: the model was stopped at `max_tokens`. `empty`: it answered with nothing, or with nothing but its thoughts.
    `too_long`, `refused`: the server will never take the request. `failed`: the request failed each time while others
    went well; alone of these it is not recorded, so that the same call, made again, asks again.

    `tokens`: of the completion, as the server counts them.
    """

    text: str
    reason: str | None
    tokens: int


def payload(messages: Sequence[dict[str, str]], style: Style, sampling: Sampling, seed: int, **more: Any) -> Payload:
    """The body of a request but for the model's name; plain style sends the last message's text."""
    prompt = {"messages": list(messages)} if style == "chat" else {"prompt": messages[-1]["content"]}
    asked = {"temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens}
    return {**prompt, **asked, "seed": seed, **more}


def seed_of(*parts: object) -> int:
    """A seed of 31 bits that depends on the parts alone: the same request is the same request in every run."""
    return int(salt(*parts) >> 33)


async def ask(generate: Generate, body: Payload) -> Reply:
    """Sends one request. What the server will never take, or never manages, is a reply with a reason, not an error."""
    try:
        result = await generate(body)
    except RefusedError as error:
        return Reply("", "too_long" if is_too_long(str(error.error)) else "refused", 0)
    except GivenUpError:
        return Reply("", "failed", 0)
    tokens = int((result.usage or {}).get("completion_tokens") or 0)
    text = f"<think>{result.reasoning}</think>{result.text}" if result.reasoning else result.text
    if not text.strip():
        return Reply("", "empty", tokens)
    if result.finish_reason == "length":
        return Reply(text, "cut", tokens)
    return Reply(text, None if result.text.strip() else "empty", tokens)


def is_too_long(said: str) -> bool:
    """Whether a server's words mean that the prompt is longer than its context."""
    return any(words in said.lower() for words in TOO_LONG)
