"""Procedural problems of the package reasoning-gym, with answers that a program can check exactly.

Left out of its task families are those with several right answers, grids, drawings, games or long
questions; GSM-symbolic, whose templates come from a benchmark; number sequences, whose rule is a guess;
those that change with Python's hash seed (isomorphic_strings, ransom_note); and those with wrong answers in
0.1.25: syllogism takes an undistributed middle term for valid, family_relationships mixes up the two people
of some pairs, and of the calendar tasks, those with business days or the first day of a year forget the
year's end or leap years.
Each question is reworded so that it says which form the answer takes and asks for no other form of reply.
Licence: Apache-2.0, that of the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import polars as pl

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import salt
from crossthink_data.kinds import AnswerType, Domain
from crossthink_data.schema import MAPPED
from crossthink_data.sources.base import Source

FAMILIES_VERSION = 1  # 1: first published list
ROWS_PER_FAMILY = 100
MAX_TRIES = 20  # problems made for each one that is kept, at most

_TESTED = "0.1.25"  # the wordings below are those of this version
_INTEGER = "Give an integer."
_WHOLE = re.compile(r"(\d)\.0+(?!\d)"), r"\1"  # 8.0 -> 8
_UNIT = re.compile(r"(?<!\d)1i\b"), "i"  # 3 + 1i -> 3 + i


@dataclass(frozen=True)
class Family:
    """One task family: its settings and how its texts become ours. All patterns are regular expressions."""

    name: str
    wording: str = r"(.+)"  # must match the whole question, white space at its ends apart
    question: str = r"\1"  # what replaces it
    answer_type: AnswerType = "number"
    domain: Domain = "math"
    dataset: str = ""  # the family's name in reasoning-gym, where it is not `name`
    config: Mapping[str, Any] = field(default_factory=dict)
    drop: str = r"(?!)"  # found in "question => answer" of a problem that has no answer or two
    aliases: tuple[tuple[str, str], ...] = ()  # each replacement in the answer gives one more way to write it


FAMILIES = (
    Family(
        "basic_arithmetic",
        r"Calculate (.+)\.",
        rf"Calculate \1. {_INTEGER}",
        config={"operators": ("+", "-", "*"), "max_terms": 5, "max_digits": 2},
    ),
    Family("chain_sum", r"State the .+ problem: (.+) =", rf"What is \1? {_INTEGER}"),
    Family("decimal_chain_sum", r"State the .+ problem: (.+) =", r"What is \1? Give the exact decimal number."),
    Family(
        "products",
        r"Solve the following multiplication: (.+)\. Give only .+",
        rf"What is \1? {_INTEGER}",
        config={"min_digits": 2, "max_digits": 4},
    ),
    Family(
        "gcd",
        r"Find the .+ of these numbers: (.+)\. Give only .+",
        rf"What is the greatest common divisor of \1? {_INTEGER}",
        config={"max_numbers": 3},
    ),
    Family(
        "lcm",
        r"Find the .+ of these numbers: (.+)",
        rf"What is the least common multiple of \1? {_INTEGER}",
        config={"max_numbers": 3, "max_value": 60},
    ),
    Family(
        "prime_factorization",
        r"(.+?\.) Write the factors separated by .+",
        r"\1 Write the prime factors in ascending order, separated by × (for 12: 2 × 2 × 3).",
        answer_type="text",
        config={"min_value": 20, "max_value": 2000},
        aliases=(
            (" × ", "×"),
            (" × ", " * "),
            (" × ", "*"),
            (" × ", " x "),
            (" × ", r" \\times "),
            (" × ", r" \\cdot "),
        ),
    ),
    Family(
        "count_primes",
        r"Count how many prime numbers there are (.+) \?",
        rf"How many prime numbers are there \1? {_INTEGER}",
        config={"max_n": 500},
    ),
    Family("count_bits", question=rf"\1 {_INTEGER}", config={"max_n": 2**20}),
    Family(
        "base_conversion",
        r".+Now, convert the (\S+) number (\S+) to (\S+)",
        r"Convert the \1 number \2 to \3. Write digits above 9 as lowercase letters. "
        r"Give the digits alone, without a prefix.",
        answer_type="text",
        config={"min_value": 20, "max_value": 5000},
    ),
    Family(
        "bitwise_arithmetic",
        r".+\n(.+)",
        r"Evaluate \1, where << and >> shift bits and integers can have any number of bits. "
        r"Give the result in hexadecimal with the prefix 0x (a negative one as -0x...).",
        answer_type="text",
        domain="stem",
        config={"difficulty": 1},
        aliases=(("0x", ""),),
    ),
    Family(
        "fraction_simplification",
        r"(Simplify the fraction .+ to its lowest terms)\. Give only .+",
        r"\1. Give a fraction in the form a/b.",
        answer_type="text",
        config={"styles": ("plain",), "min_factor": 2},
        drop=r"=> \d+/1$",
        aliases=(
            (r"(\d+)/(\d+)", r"\\frac{\1}{\2}"),
            (r"(\d+)/(\d+)", r"\\dfrac{\1}{\2}"),
            ("/", " / "),
        ),
    ),
    Family("simple_equations", question=rf"\1. {_INTEGER}", drop=r": 0 = 0"),
    Family(
        "complex_arithmetic",
        question=r"\1. Give the result in the form a + bi.",
        answer_type="math",
        config={"operations_weights": [0.25, 0.25, 0.25, 0.25]},
        aliases=((" ", ""),),
    ),
    Family(
        "dice",
        r"I have these dice: (.+)\. What are the odds of rolling (\d+) or higher\? .+",
        r"These dice are rolled at once: \1 (where 1d6 is one roll of a six-sided die). "
        r"What is the probability that the total is \2 or higher? Give a fraction in lowest terms.",
        config={"num_dice": 3, "max_dice_size": 10},
    ),
    Family("coin_flip", question=r"\1 Give the exact decimal number.", config={"max_trials": 10}),
    Family(
        "simple_geometry",
        r"(.+?[?.])Return only .+",
        r"\1 Give the number of degrees.",
        drop=r"=> (1[89]\d|[2-9]\d\d)$",  # no convex polygon has such an angle
    ),
    Family(
        "calendar_weekday",
        r"(.+?[?.]) [A-Z].*",
        r"\1 Give the name of the weekday.",
        answer_type="text",
        dataset="calendar_arithmetic",
        config={"tasks": ["weekday_offset", "weekday_of_date"], "offset_upper_bound": 300},
        drop=r"\d/\d",  # the month first, or the day?
    ),
    Family(
        "calendar_count",
        r"(.+?[?.]) [A-Z].*",
        rf"\1 {_INTEGER}",
        dataset="calendar_arithmetic",
        config={"tasks": ["recurring_event_day", "count_days"]},
    ),
    Family(
        "time_intervals",
        answer_type="text",
        config={"task_types": ["time", "time_seconds"]},  # the others write dates with the day or the month first
        drop=r"=> -",  # ends at midnight
        aliases=((r"^0(\d:)", r"\1"),),
    ),
    Family("binary_alternation", domain="stem", config={"max_n": 20}),
    Family("letter_counting", question=rf"\1 Ignore case. {_INTEGER}", domain="general", drop=r'letter "[^a-z]"'),
    Family(
        "caesar_cipher",
        r"Decrypt this Caesar cipher text: (.+)\. Provide only .+",
        r"These English words were encrypted with a Caesar cipher, which moves every letter by the same "
        r"number of places: \1. Give the decrypted words.",
        answer_type="text",
        domain="general",
        config={"min_words": 4, "max_words": 7},
    ),
    Family(
        "self_reference",
        r"Given the truthfulness .+ solutions: *\n(.+)",
        r"Seven statements speak of themselves:\n\1\nIn how many ways can each of them be marked true or "
        rf"false so that exactly those marked true hold? {_INTEGER}",
        domain="general",
    ),
    Family("course_schedule", answer_type="text", domain="stem", config={"max_num_courses": 8}),
)


def generate(seed: int) -> pl.DataFrame:
    """ROWS_PER_FAMILY problems of each family as mapped rows.

    Raises CrossthinkError where reasoning-gym is missing or is a version with other texts.
    """
    gym = _gym()
    return pl.DataFrame([row for family in FAMILIES for row in _rows(gym, family, seed)], schema=MAPPED)


def generated_from() -> str:
    """The version of reasoning-gym and of the list of families."""
    try:
        return f"reasoning-gym {version('reasoning-gym')}, families {FAMILIES_VERSION}"
    except PackageNotFoundError as error:
        raise _missing() from error


def _gym() -> ModuleType:
    try:
        return import_module("reasoning_gym")
    except ImportError as error:
        raise _missing() from error


def _missing() -> CrossthinkError:
    return CrossthinkError("the starter recipe needs reasoning-gym: pip install 'crossthink[starter]'")


def _rows(gym: ModuleType, family: Family, seed: int) -> Iterator[dict[str, Any]]:
    """The first distinct problems of one family."""
    size = ROWS_PER_FAMILY * MAX_TRIES
    own_seed = int(salt("reasoning_gym", family.name, seed)) % 2**31
    problems = gym.create_dataset(family.dataset or family.name, seed=own_seed, size=size, **family.config)
    seen: set[str] = set()
    for index in range(size):
        problem = problems[index]
        question, answer = _tidy(_reworded(family, problem["question"])), _tidy(problem["answer"])
        if re.search(family.drop, f"{question} => {answer}") or question in seen:
            continue
        seen.add(question)
        yield _row(family, index, question, answer)
        if len(seen) == ROWS_PER_FAMILY:
            return
    raise CrossthinkError(
        f"reasoning-gym: with seed {seed} the first {size} problems of {family.name!r} hold {len(seen)} "
        f"different ones, not {ROWS_PER_FAMILY}: take another seed, or pip install reasoning-gym=={_TESTED}"
    )


def _reworded(family: Family, text: str) -> str:
    match = re.fullmatch(family.wording, text.strip(), re.DOTALL)
    if match is None:
        raise CrossthinkError(
            f"reasoning-gym words {family.name!r} in a way that is not known here ({text[:80]!r}): "
            f"pip install reasoning-gym=={_TESTED}"
        )
    return match.expand(family.question)


def _tidy(text: str) -> str:
    for pattern, replacement in (_WHOLE, _UNIT):
        text = pattern.sub(replacement, text)
    return text


def _row(family: Family, index: int, question: str, answer: str) -> dict[str, Any]:
    aliases = [re.sub(pattern, replacement, answer) for pattern, replacement in family.aliases]
    return {
        "question": question,
        "options": [],
        "answer": answer,
        "answer_aliases": [alias for alias in dict.fromkeys(aliases) if alias != answer],
        "answer_type": family.answer_type,
        "domain": family.domain,
        "source_id": f"{family.name}/{index}",
        "license": "apache-2.0",
    }


def to_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself: its rows are made as mapped ones."""
    return frame


SOURCE = Source(
    name="reasoning_gym",
    category="mr",
    question_type="open",
    domain="math",
    license="apache-2.0",
    attribution="Stojanovski et al., Reasoning Gym: Reasoning Environments for Reinforcement Learning with "
    "Verifiable Rewards, 2025",
    url="https://github.com/open-thought/reasoning-gym",
    to_rows=to_rows,
    generate=generate,
    generated_from=generated_from,
)
