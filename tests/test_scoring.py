from __future__ import annotations

from typing import Any

import pytest

from crossthink_data.scoring import Answered, answered, pass_at, scores, template_opens

MCQ = {"answer": "tin", "answer_label": "B", "answer_type": "choice", "options": ["iron", "tin"], "answer_aliases": []}
OPEN: dict[str, Any] = {
    "answer": "1/2",
    "answer_label": None,
    "answer_type": "number",
    "options": [],
    "answer_aliases": [],
}


def score(doc: dict[str, Any], *completions: str, prompt: str | None = "Why?") -> dict[str, float]:
    return scores([answered(doc, completions, prompt)])[0]


def test_one_completion_has_the_five_metrics() -> None:
    text = r"<think>so</think> \boxed{B}"
    assert score(MCQ, text) == {"acc": 1.0, "acc_flex": 1.0, "no_answer": 0.0, "format": 1.0, "chars": len(text)}


def test_several_completions_have_means_and_two_more() -> None:
    got = score(OPEN, r"\boxed{0.5}", r"\boxed{\frac12}", r"\boxed{3}", "The answer is 1/2.")
    assert got["acc"] == 0.5
    assert got["acc_flex"] == 0.75
    assert got["no_answer"] == 0.25
    assert (got["pass_at_k"], got["maj_at_k"]) == (1.0, 1.0)


def test_a_statement_counts_beside_a_box_that_holds_no_option() -> None:
    got = score(MCQ, r"\boxed{300}. The answer is (B).")
    assert (got["acc"], got["acc_flex"], got["no_answer"]) == (0.0, 1.0, 0.0)
    assert score(MCQ, r"\boxed{A}. The answer is (B).")["acc_flex"] == 0.0


def test_nobody_votes() -> None:
    got = score(OPEN, "no", "idea")
    assert (got["pass_at_k"], got["maj_at_k"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("prompt", "completion", "format_ok"),
    [
        ("Why?", r"so</think> \boxed{B}", 0.0),
        ("Why?<think>\n", r"so</think> \boxed{B}", 1.0),
        (None, r"<think>so</think> \boxed{B}", 1.0),
        (None, r"\boxed{B}", 0.0),
    ],
)
def test_thinking_that_the_prompt_opens(prompt: str | None, completion: str, format_ok: float) -> None:
    assert score(MCQ, completion, prompt=prompt)["format"] == format_ok


def test_a_servers_template_is_known_by_what_all_completions_show() -> None:
    said = [r"so</think> \boxed{B}", r"perhaps \boxed{B}, but", r"<think>so</think> \boxed{B}"]
    assert template_opens(said)
    assert not template_opens(said[1:])
    got = scores([answered(MCQ, [one], None, server_opens=True) for one in said])
    assert [(one["acc"], one["format"]) for one in got] == [(1.0, 1.0), (0.0, 0.0), (1.0, 1.0)]


def test_a_gold_that_cannot_be_read_is_not_right() -> None:
    assert score({**MCQ, "answer_label": "Z"}, r"\boxed{B}")["acc"] == 0.0


def test_many_documents_keep_their_order() -> None:
    texts = [r"\boxed{1/2}", r"\boxed{3}", r"\boxed{0.50}"]
    got = scores([Answered(OPEN, [text], [False]) for text in texts])
    assert [one["acc"] for one in got] == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("k", "samples", "right", "chance"),
    [(1, 8, 2, 0.25), (2, 4, 1, 0.5), (8, 8, 1, 1.0), (3, 8, 0, 0.0), (4, 8, 5, 1.0)],
)
def test_pass_at_k_is_unbiased(k: int, samples: int, right: int, chance: float) -> None:
    assert pass_at(k, samples, right) == pytest.approx(chance)
