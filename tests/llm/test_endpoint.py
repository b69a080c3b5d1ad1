"""Endpoints: their URL, and a key that is shown nowhere."""

from __future__ import annotations

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.endpoint import make_endpoint

SECRET = "sk-very-secret-0123"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSTHINK_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("https://host/v1/", "https://host/v1"),
        ("https://host/openai/v1", "https://host/openai/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_a_url_is_taken_with_and_without_v1(given: str, url: str) -> None:
    assert make_endpoint(given, "m").url == url


def test_where_a_request_goes() -> None:
    assert make_endpoint("http://h", "m").path == "http://h/v1/chat/completions"
    assert make_endpoint("http://h", "m", style="plain").path == "http://h/v1/completions"


@pytest.mark.parametrize("url", ["", "host:8000", "ftp://host/v1", "http://", "http://[::1", "http://host:99999"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(CrossthinkError, match="give the server's URL"):
        make_endpoint(url, "m")


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{SECRET}@host/v1",
        f"https://{SECRET}@host/v1",
        f"https://host/v1?key={SECRET}",
        f"https://host/v1#{SECRET}",
        f"user:{SECRET}@host/v1",  # no URL, and still not to be shown
        f"https://host/{SECRET}/v1",  # the key itself
    ],
)
def test_a_url_with_a_secret_is_refused_and_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with pytest.raises(CrossthinkError, match="environment variable CROSSTHINK_API_KEY") as raised:
        make_endpoint(url, "m")
    assert SECRET not in str(raised.value)


def test_the_key_is_the_first_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_endpoint("http://h", "m").key is None
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    assert make_endpoint("http://h", "m").key == SECRET
    monkeypatch.setenv("CROSSTHINK_API_KEY", "ours")
    assert make_endpoint("http://h", "m").key == "ours"


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    endpoint = make_endpoint("http://h", "m")
    assert SECRET not in repr(endpoint)
    assert endpoint.public(f"Bearer {SECRET} is wrong") == "Bearer … is wrong"


@pytest.mark.parametrize("key", ["sk-…", "sk\n12"])
def test_a_key_that_no_header_can_hold_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(CrossthinkError, match="the key in OPENAI_API_KEY") as raised:
        make_endpoint("http://h", "m")
    assert key not in str(raised.value)


def test_a_short_key_may_stand_in_the_url_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    assert make_endpoint("http://h/EMPTY/v1", "m").key == "EMPTY"


def test_no_time_is_refused() -> None:
    with pytest.raises(CrossthinkError, match="timeout 0 s: above 0"):
        make_endpoint("http://h", "m", timeout_s=0)
