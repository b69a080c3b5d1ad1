"""The step that gives rows without a gold the label which a table of `crossthink selflabel` has for their id.

A row that has a gold keeps it. A label goes through every check that a gold does, and goldcheck gives it its type.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from crossthink_data.frame_step import FrameStep
from crossthink_data.kinds import LABELS as LETTERS
from crossthink_data.side_table import ROWS_FILE

SELFLABEL = "selflabel"  # the kind of table


class Labels(FrameStep):
    """Fills in answers where there are none, out of a table's folder; its column `filled` says in which rows."""

    name = "labels"

    def __init__(self, table: Path | None) -> None:
        super().__init__()
        self.table = table

    @cached_property
    def adopted(self) -> pl.DataFrame:
        """The table's adopted labels, read once a process."""
        assert self.table is not None  # noqa: S101 - `apply` asks only then
        rows = pl.read_parquet(self.table / ROWS_FILE, columns=["id", "answer"])
        return rows.drop_nulls("answer").rename({"answer": "adopted"})

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with its labels, of which there are none without a table."""
        if self.table is None:
            return frame.with_columns(filled=pl.lit(False))
        rows = frame.join(self.adopted, on="id", how="left", maintain_order="left")
        wanted = unlabelled() & pl.col("adopted").is_not_null()
        is_choice = pl.col("options").list.len() > 0
        place = pl.col("adopted").replace_strict(list(LETTERS), list(range(len(LETTERS))), default=None)
        text = pl.when(is_choice).then(pl.col("options").list.get(place, null_on_oob=True)).otherwise("adopted")
        return rows.with_columns(
            answer=pl.when(wanted).then(text).otherwise("answer"),
            answer_label=pl.when(wanted & is_choice).then("adopted").otherwise("answer_label"),
            filled=wanted,
        ).drop("adopted")


def unlabelled() -> pl.Expr:
    """Whether a row has no gold, and nothing else against it."""
    return pl.col("reason").is_null() & (pl.col("answer").fill_null("").str.strip_chars() == "")
