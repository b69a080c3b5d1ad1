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
    "¥": "¥ yen jpy",
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
    "C": "C coulomb coulombs",
    "F": "F farad farads",
    "M": "M molar",
    "°C": "°C celsius",
    "°F": "°F fahrenheit",
}
_PREFIXES = {"n": "nano", "μ": "micro", "m": "milli", "c": "centi", "k": "kilo", "M": "mega", "G": "giga", "T": "tera"}
_SCALED = {"m": "meter", "g": "gram", "s": "second", "W": "watt", "V": "volt", "A": "ampere", "J": "joule",
           "N": "newton", "Pa": "pascal", "Hz": "hertz", "eV": "electronvolt", "L": "liter", "mol": "mole"}  # fmt: skip
_CANONICAL = {
    **{prefix + symbol: prefix + symbol for prefix in _PREFIXES for symbol in _SCALED},
    **{f"{long}{word}{s}": short + symbol
       for short, long in _PREFIXES.items() for symbol, word in _SCALED.items() for s in ("", "s")},
    **{spelling: unit for unit, spellings in _NAMES.items() for spelling in spellings.split()},
}  # fmt: skip
_DEGREES = re.compile(r"(?:°|degrees?)\s*(?:([CF])\b|(?i:(c)elsius|(f)ahrenheit))")
_WORDS = re.compile(r"(?=[ ,(]*[A-Za-z°Ω€£¥$¢%μ])[A-Za-z°Ω€£¥$¢%μ .,'/*^()-]*(?:\^ ?-?\d+[A-Za-z .,/*()-]*)*")
_SAYING = frozenset(
    {"or", "not", "no", "is", "are", "was", "and", "but", "if", "unless", "when", "where", "to", "more", "less", "than"}
    | {
        "plus",
        "minus",
        "times",
        "squared",
        "cubed",
        "factorial",
        "incorrect",
        "wrong",
        "false",
        "about",
        "over",
        "under",
    }
)
_PIECE = re.compile(r"[A-Za-z$¢€£%°Ωμ]+(?:\.m)?|[*/]|\^ ?(?:-?\d|\{-?\d\})")
_REST = re.compile(r"[\s.,()~·-]|\\[,;: ]|\\(?=\s|$)")
_BEFORE = {"square": 2, "sq": 2, "cubic": 3}
_AFTER = {"squared": 2, "cubed": 3}
_COMPOUND = {"mph": {"mi": 1, "h": -1}, "kph": {"km": 1, "h": -1}}
Canonical = tuple[tuple[str, int], ...]
MAX_UNIT = 60  # characters; nothing longer is a unit


def known(word: str) -> str | None:
    """The unit's one name for a spelling of it, or None.

    >>> known("centimetres"), known("Meters"), known("apples")
    ('cm', 'm', None)
    """
    return _CANONICAL.get(word) or (_CANONICAL.get(word.lower()) if len(word) > 1 else None)


def canonical(unit: str) -> Canonical | None:
    """A unit as written as its parts and their powers; None where any part is not a unit.

    >>> canonical("meters per second") == canonical("m/s") == canonical(r"m\\,s^{-1}"), canonical("red balls")
    (True, None)
    """
    if len(unit) > MAX_UNIT:
        return None
    unit = _DEGREES.sub(lambda found: "°" + (found[1] or found[2] or found[3]).upper(), unit)
    if _REST.sub("", _PIECE.sub("", unit)):
        return None
    powers: dict[str, int] = {}
    sign, before, last = 1, 1, ""
    for piece in _PIECE.findall(unit):
        number = piece.lstrip("^").replace("{", "").replace("}", "")
        if piece in ("/", "per"):
            sign = -1
        elif piece in _BEFORE:
            before = _BEFORE[piece]
        elif piece in _AFTER and last:
            powers[last] *= _AFTER[piece]
        elif piece[0] == "^" and last:
            powers[last] *= int(number)
        elif (name := known(piece)) is not None:
            for part, power in _COMPOUND.get(name, {name: 1}).items():
                powers[part] = powers.get(part, 0) + sign * power * before
            last, before = name, 1
        elif piece != "*":
            return None
    return tuple(sorted(powers.items())) or None


def is_plain(unit: str) -> bool:
    """Whether words behind a value only say of what it is so many.

    >>> is_plain("red balls"), is_plain("m/s^2"), is_plain("or 6"), is_plain("squared"), is_plain("meters squared")
    (True, True, False, False, True)
    """
    if len(unit) > MAX_UNIT or canonical(unit) is not None:
        return len(unit) <= MAX_UNIT
    return _WORDS.fullmatch(unit) is not None and not _SAYING & {word.lower() for word in re.findall("[A-Za-z]+", unit)}


def share_a_word(one: str, other: str) -> bool:
    """Whether two units have a word, or its singular, in common, or are one unit.

    >>> share_a_word("red marbles", "marble"), share_a_word("boys", "girls"), share_a_word("cm", "centimeters")
    (True, False, True)
    """
    if canonical(one) is not None and canonical(one) == canonical(other):
        return True
    first, second = ({word.lower().rstrip("s") for word in re.findall("[A-Za-z]+", unit)} for unit in (one, other))
    return bool(first & second)


def agree(one: str | None, other: str | None) -> bool:
    """Whether two units may stand for one another: not both known and different.

    >>> agree("cm", "centimeters"), agree("cm", "m"), agree("miles", "miles in all"), agree("cm", "large m")
    (True, False, True, False)
    """
    if one is None or other is None or one == other:
        return True
    first, second = canonical(one), canonical(other)
    if first is not None and second is not None:
        return first == second
    if first is None and second is None:
        return True
    known_unit, words = (first, other) if first is not None else (second, one)
    named = {name for word in words.split() if (name := known(word))}
    return not named or any(((name, 1),) == known_unit for name in named)
