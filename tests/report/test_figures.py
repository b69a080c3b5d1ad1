"""Figures of a task: expected values by hand, or as published where that is said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crossthink_data.report.figures import Figures, accuracy, figures, standard_error
from crossthink_data.report.tokens import Counted
from tests.report.written import Said, question, said, task_run


def once(right: int, asked: int) -> list[Said]:
    """Questions with one completion each, of which so many are right."""
    return [said(question(number), number < right) for number in range(asked)]


def sampled(*right: Sequence[int]) -> Figures:
    """The figures of questions with several completions."""
    return figures(task_run(*(said(question(n), *map(bool, one)) for n, one in enumerate(right))))


# ---- accuracy


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # these four: Newcombe 1998, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0000),  # the mirror of 0 of 20
        (0, 1, 0.0000, 0.7935),  # z^2 / (1 + z^2)
        (1, 1, 0.2065, 1.0000),
    ],
)
def test_with_one_completion_the_interval_is_wilsons(right: int, asked: int, low: float, high: float) -> None:
    share = figures(task_run(*once(right, asked))).accuracy
    assert share.value == pytest.approx(right / asked)
    assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)
    assert share.questions == asked


def test_with_several_the_interval_is_that_of_the_questions_means() -> None:
    """Means 1, 1/2, 1/2, 0: variance 1/6, standard error sqrt(1/24)."""
    share = sampled([1, 1], [1, 0], [0, 1], [0, 0]).accuracy
    assert share.value == 0.5
    assert share.low == pytest.approx(0.5 - 1.959964 * (1 / 24) ** 0.5)
    assert share.high == pytest.approx(0.5 + 1.959964 * (1 / 24) ** 0.5)
    assert share.questions == 4


def test_an_interval_ends_at_one_and_at_nothing() -> None:
    """Means 1, 1, 1, 1/2: 0.875, standard error 1/8, which would reach to 1.12."""
    high = sampled([1, 1], [1, 1], [1, 1], [1, 0]).accuracy
    assert (high.low, high.high) == pytest.approx((0.875 - 1.959964 / 8, 1.0))
    low = sampled([0, 0], [0, 0], [0, 0], [1, 0]).accuracy
    assert (low.low, low.high) == pytest.approx((0.0, 0.125 + 1.959964 / 8))


@pytest.mark.parametrize(("right", "value"), [((1, 1), 1.0), ((0, 0), 0.0)])
def test_several_completions_that_are_all_right_or_all_wrong(right: tuple[int, int], value: float) -> None:
    share = sampled(right, right, right).accuracy
    assert share.value == value
    assert 0.0 <= share.low <= value <= share.high <= 1.0


def test_standard_error() -> None:
    assert standard_error([1.0, 0.0, 0.0, 0.0]) == pytest.approx(0.25)
    assert standard_error([0.5] * 7) == 0.0
    assert standard_error([0.5]) == 0.0


# ---- what stands beside it


def test_means_of_the_other_metrics() -> None:
    run = task_run(
        said(question(1), True, acc_flex=1.0, no_answer=0.0, format=1.0, chars=10.0),
        said(question(2), False, acc_flex=1.0, no_answer=1.0, format=0.0, chars=30.0),
        said(question(3), False, acc_flex=0.0, no_answer=0.0, format=0.0, chars=50.0),
        said(question(4), False, acc_flex=1.0, no_answer=0.0, format=0.0, chars=30.0),
    )
    found = figures(run)
    assert (found.accuracy.value, found.flexible, found.no_answer, found.format) == (0.25, 0.75, 0.25, 0.25)
    assert (found.chars, found.k, found.task) == (30.0, 1, run.task)


def test_pass_at_k_is_unbiased() -> None:
    """1 - C(3,2)/C(4,2) = 1/2, 1 - C(2,2)/C(4,2) = 5/6 and 0: mean 4/9. By the first two alone it would be 1/3."""
    found = sampled([0, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0])
    assert found.pass_at == {2: pytest.approx(4 / 9), 4: pytest.approx(2 / 3)}
    assert found.k == 4


@pytest.mark.parametrize(("k", "sizes"), [(1, []), (2, [2]), (3, [2]), (4, [2, 4]), (8, [2, 4, 8]), (16, [2, 4, 8])])
def test_sizes_of_pass_at(k: int, sizes: list[int]) -> None:
    found = sampled([1] * k, [0] * k)
    assert (found.k, list(found.pass_at)) == (k, sizes)
    assert all(chance == 0.5 for chance in found.pass_at.values())


def test_unequal_numbers_of_completions_count_by_the_fewest() -> None:
    found = sampled([1, 0, 0, 0], [1])
    assert (found.k, found.pass_at, found.accuracy.value) == (1, {}, 0.625)
    assert sampled([1, 0, 0, 0], [1, 0]).pass_at == {2: 0.75}


def test_the_majority_is_the_mean_of_what_was_logged() -> None:
    found = sampled([1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0])
    assert found.majority == 0.5
    assert figures(task_run(*once(1, 2))).majority is None


def test_tokens_are_those_that_were_counted() -> None:
    run = task_run(*once(1, 2))
    counted = figures(run, Counted(right=3.5, mean=7.25, cap_hit=0.125))
    assert (counted.tokens_right, counted.tokens, counted.cap_hit) == (3.5, 7.25, 0.125)
    assert (figures(run).tokens_right, figures(run).tokens, figures(run).cap_hit) == (None, None, None)


# ---- shares by subject and the like


def test_micro_and_macro_means_differ() -> None:
    """Three of three in algebra, none of one in geometry."""
    found = figures(
        task_run(
            said(question(1, subject="Geometry", level="5"), False),
            *(said(question(n, subject="Algebra", level="1"), True) for n in (2, 3)),
            said(question(4, subject="Algebra", level="5"), True),
        )
    )
    assert found.accuracy.value == 0.75
    assert found.macro("subject") == 0.5
    assert found.macro("level") == 0.75
    assert list(found.breakdowns) == ["subject", "level"]
    assert list(found.breakdowns["subject"]) == ["Algebra", "Geometry"]
    algebra, geometry = found.breakdowns["subject"].values()
    assert (algebra.value, algebra.questions, geometry.value, geometry.questions) == (1.0, 3, 0.0, 1)


def test_a_breakdown_has_the_interval_of_its_own_questions() -> None:
    run = task_run(*(said(question(n, part="b" if n < 20 else "a"), n >= 20) for n in range(25)))
    parts = figures(run).breakdowns["part"]
    assert list(parts) == ["a", "b"]
    assert parts["b"] == accuracy(run.samples[:20])
    assert parts["b"].high == pytest.approx(0.1611, abs=5e-5)  # 0 of 20


def test_questions_without_a_value_are_in_no_part() -> None:
    run = task_run(said(question(1, subject="Algebra"), True), said(question(2), False))
    found = figures(run)
    assert {value: share.questions for value, share in found.breakdowns["subject"].items()} == {"Algebra": 1}
    assert found.accuracy.questions == 2
    assert figures(task_run(*once(1, 2))).breakdowns == {}
