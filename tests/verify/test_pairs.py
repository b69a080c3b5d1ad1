"""304 pairs of gold and prediction out of other graders' test tables: each disagreement with them is explained."""

from __future__ import annotations

from typing import Any

import pytest

from crossthink_data.verify import Gold, compare, extract, infer_type
from tests.graded_to_jsonl import CHOICES, OPTIONS, gold_label, graded_rows, is_formula, math_gold
from tests.verify.golds import GRADED
from tests.verify.pairs_table import DISAGREEMENTS

FILE = GRADED / "pairs.jsonl"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="no ../shared/graded beside this checkout")


def _ours(pair: dict[str, Any]) -> object:
    """What we say of a pair, in the form that its table says it in: a verdict, or the label extracted."""
    pred = "" if pair["pred"] is None else str(pair["pred"])
    if pair["kind"] == "mcq_extract":
        return _letter(pred.upper() if len(pred) == 1 else pred)
    if pair["kind"] == "mcq":
        return _same_choice(gold_label(pair["gold"]), pred)
    answer, gold = _math_answer(pred), math_gold(str(pair["gold"]))
    return answer is not None and compare(Gold(answer=gold, type=infer_type(gold)), answer).correct


def _theirs(pair: dict[str, Any]) -> object:
    return (pair["extracted"] or None) if pair["kind"] == "mcq_extract" else pair["expected"]


def _letter(text: str) -> str | None:
    return text if text in CHOICES else extract(text, CHOICES, flexible=True).answer


def _same_choice(label: str, pred: str) -> bool:
    answer, option = _letter(pred), OPTIONS[CHOICES.index(label)]
    return answer is not None and compare(Gold(option, "choice", OPTIONS, label), answer).correct


def _math_answer(pred: str) -> str | None:
    """The last box; a formula alone is the answer itself; of prose, what it states."""
    if r"\boxed" in pred:
        return extract(pred).answer
    if is_formula(pred):
        return pred.strip() or None
    return extract(pred, flexible=True).answer


def test_disagreements_are_those_of_the_table() -> None:
    pairs = graded_rows(FILE)
    assert len(pairs) == 304
    assert {i for i, pair in enumerate(pairs) if _ours(pair) != _theirs(pair)} == DISAGREEMENTS.keys()


def test_each_disagreement_has_a_reason() -> None:
    assert all(reason.strip() for reason in DISAGREEMENTS.values())
