"""The recording: on disk before it is used, the same frame in any order, and never read past damage."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.recording import FILE, Recording
from tests.llm.asking import ANSWERS, recorded

Answer = dict[str, Any]
TOO_LONG = "status 400: maximum context length is 8"


def answer(text: str) -> Answer:
    return {
        "text": text,
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 2, "completion_tokens": 1},
        "reasoning": "",
    }


async def keep(recording: Recording, number: int, text: str = "four") -> None:
    await recording.store_result(0, f"row{number}", 0, answer(text), payload_hash=f"hash{number}")


def write(folder: Path, *numbers: int, text: str = "four") -> None:
    """A finished recording of these rows."""

    async def kept() -> None:
        recording = Recording(folder)
        await recording.initialize(0)
        for number in numbers:
            await keep(recording, number, text)
        await recording.close(delete_file=True)

    asyncio.run(kept())


def write_killed(folder: Path, number: int, text: str = "four") -> None:
    """The folder of a run that was killed after so many answers: copied while it runs."""

    async def kept() -> None:
        recording = Recording(folder.with_name("running"))
        await recording.initialize(0)
        for index in range(number):
            await keep(recording, index, text)
        shutil.copytree(folder.with_name("running"), folder)
        await recording.close()

    asyncio.run(kept())


def replay(folder: Path, *keys: tuple[str, str]) -> list[tuple[Answer | None, str | None]]:
    async def replayed() -> list[tuple[Answer | None, str | None]]:
        recording = Recording(folder)
        await recording.initialize(0)
        found = [await recording.get_cached_response(row, 0, payload_hash=request) for row, request in keys]
        await recording.close()
        return found

    return asyncio.run(replayed())


def test_an_answer_is_given_back_to_its_row_and_request_alone(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert replay(tmp_path, ("row1", "hash1"), ("row1", "hash2"), ("row2", "hash1")) == [
        (answer("four"), None),
        (None, None),
        (None, None),
    ]


def test_the_frame_is_the_same_in_any_order(tmp_path: Path) -> None:
    write(tmp_path / "a", 3, 1, 2)
    write(tmp_path / "b", 2)
    write(tmp_path / "b", 1, 3)
    frame = recorded(tmp_path / "a")
    assert frame.equals(recorded(tmp_path / "b"))
    assert dict(frame.schema) == ANSWERS
    assert frame.rows()[0] == ("row1", "hash1", "four", "", "stop", 2, 1, None)


def test_what_is_answered_is_on_disk_at_once(tmp_path: Path) -> None:
    write_killed(tmp_path / "killed", 3)
    assert recorded(tmp_path / "killed").height == 3


def test_a_finished_recording_is_one_file_that_a_read_only_folder_may_hold(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert [path.name for path in (tmp_path / FILE).parent.iterdir()] == [FILE.name]
    (tmp_path / FILE).chmod(0o444)
    (tmp_path / FILE).parent.chmod(0o555)
    assert recorded(tmp_path).height == 1
    (tmp_path / FILE).parent.chmod(0o755)


def test_texts_of_any_kind(tmp_path: Path) -> None:
    text = "\x00 \x1f ' \" \\ \U0001f600 \u2028 é"
    write(tmp_path, 1, text=text)
    assert recorded(tmp_path)["text"].to_list() == [text]


def refuse(folder: Path, *said: str, well: bool = False, finished: bool = False) -> None:
    async def kept() -> None:
        recording = Recording(folder)
        await recording.initialize(0)
        for number, words in enumerate(said):
            await recording.store_error(0, f"bad{number}", 0, words, payload_hash="hash")
        if well:
            await keep(recording, 1)
        await recording.close(delete_file=finished)

    asyncio.run(kept())


def test_a_prompt_too_long_is_kept_at_once(tmp_path: Path) -> None:
    refuse(tmp_path, TOO_LONG)
    assert recorded(tmp_path).rows() == [("bad0", "hash", None, None, None, None, None, TOO_LONG)]
    assert replay(tmp_path, ("bad0", "hash")) == [(None, TOO_LONG)]


@pytest.mark.parametrize(
    ("well", "finished", "kept"),
    [
        (False, False, 0),  # may be the fault of all requests, and of a run that ends for it
        (True, False, 2),  # another was taken
        (False, True, 2),  # every row is done
    ],
)
def test_other_refusals_are_kept_when_they_are_their_requests_own(
    well: bool, finished: bool, kept: int, tmp_path: Path
) -> None:
    refuse(tmp_path, "status 400: no", "status 422: no", well=well, finished=finished)
    assert recorded(tmp_path)["error"].drop_nulls().len() == kept
    refuse(tmp_path / "begun", well=True)
    refuse(tmp_path / "begun", "status 400: no")
    assert recorded(tmp_path / "begun")["error"].drop_nulls().len() == 1


# ---- damage


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * 4096 + content[8192:])


def another_file(path: Path) -> None:
    path.write_text("This is no database. " * 1000)


def one_letter(path: Path) -> None:
    content = path.read_bytes()
    assert b"four" in content
    path.write_bytes(content.replace(b"four", b"five", 1))


def one_row_gone(path: Path) -> None:
    """Of a leaf's cells, which the page's header counts (sqlite.org/fileformat2.html#b_tree_pages)."""
    content = bytearray(path.read_bytes())
    leaf = next(page for page in range(4096, len(content), 4096) if content[page] == 0x0D)
    content[leaf + 4] -= 1
    path.write_bytes(content)


DAMAGE = [one_row_gone, cut_short, emptied, overwritten, another_file, one_letter]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_said_and_never_read_past(damage: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path, *range(200))
    damage(tmp_path / FILE)
    keys = [(f"row{number}", f"hash{number}") for number in range(200)]
    for read in (lambda: recorded(tmp_path), lambda: replay(tmp_path, *keys)):
        with pytest.raises(CrossthinkError, match=r"replay\.sqlite3 is damaged .*put back a copy of it, or delete it"):
            read()


def test_a_log_damaged_in_its_middle(tmp_path: Path) -> None:
    write_killed(tmp_path / "killed", 20)
    log = tmp_path / "killed" / f"{FILE}-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    for read in (lambda: recorded(tmp_path / "killed"), lambda: replay(tmp_path / "killed")):
        with pytest.raises(CrossthinkError, match=r"its log \S+ has answers after a damaged place"):
            read()


def test_a_log_without_its_file(tmp_path: Path) -> None:
    write_killed(tmp_path / "killed", 20)
    (tmp_path / "killed" / FILE).unlink()
    with pytest.raises(CrossthinkError, match="it is gone, and only its log"):
        replay(tmp_path / "killed")


def test_a_log_whose_last_answer_was_half_written(tmp_path: Path) -> None:
    """As a crash of the machine leaves it: that answer was not kept yet, and the others are."""
    write_killed(tmp_path / "killed", 20, text="four" * 2000)
    log = tmp_path / "killed" / f"{FILE}-wal"
    log.write_bytes(log.read_bytes()[:-100])
    assert recorded(tmp_path / "killed").height == 19


def test_a_run_killed_while_it_made_the_file(tmp_path: Path) -> None:
    aside = tmp_path / f"{FILE}.part"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"half")
    write(tmp_path, 1)
    assert recorded(tmp_path).height == 1


def test_no_recording(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="is not there: no model was asked here"):
        recorded(tmp_path)


def test_a_full_disk_is_said_and_what_was_kept_stays(tmp_path: Path) -> None:
    async def fill() -> None:
        recording = Recording(tmp_path)
        await recording.initialize(0)
        recording._open().execute("PRAGMA max_page_count=8")  # 32 kB
        try:
            for number in range(100):
                await keep(recording, number, "four" * 500)
        finally:
            await recording.close()

    with pytest.raises(CrossthinkError, match=r"cannot be kept \(database or disk is full\): make space"):
        asyncio.run(fill())
    kept = recorded(tmp_path).height
    assert 0 < kept < 100
    write(tmp_path, *range(kept, 100))
    assert recorded(tmp_path).height == 100


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CrossthinkError, match="make the folder writable"):
        write(tmp_path / "file", 1)
