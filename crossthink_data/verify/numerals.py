"""Written numbers: grouped by thousands, decimal, repeating, mixed."""

from __future__ import annotations

from fractions import Fraction

from crossthink_data.verify.cursor import Cursor
from crossthink_data.verify.expr import Apply, Expr, Number
from crossthink_data.verify.latex import NotationError
from crossthink_data.verify.notation import SCALES

MAX_DIGITS = 4_000  # of one number: what Python turns into an integer without complaint


def number(cursor: Cursor) -> Expr:
    """The number here, with all that belongs to it."""
    digits = _digits(cursor)
    if len(digits) > MAX_DIGITS:
        raise NotationError("too_long")
    if _goes_on(cursor, digits):
        return _repeating_last(digits)
    if _repeats(cursor):
        return _repeating(cursor, digits)
    if scale := SCALES.get(cursor.token.text.strip(" ~")):
        cursor.next()  # `1.5 million`
        return Number(Fraction(digits) * scale)
    _, point, decimals = digits.partition(".")
    if point:
        return Number(Fraction(digits), len(decimals) if decimals.isdigit() else None)
    whole = Number(Fraction(digits))
    part = _part_of_mixed(cursor)
    return Apply("+", (whole, part)) if part else whole


def _digits(cursor: Cursor) -> str:
    digits, groups = cursor.next().text, 0
    while _is_group(cursor, digits, groups):
        cursor.take(",")
        digits += cursor.next().text
        groups += 1
    return digits


def _is_group(cursor: Cursor, digits: str, groups: int) -> bool:
    """Whether three digits follow, behind a comma or a space, that belong to these."""
    comma, following = cursor.token, cursor.ahead()
    if "." in digits or "e" in digits.lower() or (len(digits) > 3 and not groups):
        return False
    if comma.kind == "number":  # `60 000`
        return comma.spaced and len(comma.text) == 3 and comma.text.isdigit()
    if not cursor.is_sign(",") or comma.spaced or following.kind != "number" or following.spaced:
        return False
    whole = following.text.partition(".")[0]
    if len(whole) != 3:
        return False
    return whole.startswith("0") if cursor.brackets else cursor.grouped  # `(1,234)` is a pair, `(1,000)` is not


def _goes_on(cursor: Cursor, digits: str) -> bool:
    """Whether dots follow a decimal that ends in the same digit twice or more; moves past them."""
    dots = 3 if all(cursor.ahead(count).text == "." for count in range(3)) else int(cursor.token.text == r"\dots")
    if not dots or "." not in digits[:-2] or digits[-1] != digits[-2]:
        return False
    for _ in range(dots):
        cursor.next()
    return True


def _repeating_last(digits: str) -> Expr:
    """`0.333...`, exactly."""
    decimals = len(digits.partition(".")[2])
    return Number(Fraction(digits) + Fraction(int(digits[-1]), 9) / 10**decimals)


def _repeats(cursor: Cursor) -> bool:
    if cursor.token.text == r"\overline":
        return cursor.ahead().text == "{" and cursor.ahead(2).kind == "number"
    return cursor.is_sign(".") and cursor.ahead().text == r"\overline"


def _repeating(cursor: Cursor, digits: str) -> Expr:
    """`0.1\\overline{6}`, exactly."""
    cursor.take(".")
    cursor.expect(r"\overline")
    cursor.expect("{")
    period = cursor.next()
    cursor.expect("}")
    if period.kind != "number" or not period.text.isdigit():
        raise NotationError("unreadable")
    decimals = len(digits.partition(".")[2])
    tail = Fraction(int(period.text), 10 ** len(period.text) - 1) / 10**decimals
    return Number(Fraction(digits) + tail)


def _part_of_mixed(cursor: Cursor) -> Expr | None:
    """The fraction of `1\\frac{2}{3}`, `1\\frac23` or `1 2/3`, where one of whole numbers is here."""
    texts = [cursor.ahead(count).text for count in range(7)]
    if cursor.token.kind == "number" and cursor.token.spaced and texts[1] == "/" and texts[2].isdigit():
        return _quotient(cursor, texts[0], texts[2], tokens=3)
    if texts[0] != r"\frac":
        return None
    if texts[1] == texts[4] == "{" and texts[3] == texts[6] == "}":
        return _quotient(cursor, texts[2], texts[5], tokens=7)
    return _quotient(cursor, texts[1][:1], texts[1][1:], tokens=2) if len(texts[1]) == 2 else None


def _quotient(cursor: Cursor, above: str, below: str, tokens: int) -> Expr | None:
    if not (above.isdigit() and below.isdigit()) or max(len(above), len(below)) > MAX_DIGITS:
        return None
    for _ in range(tokens):
        cursor.next()
    return Apply("/", (Number(Fraction(above)), Number(Fraction(below))))
