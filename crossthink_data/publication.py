"""A run as it is published: the same files for the Hub and for a plain folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crossthink_data.card import render_card
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.manifest import read_manifest
from crossthink_data.manifest_file import MANIFEST

CARD, RECIPE = "README.md", "recipe.yaml"


@dataclass(frozen=True)
class Publication:
    """All that goes into one commit: data files by path, texts by path; `tag` names the run."""

    run: Path
    manifest: dict[str, Any]
    data: dict[str, Path]
    texts: dict[str, bytes]

    @property
    def tag(self) -> str:
        """The tag of the commit."""
        return f"run-{self.manifest['hash'][:8]}"

    @property
    def sha256(self) -> dict[str, str]:
        """path -> sha256 of every data file, as built."""
        return {path: self.manifest["files"][path]["sha256"] for path in self.data}


def prepare_publication(run: Path, repo_id: str) -> Publication:
    """What publishing this run under this name means; its data files are checked against the manifest.

    Raises CrossthinkError for an unfinished run or a file that has changed since.
    """
    manifest = read_manifest(run)
    data = {}
    for path, about in manifest["files"].items():
        if not (run / path).is_file() or file_sha256(run / path) != about["sha256"]:
            raise CrossthinkError(
                f"{run / path} is missing or has changed since the run was built: delete {run} and build it again"
            )
        data[path] = run / path
    texts = {
        CARD: render_card(run, manifest, repo_id).encode(),
        RECIPE: yaml.safe_dump(manifest["resolved"]["recipe"], sort_keys=False, allow_unicode=True).encode(),
        MANIFEST: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode(),
    }
    return Publication(run, manifest, data, texts)
