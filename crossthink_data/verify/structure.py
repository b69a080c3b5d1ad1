"""Whether two trees say the same answer: lists and sets in any order, tuples in theirs, equations up to a factor.

Scalars are left to `values`, sets of real numbers to `regions`.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from crossthink_data.verify import regions, units
from crossthink_data.verify.equations import (
    CONSTANTS,
    assigned,
    in_order,
    is_name,
    proportional,
    same_name,
    sides,
    stands_for,
)
from crossthink_data.verify.evaluate import TooLargeError
from crossthink_data.verify.expr import TUPLES, WORD, Apply, Expr, Number, Symbol, holds, parts_of, replaced, symbols
from crossthink_data.verify.values import rounded, same_value

MAX_MEMBERS = 60  # of a list, beyond those that are written alike

_MINUTES = re.compile(r"[0-5]\d")
_INVISIBLE = Symbol("?")


def same(gold: Expr, answer: Expr) -> bool:
    """Whether the answer says what the gold says.

    Raises NoValueError where nothing here can tell, TooLargeError beyond the bounds.
    """
    if gold == answer:
        return True
    gold, answer = _elements(gold), _elements(answer)
    if _is(answer, "list") and not _is(gold, "list"):
        answer = _without_conditions(answer)
    if holds(gold, "±") or holds(answer, "±"):
        return _same_members(_solutions(gold), _solutions(answer), counted=True)
    for compare in (_same_regions, _same_equation, _same_many, _same_parts):
        verdict = compare(gold, answer)
        if verdict is not None:
            return verdict
    return _same_scalar(gold, answer)


def _elements(expr: Expr) -> Expr:
    """`x \\in S` says S."""
    return expr.args[2] if isinstance(expr, Apply) and expr.op == "rel" and expr.args[1] == Symbol("∈") else expr


def _without_conditions(expr: Expr) -> Expr:
    """`k\\pi, k \\in \\mathbb{Z}` says `k\\pi`."""
    first, *rest = _args(expr)
    letters = symbols(first)
    about = [_args(part)[0] for part in rest if _is(part, "rel") and _args(part)[1] != Symbol("=")]
    conditions = [side for side in about if isinstance(side, Symbol) and side.name in letters]
    is_value = _value(first) is not None or not _is(first, "rel", *TUPLES)
    return first if is_value and len(conditions) == len(rest) else expr


def _same_regions(gold: Expr, answer: Expr) -> bool | None:
    """Sets of real numbers, however written; None where neither is written as one."""
    if not (regions.is_region(gold) or regions.is_region(answer)):
        return None
    return regions.same(gold, answer) or _same_chain(gold, answer)


def _same_chain(gold: Expr, answer: Expr) -> bool:
    """`f(2) < f(1) < f(4)`: the same relations between the same sides, read from either end."""
    if not (_is(gold, "rel") and _is(answer, "rel")) or len(_args(gold)) != len(_args(answer)):
        return False
    return _sides_agree(_args(gold), _args(answer)) or _sides_agree(_args(gold), regions.turned(_args(answer)))


def _sides_agree(one: tuple[Expr, ...], other: tuple[Expr, ...]) -> bool:
    if one[1::2] != other[1::2]:
        return False
    return all(same(left, right) for left, right in zip(one[::2], other[::2], strict=True))


def _same_equation(gold: Expr, answer: Expr) -> bool | None:
    """`x = 5` and 5, `y = 2x` and `2x - y = 0`; None where neither is an equation."""
    gold_sides, answer_sides = sides(gold), sides(answer)
    if gold_sides is None and answer_sides is None:
        return None
    if answer_sides is None:
        assert gold_sides is not None  # noqa: S101 - one of the two is an equation
        named = is_name(gold_sides[0]) or not any(symbols(side) - CONSTANTS for side in gold_sides)  # `2^{10} = 1024`
        return named and same(gold_sides[-1], answer)
    if gold_sides is None:
        named = is_name(answer_sides[0]) or stands_for(answer_sides[0], gold)
        return all(same(gold, side) for side in answer_sides[named:])
    if is_name(gold_sides[0]) and same_name(gold_sides[0], answer_sides[0]):
        return all(same(gold_sides[1], side) for side in answer_sides[1:])
    if _is(gold_sides[0], *TUPLES) or _is(answer_sides[0], *TUPLES):
        return False
    return len(gold_sides) == len(answer_sides) == 2 and proportional(gold_sides, answer_sides)


def _same_many(gold: Expr, answer: Expr) -> bool | None:
    """Lists and sets, members in any order; None where neither is one."""
    if not (_is(gold, "list") or _is(gold, "set") or _is(answer, "list") or _is(answer, "set")):
        return None
    gold_values, answer_values = assigned(_args(gold)), assigned(_args(answer))
    if gold_values and answer_values:
        return gold_values.keys() == answer_values.keys() and all(
            same(value, answer_values[name]) for name, value in gold_values.items()
        )
    if gold_values or answer_values:
        values, other = (gold_values, answer) if gold_values else (answer_values, gold)
        parts = _args(other) if _is(other, "list", "set", *TUPLES) else (other,)
        bare = not any(sides(part) for part in parts)
        return bare and len(parts) == len(values) and all(map(same, in_order(values), parts))
    if _is(gold, "[]") and _is(answer, "list"):  # `[1, 2]` is how programs write a list
        return len(_args(gold)) == len(_args(answer)) and all(map(same, _args(gold), _args(answer)))
    if _is(gold, *TUPLES) or _is(answer, *TUPLES):
        return False
    counted = not (_is(gold, "set") or _is(answer, "set"))
    return _same_members(_solutions(gold), _solutions(answer), counted)


def _solutions(expr: Expr) -> list[Expr]:
    """The members of a list or a set, without the names that are before them, ± written out."""
    named = _value(expr)
    if named is not None:
        return _solutions(named)
    members: list[Expr] = []
    for part in _args(expr) if _is(expr, "list", "set") else (expr,):
        value = _value(part)
        members += _solutions(value) if value is not None else _both_signs(part)
    return members


def _value(expr: Expr) -> Expr | None:
    """What stands behind a name and an equals sign."""
    found = sides(expr)
    return found[1] if found is not None and len(found) == 2 and is_name(found[0]) else None


def _both_signs(expr: Expr) -> list[Expr]:
    if not holds(expr, "±", "∓"):
        return [expr]
    minus = "minus"
    upper = replaced(replaced(expr, "±", "+"), "∓", minus)
    lower = replaced(replaced(expr, "±", minus), "∓", "+")
    return [_with_minus(upper), _with_minus(lower)]


def _with_minus(expr: Expr) -> Expr:
    if not isinstance(expr, Apply):
        return expr
    args = tuple(_with_minus(arg) for arg in expr.args)
    return Apply("+", (args[0], Apply("neg", args[1:]))) if expr.op == "minus" else Apply(expr.op, args)


def _same_members(gold: list[Expr], answer: list[Expr], counted: bool) -> bool:
    """Whether each member has an equal one on the other side; `counted`: one each."""
    if counted and len(gold) != len(answer):
        return False
    if Counter(gold) == Counter(answer):
        return True
    if max(len(gold), len(answer)) > MAX_MEMBERS:
        raise TooLargeError("members")
    left = list(answer)
    for member in gold:
        match = next((other for other in left if _same_member(member, other)), None)
        if match is not None and counted:
            left.remove(match)
        elif match is None:
            return False
    return counted or all(any(_same_member(member, other) for member in gold) for other in answer)


def _same_member(gold: Expr, answer: Expr) -> bool:
    """Inside a set, a set of one member is not that member."""
    if _is(gold, "set") != _is(answer, "set"):
        return False
    (_, gold_unit), (_, answer_unit) = _without_unit(gold), _without_unit(answer)
    if gold_unit and answer_unit and not units.share_a_word(gold_unit, answer_unit):
        return False  # `2 boys, 3 girls`
    return same(gold, answer)


def _same_parts(gold: Expr, answer: Expr) -> bool | None:
    """Tuples, matrices, ratios, numbers in a base: part by part; None where neither is one of these."""
    if _is(gold, "matrix") or _is(answer, "matrix"):
        return _same_matrix(gold, answer)
    if _is(gold, *TUPLES) or _is(answer, *TUPLES):
        return _same_tuple(gold, answer)
    if _is(gold, ":") or _is(answer, ":"):
        return _same_ratio(gold, answer)
    if holds(gold, "base") or holds(answer, "base"):
        return _same_numeral(_numeral(gold), _numeral(answer))
    if _is(gold, "mod") or _is(answer, "mod"):
        return _same_remainder(gold, answer)
    return None


def _same_tuple(gold: Expr, answer: Expr) -> bool:
    if not (isinstance(gold, Apply) and isinstance(answer, Apply)):
        return False
    if gold.op != answer.op and not ({gold.op, answer.op} == {"()", "[]"} and len(gold.args) > 2):
        return False  # with three parts and more, brackets of either kind hold a tuple, for it is no interval
    return len(gold.args) == len(answer.args) and all(map(same, gold.args, answer.args))


def _same_matrix(gold: Expr, answer: Expr) -> bool:
    one, other = _rows(gold), _rows(answer)
    if one is None or other is None:
        return False
    if _is(gold, *TUPLES) or _is(answer, *TUPLES):  # a vector may be written as a tuple
        one, other = [_flat(one)], [_flat(other)]
    shapes = [len(row) for row in one], [len(row) for row in other]
    return shapes[0] == shapes[1] and all(map(same, _flat(one), _flat(other)))


def _flat(rows: list[list[Expr]]) -> list[Expr]:
    if len(rows) == 1 or all(len(row) == 1 for row in rows):
        return [cell for row in rows for cell in row]
    return [cell for row in rows for cell in (*row, _INVISIBLE)]


def _rows(expr: Expr) -> list[list[Expr]] | None:
    """A matrix's cells, with a factor before it or a divisor below it multiplied in; a tuple is one row."""
    if not isinstance(expr, Apply):
        return None
    if expr.op == "matrix":
        return [list(_args(row)) for row in expr.args]
    if expr.op == "[]" and all(_is(arg, "[]") for arg in expr.args):
        return [list(_args(row)) for row in expr.args]
    if expr.op in ("()", "[]"):
        return [list(expr.args)]
    if expr.op == "neg":
        return _scaled(_rows(expr.args[0]), Number(Fraction(-1)))
    if expr.op == "*":
        return _scaled(_rows(expr.args[1]), expr.args[0])
    if expr.op == "/":
        return _scaled(_rows(expr.args[0]), Apply("/", (Number(Fraction(1)), expr.args[1])))
    return None


