"""Numbers and mathematics: the cheapest tier that can tell decides, from the string to the structure.

None of these tiers runs anything that the answer says, and each is bounded. What is left over needs a computer algebra
system (`symbolic`), which only a worker that can be killed may run.
"""

from __future__ import annotations

import re

from crossthink_data.verify import structure
from crossthink_data.verify.evaluate import EvaluationError, NoValueError, TooLargeError, evaluate
from crossthink_data.verify.expr import Apply, Expr, Number, walk
from crossthink_data.verify.latex import MAX_CHARS, NotationError, plain, squeezed
from crossthink_data.verify.parse import parse
from crossthink_data.verify.plain_number import plain_number, with_decimal_comma
from crossthink_data.verify.verdict import Verdict

_GROUPED = re.compile(r"\d,\d{3}(?!\d)")
_GROWING = frozenset({"+", "*", "^", "!"})

_SAME = Verdict("correct", "equal", "string")
_EQUAL_NUMBER = Verdict("correct", "equal", "number")
_OTHER_NUMBER = Verdict("wrong", "different", "number")


def compare_formula(gold: str, answer: str) -> Verdict | None:
    """The verdict on two texts, or None where only a computer algebra system could tell."""
    if gold == answer:
        return _SAME
    if max(len(gold), len(answer)) > MAX_CHARS:
        return Verdict("wrong" if len(gold) <= MAX_CHARS else "ungradable", "too_long", "string")
    one, other = plain(gold), plain(answer)
    if squeezed(one) == squeezed(other):
        return _SAME if one else Verdict("ungradable", "gold_empty", "string")
    if not other:
        return Verdict("wrong", "empty", "string")
    return _by_number(one, other) or _by_structure(one, other)


def _by_number(gold: str, answer: str) -> Verdict | None:
    """Two plain numbers, exactly; a fraction beside a decimal is left to the structure, which knows about rounding."""
    one = plain_number(gold)
    if one is None:
        return None
    other = plain_number(answer) or with_decimal_comma(answer)
    if other is None:
        return None
    if one.value == other.value:
        return _EQUAL_NUMBER
    return _OTHER_NUMBER if one.written == other.written else None


def _by_structure(gold: str, answer: str) -> Verdict | None:
    try:
        expected = parse(gold)
    except NotationError as error:
        return None if error.reason == "unsupported" else Verdict("ungradable", f"gold_{error.reason}", "structure")
    try:
        given = parse(answer)
    except NotationError as error:
        if error.reason in ("too_long", "too_deep"):
            return Verdict("ungradable", error.reason, "structure")
        return None if error.reason == "unsupported" else Verdict("wrong", error.reason, "structure")
    return _by_trees(expected, given) if not _GROUPED.search(gold + " " + answer) else _by_readings(gold, answer)


def _by_trees(gold: Expr, answer: Expr) -> Verdict | None:
    try:
        equal = structure.same(gold, answer)
    except TooLargeError:
        return Verdict("wrong" if _outgrows(gold, answer) else "ungradable", "too_large", "structure")
    except NoValueError:
        return None
    except RecursionError:
        return Verdict("ungradable", "too_deep", "structure")
    return Verdict("correct", "equal", "structure") if equal else Verdict("wrong", "different", "structure")


def _by_readings(gold: str, answer: str) -> Verdict | None:
    """Where `1,234` could be one number or two: either reading, but the second only in the order written."""
    verdict = _by_trees(parse(gold), parse(answer))
    if verdict is None or verdict.correct:
        return verdict
    try:
        expected, given = parse(gold, grouped=False), parse(answer, grouped=False)
    except NotationError:
        return verdict  # it can be read in one way only
    if not _GROUPED.search(gold):
        return _by_trees(expected, given) or verdict
    as_listed = _in_order(expected), _in_order(given)
    if as_listed[0] is None or as_listed[1] is None:
        return verdict
    return _by_trees(as_listed[0], as_listed[1]) or verdict


def _in_order(expr: Expr) -> Expr | None:
    return Apply("()", expr.args) if isinstance(expr, Apply) and expr.op == "list" else None


def _outgrows(gold: Expr, answer: Expr) -> bool:
    """Whether the answer must be larger than a gold of an ordinary size.

    It is where it is made of whole numbers >= 1 by operations that never make them smaller: then a part that is too
    large makes the whole too large.
    """
    growing = all(
        (isinstance(node, Number) and node.value >= 1 and node.value.denominator == 1)
        or (isinstance(node, Apply) and node.op in _GROWING)
        for node in walk(answer)
    )
    try:
        return growing and evaluate(gold, {}) is not None
    except EvaluationError:
        return False
