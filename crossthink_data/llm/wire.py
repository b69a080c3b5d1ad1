"""What an endpoint said, read: an answer, what may go otherwise the next time, or what never will."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.endpoint import KEYS, Endpoint
from crossthink_data.llm.request import RefusedError

BUSY = {408, 409, 425, 429, 502, 503, 504}  # it, or what stands before it, has no time: nothing is wrong with a request
NO_KEY = {401, 403}
SHOWN_CHARS = 300  # of what a server said
RETRY_AFTER_S = 60.0  # at most: a server that asks for an hour would be waited for without a word


class PassingError(Exception):
    """What may go otherwise the next time, `after_s` from now at the earliest.

    `own`: it failed at this very request, rather than being busy or away. `strange`: all was well but that it is no
    completion.
    """

    def __init__(self, why: str, own: bool = False, after_s: float = 0.0, strange: bool = False) -> None:
        super().__init__(why)
        self.own = own
        self.after_s = after_s
        self.strange = strange


def read_answer(endpoint: Endpoint, status: int, headers: Mapping[str, str], said: bytes) -> dict[str, Any]:
    """The answer in the body. Raises PassingError, RefusedError, or CrossthinkError for what a user can mend."""
    if status == 200:
        answer = _answer(said, chat=endpoint.style == "chat")
        if answer is None:
            raise PassingError(f"no answer in {_shown(endpoint, said)!r}", own=True, strange=True)
        return answer
    shown = f"status {status}: {_shown(endpoint, said)}"
    if status in BUSY or status >= 500:
        raise PassingError(shown, own=status not in BUSY, after_s=_retry_after(headers))
    if status in NO_KEY:
        raise no_key(endpoint, status)
    if status == 402:
        raise CrossthinkError(f"{endpoint.url} wants to be paid ({shown}): then run the same command again to resume")
    if status < 400:
        raise CrossthinkError(f"{endpoint.path} is elsewhere (status {status}): give the URL to which it leads")
    if status in (404, 405):
        raise CrossthinkError(f"{endpoint.path} or the model {endpoint.model!r} is not there ({shown}): check both")
    raise RefusedError(None, shown)


def _shown(endpoint: Endpoint, said: bytes) -> str:
    return endpoint.public(said.decode("utf-8", "replace"))[:SHOWN_CHARS]


def no_key(endpoint: Endpoint, status: int) -> CrossthinkError:
    """The error for a key that is wrong or missing."""
    which = "the key" if endpoint.key else "a request without a key"
    return CrossthinkError(
        f"{endpoint.url} refuses {which} (status {status}): set the environment variable {' or '.join(KEYS)}"
    )


def model_names(said: bytes) -> list[str]:
    """The models in an answer of `GET /models`; none where it has another form."""
    try:
        return [str(one["id"]) for one in orjson.loads(said)["data"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []


def _answer(said: bytes, chat: bool) -> dict[str, Any] | None:
    """The body, whole and in the form of the interface; None for anything else, which was cut or garbled on its way."""
    try:
        body = orjson.loads(said)
        choice = body["choices"][0]
        message = choice["message"] if chat else {"content": choice["text"]}
        texts = [message["content"], message.get("reasoning"), message.get("reasoning_content")]
        usage = body.get("usage") or {}
        counts = {name: usage.get(name) or 0 for name in ("prompt_tokens", "completion_tokens")}
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return None
    ends = choice.setdefault("finish_reason", None)
    if not all(isinstance(text, str | None) for text in [*texts, ends]):
        return None
    if not all(isinstance(count, int) and count >= 0 for count in counts.values()):
        return None
    return {**body, "usage": counts}


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; the header's other form, a date, is as good as none: our own pause does."""
    try:
        seconds = float(headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_S) if math.isfinite(seconds) else RETRY_AFTER_S
