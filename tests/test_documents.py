"""The two adapters, with a stock block of datatrove's between them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from datatrove.data import Document
from datatrove.pipeline.filters import LambdaFilter
from polars.testing import assert_frame_equal

from crossthink_data.documents import FromDocuments, ToDocuments
from crossthink_data.exchange import WORK_SCHEMA
from tests.support import work_frame


def work_rows(n: int) -> pl.DataFrame:
    rows = ({"question": f"Question {i}?", "options": ["x", "ü"], "answer_aliases": ["a"] * (i % 3)} for i in range(n))
    return work_frame(*rows).select(list(WORK_SCHEMA))


def frames(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    return (rows[at : at + size] for at in range(0, len(rows), size))


def test_a_document_has_the_question_as_its_text_and_the_row_as_its_metadata() -> None:
    rows = work_rows(3)
    documents = list(ToDocuments().run(frames(rows, 2)))
    assert [document.text for document in documents] == ["Question 0?", "Question 1?", "Question 2?"]
    assert [document.id for document in documents] == rows["id"].to_list()
    assert documents[1].metadata == rows.row(1, named=True)


def test_there_and_back_is_the_same_frame() -> None:
    rows = work_rows(10)
    back = list(FromDocuments(WORK_SCHEMA, batch=4).run(ToDocuments().run(frames(rows, 3))))
    assert [len(frame) for frame in back] == [4, 4, 2]
    assert_frame_equal(pl.concat(back), rows)


def test_a_stock_filter_takes_part() -> None:
    rows = work_rows(10)
    stock = LambdaFilter(lambda document: document.metadata["source_id"] in ("i2", "i7"))
    [back] = FromDocuments(WORK_SCHEMA).run(stock.run(ToDocuments().run(frames(rows, 4))))
    assert_frame_equal(back, rows[[2, 7]])
    assert stock.stats["dropped"].total == 8


def test_no_document_is_no_frame() -> None:
    assert list(FromDocuments(WORK_SCHEMA).run(iter(()))) == []
    assert list(ToDocuments().run(None)) == []


def test_what_a_block_leaves_out_is_null() -> None:
    [back] = FromDocuments({"id": pl.String(), "answer": pl.String()}).run(
        iter([Document("q", "1", metadata={"id": "1"})])
    )
    assert back.rows() == [("1", None)]
