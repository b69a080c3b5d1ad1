"""Numbers that a text decides, the same on every machine."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b


def hashed_fraction(text: str) -> Fraction:
    """A fraction between -8 and 8 that looks arbitrary."""
    number = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big")
    return Fraction(number % 15_991 - 7_995, 997 + number % 2)
