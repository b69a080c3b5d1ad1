"""From which agreement on an ensemble's answer becomes a label, per domain, learned on rows whose gold is known.

The rule. The levels of agreement are those above one half that the ensemble can reach: of 8 members 5/8, 6/8, 7/8 and
1. At each, `right` of the `kept` validation rows that reach it are right. The lowest level at which a lower bound on
precision meets the target is the domain's threshold; where none does, the domain adopts nothing. The bound is the
smaller of two, each exact, one-sided, and at confidence 1 - alpha / levels:

- `precision_bound` (Clopper-Pearson): the precision of all rows of this kind that reach the level;
- `predicted_right` (Fisher's exact test turned round): how many of just those unlabelled rows that would be adopted
  are right. What is adopted is a finite set, whose precision fluctuates too: with 1000 validation rows at a target of
  0.9, the first bound alone lets 20 adopted rows fall short in up to 16 % of runs where alpha says 5 %.

alpha is shared among the levels (Bonferroni) because the lowest of several is picked. A fixed sequence from the highest
downwards needs no share for the first bound, but it needs to know which level is the first to fall short, and in a
finite set that is chance; and it would stop at once where few rows are unanimous.

What holds. In each round and each domain, with probability 1 - alpha or more: nothing is adopted, or the share of right
ones among all that is adopted meets the target. For all of D domains it is 1 - D alpha, over R rounds 1 - R D alpha.

What it takes. A domain's validation rows and unlabelled rows are of one population, and the ensemble has learned from
neither. A first round can be so, and a later one whose ensemble is not trained on what the round before adopted. One
that is repeats its own labels there, right or wrong, more readily than it agrees on validation rows; then nothing is
proven. It comes nearest where the validation rows that reached the threshold are trained on with the rest, with the
ensemble's answers and never with their golds.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.agreement import Judged

Floats = npt.NDArray[np.float64]

_HALVINGS = 50  # of the interval from 0 to 1: to 1e-15
_MOST_ROWS = 10**9  # that `rows_needed` looks at


@dataclass(frozen=True, slots=True)
class Threshold:
    """A domain's threshold; where there is none, the level that came nearest, and the reason."""

    domain: str
    confidence: float | None  # the least agreement with which a row is adopted; None: none is
    precision: float  # lower bound, at that level
    kept: int  # validation rows that reach it
    right: int  # of them
    reason: str | None = None


def learn_thresholds(
    validation: Sequence[Judged], unlabelled: Sequence[Judged], target: float, alpha: float
) -> dict[str, Threshold]:
    """The threshold of each domain that has rows, validation rows or unlabelled ones, in order of its name.

    Raises CrossthinkError for a target or an alpha that is no share, validation rows without a verdict, and rows that
    differ in how many members were asked.
    """
    rows = [*validation, *unlabelled]
    _check(validation, rows, target, alpha)
    return {
        domain: _learn(domain, _of(domain, validation), _of(domain, unlabelled), target, alpha)
        for domain in sorted({row.domain for row in rows})
    }


def precision_bound(right: int, kept: int, alpha: float) -> float:
    """The lower bound of Clopper and Pearson on the chance to be right, when `right` of `kept` were.

    >>> round(precision_bound(59, 59, 0.05), 4), round(precision_bound(9, 10, 0.05), 4)
    (0.9505, 0.6058)
    """
    if right in (0, kept):
        return alpha ** (1 / kept) if right else 0.0
    low, high = 0.0, 1.0
    places = np.arange(right, kept, dtype=np.float64)
    first, ratios = _log_choose(kept, right), np.log((kept - places) / (places + 1))
    for _ in range(_HALVINGS):
        p = (low + high) / 2
        yes, no = math.log(p), math.log1p(-p)
        as_many = _sum(first + right * yes + (kept - right) * no, ratios + yes - no)
        low, high = (p, high) if as_many <= alpha else (low, p)
    return low


def predicted_right(right: int, kept: int, waiting: int, alpha: float) -> int:
    """How many of `waiting` further rows are right at least, when `right` of `kept` were.

    Of S right ones among all rows, how many are validation rows is hypergeometric. That only y of those waiting are
    right is ruled out where, of S = right + y, it has a chance of alpha at most that `right` or more are validation
    rows.

    >>> predicted_right(19, 19, 1, 0.06), predicted_right(60, 60, 100, 0.05), predicted_right(60, 60, 100_000, 0.05)
    (1, 94, 95129)
    """

    def chance(y: int) -> float:
        total = right + y
        places = np.arange(right, min(kept, total), dtype=np.float64)
        ratios = (kept - places) * (total - places) / ((places + 1) * (waiting - total + places + 1))
        first = _log_choose(kept, right) + _log_choose(waiting, y) - _log_choose(kept + waiting, total)
        return _sum(first, np.log(ratios))

    return bisect_right(range(waiting), alpha, key=chance)


