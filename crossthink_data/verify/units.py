"""Units of measure by their one name, so that two that differ can be told from two spellings of one.

A word that is not here ("apples", "square units") is only a word: it never decides a verdict.
"""

from __future__ import annotations

import re

_NAMES = {
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "km": "km kilometer kilometers kilometre kilometres",
    "nm": "nm nanometer nanometers",
    "in": "in inch inches",
    "ft": "ft foot feet",
    "yd": "yd yard yards",
    "mi": "mi mile miles",
    "g": "g gram grams gm",
    "kg": "kg kilogram kilograms kgs",
    "mg": "mg milligram milligrams",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "t": "t ton tons tonne tonnes",
    "s": "s sec secs second seconds",
    "ms": "ms millisecond milliseconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years yr yrs",
    "L": "L l liter liters litre litres",
    "mL": "mL ml milliliter milliliters millilitre millilitres",
    "gal": "gal gallon gallons",
    "qt": "qt quart quarts",
    "cup": "cup cups",
    "$": "$ dollar dollars usd bucks",
    "¢": "¢ cent cents",
    "€": "€ euro euros eur",
    "£": "£ gbp",
    "%": "% percent pct",
    "°": "° degree degrees deg",
    "rad": "rad radian radians",
    "N": "N newton newtons",
    "kN": "kN kilonewton kilonewtons",
    "J": "J joule joules",
    "kJ": "kJ kilojoule kilojoules",
    "cal": "cal calorie calories",
    "kcal": "kcal kilocalorie kilocalories",
    "eV": "eV ev electronvolt electronvolts",
    "W": "W watt watts",
    "kW": "kW kilowatt kilowatts",
    "V": "V volt volts",
    "A": "A amp amps ampere amperes",
    "Hz": "Hz hz hertz",
    "kHz": "kHz kilohertz",
    "MHz": "MHz megahertz",
    "Pa": "Pa pascal pascals",
    "kPa": "kPa kilopascal kilopascals",
    "atm": "atm atmosphere atmospheres",
    "bar": "bar bars",
    "K": "K kelvin kelvins",
    "mol": "mol mole moles",
    "mph": "mph",
    "kph": "kph kmh",
    "a.m.": "am a.m",
    "p.m.": "pm p.m",
    "dB": "dB decibel decibels",
    "ohm": "ohm ohms Ω",
    "T": "T tesla teslas",
    "C": "coulomb coulombs",
}
_CANONICAL = {spelling: unit for unit, spellings in _NAMES.items() for spelling in spellings.split()}
_PIECE = re.compile(r"[A-Za-z$¢€£%°Ω]+|[\^*/]|-?\d+")
_POWERS = {"square": "2", "sq": "2", "cubic": "3"}
MAX_UNIT = 60  # characters; nothing longer is a unit


def known(word: str) -> str | None:
    """The unit's one name for a spelling of it, or None.

    >>> known("centimetres"), known("Meters"), known("apples")
    ('cm', 'm', None)
    """
    return _CANONICAL.get(word) or _CANONICAL.get(word.lower())


def canonical(unit: str) -> str | None:
    """A unit as written, with powers and divisions, in one spelling; None where any part is not a unit.

    >>> canonical("meters per second"), canonical("m/s"), canonical("square feet"), canonical("red balls")
    ('m / s', 'm / s', 'ft ^ 2', None)
    """
    if len(unit) > MAX_UNIT:
        return None
    pieces: list[str] = []
    power = ""
    for piece in _PIECE.findall(unit):
        if piece in _POWERS:
            power = _POWERS[piece]
            continue
        name = "/" if piece == "per" else piece if piece in "^*/" or piece.lstrip("-").isdigit() else known(piece)
        if name is None:
            return None
        pieces += [name, "^", power] if power else [name]
        power = ""
    return " ".join(pieces) if pieces else None


def agree(one: str | None, other: str | None) -> bool:
    """Whether two units may stand for one another: not both known and different."""
    if one is None or other is None or one == other:
        return True
    first, second = canonical(one), canonical(other)
    return first is None or second is None or first == second
