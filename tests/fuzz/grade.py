r"""Answers that nobody would write, compared in this process: each gets a verdict, soon, and memory stays as it was.

`python -m tests.fuzz.grade --seconds 60` ends at the first answer that raises (with the traceback) or that takes too
long or too much memory (with 1); the seed that it reports gives the same answers again.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from crossthink_data.verify import Gold, Verdict, infer_type
from crossthink_data.verify.compare import compare_bounded
from tests.verify.golds import OUR_GOLDS

SLOWEST = 1.0  # seconds of the processor for one answer
LONGEST = 30_000  # characters, half as many again as the grader reads
GROWTH = 300  # MB that the process may gain once its caches are warm
WARM = 3_000  # answers

BUGS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)  # that get the case noted

_PAGE = resource.getpagesize()
_PIECES = [
    r"\frac",
    r"\sqrt",
    r"\text{",
    r"\text{lcm}(",
    r"\gcd(",
    r"\{",
    r"\}",
    r"\left(",
    r"\right)",
    r"\pm",
    r"\mid",
]
_PIECES += [r"\begin{pmatrix}", r"\end{pmatrix}", r"\\", "&", r"\cup", r"\cap", r"\setminus", r"\mathbb{R}", r"\infty"]
_PIECES += [
    r"\sin",
    r"\ln",
    r"\log_",
    r"\binom",
    r"\lfloor",
    r"\rfloor",
    r"\overline{",
    r"\pmod",
    r"\in",
    r"\le",
    r"\ne",
]
_PIECES += ["^{", "_{", "}", "{", "(", ")", "[", "]", "|", "!", ",", ";", ":", "=", "<", "+", "-", "*", "/", "%", "$"]
_PIECES += [
    "^9",
    "^{9000}",
    "9^9",
    "5000!",
    "1e999",
    "0.5",
    "1,234",
    "12",
    "7",
    "x",
    "y",
    "n",
    "i",
    "e",
    "f(",
    " or ",
    " ",
]


@dataclass(frozen=True, slots=True)
class Case:
    """A gold and what is answered to it."""

    gold: str
    answer: str


def case(generator: random.Random) -> Case:
    """The next case: a gold mutated, golds joined, notation in any order, bytes, or one piece over and over."""
    gold = generator.choice(OUR_GOLDS)
    kind = generator.randrange(10)
    if kind < 5:
        return Case(gold, _mutated(gold, generator))
    if kind < 7:
        joint = generator.choice([",", "=", r"\cup ", " or ", "+", r"\text{ and }", r"\approx ", "^", ":", r"\mid "])
        return Case(gold, joint.join(generator.choices(OUR_GOLDS, k=generator.randrange(2, 9))))
    if kind < 8:
        return Case(gold, "".join(generator.choices(_PIECES, k=generator.randrange(60))))
    if kind < 9:
        return Case(gold, generator.randbytes(generator.randrange(300)).decode("utf-8", "surrogateescape"))
    piece = "".join(generator.choices(_PIECES, k=generator.randrange(1, 4)))
    return Case(gold, (piece * generator.choice([30, 300, 3000, 10_000]))[:LONGEST])


def _mutated(text: str, generator: random.Random) -> str:
    for _ in range(generator.randrange(1, 6)):
        start = generator.randrange(len(text) + 1)
        end = min(len(text), start + generator.randrange(4))
        middle = generator.choice(
            [generator.choice(_PIECES), text[start:end] * 2, "", text, generator.choice(OUR_GOLDS)]
        )
        text = (text[:start] + middle + text[end:])[:LONGEST]
    return text


def fault(given: Case) -> str | None:
    """What is wrong with how the grader takes a case, or None. What it raises goes through."""
    start = time.process_time()
    verdict = compare_bounded(Gold(given.gold, infer_type(given.gold)), given.answer)
    seconds = time.process_time() - start
    if seconds > SLOWEST:
        return f"{seconds:.1f} s"
    return None if verdict is None or isinstance(verdict, Verdict) else f"a {type(verdict).__name__}"


def megabytes() -> float:
    """What the process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


def run(seconds: float, seed: int) -> tuple[int, str | None]:
    """How many cases passed, and the fault that ended the run early."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    end, turn, warm = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        given = case(generator)
        try:
            found = fault(given)
        except BUGS as error:
            error.add_note(f"seed {seed}, {given!r}"[:2000])
            raise
        if found:
            return turn, f"{found}: {given!r}"[:2000]
        turn += 1
        if turn == WARM:
            warm = megabytes()
        if turn > WARM and turn % 1000 == 0 and megabytes() - warm > GROWTH:
            return turn, f"{megabytes() - warm:.0f} MB more than after {WARM} answers"
    return turn, None


def main() -> int:
    """Runs for as long as the command line says; 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.seconds + 60, exit=True)  # where one answer takes for ever
    turns, found = run(options.seconds, options.seed)
    sys.stdout.write(f"seed {options.seed}: {turns} answers; {found or 'nothing found'}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
