from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from crossthink_data.schema import (
    ARROW_SCHEMA,
    LATE_COLUMNS,
    MAPPED,
    POLARS_SCHEMA,
    REMOVED_SCHEMA,
    polars_schema,
    to_table,
)

COLUMNS = [  # published: their order and names never change without a new SCHEMA_VERSION
    *("id", "question_key", "group_key", "prompt", "question", "passage", "options", "answer", "answer_label"),
    *("answer_aliases", "answer_type", "question_type", "category", "domain", "rationale", "source", "source_id"),
    *("source_revision", "license", "template", "pass_rate", "pass_rate_model", "pass_rate_samples", "schema_version"),
]


def test_the_published_columns_keep_their_order() -> None:
    assert ARROW_SCHEMA.names == COLUMNS


def test_the_prompt_is_a_list_of_messages() -> None:
    message = ARROW_SCHEMA.field("prompt").type.value_type
    assert [(part.name, part.type) for part in message] == [("role", pa.string()), ("content", pa.string())]


def test_every_column_is_text_but_these() -> None:
    other = {field.name: str(field.type) for field in ARROW_SCHEMA if field.type != pa.string()}
    lists = {"options": "list<item: string>", "answer_aliases": "list<item: string>"}
    numbers = {"pass_rate": "double", "pass_rate_samples": "int32", "schema_version": "int32"}
    assert {name: kind for name, kind in other.items() if name != "prompt"} == lists | numbers


def test_removed_rows_have_no_text() -> None:
    assert REMOVED_SCHEMA.names == ["id", "group_key", "source", "question_type", "reason", "keeper"]


def test_polars_types_follow_from_arrow() -> None:
    assert polars_schema(REMOVED_SCHEMA) == dict.fromkeys(REMOVED_SCHEMA.names, pl.String())
    assert list(POLARS_SCHEMA) == COLUMNS
    assert POLARS_SCHEMA["pass_rate"] == pl.Float64()


def test_what_a_source_may_map_is_part_of_the_row() -> None:
    assert set(MAPPED) - {"reason"} < set(COLUMNS) - set(LATE_COLUMNS)


def test_a_table_has_exactly_the_schema_whatever_the_frame_holds_beside_it() -> None:
    row = {name: [None] for name in reversed(COLUMNS)} | {"further": [1], "id": ["x"], "schema_version": [1]}
    frame = pl.DataFrame(row, schema_overrides={name: POLARS_SCHEMA[name] for name in COLUMNS})
    table = to_table(frame, ARROW_SCHEMA)
    assert table.schema.equals(ARROW_SCHEMA, check_metadata=True)
    assert table.column("id").to_pylist() == ["x"]


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="question_key"):
        to_table(pl.DataFrame({"id": ["x"]}), ARROW_SCHEMA)
