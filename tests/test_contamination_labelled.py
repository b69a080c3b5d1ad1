"""Real benchmark items, edited as copies are, and real rows that are none; and the true cases of the mirror."""

from __future__ import annotations

import polars as pl
import pytest

from tests.contamination_labelled import CLEAN, COPIES, ITEMS, OTHERS, clean_rows, edited, found_in
from tests.mirror_rows import mirror_rows
from tests.support import needs_hub

pytestmark = needs_hub

# What hub/README.md of the mirror counts by letters and digits, and by exact text, as (source, set, at least, at most).
# The upper bounds are what a reader found to be copies when the wording may differ.
TRUE = [
    ("theoremqa", "mmlu_pro", 596, 600),
    ("scibench", "mmlu_pro", 446, 460),
    ("deepscaler", "math500", 6, 10),
    ("numinamath", "math500", 6, 10),
    ("gsm8k", "math500", 0, 0),
]


@pytest.mark.parametrize(("short", "wanted"), [(False, 0.98), (True, 0.95)])
def test_edited_copies_are_found(short: bool, wanted: float) -> None:
    counts = {name: edited(made, short) for name, made in COPIES.items()}
    found, rows = (sum(count[i] for count in counts.values()) for i in (0, 1))
    assert counts["as it is"][1] == ITEMS
    assert found / rows >= wanted, counts


@pytest.mark.parametrize("short", [False, True])
def test_an_item_with_one_number_changed_is_another_question(short: bool) -> None:
    found, rows = edited(OTHERS["one number changed"], short)
    assert rows > 0
    assert found == 0


def test_clean_rows_of_the_same_domains_are_clean() -> None:
    rows = clean_rows()
    assert len(rows) == 2_000
    assert rows["source"].n_unique() == len(CLEAN)
    assert sum(map(bool, found_in(rows.to_dicts()))) <= 0.01 * len(rows)


@pytest.mark.parametrize("source", CLEAN)
def test_stock_phrases_are_no_contamination(source: str) -> None:
    rows = mirror_rows().filter(pl.col("source") == source).to_dicts()
    assert [row["source_id"] for row, found in zip(rows, found_in(rows), strict=True) if found] == []


@pytest.mark.parametrize(("source", "set_", "least", "most"), TRUE)
def test_true_cases_are_found(source: str, set_: str, least: int, most: int) -> None:
    rows = mirror_rows().filter(pl.col("source") == source).to_dicts()
    hits = sum(any(one == set_ for one, _ in found) for found in found_in(rows))
    assert least <= hits <= most


def test_all_of_math500_is_found_in_the_test_split_of_math() -> None:
    rows = mirror_rows().filter((pl.col("source") == "math") & pl.col("source_id").str.starts_with("data/test"))
    found = {hit for hits in found_in(rows.to_dicts()) for hit in hits}
    assert sum(set_ == "math500" for set_, _ in found) == 500
    assert sum(set_ == "agieval_math" for set_, _ in found) == 1_000
