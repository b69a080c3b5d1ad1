"""Whether two scalars have one value: constants by their value, expressions at a dozen points.

Real numbers are meant: a point where either side is undefined in them says nothing, so `1/\\sqrt n` is `\\sqrt{1/n}`,
while `\\sqrt{x^2}` is not `x`. Where hardly a point is left, and wherever `i` occurs, complex numbers are.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from crossthink_data.verify.evaluate import (
    CAREFUL,
    NORMAL,
    NoValueError,
    Precision,
    TooLargeError,
    UndefinedError,
    Value,
    evaluate,
    variables,
)
from crossthink_data.verify.expr import Apply, Expr, Number, symbols
from crossthink_data.verify.hashed import hashed_fraction

CAREFUL_POINTS = 2  # at which equality is looked at with many digits
MIN_POINTS = 3  # where both sides are defined, for two expressions to be called equal
MIN_DIGITS_OF_ROUNDED = 6  # significant, of an answer's decimal that stands for an exact gold
MIN_DIGITS_OF_GOLD = 3  # significant, of a gold's decimal that an exact answer may round to


def same_value(gold: Expr, answer: Expr) -> bool:
    """Whether the two are equal wherever both are defined.

    Raises NoValueError where one is no scalar or no point could tell, TooLargeError beyond the bounds.
    """
    if gold == answer:
        return True
    names = symbols(gold) | symbols(answer)
    free = variables(names)
    if not free:
        return _same_constant(gold, answer, complex_numbers="i" in names)
    if "i" not in names:
        agreed = _agreements(gold, answer, free, real=True)
        if agreed is not None:
            return agreed
    agreed = _agreements(gold, answer, free, real=False)
    if agreed is None and not _defined(gold, free):
        raise NoValueError("undefined nearly everywhere")
    return agreed or False


def _same_constant(gold: Expr, answer: Expr, complex_numbers: bool) -> bool:
    if not complex_numbers:
        try:
            return _agree_at(gold, answer, {}, real=True)
        except UndefinedError:
            pass
    try:
        return _agree_at(gold, answer, {}, real=False)
    except UndefinedError:
        return False


def _agreements(gold: Expr, answer: Expr, free: list[str], real: bool) -> bool | None:
    """False at the first point where they differ, None where too few points tell."""
    agreed, large = 0, False
    for point in _points(tuple(free)):
        try:
            if not _agree_at(gold, answer, point, real, careful=agreed < CAREFUL_POINTS):
                return False
        except UndefinedError:
            continue
        except TooLargeError:
            large = True
            continue
        agreed += 1
    if large and agreed < MIN_POINTS:
        raise TooLargeError("nearly everywhere")
    return True if agreed >= MIN_POINTS else None


def _defined(expr: Expr, free: list[str]) -> bool:
    """Whether the expression has a value at points enough, so that an answer that has none is another one."""
    count = 0
    for point in _points(tuple(free)):
        try:
            evaluate(expr, point, Precision(NORMAL.digits, real=False))
        except (UndefinedError, TooLargeError):
            continue
        count += 1
    return count >= MIN_POINTS


def _agree_at(gold: Expr, answer: Expr, point: dict[str, Fraction], real: bool, careful: bool = True) -> bool:
    precision = Precision(NORMAL.digits, real)
    one, other = evaluate(gold, point, precision), evaluate(answer, point, precision)
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    apart = _distance(one, other, precision)
    if not careful or apart > 1e-6:
        return bool(apart < 10.0 ** -(NORMAL.digits - 15))
    precision = Precision(CAREFUL, real)
    apart = _distance(evaluate(gold, point, precision), evaluate(answer, point, precision), precision)
    return bool(apart < precision.context.mpf(10) ** -(CAREFUL - 100))


def _distance(one: Value, other: Value, precision: Precision) -> Value:
    """How far apart two values are, in parts of the larger; from nothing, absolutely."""
    first, second = _number(one, precision), _number(other, precision)
    apart = abs(first - second)
    return apart / max(abs(first), abs(second)) if first != 0 and second != 0 else apart


def near(one: Expr, other: Expr, share: Fraction) -> bool:
    """Whether two constants differ by no more than this share of the second."""
    first, second = (_number(evaluate(expr, {}), NORMAL) for expr in (one, other))
    return bool(abs(first - second) <= abs(second) * _number(share, NORMAL))


def _number(value: Value, precision: Precision) -> Value:
    context = precision.context
    return context.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


@lru_cache(maxsize=1024)
def _points(free: tuple[str, ...]) -> tuple[dict[str, Fraction], ...]:
    """The points at which expressions are compared, the same ones always."""
    return tuple(dict(zip(free, values, strict=True)) for values in _coordinates(free))


def _coordinates(free: tuple[str, ...]) -> Iterator[list[Fraction]]:
    """Above and below zero, small and large, whole and not: where two different functions hide from one, not all do."""
    hashes = [[hashed_fraction(f"{name} {turn}") for name in free] for turn in range(14)]
    for values in hashes[:2]:
        yield [abs(value) + Fraction(1, 7) for value in values]
    for turn, values in enumerate(hashes[2:5]):  # all below zero, then both signs by turns
        yield [-abs(value) if turn == 0 or (turn + place) % 2 else abs(value) for place, value in enumerate(values)]
    for turn, values in enumerate(hashes[5:10]):  # whole numbers up to 40, even and odd
        yield [Fraction(2 + (int(abs(value) * 997) + 9 * turn) % 39) for value in values]
    for values in hashes[10:12]:
        yield [(abs(value) + Fraction(1, 9)) / 9 for value in values]  # between 0 and 1
    yield [abs(value) * 1000 + 300 for value in hashes[12]]
    yield [-abs(value) * 10**6 - 10**5 for value in hashes[13]]


def rounded(gold: Expr, answer: Expr) -> bool:
    """Whether one of two constants is a decimal that is the other, rounded, with digits enough (see the constants)."""
    gold_decimal, answer_decimal = _decimal(gold), _decimal(answer)
    if (gold_decimal is None) == (answer_decimal is None) or symbols(gold) - {"π", "e"} or symbols(answer) - {"π", "e"}:
        return False
    if answer_decimal is not None:
        return _significant(answer_decimal) >= MIN_DIGITS_OF_ROUNDED and _rounds_to(gold, answer_decimal)
    assert gold_decimal is not None  # noqa: S101 - one of the two is a decimal
    return _significant(gold_decimal) >= MIN_DIGITS_OF_GOLD and _rounds_to(answer, gold_decimal)


def _decimal(expr: Expr) -> Number | None:
    """The decimal that the tree is, with its sign, or None."""
    if isinstance(expr, Apply) and expr.op == "neg":
        inner = _decimal(expr.args[0])
        return None if inner is None else Number(-inner.value, inner.places)
    return expr if isinstance(expr, Number) and expr.places is not None else None


def _significant(decimal: Number) -> int:
    return len(str(abs(decimal.value.numerator * 10 ** (decimal.places or 0) // decimal.value.denominator)))


def _rounds_to(exact: Expr, decimal: Number) -> bool:
    try:
        value = evaluate(exact, {})
    except UndefinedError:
        return False
    half = Fraction(1, 2 * 10 ** (decimal.places or 0))
    if isinstance(value, Fraction):
        return abs(value - decimal.value) <= half
    apart = abs(value - _number(decimal.value, NORMAL))
    return bool(apart <= _number(half, NORMAL))
