r"""A gold given back is correct: as it stands, between dollar signs, and in a completion's box."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from crossthink_data.verify import Gold, compare, extract, infer_type
from tests.support import needs_hub
from tests.verify.golds import OUR_GOLDS, mirror_golds

COMPLETION = "<think>\nFirst \\boxed{{0}}, but no.\n</think>\nSo the answer is $\\boxed{{{gold}}}$."


def _forms(gold: str) -> dict[str, str | None]:
    """What a model may write that is the gold as it stands; a gold with a lone dollar sign has no form between two."""
    boxed = extract(COMPLETION.format(gold=gold)).answer
    forms: dict[str, str | None] = {"bare": gold, "boxed": boxed}
    return forms if "$" in gold.replace(r"\$", "") else {**forms, "dollars": f"${gold}$"}


def _failures(golds: Iterable[str]) -> dict[str, list[str]]:
    """Gold -> the forms of it that are not correct."""
    found = {}
    for gold in dict.fromkeys(golds):
        truth = Gold(answer=gold, type=infer_type(gold))
        failed = [name for name, form in _forms(gold).items() if form is None or not compare(truth, form).correct]
        if failed:
            found[gold] = failed
    return found


@pytest.mark.parametrize("gold", OUR_GOLDS)
def test_our_gold_given_back_is_correct(gold: str) -> None:
    assert _failures([gold]) == {}


@needs_hub
def test_every_math500_gold_given_back_is_correct() -> None:
    golds = mirror_golds()["math500"]
    assert len(golds) == 500
    assert _failures(golds) == {}


@needs_hub
def test_real_golds_given_back_are_correct_without_an_exception() -> None:
    golds = [gold for column in mirror_golds().values() for gold in column]
    assert len(golds) > 30_000
    assert _failures(golds) == {}
