"""Rows that show how to answer, for the warm-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import crossthink_reward
from crossthink_data.train.data import TrainingRows, training_rows
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.worked import COLUMNS, worked_rows
from tests.train.blends import blend_row, write_blend
from tests.train.words import CHAT, THINKING, word_tokenizer

ROWS = [blend_row(0), blend_row(1, rationale=None), blend_row(2)]


def shown(tmp_path: Path, template: str | None = None) -> TrainingRows:
    folder = write_blend(tmp_path / "blend", ROWS)
    return worked_rows(training_rows(CorpusArguments(str(folder)), word_tokenizer(template), kept=COLUMNS))


def test_a_plain_reply_follows_its_prompt_on_a_new_line(tmp_path: Path) -> None:
    data = shown(tmp_path)
    assert data.rows.column_names == ["prompt", "completion"]
    assert data.rows["completion"][:] == [f"\n<think>I know it.</think> \\boxed{{{label}}}" for label in "AC"]


def test_a_chat_reply_is_the_assistants_message(tmp_path: Path) -> None:
    first = shown(tmp_path, CHAT).rows[0]
    assert first["completion"] == [{"role": "assistant", "content": "<think>I know it.</think> \\boxed{A}"}]
    assert first["prompt"] == ROWS[0]["prompt"]


def test_a_reply_goes_on_where_the_template_opened_the_thinking(tmp_path: Path) -> None:
    said = shown(tmp_path, THINKING).rows[0]["completion"][0]["content"]
    assert said == "I know it.</think> \\boxed{A}"
    assert crossthink_reward([said], answer=["iron"], answer_label=["A"], options=[["iron", "x"]], think_open=True) == [
        1.0
    ]


def test_the_licences_are_those_of_the_rows_that_are_shown(tmp_path: Path) -> None:
    assert shown(tmp_path).licenses == {"cc-by-4.0": 2}  # row 1, which has no rationale, is of another


def test_no_rationale_at_all_is_an_error(tmp_path: Path) -> None:
    folder = write_blend(tmp_path / "none", [blend_row(0, rationale=None)])
    with pytest.raises(CrossthinkError, match="none of the 1 rows has a rationale"):
        worked_rows(training_rows(CorpusArguments(str(folder)), word_tokenizer(), kept=COLUMNS))
