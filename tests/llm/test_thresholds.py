from __future__ import annotations

import math
from math import comb

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.agreement import Judged
from crossthink_data.llm.thresholds import learn_thresholds, precision_bound, predicted_right, rows_needed


def rows(agreement: float, right: int, wrong: int = 0, domain: str = "math", members: int = 4) -> list[Judged]:
    """Validation rows of one agreement."""
    verdicts = [True] * right + [False] * wrong
    return [Judged(f"{agreement}-{i}", domain, "7", agreement, members, one) for i, one in enumerate(verdicts)]


def waiting(agreement: float, count: int, domain: str = "math", members: int = 4) -> list[Judged]:
    """Unlabelled rows of one agreement."""
    return [Judged(f"u{agreement}-{i}", domain, "7", agreement, members) for i in range(count)]


# ---- the two bounds


@pytest.mark.parametrize(("kept", "alpha"), [(1, 0.05), (29, 0.05), (59, 0.05), (500, 0.01), (40_000, 0.001)])
def test_where_all_are_right_the_bound_is_a_root_of_alpha(kept: int, alpha: float) -> None:
    assert precision_bound(kept, kept, alpha) == pytest.approx(alpha ** (1 / kept), rel=1e-12)


@pytest.mark.parametrize(
    ("right", "kept", "alpha", "bound"),
    [
        (1, 10, 0.025, 0.0025),  # tables of the two-sided 95 % interval, where alpha is 0.025 a side
        (5, 10, 0.025, 0.1871),
        (9, 10, 0.025, 0.5550),
        (15, 20, 0.025, 0.5090),
        (90, 100, 0.025, 0.8238),
        (1, 2, 0.19, 0.1),  # 1 - (1 - p)^2 = 0.19
        (0, 10, 0.05, 0.0),
        (0, 0, 0.05, 0.0),
    ],
)
def test_the_bound_is_that_of_the_tables(right: int, kept: int, alpha: float, bound: float) -> None:
    assert precision_bound(right, kept, alpha) == pytest.approx(bound, abs=5e-5)


@pytest.mark.parametrize(
    ("right", "kept", "rows_waiting", "alpha", "least"),
    [
        (19, 19, 1, 0.051, 1),  # the one wrong row of 20 is the waiting one with a chance of 1 in 20
        (19, 19, 1, 0.049, 0),
        (3, 3, 2, 0.41, 2),  # of 4 right ones among 5 rows, 3 are validation rows with a chance of 2/5
        (3, 3, 2, 0.39, 1),  # and of 3 with 1/10
        (3, 3, 2, 0.09, 0),
        (0, 5, 9, 0.05, 0),
        (0, 0, 9, 0.05, 0),
    ],
)
def test_the_prediction_is_that_worked_by_hand(
    right: int, kept: int, rows_waiting: int, alpha: float, least: int
) -> None:
    assert predicted_right(right, kept, rows_waiting, alpha) == least


def test_the_prediction_is_counted_out_in_whole_numbers() -> None:
    kept, right, many = 30, 27, 40

    def chance(y: int) -> float:
        total = right + y
        ways = sum(comb(kept, i) * comb(many, total - i) for i in range(right, min(kept, total) + 1))
        return ways / comb(kept + many, total)

    least = sum(chance(y) <= 0.05 for y in range(many))
    assert predicted_right(right, kept, many, 0.05) == least == 29


def test_many_waiting_rows_are_like_the_population() -> None:
    assert predicted_right(570, 600, 10**7, 0.01) / 10**7 == pytest.approx(precision_bound(570, 600, 0.01), abs=1e-4)


@pytest.mark.parametrize("many", [1, 30, 100])
def test_the_adopted_fall_short_as_rarely_as_is_said(many: int) -> None:
    """By counting every outcome, whatever the precision: 60 validation rows, target 0.9, alpha 0.05."""
    kept, target, alpha = 60, 0.9, 0.05
    enough = [right for right in range(kept + 1) if predicted_right(right, kept, many, alpha) / many >= target]
    short = range(math.ceil(target * many))
    for p in [i / 200 for i in range(200)]:
        adopts, falls_short = _chance(enough, kept, p), _chance(short, many, p)
        assert adopts * falls_short <= alpha


def test_without_the_prediction_they_would_fall_short_too_often() -> None:
    enough = [right for right in range(1001) if precision_bound(right, 1000, 0.05) >= 0.9]
    assert _chance(enough, 1000, 0.925) * _chance(range(18), 20, 0.925) == pytest.approx(0.16, abs=0.005)


