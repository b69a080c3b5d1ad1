"""The value of a tree: an exact fraction wherever there is one, else a number of many digits.

Rational arithmetic stays exact (`1/2^99` is not `1/2^98`, nor `1/2004!` `1/2006!`). Roots, powers, logarithms and the
like that have no exact value are computed with `Precision.digits` digits; two such values count as equal when they
agree in nearly all of them. Everything is bounded before it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from crossthink_data.verify.expr import WORD, Apply, Expr, Number, Symbol
from crossthink_data.verify.hashed import hashed_fraction

Value = Any  # Fraction, or mpmath's mpf or mpc

MAX_BITS = 100_000  # of an exact numerator or denominator
MAX_ARGS_BITS = 5 * MAX_BITS  # of the denominators of all that one operation takes: a sum has as many as it has terms
MAX_FACTORIAL = 5_000
MAX_ANGLE = 10**30


class EvaluationError(ArithmeticError):
    """A tree without a value."""


class UndefinedError(EvaluationError):
    """No value at this point, such as a division by zero or a factorial of a half."""


class TooLargeError(EvaluationError):
    """An exact value beyond the bounds."""


class NoValueError(EvaluationError):
    """Not a scalar: a set, a matrix, words, an operation without a meaning here."""


@dataclass(frozen=True)
class Precision:
    """Arithmetic with a number of digits; `real`: the root or logarithm of a negative number is undefined."""

    digits: int
    real: bool = True

    @property
    def context(self) -> Any:
        """mpmath's arithmetic of this precision, apart from any other user of mpmath."""
        return _context(self.digits)


@cache
def _context(digits: int) -> Any:
    from mpmath.ctx_mp import MPContext  # loaded on first need: it takes a twentieth of a second

    context = MPContext()
    context.dps = digits
    return context


NORMAL = Precision(50)
CAREFUL = 1500  # digits, where NORMAL leaves a doubt


def evaluate(expr: Expr, point: Mapping[str, Fraction], precision: Precision = NORMAL) -> Value:
    """The tree's value where its symbols have these values; `e`, `i` and `π` have their own.

    Raises UndefinedError, TooLargeError or NoValueError.
    """
    if isinstance(expr, Number):
        return expr.value
    if isinstance(expr, Symbol):
        return _symbol(expr.name, point, precision)
    if expr.op.startswith("call:"):
        return _opaque(expr, [evaluate(arg, point, precision) for arg in expr.args])
    operation = _OPERATIONS.get(expr.op)
    if operation is None:
        raise NoValueError(expr.op)
    if expr.op == "unit":
        return _with_unit(expr, point, precision)
    values = _values(expr, point, precision)
    try:
        value = operation(precision.context if _inexact(expr.op, values) else None, *values)
    except (ZeroDivisionError, ValueError) as error:
        raise UndefinedError(expr.op) from error
    except (TypeError, OverflowError, NotImplementedError) as error:
        raise NoValueError(expr.op) from error
    if precision.real and not isinstance(value, Fraction) and value.imag != 0:
        raise UndefinedError(expr.op)
    return value


def _values(expr: Apply, point: Mapping[str, Fraction], precision: Precision) -> list[Value]:
    values: list[Value] = []
    bits = 0
    for arg in expr.args:
        value = evaluate(arg, point, precision)
        bits += value.denominator.bit_length() if isinstance(value, Fraction) else 0
        if bits > MAX_ARGS_BITS:
            raise TooLargeError(expr.op)
        values.append(value)
    return values


_EXACT = frozenset({"+", "neg", "*", "/", "abs", "floor", "ceil", "gcd", "lcm", "min", "max", "!", "binom", "percent"})


def _inexact(op: str, values: list[Value]) -> bool:
    return op not in _EXACT or not all(isinstance(value, Fraction) for value in values)


def _symbol(name: str, point: Mapping[str, Fraction], precision: Precision) -> Value:
    if name in point:
        return point[name]
    if name == "π":
        return +precision.context.pi
    if name == "e":
        return +precision.context.e
    if name == "i":
        return precision.context.mpc(0, 1)
    raise NoValueError(name)


