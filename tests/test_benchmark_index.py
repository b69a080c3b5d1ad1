from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from crossthink_data.benchmark_index import BenchmarkIndex, load_index, ngrams
from crossthink_data.words import words_of
from tests.benchmark_items import DEFAULT, PASSAGE, RAMP, RIVERS, STOCK, index_of, item, saved_index


def items_with(index: BenchmarkIndex, text: str) -> set[str]:
    """The items that share an n-gram with a text."""
    grams, _ = ngrams(words_of(pl.Series([text])), index.ngram)
    return set(index.about["item"].gather(index.grams.find(grams)[1]))


def test_an_item_is_found_by_any_of_its_ngrams() -> None:
    assert items_with(index_of(), "He says it slides from rest down a rough ramp that is, always") == {"ramp"}


def test_items_with_a_passage_are_found_by_it() -> None:
    assert items_with(index_of(), PASSAGE) == {"weakens", "women"}


def test_every_key_is_found_and_no_other_number() -> None:
    grams = index_of().grams
    positions, items = grams.find(np.concatenate([grams.keys, grams.keys + np.uint64(1)]))
    assert sorted(set(positions.tolist())) == list(range(len(grams.keys)))
    assert items.tolist() == grams.items.tolist()


def test_ngrams_do_not_cross_texts_and_pass_over_signs() -> None:
    grams, text = ngrams(words_of(pl.Series(["a b", "c - d e", "f"])), 3)
    assert text.tolist() == [1]
    assert grams.tolist() == ngrams(words_of(pl.Series(["c d e"])), 3)[0].tolist()


def test_an_ngram_that_many_questions_have_tells_nothing() -> None:
    names = [f"{a}{b}" for a in "abcde" for b in "fg"]
    many = [item(f"Consider the well known example of the famous {one} theorem of it", item=one) for one in names]
    assert items_with(index_of(many), "Consider the well known example of the famous") == set()
    assert items_with(index_of(many[:9]), "Consider the well known example of the famous") == set(names[:9])


def test_one_question_in_many_items_is_no_common_phrase() -> None:
    many = [item(RAMP, item=f"copy {i}", benchmark=f"b{i}") for i in range(20)]
    assert len(items_with(index_of(many), RAMP)) == 20


def test_the_same_passage_under_many_questions_is_no_common_phrase() -> None:
    many = [item(f"Question number {i}?", PASSAGE, item=str(i)) for i in range(20)]
    assert len(items_with(index_of(many), PASSAGE)) == 20


def test_boilerplate_is_a_question_that_a_set_asks_of_other_options() -> None:
    index = index_of()
    found = index.about.filter(pl.Series(np.asarray(index.boilerplate)))["item"].to_list()
    assert found == ["stock-1", "stock-2"]


def test_the_same_options_in_another_order_or_set_make_no_boilerplate() -> None:
    twice = [
        item(STOCK, options=RIVERS),
        item(STOCK, options=RIVERS[::-1]),
        item(STOCK, options=["x"], benchmark="mmlu_pro"),
    ]
    assert not index_of(twice).boilerplate.any()


def test_options_are_looked_up_by_item() -> None:
    index = index_of()
    at = [one["item"] for one in DEFAULT].index("river")
    assert len(index.options_of(at)) == 4
    assert index.options_of(0) == set()


def test_a_saved_index_is_the_same_and_holds_no_text(tmp_path: Path) -> None:
    index, again = index_of(), load_index(saved_index(tmp_path / "index"))
    assert again.about.equals(index.about)
    assert again.ngram == index.ngram
    assert items_with(again, RAMP) == {"ramp"}
    assert again.options_of(3) == index.options_of(3)
    assert np.array_equal(again.boilerplate, index.boilerplate)
    written = b"".join(path.read_bytes() for path in sorted((tmp_path / "index").iterdir()))
    assert b"quarks" not in written
    assert b"ramp" in written  # ids are there: "ramp" is one


def test_an_index_of_no_items() -> None:
    assert items_with(index_of([]), RAMP) == set()
