"""A published blend, loaded as everybody loads it, with a check that its rows are the ones this package knows."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import datasets
from datasets.exceptions import DatasetGenerationError

from crossthink_data.errors import CrossthinkError
from crossthink_data.schema import ARROW_SCHEMA, SCHEMA_VERSION
from crossthink_data.sources.hub import check_address


def load_blend(
    corpus: str, blend: str | None = None, split: str = "train", revision: str | None = None
) -> datasets.Dataset:
    """The rows of a split of a blend; `corpus` is an id on the Hub or a folder, and no blend is its default one.

    Raises CrossthinkError where it cannot be loaded, with near names where there are, or has other columns or another
    schema version.
    """
    if revision is not None and Path(corpus).is_dir():
        raise CrossthinkError(f"{corpus} is a folder, which has no revision {revision!r}: leave the revision out")
    where = f"{corpus}{f', blend {blend}' if blend else ''}, split {split}"
    if not Path(corpus).is_dir():
        check_address()
    try:
        rows = datasets.load_dataset(corpus, blend, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, DatasetGenerationError) as error:  # RuntimeError: a loading script
        near = [repr(name) for name in _near(corpus, blend, revision) if name != blend]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise CrossthinkError(f"cannot load {where}: {error}{hint}") from error
    missing = [name for name in ARROW_SCHEMA.names if name not in rows.column_names]
    if missing:
        raise CrossthinkError(
            f"{where} has no column {', '.join(missing)}: name a blend that `crossthink publish` made"
        )
    versions = set(rows.unique("schema_version"))
    if versions - {SCHEMA_VERSION}:
        raise CrossthinkError(
            f"{where} has rows of schema version {', '.join(map(str, sorted(versions)))}, this is {SCHEMA_VERSION}: "
            "install the version of crossthink that its card names, or publish it again"
        )
    return rows


def near_folders(path: str) -> list[str]:
    """Folders whose name is near to that of one that is not there, beside it."""
    parent = Path(path).parent
    if Path(path).exists():
        return []
    names = [one.name for one in parent.iterdir() if one.is_dir()] if parent.is_dir() else []
    return [str(parent / name) for name in get_close_matches(Path(path).name, names)]


def _near(corpus: str, blend: str | None, revision: str | None) -> list[str]:
    """Corpora, or blends of one that is there, whose name is near to what was asked for."""
    if found := near_folders(corpus):
        return found
    try:
        return get_close_matches(blend or "", datasets.get_dataset_config_names(corpus, revision=revision))
    except (OSError, ValueError, RuntimeError):
        return []  # the corpus itself cannot be read
