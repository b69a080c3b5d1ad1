"""The last tier: LaTeX that our own parser cannot read (integrals, sums, limits), by math-verify. In workers alone.

math-verify takes 1/2^99 for 1/2^98, reads "god" as a product of letters, which is "dog", and turns most errors within
into "different". So it is not believed by itself: both sides are evaluated as well, exactly or to 30 digits, at two
points where there are symbols. Equal is what both ways call equal, different what neither does or the digits refute;
where they are at odds nothing is known.

Conventions beside those of `compare`: a free i is the imaginary unit, an odd root of a negative number is the real one,
units are not read, and prose is not mathematics.

It may take for ever, or all memory: nothing here is bounded but the length and depth of what is parsed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify
from mpmath.libmp import NoConvergence
from sympy import And, Basic, Expr, FiniteSet, Float, I, MatrixBase, Rational, Union, real_root
from sympy.core.evalf import PrecisionExhausted
from sympy.core.relational import Eq, Relational
from sympy.polys.polyerrors import BasePolynomialError

from crossthink_data.verify.verdict import Outcome, Verdict

LONGEST = 2000  # characters
DEEPEST = 30  # brackets; deeper ones make the parser fail as if the text made no sense
DIGITS = 30
WORDS = re.compile(r"(?<![A-Za-z\\])(?!and(?![A-Za-z]))[A-Za-z]{3,}")  # prose is read as a product of its letters
MACROS = re.compile(r"\\(?:text|mathrm|begin|end)\{[^{}]*\}|\\[A-Za-z]+")
ESCAPED = re.compile(r"\\[\\{}]")
THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
SEPARATORS = re.compile(r"(?<!\\)[,;]|\\[pm]{2}(?![A-Za-z])|(?<![A-Za-z])(?:and|or)(?![A-Za-z])")
DECIMAL = re.compile(r"-?([0-9]*)\.([0-9]+)")
CONFIG = [
    LatexExtractionConfig(
        boxed_match_priority=0,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
        ),
    )
]
SENSES = {"<": ("<", 1), ">": ("<", -1), "<=": ("<=", 1), ">=": ("<=", -1), "==": ("==", 1), "!=": ("!=", 1)}
ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BasePolynomialError,
    LookupError,
    NoConvergence,
    NotImplementedError,
    TypeError,
    ValueError,
)  # what sympy raises on what it cannot do; memory and recursion are the worker's to report

logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that it has no time-out: the worker has


def same(gold: str, answer: str) -> Verdict:
    """Whether two LaTeX texts mean the same."""
    try:
        return _verdict(*_compare(gold, answer))
    except ERRORS:
        return _verdict("ungradable", "symbolic_error")


def _verdict(outcome: Outcome, reason: str) -> Verdict:
    return Verdict(outcome, reason, "symbolic")


def _compare(gold: str, answer: str) -> tuple[Outcome, str]:
    if _excessive(answer):
        return "ungradable", "answer_too_long"
    gold_read = None if _excessive(gold) else _read(gold)
    if gold_read is None:
        return "ungradable", "gold_unreadable"
    answer_read = _read(answer)
    if answer_read is None:
        return "wrong", "answer_unreadable"
    if _rounds_to(gold_read, answer, 6) or _rounds_to(answer_read, gold, 3):
        return "correct", "equal"
    agreed = _agree(gold_read, answer_read)
    if agreed is False:
        return "wrong", "different"
    equal = verify(gold_read, answer_read, strict=True, timeout_seconds=None, raise_on_error=True)
    if equal and agreed and _parts(gold) == _parts(answer):
        return "correct", "equal"
    return ("ungradable", "undecided") if equal or agreed else ("wrong", "different")


def _excessive(text: str) -> bool:
    """Whether the parser would fail for want of stack or time."""
    return len(text) > LONGEST or _depth(text, "([{", ")]}")[1] > DEEPEST


def _depth(text: str, opening: str, closing: str) -> tuple[int, int, int]:
    """The least, the greatest and the last depth of brackets."""
    depths = list(accumulate(((character in opening) - (character in closing) for character in text), initial=0))
    return min(depths), max(depths), depths[-1]


def _read(text: str) -> Any:
    """A sympy object, or None."""
    least, _, last = _depth(ESCAPED.sub("", text), "{", "}")
    if least < 0 or last > 0 or "\\boxed" in text or WORDS.search(MACROS.sub(" ", text)):
        return None
    found = parse(rf"\boxed{{{text}}}", CONFIG, fallback_mode="no_fallback", parsing_timeout=None)
    return _by_convention(found[0]) if found and isinstance(found[0], (Basic, MatrixBase)) else None


def _by_convention(read: Any) -> Any:
    """Decimals and i as they are meant, and real roots among the reals."""
    meant = {value: Rational(str(value)) for value in read.atoms(Float)}
    meant |= {symbol: I for symbol in read.free_symbols if symbol.name == "i"}
    read = read.subs(meant) if meant else read
    return real_root(read) if isinstance(read, Expr) and not read.has(I) else read


def _parts(text: str) -> int:
    """How many separators a list has: reading one as a set loses what is repeated."""
    return len(SEPARATORS.findall(THOUSANDS.sub("", text)))


def _rounds_to(value: Any, text: str, digits: int) -> bool:
    """Whether the text is a decimal of at least so many significant digits, to which a constant rounds."""
    found = DECIMAL.fullmatch(text.strip())
    if not found or len(found[1].lstrip("0") + found[2]) < digits or not isinstance(value, Expr) or value.free_symbols:
        return False
    [[number]] = _values(value)
    return bool(number and number.is_real and abs(number - Rational(found[0])) * 2 * 10 ** len(found[2]) <= 1)


def _agree(gold: Any, answer: Any) -> bool | None:
    """Whether all numbers of both agree; None: cannot be told."""
    if isinstance(gold, Expr) and isinstance(answer, Expr):
        return _agree_as_values(gold, answer)
    if isinstance(gold, Eq) and isinstance(answer, Expr):
        return _agree(gold.rhs, answer)
    if isinstance(gold, Expr) and isinstance(answer, Eq):
        return _agree(gold, answer.rhs)
    if isinstance(gold, Relational) and isinstance(answer, Relational):
        return _agree_as_relations(gold, answer)
    return _agree_in_parts(gold, answer) or None


def _agree_in_parts(gold: Any, answer: Any) -> bool:
    if gold == answer:
        return True
    if isinstance(gold, MatrixBase) and isinstance(answer, MatrixBase):
        return gold.shape == answer.shape and all(map(_agree, gold.flat(), answer.flat()))
    if len(gold.args) != len(answer.args) or not gold.args:
        return False
    if isinstance(gold, (FiniteSet, And, Union)):
        return all(any(_agree(one, other) for other in answer.args) for one in gold.args)
    return all(map(_agree, gold.args, answer.args))


def _agree_as_values(gold: Any, answer: Any) -> bool | None:
    pairs = list(zip(*_values(gold, answer), strict=True))
    if any(None in pair for pair in pairs):
        return True if gold == answer else None
    return all(_close(one, other) for one, other in pairs)


def _agree_as_relations(gold: Any, answer: Any) -> bool | None:
    """Of one sense and the same but for a factor: x > 2 and 4 < 2x."""
    (sense, sign), (answer_sense, answer_sign) = SENSES[gold.rel_op], SENSES[answer.rel_op]
    golds, answers = _values(sign * (gold.lhs - gold.rhs), answer_sign * (answer.lhs - answer.rhs))
    if sense != answer_sense or None in golds or None in answers or 0 in answers:
        return True if gold == answer else None
    first, second = (one / other for one, other in zip(golds, answers, strict=True))
    return (_close(first, second) and ("=" in sense[1:] or first.is_positive)) or None


def _close(one: Any, other: Any) -> bool:
    if one.is_Rational and other.is_Rational:
        return bool(one == other)
    return bool(abs(one - other) <= max(abs(one), abs(other)) * Rational(1, 10**DIGITS))


def _values(*expressions: Any) -> list[list[Any]]:
    """Each expression's values at the same two points, or its one value where all are constant."""
    done = [expression.doit() for expression in expressions]
    names = sorted({symbol.name for expression in done for symbol in expression.free_symbols})
    points = [
        {name: Rational(37 + 10 * i, 23) for i, name in enumerate(names)},
        {name: -Rational(41 + 14 * i, 29) for i, name in enumerate(names)},
    ]
    return [[_value(expression, point) for point in points[: 2 if names else 1]] for expression in done]


def _value(expression: Any, point: Mapping[str, Any]) -> Any:
    """A number, exact or right to more than `DIGITS` digits; None where there is none."""
    value = expression.subs({symbol: point[symbol.name] for symbol in expression.free_symbols})
    if value.is_Rational:
        return value
    try:
        number = value.evalf(DIGITS + 5, strict=True)
    except PrecisionExhausted:
        return None
    return number if number.is_finite and all(part.is_Number for part in number.as_real_imag()) else None
