from __future__ import annotations

import polars as pl
import pytest

from crossthink_data.likeness import Text, find_copy, same_question, share_of, text_of
from crossthink_data.words import words_of

MAX_CHANGE, MAX_ADDED = 0.1, 1
LONG = "A wooden crate of mass 12 kg slides down a ramp of 30 degrees from rest, losing 40 J to friction on its way. "
ITEM = f"{LONG}What is the speed of the crate at the bottom of the ramp after sliding 5 m along it?"


def text(string: str) -> Text:
    return text_of(words_of(pl.Series([string])), 0)


def is_copy(item: str, row: str) -> bool:
    return find_copy(text(item), text(row)) is not None


def same(a: str, b: str) -> bool:
    verdicts = {same_question(text(x), text(y), MAX_CHANGE, MAX_ADDED) for x, y in ((a, b), (b, a))}
    assert len(verdicts) == 1
    return verdicts.pop()


COPIES = [
    (ITEM, "itself"),
    (ITEM.upper().replace(" ", "  "), "case and spaces"),
    (f"Here is problem 7 of a set of 12 on ramps. {ITEM}", "a sentence with numbers before"),
    (f"{ITEM} Give 3 significant figures.", "a sentence after"),
    (ITEM.replace("wooden crate", "crate"), "a word of the setting left out"),
    (ITEM.replace("What is", "Find"), "asked in other words"),
    (ITEM.replace(" after sliding 5 m along it?", " after sliding 5 m along it") + " please", "no end mark"),
]


@pytest.mark.parametrize("row", [row for row, _ in COPIES], ids=[name for _, name in COPIES])
def test_copies_are_found(row: str) -> None:
    assert is_copy(ITEM, row)


OTHERS = [
    (ITEM.replace("12 kg", "13 kg"), "another number"),
    (ITEM.replace("12 kg", "120 kg"), "a digit more"),
    (ITEM.replace("12 kg", "1.2 kg"), "a decimal point"),
    (ITEM.replace("at the bottom", "at the top"), "another place asked for"),
    (ITEM.replace("What is the speed", "What is the kinetic energy"), "another quantity asked for"),
    (ITEM.replace("What is", "What is not"), "a negation"),
    (LONG + "How long does it take to slide 5 m?", "another question on the same setting"),
    (LONG, "the setting alone"),
    ("", "nothing"),
]


@pytest.mark.parametrize("row", [row for row, _ in OTHERS], ids=[name for _, name in OTHERS])
def test_other_questions_are_no_copies(row: str) -> None:
    assert not is_copy(ITEM, row)


@pytest.mark.parametrize(
    ("item", "row"),
    [
        ("Which of these is false?", "Which of these is false about lenses?"),  # goes on
        ("How many three-digit integers are there?", "How many three-digit integers are multiples of 11?"),
        (
            "Which one of the following most strengthens the claim?",
            "Which one of the following most weakens the claim?",
        ),
    ],
)
def test_a_short_question_must_be_whole_sentences(item: str, row: str) -> None:
    assert not is_copy(item, row)


def test_where_the_copy_stands() -> None:
    found = find_copy(
        text("Which river is the longest in Africa?"), text("The test begins. Which river is the longest in Africa?")
    )
    assert found is not None
    assert (found.first, found.last, found.share) == (3, 9, 1.0)


def test_a_word_of_the_sentence_before_is_not_taken_for_the_copys_first() -> None:
    found = find_copy(
        text("The sum of 2 and 5 is what number exactly?"),
        text("The 9 test. The sum of 2 and 5 is what number exactly?"),
    )
    assert found is not None
    assert found.first == 3


def test_an_empty_item_is_in_no_text() -> None:
    assert find_copy(text(""), text("Anything")) is None
    assert share_of([], [1]) == 0.0


SAME = [
    ("Who wrote the play Hamlet?", "who wrote the play Hamlet"),
    ("What is the capital of Peru?", "Tell me the capital of Peru."),
    ("what language do they speak in brazil", "what language they speak in brazil"),
    ("Let $x$ be 3. Find $x + 2$.", "If x = 3, what is x+2?"),
    ("Who won the chicago race of 1990?", "Who won the old chicago race of 1990?"),  # one word more, of four
    ("Solve $x + 3 = 7$ for $x$", "Please show your reasoning and solve x+3=7 for x."),
    ("How many sides has a hexagon with 2 red sides?", "How many sides has a hexagon with two red sides?"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_one_question_in_two_wordings(a: str, b: str) -> None:
    assert same(a, b)


DIFFERENT = [
    ("Solve 2x+3=7", "Solve 2x+5=7"),
    ("Solve 2x+3=7", "Solve 2x-3=7"),
    ("Which planet is a gas giant?", "Which planet is not a gas giant?"),
    ("What is the capital of Peru?", "What is the capital of Chile?"),
    ("Which is the largest lake?", "Which is the smallest lake?"),
    ("How far is 5 km in miles?", "How far is 5 km in feet?"),
    ("Which gas has 12 protons and 23 neutrons?", "Which gas has 23 protons and 12 neutrons?"),
    ("x=1, y=23", "x=12, y=3 and z=4"),
    ("Find the energy U of the gas", "Find the energy H of the gas"),
    ("Where is Mount Ida?", "What is Mount Ida?"),
    ("Who sang it first in Rome?", "Who sang it first in Rome for the Pope and the Emperor?"),
    ("Who wrote Hamlet?", "Who wrote Hamlet music?"),  # one word more, of two
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_two_questions(a: str, b: str) -> None:
    assert not same(a, b)


def test_what_is_asked_counts_even_in_a_long_text() -> None:
    assert not same(LONG * 3 + "What is its speed?", LONG * 3 + "What is its energy?")


def test_the_ask_is_the_end_of_the_text_with_enough_words() -> None:
    asked = text("A cat sat on the mat of the old house. Which colour had the big mat of the cat?")
    assert asked.ask == 10
    assert text("Cats purr. Why?").ask == 0
