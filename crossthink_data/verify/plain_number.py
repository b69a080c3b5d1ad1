"""Numbers as most golds are: whole, decimal, grouped by thousands, or a fraction; read without a parser.

The declared rule for separators: `1,234` and `1,234.5` are grouped by commas, `1 234` by spaces, `1.234.567` and
`1.234,5` by points with a decimal comma; `1.234` is a decimal. A comma before one, two or more than three digits
(`1,5`) is a decimal comma only in an answer whose gold is a number; in a gold it separates two numbers.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from crossthink_data.verify.latex import KEPT

MAX_CHARS = 1_000

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?:"
    r"(?P<us>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<spaced>\d{1,3}(?: \d{3})+(?:[.,]\d+)?)"
    r"|(?P<european>\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})"
    r"|(?:\\frac\s*\{\s*(?P<above>-?\d+)\s*\}\s*\{\s*(?P<below>\d+)\s*\}|(?P<over>\d+)\s*/\s*(?P<under>\d+)))"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(?:\d{1,2}|\d{4,})|[+-]?\d{4,},\d+")


class PlainNumber(NamedTuple):
    """A number's exact value; `written`: by its digits, not as a fraction."""

    value: Fraction
    written: bool


def plain_number(text: str) -> PlainNumber | None:
    """The number that a plain text is, or None.

    >>> plain_number("10,080"), plain_number("-3/4")
    (PlainNumber(value=Fraction(10080, 1), written=True), PlainNumber(value=Fraction(-3, 4), written=False))
    """
    if len(text) > MAX_CHARS:
        return None
    return _kept_number(text) if len(text) <= KEPT else _number(text)


def _number(text: str) -> PlainNumber | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, us, spaced, european, above, below, over, under = match.groups()
    digits = us.replace(",", "") if us else spaced.replace(" ", "").replace(",", ".") if spaced else _english(european)
    if digits:
        value = Fraction(int(digits)) if digits.isdigit() else Fraction(digits)
        return PlainNumber(-value if sign == "-" else value, written=True)
    numerator, denominator = int(above or over), int(below or under)
    if denominator == 0:
        return None
    value = Fraction(numerator, denominator)
    return PlainNumber(-value if sign == "-" else value, written=False)


_kept_number = lru_cache(maxsize=8192)(_number)


def with_decimal_comma(text: str) -> PlainNumber | None:
    """The number that a text is whose comma stands for a decimal point, or None."""
    if len(text) > MAX_CHARS or _DECIMAL_COMMA.fullmatch(text) is None:
        return None
    return PlainNumber(Fraction(text.replace(",", ".")), written=True)


def _english(digits: str | None) -> str:
    return digits.replace(".", "").replace(",", ".") if digits else ""