def _scaled(rows: list[list[Expr]] | None, factor: Expr) -> list[list[Expr]] | None:
    return None if rows is None else [[Apply("*", (factor, cell)) for cell in row] for row in rows]


def _same_ratio(gold: Expr, answer: Expr) -> bool:
    """Ratios are equal up to a factor, and `3:2` is 3/2; what may be a time of day only as written."""
    (gold, gold_half), (answer, answer_half) = _without_unit(gold), _without_unit(answer)
    one, other = parts_of(gold, ":"), parts_of(answer, ":")
    if gold_half and answer_half and _letters(gold_half) != _letters(answer_half):
        return False  # a.m. and p.m.
    if (
        _is_time(gold)
        or _is_time(answer)
        or _has_zero(one + other)
        or (len(one) == len(other) and Symbol("…") in one + other)
    ):
        return len(one) == len(other) and all(map(same, one, other))
    if len(one) == 1:
        one = (one[0], Number(Fraction(1)))
    if len(other) == 1:
        other = (other[0], Number(Fraction(1)))
    if len(one) != len(other):
        return False
    return all(
        same_value(Apply("*", (first, other[0])), Apply("*", (second, one[0])))
        for first, second in zip(one[1:], other[1:], strict=True)
    )


def _has_zero(parts: tuple[Expr, ...]) -> bool:
    return any(isinstance(part, Number) and part.value == 0 for part in parts)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalpha())


