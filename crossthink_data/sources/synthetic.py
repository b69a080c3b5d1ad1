"""Questions of one's own making: tables that `crossthink synthesize` wrote, multiple-choice and mathematical.

A recipe names the folder of such a table (`path:`). Columns read: id, license, domain, question, options, answer,
answer_label, rationale, reason. A row's licence is its document's, `unknown` where that is not known; what the licence
of the model that wrote it asks for is beside that. Rows that the synthesis did not keep have its reason, and are
counted among the removed: see docs/synthesis.md.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from crossthink_data.sources.base import UNKNOWN_LICENSE, Source, stripped
from crossthink_data.verify.gold import infer_type

_TEXTS = ("id", "question", "answer", "reason")
_OPTIONAL = ("license", "domain", "rationale")


def to_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The table's questions with their options and reasons."""
    options = pl.col("options").list.eval(pl.element().str.strip_chars())
    return frame.select(*_COMMON, options, "answer_label", answer_type=pl.lit("choice"))


def to_math_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The table's problems; an answer's type is what the grader reads in it."""
    types = [None if answer is None else infer_type(answer.strip()) for answer in frame["answer"]]
    return frame.select(*_COMMON, pl.Series("answer_type", types, pl.String))


_COMMON = (
    *map(stripped, ("question", "answer", "rationale", "license", "domain")),
    pl.col("id").alias("source_id"),
    pl.col("reason"),
)

_MCQ = Source(
    name="synthetic",
    category="gpr",
    question_type="mcq",
    domain="general",
    license=UNKNOWN_LICENSE,  # each row carries its document's
    attribution="written by a language model from the documents that the rows name",
    to_rows=to_rows,
    files=("rows.parquet",),
    columns={**dict.fromkeys(_TEXTS, pl.String), "options": pl.List(pl.String), "answer_label": pl.String},
    optional=dict.fromkeys(_OPTIONAL, pl.String),
)
_MATH = replace(
    _MCQ,
    name="synthetic_math",
    category="mr",
    question_type="open",
    domain="math",
    attribution="written by a language model for personas and skills",
    to_rows=to_math_rows,
    columns=dict.fromkeys(_TEXTS, pl.String),
)

SOURCES = (_MCQ, _MATH)
