"""Rows put to a model: none lost, none doubled, each admitted once, and no error swallowed."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import client, recording, runner
from crossthink_data.llm.answer_file import open_file
from crossthink_data.llm.ask import Usage, ask_rows
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.recording import FILE
from crossthink_data.llm.request import Generate, ask
from tests.llm.asking import STEPS, OpenGate, body_of, in_brackets, in_steps, once, quick, recorded, rows, stepped
from tests.llm.scripted_endpoint import ScriptedEndpoint, Seen, prompt_of

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")


def run(server: ScriptedEndpoint, work: Path, number: int, **more: Any) -> tuple[dict[str, Any], Usage]:
    return ask_rows(rows(number), in_steps, make_endpoint(server.url, "scripted"), work, **more)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < until:
        time.sleep(0.01)
    assert set(threading.enumerate()) - before == set()


def test_every_row_is_answered_once(tmp_path: Path) -> None:
    done: list[int] = []
    with ScriptedEndpoint(answer=in_brackets) as server:
        found, usage = run(server, tmp_path, 30, on_done=done.append)
    assert found == stepped(30)
    assert (usage.requests, usage.replayed, usage.failures) == (30 * STEPS, 0, 0)
    assert server.answered == 30 * STEPS
    assert done == list(range(1, 31))


def test_no_rows(tmp_path: Path) -> None:
    with ScriptedEndpoint() as server:
        assert run(server, tmp_path, 0)[0] == {}
    assert recorded(tmp_path).is_empty()


def test_with_the_endpoint_gone_the_recording_gives_the_same(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, slow_s=0.01, faults=lambda seen: "reordered") as server:
        found, _ = run(server, tmp_path / "work", 20)
    shutil.copytree(tmp_path / "work", tmp_path / "copy")
    again, usage = run(server, tmp_path / "copy", 20)
    assert again == found == stepped(20)
    assert (usage.requests, usage.replayed) == (0, 20 * STEPS)


def test_more_rows_go_on_from_what_is_recorded(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        run(server, tmp_path, 10)
        found, usage = run(server, tmp_path, 15)
    assert found == stepped(15)
    assert (usage.requests, usage.replayed) == (5 * STEPS, 10 * STEPS)


def test_another_model_is_asked_anew(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=lambda body: str(body["model"]), models=["a", "b"]) as server:
        for model in ("a", "b", "a"):
            found, _ = ask_rows(rows(1), once, make_endpoint(server.url, model), tmp_path)
            assert found == {"row0": [model, None]}
    assert server.answered == 2


def test_a_body_is_left_as_it_was(tmp_path: Path) -> None:
    async def same_body(document: Document, generate: Generate) -> bool:
        body = body_of(document.text)
        await generate(body)
        return body == body_of(document.text)

    with ScriptedEndpoint() as server:
        assert ask_rows(rows(1), same_body, make_endpoint(server.url, "scripted"), tmp_path)[0] == {"row0": True}


@pytest.mark.parametrize("together", [True, False])
def test_what_a_row_asks_twice_is_asked_once(together: bool, tmp_path: Path) -> None:
    """Otherwise the two answers differ, and a resumed run, which has one of them, comes to something else."""
    number = count()

    async def twice(document: Document, generate: Generate) -> list[str]:
        asked = [ask(generate, body_of(document.text)) for _ in range(3)]
        replies = await asyncio.gather(*asked) if together else [await one for one in asked]
        return [reply.text for reply in replies]

    with ScriptedEndpoint(answer=lambda body: f"answer {next(number)}") as server:
        found, usage = ask_rows(rows(1), twice, make_endpoint(server.url, "scripted"), tmp_path)
    assert found == {"row0": ["answer 0"] * 3}
    assert (usage.requests, usage.replayed) == (1, 2)


def test_two_rows_with_one_id_are_refused(tmp_path: Path) -> None:
    with ScriptedEndpoint() as server, pytest.raises(CrossthinkError, match="two rows have the id row1"):
        ask_rows([*rows(3), *rows(1, first=1)], once, make_endpoint(server.url, "scripted"), tmp_path)


# ---- admission


def test_a_row_is_admitted_once_and_only_when_it_must_be_asked(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, delay_s=0.005) as server:
        OpenGate.at_once = 3
        run(server, tmp_path, 10)
        gate = OpenGate.made
        assert (gate.waited, gate.begun, gate.ended, gate.well) == (10, 10, 10, 10 * STEPS)
        assert server.most_at_once == 3
        run(server, tmp_path, 12)
        assert (OpenGate.made.begun, OpenGate.made.ended, OpenGate.made.out) == (2, 2, 2 * STEPS)


def test_a_replayed_row_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(self: OpenGate) -> None:
        raise AssertionError("a replayed row waited")

    with ScriptedEndpoint(answer=in_brackets) as server:
        run(server, tmp_path, 5)
        monkeypatch.setattr(OpenGate, "begin", never)
        assert run(server, tmp_path, 5)[0] == stepped(5)


def test_rows_that_have_begun_go_on_before_new_ones(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        OpenGate.at_once = 1
        run(server, tmp_path, 5)
    asked = [prompt_of(body).strip("()") for body in server.bodies()]
    assert asked == [f"q{index}" for index in range(5) for _ in range(STEPS)]


def test_a_row_that_asks_several_at_once_is_admitted_once(tmp_path: Path) -> None:
    async def at_once(document: Document, generate: Generate) -> int:
        replies = await asyncio.gather(*(ask(generate, body_of(document.text, step)) for step in range(4)))
        return len(replies)

    with ScriptedEndpoint(delay_s=0.01) as server:
        OpenGate.at_once = 2  # the others wait, each with four requests
        found, usage = ask_rows(rows(6), at_once, make_endpoint(server.url, "scripted"), tmp_path)
    assert set(found.values()) == {4}
    assert usage.requests == 24
    assert (OpenGate.made.begun, OpenGate.made.ended) == (6, 6)


def test_a_request_cancelled_while_it_waits_leaves_the_row_its_turn(tmp_path: Path) -> None:
    """`wait_for` in a rollout: the turn is not lost, and not given back twice."""

    async def impatient(document: Document, generate: Generate) -> str:
        with suppress(TimeoutError):
            await asyncio.wait_for(generate(body_of(document.text)), 0.01)
        return (await ask(generate, body_of(document.text))).text

    with ScriptedEndpoint(answer=in_brackets, delay_s=0.05) as server:
        OpenGate.at_once = 2
        found, _ = ask_rows(rows(6), impatient, make_endpoint(server.url, "scripted"), tmp_path)
    assert found == {f"row{index}": f"(q{index})" for index in range(6)}
    assert OpenGate.made.begun == OpenGate.made.ended == 6


def test_after_an_error_every_row_that_began_has_ended(tmp_path: Path) -> None:
    with ScriptedEndpoint(faults=lambda seen: "401" if seen.number == 9 else "slow", slow_s=0.05) as server:
        OpenGate.at_once = 4
        with pytest.raises(CrossthinkError, match="refuses"):
            run(server, tmp_path, 50)
    assert OpenGate.made.begun == OpenGate.made.ended >= 4
    assert OpenGate.made.out == OpenGate.made.well + OpenGate.made.badly


# ---- errors of ours: the rollout, the input, the progress


async def broken(document: Document, generate: Generate) -> Any:
    await generate(body_of(document.text))
    if document.id == "row7":
        raise KeyError("a mistake in the rollout")
    return 1


async def nothing(document: Document, generate: Generate) -> Any:
    return None if document.id == "row7" else 1


def raise_at_three(done: int) -> None:
    if done == 3:
        raise ValueError("the progress bar broke")


@pytest.mark.parametrize(
    ("rollout", "on_done", "error", "said"),
    [
        (broken, lambda done: None, KeyError, "a mistake in the rollout"),
        (nothing, lambda done: None, TypeError, "the rollout of row row7 gave None"),
        (once, raise_at_three, ValueError, "the progress bar broke"),
    ],
)
def test_errors_come_out_as_they_are(rollout: Any, on_done: Any, error: Any, said: str, tmp_path: Path) -> None:
    with ScriptedEndpoint() as server, pytest.raises(error, match=said):
        ask_rows(rows(20), rollout, make_endpoint(server.url, "scripted"), tmp_path, on_done=on_done)


def broken_after(number: int) -> Iterator[Document]:
    yield from rows(number)
    raise OSError("the archive is cut short")


@pytest.mark.parametrize("number", [0, 5])
def test_an_input_that_raises_ends_the_run_and_what_was_answered_is_kept(number: int, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        with pytest.raises(OSError, match="the archive is cut short"):
            ask_rows(broken_after(number), in_steps, make_endpoint(server.url, "scripted"), tmp_path)
        kept = recorded(tmp_path).height
        _, usage = run(server, tmp_path, number)
    assert usage.replayed == kept


def test_an_input_of_none_is_no_end(tmp_path: Path) -> None:
    """datatrove takes it for the end, and the rows after it are lost."""
    documents: Any = [*rows(2), None, *rows(2, first=2)]
    with ScriptedEndpoint() as server, pytest.raises(AttributeError, match="'NoneType' object has no attribute 'id'"):
        ask_rows(documents, once, make_endpoint(server.url, "scripted"), tmp_path)


def test_an_error_does_not_wait_for_the_end_of_the_input(tmp_path: Path) -> None:
    """datatrove sees it when as many rows are read as it holds; here the input never ends."""
    read = 0

    def endless() -> Iterator[Document]:
        nonlocal read
        for document in rows(10**9):
            read += 1
            time.sleep(0.001)
            yield document

    with ScriptedEndpoint(models=["another"]) as server, pytest.raises(CrossthinkError, match="unknown model"):
        ask_rows(endless(), once, make_endpoint(server.url, "scripted"), tmp_path)
    assert read < 1000


def test_the_input_is_read_no_further_than_rows_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HELD", 5)
    read, done, most = 0, 0, 0

    def counted() -> Iterator[Document]:
        nonlocal read, most
        for document in rows(60):
            read += 1
            most = max(most, read - done)
            yield document

    def note(now: int) -> None:
        nonlocal done
        done = now

    with ScriptedEndpoint(answer=in_brackets) as server:
        endpoint = make_endpoint(server.url, "scripted")
        assert ask_rows(counted(), in_steps, endpoint, tmp_path, on_done=note)[0] == stepped(60)
    assert most <= 6  # five held, and one being read


# ---- the recording


def test_a_damaged_recording_stops_the_run_before_anything_is_asked(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        run(server, tmp_path, 5)
        asked = len(server.requests)
        (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-3000])
        with pytest.raises(CrossthinkError, match="is damaged"):
            run(server, tmp_path, 9)
    assert len(server.requests) == asked


def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(path: Path, write: bool = True) -> sqlite3.Connection:
        file = open_file(path, write)
        file.execute("PRAGMA max_page_count=10")  # 40 kB
        return file

    with ScriptedEndpoint(answer=in_brackets) as server:
        monkeypatch.setattr(recording, "open_file", small)
        with pytest.raises(CrossthinkError, match=r"database or disk is full.*make space.*again to resume"):
            run(server, tmp_path, 100)
        monkeypatch.setattr(recording, "open_file", open_file)
        kept = recorded(tmp_path).height
        assert 0 < kept < 300
        found, usage = run(server, tmp_path, 100)
    assert found == stepped(100)
    assert usage.replayed == kept
    assert server.answered - 300 <= OpenGate.at_once


def test_an_answer_is_on_disk_before_its_row_sees_it(tmp_path: Path) -> None:
    async def looks(document: Document, generate: Generate) -> int:
        await generate(body_of(document.text))
        with sqlite3.connect(tmp_path / FILE) as file:
            query = "SELECT count(*) FROM request_cache WHERE doc_id = ?"
            return int(file.execute(query, (document.id,)).fetchone()[0])

    with ScriptedEndpoint() as server:
        found, _ = ask_rows(rows(4), looks, make_endpoint(server.url, "scripted"), tmp_path)
    assert set(found.values()) == {1}


def test_the_endpoint_leaves_for_good_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    gone = False

    def leave(seen: Seen) -> str:
        nonlocal gone
        gone = gone or seen.number == 20
        return "503" if gone else ""

    with ScriptedEndpoint(answer=in_brackets, faults=leave) as server:
        endpoint = make_endpoint(server.url, "scripted", timeout_s=0.3)
        with pytest.raises(CrossthinkError, match=r"has given no answer for 0\.4 s"):
            ask_rows(rows(20), in_steps, endpoint, tmp_path)
        assert recorded(tmp_path).height == server.answered
        server.faults = lambda seen: ""
        assert run(server, tmp_path, 20)[0] == stepped(20)
    assert server.answered == 20 * STEPS
