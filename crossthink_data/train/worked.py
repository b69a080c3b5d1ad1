"""Rows that show how to answer: the prompt, and the row's own rationale and gold as the completion."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from crossthink_data.completions import worked_completion
from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import THINK
from crossthink_data.train.data import TrainingRows

COLUMNS = ("prompt", "rationale", "answer", "answer_type", "answer_label", "license")
AFTER_PROMPT = "\n"  # in plain style nothing else parts the reply from the prompt


def worked_rows(data: TrainingRows) -> TrainingRows:
    """Rows with `prompt` and `completion` alone, as SFTTrainer reads them; those without a rationale are left out.

    Raises CrossthinkError where no row has one.
    """
    shown = [worked_completion(row) for row in data.rows.select_columns(list(COLUMNS[1:])).to_list()]
    kept = [place for place, text in enumerate(shown) if text is not None]
    if not kept:
        raise CrossthinkError(f"none of the {len(shown)} rows has a rationale to learn from: name another --blend")
    completions = [_completion(str(shown[place]), data) for place in kept]
    chosen = data.rows.select(kept)
    rows = chosen.select_columns(["prompt"]).add_column("completion", completions)
    return replace(data, rows=rows, licenses=dict(sorted(Counter(chosen["license"]).items())))


def _completion(text: str, data: TrainingRows) -> Any:
    """The reply in the form of the prompt; where the prompt opens the thinking, the reply goes on with it."""
    said = text.removeprefix(THINK) if data.think_open else text
    return AFTER_PROMPT + said if data.style == "plain" else [{"role": "assistant", "content": said}]
