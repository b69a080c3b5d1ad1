"""What an endpoint may do wrong, and what comes of it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import client, wire
from crossthink_data.llm.ask import Usage, ask_rows
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.runner import FEW
from tests.llm.asking import STEPS, OpenGate, in_brackets, in_steps, once, quick, recorded, rows, stepped
from tests.llm.scripted_endpoint import Body, Faults, ScriptedEndpoint, Seen, in_turn, prompt_of, seeded_faults

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

SECRET = "sk-very-secret-0123"


def ask_once(
    server: ScriptedEndpoint,
    work: Path,
    number: int = 1,
    model: str = "scripted",
    timeout_s: float = 5.0,
    allow_failed: bool = False,
) -> tuple[dict[str, Any], Usage]:
    endpoint = make_endpoint(server.url, model, timeout_s=timeout_s, allow_failed=allow_failed)
    return ask_rows(rows(number), once, endpoint, work)


def answered(number: int) -> dict[str, Any]:
    return {f"row{index}": [f"(q{index})", None] for index in range(number)}


def only(text: str, fault: str) -> Faults:
    """This fault, always, for requests with the text."""
    return lambda seen: fault if prompt_of(seen.body) == text else ""


# ---- what passes


@pytest.mark.parametrize(
    "fault",
    [
        *("malformed", "no completion", "empty body", "cut", "closed"),
        *("408", "425", "429", "429 after 0", "429 after 0.05", "429 after soon", "500", "502", "503", "504", "529"),
    ],
)
def test_what_passes_is_tried_again(fault: str, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, faults=in_turn(fault, fault)) as server:
        found, usage = ask_once(server, tmp_path)
    assert found == answered(1)
    assert (len(server.requests), usage.requests, usage.failures) == (3, 1, 2)
    assert (OpenGate.made.well, OpenGate.made.badly) == (1, 2)


def test_no_answer_in_time_is_tried_again(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, faults=in_turn("hang")) as server:
        found, usage = ask_once(server, tmp_path, timeout_s=0.3)
    assert found == answered(1)
    assert usage.failures == 1


def test_faults_of_every_kind_change_no_answer(tmp_path: Path) -> None:
    faults = ["malformed", "no completion", "empty body", "cut", "closed", "429", "500", "503", "slow", "twice"]
    with ScriptedEndpoint(answer=in_brackets, faults=seeded_faults(1, 0.6, faults), slow_s=0.02) as server:
        found, usage = ask_rows(rows(40), in_steps, make_endpoint(server.url, "scripted"), tmp_path / "a")
    with ScriptedEndpoint(answer=in_brackets) as calm:
        ask_rows(rows(40), in_steps, make_endpoint(calm.url, "scripted"), tmp_path / "b")
    assert found == stepped(40)
    assert usage.failures > 20
    assert server.answered == 40 * STEPS
    assert recorded(tmp_path / "a").equals(recorded(tmp_path / "b"))


def test_answers_that_come_twice_or_out_of_order_go_to_their_own_requests(tmp_path: Path) -> None:
    faults = seeded_faults(2, 0.9, ["twice", "reordered"])
    with ScriptedEndpoint(answer=in_brackets, faults=faults, slow_s=0.05) as server:
        found, _ = ask_rows(rows(40), in_steps, make_endpoint(server.url, "scripted"), tmp_path)
    assert found == stepped(40)
    assert [seen.number for seen in server.answers] != sorted(seen.number for seen in server.answers)


def test_the_server_is_gone_for_a_while(tmp_path: Path) -> None:
    def leave(number: int) -> None:
        if number == 10:
            server.away(0.3)

    with ScriptedEndpoint(answer=in_brackets, on_answer=leave, delay_s=0.01) as server:
        found, usage = ask_rows(rows(20), in_steps, make_endpoint(server.url, "scripted"), tmp_path)
    assert found == stepped(20)
    assert usage.failures > 0


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("86400", 60.0), ("inf", 60.0), ("nan", 60.0), ("Wed, 21 Oct 2026", 0.0)],
)
def test_retry_after_is_kept_to_within_a_minute(given: str, seconds: float) -> None:
    with pytest.raises(wire.PassingError) as raised:
        wire.read_answer(make_endpoint("http://h", "m"), 429, {"Retry-After": given}, b"")
    assert raised.value.after_s == seconds


def test_a_repeated_request_waits_as_long_as_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def short_sleep(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", short_sleep)
    with ScriptedEndpoint(answer=in_brackets, faults=in_turn("503 after 7")) as server:
        ask_once(server, tmp_path)
    assert any(7.0 <= seconds <= 7.01 for seconds in slept)


def test_pauses_grow_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def short_sleep(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", short_sleep)
    monkeypatch.setattr(client, "PAUSE_S", 1.0)
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 8.0)
    with ScriptedEndpoint(answer=in_brackets, faults=in_turn(*["500"] * 5)) as server:
        ask_once(server, tmp_path)
    pauses = [seconds for seconds in slept if 0.1 < seconds < 100]  # datatrove logs each 120 s
    for pause, longest in zip(pauses, [1, 2, 4, 8, 8], strict=True):
        assert longest / 2 <= pause <= longest


# ---- what never passes


@pytest.mark.parametrize(("fault", "reason"), [("too long", "too_long"), ("413", "too_long"), ("422", "refused")])
def test_a_request_that_is_never_taken_is_a_reply_and_not_asked_again(fault: str, reason: str, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, faults=only("q3", fault)) as server:
        found, usage = ask_once(server, tmp_path, 5)
        assert found == {**answered(5), "row3": ["", reason]}
        assert (usage.requests, usage.failures) == (4, 0)
        assert (OpenGate.made.well, OpenGate.made.badly) == (5, 0)  # the server is well
        assert ask_once(server, tmp_path, 5)[0] == found
    assert len(server.requests) == 5
    assert recorded(tmp_path)["error"].drop_nulls().len() == 1


def test_an_empty_text_is_an_answer_with_a_reason(tmp_path: Path) -> None:
    with ScriptedEndpoint(faults=in_turn("empty", "no text", "length")) as server:
        OpenGate.at_once = 1
        found, _ = ask_once(server, tmp_path, 3)
        assert found == {"row0": ["", "empty"], "row1": ["", "empty"], "row2": ["q2", "cut"]}
        ask_once(server, tmp_path, 3)
    assert len(server.requests) == 3


def test_a_server_that_refuses_everything_is_said_and_nothing_is_held_against_the_rows(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, faults=lambda seen: "400") as server:
        with pytest.raises(CrossthinkError, match=r"has refused the first 20 requests \(status 400: .*as the test"):
            ask_once(server, tmp_path, 100)
        assert recorded(tmp_path).is_empty()
        server.faults = lambda seen: ""
        assert ask_once(server, tmp_path, 100)[0] == answered(100)


# ---- a request that always fails


@pytest.mark.parametrize("fault", ["500", "malformed", "cut", "closed"])
def test_one_that_always_fails_while_others_go_well_is_given_up(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.001)
    with ScriptedEndpoint(answer=in_brackets, faults=only("q3", fault), delay_s=0.005) as server:
        found, _ = ask_once(server, tmp_path, 300, allow_failed=True)
        assert found == {**answered(300), "row3": ["", "failed"]}
        assert sum(prompt_of(body) == "q3" for body in server.bodies()) >= client.ATTEMPTS
        assert recorded(tmp_path).height == 299
        server.faults = lambda seen: ""
        before = len(server.requests)
        assert ask_once(server, tmp_path, 300)[0] == answered(300)  # asked again, alone
    assert [prompt_of(body) for body in server.bodies()[before:]] == ["q3"]


def test_one_that_is_always_put_off_while_others_go_well_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    with ScriptedEndpoint(answer=in_brackets, faults=only("q3", "429"), delay_s=0.02) as server:
        found, _ = ask_once(server, tmp_path, 400, timeout_s=0.4, allow_failed=True)
    assert found == {**answered(400), "row3": ["", "failed"]}


def test_the_last_rows_that_always_fail_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        ask_once(server, tmp_path, 3)
    monkeypatch.setattr(client, "LAST_S", 0.1)
    with ScriptedEndpoint(answer=in_brackets, faults=lambda seen: "500") as server:
        found, _ = ask_once(server, tmp_path, 5, allow_failed=True)
    assert found == {**answered(3), "row3": ["", "failed"], "row4": ["", "failed"]}


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("500", 20),  # more rows than may all be at fault
        ("503", 5),  # not the rows' fault, however few
    ],
)
def test_an_endpoint_that_fails_at_everything_ends_the_run(
    fault: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeout_s = 30.0  # a busy machine must not make a time-out of the fault
    monkeypatch.setattr(client, "PATIENCE_S", 0.3 - timeout_s)
    monkeypatch.setattr(client, "LAST_S", 0.0)
    monkeypatch.setattr(OpenGate, "at_once", 20)
    with ScriptedEndpoint(answer=in_brackets) as server:
        ask_once(server, tmp_path, 3)
        server.faults = lambda seen: fault
        with pytest.raises(
            CrossthinkError, match=f"{server.url} has given no answer for 0.3 s .status {fault}.*resume"
        ):
            ask_once(server, tmp_path, number + 3, timeout_s=timeout_s)


def test_an_endpoint_that_never_answered_well_is_not_the_rows_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    monkeypatch.setattr(client, "LAST_S", 0.0)
    with (
        ScriptedEndpoint(faults=lambda seen: "500") as server,
        pytest.raises(CrossthinkError, match=r"no answer for 0\.3 s"),
    ):
        ask_once(server, tmp_path, timeout_s=0.2)


def test_requests_that_failed_are_asked_again_and_nothing_is_made_of_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.001)
    with ScriptedEndpoint(answer=in_brackets, faults=only("q3", "500"), delay_s=0.005) as server:
        said = r"^1 rows have no answer, .*\(row3: status 500: .*as the test asked.*the same command again, .*only for"
        with pytest.raises(CrossthinkError, match=said):
            ask_once(server, tmp_path, 300)
        assert recorded(tmp_path).height == 299
        server.faults = lambda seen: ""
        before = len(server.requests)
        assert ask_once(server, tmp_path, 300)[0] == answered(300)
    assert [prompt_of(body) for body in server.bodies()[before:]] == ["q3"]


def test_more_rows_that_fail_for_good_than_a_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked alone none of them goes well, and yet it is not the endpoint that is gone: they failed before."""
    poison = {f"q{index}" for index in range(2 * FEW)}
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.001)
    monkeypatch.setattr(OpenGate, "at_once", 4 * FEW)

    def faults(seen: Seen) -> str:
        return "500" if prompt_of(seen.body) in poison else ""

    with ScriptedEndpoint(answer=in_brackets, faults=faults, delay_s=0.005) as server:
        with pytest.raises(CrossthinkError, match=r"^20 rows have no answer"):
            ask_once(server, tmp_path, 400)
        monkeypatch.setattr(client, "LAST_S", 0.1)
        with pytest.raises(CrossthinkError, match=r"^20 rows have no answer"):
            ask_once(server, tmp_path, 400)
        found, usage = ask_once(server, tmp_path, 400, allow_failed=True)
    assert found == {**answered(400), **{f"row{index}": ["", "failed"] for index in range(2 * FEW)}}
    assert usage.requests == 0


