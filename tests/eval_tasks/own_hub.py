"""The sets of our own rows as data sets on the test Hub, at their real ids."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crossthink_data.benchmarks import ALL_SETS
from tests.eval_tasks.own_rows import ROWS
from tests.hub_store import Store, seed
from tests.small import write_lines


def seed_benchmarks(store: Store, folder: Path, without: tuple[str, ...] = ()) -> None:
    """Every set, as the file that its benchmark has."""
    for name, one in ALL_SETS.items():
        if name in without:
            continue
        path = folder / one.repo / one.files[0].replace("*", "00000-of-00001")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".jsonl":
            write_lines(path, ROWS[name])
        elif path.suffix == ".csv":
            pl.DataFrame(ROWS[name]).write_csv(path)
        else:
            pl.DataFrame(ROWS[name]).write_parquet(path)
    seed(store, folder)
