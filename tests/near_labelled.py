"""Labelled pairs of the mirror's real rows: are they one question, and does the step say so?

`tests/data/near_pairs.jsonl` has ids, hashes, the edit that makes the second text, and the verdict; no text. Of an edit
the verdict follows from its kind; of `wild` pairs it was given by a reader. One half is for tuning, one for the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from crossthink_data.hashing import text_keys
from crossthink_data.near_dedup import NearDedup, near_duplicates, questions_of, signatures
from tests import edits
from tests.mirror_rows import mirror_items, mirror_rows

PAIRS = Path(__file__).parent / "data" / "near_pairs.jsonl"


@dataclass(frozen=True)
class Judged:
    """A labelled pair, whether the two share a band, and whether they are called one question."""

    pair: dict[str, Any]
    meet: bool
    alike: bool

    @property
    def kind(self) -> str:
        """`made`, `passage` or `wild`."""
        edit = str(self.pair["edit"])
        return edit if edit == "wild" else edit.split("_")[0] if edit.startswith("passage") else "made"

    @property
    def found(self) -> bool:
        """Whether the step would remove one of the two."""
        return self.meet and self.alike

    @property
    def same(self) -> bool:
        """The label."""
        return bool(self.pair["verdict"] == "same")


def read_pairs(half: str) -> list[dict[str, Any]]:
    """The pairs of `tune` or `report`."""
    return [pair for pair in map(orjson.loads, PAIRS.read_bytes().splitlines()) if pair["half"] == half]


def judge(pairs: Iterable[dict[str, Any]], settings: NearDedup) -> list[Judged]:
    """What the step says of each pair."""
    pairs = list(pairs)
    first = [_row(pair["a"], pair["hash_a"]) for pair in pairs]
    second = [_edited(_row(pair["b"], pair["hash_b"]), pair) for pair in pairs]
    frames = [pl.DataFrame(rows, schema=_SCHEMA) for rows in (first, second)]
    meet = (signatures(frames[0], settings) == signatures(frames[1], settings)).any(axis=1).tolist()
    alike = [near_duplicates(a, b, settings) for a, b in zip(*map(questions_of, frames), strict=True)]
    return [Judged(*one) for one in zip(pairs, meet, alike, strict=True)]


_SCHEMA = {"question": pl.String(), "passage": pl.String(), "options": pl.List(pl.String())}


def _row(key: str, hashed: str) -> dict[str, Any]:
    row = _rows()[key]
    assert row_hash(row) == hashed, f"{key} has changed since it was labelled"
    return row


def row_hash(row: dict[str, Any]) -> str:
    """A hash of all that was labelled."""
    return text_keys(["\x1f".join([row["question"], row["passage"] or "", "\x1e".join(row["options"])])])[0]


@cache
def _rows() -> dict[str, dict[str, Any]]:
    rows = {f"{row['source']}:{row['source_id']}": row for row in mirror_rows().to_dicts()}
    items = {f"{row['set']}:{row['item']}": row for row in mirror_items().to_dicts()}
    return {key: {name: row[name] for name in _SCHEMA} for key, row in (rows | items).items()}


def _edited(row: dict[str, Any], pair: dict[str, Any]) -> dict[str, Any]:
    edit, pick = pair["edit"].removeprefix("passage_"), pair["pick"]
    if edit == "reordered":
        return row | {"options": edits.reordered(row["options"], pick)}
    if edit == "template":
        return row | {"question": edits.template(pair["half"] == "report")(row["question"], pick)}
    if edit in ("wild", "passage"):
        return row
    return row | {"question": (edits.SAME | edits.DIFFERENT)[edit](row["question"], pick)}


@dataclass(frozen=True)
class Score:
    """Right and wrong of a set of pairs."""

    hits: int
    misses: int
    false: int
    rejected: int

    @property
    def recall(self) -> float:
        """Found, of those that are one question."""
        return self.hits / max(self.hits + self.misses, 1)

    @property
    def precision(self) -> float:
        """Rightly found, of those found."""
        return self.hits / max(self.hits + self.false, 1)


def score(judged: Iterable[Judged]) -> Score:
    """Counts over pairs."""
    judged = list(judged)
    return Score(
        hits=sum(one.same and one.found for one in judged),
        misses=sum(one.same and not one.found for one in judged),
        false=sum(not one.same and one.found for one in judged),
        rejected=sum(not one.same and not one.found for one in judged),
    )


def pair_texts(pair: dict[str, Any]) -> tuple[str, str]:
    """The two texts of a pair, options at their end in order."""
    rows = _row(pair["a"], pair["hash_a"]), _edited(_row(pair["b"], pair["hash_b"]), pair)
    first, second = ("\n".join([row["question"], *sorted(row["options"])]) for row in rows)
    return first, second
