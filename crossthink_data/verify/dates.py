"""Dates as they are written in answers, read to their parts where there is one way to read them.

| written                                                   | convention                                             |
|-----------------------------------------------------------|--------------------------------------------------------|
| July 4, 1776; 4th of July 1776; Jul 4 1776; 1776-07-04     | one date                                               |
| July 1776; 1776-07                                        | one month; 2003-04 may be a season: no date            |
| July 4; 4 July                                            | one day of no year, which is no day of a year          |
| 13/07/1776, 07-13-1776, 4.4.1776                          | read: only one order is possible, or both say the same |
| 07/04/1776                                                | two orders: no date, equal to itself alone             |
| 1776; 79 AD; AD 79; 79 CE                                 | a year; without an era it has three or four digits     |
| 44 BC; 44 BCE; 15 March 44 BC                             | years before the era, never those of it                |
| in 1776; on July 4                                        | the word before a date is dropped                      |
| 31 June; 0 May; July 4, 76; 1770s; Thursday, July 4, 1776 | no date                                                |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # of each month: 29 February needs no year to be possible
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august"]
_MONTHS += ["september", "october", "november", "december"]
_NUMBERS = {name: i for i, month in enumerate(_MONTHS, 1) for name in (month, month[:3])} | {"sept": 9}

_MONTH = f"(?P<month>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_DAY = "(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = "(?P<year>[1-9][0-9]{2,3}|[0-9]{1,2}(?= (?:bc|ad|ce)))(?: (?P<era>bce?|ad|ce))?"
_FORMS = [  # of bounded length each, so that a long text costs no more than a short one
    re.compile(f"(?:in |on )?{form}")
    for form in (
        f"{_MONTH} {_DAY}(?: {_YEAR})?",
        f"{_DAY} (?:of )?{_MONTH}(?: (?:of )?{_YEAR})?",
        f"{_MONTH} (?:of )?{_YEAR}",
        f"{_YEAR}",
        "(?P<era>ad|bc) (?P<year>[0-9]{1,4})",
        "(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\\2(?P<day>[0-9]{1,2})",
    )
]
_DIGIT = re.compile("[0-9]")
_YEAR_MONTH = re.compile("(?:in )?(?P<year>[0-9]{4})-(?P<month>[0-9]{2})")
_PARTS = re.compile("(?:on )?([0-9]{1,2})([-/.])([0-9]{1,2})\\2([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Date:
    """A year (negative before the era), a month of one, a day of that, or a month's day; None where not said."""

    year: int | None
    month: int | None = None
    day: int | None = None


def date_of(text: str) -> Date | None:
    """The date that a normalised text is (lower case, no commas or articles), or None."""
    if not _DIGIT.search(text):
        return None
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _date(**match.groupdict())
    if match := _YEAR_MONTH.fullmatch(text):
        return None if _is_season(match["year"], match["month"]) else _date(match["year"], match["month"])
    if match := _PARTS.fullmatch(text):
        return _either_order(match[1], match[3], match[4])
    return None


def _date(
    year: str | None = None, month: str | None = None, day: str | None = None, era: str | None = None
) -> Date | None:
    """The date of these parts, or None where there is no such day."""
    month_number = None if month is None else _NUMBERS.get(month) or int(month)
    if month_number is not None and not 1 <= month_number <= 12:
        return None
    if day is not None and not (month_number and 1 <= int(day) <= _DAYS[month_number - 1]):
        return None
    if year is not None and int(year) == 0:
        return None
    before = era in ("bc", "bce")
    return Date(
        None if year is None else -int(year) if before else int(year),
        month_number,
        None if day is None else int(day),
    )


def _is_season(year: str, month: str) -> bool:
    """Whether the last part may be the following year's two digits."""
    return (int(year) + 1) % 100 == int(month)


def _either_order(first: str, second: str, year: str) -> Date | None:
    """The date that is both day-month and month-day, or possible as one of them only."""
    readings = {date for date in (_date(year, first, second), _date(year, second, first)) if date}
    return readings.pop() if len(readings) == 1 else None
