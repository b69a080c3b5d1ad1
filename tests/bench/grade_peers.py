"""The graders that ours is measured beside, as one call a completion; each of them may be missing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple


class Peer(NamedTuple):
    """A grader: `grade(completion, gold)`, and `forget()`, which empties its caches."""

    name: str
    grade: Callable[[str, str], object]
    forget: Callable[[], None]


def math_verify() -> Peer:
    """math-verify with its defaults: parse both sides, verify."""
    library = import_module("math_verify")

    def grade(completion: str, gold: str) -> object:
        return library.verify(library.parse(f"${gold}$"), library.parse(completion))

    return Peer("math-verify", grade, _forget_sympy)


def trl() -> Peer | None:
    """TRL's `accuracy_reward` with its own settings, a batch of one; None where TRL is not installed."""
    if find_spec("trl") is None or find_spec("torch") is None:
        return None
    reward = import_module("trl.rewards").accuracy_reward

    def grade(completion: str, gold: str) -> object:
        return reward([[{"role": "assistant", "content": completion}]], [f"${gold}$"])

    return Peer("TRL", grade, _forget_sympy)


def _forget_sympy() -> None:
    import_module("sympy.core.cache").clear_cache()
