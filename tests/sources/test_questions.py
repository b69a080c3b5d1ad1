"""Every line of the question set against the rules that a program can check, and the rows made of it.

A broken rule is named together with the question's id, and with nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from typing import Any

import orjson
import polars as pl
import pytest

from crossthink_data.filters import Thresholds, apply_filters, filters
from crossthink_data.kinds import LABELS
from crossthink_data.schema import MAPPED
from crossthink_data.sources.questions import (
    DOMAINS,
    FOLDER,
    SOURCES,
    generate,
    generated_from,
    open_answer_type,
    ordered_options,
)
from crossthink_data.templates import with_prompts
from tests.support import assert_labelled

KEYS = ["id", "question", "answer", "wrong", "aliases", "rationale", "difficulty"]
LINES = [(path.stem, line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
QUESTIONS: list[tuple[str, dict[str, Any]]] = [(field, orjson.loads(line)) for field, line in LINES]
ALL = [question for _, question in QUESTIONS]

MAX_QUESTION_CHARS, MAX_OPEN_WORDS = 600, 5
_REFERS = (
    r"(?i)\b(?:all|none|both|any|neither) of (?:the (?:above|below|options|answers)|these)\b"
    r"|\b(?:both|neither) [A-J] (?:and|nor) [A-J]\b"
)
_AGES = r"(?i)\b(?:currently|nowadays|as of (?:now|today)|so far|to date|latest|most recent)\b"
_MARKDOWN = r"\*\*|^#|^```|\]\("
_ENDS = re.compile(r"[.!?][\"'”’)]*(?=\s|$)")
_SHORT = re.compile(r"\b(?:v|vs|e\.g|i\.e|ca|cf|etc|Dr|Mr|Mrs|Ms|St|Mt|U\.S|U\.K|approx)\.(?=\s)")


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def sentences(text: str) -> int:
    return len(_ENDS.findall(_SHORT.sub("", text)))


def broken_rules(field: str, question: dict[str, Any]) -> list[str]:
    """The names of the rules that a question breaks."""
    if list(question) != KEYS:
        return ["the keys, in their order"]
    text, answer, wrong, aliases = (question[key] for key in ("question", "answer", "wrong", "aliases"))
    texts = [text, answer, question["rationale"], *wrong, *aliases]
    if not all(isinstance(one, str) and one and one == one.strip() for one in texts):
        return ["texts are not empty and have no white space around them"]
    is_open = not wrong
    rules = {
        "the id is the field and three digits": re.fullmatch(rf"{field}-\d{{3}}", question["id"]),
        "the question's length": len(text) <= MAX_QUESTION_CHARS,
        "three to nine wrong options, or none": is_open or 3 <= len(wrong) <= 9,
        "no option twice": len({folded(one) for one in [answer, *wrong]}) == 1 + len(wrong),
        "aliases only for an open question": is_open or not aliases,
        "no alias twice, none like the answer": len({answer, *aliases}) == 1 + len(aliases),
        "an open answer is short": not is_open or len(answer.split()) <= MAX_OPEN_WORDS,
        "no option refers to others": not any(re.search(_REFERS, one) for one in [answer, *wrong]),
        "nothing that ages": not any(re.search(_AGES, one) for one in [text, answer, *wrong]),
        "no markdown": not any(re.search(_MARKDOWN, one, re.MULTILINE) for one in texts),
        "a rationale of two or three sentences": sentences(question["rationale"]) in (2, 3),
        "the rationale ends with a period": question["rationale"].endswith("."),
        "the difficulty": question["difficulty"] in ("easy", "medium", "hard"),
        "the question does not give the answer away": not gives_away(text, answer, is_open),
    }
    return [rule for rule, holds in rules.items() if not holds]


def gives_away(text: str, answer: str, is_open: bool) -> bool:
    """The answer of an open question, if it is a term, stands word for word in the question."""
    if not is_open or open_answer_type(answer) == "number":
        return False
    return re.search(rf"(?<!\w){re.escape(folded(answer))}(?!\w)", folded(text)) is not None


@pytest.mark.parametrize(("field", "question"), QUESTIONS, ids=[question["id"] for question in ALL])
def test_a_question_keeps_the_rules(field: str, question: dict[str, Any]) -> None:
    broken = broken_rules(field, question)
    assert not broken, f"{question['id']}: {'; '.join(broken)}"


def test_a_broken_question_is_caught() -> None:
    wrong = ["Lyon", "lyon", "All of the above"]
    question = dict(zip(KEYS, ("x-1", "Paris?", "Paris", wrong, ["p"], "It is Paris", "fair"), strict=True))
    assert broken_rules("x", question) == [
        "the id is the field and three digits",
        "no option twice",
        "aliases only for an open question",
        "no option refers to others",
        "a rationale of two or three sentences",
        "the rationale ends with a period",
        "the difficulty",
    ]
    assert broken_rules("x", {"id": "x-001"}) == ["the keys, in their order"]
    assert gives_away("Which city is called Paris?", "paris", is_open=True)
    assert sentences("Roe v. Wade was first. It was cited, e.g. in 1992. The rest follows.") == 3


def test_there_are_enough_questions_of_every_field_and_type() -> None:
    assert len(ALL) >= 400
    assert {field for field, _ in QUESTIONS} == set(DOMAINS)
    per_field = Counter((field, bool(question["wrong"])) for field, question in QUESTIONS)
    assert min(per_field[field, is_mcq] for field in DOMAINS for is_mcq in (True, False)) >= 10
    assert {question["difficulty"] for question in ALL} == {"easy", "medium", "hard"}
    assert {len(question["wrong"]) for question in ALL} >= {0, 3, 4, 5, 7, 8, 9}


def test_ids_and_questions_are_unique_across_the_fields() -> None:
    for key in ("id", "question"):
        counts = Counter(folded(question[key]) for question in ALL)
        twice = [question["id"] for question in ALL if counts[folded(question[key])] > 1]
        assert not twice, f"the same {key}: {', '.join(twice)}"


def test_the_rows_say_what_the_files_say() -> None:
    mcq, open_ = (generate(0, source.question_type) for source in SOURCES)
    rows = {row["source_id"]: row for row in pl.concat([mcq, open_]).iter_rows(named=True)}
    assert len(mcq) + len(open_) == len(rows) == len(ALL)
    for field, question in QUESTIONS:
        row = rows[question["id"]]
        assert sorted(row["options"]) == sorted([question["answer"], *question["wrong"]] if question["wrong"] else [])
        assert [row["question"], row["answer"], row["answer_aliases"], row["rationale"], row["domain"]] == [
            *(question[key] for key in ("question", "answer", "aliases", "rationale")),
            DOMAINS[field],
        ]


def test_rows_have_the_columns_and_the_labels() -> None:
    mcq, open_ = (generate(0, source.question_type) for source in SOURCES)
    for rows in (mcq, open_):
        assert dict(rows.schema) == MAPPED
        assert set(rows["license"]) == {"apache-2.0"}
    assert_labelled(mcq)
    assert set(mcq["answer_type"]) == {"choice"}
    assert open_["answer_label"].null_count() == len(open_)
    assert set(open_["answer_type"]) == {"number", "text"}


def test_no_filter_takes_a_question() -> None:
    columns = [pl.lit("gpr").alias("category"), pl.lit(None, pl.String).alias("reason")]
    for source in SOURCES:
        rows = generate(0, source.question_type).with_columns(columns, question_type=pl.lit(source.question_type))
        filtered = apply_filters(with_prompts(rows), filters(Thresholds(), ["apache-2.0"]))
        taken = filtered.filter(pl.col("reason").is_not_null()).select("source_id", "reason")
        assert taken.is_empty(), taken.rows()


def test_the_right_option_stands_anywhere() -> None:
    """Among equally many options every label is about as frequent: chi-squared below its 99.9 % point."""
    mcq = generate(0, "mcq").with_columns(size=pl.col("options").list.len())
    for size, limit in {4: 16.27, 5: 18.47, 6: 20.52, 8: 24.32}.items():
        labels = Counter(mcq.filter(pl.col("size") == size)["answer_label"])
        expected = labels.total() / size
        assert expected >= 5, "too few to tell"
        assert sum((labels[label] - expected) ** 2 for label in LABELS[:size]) / expected < limit, size
    positions = [(LABELS.index(label) + 0.5) / size for label, size in mcq.select("answer_label", "size").iter_rows()]
    assert 0.45 < sum(positions) / len(positions) < 0.55


def test_the_answer_is_not_the_longest_as_a_habit() -> None:
    mcq = [question for question in ALL if question["wrong"]]
    longest = sum(len(question["answer"]) > max(map(len, question["wrong"])) for question in mcq)
    expected = sum(1 / (1 + len(question["wrong"])) for question in mcq)
    assert longest < 2 * expected


def test_the_order_of_options_depends_on_nothing_but_the_question() -> None:
    options = ordered_options("law-001", "a", ["b", "c", "d"])
    assert options == ordered_options("law-001", "c", ["d", "a", "b"]) == ["c", "d", "b", "a"]
    assert len({tuple(ordered_options(f"law-{i:03}", "a", ["b", "c", "d"])) for i in range(300)}) == 24
    assert ordered_options("law-001", "a", []) == []
    assert generate(0, "mcq").equals(generate(1, "mcq"))


@pytest.mark.parametrize(
    ("answer", "type_"),
    [
        ("42", "number"),
        ("-111", "number"),
        ("−95", "number"),  # a minus sign
        ("1,260", "number"),
        ("2/5", "number"),
        ("6.25 %", "number"),
        ("73.5 degrees", "number"),
        ("3 kg m/s", "number"),
        ("14th", "text"),
        ("HMG-CoA reductase", "text"),
        ("3-hydroxybutyrate", "text"),
        ("Sixth", "text"),
    ],
)
def test_a_plain_number_is_a_number(answer: str, type_: str) -> None:
    assert open_answer_type(answer) == type_


def test_the_version_is_the_hash_of_the_files() -> None:
    joined = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.jsonl")))
    assert generated_from() == f"sha256:{sha256(joined).hexdigest()}"
    assert all(source.generated_from is generated_from for source in SOURCES)
