"""The gold of one row: what a completion is compared with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from crossthink_data.errors import CrossthinkError
from crossthink_data.kinds import LABELS, AnswerType
from crossthink_data.verify.expr import WORD, Apply, Expr, symbols, walk
from crossthink_data.verify.latex import KEPT, NotationError, plain
from crossthink_data.verify.notation import CONSTANTS, FUNCTIONS, PHRASES, SCALES, SEPARATORS
from crossthink_data.verify.parse import parse
from crossthink_data.verify.plain_number import plain_number
from crossthink_data.verify.units import known

ANSWER_TYPES: tuple[AnswerType, ...] = get_args(AnswerType)

_WORD = re.compile(r"(?!(?:pi|infty|inf)$)(?![b-df-hj-np-tv-z]{2}$)[^\W\d_]{2,}")  # `xy` is a product, `no` a word
_NUMERIC = frozenset({"neg", "*", "/", "^", "unit"})
_DATE = re.compile(r"[12]\d{3} ?- ?\d{2}(?:\d\d|-\d\d)?")  # `1951-52` and `2018-01-22` are not differences
MAX_WORDS = 500  # characters: nothing longer is read word by word
_AMOUNT = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(?: [a-z]+){1,3}")  # `5 red apples`; `24 December` is a date
_ERAS = frozenset({"AD", "BC", "BCE", "CE"})


@dataclass(frozen=True, slots=True)
class Gold:
    """A row's gold: `answer` (an option's text where there are options), its `type`, and what may be said instead.

    `options` and `label` ("A" is the first option, "AC" says that two are right) are a multiple-choice row's; `aliases`
    are further golds that count.
    """

    answer: str
    type: AnswerType
    options: tuple[str, ...] = ()
    label: str | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises CrossthinkError for an answer that is no string."""
        if not isinstance(self.answer, str):
            raise CrossthinkError(f"answer is {self.answer!r}; a gold is a string: write it as one")

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Gold:
        """The gold of a row with the schema's columns; only `answer` is needed.

        Raises CrossthinkError where the answer is no string or the type is unknown.
        """
        answer, options = row["answer"], _texts(row, "options")
        if not isinstance(answer, str):
            return cls(answer, "text")  # says what is wrong with it
        answer_type = row.get("answer_type") or infer_type(answer, options)
        if answer_type not in ANSWER_TYPES:
            raise CrossthinkError(
                f"answer_type is {answer_type!r}; use one of {', '.join(ANSWER_TYPES)}, or leave it out"
            )
        label = row.get("answer_label") or None
        if not isinstance(label, str | None):
            raise CrossthinkError(f"answer_label is {label!r}; it is a letter: write it as a string, or leave it out")
        label, answer = _labelled(label, answer, options)
        return cls(answer, answer_type, options, label, _texts(row, "answer_aliases"))


def _labelled(label: str | None, answer: str, options: tuple[str, ...]) -> tuple[str | None, str]:
    """A choice's label as a capital and its answer as a text; where a letter alone is given as the answer, its option.

    >>> _labelled("(b)", "x", ("w", "x")), _labelled(None, "B", ("w", "x"))
    (('B', 'x'), ('B', 'x'))
    """
    if label is not None:
        return label.strip(" ().:").upper() if len(label.strip(" ().:")) == 1 else label, answer
    letter = answer.strip(" ().:")
    if letter in options or len(letter) != 1 or letter not in LABELS[: len(options)]:
        return None, answer
    return letter, options[LABELS.index(letter)]


def _texts(row: Mapping[str, Any], column: str) -> tuple[str, ...]:
    """A column of strings; one that is missing or null is empty, and an empty place in it stays one."""
    values = row.get(column)
    if values is None:
        return ()
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise CrossthinkError(f"{column} is {values!r}; it is a list of strings: write it as one, or leave it out")
    texts = tuple("" if value is None else value for value in values)
    for text in texts:
        if not isinstance(text, str):
            raise CrossthinkError(f"{column} holds {text!r}; it is a list of strings: write it as one")
    return texts


def infer_type(answer: str, options: Sequence[str] = ()) -> AnswerType:
    """The type that picks a gold's comparator, from the gold alone.

    >>> infer_type("1,260"), infer_type("5 cm"), infer_type(r"\\sqrt{2}"), infer_type("Paris")
    ('number', 'number', 'math', 'text')
    """
    if options:
        return "choice"
    return _kept_type(answer) if len(answer) <= KEPT else _type_of(answer)


def _type_of(answer: str) -> AnswerType:
    text = plain(answer)
    if plain_number(text):
        return "number"
    if _DATE.fullmatch(text) or _says_words(text):
        return "text"
    try:
        expr = parse(text)
    except NotationError as error:
        return "math" if error.reason == "unsupported" else "text"
    if any(name.startswith(WORD) for name in symbols(expr)):
        return "text"
    return "number" if _is_number(expr) else "math"


_kept_type = lru_cache(maxsize=8192)(_type_of)


def _says_words(text: str) -> bool:
    """Whether words stand in the text that are neither a unit behind an amount nor what is so many."""
    if _WORD.fullmatch(text):
        return True
    if len(text) > MAX_WORDS:
        return "\\" not in text
    if _AMOUNT.fullmatch(text) or " ".join(text.lower().split()) in PHRASES:
        return False
    words = [word.strip(",.;:!?") for word in text.split()]
    return any(_is_word(word, first=place == 0) for place, word in enumerate(words)) and "\\" not in text


def _is_word(word: str, first: bool) -> bool:
    if not word.isalpha() or len(word) < 2 or word in FUNCTIONS or word in CONSTANTS or word.lower() in SEPARATORS:
        return False
    if word in _ERAS:
        return True
    initials = word.isupper() and len(word) < 4
    return not initials and (first or (known(word) is None and word.lower() not in SCALES))


def _is_number(expr: Expr) -> bool:
    """A number with its sign and unit, a fraction, a mixed number or a power of ten; a sum is mathematics."""
    if symbols(expr):
        return False
    operations = [node for node in walk(expr) if isinstance(node, Apply)]
    return all(node.op in _NUMERIC or _is_mixed(node) for node in operations)


def _is_mixed(node: Apply) -> bool:
    return node.op == "+" and len(node.args) == 2 and isinstance(node.args[1], Apply) and node.args[1].op == "/"