def _chance(counts: list[int] | range, of: int, p: float) -> float:
    """That a binomial count is one of these."""
    return sum(comb(of, count) * p**count * (1 - p) ** (of - count) for count in counts)


def test_rows_needed_is_the_first_count_that_does() -> None:
    assert rows_needed(0, 0.9, 0.05) == 29  # 0.9^29 = 0.047, 0.9^28 = 0.052
    assert rows_needed(0, 0.99, 0.05) == 299
    assert rows_needed(5, 0.9, 0.051) == 94  # of five, five: 5 / (94 + 5) = 0.0505


# ---- the rule


def test_the_lowest_level_that_meets_the_target_is_taken() -> None:
    validation = rows(1.0, 100) + rows(3 / 4, 95, 5) + rows(1 / 2, 100)
    found = learn_thresholds(validation, waiting(1.0, 1000), target=0.9, alpha=0.1)["math"]
    assert (found.confidence, found.kept, found.right, found.reason) == (3 / 4, 200, 195, None)
    assert found.precision == min(precision_bound(195, 200, 0.05), predicted_right(195, 200, 1000, 0.05) / 1000)
    assert learn_thresholds(validation, [], target=0.95, alpha=0.1)["math"].confidence == 1.0


def test_alpha_is_shared_among_the_levels_above_one_half() -> None:
    validation = rows(1.0, 36, members=4)  # 0.9^36 is 0.0225, below 0.05 / 2 and above 0.05 / 3
    assert learn_thresholds(validation, [], 0.9, 0.05)["math"].confidence == 3 / 4
    of_five = learn_thresholds(rows(1.0, 36, members=5), [], 0.9, 0.05)["math"]
    assert (of_five.confidence, of_five.kept) == (None, 36)


def test_a_gap_at_the_highest_level_stops_nothing() -> None:
    assert learn_thresholds(rows(1.0, 1) + rows(3 / 4, 99), [], 0.9, 0.05)["math"].confidence == 3 / 4


def test_few_waiting_rows_ask_for_more_than_the_population_does() -> None:
    validation = rows(1.0, 99, 1, members=1)
    assert learn_thresholds(validation, [], 0.9, 0.05)["math"].confidence == 1.0
    assert learn_thresholds(validation, waiting(1.0, 5, members=1), 0.9, 0.05)["math"].confidence is None


def test_too_few_rows_adopt_nothing_and_it_is_said_how_many_would_do() -> None:
    found = learn_thresholds(rows(1.0, 12), waiting(1.0, 500), 0.9, 0.05)["math"]
    assert found.confidence is None
    assert found.reason is not None
    assert "12 validation rows reach an agreement of 0.75" in found.reason
    assert "it takes 36, all of them right, to show a precision of 0.9 at confidence 0.975" in found.reason


def test_a_precision_that_is_too_low_names_the_level_that_came_nearest() -> None:
    found = learn_thresholds(rows(1.0, 90, 10) + rows(3 / 4, 50, 50), waiting(1.0, 50), 0.95, 0.05)["math"]
    assert (found.confidence, found.kept, found.right) == (None, 100, 90)
    assert found.reason is not None
    assert "1 comes nearest: 90 of 100 validation rows are right" in found.reason


def test_each_domain_stands_alone() -> None:
    validation = rows(1.0, 100) + rows(1.0, 20, 80, domain="law")
    found = learn_thresholds(validation, waiting(1.0, 50, "history") + waiting(1.0, 50, "law"), 0.9, 0.05)
    assert {domain: one.confidence for domain, one in found.items()} == {"history": None, "law": None, "math": 3 / 4}
    assert found["history"].kept == 0
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("validation", "unlabelled", "target", "alpha", "message"),
    [
        (rows(1.0, 9), [], 1.0, 0.05, "target is 1.0"),
        (rows(1.0, 9), [], 0.9, 0.0, "alpha is 0.0"),
        (waiting(1.0, 9), [], 0.9, 0.05, "9 validation rows have no verdict, 'u1.0-0' first"),
        (rows(1.0, 9), waiting(1.0, 9, members=5), 0.9, 0.05, "asked of 4 or 5 members"),
        (rows(0.0, 9, members=0), [], 0.9, 0.05, "asked of 0 members"),
    ],
)
def test_what_cannot_be_learned_from_is_an_error(
    validation: list[Judged], unlabelled: list[Judged], target: float, alpha: float, message: str
) -> None:
    with pytest.raises(CrossthinkError, match=message):
        learn_thresholds(validation, unlabelled, target, alpha)


def test_no_rows_no_thresholds() -> None:
    assert learn_thresholds([], [], 0.9, 0.05) == {}
