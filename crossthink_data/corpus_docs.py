"""A published blend's rows as evaluation documents, so that a run can be judged on data like its own."""

from __future__ import annotations

import polars as pl

from crossthink_data.benchmark_docs import DOCS, VERSIONS
from crossthink_data.errors import CrossthinkError
from crossthink_data.load import load_blend

BREAKDOWNS = ("domain", "category", "question_type", "source")


def read_corpus(corpus: str | None, blend: str | None, split: str, revision: str | None) -> pl.DataFrame:
    """The documents of a blend's split, with the columns of DOCS. Raises CrossthinkError where it cannot be loaded."""
    if corpus is None:
        raise CrossthinkError(
            'crossthink_corpus scores a published blend: name it, as in --metadata \'{"corpus": "ORG/NAME", "blend": '
            '"gpr_up"}\'; a folder does too, and "split" is test where it is not given'
        )
    rows = load_blend(corpus, blend, split, revision).to_polars()
    assert isinstance(rows, pl.DataFrame)  # noqa: S101 - without batches it is one frame
    by = [pl.struct(by=pl.lit(name), value=name) for name in BREAKDOWNS]
    docs = rows.with_columns(
        prompt=pl.col("prompt").list.last().struct.field("content"),
        breakdowns=pl.concat_list(by),
        **{name: pl.lit(version, pl.Int64) for name, version in VERSIONS.items()},
    )
    return docs.select(pl.col(name).cast(dtype) for name, dtype in DOCS.items())