# ---- what a user can mend


@pytest.mark.parametrize("fault", ["page", "malformed", "empty body", "no completion"])
def test_a_server_that_answers_with_something_else(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.2)
    with Odd(models=None, faults=lambda seen: fault) as server:
        with pytest.raises(
            CrossthinkError, match=r"completions answers, and not with completions \(no answer in "
        ) as told:
            ask_once(server, tmp_path)
        assert fault != "page" or "<html>Welcome</html>" in str(told.value)
        assert recorded(tmp_path).is_empty()


def test_a_server_that_has_answered_well_may_be_strange_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.0)
    with ScriptedEndpoint(
        answer=in_brackets, faults=lambda seen: "malformed" if 1 <= seen.number < 9 else ""
    ) as server:
        OpenGate.at_once = 1
        assert ask_once(server, tmp_path, 3)[0] == answered(3)


def test_an_endpoint_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.2)
    with ScriptedEndpoint() as server:
        pass
    with pytest.raises(CrossthinkError, match=f"{server.url} has given no answer for 0.2 s .*the URL is right"):
        ask_once(server, tmp_path, 50)


def test_a_server_that_is_starting_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 4.0)
    with ScriptedEndpoint(answer=in_brackets) as server:
        server.away(0.3)
        assert ask_once(server, tmp_path)[0] == answered(1)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("qwen2.5-7b", "unknown model at http.* 'qwen2.5-7b': it offers qwen2.5-7b-instruct, alpha, llama-8b$"),
        ("gpt", "unknown model at http.* 'gpt': it offers alpha, llama-8b, qwen2.5-7b-instruct$"),
    ],
)
def test_a_model_that_is_not_there(model: str, said: str, tmp_path: Path) -> None:
    with (
        ScriptedEndpoint(models=["qwen2.5-7b-instruct", "llama-8b", "alpha"]) as server,
        pytest.raises(CrossthinkError, match=said),
    ):
        ask_once(server, tmp_path, model=model)
    assert server.requests == []


