from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.blend import (
    Draw,
    Int64,
    RefusedBlendError,
    apportion,
    blend_weights,
    draw,
    without_repeats,
)
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import UInt64, mix, salt
from crossthink_data.recipe import Blend, load_recipe
from crossthink_data.sources.base import Source

PAPER = load_recipe("paper")
KINDS = {  # of the paper's table
    "mmlu": ("gpr", "mcq"),
    "syn_qa": ("gpr", "mcq"),
    "natural_reasoning": ("gpr", "open"),
    "numinamath": ("mr", "open"),
    "persona_math": ("mr", "open"),
    "math_level3to5": ("mr", "open"),
}
# Weights of the paper's blends by its row counts; the four mixed ones with exact 2/3 to 1/3.
TABLE = {
    "nd": (0.1696, 0.3278, 0.1699, 0.1484, 0.1699, 0.0145),
    "mr_up": (0.0847, 0.1637, 0.0849, 0.2973, 0.3404, 0.0290),
    "gpr_up": (0.1695, 0.3275, 0.1697, 0.1487, 0.1702, 0.0145),
    "mcq_up": (0.2273, 0.4393, 0.1127, 0.0984, 0.1127, 0.0096),
    "open_up": (0.1137, 0.2197, 0.2253, 0.1968, 0.2253, 0.0192),
    "only_mr": (0, 0, 0, 0.4460, 0.5105, 0.0435),
    "only_gpr": (0.2542, 0.4912, 0.2546, 0, 0, 0),
}


def source(name: str, category: Any = "gpr", question_type: Any = "open") -> Source:
    return Source(name, category, question_type, "general", "mit", name, to_rows=pl.DataFrame.clone)


SOURCES = {name: source(name, *kinds) for name, kinds in KINDS.items()}
COUNTS = {name: entry.count for name, entry in PAPER.sources.items() if entry.count}


def weights(blend: str, recipe_blend: Blend | None = None) -> dict[str, float]:
    return blend_weights(blend, recipe_blend or PAPER.blends[blend], SOURCES, COUNTS)


@pytest.mark.parametrize("name", TABLE)
def test_the_papers_weights(name: str) -> None:
    found = weights(name)
    for key, expected in zip(KINDS, TABLE[name], strict=True):
        assert found.get(key, 0) == pytest.approx(expected, abs=0.00011)  # the table's last digit, rounded
    assert sum(found.values()) == pytest.approx(1)


def test_the_papers_rows() -> None:
    assert COUNTS == {
        **{"mmlu": 99_842, "syn_qa": 192_930, "natural_reasoning": 100_000},
        **{"numinamath": 87_350, "persona_math": 100_000, "math_level3to5": 8_523},
    }
    assert sum(COUNTS.values()) == 588_645
    assert PAPER.size == 650 * 128


def test_a_single_source_blend() -> None:
    assert weights("single_math") == {"math_level3to5": 1.0}


def test_the_score_blend_is_refused_and_says_what_is_missing_and_how_to_give_it() -> None:
    with pytest.raises(RefusedBlendError) as refusal:
        weights("score")
    text = str(refusal.value)
    for part in ("'score'", "persona_math, math_level3to5", "--set blends.score.scores.math_level3to5="):
        assert part in text
    assert "mmlu" not in text


def test_a_missing_score_is_named() -> None:
    with pytest.raises(RefusedBlendError, match=r"needs a score for y, which .*--set blends\.b\.scores\.y="):
        blend_weights("b", Blend(scores={"x": 1.0}), {"x": source("x"), "y": source("y")}, {})


def test_scores_are_weights_over_their_sum() -> None:
    known = {"mmlu": 34.78, "syn_qa": 45.65, "natural_reasoning": 44.82, "numinamath": 53.06}
    given_scores = Blend(scores={**known, "persona_math": 50.0, "math_level3to5": 0})
    found = weights("score", given_scores)
    assert found["numinamath"] == pytest.approx(53.06 / 228.31)
    assert "math_level3to5" not in found


def test_weights_that_are_given_are_taken() -> None:
    assert weights("w", Blend(weights={"mmlu": 0.25, "syn_qa": 0.75, "numinamath": 0})) == {
        "mmlu": 0.25,
        "syn_qa": 0.75,
    }


def test_a_share_of_nothing_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match=r"blend 'b': no source of the recipe is 'mr'"):
        blend_weights("b", Blend(shares={"mr": 1.0}), {"x": source("x")}, {"x": 1})


def test_a_missing_count_is_an_error_that_says_how_to_give_it() -> None:
    with pytest.raises(CrossthinkError, match=r"--set sources\.x\.count="):
        blend_weights("b", Blend(weights="count"), {"x": source("x")}, {})


