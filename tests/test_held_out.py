from __future__ import annotations

import polars as pl

from crossthink_data.held_out import HELD_OUT, HeldOut
from crossthink_data.keys import stem_keys
from tests.support import rows_frame

HELD = frozenset(stem_keys(pl.Series("q", [r"What is $\frac{1}{2} + \frac{1}{2}$?"])))


def test_rows_whose_question_a_benchmark_holds_are_removed() -> None:
    step = HeldOut({"s": HELD})
    frame = rows_frame({"question": r"what is \frac12+\frac12"}, {"question": "What is 1 + 1?"})
    [done] = step.run(iter([frame]))
    assert done["reason"].to_list() == [HELD_OUT, None]
    assert step.stats[f"s/{HELD_OUT}"].total == 1


def test_a_reason_that_a_row_has_stays() -> None:
    frame = rows_frame({"question": r"What is $\frac{1}{2} + \frac{1}{2}$?", "reason": "level_below_3"})
    assert HeldOut({"s": HELD}).apply(frame)["reason"].to_list() == ["level_below_3"]


def test_a_source_without_benchmarks_is_left_alone() -> None:
    frame = rows_frame({"question": r"What is $\frac{1}{2} + \frac{1}{2}$?", "source": "other"})
    assert HeldOut({"s": HELD}).apply(frame).equals(frame)