def test_a_server_that_cannot_say_its_models_yet_is_asked_again(tmp_path: Path) -> None:
    with (
        ScriptedEndpoint(models=["another"], models_first=[503, 500]) as server,
        pytest.raises(CrossthinkError, match="unknown model"),
    ):
        ask_once(server, tmp_path)


def test_a_server_that_does_not_say_its_models_is_asked(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, models=None) as server:
        assert ask_once(server, tmp_path)[0] == answered(1)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            "401",
            "refuses a request without a key .status 401.: set the environment variable CROSSTHINK_API_KEY or OPEN",
        ),
        (
            "403",
            "refuses a request without a key .status 403.: set the environment variable CROSSTHINK_API_KEY or OPEN",
        ),
        ("402", "wants to be paid .status 402"),
        ("404", "/v1/chat/completions or the model 'scripted' is not there .status 404: .*check both"),
        ("307", "is elsewhere .status 307.: give the URL"),
    ],
)
def test_what_a_user_can_mend_is_said_at_once(
    fault: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CROSSTHINK_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ScriptedEndpoint(faults=in_turn(*[fault] * 9)) as server, pytest.raises(CrossthinkError, match=said):
        ask_once(server, tmp_path)
    assert len(server.requests) == 1


# ---- answers without end


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_is_read_to_its_limit_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 1 << 20)
    fault = "packed without end" if packed else "without end"
    odd = Odd(answer=in_brackets, faults=in_turn(fault))
    with odd as server:
        found, usage = ask_once(server, tmp_path)
    assert found == answered(1)
    assert usage.failures == 1
    assert odd.sent < 100 << 20  # of a GiB


