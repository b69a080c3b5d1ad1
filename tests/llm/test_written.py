"""What models write as JSON, and nearly as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossthink_data.llm.written import (
    Question,
    json_object,
    named_option,
    problem_schema,
    question_schema,
    read_problem,
    read_question,
    read_topic,
    topic_schema,
)

GOOD: dict[str, Any] = {
    "question": "Which gas lifts a loaf?",
    "options": ["Oxygen", "Carbon dioxide", "Nitrogen", "Helium"],
    "reason": "Yeast makes it of sugar.",
    "answer": "B",
}


def _question(**changed: Any) -> Question | str:
    return read_question(json.dumps({**GOOD, **changed}), 4, 10, order="p#0")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        'Here it is:\n```json\n{"a": 1}\n```\nQuestion: {"a": 2}',
        '<think>maybe {"a": 3}</think>\n{"a": 1}',
        '  \n{"a": 1} {"a": 2}',
    ],
)
def test_the_first_object_after_thinking(text: str) -> None:
    assert json_object(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "{", '{"a": 1', "{'a': 1}", '{"a": [' + "[" * 100_000, '["a"]'),
        '{"a": %s}' % ("1" * 5_000),  # Python reads no number of more than 4,300 digits
        *(r'{"a": "half \ud83d"}', r'{"a": ["\udc00"]}', r'{"\ud83d": 1}'),  # JSON, but no UTF-8
    ],
)
def test_no_object(text: str) -> None:
    assert json_object(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"domain": "law", "topic": "torts"}', ("law", "torts")),
        ('{"domain": "Social Science", "topic": " voting "}', ("social_science", "voting")),
        ('{"domain": "cooking", "topic": "bread"}', "unknown_domain"),
        ('{"domain": "law", "topic": " "}', "empty"),
        ('{"domain": "law"}', "malformed_json"),
        ('{"domain": ["law"], "topic": "x"}', "malformed_json"),
        ('{"domain": "law", "topic": "%s"}' % ("x" * 81), "too_long"),
        ("law", "malformed_json"),
    ],
)
def test_topics(text: str, expected: object) -> None:
    assert read_topic(text) == expected


@pytest.mark.parametrize("answer", ["B", "b", " (B) ", "B.", "B) Carbon dioxide", "Carbon dioxide", "carbon dioxide"])
def test_a_key_by_letter_or_text(answer: str) -> None:
    question = _question(answer=answer)
    assert isinstance(question, Question)
    assert question.answer == "Carbon dioxide"
    assert question.label is not None
    assert question.options["ABCD".index(question.label)] == "Carbon dioxide"


@pytest.mark.parametrize("answer", ["E", "A and B", "AB", "Argon", "A. Carbon dioxide", "1"])
def test_a_key_that_is_no_option(answer: str) -> None:
    assert _question(answer=answer) == "answer_not_in_options"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"options": ["one", "two", "six"]}, "bad_options"),  # too few
        ({"options": [str(i) for i in range(11)]}, "bad_options"),  # too many
        ({"options": ["one", "two", "two", "six"]}, "bad_options"),  # twice the same
        ({"options": ["one", "two", " ", "six"]}, "bad_options"),  # an empty one
        ({"options": ["one", "two", 3, None]}, "bad_options"),
        ({"options": "a b c d"}, "bad_options"),
        ({"options": ["D", "A", "C", "B"]}, "bad_options"),  # whose letters?
        ({"options": ["x" * 301, "one", "two", "ten"]}, "too_long"),
        ({"question": "x" * 2001}, "too_long"),
        ({"question": ""}, "empty"),
        ({"answer": ""}, "empty"),
        ({"answer": None}, "malformed_json"),
        ({"question": {"text": "x"}}, "malformed_json"),
    ],
)
def test_questions_that_cannot_be_used(changed: dict[str, Any], reason: str) -> None:
    assert _question(**changed) == reason


@pytest.mark.parametrize("field", ["question", "reason", "answer", "options"])
def test_half_a_character_is_no_question(field: str) -> None:
    assert _question(**{field: ["a", "b", "c", "\ud83d"] if field == "options" else "x \ud83d"}) == "malformed_json"
    assert isinstance(_question(reason="\U0001f35e"), Question)  # written as two halves, it is one character


def test_letters_before_options_go() -> None:
    question = _question(options=["A) w", "B) x", "C) y", "D) z"], answer="B")
    assert isinstance(question, Question)
    assert sorted(question.options) == ["w", "x", "y", "z"]
    assert question.answer == "x"


def test_the_order_of_options_follows_from_the_passage_alone() -> None:
    keys = []
    for n in range(400):
        one = read_question(json.dumps(GOOD), 4, 10, order=f"p#{n}")
        other = read_question(json.dumps({**GOOD, "options": GOOD["options"][::-1], "answer": "C"}), 4, 10, f"p#{n}")
        assert one == other
        assert isinstance(one, Question)
        keys.append(one.label)
    assert all(70 <= keys.count(label) <= 130 for label in "ABCD")  # 100 each; 4 standard deviations are 35


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"problem": "2+2?", "reason": "r", "answer": "4"}', Question("2+2?", "4", "r")),
        ('{"problem": "2+2?", "reason": "r", "answer": 4}', Question("2+2?", "4", "r")),
        ('{"problem": "2+2?", "reason": "r", "answer": ""}', "empty"),
        ('{"problem": "2+2?", "reason": "r", "answer": "%s"}' % ("1" * 61), "too_long"),
        ('{"problem": "2+2?", "answer": "4"}', "malformed_json"),
    ],
)
def test_problems(text: str, expected: object) -> None:
    assert read_problem(text) == expected


def test_named_option() -> None:
    assert [named_option(one, ["x", "y"]) for one in ("A", "y", "C", "A or B")] == [0, 1, None, None]


@pytest.mark.parametrize("schema", [topic_schema(), question_schema(4, 10), problem_schema()])
def test_schemas_name_every_field_and_nothing_else(schema: dict[str, Any]) -> None:
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False


def test_the_reason_is_written_before_the_answer() -> None:
    for schema in (question_schema(4, 10), problem_schema()):
        assert list(schema["properties"])[-2:] == ["reason", "answer"]
    assert question_schema(4, 6)["properties"]["answer"]["enum"] == ["A", "B", "C", "D", "E", "F"]
