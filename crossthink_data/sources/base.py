"""What a source is: where its rows lie, under which licence, and how a raw row becomes a row of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.datatypes import DataTypeClass

from crossthink_data.kinds import LABELS, Category, Domain, QuestionType

PolarsType = pl.DataType | DataTypeClass

UNKNOWN_LICENSE = "unknown"  # of a row whose licence cannot be established
_FORMULA_END = re.compile(r"\$|\\\]|\\\)|\n")


@dataclass(frozen=True)
class Source:
    """One data set.

    `to_rows` maps a raw frame of `columns` to a frame with the same number of rows in the same order and columns
    out of `schema.MAPPED`; `question` and `answer` are needed, the rest defaults to the fields here.
    At most one of `repo` (a Hub id), `generate` (rows made from a seed) and `archives` (file by file) says where
    the raw rows come from; a source with none is a folder that the recipe names.
    """

    name: str
    category: Category
    question_type: QuestionType
    domain: Domain
    license: str  # of a row that `to_rows` gives none
    attribution: str
    to_rows: Callable[[pl.DataFrame], pl.DataFrame]
    columns: Mapping[str, PolarsType] = field(default_factory=dict)  # that every raw row must have
    optional: Mapping[str, PolarsType] = field(default_factory=dict)  # null where a file has them not
    nested_as_json: bool = False  # a list or object in a column of text is JSON text; else it is an error
    version: int = 1  # of `to_rows`; part of a run's hash
    url: str = ""
    repo: str | None = None
    revision: str | None = None  # the pinned commit
    files: tuple[str, ...] = ()  # globs inside the repository
    licensed_by: tuple[str, ...] = ()  # sources whose rows, where equal, give a row its licence and domain
    generate: Callable[[int], pl.DataFrame] | None = None
    generated_from: Callable[[], str] | None = None  # what `generate` depends on, as a short version text
    archives: Mapping[str, str] = field(default_factory=dict)  # file name of an archive -> URL
    read_archive: Callable[[Path], Iterator[pl.DataFrame]] | None = None

    @property
    def all_columns(self) -> dict[str, PolarsType]:
        """Columns that a raw row has or may have."""
        return {**self.columns, **self.optional}


CHOICES = pl.Struct({"text": pl.List(pl.String), "label": pl.List(pl.String)})


def stripped(column: str) -> pl.Expr:
    """A text column without white space at its ends."""
    return pl.col(column).str.strip_chars()


def labelled_answer(frame: pl.DataFrame, index: pl.Expr) -> pl.DataFrame:
    """Adds `answer` and `answer_label` for an option index (0-based); both null where it points past the options."""
    inside = index.is_between(0, pl.col("options").list.len().cast(pl.Int64) - 1)
    position = pl.when(inside).then(index.cast(pl.Int64))
    return frame.with_columns(
        answer=pl.col("options").list.get(position, null_on_oob=True),
        answer_label=position.replace_strict(
            list(range(len(LABELS))), list(LABELS), default=None, return_dtype=pl.String()
        ),
    )


def label_index(label: pl.Expr) -> pl.Expr:
    """The 0-based index of a label, a letter or a 1-based number; null for anything else."""
    clean = label.str.strip_chars(" ().:").str.to_uppercase()
    letters = dict(zip(LABELS, range(len(LABELS)), strict=True))
    numbers = {str(i + 1): i for i in range(len(LABELS))}
    return clean.replace_strict(letters | numbers, default=None, return_dtype=pl.Int64())


def choices_rows(frame: pl.DataFrame, question: str) -> pl.DataFrame:
    """The rows of a frame in AllenAI's form: question, `choices` (CHOICES), `answerKey` (a label).

    Labels are A, B, C or 1, 2, 3; in any other order there is no telling what the key means: no answer.
    """
    labels = pl.col("choices").struct.field("label").list.join("")
    in_order = pl.lit(LABELS).str.starts_with(labels) | pl.lit("123456789").str.starts_with(labels)
    rows = frame.select(
        question=stripped(question),
        options=pl.col("choices").struct.field("text").list.eval(pl.element().str.strip_chars()),
        source_id=pl.col("id"),
        key=pl.when(in_order).then(label_index(pl.col("answerKey"))),
    )
    return labelled_answer(rows, pl.col("key")).drop("key").with_columns(answer_type=pl.lit("choice"))


def first_of_answers(frame: pl.DataFrame, answers: str) -> pl.DataFrame:
    """The rows of a frame with a question and a list of answers: the first is the gold, the others its aliases."""
    texts = pl.col(answers).list.eval(pl.element().str.strip_chars()).list.unique(maintain_order=True)
    return frame.select(
        question=stripped("question"),
        answer=texts.list.first(),
        answer_aliases=texts.list.slice(1),
        answer_type=pl.lit("text"),
    )


def last_boxed(solution: str | None) -> str | None:
    """The content of the last `\\boxed{...}` (or `\\fbox`) of a worked solution; null if empty or unclosed.

    `\\boxed 2$` without braces counts up to the end of its formula or line.
    """
    if solution is None:
        return None
    start = max(solution.rfind("\\boxed"), solution.rfind("\\fbox"))
    if start < 0:
        return None
    rest = solution[start:].removeprefix("\\boxed").removeprefix("\\fbox").lstrip()
    content = _braced(rest) if rest.startswith("{") else _FORMULA_END.split(rest, maxsplit=1)[0].rstrip(". ")
    return (content or "").strip() or None


def _braced(text: str) -> str | None:
    """What the brace at the start of the text holds; a brace after a backslash is a mark, not a brace."""
    depth = 0
    for found in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth == 0 and found.group() == "}":
            return text[1 : found.start()]
    return None
