"""What grading says: a verdict on an answer, and the extraction it rests on."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Outcome = Literal["correct", "wrong", "ungradable"]
Policy = Literal["equivalent", "strict", "label", "text", "label+text", "any"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


class Verdict(NamedTuple):
    """One comparison's outcome, why, and which tier decided it.

    `ungradable` means that nothing is known (a deadline, a gold that cannot be read): it is never a zero.
    """

    outcome: Outcome
    reason: str
    decided_by: str

    @property
    def correct(self) -> bool:
        """Whether the answer is the gold's."""
        return self.outcome == "correct"

    @property
    def wrong(self) -> bool:
        """Whether the answer is another one, or none."""
        return self.outcome == "wrong"

    @property
    def ungradable(self) -> bool:
        """Whether nothing could be decided."""
        return self.outcome == "ungradable"


class Extraction(NamedTuple):
    """What a completion answered (`answer`), or why there is none (`reason`); one of the two is None.

    `format_ok`: exactly one closed think block and a box after it, which is what the paper's format reward asks for.
    """

    answer: str | None
    reason: str | None
    format_ok: bool


class Grade(NamedTuple):
    """A completion's verdict and the extraction it rests on."""

    verdict: Verdict
    extraction: Extraction
