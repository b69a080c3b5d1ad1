"""The prompt texts byte by byte: training, evals and published rows share them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data import prompts
from crossthink_data.kinds import LABELS
from crossthink_data.prompts import prompt_text
from crossthink_data.templates import with_prompts
from tests.support import rows_frame

MCQ = """\
Snow is frozen water.

What is snow made of?

A) Water
B) Salt

Reason step by step between <think> and </think>, then give only the letter of the one right option in \\boxed{}.
Reply in this form: <think>your reasoning</think> \\boxed{letter}"""
OPEN = """\
What is snow made of?

Reason step by step between <think> and </think>, then give only the final answer in \\boxed{}.
Reply in this form: <think>your reasoning</think> \\boxed{answer}"""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
rows = st.fixed_dictionaries(
    {
        "question": texts,
        "passage": st.none() | texts,
        "options": st.lists(texts, max_size=len(LABELS)),
        "answer": st.just("x"),
    }
)


def test_multiple_choice_with_a_passage() -> None:
    assert prompt_text("What is snow made of?", ["Water", "Salt"], "Snow is frozen water.") == MCQ


def test_open_question() -> None:
    assert prompt_text("What is snow made of?") == OPEN


def test_an_empty_passage_leaves_no_gap() -> None:
    assert prompt_text("What is snow made of?", passage="") == OPEN


def test_the_version_of_these_texts() -> None:
    """The texts above are those of version 1: change them, the version and this test together."""
    assert (prompts.PROMPT_VERSION, prompts.MCQ_TEMPLATE, prompts.OPEN_TEMPLATE) == (1, "mcq-v1", "open-v1")


@given(st.lists(rows, min_size=1, max_size=4))
def test_rows_get_the_same_text(given_rows: list[dict[str, Any]]) -> None:
    frame = with_prompts(rows_frame(*given_rows))
    for row, (messages, template) in zip(given_rows, frame.select("prompt", "template").iter_rows(), strict=True):
        text = prompt_text(row["question"], row["options"], row["passage"])
        assert messages == [{"role": "user", "content": text}]
        assert template == ("mcq-v1" if row["options"] else "open-v1")


@pytest.mark.parametrize("text", ["A {braces} question", "$1 \\frac{a}{b}", "tabs\tand\nlines", "ünïcode ☃"])
def test_text_is_taken_as_it_is(text: str) -> None:
    assert prompt_text(text).startswith(f"{text}\n\nReason step by step")
