"""The question set written for this project: exam-style questions of fourteen fields, with reasons.

One file a field in `questions/`, one question a line: id, question, answer, wrong (the other options; none
if it is open), aliases (other spellings that are right), rationale, and difficulty (easy, medium, hard),
which stays in the files. Licence: Apache-2.0, that of this project.
"""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from crossthink_data.hashing import text_numbers
from crossthink_data.kinds import LABELS, AnswerType, Domain, QuestionType
from crossthink_data.schema import MAPPED
from crossthink_data.sources.base import Source

FOLDER = Path(__file__).parent / "questions"

DOMAINS: dict[str, Domain] = {
    "biology": "stem",
    "chemistry": "stem",
    "computer_science": "stem",
    "economics_business": "business",
    "geography": "social_science",
    "government": "social_science",
    "history": "history",
    "law": "law",
    "literature": "humanities",
    "medicine": "medicine",
    "philosophy": "humanities",
    "physics": "stem",
    "psychology": "social_science",
    "sociology": "social_science",
}

_NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?(/\d+)?( ?[%°]| [A-Za-z°µ%/^²³]+)*")  # a unit may follow


def generate(seed: int, question_type: QuestionType) -> pl.DataFrame:
    """All questions of one type as mapped rows, in the order of the files; they do not depend on `seed`."""
    rows = [
        _row(question, domain)
        for field, domain in DOMAINS.items()
        for question in map(orjson.loads, (FOLDER / f"{field}.jsonl").read_bytes().splitlines())
        if bool(question["wrong"]) == (question_type == "mcq")
    ]
    return pl.DataFrame(rows, schema=MAPPED)


def _row(question: dict[str, Any], domain: Domain) -> dict[str, Any]:
    answer = question["answer"]
    options = ordered_options(question["id"], answer, question["wrong"])
    return {
        "question": question["question"],
        "options": options,
        "answer": answer,
        "answer_label": LABELS[options.index(answer)] if options else None,
        "answer_aliases": question["aliases"],
        "answer_type": "choice" if options else open_answer_type(answer),
        "domain": domain,
        "rationale": question["rationale"],
        "source_id": question["id"],
        "license": "apache-2.0",
    }


def ordered_options(question_id: str, answer: str, wrong: list[str]) -> list[str]:
    """Answer and wrong options in an order that their hashes decide, so it never changes; none if open."""
    if not wrong:
        return []
    options = [answer, *wrong]
    order = np.argsort(text_numbers(f"{question_id}:{option}" for option in options), kind="stable")
    return [options[i] for i in order]


def open_answer_type(answer: str) -> AnswerType:
    """`number` for a plain number, with a unit or without, else `text`.

    >>> open_answer_type("1,260"), open_answer_type("73.5 degrees"), open_answer_type("14th")
    ('number', 'number', 'text')
    """
    return "number" if _NUMBER.fullmatch(answer) else "text"


def generated_from() -> str:
    """The sha256 of the bytes of all files, in the order of their names."""
    digest = sha256()
    for path in sorted(FOLDER.glob("*.jsonl")):
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def to_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself: its rows are made as mapped ones."""
    return frame


def _source(question_type: QuestionType) -> Source:
    return Source(
        name=f"starter_{question_type}",
        category="gpr",
        question_type=question_type,
        domain="general",
        license="apache-2.0",
        attribution="The crossthink authors, starter question set, 2026",
        to_rows=to_rows,
        generate=partial(generate, question_type=question_type),
        generated_from=generated_from,
    )


SOURCES = (_source("mcq"), _source("open"))
