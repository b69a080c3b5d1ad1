import pytest

from crossthink_data.llm.latency_curve import LatencyCurve, Slice, monotone, percentile_95


def curve(*points: tuple[float, float]) -> LatencyCurve:
    made = LatencyCurve()
    for rate, p95 in points:
        made.add(rate, p95)
    return made


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], 3.0),
        ([float(n) for n in range(1, 21)], 19.0),  # 19 of 20 are 95 %
        ([float(n) for n in range(1, 20)], 19.0),  # 18 of 19 are less than 95 %
        ([float(n) for n in range(100, 0, -1)], 95.0),  # in any order
    ],
)
def test_percentile(values: list[float], expected: float) -> None:
    assert percentile_95(values) == expected


def test_monotone_pools_what_falls_by_weight() -> None:
    pooled = monotone([Slice(1, 1.0), Slice(2, 4.0, 3.0), Slice(3, 2.0, 1.0), Slice(4, 5.0)])
    assert [(one.rate, one.p95, one.weight) for one in pooled] == [(1, 1.0, 1), (2.25, 3.5, 4.0), (4, 5.0, 1)]


def test_monotone_pools_backwards_too() -> None:
    assert [one.p95 for one in monotone([Slice(1, 3.0), Slice(2, 4.0), Slice(3, 1.0)])] == [pytest.approx(8 / 3)]


def test_monotone_leaves_its_input_alone() -> None:
    given = [Slice(1, 2.0), Slice(2, 1.0)]
    monotone(given)
    assert given == [Slice(1, 2.0), Slice(2, 1.0)]


def test_crossing_lies_on_the_line_between_two_rates() -> None:
    assert curve((10, 1.0), (20, 3.0)).crossing(2.0) == pytest.approx(15)


def test_no_crossing_where_all_is_quick() -> None:
    assert curve((10, 1.0), (20, 3.0)).crossing(3.5) is None
    assert LatencyCurve().crossing(1.0) is None


def test_crossing_below_all_that_was_seen_is_in_proportion() -> None:
    assert curve((10, 4.0)).crossing(1.0) == pytest.approx(2.5)


def test_rates_within_a_tenth_are_one_slice() -> None:
    made = curve((100, 1.0), (101, 2.0))
    (only,) = made.slices.values()
    assert only.p95 == pytest.approx((0.9 + 2.0) / 1.9)  # the older weighs 0.9


def test_an_endpoint_that_grew_slower_is_not_averaged_with_its_past() -> None:
    made = curve((10, 1.0), (20, 1.0), (40, 1.0))
    assert made.crossing(2.0) is None
    for _ in range(3):
        made.add(20, 4.0)
    crossing = made.crossing(2.0)
    assert crossing is not None
    assert 10 < crossing < 20


def test_an_endpoint_that_grew_quicker_loses_its_crossing() -> None:
    made = curve((10, 1.0), (20, 4.0))
    for _ in range(3):
        made.add(30, 1.0)
    assert made.crossing(2.0) is None


def test_an_interval_without_admissions_says_nothing() -> None:
    assert curve((0.0, 5.0)).slices == {}
