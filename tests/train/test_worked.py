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


def shown(tmp_path: Path, template: str | None = None, max_length: int | None = None) -> TrainingRows:
    folder, tokenizer = write_blend(tmp_path / "blend", ROWS), word_tokenizer(template)
    data = training_rows(CorpusArguments(str(folder)), tokenizer, kept=COLUMNS)
    return worked_rows(data, tokenizer, max_length)


def test_a_plain_reply_follows_its_prompt_on_a_new_line(tmp_path: Path) -> None:
    data = shown(tmp_path)
    assert data.rows.column_names == ["prompt", "completion"]
    assert data.rows["completion"][:] == [f"\n<think>I know it.</think> \\boxed{{{label}}}" for label in "AC"]


def test_a_chat_reply_is_the_assistants_message(tmp_path: Path) -> None:
    first = shown(tmp_path, CHAT).rows[0]
    assert first["completion"] == [{"role": "assistant", "content": "<think>I know it.</think> \\boxed{A}"}]
    assert first["prompt"] == ROWS[0]["prompt"]


def test_a_reply_goes_on_where_the_template_opened_the_thinking(tmp_path: Path) -> None:
    row = shown(tmp_path, THINKING).rows[0]
    assert row["prompt"] == f"<u>{ROWS[0]['prompt'][0]['content']}<a>\n<think>\n"
    said = row["completion"]
    assert said == "I know it.</think> \\boxed{A}"
    assert crossthink_reward([said], answer=["iron"], answer_label=["A"], options=[["iron", "x"]], think_open=True) == [
        1.0
    ]


def test_the_licences_are_those_of_the_rows_that_are_shown(tmp_path: Path) -> None:
    assert shown(tmp_path).licenses == {"cc-by-4.0": 2}  # row 1, which has no rationale, is of another


def test_no_rationale_at_all_is_an_error(tmp_path: Path) -> None:
    folder = write_blend(tmp_path / "none", [blend_row(0, rationale=None)])
    with pytest.raises(CrossthinkError, match="none of the 1 rows has a rationale"):
        worked_rows(training_rows(CorpusArguments(str(folder)), word_tokenizer(), kept=COLUMNS), word_tokenizer())


WORDS = len(ROWS[0]["prompt"][0]["content"].split())  # of either prompt
STYLES = [(None, WORDS + 4 + 1), (CHAT, WORDS + 3), (THINKING, WORDS + 1 + 4 + 1)]  # reply and end; tag, reply, end


@pytest.mark.parametrize(("template", "words"), STYLES, ids=["plain", "chat", "thinking"])
def test_what_would_be_cut_off_is_left_out_and_counted(tmp_path: Path, template: str | None, words: int) -> None:
    assert shown(tmp_path, template, words).cut == 0
    with pytest.raises(CrossthinkError, match=f"all 2 rows .* more than {words - 1} tokens, the shortest {words}: rai"):
        shown(tmp_path, template, words - 1)


def test_a_longer_row_alone_is_left_out(tmp_path: Path) -> None:
    long = blend_row(1, rationale="I know it and can say why.")
    data = training_rows(
        CorpusArguments(str(write_blend(tmp_path / "long", [ROWS[0], long]))), word_tokenizer(), kept=COLUMNS
    )
    data = worked_rows(data, word_tokenizer(), WORDS + 5)
    assert (data.cut, len(data.rows), data.licenses) == (1, 1, {"cc-by-4.0": 1})
