"""How many golds a grader accepts that are given back to it: MATH-500's, or our own where it is not at hand.

    python -m tests.bench.echo

The gold is given bare, in dollars and boxed; the answer is the gold in a box. Prints ours and TRL's.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from rich.console import Console
from rich.table import Table

from crossthink_data.verify import Gold, compare, extract, infer_type
from tests.verify.golds import OUR_GOLDS, mirror_golds

FORMS: dict[str, Callable[[str], str]] = {
    "bare": lambda gold: gold,
    "in dollars": lambda gold: f"${gold}$",
    "boxed": lambda gold: f"\\boxed{{{gold}}}",
}


def completion(gold: str) -> str:
    """A reply whose answer is the gold."""
    return f"The answer is \\boxed{{{gold}}}."


def ours(golds: list[str], form: Callable[[str], str]) -> int:
    """How many this project's grader accepts."""
    answers = [extract(completion(gold)).answer or "" for gold in golds]
    return sum(
        compare(Gold(form(gold), infer_type(form(gold))), answer).correct
        for gold, answer in zip(golds, answers, strict=True)
    )


def trl(golds: list[str], form: Callable[[str], str]) -> int:
    """How many TRL's `accuracy_reward` accepts."""
    replies = [[{"role": "assistant", "content": completion(gold)}] for gold in golds]
    return sum(reward == 1.0 for reward in import_module("trl.rewards").accuracy_reward(replies, [*map(form, golds)]))


def main() -> None:
    """Prints the table."""
    golds = mirror_golds()["math500"] or list(OUR_GOLDS)
    table = Table("gold given", "ours", "TRL", title=f"of {len(golds)} golds given back")
    for name, form in FORMS.items():
        table.add_row(name, str(ours(golds, form)), str(trl(golds, form)) if find_spec("trl") else "not installed")
    Console().print(table)


if __name__ == "__main__":
    main()
