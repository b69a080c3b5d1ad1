"""Where the model is: an OpenAI-compatible endpoint, by its URL, the model's name there, and a key."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from crossthink_data.errors import CrossthinkError

Style = Literal["chat", "plain"]  # chat: the server applies the model's template; plain: the prompt's text as it is

KEYS = ("CROSSTHINK_API_KEY", "OPENAI_API_KEY")  # environment variables, the first that is set counts
TIMEOUT_S = 600.0  # of one request: a long generation on a busy server, yet not for ever
SECRET_CHARS = 8  # a shorter key, such as vLLM's usual EMPTY, is none: it may stand in a path by chance


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in the user's currency."""

    prompt: float = 0.0
    completion: float = 0.0

    def __post_init__(self) -> None:
        """Raises CrossthinkError for what is no price."""
        for price in (self.prompt, self.completion):
            if not 0 <= price < math.inf:
                raise CrossthinkError(f"price {price}: of a million tokens, 0 or more")


FREE = Prices()


@dataclass(frozen=True)
class Endpoint:
    """A model behind a URL that ends in `/v1`. The key is shown nowhere.

    `revision` is what the user says of the model's weights: an endpoint does not tell.
    """

    url: str
    model: str
    revision: str | None = None
    style: Style = "chat"
    timeout_s: float = TIMEOUT_S
    key: str | None = field(default=None, repr=False)
    allow_failed: bool = False  # a row may end with a request that failed again and again
    objective_s: float | None = None  # that 95 % of requests must keep; None: learned
    prices: Prices = FREE

    @property
    def path(self) -> str:
        """Where a request goes."""
        return f"{self.url}/chat/completions" if self.style == "chat" else f"{self.url}/completions"

    def public(self, text: str) -> str:
        """The text without the key, also as JSON has it: some servers repeat in an error what they were sent."""
        return text.replace(json.dumps(self.key)[1:-1], "…").replace(self.key, "…") if self.key else text


def make_endpoint(
    url: str,
    model: str,
    revision: str | None = None,
    style: Style = "chat",
    timeout_s: float = TIMEOUT_S,
    allow_failed: bool = False,
    objective_s: float | None = None,
    prices: Prices = FREE,
) -> Endpoint:
    """The endpoint, its key from the environment. Raises CrossthinkError for what is no URL, or one with a secret."""
    key = _key()
    parts = _parts(url)
    if any(mark in url for mark in "@?#") or (key and len(key) >= SECRET_CHARS and key in url):
        shown = f"{parts.scheme}://…" if parts else "…"  # not even the host: where the secret begins is a guess
        raise CrossthinkError(
            f"--endpoint {shown}: no user, password, query or key in it, for it is written into files; put the key "
            f"into the environment variable {KEYS[0]}"
        )
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise CrossthinkError(f"--endpoint {url}: give the server's URL, such as http://127.0.0.1:8000/v1")
    if not 0 < timeout_s < math.inf:
        raise CrossthinkError(f"timeout {timeout_s:g} s: above 0, the seconds that one request may take")
    base = url.rstrip("/")
    base = base if base.endswith("/v1") else f"{base}/v1"
    return Endpoint(base, model, revision, style, timeout_s, key, allow_failed, objective_s, prices)


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (reading it raises for what is no port)
    except ValueError:
        return None
    return parts


def _key() -> str | None:
    """The first key that is set. Raises CrossthinkError for one that no header can hold."""
    for name in KEYS:
        key = os.environ.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable()):
            raise CrossthinkError(f"the key in {name} has characters that no key has: copy it again")
        if key:
            return key
    return None
