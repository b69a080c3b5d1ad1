"""The reward as the trainer calls it."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.reward import FormatReward, LoggedReward, had_spread
from crossthink_data.train.summary import Rollout

RIGHT, WRONG, BARE = r"<think>t</think> \boxed{4}", r"<think>t</think> \boxed{5}", r"\boxed{4}"
UNGRADABLE = r"<think>deep</think> \boxed{" + r"\sqrt{" * 200 + "4" + "}" * 201
END = 7


def alone(rollouts: list[Rollout]) -> list[Rollout]:
    return rollouts


def reward(kind: Literal["accuracy", "combined"] = "combined", patience: int = 0, **more: Any) -> LoggedReward:
    made = LoggedReward(kind, "equivalent", generations=2, max_tokens=3, gather=alone, patience=patience, **more)
    made.ends = {END}
    return made


def call(
    made: LoggedReward, completions: Sequence[str], ids: Sequence[Sequence[int]] | None = None, done: int = 0
) -> Any:
    """The rewards and the logged figures of completions to one question, two a row, after so many steps."""
    logged: dict[str, float] = {}
    count = len(completions)
    rewards = made(
        prompts=["What is 2 + 2?"] * count,
        completions=completions,
        completion_ids=ids or [[1, END]] * count,
        log_metric=logged.__setitem__,
        id=[f"r{number // 2}" for number in range(count)],
        answer=["4"] * count,
        answer_type=["number"] * count,
        domain=["math"] * count,
        question_type=["open"] * count,
        source=["s"] * count,
        trainer_state=SimpleNamespace(global_step=done),
    )
    return rewards, logged


def test_combined_asks_for_the_format_too() -> None:
    assert call(reward(), [RIGHT, BARE])[0] == [1.0, 0.0]


def test_accuracy_alone_does_not() -> None:
    assert call(reward("accuracy"), [RIGHT, BARE])[0] == [1.0, 1.0]


def test_where_the_two_are_added_either_makes_spread() -> None:
    logged = call(reward("accuracy"), [RIGHT, BARE, WRONG, WRONG])[1]
    assert (logged["no_spread"], logged["domain/math/reward"]) == (0.5, 1.25)


def test_what_cannot_be_graded_has_no_format_either() -> None:
    """Else the trainer would take the format for the whole reward."""
    accuracy = reward("accuracy")
    completions = [RIGHT, UNGRADABLE, BARE, WRONG]
    rewards, logged = call(accuracy, completions)
    assert rewards == [1.0, None, 1.0, 0.0]
    assert FormatReward(accuracy)(completions=completions, prompts=[]) == [1.0, None, 0.0, 1.0]
    assert logged["domain/math/reward"] == pytest.approx((2 + 1 + 1) / 3)


WEIGHTED = [
    ("accuracy", (1.0, 0.0), 0.75),  # right, right, right, wrong
    ("accuracy", (1.0, 0.5), 0.75 + 0.5 * 0.5),
    ("combined", (2.0,), 2 * 0.25),
]


@pytest.mark.parametrize(("kind", "weights", "mean"), WEIGHTED)
def test_the_log_weighs_as_the_trainer_does(
    kind: Literal["accuracy", "combined"], weights: tuple[float, ...], mean: float
) -> None:
    logged = call(reward(kind, weights=weights), [RIGHT, BARE, BARE, WRONG])[1]
    assert logged["domain/math/reward"] == mean


def test_accuracy_and_format_are_logged_apart() -> None:
    logged = call(reward(), [RIGHT, BARE, WRONG, WRONG])[1]
    assert (logged["accuracy"], logged["format"], logged["no_spread"]) == (0.5, 0.75, 0.5)
    assert logged["domain/math/reward"] == 0.25
    assert "reward" not in logged  # the trainer's own


def test_its_own_time_is_logged() -> None:
    assert 0 < call(reward(), [RIGHT, BARE])[1]["reward_time"] < 60


def test_what_cannot_be_graded_is_none_and_no_zero() -> None:
    rewards, logged = call(reward(), [RIGHT, UNGRADABLE])
    assert rewards == [1.0, None]
    assert logged["ungradable"] == 0.5


@pytest.mark.parametrize(("ids", "share"), [([1, 2, 3], 1.0), ([1, 2, END], 0.0), ([1, 2], 0.0)])
def test_cut_off_is_at_the_bound_without_an_end(ids: list[int], share: float) -> None:
    assert call(reward(), [RIGHT, RIGHT], [ids, ids])[1]["cut_off"] == share


def test_a_batch_that_cannot_be_graded_at_all_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match=r"none of the 2 completions of step 1 could be graded"):
        call(reward(), [UNGRADABLE, UNGRADABLE])


def test_no_spread_in_the_first_batches_is_an_error_that_says_why() -> None:
    made = reward(patience=2)
    call(made, [BARE, BARE])
    with pytest.raises(CrossthinkError, match=r"first 2 steps .* 0% kept the format, 100% were right"):
        call(made, [BARE, BARE], done=1)


def test_spread_once_is_enough() -> None:
    made = reward(patience=2)
    call(made, [RIGHT, BARE])
    for done in (1, 2, 3):
        call(made, [BARE, BARE], done=done)
    assert made.spread


def test_a_resumed_run_knows_of_the_steps_before() -> None:
    with pytest.raises(CrossthinkError, match="first 3 steps"):
        call(reward(patience=3), [BARE, BARE], done=2)
    assert call(reward(patience=3, spread=True), [BARE, BARE], done=2)


@pytest.mark.parametrize(("shares", "spread"), [([1.0, 0.75], True), ([1.0, 1.0], False), ([], False)])
def test_a_log_tells_of_spread(shares: list[float], spread: bool) -> None:
    assert had_spread([{"step": 1, "train_loss": 0.0}, *({"no_spread": share} for share in shares)]) is spread


def test_with_no_patience_it_goes_on() -> None:
    made = reward(patience=0)
    for done in range(3):
        call(made, [BARE, BARE], done=done)
    assert not made.spread


def test_the_figures_are_those_of_all_processes_the_rewards_ones_own() -> None:
    seen: list[int] = []

    def both(rollouts: list[Rollout]) -> list[Rollout]:
        seen.append(len(rollouts))
        return [*rollouts, rollouts[0], rollouts[0]]  # another process has two right ones

    made = LoggedReward("combined", "equivalent", 2, 3, both, 0)
    rewards, logged = call(made, [RIGHT, WRONG])
    assert (rewards, seen) == ([1.0, 0.0], [2])
    assert logged["accuracy"] == 0.75


def test_a_policy_reaches_the_grader() -> None:
    half = r"<think>t</think> \boxed{8/2}"
    assert call(reward(), [half])[0] == [1.0]
    strict = LoggedReward("combined", "strict", 2, 3, alone, 0)
    assert call(strict, [half])[0] == [0.0]


def test_each_kind_has_the_name_that_is_logged() -> None:
    names = [one.__name__ for one in (reward(), reward("accuracy"), FormatReward(reward("accuracy")))]
    assert names == ["crossthink_reward", "accuracy_reward", "format_reward"]
