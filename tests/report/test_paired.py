"""Two runs on the same questions: differences, intervals and p by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crossthink_data.report.paired import Paired, mcnemar, paired
from crossthink_data.report.results import TaskRun
from tests.report.written import TASK, question, said, task_run


def run(*right: Sequence[int]) -> TaskRun:
    """A task with a question for each, which are the same in every run."""
    return task_run(*(said(question(n), *map(bool, one)) for n, one in enumerate(right)))


def of(first: TaskRun, second: TaskRun) -> Paired:
    found = paired(first, second)
    assert found is not None
    return found


def test_one_completion_a_question() -> None:
    """Gains 0, 1, 0, 0: mean 1/4, standard error 1/4."""
    found = of(run([1], [0], [1], [0]), run([1], [1], [1], [0]))
    assert (found.task, found.questions, found.difference) == (TASK, 4, 0.25)
    assert (found.only_first, found.only_second, found.other) == (0, 1, 0)
    assert (found.low, found.high) == pytest.approx((0.25 - 1.959964 / 4, 0.25 + 1.959964 / 4))
    assert found.p == 1.0


def test_the_difference_is_the_second_less_the_first() -> None:
    """Five questions lost and none won: p = 2 / 2^5."""
    one, other = run(*[[1]] * 5, [0], [1]), run(*[[0]] * 5, [0], [1])
    lost, won = of(one, other), of(other, one)
    assert (lost.difference, lost.only_first, lost.only_second) == pytest.approx((-5 / 7, 5, 0))
    assert (won.difference, won.only_first, won.only_second) == pytest.approx((5 / 7, 0, 5))
    assert lost.p == won.p == 0.0625
    assert (lost.low, lost.high) == pytest.approx((-won.high, -won.low))


@pytest.mark.parametrize(
    ("worse", "better", "p"),
    [
        (0, 0, 1.0),
        (0, 1, 1.0),
        (0, 5, 0.0625),  # 2 / 2^5
        (0, 6, 0.03125),
        (1, 5, 0.21875),  # 2 * (1 + 6) / 2^6
        (2, 10, 0.0385742),  # 2 * (1 + 12 + 66) / 2^12
        (3, 3, 1.0),  # the tails overlap
        (10, 30, 0.00222143),
        (300, 300, 1.0),
    ],
)
def test_mcnemars_exact_p(worse: int, better: int, p: float) -> None:
    assert mcnemar(worse, better) == pytest.approx(p, rel=1e-5)
    assert mcnemar(better, worse) == mcnemar(worse, better)


def test_mcnemar_of_thousands_of_questions() -> None:
    assert 0.0 < mcnemar(1000, 1300) < 1e-8


def test_several_completions_by_the_normal_approximation() -> None:
    """Gains 1/2, 1/2, 0, 1/2: mean 3/8, standard error 1/8, so z = 3."""
    found = of(run([1, 0], [0, 0], [1, 1], [0, 0]), run([1, 1], [0, 1], [1, 1], [1, 0]))
    assert (found.difference, found.only_first, found.only_second) == (0.375, 0, 3)
    assert (found.low, found.high) == pytest.approx((0.375 - 1.959964 / 8, 0.375 + 1.959964 / 8))
    assert found.p == pytest.approx(0.0026998, rel=1e-4)


def test_one_completion_against_several_is_not_mcnemars() -> None:
    """Gains -1/2, 0, 0, 0: mean -1/8, standard error 1/8, so z = -1."""
    found = of(run([1], [1], [0], [0]), run([1, 0], [1, 1], [0, 0], [0, 0]))
    assert found.difference == -0.125
    assert found.p == pytest.approx(0.3173105, rel=1e-4)


def test_runs_that_do_not_differ() -> None:
    """Other gains, unseen in three questions, may be 0.5615 of all: the upper end of Wilson's interval of 0 of 3."""
    for one in (run([1], [0], [1]), run([1, 0], [0, 0], [1, 1])):
        found = of(one, one)
        assert (found.difference, found.p) == (0.0, 1.0)
        assert (found.low, found.high) == pytest.approx((-0.5615, 0.5615), abs=5e-5)
        assert (found.only_first, found.only_second) == (0, 0)