def test_apportion_gives_the_largest_remainders() -> None:
    # 10 x (.46, .34, .2) = 4.6, 3.4, 2.0: one row left, for the first
    assert apportion(10, {"a": 0.46, "b": 0.34, "c": 0.2}) == {"a": 5, "b": 3, "c": 2}


def test_apportion_gives_ties_to_the_source_named_first() -> None:
    assert apportion(3, {"a": 0.5, "b": 0.5}) == {"a": 2, "b": 1}
    assert apportion(1, {"b": 0.5, "a": 0.5}) == {"b": 1, "a": 0}


parts = st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(lambda values: sum(values) > 1e-3)


@given(st.integers(0, 10_000_000), parts)
def test_apportion_sums_to_the_size_and_is_never_a_row_off(size: int, values: list[float]) -> None:
    shares = {str(i): value / sum(values) for i, value in enumerate(values)}
    rows = apportion(size, shares)
    assert sum(rows.values()) == size
    assert all(abs(rows[name] - size * share) < 1 + 1e-6 for name, share in shares.items())


def pool(*sizes: int) -> tuple[UInt64, dict[str, Int64]]:
    """Numbers of all rows, and the positions of each source's, dealt out in turn so that none is a block."""
    owner = mix(np.arange(sum(sizes), dtype=np.uint64), salt("owner")).argsort()
    ends = np.cumsum(sizes)
    members = {f"s{i}": np.sort(owner[end - size : end]) for i, (size, end) in enumerate(zip(sizes, ends, strict=True))}
    return mix(np.arange(sum(sizes), dtype=np.uint64), salt("number")), members


def test_rows_are_drawn_once_each_while_they_last() -> None:
    numbers, members = pool(100, 50)
    drawn = draw(1, "b", numbers, members, {"s0": 60, "s1": 50})
    assert len(set(drawn.rows)) == 110
    assert set(drawn.repeats) == {0}
    assert set(members["s1"]) < set(drawn.rows)


def test_an_exhausted_source_begins_again_from_its_start() -> None:
    numbers, members = pool(100, 50)
    drawn = draw(1, "b", numbers, members, {"s0": 10, "s1": 120})
    mine = np.isin(drawn.rows, members["s1"])
    counts = Counter(drawn.rows[mine].tolist())
    assert Counter(counts.values()) == {2: 30, 3: 20}  # 50 + 50 + 20
    assert Counter(drawn.repeats[mine].tolist()) == {0: 50, 1: 50, 2: 20}
    assert len(set(zip(drawn.rows.tolist(), drawn.repeats.tolist(), strict=True))) == 130


def test_the_rows_that_come_again_are_drawn_afresh() -> None:
    numbers, members = pool(1_000)
    first = set(draw(1, "b", numbers, members, {"s0": 500}).rows.tolist())
    drawn = draw(1, "b", numbers, members, {"s0": 1_500})
    again = set(drawn.rows[drawn.repeats == 1].tolist())
    assert len(again) == 500
    assert abs(len(first & again) - 250) < 6 * 7.9  # hypergeometric, standard deviation sqrt(500 x 1/4 x 500/999)


def test_a_source_without_rows_gives_none() -> None:
    numbers, members = pool(5, 0)
    drawn = draw(1, "b", numbers, members, {"s0": 3, "s1": 7})
    assert len(drawn.rows) == 3
    assert len(draw(1, "b", numbers[:0], {"s1": members["s1"]}, {"s1": 7}).rows) == 0


def chosen(drawn: Draw, numbers: UInt64) -> list[tuple[int, int]]:
    return list(zip(numbers[drawn.rows].tolist(), drawn.repeats.tolist(), strict=True))


def test_the_same_rows_in_the_same_order_wherever_they_lie_in_the_pool() -> None:
    numbers, members = pool(300, 200)
    wanted = {"s0": 100, "s1": 450}
    shuffle = np.random.default_rng(0).permutation(500)
    moved = {name: np.flatnonzero(np.isin(shuffle, rows)) for name, rows in members.items()}
    one = draw(1, "b", numbers, members, wanted)
    other = draw(1, "b", numbers[shuffle], moved, wanted)
    assert chosen(one, numbers) == chosen(other, numbers[shuffle])


def test_what_is_drawn_of_one_source_depends_on_no_other() -> None:
    numbers, members = pool(300, 200)
    alone = draw(1, "b", numbers, members, {"s0": 100})
    together = draw(1, "b", numbers, members, {"s1": 150, "s0": 100})
    assert [row for row in together.rows if row in set(members["s0"])] == alone.rows.tolist()


def test_a_larger_draw_holds_the_smaller_one() -> None:
    numbers, members = pool(300)
    small, large = (set(draw(1, "b", numbers, members, {"s0": n}).rows) for n in (100, 200))
    assert small < large


