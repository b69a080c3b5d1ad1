from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.manifest import check_balance, read_manifest
from crossthink_data.manifest_file import MANIFEST, write_manifest

COUNTS: dict[str, Any] = {"read": 10, "derived": 3, "pool": 6, "not_sampled": 2, "removed": {"a": 4, "b": 1}}


def test_rows_that_add_up() -> None:
    check_balance("s", COUNTS)


@pytest.mark.parametrize(
    "changed", [{"read": 11}, {"derived": 2}, {"pool": 5}, {"not_sampled": 3}, {"removed": {"a": 4}}]
)
def test_a_row_that_vanished_or_came_from_nowhere(changed: dict[str, Any]) -> None:
    with pytest.raises(CrossthinkError, match=r"source 's': 1\d rows came in and 1\d went out"):
        check_balance("s", COUNTS | changed)


def test_a_manifest_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"hash": "x", "files": {}, "schema_version": 1, "name": "Zürich"})
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]
    assert read_manifest(tmp_path)["name"] == "Zürich"
    assert json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))["hash"] == "x"


def test_a_manifest_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_manifest(tmp_path, {"bad": object()})
    assert not (tmp_path / MANIFEST).exists()


def test_a_folder_without_a_manifest_is_no_finished_run(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"is not a finished run.*crossthink build"):
        read_manifest(tmp_path)
