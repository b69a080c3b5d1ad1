"""How a side table is made: once, by one process, whole or not at all; and the answers it follows from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import tables
from crossthink_data.llm.ask import Usage, ask_rows
from crossthink_data.llm.endpoint import Prices, make_endpoint
from crossthink_data.llm.responses import SCHEMA
from crossthink_data.llm.tables import RESPONSES_FILE, WORK, Ask, make_table, usage_of_all
from crossthink_data.lock import only_build
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.side_table import ROWS_FILE, SideTable, open_table
from tests.llm.asking import in_brackets, once, quick, rows
from tests.llm.scripted_endpoint import ScriptedEndpoint, Seen, prompt_of

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

USAGE = Usage(3, 1, 2, 0.5, {"mode": "steady"})
FRAME = pl.DataFrame({"id": ["a", "b"], "n": [1, 2]})


def made(out: Path, ask: Ask = lambda work: (FRAME, USAGE), kind: str = "counts", **settings: Any) -> SideTable:
    return make_table(kind, out, {"model": "m", **settings}, ask, lambda frame: {"sum": int(frame["n"].sum())})


def asking(server: ScriptedEndpoint, *numbers: int) -> Ask:
    """Each number of rows put to a member of its own; one for a model without others."""

    def ask(work: Path) -> tuple[pl.DataFrame, Usage]:
        folders = [work / f"{i:03d}" for i in range(len(numbers))] if len(numbers) > 1 else [work]
        usages = [
            ask_rows(rows(number), once, make_endpoint(server.url, "scripted"), folder)[1]
            for folder, number in zip(folders, numbers, strict=True)
        ]
        return FRAME, usage_of_all(usages)

    return ask


# ---- the folder


def test_what_a_table_holds(tmp_path: Path) -> None:
    table = made(tmp_path, size=2)
    assert {path.name for path in table.folder.iterdir()} == {MANIFEST, ROWS_FILE, RESPONSES_FILE}
    assert [path.name for path in tmp_path.iterdir()] == [table.folder.name]  # neither lock nor anything aside
    assert table.rows.equals(FRAME)
    about = json.loads((table.folder / MANIFEST).read_text())
    assert about == table.manifest
    assert (about["kind"], about["settings"], about["summary"]) == ("counts", {"model": "m", "size": 2}, {"sum": 3})
    assert about["last_run"] == {
        "requests": 3, "replayed": 1, "failures": 2, "seconds": 0.5, "admission": {"mode": "steady"},
    }  # fmt: skip
    assert about["name"] == table.folder.name == f"counts-{about['hash'][:8]}"
    assert open_table(table.folder, "counts").manifest == about


def test_the_order_of_settings_is_none(tmp_path: Path) -> None:
    table = made(tmp_path, a=1, b=2)
    again = made(tmp_path, b=2, a=1)
    assert (again.folder, again.cached) == (table.folder, True)


def test_kind_and_settings_name_the_folder(tmp_path: Path) -> None:
    each = [made(tmp_path), made(tmp_path, kind="others"), made(tmp_path, size=1), made(tmp_path, size=2)]
    assert len({table.folder.name for table in each}) == 4


def test_a_found_table_is_not_asked_for(tmp_path: Path) -> None:
    made(tmp_path)
    assert made(tmp_path, ask=fail).cached


def fail(work: Path) -> tuple[pl.DataFrame, Usage]:
    raise CrossthinkError("the endpoint is gone")


def test_nothing_looks_finished_that_is_not(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="the endpoint is gone"):
        made(tmp_path, ask=fail)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert [path.name for path in folder.iterdir()] == [WORK]
    with pytest.raises(CrossthinkError, match="no finished side table"):
        open_table(folder, "counts")
    assert not made(tmp_path).cached


def test_a_disk_that_fills_up_before_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are still in the work folder, so the next run asks for none."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with ScriptedEndpoint(answer=in_brackets) as server:
        with monkeypatch.context() as patch:
            patch.setattr("crossthink_data.llm.tables.write_manifest", full)
            with pytest.raises(OSError, match="No space left"):
                made(tmp_path, asking(server, 5))
        assert list(tmp_path.glob(f"*/{MANIFEST}")) == []
        table = made(tmp_path, asking(server, 5))
        assert len(server.requests) == 5
    assert table.manifest["last_run"]["replayed"] == table.manifest["usage"]["answers"] == 5


def test_what_a_kill_after_the_manifest_left_is_removed(tmp_path: Path) -> None:
    left = made(tmp_path).folder / WORK / "00000"
    left.mkdir(parents=True)
    assert made(tmp_path, ask=fail).cached
    assert not left.parent.exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / RESPONSES_FILE).unlink(),
        lambda folder: (folder / ROWS_FILE).write_bytes(b"PAR1"),
    ],
)
def test_a_damaged_table_is_not_found(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    harm(made(tmp_path).folder)
    with pytest.raises(CrossthinkError, match=r"is damaged .*: delete the folder and make it again"):
        made(tmp_path)


# ---- two at once


def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    said = []

    def ask(work: Path) -> tuple[pl.DataFrame, Usage]:
        with pytest.raises(CrossthinkError) as caught:
            made(tmp_path, ask=fail)
        said.append(str(caught.value))
        made(tmp_path, size=9)  # another table is free
        return FRAME, USAGE

    table = made(tmp_path, ask)
    assert said == [f"another build of {table.folder.name} is running in {tmp_path}: wait for it, then run this again"]


def test_a_table_finished_while_the_lock_was_taken_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(out: Path, name: str) -> Any:
        monkeypatch.setattr(tables, "only_build", only_build)
        made(tmp_path)
        return only_build(out, name)

    monkeypatch.setattr(tables, "only_build", late)
    assert made(tmp_path, ask=fail).cached


# ---- the answers


def test_responses_are_in_order_of_member_row_and_request(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets, faults=lambda seen: ("", "slow")[seen.number % 2], slow_s=0.02) as server:
        table = made(tmp_path, asking(server, 12, 3))
    said = pl.read_parquet(table.folder / RESPONSES_FILE)
    assert pq.read_schema(table.folder / RESPONSES_FILE) == SCHEMA
    ids = [f"row{i}" for i in range(12)]
    assert said.select("member", "id").rows() == [(0, one) for one in sorted(ids)] + [(1, one) for one in ids[:3]]
    assert said.filter(pl.col("id") == "row2")["text"].to_list() == ["(q2)", "(q2)"]
    assert said["completion_tokens"].to_list() == [1] * 15
    assert said["finish_reason"].unique().to_list() == ["stop"]
    usage = table.manifest["usage"]
    assert (usage["answers"], usage["prompt_tokens"], usage["completion_tokens"]) == (15, 15, 15)
    assert table.manifest["last_run"]["requests"] == 15


def test_more_answers_than_are_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossthink_data.llm.responses.BATCH", 4)
    with ScriptedEndpoint(answer=in_brackets) as server:
        table = made(tmp_path, asking(server, 10))
    assert pl.read_parquet(table.folder / RESPONSES_FILE)["id"].to_list() == [f"row{i}" for i in range(10)]
    assert table.manifest["usage"]["answers"] == 10


def test_a_folder_with_marks_that_a_url_has(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        table = made(tmp_path / "50% off? #1", asking(server, 2))
    assert len(pl.read_parquet(table.folder / RESPONSES_FILE)) == 2


def test_what_the_server_refuses_is_kept_and_no_answer(tmp_path: Path) -> None:
    def faults(seen: Seen) -> str:
        return "too long" if prompt_of(seen.body) == "q1" else ""

    with ScriptedEndpoint(answer=in_brackets, faults=faults) as server:
        table = made(tmp_path, asking(server, 3))
    said = pl.read_parquet(table.folder / RESPONSES_FILE)
    assert said["text"].to_list() == ["(q0)", None, "(q2)"]
    assert "maximum context length" in said["error"][1]
    usage = table.manifest["usage"]
    assert (usage["answers"], usage["refused"], usage["completion_tokens"]) == (2, 1, 2)


def test_a_table_of_which_requests_failed_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossthink_data.llm.client.LONGEST_PAUSE_S", 0.001)

    def faults(seen: Seen) -> str:
        return "500" if prompt_of(seen.body) == "q1" else ""

    with ScriptedEndpoint(answer=in_brackets, faults=faults, delay_s=0.005) as server:
        with pytest.raises(CrossthinkError, match=r"^1 rows have no answer"):
            made(tmp_path, asking(server, 200))
        (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
        assert [path.name for path in folder.iterdir()] == [WORK]
        server.faults = lambda seen: ""
        before = len(server.requests)
        table = made(tmp_path, asking(server, 200))
        assert len(server.requests) == before + 1
    assert (table.manifest["last_run"]["requests"], table.manifest["usage"]["answers"]) == (1, 200)


def test_a_damaged_recording_is_not_written_off_as_fewer_answers(tmp_path: Path) -> None:
    def ask(work: Path) -> tuple[pl.DataFrame, Usage]:
        with ScriptedEndpoint(answer=in_brackets) as server:
            found = asking(server, 40)(work)
        (path,) = work.glob("**/replay.sqlite3")
        path.write_bytes(path.read_bytes()[:-4096])
        return found

    with pytest.raises(CrossthinkError, match="is damaged"):
        made(tmp_path, ask)
    assert list(tmp_path.glob(f"*/{MANIFEST}")) == []


def test_prices_are_of_a_million_tokens_and_name_no_folder(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=in_brackets) as server:
        ask = asking(server, 4)
        table = make_table("counts", tmp_path, {"model": "m"}, ask, lambda frame: {}, Prices(250_000, 500_000))
    assert table.manifest["usage"]["cost"] == 3.0  # four tokens each way
    assert made(tmp_path, ask=fail).folder == table.folder


def test_the_usage_of_several_runs_is_their_sum_and_the_last_admission() -> None:
    parts = [Usage(1, 2, 3, 0.1, {"limit": 1}), Usage(10, 20, 30, 0.2, {"limit": 2})]
    assert usage_of_all(parts) == Usage(11, 22, 33, 0.3, {"limit": 2})
