"""What follows from other options, and what TRL would refuse late or not at all, before anything is loaded."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Collection

from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.train.batch import accumulation

HUB_STRATEGY = "end"  # at a checkpoint the Trainer would publish whatever lies in the folder
_CHOICES = {  # which TRL looks at when the first batch is generated
    "loss_type": ("grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"),
    "scale_rewards": ("group", "batch", "none", True, False),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
}
_REWARDS = {"combined": 1, "separate": 2}  # form -> reward functions


def processes() -> int:
    """How many processes train together, as `accelerate launch` says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def settle(given: Namespace, asked: Collection[str]) -> None:
    """Sets what follows from other options; `asked` are the names that the config or the command line gives.

    Raises CrossthinkError where the two differ, and for a value that there is no use for.
    """
    grpo = hasattr(given, "num_generations")
    _no_rows_to_evaluate_on(given)
    _published_at_the_end(given)
    _order(given, asked, grpo)
    if grpo:
        _known_values(given)
        _a_weight_per_reward(given)
    if grpo and given.prompts_per_step is not None:
        given.gradient_accumulation_steps = _accumulation(given, "gradient_accumulation_steps" in asked)


def _no_rows_to_evaluate_on(given: Namespace) -> None:
    if _value(given.eval_strategy) not in ("no", "False"):
        raise CrossthinkError(
            f"--eval_strategy {_value(given.eval_strategy)}, but there are no rows to evaluate on while it trains: "
            "leave it out; training/grpo.py judges before and after with --evaluate"
        )


def _published_at_the_end(given: Namespace) -> None:
    if given.push_to_hub and _value(given.hub_strategy) != HUB_STRATEGY:
        raise CrossthinkError(
            f"--hub_strategy {_value(given.hub_strategy)} would publish whatever lies in the output folder, samples of "
            f"evaluations too: leave it out; model, card and curves are published at the end"
        )


def _order(given: Namespace, asked: Collection[str], grpo: bool) -> None:
    """The order of the rows is the curriculum's."""
    uniform = given.curriculum == "uniform"
    sampling = {} if grpo else {"train_sampling_strategy": "random" if uniform else "sequential"}
    for name, value in {"shuffle_dataset": uniform and grpo, **sampling}.items():
        if name in asked and getattr(given, name) != value:
            raise CrossthinkError(
                f"--{name} {getattr(given, name)}, but --curriculum {given.curriculum} says how the rows are ordered: "
                f"leave {name} out; uniform shuffles, blend and hard_first do not"
            )
        setattr(given, name, value)


def _known_values(given: Namespace) -> None:
    for name, known in _CHOICES.items():
        if getattr(given, name) not in known:
            raise unknown(f"value of {name}", str(getattr(given, name)), [one for one in known if isinstance(one, str)])


def _a_weight_per_reward(given: Namespace) -> None:
    weights, count = given.reward_weights, _REWARDS[given.reward]
    if weights is not None and len(weights) != count:
        raise CrossthinkError(
            f"--reward_weights has {len(weights)} values, but --reward {given.reward} is {count}: give {count}, "
            "of separate for accuracy and format, or leave it out"
        )


def _accumulation(given: Namespace, asked: bool) -> int:
    """The accumulation that makes a step of `prompts_per_step`; another one that was asked for is an error."""
    size = (given.prompts_per_step, given.num_generations, given.per_device_train_batch_size, processes())
    needed = accumulation(*size)
    if asked and given.gradient_accumulation_steps != needed:
        raise CrossthinkError(
            f"--gradient_accumulation_steps {given.gradient_accumulation_steps}, but {given.prompts_per_step} prompts "
            f"a step need {needed} with {processes()} process{'es' * (processes() != 1)}: leave one of the two out"
        )
    return needed


def _value(option: object) -> str:
    """An option's text, whether it is given as text or, by default, as a member of an enumeration."""
    return str(getattr(option, "value", option))
