from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.verify.dates import Date, date_of

READ = [
    ("july 4 1776", Date(1776, 7, 4)),
    ("4th of july 1776", Date(1776, 7, 4)),
    ("4 july 1776", Date(1776, 7, 4)),
    ("jul 4 1776", Date(1776, 7, 4)),
    ("july 04 1776", Date(1776, 7, 4)),
    ("july 4th 1776", Date(1776, 7, 4)),
    ("1776-07-04", Date(1776, 7, 4)),
    ("1776/7/4", Date(1776, 7, 4)),
    ("on july 4 1776", Date(1776, 7, 4)),
    ("may 5 2017", Date(2017, 5, 5)),  # a month of three letters
    ("sept 1 1939", Date(1939, 9, 1)),
    ("february 29 2000", Date(2000, 2, 29)),
    ("july 1776", Date(1776, 7)),
    ("july of 1776", Date(1776, 7)),
    ("in july 1776", Date(1776, 7)),
    ("1776-07", Date(1776, 7)),
    ("july 4", Date(None, 7, 4)),  # of no year
    ("4th of july", Date(None, 7, 4)),
    ("13/07/1776", Date(1776, 7, 13)),  # one order
    ("07-13-1776", Date(1776, 7, 13)),
    ("4.4.1776", Date(1776, 4, 4)),  # both orders say the same
    ("1776", Date(1776)),
    ("in 1776", Date(1776)),
    ("1776 ad", Date(1776)),
    ("79 ce", Date(79)),
    ("ad 79", Date(79)),
    ("44 bc", Date(-44)),
    ("44 bce", Date(-44)),
    ("march 15 44 bc", Date(-44, 3, 15)),
    ("15 march 44 bce", Date(-44, 3, 15)),
    ("march 44 bc", Date(-44, 3)),
]

NOT_READ = [
    "07/04/1776",  # two orders
    "2003-04",  # a season
    "1999-00",  # a season over a century's end
    "31 june 1776",
    "june 31",
    "february 30 2000",
    "0 may 1776",
    "may 0",
    "1776-13-04",
    "1776-00-04",
    "1776-13",
    "1776-00",
    "1776-07/04",
    "13/13/1776",
    "july 0000",
    "july 4 76",  # which century
    "79",  # a number
    "007",
    "07/04/76",
    "13/07.1776",  # two separators
    "1770s",
    "18th century",
    "thursday july 4 1776",
    "by mid-1988",
    "july 4 1776 or 1777",
    "july",
    "",
    "in",
    "bc",
    "٤ july ١٧٧٦",  # digits of another script
    "july 4 1776 ",
]


@pytest.mark.parametrize(("text", "date"), READ, ids=[text for text, _ in READ])
def test_a_date_is_read(text: str, date: Date) -> None:
    assert date_of(text) == date


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_no_one_date_is_not_read(text: str) -> None:
    assert date_of(text) is None


@given(st.dates())
def test_every_writing_of_a_day_is_that_day(day: object) -> None:
    from datetime import date

    assert isinstance(day, date)
    if day.year < 1000:
        return
    month = day.strftime("%B").lower()
    writings = [day.isoformat(), f"{month} {day.day} {day.year}", f"{day.day} {month[:3]} {day.year}"]
    assert {date_of(text) for text in writings} == {Date(day.year, day.month, day.day)}


@given(st.text(alphabet="0123456789-/. abcdejlnouyth", max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    date_of(text)


@pytest.mark.parametrize(
    "text", ["1" * 1_000_000, "july " * 200_000, "1-" * 500_000], ids=["digits", "months", "dashes"]
)
def test_long_texts_cost_nothing(text: str) -> None:
    start = time.perf_counter()
    assert date_of(text) is None
    assert time.perf_counter() - start < 0.1
