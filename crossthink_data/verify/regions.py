"""Sets of real numbers: intervals, unions, inequalities in one unknown, `\\mathbb{R}` without some points.

Each becomes a sorted list of pieces with exact ends, so that `x > 3`, `3 < x`, `(3, \\infty)` and
`\\{x \\mid x > 3\\}` are one set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key, reduce

from crossthink_data.verify.evaluate import EvaluationError, NoValueError, TooLargeError, evaluate
from crossthink_data.verify.expr import INFINITY, REALS, TUPLES, Apply, Expr, Number, Symbol, holds, symbols, walk
from crossthink_data.verify.values import same_value

_ORDER = {"<": False, "≤": True, ">": False, "≥": True}
_TURNED = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", **{name: name for name in "=≠≈≡≅~∥⊥"}}
_LEAST, _MOST = -1, 1
_SET_OPERATIONS = frozenset({"∪", "∩", "∖", "∧", "list"})
MAX_OPERATIONS = 60


@dataclass(frozen=True, slots=True)
class End:
    """One end of a piece: a constant, or where `infinite` is -1 or 1 no bound; `closed`: the end is in the set."""

    at: Expr
    closed: bool
    infinite: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval of real numbers; a point is one with two closed ends that are equal."""

    low: End
    high: End


_FROM = End(INFINITY, False, _LEAST)
_TO = End(INFINITY, False, _MOST)
_ALL = [Piece(_FROM, _TO)]


def is_region(expr: Expr) -> bool:
    """Whether the tree is written as a set of real numbers, beyond what could be a tuple."""
    if expr == REALS or holds(expr, "∪", "∩", "∖", "∧"):
        return True
    if (
        isinstance(expr, Apply)
        and expr.op in TUPLES
        and len(expr.args) == 2
        and any(_infinite(arg) for arg in expr.args)
    ):
        return True
    if isinstance(expr, Apply) and expr.op == "+" and expr.args[0] == REALS:
        return True  # `\mathbb{R} - \{1\}`
    if isinstance(expr, Apply) and expr.op == "list":
        return all(is_region(arg) for arg in expr.args)
    relations = _relations(expr)
    return bool(relations) and all(name in _ORDER or name in ("≠", "∈") for name in relations)


def same(gold: Expr, answer: Expr) -> bool:
    """Whether both are the same set; False where one is none, or has ends that are neither constants nor equal."""
    if _same_inequality(gold, answer):
        return True
    if (
        sum(isinstance(node, Apply) and node.op in _SET_OPERATIONS for node in (*walk(gold), *walk(answer)))
        > MAX_OPERATIONS
    ):
        raise TooLargeError("set")
    if len({*_unknowns(gold)} | {*_unknowns(answer)}) > 1:
        return False
    try:
        one, other = pieces(gold), pieces(answer)
        if not one and not other:
            return gold == answer or (is_region(gold) and is_region(answer))
        return len(one) == len(other) and all(map(_same_piece, one, other))
    except TooLargeError:
        raise
    except EvaluationError:
        return False


def _unknowns(expr: Expr) -> Iterator[Expr]:
    """The unknowns that the inequalities are about; a set in brackets has none."""
    for node in walk(expr):
        if isinstance(node, Apply) and node.op == "rel":
            yield from (side for side in node.args[::2] if _unknown(side))


def _same_inequality(gold: Expr, answer: Expr) -> bool:
    """`y > 2x + 1` and `y - 2x > 1`: the same relation, the difference of the sides up to a positive factor."""
    if not (isinstance(gold, Apply) and isinstance(answer, Apply) and gold.op == answer.op == "rel"):
        return False
    if len(gold.args) != 3 or len(answer.args) != 3:
        return False
    for args in (answer.args, turned(answer.args)):
        if args[1] == gold.args[1] and _positive_factor(gold.args, args):
            return True
    return False


def _positive_factor(gold: tuple[Expr, ...], answer: tuple[Expr, ...]) -> bool:
    one, other = (Apply("+", (args[0], Apply("neg", (args[2],)))) for args in (gold, answer))
    free = sorted(symbols(one) | symbols(other))
    if not free:
        return False  # `f(2) < f(5)` is a statement about its sides, not a set
    at = {name: Fraction(3 * turn + 2, 7) for turn, name in enumerate(free)}
    try:
        first, second = evaluate(one, at), evaluate(other, at)
        if first == 0 or second == 0 or (first > 0) != (second > 0):
            return False
        if not (isinstance(first, Fraction) and isinstance(second, Fraction)):
            return same_value(one, other)
        return same_value(Apply("*", (one, Number(second))), Apply("*", (other, Number(first))))
    except EvaluationError:
        return False


