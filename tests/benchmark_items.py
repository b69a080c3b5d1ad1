"""Benchmark items of our own, for tests of what compares rows with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from crossthink_data.benchmark_index import ITEMS, BenchmarkIndex, build_index, load_index, save_index

RAMP = (
    "A wooden crate of mass 12 kg slides from rest down a rough ramp that is inclined at 30 degrees. What is the speed "
    "of the crate after it has moved 5 m along the ramp if 40 J are lost to friction?"
)
PASSAGE = (
    "For most of the nineteenth century the harbour town lived from herring, and its salting houses employed two women "
    "for every man. When the shoals moved north the houses closed one after another, yet the town grew."
)
STOCK = "Which of the following statements is correct?"
SHARED_STEM = "Which one of the following, if true, most seriously weakens the argument made above?"
RIVERS = ["Nile", "Congo", "Niger", "Volta"]


def item(
    question: str, passage: str | None = None, options: Sequence[str] = (), benchmark: str = "mmlu", **more: Any
) -> dict[str, Any]:
    """One item; its set is the benchmark's name."""
    made = {"benchmark": benchmark, "set": benchmark, "item": question[:20], "no_publish": False}
    return {**made, "question": question, "passage": passage, "options": list(options), **more}


DEFAULT = [
    item(RAMP, benchmark="mmlu_pro", item="ramp"),
    item("What is 7 times 8?", benchmark="math500", item="seven-eight"),
    item("Osteoclasts", options=["build bone", "break down bone"], item="bone"),
    item("Which river is the longest in Africa?", options=RIVERS, item="river"),
    item(STOCK, options=["Iron floats.", "Gold is heavier than lead.", "Tin is gas.", "Zinc is red."], item="stock-1"),
    item(STOCK, options=["All cats are black.", "No cat is black.", "Dogs purr.", "Cats purr."], item="stock-2"),
    item(SHARED_STEM, PASSAGE, ["The town grew.", "It shrank."], benchmark="agieval", item="weakens"),
    item("What does the passage suggest of the women who worked?", PASSAGE, benchmark="agieval", item="women"),
    item("Name the secret particle that decays into 3 quarks within 2 seconds of its birth.", benchmark="gpqa_diamond",
         item="0123abc", no_publish=True),
]  # fmt: skip


def index_of(items: Sequence[dict[str, Any]] = DEFAULT, ngram: int = 8, max_shared: int = 9) -> BenchmarkIndex:
    return build_index(pl.DataFrame(items, schema=ITEMS.schema), ngram, max_shared)


def saved_index(folder: Path, items: Sequence[dict[str, Any]] = DEFAULT) -> Path:
    """The index as a folder of files."""
    save_index(index_of(items), folder)
    load_index.cache_clear()
    return folder
