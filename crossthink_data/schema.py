"""The one row: its columns, their order and types, in every published config."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

SCHEMA_VERSION = 1  # 1: first published schema

_text = pa.string()
_message = pa.struct([pa.field("role", _text), pa.field("content", _text)])

ARROW_SCHEMA = pa.schema(
    [
        ("id", _text),
        ("question_key", _text),
        ("group_key", _text),
        ("prompt", pa.list_(_message)),
        ("question", _text),
        ("passage", _text),
        ("options", pa.list_(_text)),
        ("answer", _text),
        ("answer_label", _text),
        ("answer_aliases", pa.list_(_text)),
        ("answer_type", _text),
        ("question_type", _text),
        ("category", _text),
        ("domain", _text),
        ("rationale", _text),
        ("source", _text),
        ("source_id", _text),
        ("source_revision", _text),
        ("license", _text),
        ("template", _text),
        ("pass_rate", pa.float64()),
        ("pass_rate_model", _text),
        ("pass_rate_samples", pa.int32()),
        ("schema_version", pa.int32()),
    ]
)

REMOVED_SCHEMA = pa.schema(
    [(name, _text) for name in ("id", "group_key", "source", "question_type", "reason")]
    + [("keeper", _text)]  # of a near-duplicate: the id of the row that stays
)


def polars_schema(schema: pa.Schema) -> dict[str, pl.DataType]:
    """The polars types of an arrow schema, in its order."""
    frame = pl.from_arrow(schema.empty_table())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame, never a series
    return dict(frame.schema)


POLARS_SCHEMA = polars_schema(ARROW_SCHEMA)

LATE_COLUMNS = ("schema_version",)  # added when a row is written

# What a source's mapping may give; the rest of the row follows from the source and the pipeline.
MAPPED: dict[str, pl.DataType] = {
    **{
        name: POLARS_SCHEMA[name]
        for name in (
            "question",
            "passage",
            "options",
            "answer",
            "answer_label",
            "answer_aliases",
            "answer_type",
            "domain",
            "rationale",
            "source_id",
            "license",
        )
    },
    "reason": pl.String(),  # why the source itself leaves the row out, else null
}


def to_table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """A frame as an arrow table of exactly this schema (extra columns dropped, no metadata)."""
    return frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
