"""Completions that a row writes itself: its own rationale and gold, in the form that its prompt asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossthink_data.verify.extract import extract

WORKED = "<think>{rationale}</think> \\boxed{{{box}}}"  # what `prompts` shows as the form of the reply


def worked_completion(row: Mapping[str, Any]) -> str | None:
    r"""The reply that is right by the row itself: its rationale as the thinking, its gold in the box.

    Of multiple choice the box holds the label. None where there is no rationale, or where the text would not be read
    back as that one thought and that one box: a rationale may hold a tag of thinking of its own.

    >>> worked_completion({"rationale": "6 times 7", "answer": "42", "answer_type": "number"})
    '<think>6 times 7</think> \\boxed{42}'
    """
    rationale = (row["rationale"] or "").strip()
    if not rationale:
        return None
    label = row.get("answer_label") if row["answer_type"] == "choice" else None
    box = label or row["answer"]
    completion = WORKED.format(rationale=rationale, box=box)
    found = extract(completion)
    return completion if found.format_ok and found.answer == box.strip() else None
