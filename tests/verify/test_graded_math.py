"""800 real completions with another grader's verdicts: ours differ where that one is mistaken, and nowhere else."""

from __future__ import annotations

import pytest

from crossthink_data.verify import Gold, compare, extract, infer_type
from tests.graded_to_jsonl import graded_rows
from tests.verify.golds import GRADED

FILE = GRADED / "math_boxed_800.jsonl.gz"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="no ../shared/graded beside this checkout")

# Spacing (in 8 rows) and a thousands separator (in one), which that grader calls wrong.
MISTAKEN = {(r"\text{4:30 p.m.}", r"4:30 \text{ p.m.}"): 8, ("10{,}000", "10000"): 1}


def test_verdicts_differ_only_where_the_other_grader_is_mistaken() -> None:
    rows = graded_rows(FILE)
    assert len(rows) == 800
    differing: dict[tuple[str, str | None], int] = {}
    for row in rows:
        gold, answer = row["gold"], extract(row["completion"]).answer
        ours = answer is not None and compare(Gold(answer=gold, type=infer_type(gold)), answer).correct
        if ours != row["correct"]:
            differing[gold, answer] = differing.get((gold, answer), 0) + 1
    assert differing == MISTAKEN
