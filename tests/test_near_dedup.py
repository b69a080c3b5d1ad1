from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from crossthink_data.near_dedup import NEIGHBOURS, NearDedup, near_duplicates, neighbours, questions_of, signatures
from tests.support import rows_frame

SETTINGS = NearDedup()
OPTIONS = ["a lens of glass", "a mirror of tin", "a prism of salt", "a wall of brick"]
TITLES = [f"{option.title()}." for option in OPTIONS]
PASSAGE = "The town lived from herring for a hundred years, until the shoals moved north and its houses closed. " * 3


def pair(a: dict[str, Any], b: dict[str, Any]) -> tuple[bool, bool]:
    """(whether two rows share a band, whether they are one question)."""
    rows = rows_frame(a, b)
    keys = signatures(rows, SETTINGS)
    one, other = questions_of(rows)
    verdict = near_duplicates(one, other, SETTINGS)
    assert verdict == near_duplicates(other, one, SETTINGS)
    return bool((keys[0] == keys[1]).any()), verdict


Q = "Which of these parts bends the light that falls into the old telescope?"
SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("case and marks", {"question": "Who wrote Hamlet?"}, {"question": "who  wrote “Hamlet”"}),
    ("LaTeX", {"question": r"Find $\frac{1}{2} + x^2$ at $x = 3$."}, {"question": "What is 1/2 + x^2 at x=3?"}),
    ("order of options", {"question": Q, "options": OPTIONS}, {"question": Q, "options": OPTIONS[::-1]}),
    (
        "marks in options",
        {"question": Q, "options": OPTIONS},
        {"question": Q, "options": TITLES},
    ),
    ("one passage", {"question": Q, "passage": PASSAGE}, {"question": Q, "passage": PASSAGE.upper()}),
    ("two words long", {"question": "Define entropy"}, {"question": "Define: entropy."}),
]


@pytest.mark.parametrize(("a", "b"), [one[1:] for one in SAME], ids=[one[0] for one in SAME])
def test_near_duplicates_meet_and_are_one(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert pair(a, b) == (True, True)


DIFFERENT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a number", {"question": "Solve 2x+3=7 for x."}, {"question": "Solve 2x+5=7 for x."}),
    ("a negation", {"question": Q}, {"question": Q.replace("bends", "does not bend")}),
    ("other options", {"question": Q, "options": OPTIONS}, {"question": Q, "options": [*OPTIONS[:3], "a door of oak"]}),
    ("an option more", {"question": Q, "options": OPTIONS}, {"question": Q, "options": [*OPTIONS, "a door of oak"]}),
    ("choice and open", {"question": Q, "options": OPTIONS}, {"question": Q}),
    ("one passage, two questions", {"question": Q, "passage": PASSAGE}, {"question": "Why move?", "passage": PASSAGE}),
    ("two passages, one question", {"question": Q, "passage": PASSAGE}, {"question": Q, "passage": "A town of coal."}),
    ("a passage and none", {"question": Q, "passage": PASSAGE}, {"question": Q}),
    ("a place", {"question": "What is the capital of Peru?"}, {"question": "What is the capital of Chile?"}),
    ("nothing in common", {"question": ""}, {"question": Q}),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), [one[1:] for one in DIFFERENT], ids=[one[0] for one in DIFFERENT])
def test_different_questions_stay_two(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert not all(pair(a, b))


def test_other_numbers_make_no_candidates() -> None:
    rows = rows_frame(*({"question": f"A train runs {i + 10} km in 2 hours; how fast is it?"} for i in range(50)))
    assert len(np.unique(signatures(rows, SETTINGS)[:, 0])) == 50


def test_signatures_do_not_depend_on_other_rows() -> None:
    rows = rows_frame(*({"question": f"Question on matter {i}?"} for i in range(20)))
    assert np.array_equal(signatures(rows, SETTINGS)[7:9], signatures(rows[7:9], SETTINGS))


def test_the_shape_of_signatures_follows_the_settings() -> None:
    assert signatures(rows_frame({"question": Q}), NearDedup(bands=4, rows=2)).shape == (1, 5)


@pytest.mark.parametrize("question", ["", " ", "?", "Why", "日本", "a " * 100_000])
def test_odd_questions_are_read(question: str) -> None:
    rows = rows_frame({"question": question}, {"question": question})
    one, other = questions_of(rows)
    assert near_duplicates(one, other, SETTINGS)
    assert np.array_equal(*signatures(rows, SETTINGS))


def test_neighbours_pair_equal_keys() -> None:
    first, second = neighbours(np.array([1, 1, 2, 3, 3, 3], np.uint64))
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 1), (3, 4), (3, 5), (4, 5)]
    assert [len(one) for one in neighbours(np.zeros(0, np.uint64))] == [0, 0]


def test_a_crowd_is_compared_with_its_neighbours_only() -> None:
    first, second = neighbours(np.zeros(1_000, np.uint64))
    assert (second - first).max() == NEIGHBOURS
    assert len(first) < 1_000 * NEIGHBOURS


def test_two_equal_options_need_two() -> None:
    twice = [*OPTIONS[:3], OPTIONS[2]]
    assert not pair({"question": Q, "options": twice}, {"question": Q, "options": OPTIONS})[1]


def test_no_rows() -> None:
    empty = rows_frame({"question": Q}).head(0)
    assert signatures(empty, SETTINGS).shape == (0, 1 + SETTINGS.bands)
    assert questions_of(empty) == []
    assert isinstance(empty, pl.DataFrame)
