from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.manifest import built_files, built_rows, check_balance, read_manifest
from crossthink_data.manifest_file import MANIFEST, write_manifest
from crossthink_data.schema import POLARS_SCHEMA, SCHEMA_VERSION
from tests.small import Small

COUNTS: dict[str, Any] = {"read": 10, "derived": 3, "pool": 6, "not_sampled": 2, "removed": {"a": 4, "b": 1}}


def manifest_of(folder: Path, files: Iterable[Path] = (), **changes: Any) -> dict[str, Any]:
    """The least that a manifest holds; `files` are parquet files in the folder."""
    about = {
        path.relative_to(folder).as_posix(): {
            "sha256": file_sha256(path),
            "bytes": path.stat().st_size,
            "rows": pl.scan_parquet(path).select(pl.len()).collect().item(),
        }
        for path in files
    }
    return {
        **dict.fromkeys(("name", "recipe", "description", "hash", "crossthink_version"), "x"),
        "schema_version": SCHEMA_VERSION,
        "seconds": 1.5,
        "warnings": [],
        "sources": {},
        "pool": {},
        "blends": {},
        "refused_blends": {},
        "table": [],
        "files": about,
    } | changes


def test_rows_that_add_up() -> None:
    check_balance("s", COUNTS)


@pytest.mark.parametrize(
    "changed", [{"read": 11}, {"derived": 2}, {"pool": 5}, {"not_sampled": 3}, {"removed": {"a": 4}}]
)
def test_a_row_that_vanished_or_came_from_nowhere(changed: dict[str, Any]) -> None:
    with pytest.raises(CrossthinkError, match=r"source 's': 1\d rows came in and 1\d went out"):
        check_balance("s", COUNTS | changed)


def test_a_manifest_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    write_manifest(tmp_path, manifest_of(tmp_path, name="Zürich"))
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


# ---- one that is damaged, or another program's


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        for key in path[:-1]:
            manifest = manifest[key]
        del manifest[path[-1]]

    return change


DAMAGES: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("no blends", _without("blends"), "blends: Field required"),
    ("no sources", _without("sources"), "sources: Field required"),
    ("sources in a list", lambda one: one.update(sources=[]), "sources: Input should be a valid dictionary"),
    ("no count of a source", _without("sources", "codes", "read"), "sources.codes.read: Field required"),
    ("a count as text", lambda one: one["sources"]["codes"].update(pool="4"), "sources.codes.pool: Input should be a"),
    ("no rows of a split", _without("blends", "nd", "rows", "train"), "blends.nd.rows.train: Field required"),
    (
        "a weight of no rows",
        _without("blends", "nd", "rows", "train", "sums"),
        "blends.nd: Value error, no rows of sums",
    ),
    ("a table of texts", lambda one: one.update(table=["a"]), "table.0: Input should be a valid dictionary"),
    (
        "a file elsewhere",
        lambda one: one["files"].update({"../a.parquet": {}}),
        "files.../a.parquet.[key]: String should",
    ),
    ("a surrogate", lambda one: one.update(name="\ud800"), "'utf-8' codec can't encode character"),
    ("benchmarks in a list", lambda one: one.update(contamination=[]), "contamination: Input should be a valid dict"),
]


@pytest.mark.parametrize(("damage", "message"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES])
def test_what_a_reader_needs_is_asked_for_at_once(
    small: Small, tmp_path: Path, damage: Callable[[dict[str, Any]], None], message: str
) -> None:
    manifest = json.loads((small.folder / MANIFEST).read_text())
    damage(manifest)
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CrossthinkError) as caught:
        read_manifest(tmp_path)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / MANIFEST} is not of crossthink's making ({message}"), told
    assert told.endswith("): name a run or a published folder")


# ---- its files


def test_files_of_a_config_and_a_split(small: Small) -> None:
    def names(*of: str) -> list[str]:
        return [path.relative_to(small.folder).as_posix() for path in built_files(small.folder, small.manifest, *of)]

    splits = [f"data/pool/{split}-00000-of-00001.parquet" for split in ("test", "train", "validation")]
    assert names("pool") == splits
    assert names("pool", "train") == splits[1:2]
    assert names("poo") == names("pool", "trai") == []


def test_rows_of_no_file(small: Small) -> None:
    found = built_rows(small.folder, small.manifest | {"files": {}}, "nd").collect()
    assert (found.height, dict(found.schema)) == (0, POLARS_SCHEMA)


def test_a_file_that_has_changed_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "nd" / "train-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    pl.DataFrame({"id": ["a"]}).write_parquet(path)
    manifest = manifest_of(tmp_path, [path])
    assert built_rows(tmp_path, manifest, "nd").collect()["id"].to_list() == ["a"]
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a", b"b", 1))
    message = f"{path} is damaged: it is not the file that manifest.json names; build it or download it again"
    with pytest.raises(CrossthinkError, match=f"^{message}$"):
        built_rows(tmp_path, manifest, "nd")