@pytest.mark.parametrize("faults", [{"faults": lambda seen: "without end"}, {"endless_models": True}])
def test_a_server_that_answers_without_end(
    faults: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 1 << 20)
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.2)
    with Odd(**faults) as server, pytest.raises(CrossthinkError, match=r"\(an answer of more than 1,048,576 bytes\)"):
        ask_once(server, tmp_path)


# ---- the key


@dataclass
class Odd(ScriptedEndpoint):
    """Faults of its own: a page for everything, the key in what the HTTP client complains of, answers without end."""

    endless_models: bool = False
    sent: int = 0  # bytes of endless answers

    async def _complete(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        fault = self.faults(seen)
        return await (self._endless(writer, fault) if "end" in fault else super()._complete(seen, writer))

    def _models(self, headers: dict[str, str]) -> bytes:
        if self.endless_models:
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + bytes(2_000_000)
        return super()._models(headers)

    async def _endless(self, writer: asyncio.StreamWriter, fault: str) -> bool:
        packed = "packed" in fault
        part = gzip.compress(bytes(64 << 20)) if packed else bytes(1 << 20)
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"Content-Encoding: gzip\r\n" * packed + b"\r\n")
        while self.sent < 1 << 30:
            writer.write(part)
            await writer.drain()  # fails when the client is gone
            self.sent += len(part)
        return False

    def _refusal(self, seen: Seen, fault: str) -> bytes | None:
        sent = seen.headers.get("authorization")
        body = {"page": "<html>Welcome</html>", "echo in 200": json.dumps({"error": f"no quota for {sent}"})}.get(fault)
        if body is not None:
            return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        if fault == "echo in status line":
            return f"HTTP/1.1 x {sent}\r\n\r\n".encode()
        return super()._refusal(seen, fault)


