from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.decontaminate import CONTAMINATED, Decontaminate, Decontamination, evidence_of, find_items
from tests.benchmark_items import PASSAGE, RAMP, RIVERS, SHARED_STEM, STOCK, index_of, saved_index
from tests.support import rows_frame

INDEX = index_of()
SECRET = "Name the secret particle that decays into 3 quarks within 2 seconds of its birth."


def found(question: str | None, passage: str | None = None, options: tuple[str, ...] = ()) -> list[str]:
    """The ids of the items that a row holds."""
    row = {"question": [question], "passage": [passage], "options": [list(options)]}
    types = {"question": pl.String(), "passage": pl.String(), "options": pl.List(pl.String())}
    return find_items(pl.DataFrame(row, schema=types), INDEX, Decontamination())["item"].to_list()


@pytest.mark.parametrize(
    "question",
    [
        RAMP,
        RAMP.upper(),
        RAMP.replace(" ", "  ").replace(",", ""),
        RAMP.replace("12 kg", r"$12\,\mathrm{kg}$").replace("30 degrees", r"$30^\circ$ degrees"),
        f"Physics, problem 4. {RAMP}",
        f"{RAMP} Show your work in 2 lines.",
    ],
)
def test_a_copy_is_found_however_it_is_written(question: str) -> None:
    assert found(question) == ["ramp"]


def test_another_number_makes_another_question() -> None:
    assert found(RAMP.replace("12 kg", "13 kg")) == []


@pytest.mark.parametrize(
    ("question", "items"),
    [
        ("what is 7 times 8", ["seven-eight"]),
        ("Question: What is 7 times 8?", ["seven-eight"]),
        ("Work alone. What is 7 times 8? Explain.", ["seven-eight"]),
        ("What is 7 times 8 divided by 4?", []),
        ("What is 7 times 9?", []),
        ("Osteoclasts", ["bone"]),
        ("A cell. Osteoclasts. A bone.", []),  # a word is no question among others
    ],
)
def test_items_too_short_for_an_ngram_are_whole_sentences(question: str, items: list[str]) -> None:
    assert found(question) == items


def test_a_short_question_is_the_same_only_with_its_options() -> None:
    question = "Which river is the longest in Africa?"
    assert found(question, options=("Nile", "Congo", "Zambezi", "Orange")) == ["river"]
    assert found(question, options=("Zambezi", "Orange", "Senegal", "Nile")) == []
    assert found(f"{question}\nA) Nile\nB) Congo\nC) Niger\nD) Volta") == ["river"]  # written out in the question
    assert found(question) == []  # "which" selects among options that are not there


def test_order_and_case_of_the_options_say_nothing() -> None:
    assert found("Which river is the longest in Africa?", options=tuple(one.upper() for one in RIVERS[::-1])) == [
        "river"
    ]


def test_boilerplate_needs_its_options() -> None:
    assert found(STOCK) == []
    assert found(STOCK, options=("Birds swim.", "Fish fly.", "Cows sing.", "Bees hum.")) == []
    assert found(STOCK, options=("Dogs purr.", "Cats purr.", "No cat is black.", "All cats are black.")) == ["stock-2"]


def test_a_passage_alone_is_no_copy_and_a_stem_alone_neither() -> None:
    assert found("How many houses closed in the town?", PASSAGE) == []
    assert found(SHARED_STEM, "Another argument on trains and their time tables, which says that they are late.") == []
    assert found(SHARED_STEM, PASSAGE) == ["weakens"]
    assert found(f"{PASSAGE}\n{SHARED_STEM}") == ["weakens"]  # the passage in the question
    assert found(SHARED_STEM.replace("weakens", "strengthens"), PASSAGE) == []


@pytest.mark.parametrize(
    "question", [None, "", " ", "?", "Why?", r"$\frac{}{}$", "日本語", "שלום עולם", "a " * 500_000]
)
def test_odd_rows_hold_nothing_and_break_nothing(question: str | None) -> None:
    assert found(question) == []


def test_a_copy_in_a_very_long_row_is_found() -> None:
    assert found("Some filling text, nothing more. " * 30_000 + RAMP) == ["ramp"]


def test_evidence_says_what_was_found_where(tmp_path: Path) -> None:
    rows = rows_frame({"question": "Clean?"}, {"question": f"Now. {RAMP}"}, {"question": RAMP, "reason": "mojibake"})
    done = stepped(rows, tmp_path)
    assert done["reason"].to_list() == [None, CONTAMINATED, "mojibake"]
    (one,) = evidence_of(done).to_dicts()
    assert one == {
        **{"id": "id-1", "source": "s", "benchmark": "mmlu_pro", "set": "mmlu_pro", "item": "ramp", "share": 1.0},
        "matched": RAMP.lower().removesuffix("?"),
    }


def test_of_a_secret_benchmark_nothing_but_a_hash_is_told(tmp_path: Path) -> None:
    done = stepped(rows_frame({"question": SECRET}), tmp_path)
    assert done["reason"].to_list() == [CONTAMINATED]
    (one,) = evidence_of(done).to_dicts()
    assert one == {
        **{"id": None, "source": "s", "benchmark": "gpqa_diamond", "set": "gpqa_diamond", "item": "0123abc"},
        **{"share": 1.0, "matched": None},
    }


def test_every_row_stays_in_its_place(tmp_path: Path) -> None:
    rows = rows_frame(*({"question": RAMP if i % 3 == 0 else f"Row {i}?"} for i in range(9)))
    done = stepped(rows, tmp_path)
    assert done["question"].to_list() == rows["question"].to_list()
    assert done["reason"].is_not_null().to_list() == [True, False, False] * 3


def stepped(rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    step = Decontaminate(saved_index(folder / "index"), Decontamination())
    return step.apply(rows.with_row_index("n").with_columns(id=pl.format("id-{}", "n")))


@pytest.mark.parametrize("change", [{"benchmarks": ["gsm8k"]}, {"ngram": 2}, {"min_share": 0}, {"further": 1}])
def test_settings_that_mean_nothing_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Decontamination(**change)
