"""A band of pass rates, and when enough samples of a row are known to say whether it lies in it.

The rule is curtailment: a row is asked no more once no further sample can change what all `n` of them would say. So
it decides as the full `n` would, always, and saves what the rest would have cost. The rate of the samples that were
taken lies on the same side of the band as the full rate; apart from that it is not an estimate of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from crossthink_data.errors import CrossthinkError

ROUNDING = 1e-9  # 0.1 * 30 is a little more than 3


@dataclass(frozen=True)
class Band:
    """Pass rates from `low` to `high`, both included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Raises CrossthinkError for what is no band of rates."""
        if not 0 <= self.low <= self.high <= 1:
            raise CrossthinkError(f"band {self.low}-{self.high}: two rates from 0 to 1, the lower one first")

    def holds(self, rate: float) -> bool:
        """Whether a rate lies in it."""
        return self.low - ROUNDING <= rate <= self.high + ROUNDING


def parse_band(text: str) -> Band:
    """A band from `LOW-HIGH`. Raises CrossthinkError for anything else.

    >>> parse_band("0.1-0.9")
    Band(low=0.1, high=0.9)
    """
    low, dash, high = text.partition("-")
    try:
        return Band(float(low), float(high if dash else low))
    except ValueError as error:
        raise CrossthinkError(f"band {text!r}: write it as LOW-HIGH, for example 0.1-0.9") from error


def still_needed(band: Band, n: int, right: int, wrong: int) -> int:
    """The fewest further samples that can decide whether the rate of all n lies in the band; 0 when it is decided.

    A sample that cannot be graded counts neither way, and leaves fewer that do: give `n` less those.
    """
    least, most = ceil(band.low * n - ROUNDING), floor(band.high * n + ROUNDING)  # right ones of n, inside the band
    left = n - right - wrong
    if least > most:  # no rate of n lies in it: that of fewer might
        return left
    inside = max(least - right, 0) + max(n - most - wrong, 0)
    below = n - least + 1 - wrong if least > 0 else n
    above = most + 1 - right if most < n else n
    return max(0, min(inside, below, above, left))