def variables(names: set[str]) -> list[str]:
    """The names among these that stand for any number, in order.

    Raises NoValueError where one is a word or a set.
    """
    free = sorted(names - {"π", "e", "i"})
    for name in free:
        if name.startswith(WORD) or name in ("∞", "ℝ", "…") or name.startswith("𝔹"):
            raise NoValueError(name)
    return free


def _opaque(expr: Apply, values: list[Value]) -> Fraction:
    """A function without a definition: any value will do, so long as equal arguments give equal ones."""
    if not all(isinstance(value, Fraction) for value in values):
        raise NoValueError(expr.op)
    return hashed_fraction(expr.op + ";".join(str(value) for value in values))


def _with_unit(expr: Apply, point: Mapping[str, Fraction], precision: Precision) -> Value:
    value = evaluate(expr.args[0], point, precision)
    unit = expr.args[1]
    name = unit.name if isinstance(unit, Symbol) else ""
    if name == "%":
        return _divided(None, value, Fraction(100))
    if name == "°":
        return _times(precision.context, value, precision.context.pi / 180)
    raise NoValueError("unit")


def _plus(_: Any, *terms: Value) -> Value:
    total = terms[0]
    for term in terms[1:]:
        exact = isinstance(total, Fraction) and isinstance(term, Fraction)
        total = _sized(total + term) if exact else _lifted(total, term) + _lifted(term, total)
    return total


def _lifted(value: Value, like: Value) -> Value:
    """An exact fraction as a number of the other's kind."""
    if not isinstance(value, Fraction) or isinstance(like, Fraction):
        return value
    context = like.context
    return context.mpf(value.numerator) / context.mpf(value.denominator)


