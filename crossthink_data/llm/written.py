"""What a model wrote as JSON, read strictly: a topic, a question with options, a problem; or why it is none of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from crossthink_data.hashing import salt
from crossthink_data.kinds import LABELS, Domain
from crossthink_data.verify.vote import answer_classes

DOMAINS: tuple[str, ...] = get_args(Domain)
MAX_TOPIC_CHARS = 80
MAX_QUESTION_CHARS = 2_000
MAX_OPTION_CHARS = 300
MAX_REASON_CHARS = 2_000
MAX_ANSWER_CHARS = 60  # of a problem: a number or an expression that a grader can compare

Object = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A question with its key; a problem has no options and no label."""

    text: str
    answer: str
    reason: str
    options: tuple[str, ...] = ()
    label: str | None = None


def _string(most: int) -> Object:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _object(**properties: Object) -> Object:
    """Properties in the order in which they are written: the reason comes before the answer that it leads to."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def topic_schema() -> Object:
    """JSON schema of a topic."""
    return _object(domain={"type": "string", "enum": list(DOMAINS)}, topic=_string(MAX_TOPIC_CHARS))


def question_schema(fewest: int, most: int) -> Object:
    """JSON schema of a question with so many options."""
    options = {"type": "array", "items": _string(MAX_OPTION_CHARS), "minItems": fewest, "maxItems": most}
    answer = {"type": "string", "enum": list(LABELS[:most])}
    return _object(
        question=_string(MAX_QUESTION_CHARS), options=options, reason=_string(MAX_REASON_CHARS), answer=answer
    )


def problem_schema() -> Object:
    """JSON schema of a mathematical problem."""
    return _object(
        problem=_string(MAX_QUESTION_CHARS), reason=_string(MAX_REASON_CHARS), answer=_string(MAX_ANSWER_CHARS)
    )


def response_format(name: str, schema: Object) -> Object:
    """How an OpenAI-compatible server is told to write nothing but this."""
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def json_object(text: str) -> Object | None:
    """The first JSON object after any thinking; code fences, a sentence before it and run-on text do not matter.

    None where there is none, or one that no file can hold: with a number of thousands of digits, or a lone surrogate.

    >>> json_object('<think>{</think>```json\\n{"a": 1}\\n``` Question: ...')
    {'a': 1}
    """
    said = text.rpartition("</think>")[2]
    start = said.find("{")
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(said, start)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but no text
    except (ValueError, RecursionError):  # a model may repeat one bracket, or one digit, to its last token
        return None
    return found if isinstance(found, dict) else None


def read_topic(text: str) -> tuple[str, str] | str:
    """Domain and topic, or the reason: `malformed_json`, `unknown_domain`, `empty`, `too_long`."""
    found = json_object(text)
    texts = _texts(found, "domain", "topic")
    if texts is None:
        return "malformed_json"
    domain, topic = texts[0].lower().replace(" ", "_"), texts[1]
    if domain not in DOMAINS:
        return "unknown_domain"
    if not topic:
        return "empty"
    return "too_long" if len(topic) > MAX_TOPIC_CHARS else (domain, topic)


def read_question(text: str, fewest: int, most: int, order: str) -> Question | str:
    """The question, its options in an order that follows from `order` and their texts, or the reason.

    Models put the right option where they like it; here its place says nothing. Reasons: `malformed_json`, `empty`,
    `bad_options`, `too_long`, `answer_not_in_options`.
    """
    found = json_object(text)
    texts = _texts(found, "question", "reason", "answer")
    if found is None or texts is None:
        return "malformed_json"
    options = _options(found.get("options"), fewest, most)
    if options is None:
        return "bad_options"
    question, reason, answer = texts
    if not question or not answer:
        return "empty"
    if _too_long(question, reason) or any(len(option) > MAX_OPTION_CHARS for option in options):
        return "too_long"
    key = named_option(answer, options)
    if key is None:
        return "answer_not_in_options"
    placed = sorted(options, key=lambda option: (int(salt(order, option)), option))
    return Question(question, options[key], reason, tuple(placed), LABELS[placed.index(options[key])])


def read_problem(text: str) -> Question | str:
    """The problem, or the reason: `malformed_json`, `empty`, `too_long`."""
    texts = _texts(json_object(text), "problem", "reason", "answer")
    if texts is None:
        return "malformed_json"
    problem, reason, answer = texts
    if not problem or not answer:
        return "empty"
    if _too_long(problem, reason) or len(answer) > MAX_ANSWER_CHARS:
        return "too_long"
    return Question(problem, answer, reason)


def named_option(answer: str, options: Sequence[str]) -> int | None:
    """The place of the one option that an answer names by letter or text, by the grader's reading.

    >>> named_option("(B)", ["x", "y"]), named_option("y", ["x", "y"]), named_option("A and B", ["x", "y"])
    (1, 1, None)
    """
    place = answer_classes([*LABELS[: len(options)], answer], options)[-1]
    return place if place is not None and place < len(options) else None


def _too_long(question: str, reason: str) -> bool:
    return len(question) > MAX_QUESTION_CHARS or len(reason) > MAX_REASON_CHARS


def _texts(found: Object | None, *names: str) -> list[str] | None:
    """The texts under these names; None where one is missing or no text. A number is one that was not quoted."""
    values = [found.get(name) for name in names] if found else [None]
    texts = [str(value).strip() for value in values if isinstance(value, str | int | float)]
    return texts if len(texts) == len(values) else None


_PREFIX = re.compile(r"\(?([A-Z])[.):]\s+")


def _options(values: object, fewest: int, most: int) -> list[str] | None:
    """The options without letters before them; None where they are too few or many, empty, alike or letters."""
    if not isinstance(values, list) or not fewest <= len(values) <= most:
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    options = [value.strip() for value in values]
    prefixes = [_PREFIX.match(option) for option in options]
    if all(found and found[1] == label for found, label in zip(prefixes, LABELS, strict=False)):
        options = [option[found.end() :] for option, found in zip(options, prefixes, strict=True) if found]
    usable = all(options) and len(set(options)) == len(options)
    letters = any(option.upper() in tuple(LABELS[: len(options)]) for option in options)  # whose letter would it be?
    return options if usable and not letters else None
