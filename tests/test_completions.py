"""The reply that a row itself would give: its form, and which rows give none."""

from __future__ import annotations

from typing import Any

import pytest

from crossthink_data.completions import worked_completion
from crossthink_data.prompts import prompt_text
from crossthink_data.rewards import score

NUMBER: dict[str, Any] = {"rationale": "6 times 7", "answer": "42", "answer_type": "number", "answer_label": None}
CHOICE: dict[str, Any] = {
    "rationale": "It lies by the fjord.",
    "answer": "Oslo",
    "answer_type": "choice",
    "options": ["Rome", "Oslo"],
    "answer_label": "B",
}


@pytest.mark.parametrize(
    ("row", "completion"),
    [
        pytest.param(NUMBER, r"<think>6 times 7</think> \boxed{42}", id="number"),
        pytest.param(CHOICE, r"<think>It lies by the fjord.</think> \boxed{B}", id="the label of a choice"),
        pytest.param(
            CHOICE | {"answer_label": None}, r"<think>It lies by the fjord.</think> \boxed{Oslo}", id="no label"
        ),
        pytest.param(NUMBER | {"answer_label": "B"}, r"<think>6 times 7</think> \boxed{42}", id="a label of no choice"),
        pytest.param(
            NUMBER | {"answer": r"\frac{1}{2}", "answer_type": "math"},
            r"<think>6 times 7</think> \boxed{\frac{1}{2}}",
            id="braces",
        ),
        pytest.param(
            NUMBER | {"rationale": " \nDie Straße\n\n"}, r"<think>Die Straße</think> \boxed{42}", id="stripped"
        ),
        pytest.param(
            NUMBER | {"rationale": r"so \boxed{7}"}, r"<think>so \boxed{7}</think> \boxed{42}", id="a box in it"
        ),
        pytest.param(NUMBER | {"rationale": "{a} {0} %s"}, r"<think>{a} {0} %s</think> \boxed{42}", id="no template"),
    ],
)
def test_the_reply_is_right(row: dict[str, Any], completion: str) -> None:
    assert worked_completion(row) == completion
    assert score(completion, row) == 1.0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"rationale": None}, id="null"),
        pytest.param({"rationale": ""}, id="empty"),
        pytest.param({"rationale": " \n\t"}, id="white space"),
        pytest.param({"rationale": "a </think> b"}, id="it closes the thinking"),
        pytest.param({"rationale": "a <think> b"}, id="it opens it again"),
        pytest.param({"answer": "4}2"}, id="a box that ends too early"),
        pytest.param({"answer": "{42"}, id="a box that never ends"),
        pytest.param({"answer": " "}, id="an empty box"),
    ],
)
def test_no_reply(changes: dict[str, Any]) -> None:
    assert worked_completion(NUMBER | changes) is None


@pytest.mark.parametrize("row", [NUMBER, CHOICE], ids=["open", "mcq"])
def test_it_has_the_form_that_the_prompt_asks_for(row: dict[str, Any]) -> None:
    asked = prompt_text("?", row.get("options", ())).rpartition("Reply in this form: ")[2]
    box = row["answer_label"] or row["answer"]
    slot = "letter" if row["answer_label"] else "answer"
    filled = asked.replace("your reasoning", row["rationale"]).replace(f"{{{slot}}}", f"{{{box}}}")
    assert worked_completion(row) == filled