def _times(_: Any, one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _sized(one * other)
    return _lifted(one, other) * _lifted(other, one)


def _divided(_: Any, one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _sized(one / other)
    return _lifted(one, other) / _lifted(other, one)


def _sized(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MAX_BITS or value.denominator.bit_length() > MAX_BITS:
        raise TooLargeError("fraction")
    return value


def _inexactly(value: Value, context: Any) -> Value:
    return context.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def _powered(context: Any, base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        exact = _exact_power(base, exponent)
        if exact is not None:
            return exact
    base, exponent = _inexactly(base, context), _inexactly(exponent, context)
    if base == 0:
        if not exponent.real > 0:
            raise UndefinedError("^")
        return Fraction(0)
    if abs(exponent) * (abs(context.log(abs(base))) + 4) > MAX_BITS:
        raise TooLargeError("^")
    return base**exponent


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if (base in (0, 1) and exponent > 0) or (exponent == 0 and base != 0):
        return base if exponent else Fraction(1)
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(exponent.numerator) * bits > MAX_BITS and abs(base) != 1:
            raise TooLargeError("^")
        whole = exponent.numerator
        return base ** (whole if abs(base) != 1 else whole % 2)
    if base < 0 or exponent.denominator > 64:
        return None
    root = _exact_root(base, exponent.denominator)
    return None if root is None else _exact_power(root, Fraction(exponent.numerator))


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    """The rational root of a fraction >= 0, where it has one."""
    above, below = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    return None if above is None or below is None else Fraction(above, below)


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    if value < 2:
        return value
    if value.bit_length() > 900:
        return None  # beyond what a float can start from
    guess = round(value ** (1 / degree))
    return next((root for root in (guess - 1, guess, guess + 1) if root > 0 and root**degree == value), None)


def _root(context: Any, value: Value, degree: Value = Fraction(2)) -> Value:
    if not isinstance(degree, Fraction) or degree.denominator != 1 or not 0 < degree <= 1000:
        return _powered(context, value, _divided(context, Fraction(1), degree))
    if isinstance(value, Fraction):
        sign = -1 if value < 0 and degree % 2 else 1  # the odd root of a negative number is real
        exact = _exact_root(sign * value, int(degree)) if sign * value >= 0 else None
        if exact is not None:
            return sign * exact
        return sign * context.root(_inexactly(sign * value, context), int(degree))
    if degree % 2 and value.imag == 0 and value.real < 0:
        return -context.root(-value.real, int(degree))
    return context.root(value, int(degree))


def _whole(value: Value) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise UndefinedError("not a whole number")
    return value.numerator


def _remainder(_: Any, value: Value, modulus: Value) -> Fraction:
    whole, by = _whole(value), _whole(modulus)
    if by == 0:
        raise UndefinedError("mod")
    return Fraction(whole % by)


def _factorial(_: Any, value: Value) -> Fraction:
    n = _whole(value)
    if n < 0:
        raise UndefinedError("!")
    if n > MAX_FACTORIAL:
        raise TooLargeError("!")
    return Fraction(math.factorial(n))


def _binomial(_: Any, above: Value, below: Value) -> Fraction:
    n, k = _whole(above), _whole(below)
    if n < 0 or k < 0:
        raise UndefinedError("binom")
    if n > MAX_FACTORIAL:
        raise TooLargeError("binom")
    return Fraction(math.comb(n, k))


def _real(value: Value) -> Value:
    if isinstance(value, Fraction) or value.imag == 0:
        return value if isinstance(value, Fraction) else value.real
    raise UndefinedError("an order of complex numbers")


def _floor(context: Any, value: Value) -> Value:
    return Fraction(math.floor(value)) if isinstance(value, Fraction) else Fraction(int(context.floor(_real(value))))


def _ceil(context: Any, value: Value) -> Value:
    return -Fraction(_floor(context, -value))


def _log(context: Any, value: Value, base: Value = Fraction(10)) -> Value:
    if value == 0 or base in (0, 1):
        raise UndefinedError("log")
    return _divided(context, _ln(context, value), _ln(context, base))


def _ln(context: Any, value: Value) -> Value:
    if value == 0:
        raise UndefinedError("ln")
    return Fraction(0) if value == 1 else context.log(_inexactly(value, context))


def _elementary(name: str, at_zero: int | None = None, largest: int = MAX_BITS) -> Callable[..., Value]:
    def compute(context: Any, value: Value) -> Value:
        if at_zero is not None and value == 0:
            return Fraction(at_zero)
        number = _inexactly(value, context)
        if abs(number) > largest:
            raise TooLargeError(name)
        return getattr(context, name)(number)

    return compute


def _folded(step: Callable[[int, int], int]) -> Callable[..., Fraction]:
    def compute(_: Any, *values: Value) -> Fraction:
        whole = [_whole(value) for value in values]
        result = whole[0]
        for value in whole[1:]:
            result = step(result, value)
            _sized(Fraction(result))
        return Fraction(result)

    return compute


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": _plus,
    "neg": lambda _, value: -value,
    "*": _times,
    "/": _divided,
    "^": _powered,
    "sqrt": _root,
    "root": _root,
    "!": _factorial,
    "binom": _binomial,
    "abs": lambda _, value: abs(value),
    "floor": _floor,
    "ceil": _ceil,
    "gcd": _folded(math.gcd),
    "lcm": _folded(math.lcm),
    "min": lambda _, *values: min(_real(value) for value in values),
    "max": lambda _, *values: max(_real(value) for value in values),
    "bmod": _remainder,
    "log": _log,
    "lg": _log,
    "ln": _ln,
    "exp": _elementary("exp", 1),
    "unit": _plus,
    **{name: _elementary(name, 0, MAX_ANGLE) for name in ("sin", "tan")},
    **{name: _elementary(name, 0) for name in ("sinh", "tanh")},
    "cos": _elementary("cos", 1, MAX_ANGLE),
    "cosh": _elementary("cosh", 1),
    **{name: _elementary(name) for name in ("cot", "sec", "csc")},
    **{
        "arc" + name: _elementary("a" + name)
        for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")
    },
}
