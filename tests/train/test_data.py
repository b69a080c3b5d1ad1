"""A published blend as a trainer's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.data import KEPT, training_rows
from crossthink_data.train.options import CorpusArguments
from tests.train.blends import blend_row, write_blend
from tests.train.words import CHAT, THINKING, word_tokenizer


@pytest.fixture
def blend(tmp_path: Path) -> Path:
    return write_blend(tmp_path / "blend", [blend_row(number) for number in range(6)])


def asked(blend: Path, **changes: Any) -> CorpusArguments:
    return CorpusArguments(dataset=str(blend), **changes)


def test_plain_is_the_text_alone(blend: Path) -> None:
    data = training_rows(asked(blend), word_tokenizer())
    assert data.style == "plain"
    assert data.rows["prompt"][0] == blend_row(0)["prompt"][0]["content"]
    assert not data.think_open


def test_chat_keeps_the_messages_where_there_is_a_template(blend: Path) -> None:
    data = training_rows(asked(blend), word_tokenizer(CHAT))
    assert data.style == "chat"
    assert data.rows["prompt"][0] == blend_row(0)["prompt"]
    assert "think_open" not in data.rows.column_names


def test_plain_may_be_asked_for_beside_a_template(blend: Path) -> None:
    assert training_rows(asked(blend, prompt_style="plain"), word_tokenizer(CHAT)).style == "plain"


def test_chat_without_a_template_is_refused(blend: Path) -> None:
    with pytest.raises(CrossthinkError, match="no chat template: use plain"):
        training_rows(asked(blend, prompt_style="chat"), word_tokenizer())


def test_a_template_that_opens_the_thinking_is_told_to_the_reward(blend: Path) -> None:
    data = training_rows(asked(blend), word_tokenizer(THINKING))
    assert data.think_open
    assert data.rows["think_open"][:] == [True] * 6


def test_the_rewards_columns_stay_and_no_others(blend: Path) -> None:
    assert sorted(training_rows(asked(blend), word_tokenizer()).rows.column_names) == sorted(KEPT)


def test_prompts_over_the_budget_are_left_out_and_counted(tmp_path: Path) -> None:
    long = [{"role": "user", "content": "word " * 50}]
    rows = [blend_row(0), blend_row(1, prompt=long), blend_row(2)]
    folder = write_blend(tmp_path / "long", rows)
    words = len(str(blend_row(0)["prompt"][0]["content"]).split())
    data = training_rows(asked(folder, max_prompt_tokens=words), word_tokenizer())
    assert (data.read, data.too_long) == (3, 1)
    assert data.rows["id"][:] == ["metals:0000", "metals:0002"]
    assert data.licenses == {"cc-by-4.0": 2}


def test_a_templates_own_tokens_count(blend: Path) -> None:
    words = len(str(blend_row(0)["prompt"][0]["content"]).split())
    spaced = CHAT.replace("<u>", "<u> ").replace("<a>", " <a>")
    assert training_rows(asked(blend, max_prompt_tokens=words + 2), word_tokenizer(spaced)).too_long == 0
    with pytest.raises(CrossthinkError, match="all 6 prompts"):
        training_rows(asked(blend, max_prompt_tokens=words + 1), word_tokenizer(spaced))


def test_all_prompts_too_long_is_an_error_with_the_option(blend: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"more than 3 tokens: raise --max_prompt_tokens"):
        training_rows(asked(blend, max_prompt_tokens=3), word_tokenizer())


def test_hard_first_is_by_rising_pass_rate_unknown_ones_last_in_the_blends_order(tmp_path: Path) -> None:
    rates = [0.5, None, 0.0, 0.5, None, 0.25]
    rows = [blend_row(number, pass_rate=rate) for number, rate in enumerate(rates)]
    folder = write_blend(tmp_path / "rated", rows)
    data = training_rows(asked(folder, curriculum="hard_first"), word_tokenizer())
    assert [int(one[-1]) for one in data.rows["id"]] == [2, 5, 0, 3, 1, 4]


def test_hard_first_without_any_pass_rate_is_refused(blend: Path) -> None:
    with pytest.raises(CrossthinkError, match="no row has a pass_rate"):
        training_rows(asked(blend, curriculum="hard_first"), word_tokenizer())


@pytest.mark.parametrize("curriculum", ["blend", "uniform"])
def test_other_orders_leave_the_rows_as_they_lie(blend: Path, curriculum: str) -> None:
    data = training_rows(asked(blend, curriculum=curriculum), word_tokenizer())
    assert [int(one[-1]) for one in data.rows["id"]] == [0, 1, 2, 3, 4, 5]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    folder = write_blend(tmp_path / "newer", [blend_row(0, schema_version=99)])
    with pytest.raises(CrossthinkError, match="schema version 99"):
        training_rows(asked(folder), word_tokenizer())
