"""The labelled pairs of the mirror's rows, the half that nothing was tuned on."""

from __future__ import annotations

from functools import cache

import pytest

from crossthink_data.near_dedup import NearDedup
from tests.near_labelled import Judged, judge, read_pairs, score
from tests.support import needs_hub

pytestmark = needs_hub


@cache
def report() -> list[Judged]:
    return judge(read_pairs("report"), NearDedup())


def test_there_are_enough_pairs_of_each_kind() -> None:
    pairs = [*read_pairs("tune"), *read_pairs("report")]
    made = [pair for pair in pairs if pair["edit"] != "wild" and not pair["edit"].startswith("passage")]
    passages = [pair for pair in pairs if pair["edit"].startswith("passage")]
    assert len(made) >= 500
    assert sum(pair["verdict"] == "different" for pair in passages) >= 100


def test_the_file_has_no_text() -> None:
    fields = {"a", "b", "edit", "pick", "verdict", "half", "hash_a", "hash_b"}
    assert all(set(pair) == fields for pair in read_pairs("report"))


@pytest.mark.parametrize("kind", ["made", "passage"])
def test_edits_of_real_questions_are_told_apart(kind: str) -> None:
    found = score(one for one in report() if one.kind == kind)
    assert found.recall >= 0.98, found
    assert found.precision >= 0.98, found


def test_two_questions_on_one_passage_are_two() -> None:
    assert [one.pair["a"] for one in report() if one.pair["edit"] == "passage" and one.alike] == []


def test_pairs_met_in_the_wild_are_never_called_one_wrongly() -> None:
    """Rewordings by other words are missed, and that is measured in docs/measuring.md; what is found must be right."""
    found = score(one for one in report() if one.kind == "wild")
    assert found.precision >= 0.98, found
    assert found.recall >= 0.5, found
