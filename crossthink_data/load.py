"""A published blend, loaded as everybody loads it, with a check that its rows are the ones this package knows."""

from __future__ import annotations

import datasets
from datasets.exceptions import DatasetGenerationError

from crossthink_data.errors import CrossthinkError
from crossthink_data.schema import ARROW_SCHEMA, SCHEMA_VERSION


def load_blend(
    corpus: str, blend: str | None = None, split: str = "train", revision: str | None = None
) -> datasets.Dataset:
    """The rows of a split of a blend; `corpus` is an id on the Hub or a folder, and no blend is its default one.

    Raises CrossthinkError where it cannot be loaded or has other columns or another schema version.
    """
    where = f"{corpus}{f', blend {blend}' if blend else ''}, split {split}"
    try:
        rows = datasets.load_dataset(corpus, blend, split=split, revision=revision)
    except (OSError, ValueError, DatasetGenerationError) as error:
        raise CrossthinkError(f"cannot load {where}: {error}") from error
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
