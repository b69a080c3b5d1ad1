"""Where long texts are cut."""

from __future__ import annotations

import pytest

from crossthink_data.llm.passages import passages
from tests.llm.prose import TIDES


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("One.\n\n  Two.\n", 20, ["One.\nTwo."]),
        ("One.\nTwo.\nThree.", 9, ["One.\nTwo.", "Three."]),
        ("One two. Three four.", 12, ["One two.", "Three four."]),  # sentences
        ("one two three four", 9, ["one two", "three", "four"]),  # words
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),  # no place to cut
        (" \n ", 10, []),
    ],
)
def test_cuts(text: str, most: int, expected: list[str]) -> None:
    assert passages(text, most) == expected


@pytest.mark.parametrize("most", [40, 100, 333])
def test_no_word_is_lost_and_no_bound_passed(most: int) -> None:
    cut = passages(TIDES, most)
    assert max(map(len, cut)) <= most
    assert " ".join(cut).split() == TIDES.split()
