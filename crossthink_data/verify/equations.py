"""Equations: what is a name and what a value in them, and when two have the same solutions."""

from __future__ import annotations

import re
from fractions import Fraction
from string import ascii_lowercase

from crossthink_data.verify.evaluate import EvaluationError
from crossthink_data.verify.expr import WORD, Apply, Expr, Number, Symbol, symbols
from crossthink_data.verify.values import near, same_value

CONSTANTS = frozenset({"π", "e", "i"})
_NO_NAMES = frozenset({"π", "i", "∞", "ℝ", "…", WORD + "not"})
_INVISIBLE = Symbol("?")
_NUMBERED = re.compile(r"_\d+$")


def sides(expr: Expr) -> list[Expr] | None:
    """An equation's sides, a name first; what only approximates an exact side is left out. None for anything else."""
    if not isinstance(expr, Apply) or expr.op != "rel":
        return None
    relations, parts = expr.args[1::2], expr.args[::2]
    if not set(relations) <= {Symbol("="), Symbol("≈"), Symbol("≡")}:
        return None
    found = [parts[0]]
    for relation, part in zip(relations, parts[1:], strict=True):
        named = len(found) == 1 and is_name(found[0])
        if relation == Symbol("≈") and not named and approximates(part, found[-1]):
            continue
        found.append(part)
    if len(found) == 1:
        return [_INVISIBLE, found[0]]
    return found[::-1] if is_name(found[-1]) and not is_name(found[0]) else found


def approximates(part: Expr, exact: Expr) -> bool:
    """Whether `≈` between two constants is true, to two parts in a hundred."""
    try:
        return near(part, exact, Fraction(1, 50))
    except EvaluationError:
        return False


def is_name(expr: Expr) -> bool:
    """Whether an equation's side only names what the other side is: `x`, `f(x)`, `AB`, `(x, y)`, `\\frac{NO}{BO}`."""
    if isinstance(expr, Symbol):
        return expr.name not in _NO_NAMES
    if not isinstance(expr, Apply):
        return False
    if expr.op.startswith("call:"):
        return True
    if expr.op == "()":
        return all(isinstance(arg, Symbol) for arg in expr.args)
    if expr.op == "^":  # `f^{-1}(x)`
        return expr.args[0] in (Symbol("f"), Symbol("g"), Symbol("h")) and expr.args[1] == _MINUS_ONE
    if expr.op == "abs":
        return is_name(expr.args[0]) and _capital(expr.args[0])
    if expr.op in ("*", "/", ":"):
        return _capital(expr) and all(is_name(arg) for arg in expr.args)
    return False


_MINUS_ONE = Apply("neg", (Number(Fraction(1)),))


def same_name(one: Expr, other: Expr) -> bool:
    """Whether two names may stand for one thing: `y` is also a function's value."""
    return one == other or (Symbol("y") in (one, other) and any(_is_call(name) for name in (one, other)))


def _is_call(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.op.startswith("call:")


def _capital(expr: Expr) -> bool:
    """Whether the first symbol is a capital or a word, as in names of points, sides and quantities."""
    while isinstance(expr, Apply) and expr.args:
        if expr.op.startswith("call:") or expr.op == "^":
            return True
        expr = expr.args[0]
    return isinstance(expr, Symbol) and (expr.name[0].isupper() or len(expr.name.split("_")[0]) > 1)


def stands_for(side: Expr, gold: Expr) -> bool:
    """Whether an equation's left side is what was asked for: `a + b` where the gold is a value.

    One unknown alone is no such thing: `2x = 5` does not say 5.
    """
    return len(symbols(side) - CONSTANTS) > 1 and not symbols(gold) - CONSTANTS


def proportional(gold: list[Expr], answer: list[Expr]) -> bool:
    """Whether two equations have the same solutions because one is a constant times the other."""
    one, other = (Apply("+", (left, Apply("neg", (right,)))) for left, right in (gold, answer))
    if not symbols(one) - CONSTANTS or not symbols(other) - CONSTANTS:
        return False
    # a/b is constant when a(x) b(y) = a(y) b(x) for any two points x and y
    moved = [_renamed(side) for side in (one, other)]
    left, right = Apply("*", (one, moved[1])), Apply("*", (moved[0], other))
    nothing = Number(Fraction(0))
    return same_value(left, right) and not (same_value(one, nothing) or same_value(other, nothing))


def _renamed(expr: Expr) -> Expr:
    if isinstance(expr, Symbol):
        return expr if expr.name in CONSTANTS else Symbol(expr.name + "′")
    if not isinstance(expr, Apply):
        return expr
    return Apply(expr.op, tuple(_renamed(arg) for arg in expr.args))


def assigned(parts: tuple[Expr, ...]) -> dict[Expr, Expr]:
    """`x = 1, y = 2` as values by their names; empty where not all parts are such, or one thing has several values."""
    found = [sides(part) for part in parts]
    pairs = [(side[0], side[1]) for side in found if side is not None and len(side) == 2 and is_name(side[0])]
    if len(pairs) < len(parts) or len({_stem(name) for name, _ in pairs}) < len(pairs):
        return {}
    return dict(pairs)


def in_order(values: dict[Expr, Expr]) -> list[Expr]:
    """The values in the order in which a tuple has them: that of `x, y, z` or `p, q` by name, any other as written."""
    names = sorted(name.name for name in values if isinstance(name, Symbol))
    if len(names) == len(values) and "".join(names) in ascii_lowercase:
        return [values[Symbol(name)] for name in names]
    return list(values.values())


def _stem(name: Expr) -> Expr:
    """`x_1` and `x_2` are two values of one unknown."""
    return Symbol(_NUMBERED.sub("", name.name)) if isinstance(name, Symbol) else name
