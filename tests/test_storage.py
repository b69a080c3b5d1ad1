from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.exchange import part_file, read_frame, read_part, rows_at, write_frame
from crossthink_data.storage import fetched, folder_at, is_local, remove_folder, write_text, written

FRAME = pl.DataFrame({"n": range(600), "text": [f"row {i}" for i in range(600)]})


@pytest.fixture(params=["local", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty folder on the disk, or in an object store that has this process for its server."""
    return tmp_path / "runs" if request.param == "local" else folder_at(f"memory://{tmp_path.name}/runs")


def test_a_url_is_no_local_folder() -> None:
    assert folder_at("runs/a") == Path("runs/a")
    assert is_local(folder_at("runs"))
    assert not is_local(folder_at("memory://runs"))


def test_a_url_that_nothing_reads() -> None:
    with pytest.raises(CrossthinkError, match=r"cannot use nonsense://bucket/runs: .*install"):
        folder_at("nonsense://bucket/runs")


def test_what_was_written_is_there(folder: Path) -> None:
    write_text(folder / "a" / "x.txt", "Zürich")
    assert (folder / "a" / "x.txt").read_text(encoding="utf-8") == "Zürich"
    assert [path.name for path in (folder / "a").glob("*")] == ["x.txt"]


def test_a_writer_that_fails_leaves_the_file_as_it_was(folder: Path) -> None:
    write_text(folder / "x.txt", "before")

    def fail() -> None:
        with written(folder / "x.txt") as aside:
            aside.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert (folder / "x.txt").read_text() == "before"


def test_frames_and_parts_there_and_back(folder: Path) -> None:
    write_frame(FRAME, folder / "frame.arrow")
    assert read_frame(folder / "frame.arrow").equals(FRAME)
    rows: Any = FRAME["n"].filter(FRAME["n"] % 97 == 5).cast(pl.UInt64).to_numpy()
    assert rows_at(folder / "frame.arrow", rows, ["text"]).equals(FRAME.select("text")[rows])
    with part_file(folder / "parts.arrow", FRAME.schema) as file:
        file.write([FRAME[:10], FRAME[:0], FRAME[10:30]])
        file.write([FRAME[30:35], FRAME[:0], FRAME[:0]])
    assert read_part([folder / "parts.arrow"], 0, 3).equals(pl.concat([FRAME[:10], FRAME[30:35]]))
    assert read_part([folder / "parts.arrow"], 1, 3).is_empty()


def test_a_folder_is_fetched_once_and_removed(folder: Path) -> None:
    write_text(folder / "index" / "a.txt", "a")
    write_text(folder / "index" / "deep" / "b.txt", "b")
    copy = fetched(folder / "index")
    assert is_local(copy)
    assert [(copy / name).read_text() for name in ("a.txt", "deep/b.txt")] == ["a", "b"]
    assert fetched(folder / "index") == copy
    remove_folder(folder / "index")
    assert not (folder / "index" / "a.txt").exists()
    remove_folder(folder / "index")  # it is gone already


def test_nothing_at_a_url_is_said(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=f"nothing at memory:/.*{tmp_path.name}"):
        fetched(folder_at(f"memory://{tmp_path.name}"))
