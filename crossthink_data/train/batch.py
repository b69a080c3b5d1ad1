"""The arithmetic of a step: prompts, completions, processes, accumulation."""

from __future__ import annotations

from crossthink_data.errors import CrossthinkError


def accumulation(prompts: int, generations: int, per_device: int, processes: int) -> int:
    """How often each process takes `per_device` completions for a step of so many prompts, each so often completed.

    Raises CrossthinkError where they do not divide.

    >>> accumulation(prompts=128, generations=8, per_device=16, processes=8)
    8
    """
    at_a_time = f"{processes} process{'es' * (processes != 1)} x {per_device} at a time"
    if min(prompts, generations, per_device, processes) < 1:
        raise CrossthinkError(f"{prompts} prompts x {generations} completions, {at_a_time}: each must be 1 or more")
    completions, at_once = prompts * generations, per_device * processes
    times, rest = divmod(completions, at_once)
    if rest:
        fits = _fits(completions, processes, per_device)
        raise CrossthinkError(
            f"{prompts} prompts x {generations} completions are {completions}, which {at_a_time} do not divide: set "
            f"--per_device_train_batch_size {fits}, or --prompts_per_step {_prompts(generations, at_once, prompts)}"
        )
    return times


def _fits(completions: int, processes: int, per_device: int) -> str:
    """The nearest batch size that divides; one where only other numbers of processes help."""
    sizes = [size for size in range(1, completions + 1) if completions % (size * processes) == 0]
    if not sizes:
        return "and the number of processes so that their product divides it"
    return str(min(sizes, key=lambda size: (abs(size - per_device), size)))


def _prompts(generations: int, at_once: int, prompts: int) -> int:
    """The nearest number of prompts whose completions are dealt out evenly."""
    fitting = (number for number in range(1, prompts + at_once + 1) if number * generations % at_once == 0)
    return min(fitting, key=lambda number: (abs(number - prompts), number))