@pytest.mark.parametrize(("first", "second", "ends"), [(0, 1, (1 - 2 * 0.2775, 1.0)), (1, 0, (-1.0, 2 * 0.2775 - 1))])
def test_equal_gains_have_an_interval(first: int, second: int, ends: tuple[float, float]) -> None:
    """Ten of ten; an unseen gain may be the other way, which is twice as far. Wilson, 0 of 10: up to 0.2775."""
    found = of(run(*[[first]] * 10), run(*[[second]] * 10))
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-4)


def test_more_questions_without_a_difference_say_more() -> None:
    one, other = (of(run(*[[1]] * size), run(*[[1]] * size)) for size in (10, 1000))
    assert one.high > 0.25
    assert 0.0 < other.high < 0.005


def test_an_interval_ends_at_a_hundred_points() -> None:
    """Gains 0, 1, 1, 0: 1/2, standard error sqrt(1/12), which would reach to 1.07."""
    assert of(run([0], [0], [0], [0]), run([0], [1], [1], [0])).high == 1.0


def test_gains_that_cancel_out() -> None:
    found = of(run([1], [0]), run([0], [1]))
    assert (found.difference, found.only_first, found.only_second, found.p) == (0.0, 1, 1, 1.0)


@pytest.mark.parametrize("questions", [1, 2])
def test_one_or_two_questions_show_nothing(questions: int) -> None:
    """Gains that are all the same have no spread, which is no proof of a difference."""
    found = of(run(*[[0, 0]] * questions), run(*[[1, 0]] * questions))
    assert found.difference == 0.5
    assert found.p > 0.05


# ---- which questions


def test_questions_are_matched_by_what_they_are_not_their_place() -> None:
    """A run of --samples numbers its questions anew."""
    first = task_run(*(said(question(n), n == 0) for n in range(4)))
    second = task_run(*(said(question(n), True) for n in (3, 0)))
    found = of(first, second)
    assert (found.questions, found.other, found.difference) == (2, 0, 0.5)
    assert (found.only_first, found.only_second) == (0, 1)


def test_rows_that_repeat_are_matched_by_their_turn() -> None:
    first = task_run(*(said(question(n), right) for n, right in ((1, True), (1, False), (2, True))))
    second = task_run(*(said(question(n), right) for n, right in ((2, True), (1, False), (1, True))))
    found = of(first, second)
    assert (found.questions, found.other) == (3, 0)
    assert (found.only_first, found.only_second) == (1, 1)
    once = task_run(said(question(1), True))
    assert (of(first, once).questions, of(first, once).other) == (1, 0)


def test_one_id_with_another_prompt_is_another_question() -> None:
    other = said({**question(1), "prompt": "Which is it?"}, True)
    found = of(task_run(said(question(1), True), said(question(2), True)), task_run(other, said(question(2), True)))
    assert (found.questions, found.other) == (1, 1)


def test_only_questions_that_both_were_asked() -> None:
    first, second = run([1], [0], [0], [0]), run([0], [0])
    assert (of(first, second).questions, of(second, first).questions) == (2, 2)
    assert of(first, second).difference == -0.5
    assert of(first, second).other == 0


def test_other_questions_in_the_same_places_are_counted_and_left_out() -> None:
    first = run([1], [0], [1])
    second = task_run(said(question(0), True), said(question(7), True), said(question(8), False))
    found = of(first, second)
    assert (found.questions, found.other, found.difference) == (1, 2, 0.0)


def test_no_question_in_common() -> None:
    assert paired(run([1]), task_run(said(question(7), True))) is None
