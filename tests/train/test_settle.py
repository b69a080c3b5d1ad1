"""What follows from other options, and what is refused before anything is loaded."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.settle import settle

TRAINING = {
    "eval_strategy": "no",
    "push_to_hub": False,
    "hub_strategy": "end",
    "curriculum": "blend",
    "gradient_accumulation_steps": 1,
}
GRPO = {
    **TRAINING,
    "num_generations": 4,
    "per_device_train_batch_size": 8,
    "prompts_per_step": 4,
    "shuffle_dataset": True,
    "loss_type": "grpo",
    "scale_rewards": "group",
    "multi_objective_aggregation": "sum_then_normalize",
    "reward": "combined",
    "reward_weights": None,
}
SFT = {**TRAINING, "shuffle_dataset": False, "train_sampling_strategy": "random", "loss_type": "nll"}


def settled(options: dict[str, Any], **changes: Any) -> Namespace:
    given = Namespace(**options, **{name: value for name, value in changes.items() if name not in options})
    vars(given).update(changes)
    settle(given, set(changes))
    return given


def test_the_accumulation_follows() -> None:
    assert settled(GRPO).gradient_accumulation_steps == 2  # 4 x 4 = 8 x 2
    assert settled(GRPO, gradient_accumulation_steps=2).gradient_accumulation_steps == 2
    assert settled(GRPO, prompts_per_step=None, gradient_accumulation_steps=3).gradient_accumulation_steps == 3


@pytest.mark.parametrize("asked", [1, 3])
def test_another_accumulation_is_refused(asked: int) -> None:
    with pytest.raises(CrossthinkError, match=f"--gradient_accumulation_steps {asked}, but 4 prompts a step need 2 wi"):
        settled(GRPO, gradient_accumulation_steps=asked)


@pytest.mark.parametrize(("curriculum", "shuffled"), [("blend", False), ("hard_first", False), ("uniform", True)])
def test_the_order_is_the_curriculum_s(curriculum: str, shuffled: bool) -> None:
    assert settled(GRPO, curriculum=curriculum).shuffle_dataset is shuffled
    warm_up = settled(SFT, curriculum=curriculum)
    assert (warm_up.shuffle_dataset, warm_up.train_sampling_strategy) == (False, "random" if shuffled else "sequential")


REFUSED = [
    (GRPO, {"shuffle_dataset": True}, "--shuffle_dataset True, but --curriculum blend says how"),
    (GRPO, {"shuffle_dataset": False, "curriculum": "uniform"}, "--shuffle_dataset False, but --curriculum uniform"),
    (
        SFT,
        {"train_sampling_strategy": "group_by_length"},
        "group_by_length, but --curriculum blend",
    ),
    (GRPO, {"eval_strategy": "steps"}, "--eval_strategy steps, but there are no rows to evaluate on"),
    (SFT, {"eval_strategy": "epoch"}, "--eval_strategy epoch, but there are no rows to evaluate on"),
    (
        GRPO,
        {"push_to_hub": True, "hub_strategy": "every_save"},
        "--hub_strategy every_save would publish",
    ),
    (GRPO, {"loss_type": "grpoo"}, "unknown value of loss_type 'grpoo': did you mean 'grpo'"),
    (GRPO, {"scale_rewards": "grup"}, "unknown value of scale_rewards 'grup': did you mean 'group'"),
    (GRPO, {"multi_objective_aggregation": "x"}, "unknown value of multi_objective_aggregation 'x': there are"),
    (GRPO, {"reward_weights": [1.0, 0.5]}, "--reward_weights has 2 values, but --reward combined is 1: give 1"),
    (GRPO, {"reward_weights": [1.0], "reward": "separate"}, "has 1 values, but --reward separate is 2: give 2"),
    (GRPO, {"prompts_per_step": 3}, "3 prompts x 4 completions are 12, which 1 process x 8 at a time do not divide"),
]


@pytest.mark.parametrize(("options", "asked", "said"), REFUSED)
def test_what_does_not_fit_is_refused(options: dict[str, Any], asked: dict[str, Any], said: str) -> None:
    with pytest.raises(CrossthinkError) as raised:
        settled(options, **asked)
    assert said in str(raised.value)


TAKEN = [
    (GRPO, {"scale_rewards": False}),
    (GRPO, {"reward_weights": [1.0, 0.5], "reward": "separate"}),
    (GRPO, {"shuffle_dataset": False}),  # as blend has it
    (GRPO, {"hub_strategy": "every_save"}),  # nothing is published
    (SFT, {"loss_type": "dft"}),
]


@pytest.mark.parametrize(("options", "asked"), TAKEN)
def test_what_fits_is_taken(options: dict[str, Any], asked: dict[str, Any]) -> None:
    assert settled(options, **asked)
