from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossthink_data.words import SpelledWords, WordSet, rolling, span_hashes, text_hashes, word_hash, words_of


def spelled(text: str | None) -> list[str]:
    words = words_of(pl.Series([text], dtype=pl.String))
    return [words.spelled(at, at) for at in range(len(words.hashes))]


def sentences(text: str) -> list[str]:
    words = words_of(pl.Series([text]))
    ends = [*words.sentences[1:], len(words.hashes)]
    return [words.spelled(int(a), int(b) - 1) for a, b in zip(words.sentences, ends, strict=True)]


def same(*texts: str) -> bool:
    """Whether all texts have the same words."""
    return len(set(text_hashes(words_of(pl.Series(texts))).tolist())) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What is it?", ["what", "is", "it"]),
        ("12 cats", ["1", "2", "cats"]),  # a digit is a word
        ("3.5 or 3. Then", ["3", ".", "5", "or", "3", "then"]),  # a point in a number, a point at a sentence's end
        ("x-1, well-known, 3-digit", ["x", "-", "1", "well", "known", "3", "digit"]),  # a minus, and two hyphens
        ("a-b of an x-ray", ["a", "-", "b", "of", "an", "x", "ray"]),
        ("because -\nof - that", ["because", "of", "that"]),  # dashes
        ("A -> B − 2", ["a", "b", "-", "2"]),  # an arrow, and a minus of another kind
        ("Problem 7: 8 cats", ["8", "cats"]),
        ("x - y < 2%", ["x", "-", "y", "<", "2", "%"]),
        (r"\left( \dfrac{1}{2} \right)", ["1", "2"]),
        (r"\begin{align*} x&=1 \\[2ex] y \end{align*}", ["x", "1", "y"]),
        (
            "frac and left are words without a backslash",
            ["frac", "and", "left", "are", "words", "without", "a", "backslash"],
        ),
        ("日本は5番", ["日", "本", "は", "5", "番"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),  # right to left
        ("naïve Äpfel", ["naive", "apfel"]),
        ("", []),
        (None, []),
        (" ?!… \n", []),
        ("x" * 100_000, ["x" * 100_000]),
    ],
)
def test_the_words_of_a_text(text: str | None, words: list[str]) -> None:
    assert spelled(text) == words


@pytest.mark.parametrize(
    "texts",
    [
        (r"$\frac{1}{2}x^2$", r"$\dfrac12 x^{2}$", "1/2 x²", "½x^2"),
        ("10,000 men", "10{,}000 men", "10000 men"),
        (r"30^\circ", "30°", "30"),
        (r"x \leq 3", r"x \le 3", "x ≤ 3"),
        (r"x \neq 3", r"x \not= 3", "x ≠ 3"),
        (r"2\pi", "2π"),
        ("x − 3", "x - 3", "x – 3"),
        ("“Don’t” go", '"Don\'t" go'),
        ("three cats", "3 cats"),
        ("5 percent", r"5\%", "5%"),
        ("Two cats, one gas", "two cat, one gas"),
        ("12. Why?", "Exercise 3:\nWhy?", "Why?"),
        ("WHAT  is\n\nit", "what is it?"),
        (
            "Find x. [asy] draw((0,0)--(1,2)); [/asy]" + " The rest of it is long" * 8,
            "Find x." + " The rest of it is long" * 8,
        ),
    ],
)
def test_spellings_of_one_text_have_the_same_words(texts: tuple[str, ...]) -> None:
    assert same(*texts)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("2x+3=7", "2x+5=7"),
        ("x - 3", "x + 3"),
        ("x < 3", "x > 3"),
        ("1.5 m", "15 m"),
        ("5%", "5"),
        ("a b", "b a"),
        ("26, 5, 6", "26, 56"),
        ("x^2 + 12", "x^212"),
        ("a-b", "a b"),
        ("mas", "mass"),
        ("ab", "a b"),
    ],
)
def test_texts_that_say_different_things_have_different_words(a: str, b: str) -> None:
    assert not same(a, b)


def test_a_drawing_stays_where_the_text_is_told_by_nothing_else() -> None:
    assert not same("Find x. [asy] label(2); [/asy]", "Find x. [asy] label(3); [/asy]")


def test_sentences_begin_after_end_marks_and_line_ends() -> None:
    assert sentences("The U.S. won. Who won?\nName it: now") == ["the u.s", "won", "who won", "name it", "now"]
    assert sentences("It is 3.5 m. Why") == ["it is 3.5 m", "why"]


def test_texts_are_kept_apart() -> None:
    words = words_of(pl.Series(["one text", "", "and two"]))
    assert len(words) == 3
    assert words.offsets.tolist() == [0, 2, 2, 4]
    assert [words.spelled(words.of(i).start, words.of(i).stop - 1) for i in (0, 2)] == ["one text", "and two"]
    assert words.sentences.tolist() == [0, 2]


def test_no_texts_at_all() -> None:
    assert len(words_of(pl.Series([], dtype=pl.String))) == 0


@given(st.lists(st.text(max_size=40), min_size=1, max_size=20))
@example(["00"])
@example(["-", "0"])  # no minus: a text ends with it
@example(["a -", "0"])
@example(["- ", "0"])
@example(["x", ">", "-", " 5"])
@example(["f", "0c00"])
@example(["c12", "f", "x"])  # no fraction: what stands before it is the end of no text
def test_a_text_has_the_same_words_alone_and_among_others(texts: list[str]) -> None:
    together = text_hashes(words_of(pl.Series(texts, dtype=pl.String)))
    alone = [text_hashes(words_of(pl.Series([text], dtype=pl.String)))[0] for text in texts]
    assert together.tolist() == alone


def test_chunks_cut_no_text() -> None:
    texts = pl.Series([f"number {i} of many texts" for i in range(40_000)])  # more than one chunk
    assert len(np.unique(text_hashes(words_of(texts)))) == 40_000
    assert text_hashes(words_of(texts))[33_333] == text_hashes(words_of(texts[33_333:33_334]))[0]


def hashes(text: str) -> SpelledWords:
    return words_of(pl.Series([text]))


def test_an_ngram_is_the_same_wherever_it_stands() -> None:
    first, second = rolling(hashes("a b c d e").hashes, 3), rolling(hashes("x a b c d").hashes, 3)
    assert first[:2].tolist() == second[1:].tolist()
    assert len(np.unique(first)) == 3
    assert len(rolling(hashes("a b").hashes, 3)) == 0


def test_spans_of_other_lengths_are_other_numbers() -> None:
    words = hashes("a a a a").hashes
    numbers = span_hashes(words, np.array([0, 1, 0]), np.array([1, 2, 2]))
    assert numbers[0] == numbers[1] != numbers[2]


def test_a_word_set_knows_its_words() -> None:
    words = hashes("not a word of the set but one")
    assert WordSet("not one the").mask(words.hashes).tolist() == [True, *[False] * 3, True, *[False] * 2, True]
    assert int(word_hash("the")) in WordSet("not one the")
