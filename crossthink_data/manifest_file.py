"""The file `manifest.json` of a run or of a side table: written last, it says that the folder is complete."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossthink_data.errors import CrossthinkError
from crossthink_data.storage import write_text

MANIFEST = "manifest.json"


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest aside, then renames it: once it is there, the run is complete."""
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def read_object(path: Path, cure: str) -> dict[str, Any]:
    """The object in a manifest's file; empty where it holds something else. Raises CrossthinkError for broken JSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CrossthinkError(f"{path} is not whole JSON ({error}): {cure}") from error
    return content if isinstance(content, dict) else {}


def git_commit() -> str | None:
    """The commit of the checkout that this code runs from; None outside of one."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return None
    return found.stdout.strip() or None
