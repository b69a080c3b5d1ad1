from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import mix, salt
from crossthink_data.keys import with_ids
from crossthink_data.pool import (
    NOT_SAMPLED,
    SPLITS,
    TEST,
    TRAIN,
    VALIDATION,
    Keys,
    Pieces,
    Selection,
    Smallest,
    Split,
    SplitDraw,
    draw_split,
    select_pool,
    shard_count,
    split_size,
    splits_of,
)
from crossthink_data.templates import apply_template
from tests.support import rows_frame

SHARES = {VALIDATION: 0.1, TEST: 0.2}


def keys(*sizes: int, groups: int | None = None) -> Keys:
    """Keys of sources with so many rows; with `groups`, so many items in all have all the rows."""
    rows = sum(sizes)
    at = np.arange(rows, dtype=np.uint64)
    item = at if groups is None else at % np.uint64(groups)
    return pl.DataFrame(
        {
            "number": mix(at, salt("number")),
            "group_number": mix(item, salt("group")),
            "source": np.repeat(np.arange(len(sizes), dtype=np.uint16), sizes),
            "bucket": (at % np.uint64(3)).astype(np.uint32),
            "row": (at // np.uint64(3)).astype(np.uint32),
        }
    )


def pieces(frame: Keys) -> Pieces:
    """The keys as they come from disk: bucket after bucket."""

    def buckets() -> Iterator[Keys]:
        for bucket in range(3):
            yield frame.filter(bucket=bucket).sort("row")

    return buckets


def selected(
    frame: Keys, names: list[str], seed: int, sizes: Mapping[str, int], shares: Mapping[str, float]
) -> tuple[Selection, Split]:
    """What is selected, and the split of each row."""
    selection = select_pool(pieces(frame), names, seed, sizes, shares)
    return selection, splits_of(frame, names, seed, selection.cuts, shares)


def sampled(frame: Keys, seed: int, size: int) -> set[int]:
    _, split = selected(frame, ["a"], seed, {"a": size}, {})
    return set(frame.filter(split != NOT_SAMPLED)["number"])


def drawn(
    frame: Keys, names: list[str], size: int, weights: Mapping[str, float], split: str = TRAIN
) -> tuple[SplitDraw, list[tuple[int, int]]]:
    """A draw from all rows of a frame: what it got, and (bucket, row) in order."""
    about, places = draw_split("mix", split, pieces(frame), names, 1, size, weights)
    return about, list(places.iter_rows())


def test_a_row_may_come_very_often_and_not_without_end() -> None:
    frame = keys(6, 3_000)
    about, places = drawn(frame, ["a", "b"], 600_000, {"a": 0.5, "b": 0.5})
    assert about.rows == {"a": 300_000, "b": 300_000}
    assert set(Counter(places).values()) == {50_000, 100}
    said = (
        r"^blend 'mix': 6,000,001 of its 12,000,002 rows are to come from source 'a', which has 6, each more than "
        r"1,000,000 times: lower the size \(--set blends\.mix\.size=…\), or give the source a lower weight$"
    )
    with pytest.raises(CrossthinkError, match=said):
        drawn(frame, ["a", "b"], 12_000_002, {"a": 0.5, "b": 0.5})
    assert drawn(frame, ["a", "b"], 10**10, {"a": 0.5, "b": 0.5}, TEST)[0].rows == {"a": 6, "b": 6}  # repeats none


def test_a_source_is_sampled_down_to_its_size() -> None:
    selection, split = selected(keys(100, 50, 20), ["a", "b", "c"], 1, {"a": 30, "b": 80}, {})
    assert selection.not_sampled == {"a": 70, "b": 0, "c": 0}
    assert selection.pool == {TRAIN: {"a": 30, "b": 50, "c": 20}}
    assert list(selection.cuts) == ["a"]
    assert int((split == NOT_SAMPLED).sum()) == 70
    assert not (split[100:] == NOT_SAMPLED).any()


def test_the_sample_goes_by_hash_and_not_by_place() -> None:
    frame = keys(200)
    assert len(sampled(frame, 1, 50)) == 50
    moved = frame.with_columns(bucket=pl.col("bucket").reverse(), row=pl.col("row").reverse())
    assert sampled(frame, 1, 50) == sampled(moved, 1, 50)
    assert sampled(frame, 1, 50) != sampled(frame, 2, 50)


def test_rows_of_one_hash_are_told_apart_by_their_place() -> None:
    frame = keys(60).with_columns(number=pl.lit(7, pl.UInt64))
    selection, split = selected(frame, ["a"], 1, {"a": 25}, {})
    assert selection.pool == {TRAIN: {"a": 25}}
    kept = frame.filter(split != NOT_SAMPLED).sort("bucket", "row").select("bucket", "row")
    assert kept.equals(frame.sort("bucket", "row").select("bucket", "row").head(25))


def test_a_larger_sample_holds_the_smaller_one() -> None:
    assert sampled(keys(200), 1, 50) < sampled(keys(200), 1, 60)


@given(st.lists(st.lists(st.integers(0, 20), max_size=12), min_size=1, max_size=8), st.integers(1, 30))
def test_the_smallest_of_frames_are_the_smallest_of_all(frames: list[list[int]], size: int) -> None:
    smallest, every = Smallest(size), []
    for bucket, ranks in enumerate(frames):
        rows = [(rank, bucket, row) for row, rank in enumerate(ranks)]
        frame = pl.DataFrame(rows, dict.fromkeys(("rank", "bucket", "row"), pl.Int64()), orient="row")
        smallest.add(frame)
        every += frame.rows()
        assert sum(map(len, smallest._held)) <= 2 * size + len(ranks)
    assert smallest.rows().rows() == sorted(every)[:size]


def test_splits_have_their_shares() -> None:
    _, split = selected(keys(100_000), ["a"], 1, {}, SHARES)
    for name, share in (SHARES | {TRAIN: 0.7}).items():
        sigma = (100_000 * share * (1 - share)) ** 0.5
        assert abs(int((split == SPLITS.index(name)).sum()) - 100_000 * share) < 6 * sigma


@pytest.mark.parametrize("shares", [{}, {VALIDATION: 0.1}, {TEST: 0.1}, SHARES])
def test_only_the_splits_that_are_named(shares: Mapping[str, float]) -> None:
    selection, split = selected(keys(1_000), ["a"], 1, {}, shares)
    assert set(selection.pool) == {TRAIN, *shares}
    assert {SPLITS[i] for i in split} == {TRAIN, *shares}


def test_a_group_is_in_one_split() -> None:
    frame = keys(3_000, 3_000, groups=500)
    _, split = selected(frame, ["a", "b"], 1, {"a": 2_000}, SHARES)
    in_pool = frame.with_columns(split=pl.Series(split)).filter(pl.col("split") != NOT_SAMPLED)
    assert in_pool.group_by("group_number").agg(pl.col("split").n_unique())["split"].max() == 1


def test_the_forms_of_an_item_are_in_one_split() -> None:
    """Template `both`: the question with its options and the open one have another key and the same group."""
    rows = [{"question": f"How many sides has shape {i}?", "options": [f"{i}", f"{i + 1}"]} for i in range(400)]
    forms = with_ids(apply_template(rows_frame(*rows), "both").filter(pl.col("reason").is_null()))
    assert len(forms) == 800
    frame = forms.select(
        "group_key",
        "group_number",
        number=pl.Series(mix(np.arange(800, dtype=np.uint64), salt("number"))),
        source=pl.lit(0, pl.UInt16),
    )
    split = pl.Series("split", splits_of(frame, ["s"], 1, {}, SHARES))
    by_group = frame.with_columns(split).group_by("group_key").agg("split")["split"]
    assert all(len(found) == 2 and len(set(found)) == 1 for found in by_group)
    assert split.n_unique() == 3


def test_splits_of_a_smaller_pool_are_those_of_the_larger() -> None:
    frame = keys(1_000)
    _, whole = selected(frame, ["a"], 1, {}, SHARES)
    _, half = selected(frame.head(500), ["a"], 1, {}, SHARES)
    assert whole[:500].tolist() == half.tolist()


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 80)),
    st.dictionaries(st.sampled_from([VALIDATION, TEST]), st.floats(0.01, 0.49)),
)
def test_counts_add_up(sizes: list[int], wanted: dict[str, int], shares: dict[str, float]) -> None:
    names = list("abcd")[: len(sizes)]
    wanted = {name: size for name, size in wanted.items() if name in names}
    selection, split = selected(keys(*sizes), names, 5, wanted, shares)
    for name, size in zip(names, sizes, strict=True):
        in_pool = sum(rows[name] for rows in selection.pool.values())
        assert in_pool + selection.not_sampled[name] == size
        assert in_pool == min(size, wanted.get(name, size))
    assert int((split == NOT_SAMPLED).sum()) == sum(selection.not_sampled.values())


