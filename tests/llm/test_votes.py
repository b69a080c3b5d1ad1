"""Votes on a key."""

from __future__ import annotations

import pytest

from crossthink_data.llm.votes import options_equal, vote
from crossthink_data.llm.written import Question

MCQ = Question("Q?", "oxygen", "", ("helium", "oxygen", "neon", "argon"), "B")
OPEN = Question("Q?", "1/2", "")


@pytest.mark.parametrize(
    ("answers", "votes", "agreement", "reason"),
    [
        (["B", "(B)", "oxygen", "A", None], ["B", "B", "B", "A", None], 0.6, None),
        (["B", "B", None, None, None], ["B", "B", None, None, None], 0.4, "vote_below_threshold"),
        (["A", "A", "A", "B", "B"], ["A", "A", "A", "B", "B"], 0.6, "vote_against_key"),
        (["B", "B", "A", "A", "C"], ["B", "B", "A", "A", "C"], 0.4, "vote_tied"),
        (["A", "C", "D", None, None], ["A", "C", "D", None, None], 0.2, "vote_tied"),
        ([None] * 5, [None] * 5, 0.0, "no_votes"),
        (["krypton", "B or C", "B", "B", "B"], [None, "B or C", "B", "B", "B"], 0.6, None),
    ],
)
def test_votes_of_labels(
    answers: list[str | None], votes: list[str | None], agreement: float, reason: str | None
) -> None:
    found = vote(MCQ, answers, 0.6)
    assert (found.agreement, found.reason) == (agreement, reason)
    assert [one for one in found.votes if one in tuple("ABCD")] == [one for one in votes if one in tuple("ABCD")]


def test_votes_of_answers_by_the_graders_equivalence() -> None:
    found = vote(OPEN, ["0.5", r"\frac{1}{2}", "50\\%", "2", None], 0.6)
    assert (found.votes, found.agreement, found.reason) == (["0.5", r"\frac{1}{2}", "50\\%", "2", None], 0.6, None)


@pytest.mark.parametrize("order", [["B", "B", "A", "A"], ["A", "A", "B", "B"], ["A", "B", "A", "B"]])
def test_a_tie_is_no_majority_in_any_order(order: list[str | None]) -> None:
    assert vote(MCQ, order, 0.5).reason == "vote_tied"


def test_a_threshold_is_met_by_its_own_share() -> None:
    for samples in range(1, 12):
        for right in range(samples // 2 + 1, samples + 1):
            answers: list[str | None] = ["B"] * right + [None] * (samples - right)
            assert vote(MCQ, answers, right / samples).reason is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["x", "y", "z"], False),
        (["1/2", "0.5", "2"], True),
        (["an increase", "the increase", "no change"], True),
        (["Increase", "increase", "z"], True),
        (["No", "no", "z"], True),  # a word, unlike the symbols below
        (["No", "NO", "z"], False),  # nobelium, nitric oxide
        (["Ww", "WW", "ww"], False),  # genotypes
        (["CO", "Co", "C"], False),  # a gas and a metal
        (["x^2 - 1", "(x-1)(x+1)", "x"], True),
    ],
)
def test_options_that_say_the_same(options: list[str], expected: bool) -> None:
    assert options_equal(options) is expected