def rows_needed(waiting: int, target: float, alpha: float) -> int:
    """The fewest validation rows that would do were all of them right.

    >>> rows_needed(0, 0.9, 0.05), rows_needed(1000, 0.9, 0.05), rows_needed(10, 0.9, 0.05)
    (29, 29, 33)
    """
    return bisect_left(range(_MOST_ROWS), True, key=lambda rows: _bound(rows, rows, waiting, alpha) >= target)


def _learn(
    domain: str, validation: Sequence[Judged], unlabelled: Sequence[Judged], target: float, alpha: float
) -> Threshold:
    levels = _levels(validation[0].members if validation else unlabelled[0].members)
    share = alpha / len(levels)
    tried = [_at(level, domain, validation, unlabelled, share) for level in levels]
    met = next((one for one in tried if one.precision >= target), None)
    if met:
        return met
    best = max(tried, key=lambda one: one.precision)
    waiting = len(_reaching(levels[0], unlabelled))
    is_few = _bound(tried[0].kept, tried[0].kept, waiting, share) < target
    reason = _too_few(tried[0], waiting, target, share) if is_few else _too_low(best, target, share)
    return Threshold(domain, None, best.precision, best.kept, best.right, reason)


def _levels(members: int) -> list[float]:
    """The shares of more than half the members, the lowest first."""
    return [votes / members for votes in range(members // 2 + 1, members + 1)]


def _at(
    level: float, domain: str, validation: Sequence[Judged], unlabelled: Sequence[Judged], alpha: float
) -> Threshold:
    reach = _reaching(level, validation)
    right = sum(row.right is True for row in reach)
    bound = _bound(right, len(reach), len(_reaching(level, unlabelled)), alpha)
    return Threshold(domain, level, bound, len(reach), right)


def _bound(right: int, kept: int, waiting: int, alpha: float) -> float:
    population = precision_bound(right, kept, alpha)
    return min(population, predicted_right(right, kept, waiting, alpha) / waiting) if waiting else population


def _too_few(lowest: Threshold, waiting: int, target: float, alpha: float) -> str:
    return (
        f"{lowest.kept} validation rows reach an agreement of {lowest.confidence:.3g}, the lowest looked at; it takes "
        f"{rows_needed(waiting, target, alpha)}, all of them right, to show a precision of {target} at confidence "
        f"{1 - alpha:.4g}: label more rows of this domain, or ask for less"
    )


def _too_low(best: Threshold, target: float, alpha: float) -> str:
    return (
        f"no agreement shows a precision of {target} at confidence {1 - alpha:.4g}; {best.confidence:.3g} comes "
        f"nearest: {best.right} of {best.kept} validation rows are right, which shows {best.precision:.3g}: use a "
        "better ensemble, label more rows of this domain, or ask for less"
    )


def _of(domain: str, rows: Sequence[Judged]) -> list[Judged]:
    return [row for row in rows if row.domain == domain]


def _reaching(level: float, rows: Sequence[Judged]) -> list[Judged]:
    return [row for row in rows if row.agreement >= level]


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _sum(log_first: float, log_ratios: Floats) -> float:
    """The sum of terms of which the first is given, and of each further one its ratio to the one before."""
    return float(np.exp(log_first + np.concatenate([[0.0], np.cumsum(log_ratios)])).sum())


def _check(validation: Sequence[Judged], rows: Sequence[Judged], target: float, alpha: float) -> None:
    for name, value in {"target": target, "alpha": alpha}.items():
        if not 0 < value < 1:
            raise CrossthinkError(f"{name} is {value}; it is a share between 0 and 1, as 0.95 and 0.05 are")
    if unjudged := [row.id for row in validation if row.right is None]:
        raise CrossthinkError(
            f"{len(unjudged)} validation rows have no verdict, {unjudged[0]!r} first: thresholds are learned on rows "
            "with a gold, so leave out those without one"
        )
    members = sorted({row.members for row in rows})
    if len(members) > 1 or members == [0]:
        raise CrossthinkError(
            f"rows were asked of {' or '.join(map(str, members))} members; agreement is comparable only where all rows "
            "are asked of the same: count a member without an answer as None"
        )
