"""The arithmetic of a step: prompts, completions, processes, accumulation."""

from __future__ import annotations

from dataclasses import dataclass

from crossthink_data.errors import CrossthinkError


@dataclass(frozen=True)
class Batch:
    """A step as `processes` processes do it: each takes `per_device` completions at a time, `accumulation` times."""

    prompts: int
    generations: int
    per_device: int
    processes: int
    accumulation: int


def batch(prompts: int, generations: int, per_device: int, processes: int) -> Batch:
    """How processes share a step of so many prompts with so many completions each.

    Raises CrossthinkError where they do not divide.

    >>> batch(prompts=128, generations=8, per_device=16, processes=8).accumulation
    8
    """
    if min(prompts, generations, per_device, processes) < 1:
        raise CrossthinkError(
            f"{prompts} prompts x {generations} completions, {processes} processes x {per_device} at a time: each must "
            "be 1 or more"
        )
    completions, at_once = prompts * generations, per_device * processes
    accumulation, rest = divmod(completions, at_once)
    if rest:
        fits = _fits(completions, processes, per_device)
        raise CrossthinkError(
            f"{prompts} prompts x {generations} completions are {completions}, which {processes} processes x "
            f"{per_device} at a time do not divide: set --per_device_train_batch_size {fits}, or --prompts_per_step "
            f"{_prompts(generations, at_once, prompts)}"
        )
    return Batch(prompts, generations, per_device, processes, accumulation)


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
