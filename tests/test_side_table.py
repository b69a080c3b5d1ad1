"""What is a finished side table, and what is said of a folder that is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.labels import SELFLABEL
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.pass_rates import DIFFICULTY
from crossthink_data.side_table import ROWS_FILE, open_table
from tests.side_tables import rates_of
from tests.small import Small

WRITTEN_BY = "name a folder that `crossthink difficulty` has written"


def change(folder: Path, **changes: Any) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_finished_table(tmp_path: Path) -> None:
    made = rates_of({"b": 0.5, "a": 1.0}, tmp_path)
    table = open_table(made.folder, DIFFICULTY)
    assert table.rows.select("id", "pass_rate").rows() == [("a", 1.0), ("b", 0.5)]
    assert table.revision == f"sha256:{file_sha256(made.folder / ROWS_FILE)}"
    assert not table.cached


def test_the_revision_is_of_the_rows_alone(tmp_path: Path) -> None:
    one, two, other = (
        rates_of(rates, tmp_path, price=price) for rates, price in (({"a": 1.0}, 1), ({"a": 1.0}, 2), ({"a": 0.5}, 1))
    )
    assert len({table.folder for table in (one, two, other)}) == 3
    assert one.revision == two.revision != other.revision


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(lambda folder: (folder / MANIFEST).unlink(),
                     f"it has no {MANIFEST}; run its command again", id="unfinished"),
        pytest.param(lambda folder: (folder / MANIFEST).write_text('{"kind": "diff'),
                     "is not whole JSON", id="half a manifest"),
        pytest.param(lambda folder: (folder / MANIFEST).write_bytes(b"\xff\xfe"),
                     "is not whole JSON", id="no text"),
        pytest.param(lambda folder: (folder / MANIFEST).write_text("[]"), WRITTEN_BY, id="a list"),
        pytest.param(lambda folder: change(folder, files=[ROWS_FILE]), WRITTEN_BY, id="files without hashes"),
        pytest.param(lambda folder: change(folder, files={ROWS_FILE: 0.5}), WRITTEN_BY, id="a number for a hash"),
        pytest.param(lambda folder: (folder / MANIFEST).write_text("[" * 100_000), "is not whole JSON", id="too deep"),
        pytest.param(lambda folder: change(folder, files={}), WRITTEN_BY, id="no rows file"),
        pytest.param(lambda folder: change(folder, kind=SELFLABEL),
                     f"holds selflabel: {WRITTEN_BY}", id="another kind"),
        pytest.param(lambda folder: (folder / ROWS_FILE).unlink(), f"is damaged ({ROWS_FILE})", id="rows gone"),
        pytest.param(lambda folder: (folder / ROWS_FILE).write_bytes((folder / ROWS_FILE).read_bytes()[:-1] + b"X"),
                     f"is damaged ({ROWS_FILE}): delete the folder and make it again", id="rows changed"),
    ],
)  # fmt: skip
def test_what_is_no_finished_table(tmp_path: Path, harm: Callable[[Path], object], said: str) -> None:
    folder = rates_of({"a": 1.0}, tmp_path).folder
    harm(folder)
    with pytest.raises(CrossthinkError) as caught:
        open_table(folder, DIFFICULTY)
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_run_is_no_side_table(small: Small) -> None:
    with pytest.raises(CrossthinkError, match=WRITTEN_BY):
        open_table(small.folder, DIFFICULTY)


def test_nothing_is_no_side_table(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="is no finished side table"):
        open_table(tmp_path / "gone", DIFFICULTY)