def _is_time(expr: Expr) -> bool:
    """`10:30`: two whole numbers, the second of two digits below 60 and the first below 25."""
    parts = parts_of(expr, ":")
    if len(parts) not in (2, 3) or not all(isinstance(part, Number) for part in parts):
        return False
    values = [part.value for part in parts if isinstance(part, Number)]
    return values[0] < 25 and all(_MINUTES.fullmatch(str(value)) or value == 0 for value in values[1:])


def _numeral(expr: Expr) -> tuple[str, Expr | None] | None:
    """A whole number's digits with its sign, and its base where one is written."""
    if isinstance(expr, Apply) and expr.op == "neg":
        inner = _numeral(expr.args[0])
        return None if inner is None else ("-" + inner[0], inner[1])
    if isinstance(expr, Apply) and expr.op == "base" and isinstance(expr.args[0], Symbol):
        digits, base = expr.args[0].name, expr.args[1]
        valid = isinstance(base, Number) and all(int(digit) < base.value for digit in digits if digit.isdigit())
        return (digits, base) if valid else None
    return (str(expr.value), None) if isinstance(expr, Number) and expr.places is None else None


def _same_numeral(gold: tuple[str, Expr | None] | None, answer: tuple[str, Expr | None] | None) -> bool:
    """The question names the base, so an answer may leave it away."""
    if gold is None or answer is None or gold[0] != answer[0]:
        return False
    return gold[1] is None or answer[1] is None or gold[1] == answer[1]