@pytest.mark.parametrize("fault", ["echo in 200", "echo in status line"])
@pytest.mark.parametrize("secret", [SECRET, "sk-\\quoted'\"0123"])
def test_the_key_is_in_no_message(fault: str, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSTHINK_API_KEY", secret)
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.1)
    with Odd(faults=lambda seen: fault) as server, pytest.raises(CrossthinkError) as told:
        ask_once(server, tmp_path, timeout_s=0.2)
    assert ("Bearer …" if fault == "echo in 200" else "no whole HTTP answer") in str(told.value)
    assert "0123" not in str(told.value)


def everything_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("faults", [in_turn(), in_turn("echo key", "500", "cut"), lambda seen: "401"])
def test_the_key_is_in_the_header_and_nowhere_else(
    faults: Callable[[Seen], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CROSSTHINK_API_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    log = io.StringIO()
    sink = logger.add(log, level="TRACE", diagnose=True)
    shown = ""
    with ScriptedEndpoint(answer=in_brackets, key=SECRET, faults=faults) as server:
        try:
            shown = repr(ask_once(server, tmp_path, 30))
        except CrossthinkError as error:
            shown = repr(error)
            assert "refuses the key" in shown
    logger.remove(sink)
    assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {SECRET}"}
    assert SECRET not in str(server.bodies())
    said = capfd.readouterr()
    assert SECRET not in shown + log.getvalue() + caplog.text + said.out + said.err
    assert SECRET.encode() not in everything_under(tmp_path)


def test_a_wrong_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with ScriptedEndpoint(key="another") as server, pytest.raises(CrossthinkError, match="refuses the key") as raised:
        ask_once(server, tmp_path)
    assert SECRET not in str(raised.value)


# ---- answers in other forms


def read(said: bytes, chat: bool = True) -> Any:
    return wire.read_answer(make_endpoint("http://h", "m", style="chat" if chat else "plain"), 200, {}, said)


def test_what_is_missing_is_filled_in() -> None:
    assert read(b'{"choices": [{"text": "a"}]}', chat=False) == {
        "choices": [{"text": "a", "finish_reason": None}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0},
    }
    assert read(b'{"choices": [{"message": {"content": null}}], "usage": null}')["usage"]["prompt_tokens"] == 0


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": ["a"]}',
        b'{"choices": [{"text": "a"}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": ["a"]}}]}',
        b'{"choices": [{"message": {"content": "a", "reasoning": {}}}]}',
        b'{"choices": [{"message": {"content": "a"}, "finish_reason": 3}]}',
        b'{"choices": [{"message": {"content": "a"}}], "usage": ["a"]}',
        b'{"choices": [{"message": {"content": "a"}}], "usage": {"completion_tokens": "3"}}',
        b'{"choices": [{"message": {"content": "a"}}], "usage": {"completion_tokens": -1}}',
        b'{"choices": [{"message": {"content": "\\ud800"}}]}',
        b"\xff",
        b'{"error": {"message": "out of memory"}}',
    ],
)
def test_what_is_no_completion_may_pass(said: bytes) -> None:
    with pytest.raises(wire.PassingError, match="no answer in"):
        read(said)


def test_plain_style(tmp_path: Path) -> None:
    async def plain(document: Any, generate: Any) -> str:
        body: Body = {"prompt": document.text, "max_tokens": 8}
        return str((await generate(body)).text)

    with ScriptedEndpoint(answer=in_brackets) as server:
        found, _ = ask_rows(rows(1), plain, make_endpoint(server.url, "scripted", style="plain"), tmp_path)
    assert found == {"row0": "(q0)"}
    assert server.requests[0].path == "/v1/completions"