def turned(args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """A chain of relations read from its other end; one that has a direction (`A \\to B`) is returned as it is."""
    if any(isinstance(arg, Symbol) and arg.name not in _TURNED for arg in args[1::2]):
        return args
    flipped = [
        Symbol(_TURNED.get(arg.name, arg.name)) if turn % 2 and isinstance(arg, Symbol) else arg
        for turn, arg in enumerate(args)
    ]
    return tuple(reversed(flipped))


def pieces(expr: Expr) -> list[Piece]:
    """The set as sorted pieces that do not touch. Raises NoValueError where the tree is no set of real numbers."""
    return _merged(_pieces(expr))


def _pieces(expr: Expr) -> list[Piece]:
    if expr == REALS:
        return _ALL
    if not isinstance(expr, Apply):
        raise NoValueError("set")
    if expr.op in TUPLES and len(expr.args) == 2:
        return [Piece(_end(expr.args[0], expr.op[0] == "[", _LEAST), _end(expr.args[1], expr.op[1] == "]", _MOST))]
    if expr.op == "set":
        return [Piece(End(arg, True), End(arg, True)) for arg in expr.args]
    if expr.op == "∧" or (expr.op == "list" and all(_relations(arg) == ["≠"] for arg in expr.args)):
        both = reduce(_within, (pieces(arg) for arg in expr.args))
        return both or [piece for arg in expr.args for piece in _pieces(arg)]  # "x < -2 and x > 3" means either
    if expr.op in ("∪", "list"):
        return [piece for arg in expr.args for piece in _pieces(arg)]
    if expr.op == "∖":
        return _within(pieces(expr.args[0]), _complement(pieces(expr.args[1])))
    if expr.op == "+" and len(expr.args) == 2 and isinstance(expr.args[1], Apply) and expr.args[1].op == "neg":
        return _within(pieces(expr.args[0]), _complement(pieces(expr.args[1].args[0])))
    if expr.op == "∩":
        return _within(pieces(expr.args[0]), pieces(expr.args[1]))
    if expr.op == "rel":
        return _of_relation(expr.args)
    raise NoValueError("set")


def _end(at: Expr, closed: bool, side: int) -> End:
    if not _infinite(at):
        return End(at, closed)
    sign = _LEAST if isinstance(at, Apply) and at.op == "neg" else _MOST
    if sign != side:
        raise NoValueError("an interval that begins at its end")
    return _FROM if side == _LEAST else _TO


def _infinite(expr: Expr) -> bool:
    inner = expr.args[0] if isinstance(expr, Apply) and expr.op in ("neg", "+") and len(expr.args) == 1 else expr
    return inner == INFINITY


def _relations(expr: Expr) -> list[str]:
    if not isinstance(expr, Apply) or expr.op != "rel":
        return []
    return [arg.name for arg in expr.args[1::2] if isinstance(arg, Symbol)]


def _of_relation(args: tuple[Expr, ...]) -> list[Piece]:
    names = [arg.name for arg in args[1::2] if isinstance(arg, Symbol)]
    if names == ["∈"]:
        return _pieces(args[2])
    if names == ["≠"]:
        at = args[2] if isinstance(args[0], Symbol) else args[0]
        return _complement([Piece(End(at, True), End(at, True))])
    if len(args) == 3 and names[0] in _ORDER:
        return _of_inequality(args[0], names[0], args[2])
    if len(args) == 5 and all(name in ("<", "≤") for name in names) and _unknown(args[2]):
        return [Piece(_end(args[0], _ORDER[names[0]], _LEAST), _end(args[4], _ORDER[names[1]], _MOST))]
    if len(args) == 5 and all(name in (">", "≥") for name in names):
        return _of_relation(turned(args))
    raise NoValueError("rel")


def _unknown(expr: Expr) -> bool:
    """Whether the tree is an unknown: a letter, or a function of letters."""
    if isinstance(expr, Symbol):
        return True
    return isinstance(expr, Apply) and expr.op.startswith("call:") and all(isinstance(arg, Symbol) for arg in expr.args)


def _of_inequality(left: Expr, relation: str, right: Expr) -> list[Piece]:
    closed = _ORDER[relation]
    if _unknown(left) or _unknown(right):
        at = right if _unknown(left) else left
        below = relation in ("<", "≤") if _unknown(left) else relation in (">", "≥")
    else:
        slope, at = _solved(Apply("+", (left, Apply("neg", (right,)))))
        below = (relation in ("<", "≤")) == (slope > 0)
    if _infinite(at):
        return list(_ALL) if below == (at == INFINITY) else []
    return [Piece(_FROM, End(at, closed)) if below else Piece(End(at, closed), _TO)]


def _solved(difference: Expr) -> tuple[Fraction, Expr]:
    """Of a linear expression in one unknown: its slope and its zero. Raises NoValueError for any other."""
    free = symbols(difference)
    if len(free) != 1:
        raise NoValueError("rel")
    name = free.pop()
    zero, one, two = (evaluate(difference, {name: Fraction(at)}) for at in (0, 1, 2))
    if not all(isinstance(value, Fraction) for value in (zero, one, two)) or one - zero != two - one or one == zero:
        raise NoValueError("rel")
    return one - zero, Number(-zero / (one - zero))


def _compare(one: End, other: End) -> int:
    """The order of two ends by where they are."""
    if one.infinite or other.infinite:
        return one.infinite - other.infinite
    if same_value(one.at, other.at):
        return 0
    difference = Apply("+", (one.at, Apply("neg", (other.at,))))
    if symbols(difference) - {"π", "e"}:
        raise NoValueError("an end that is no constant")
    return -1 if evaluate(difference, {}) < 0 else 1


def _same_end(one: End, other: End) -> bool:
    return (
        one.infinite == other.infinite and one.closed == other.closed and (one.infinite != 0 or _same_place(one, other))
    )


def _same_place(one: End, other: End) -> bool:
    return same_value(one.at, other.at)


def _same_piece(one: Piece, other: Piece) -> bool:
    return _same_end(one.low, other.low) and _same_end(one.high, other.high)


def _merged(found: list[Piece]) -> list[Piece]:
    """Sorted, empty ones left out, those that overlap or touch made one."""
    if len(found) == 1 and any(symbols(end.at) - {"π", "e", "∞"} for end in (found[0].low, found[0].high)):
        return found  # ends with variables cannot be ordered, and need not be
    kept: list[Piece] = []
    for piece in sorted((piece for piece in found if not _empty(piece)), key=cmp_to_key(_by_low)):
        if kept and _touch(kept[-1], piece):
            kept[-1] = Piece(kept[-1].low, _later(kept[-1].high, piece.high))
        else:
            kept.append(piece)
    return kept


def _by_low(one: Piece, other: Piece) -> int:
    return _compare(one.low, other.low) or other.low.closed - one.low.closed


def _empty(piece: Piece) -> bool:
    order = _compare(piece.low, piece.high)
    return order > 0 or (order == 0 and not (piece.low.closed and piece.high.closed))


def _touch(before: Piece, after: Piece) -> bool:
    order = _compare(after.low, before.high)
    return order < 0 or (order == 0 and (after.low.closed or before.high.closed))


def _later(one: End, other: End) -> End:
    order = _compare(one, other)
    if order == 0:
        return one if one.closed else other
    return one if order > 0 else other


def _complement(found: list[Piece]) -> list[Piece]:
    gaps: list[Piece] = []
    low = _FROM
    for piece in found:
        if not piece.low.infinite:
            gaps.append(Piece(low, End(piece.low.at, not piece.low.closed)))
        if piece.high.infinite:
            return gaps
        low = End(piece.high.at, not piece.high.closed)
    return [*gaps, Piece(low, _TO)]


def _within(one: list[Piece], other: list[Piece]) -> list[Piece]:
    met = [Piece(_inner(a.low, b.low, 1), _inner(a.high, b.high, -1)) for a in one for b in other]
    return [piece for piece in met if not _empty(piece)]


def _inner(one: End, other: End, side: int) -> End:
    order = _compare(one, other) * side
    if order == 0:
        return other if one.closed else one
    return one if order > 0 else other