def _same_remainder(gold: Expr, answer: Expr) -> bool:
    (one, *first), (other, *second) = parts_of(gold, "mod"), parts_of(answer, "mod")
    if first and second and not same_value(first[0], second[0]):
        return False
    return same(one, other)


def _same_scalar(gold: Expr, answer: Expr) -> bool:
    """Values, with units where given; per cent and degrees also as the numbers that they are."""
    if _is(gold, "rel") or _is(answer, "rel"):
        return _same_chain(gold, answer)
    (one, gold_unit), (other, answer_unit) = _without_unit(gold), _without_unit(answer)
    if _has_word(one) or _has_word(other):
        return one == other
    if _is_infinite(one) or _is_infinite(other):
        return one == other
    if answer_unit is not None and not units.is_plain(answer_unit):
        return False  # words that say more than a unit does: `5 \text{ or 6}`
    if units.agree(gold_unit, answer_unit) and (same_value(one, other) or rounded(one, other)):
        return True
    plain_numbers = {"%", "°", None}
    if gold_unit == answer_unit or {_measure(gold_unit), _measure(answer_unit)} - plain_numbers:
        return False
    return same_value(_measured(one, gold_unit), _measured(other, answer_unit))


def _measure(unit: str | None) -> str | None:
    """`%` or `°` where the unit is that, another text where it is known, None where it says nothing."""
    parts = None if unit is None else units.canonical(unit)
    return None if parts is None else " ".join(f"{name}^{power}" if power != 1 else name for name, power in parts)


def _measured(value: Expr, unit: str | None) -> Expr:
    """A percentage or an angle as a number; another word says nothing."""
    name = _measure(unit)
    return value if name is None else Apply("unit", (value, Symbol(name)))


def _without_unit(expr: Expr) -> tuple[Expr, str | None]:
    """A scalar and its unit as written, from under its sign."""
    if not isinstance(expr, Apply):
        return expr, None
    if expr.op == "neg":
        value, unit = _without_unit(expr.args[0])
        return Apply("neg", (value,)), unit
    if expr.op == "unit" and isinstance(expr.args[1], Symbol):
        value, inner = _without_unit(expr.args[0])
        return value, f"{inner} {expr.args[1].name}" if inner else expr.args[1].name
    if expr.op in ("+", ":"):  # `1 + \sqrt{3} \text{ cm}`: the unit is the sum's, but `1 + 50\%` is no percentage
        value, unit = _without_unit(expr.args[-1])
        if _measure(unit) in ("%", "°"):
            return expr, None
        return Apply(expr.op, (*expr.args[:-1], value)), unit
    return expr, None


def _has_word(expr: Expr) -> bool:
    return any(name.startswith((WORD, "𝔹")) or name in ("ℝ", "…") for name in symbols(expr))


def _is_infinite(expr: Expr) -> bool:
    return "∞" in symbols(expr)


def _is(expr: Expr, *ops: str) -> bool:
    return isinstance(expr, Apply) and expr.op in ops


def _args(expr: Expr) -> tuple[Expr, ...]:
    return expr.args if isinstance(expr, Apply) else (expr,)
