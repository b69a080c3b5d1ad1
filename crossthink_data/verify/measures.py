"""The unit behind a value, as one string; `units` knows what it means."""

from __future__ import annotations

from crossthink_data.verify.cursor import Cursor
from crossthink_data.verify.notation import CONSTANTS, FUNCTIONS
from crossthink_data.verify.units import known


def unit(cursor: Cursor, counted: bool) -> str:
    """The unit here, or where the value is a number what is `counted` (`5 apples`); empty where none follows."""
    pieces: list[str] = []
    while piece := _piece(cursor, counted, first=not pieces):
        pieces.append(piece)
    return " ".join(pieces)


def is_degree(cursor: Cursor) -> bool:
    """Whether the word `degrees` is here."""
    return cursor.token.kind in ("text", "letters") and known(cursor.token.text.strip(" .~\\")) == "°"


def _piece(cursor: Cursor, counted: bool, first: bool) -> str:
    kind, text, _ = cursor.token
    if kind in ("text", "letters") and not cursor.is_separator() and _is_word(cursor, counted, first):
        return cursor.next().text.strip(" .,~\\") or " "
    if text in ("%", r"\%", "$", r"\$") and kind != "text":
        return cursor.next().text.removeprefix("\\")
    if first:
        return ""
    if cursor.is_sign("^"):
        return _power(cursor)
    if text in ("/", r"\cdot") and cursor.ahead().kind == "text":
        cursor.next()
        return "/" if text == "/" else "*"
    return ""


def _is_word(cursor: Cursor, counted: bool, first: bool) -> bool:
    """Whether a text, or letters that are no product of variables, are here."""
    kind, text, _ = cursor.token
    if kind == "text":
        word = text.strip(" .,~\\")
        variable = len(word) == 1 and word.isalpha() and known(word) is None
        return not variable and not cursor.begins_function()
    bracketed = cursor.ahead().text in ("(", "{", "_")
    if (text in FUNCTIONS and (bracketed or not known(text))) or text in CONSTANTS or len(text) < 2:
        return False
    return known(text) is not None or (counted and (not first or len(text) > 3))


def _power(cursor: Cursor) -> str:
    """`^2` or `^{-1}`; empty, with nothing taken, where something else is raised."""
    texts = [cursor.ahead(count).text for count in range(5)]
    if texts[1].isdigit():
        taken, power = 2, texts[1]
    elif texts[1] == "{" and texts[2].isdigit() and texts[3] == "}":
        taken, power = 4, texts[2]
    elif texts[1:3] == ["{", "-"] and texts[3].isdigit() and texts[4] == "}":
        taken, power = 5, "-" + texts[3]
    else:
        return ""
    for _ in range(taken):
        cursor.next()
    return "^" + power
