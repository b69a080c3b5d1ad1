"""The tree that an answer is read into: numbers, symbols and operations, and nothing that could run."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple


class Number(NamedTuple):
    """A written number, exactly; `places` are the digits after its point, None where it has none."""

    value: Fraction
    places: int | None = None


class Symbol(NamedTuple):
    """A letter with its subscript, a Greek one, or a word (`text:` before it)."""

    name: str


class Apply(NamedTuple):
    """An operation on trees.

    `+ * / ^ neg ± !` and functions by their names take scalars; `( ) [ ]` in pairs are tuples and intervals by their
    brackets; `set`, `list` (commas at the top), `matrix` of `row`s, `:` (ratio), `rel` (sides and relations in turn),
    `unit` (a scalar and its unit), `base` (digits and their base).
    """

    op: str
    args: tuple[Expr, ...]


Expr = Number | Symbol | Apply

WORD = "text:"  # what a symbol's name begins with when it is a word, not a variable
INFINITY = Symbol("∞")
REALS = Symbol("ℝ")
EMPTY = Apply("set", ())
TUPLES = ("()", "[]", "(]", "[)")


def walk(expr: Expr) -> Iterator[Expr]:
    """The tree's nodes, each once, without recursion."""
    pending = [expr]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, Apply):
            pending.extend(node.args)


def symbols(expr: Expr) -> set[str]:
    """The names of the tree's symbols; the names of units and the digits of other bases are none."""
    found: set[str] = set()
    pending = [expr]
    while pending:
        node = pending.pop()
        if isinstance(node, Symbol):
            found.add(node.name)
        elif isinstance(node, Apply):
            pending.extend(node.args[:1] if node.op == "unit" else node.args[1:] if node.op == "base" else node.args)
    return found


def holds(expr: Expr, *ops: str) -> bool:
    """Whether one of the operations occurs anywhere in the tree."""
    pending = [expr]
    while pending:
        node = pending.pop()
        if isinstance(node, Apply):
            if node.op in ops:
                return True
            pending.extend(node.args)
    return False


def replaced(expr: Expr, op: str, by: str) -> Expr:
    """The tree with one operation exchanged for another."""
    if not isinstance(expr, Apply):
        return expr
    return Apply(by if expr.op == op else expr.op, tuple(replaced(arg, op, by) for arg in expr.args))


def parts_of(expr: Expr, op: str) -> tuple[Expr, ...]:
    """The operation's arguments, or the tree itself as the only one."""
    return expr.args if isinstance(expr, Apply) and expr.op == op else (expr,)
