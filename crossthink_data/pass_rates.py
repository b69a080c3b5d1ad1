"""The step that gives rows the pass rate which a table of `crossthink difficulty` has for their id; and what is hard.

A row that the table does not have keeps no rate.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossthink_data.frame_step import FrameStep
from crossthink_data.schema import POLARS_SCHEMA
from crossthink_data.side_table import ROWS_FILE

DIFFICULTY = "difficulty"  # the kind of table
COLUMNS = {name: POLARS_SCHEMA[name] for name in ("pass_rate", "pass_rate_model", "pass_rate_samples")}


class KeepHard(BaseModel):
    """Which rows of the pool a blend may draw: those with a pass rate from `min` to `max`, and none without a rate.

    The defaults are the paper's rule: what the model answered right goes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: float = Field(default=0.0, ge=0, le=1)
    max: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> KeepHard:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self

    def of(self, keys: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Of each row, whether it may be drawn."""
        return keys["pass_rate"].is_between(self.min, self.max).fill_null(value=False).to_numpy()


class PassRates(FrameStep):
    """Adds the columns of the pass rate, out of a table's folder; null without one."""

    name = "pass rates"

    def __init__(self, table: Path | None) -> None:
        super().__init__()
        self.table = table

    @cached_property
    def rates(self) -> pl.DataFrame:
        """The table's rates, read once a process."""
        assert self.table is not None  # noqa: S101 - `apply` asks only then
        model = pl.concat_str("model", "model_revision", separator="@", ignore_nulls=True)
        return pl.read_parquet(self.table / ROWS_FILE).select(
            "id", "pass_rate", model.alias("pass_rate_model"), pl.col("samples").alias("pass_rate_samples")
        )

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the three columns."""
        if self.table is None:
            return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in COLUMNS.items())
        joined = frame.join(self.rates, on="id", how="left", maintain_order="left")
        return joined.with_columns(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
