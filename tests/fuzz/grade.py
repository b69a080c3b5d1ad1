r"""Answers that nobody would write, extracted and compared in this process: each gets a verdict, soon.

`python -m tests.fuzz.grade --cases 1000000 --seed 1`, or `--seconds 60`, ends at the first answer that raises (with
the traceback) or that takes too long or too much memory (with 1).
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass

from crossthink_data.kinds import LABELS
from crossthink_data.verify import Extraction, Gold, Verdict, extract, infer_type
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.verdict import POLICIES, Policy
from tests.fuzz import runner
from tests.verify.golds import OUR_GOLDS

SLOWEST = 1.0  # seconds of the processor for one answer
LONGEST = 30_000  # characters, half as many again as the grader reads

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


_SAID = ["<think>", "</think>", "think>", r"\boxed{", r"\fbox{", r"\boxed 7", r"\\boxed{", "}", "{", r"\}", "####"]
_SAID += [
    "The answer is (",
    ")",
    "**Answer:** ",
    "\nQuestion: ",
    "\n\nProblem 2:",
    "<|im_end|>",
    "[INST]",
    "\n",
    " B. ",
]


@dataclass(frozen=True, slots=True)
class Case:
    """A gold, what is answered to it, and a completion that holds the answer somewhere."""

    gold: str
    answer: str
    completion: str = ""
    options: tuple[str, ...] = ()
    policy: Policy = "equivalent"


def case(generator: random.Random) -> Case:
    """The next case: one in ten is multiple choice, one in five is under another policy."""
    gold = generator.choice(OUR_GOLDS)
    answer = _answer(gold, generator)
    others = tuple(generator.choices(OUR_GOLDS, k=generator.randrange(6)))
    options = (gold, *others) if generator.randrange(10) == 0 else ()
    policy = generator.choice(POLICIES) if generator.randrange(5) == 0 else "equivalent"
    return Case(gold, answer, _said(answer, generator), options, policy)


def _answer(gold: str, generator: random.Random) -> str:
    """A gold mutated, golds joined, notation in any order, bytes, or one piece over and over."""
    kind = generator.randrange(10)
    if kind < 5:
        return _mutated(gold, generator)
    if kind < 7:
        joint = generator.choice([",", "=", r"\cup ", " or ", "+", r"\text{ and }", r"\approx ", "^", ":", r"\mid "])
        return joint.join(generator.choices(OUR_GOLDS, k=generator.randrange(2, 9)))
    if kind < 8:
        return "".join(generator.choices(_PIECES, k=generator.randrange(60)))
    if kind < 9:
        return generator.randbytes(generator.randrange(300)).decode("utf-8", "surrogateescape")
    piece = "".join(generator.choices(_PIECES, k=generator.randrange(1, 4)))
    return (piece * generator.choice([30, 300, 3000, 10_000]))[:LONGEST]


def _said(answer: str, generator: random.Random) -> str:
    """The answer in its box, or among what stands around boxes, in any order and over and over."""
    if generator.randrange(3) == 0:
        return rf"<think>So.</think> \boxed{{{answer}}}"
    pieces = [*generator.choices(_SAID, k=generator.randrange(1, 20)), answer]
    generator.shuffle(pieces)
    return ("".join(pieces) * generator.choice([1, 1, 1, 2, 300]))[: 10 * LONGEST]


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
    found = [extract(given.completion, LABELS[: len(given.options)], flexible=loose) for loose in (False, True)]
    kind = infer_type(given.gold, given.options)
    gold = Gold(given.gold, kind, given.options, "A" if given.options else None)
    verdict = compare_bounded(gold, given.answer, given.policy)
    seconds = time.process_time() - start
    if seconds > SLOWEST:
        return f"{seconds:.1f} s: {given!r}"
    if not all(isinstance(one, Extraction) and (one.answer is None) == bool(one.reason) for one in found):
        return f"extracted {found!r:.500}: {given!r}"
    return None if verdict is None or isinstance(verdict, Verdict) else f"a {type(verdict).__name__}: {given!r}"


def check(generator: random.Random) -> str | None:
    """The next case, and what is wrong with it."""
    return fault(case(generator))


if __name__ == "__main__":
    sys.exit(runner.main(check, __doc__))