@pytest.mark.parametrize(("seed", "blend"), [(2, "b"), (1, "c")])
def test_seed_and_name_of_the_blend_change_rows_and_order(seed: int, blend: str) -> None:
    numbers, members = pool(2_000)
    one = draw(1, "b", numbers, members, {"s0": 1_000})
    other = draw(seed, blend, numbers, members, {"s0": 1_000})
    shared = len(set(one.rows) & set(other.rows))
    # Hypergeometric: half of one draw is in the other, standard deviation sqrt(n/2 x 1/2 x n/(2n - 1)) = 11.2.
    assert abs(shared - 500) < 6 * 11.2
    whole = [draw(s, b, numbers, members, {"s0": 2_000}).rows.tolist() for s, b in ((1, "b"), (seed, blend))]
    assert whole[0] != whole[1]


def test_any_thousand_rows_in_a_row_have_the_mix() -> None:
    """Every window of 1,000 of a blend with a large, a small, a repeated source and an odd one.

    By Hoeffding (which holds without replacement too) a window's count is off by t with a chance below
    2 exp(-2 t^2 / 1000): at t = 140 below 2e-17, for 19,001 windows of 4 sources below 1e-11 in all.
    """
    numbers, members = pool(50_000, 3_000, 900, 40_000)
    mixture = {"s0": 0.5, "s1": 0.1, "s2": 0.25, "s3": 0.15}
    drawn = draw(7, "b", numbers, members, apportion(20_000, mixture))
    for name, weight in mixture.items():
        mine = np.isin(drawn.rows, members[name])
        sums = np.concatenate([[0], np.cumsum(mine)])
        windows = sums[1_000:] - sums[:-1_000]
        assert len(windows) == 19_001
        assert np.abs(windows - 1_000 * weight).max() < 140, name


def test_repeats_are_spread_over_the_blend_like_the_rest() -> None:
    numbers, members = pool(1_000)
    drawn = draw(7, "b", numbers, members, {"s0": 10_000})
    first_half = drawn.repeats[:5_000]
    for repeat in range(10):  # 1,000 of each in all: hypergeometric, standard deviation sqrt(1000 x 1/4) = 15.8
        assert abs(int((first_half == repeat).sum()) - 500) < 6 * 15.8


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(0, 120), st.integers(0, 2**63), st.data())
def test_properties_of_any_draw(sizes: list[int], size: int, seed: int, data: st.DataObject) -> None:
    numbers, members = pool(*sizes)
    values = data.draw(st.lists(st.floats(0.01, 1), min_size=len(sizes), max_size=len(sizes)))
    wanted = apportion(size, {name: value / sum(values) for name, value in zip(members, values, strict=True)})
    drawn = draw(seed, "b", numbers, members, wanted)
    for name, have in members.items():
        mine = drawn.rows[np.isin(drawn.rows, have)]
        assert len(mine) == (wanted[name] if len(have) else 0)
        counts = [int((mine == row).sum()) for row in have]
        assert max(counts, default=0) - min(counts, default=0) <= 1  # nothing again before all were drawn
    assert len(set(zip(drawn.rows.tolist(), drawn.repeats.tolist(), strict=True))) == len(drawn.rows)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=5), st.integers(0, 500), st.data())
def test_the_most_rows_without_a_repeat(sizes: list[int], size: int, data: st.DataObject) -> None:
    numbers, members = pool(*sizes)
    values = data.draw(st.lists(st.integers(1, 20), min_size=len(sizes), max_size=len(sizes)))
    mixture = {name: value / sum(values) for name, value in zip(members, values, strict=True)}
    rows = without_repeats(size, mixture, {name: len(rows) for name, rows in members.items()})
    assert rows <= size
    drawn = draw(0, "b", numbers, members, apportion(rows, mixture))
    assert not drawn.repeats.any()


def test_no_more_than_the_tightest_source_gives() -> None:
    have = {"s0": 30, "s1": 10, "s2": 0}
    mixture = {"s0": 0.6, "s1": 0.3, "s2": 0.1}
    assert without_repeats(1_000, mixture, have) == 33  # 10 / 0.3; s2 has none to give
    assert without_repeats(20, mixture, have) == 20


def test_a_count_of_zero_gives_no_weight_and_all_zero_is_an_error() -> None:
    sources = {"x": source("x"), "y": source("y")}
    assert blend_weights("b", Blend(weights="count"), sources, {"x": 5, "y": 0}) == {"x": 1.0}
    with pytest.raises(CrossthinkError, match="every source of the recipe has the count 0"):
        blend_weights("b", Blend(weights="count"), sources, {"x": 0, "y": 0})
