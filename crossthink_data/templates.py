"""The template step: multiple choice as it is, as an open question, or both; and the prompt text.

An MCQ becomes open only where its question stands by itself (`stands_alone`). How well that detector does, on
questions labelled blind before it was written, is measured by `tests/bench/stands_alone.py`.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from crossthink_data import prompts
from crossthink_data.frame_step import FrameStep
from crossthink_data.keys import with_ids
from crossthink_data.kinds import LABELS
from crossthink_data.stands_alone import stands_alone

TemplateMode = Literal["as_is", "open", "both"]

_NUMBER = r"^[-+]?\$?\d[\d,]*(?:\.\d+)?\s?%?$"


class Template(FrameStep):
    """Gives each source's rows their form, prompt and ids."""

    name = "template"

    def __init__(self, modes: dict[str, TemplateMode]) -> None:
        super().__init__()
        self.modes = modes  # of each source

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame (of one source) in its forms; derived rows are counted."""
        source = frame["source"][0]
        forms = with_ids(with_prompts(apply_template(frame, self.modes[source])))
        self.stat_update(f"derived/{source}", value=int(forms["derived"].sum()), unit="frame")
        return forms


def apply_template(frame: pl.DataFrame, mode: TemplateMode) -> pl.DataFrame:
    """Rows in the form that the mode asks for; `derived` marks those that the read rows did not hold.

    An open form of a question that needs its options is there too, with the reason `needs_options`.
    """
    frame = frame.with_columns(derived=pl.lit(False))
    if mode == "as_is":
        return frame
    is_mcq = pl.col("question_type") == "mcq"
    if mode == "open":
        return pl.concat([frame.filter(~is_mcq), _opened(frame.filter(is_mcq))])
    opened = _opened(frame.filter(is_mcq & pl.col("reason").is_null()))  # nothing is derived from what must go
    return pl.concat([frame, opened.with_columns(derived=pl.lit(True), order=pl.col("order") + 1)])


def _opened(mcq: pl.DataFrame) -> pl.DataFrame:
    needs_options = pl.when(~stands_alone()).then(pl.lit("needs_options"))
    return mcq.with_columns(
        reason=pl.coalesce("reason", needs_options),
        options=pl.lit([], pl.List(pl.String())),
        answer_label=pl.lit(None, pl.String()),
        question_type=pl.lit("open"),
        answer_type=pl.when(pl.col("answer").str.contains(_NUMBER)).then(pl.lit("number")).otherwise(pl.lit("text")),
    )


def with_prompts(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `prompt` (one user message) and `template`; the same text as `prompts.prompt_text`."""
    is_mcq = pl.col("options").list.len() > 0
    longest = int(frame["options"].list.len().max() or 0)  # type: ignore[arg-type]
    lines = [pl.concat_str(pl.lit(prompts.option_line(LABELS[i], "")), _option(i)) for i in range(min(longest, 26))]
    parts = [
        _non_empty("passage"),
        _non_empty("question"),
        pl.when(is_mcq).then(pl.concat_str(lines, separator="\n", ignore_nulls=True) if lines else pl.lit("")),
        pl.when(is_mcq).then(pl.lit(prompts.MCQ_INSTRUCTION)).otherwise(pl.lit(prompts.OPEN_INSTRUCTION)),
    ]
    content = pl.concat_str(parts, separator=prompts.PARAGRAPH, ignore_nulls=True)
    return frame.with_columns(
        prompt=pl.concat_list(pl.struct(pl.lit("user").alias("role"), content.alias("content"))),
        template=pl.when(is_mcq).then(pl.lit(prompts.MCQ_TEMPLATE)).otherwise(pl.lit(prompts.OPEN_TEMPLATE)),
    )


def _option(position: int) -> pl.Expr:
    return pl.col("options").list.get(position, null_on_oob=True)


def _non_empty(column: str) -> pl.Expr:
    return pl.when(pl.col(column) != "").then(pl.col(column))