@pytest.mark.parametrize(
    ("split", "shares", "size"),
    [(TRAIN, {}, 1_400), (TRAIN, SHARES, 1_400), (VALIDATION, SHARES, 200), (TEST, SHARES, 400)],
)
def test_the_others_have_their_share_of_trains_size(split: str, shares: Mapping[str, float], size: int) -> None:
    assert split_size(1_400, split, shares) == size


@pytest.mark.parametrize(("rows", "shards"), [(0, 1), (1, 1), (100_000, 1), (100_001, 2), (588_645, 6)])
def test_a_large_blend_is_cut_into_shards(rows: int, shards: int) -> None:
    assert shard_count(rows) == shards


def test_a_blend_is_drawn_by_weight() -> None:
    frame = keys(4_000, 2_000, 1_000)
    weights = {"c": 0.25, "a": 0.75}  # not all of the pool, and in another order
    about, places = drawn(frame, ["a", "b", "c"], 1_400, weights)
    assert about == SplitDraw({"c": 350, "a": 1_050})
    source = dict(zip(frame.select("bucket", "row").iter_rows(), frame["source"], strict=True))
    assert [sum(source[place] == i for place in places) for i in (2, 0)] == [350, 1_050]
    assert len(set(places)) == 1_400


def test_a_draw_does_not_go_by_the_rows_places() -> None:
    frame = keys(500, 300)
    moved = frame.with_columns(bucket=pl.col("bucket").reverse(), row=pl.col("row").reverse())
    number = dict(zip(frame.select("bucket", "row").iter_rows(), frame["number"], strict=True))
    again = dict(zip(moved.select("bucket", "row").iter_rows(), moved["number"], strict=True))
    (_, places), (_, others) = (drawn(one, ["a", "b"], 900, {"a": 0.5, "b": 0.5}) for one in (frame, moved))
    assert [number[place] for place in places] == [again[place] for place in others]


def test_the_weight_of_a_source_without_rows_goes_to_the_others() -> None:
    frame = keys(400, 0, 400)
    about, _ = drawn(frame, ["a", "b", "c"], 140, {"a": 0.2, "b": 0.5, "c": 0.3})
    assert about.rows == {"a": 56, "b": 0, "c": 84}


def test_repeats_of_train_are_counted_by_source() -> None:
    about, places = drawn(keys(100, 10), ["a", "b"], 60, {"a": 0.5, "b": 0.5})
    assert about == SplitDraw({"a": 30, "b": 30}, {"b": 20})
    assert len(places) == 60
    assert len(set(places)) == 40


@pytest.mark.parametrize("split", [VALIDATION, TEST])
def test_validation_and_test_take_no_row_twice(split: str) -> None:
    about, places = drawn(keys(1_000, 30), ["a", "b"], 5_000, {"a": 0.5, "b": 0.5}, split)
    assert about.rows == {"a": 30, "b": 30}
    assert len(places) == len(set(places)) == 60


def test_a_blend_of_nothing_is_empty() -> None:
    about, places = drawn(keys(0, 5), ["a", "b"], 10, {"a": 1.0})
    assert (about, places) == (SplitDraw({"a": 0}), [])
