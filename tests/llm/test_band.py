"""The curtailed test decides as all samples would, and never asks one in vain."""

from __future__ import annotations

import itertools

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.band import Band, parse_band, still_needed

BANDS = [Band(0.1, 0.9), Band(0, 0), Band(1, 1), Band(0.25, 0.75), Band(0.4, 0.6), Band(0.45, 0.49), Band(0, 0.5)]


def stop(band: Band, outcomes: tuple[bool, ...]) -> int:
    """How many of these samples are asked, in waves."""
    n, asked = len(outcomes), 0
    while wave := still_needed(band, n, sum(outcomes[:asked]), asked - sum(outcomes[:asked])):
        asked += wave
    return asked


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_it_decides_as_all_samples_would(band: Band, n: int) -> None:
    for outcomes in itertools.product([False, True], repeat=n):
        asked = stop(band, outcomes)
        assert band.holds(sum(outcomes[:asked]) / asked) == band.holds(sum(outcomes) / n), (outcomes, asked)


@pytest.mark.parametrize("band", [band for band in BANDS if band != Band(0.45, 0.49)])
@pytest.mark.parametrize("n", [2, 5, 8])
def test_no_sample_of_a_wave_could_have_been_left_out(band: Band, n: int) -> None:
    """Whatever the outcomes, before the last sample of each wave the two decisions were both open."""
    for right, wrong in itertools.product(range(n + 1), repeat=2):
        if right + wrong > n or not (wave := still_needed(band, n, right, wrong)):
            continue
        for more in range(wave):
            for good in range(more + 1):
                known = (right + good, wrong + more - good)
                ends = {band.holds((known[0] + rest) / n) for rest in range(n - sum(known) + 1)}
                assert ends == {True, False}, (right, wrong, wave, known)


@pytest.mark.parametrize(
    ("outcomes", "asked"),
    [("10000000", 2), ("00000000", 8), ("11111110", 8), ("01111111", 2), ("00000001", 8)],
)
def test_a_band_without_the_ends_is_decided_by_one_of_each(outcomes: str, asked: int) -> None:
    assert stop(Band(0.1, 0.9), tuple(one == "1" for one in outcomes)) == asked


def test_the_papers_filter_stops_at_the_first_right_answer() -> None:
    assert stop(Band(0, 0), (False, True, False, False)) == 2


@pytest.mark.parametrize("text", ["", "a-b", "0.1-", "0.1:0.9", "nan-1"])
def test_what_is_no_band_is_refused(text: str) -> None:
    with pytest.raises(CrossthinkError, match="band"):
        parse_band(text)


@pytest.mark.parametrize("text", ["0.9-0.1", "0-1.5", "0.2-inf"])
def test_a_band_lies_inside_0_and_1(text: str) -> None:
    with pytest.raises(CrossthinkError, match="two rates from 0 to 1"):
        parse_band(text)


def test_one_number_is_a_band_of_one_rate() -> None:
    assert parse_band("0") == Band(0, 0)
