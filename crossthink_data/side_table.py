"""A side table: what a model said of rows, keyed by their `id`, in a folder with a manifest of its own.

The commands that ask a model write them (`crossthink difficulty`, `synthesize`, `selflabel`); a recipe names one as an
input. A run never changes: with a table it is another run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.manifest_file import MANIFEST, read_object

ROWS_FILE = "rows.parquet"
SYNTHESIZE = "synthesize"  # the kind of table that is a source's rows


@dataclass(frozen=True)
class SideTable:
    """A finished table; `cached` when it was there already."""

    folder: Path
    manifest: dict[str, Any]
    cached: bool = False

    @property
    def rows(self) -> pl.DataFrame:
        """The table, in order of id."""
        return pl.read_parquet(self.folder / ROWS_FILE)

    @property
    def revision(self) -> str:
        """A hash of the rows."""
        return f"sha256:{self.manifest['files'][ROWS_FILE]['sha256']}"


def open_table(folder: Path, kind: str) -> SideTable:
    """A finished side table. Raises CrossthinkError where it is none, of another kind, or damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        raise CrossthinkError(f"{folder} is no finished side table: it has no {MANIFEST}; run its command again")
    manifest = read_object(path, f"delete {folder} and make it again")
    if not _is_tables(manifest):
        raise CrossthinkError(f"{folder} is no side table: name a folder that `crossthink {kind}` has written")
    if manifest["kind"] != kind:
        raise CrossthinkError(f"{folder} holds {manifest['kind']}: name a folder that `crossthink {kind}` has written")
    for name, about in manifest["files"].items():
        if not (folder / name).is_file() or file_sha256(folder / name) != about["sha256"]:
            raise CrossthinkError(f"{folder} is damaged ({name}): delete the folder and make it again")
    return SideTable(folder, manifest)


def _is_tables(manifest: dict[str, Any]) -> bool:
    """Whether it is a side table's manifest, and not that of a run or of something else."""
    if not {"kind", "settings", "files"} <= manifest.keys():
        return False
    files = manifest["files"]
    whole = isinstance(files, dict) and ROWS_FILE in files
    return whole and all(isinstance(about, dict) and "sha256" in about for about in files.values())
