"""The one comparison of an answer with a gold.

What counts as equal, at each fork where graders differ (policy `equivalent`):

| gold | answer | verdict | rule |
|---|---|---|---|
| `10\\%` | `0.1` | correct | a percentage is also the number that it is |
| `10\\%` | `10` | correct | ... and the per cent sign may be left away, |
| `10` | `10\\%` | correct | ... or written where the gold leaves it away |
| `0.1` | `10` | wrong | but nothing is a percentage that neither side calls one |
| `5 \\text{ cm}` | `5` | correct | a unit may be left away, or given |
| `5 \\text{ cm}` | `5 \\text{ centimeters}` | correct | in any spelling, |
| `5 \\text{ cm}` | `5 \\text{ m}` | wrong | but two units that differ are wrong; none is converted |
| `90^\\circ` | `90` | correct | degrees are a unit, |
| `90^\\circ` | `\\frac{\\pi}{2}` | correct | and an angle is also the number that it is |
| `\\$32,\\!348` | `32348` | correct | so is currency |
| `x=5` | `5` | correct | a name before the value says nothing, on either side |
| `x=5` | `y=5` | wrong | unless the two name different things |
| `5` | `2+3=5` | correct | every side of a chain must be the gold's value, |
| `5` | `2+3=6` | wrong | so one that contradicts itself is wrong |
| `1,2` | `2,1` | correct | what commas or `and` separate has no order, |
| `(1,2)` | `(2,1)` | wrong | a tuple has, |
| `(1,2)` | `[1,2]` | wrong | and its brackets mean open and closed ends |
| `(1,2)` | `1,2` | wrong | a list is no tuple, |
| `[1,2]` | `1,2` | correct | unless the gold has square brackets and the order is its own |
| `(1,2,3)` | `[1,2,3]` | correct | three parts are no interval, so their brackets mean nothing |
| `1,2` | `\\{2,1\\}` | correct | but a list is a set |
| `\\begin{pmatrix}1\\\\2\\end{pmatrix}` | `(1,2)` | correct | and a vector a tuple |
| `\\pm 2` | `2,-2` | correct | ± is two answers, |
| `\\pm 2` | `2` | wrong | of which one is not enough |
| `1/3` | `0.333` | wrong | a decimal is not a fraction that it only approximates, |
| `1/3` | `0.333333` | correct | unless it is the fraction rounded, to six significant digits or more |
| `0.333` | `1/3` | correct | an exact answer may round to a gold of three significant digits or more, |
| `0.33` | `1/3` | wrong | not of fewer, |
| `3.14` | `3.1416` | wrong | and two decimals are equal or they are not |
| `1,234` | `1234` | correct | a comma before three digits groups thousands, |
| `(1,234)` | `(1, 234)` | correct | but not inside brackets |
| `1.5` | `1,5` | correct | a decimal comma is read where the gold is a number |
| `12_5` | `12` | correct | a base may be left away: the question names it, |
| `12_5` | `7` | wrong | but the digits are the answer |
| `3:2` | `6:4` | correct | ratios are equal up to a factor |
| `12:00` | `1:00` | wrong | times of day are not ratios |
| `y=2x+3` | `2x-y+3=0` | correct | equations are equal up to a factor |
| `x>3` | `(3,\\infty)` | correct | an inequality is the set of its solutions |
| `C` | `c` | wrong | a letter is what it is |

Multiple choice is compared by label and text (`choice`), words by `text`, all else by `formula`.
"""

from __future__ import annotations

from dataclasses import replace

from crossthink_data.errors import unknown
from crossthink_data.verify.choice import compare_choice
from crossthink_data.verify.formula import compare_formula
from crossthink_data.verify.gold import Gold, infer_type
from crossthink_data.verify.latex import plain
from crossthink_data.verify.text import compare_text
from crossthink_data.verify.verdict import POLICIES, Policy, Verdict

# Goes up with every change of a verdict. 1: first published conventions. 2: golds of several right options; a lone
# letter is a label whatever the options' texts; who runs on to a next question and thinks about it answered the first.
GRADER_VERSION = 2


def compare(gold: Gold, answer: str, policy: Policy = "equivalent") -> Verdict:
    """The verdict on an answer: what stands in the box, with no box around it.

    What the bounded tiers cannot decide goes to a worker of the process's shared `Grader`, so this always returns.
    Raises CrossthinkError for an unknown policy.

    >>> compare(Gold(r"\\frac43", "math"), "4/3").outcome, compare(Gold("5", "number"), "5.001").outcome
    ('correct', 'wrong')
    """
    verdict = compare_bounded(gold, answer, policy)
    if verdict is not None:
        return verdict
    from crossthink_data.verify.grader import shared_grader  # it grades with this module

    return shared_grader().compare(gold, answer, policy)


def compare_bounded(gold: Gold, answer: str, policy: Policy = "equivalent") -> Verdict | None:
    """As `compare`, but None where only a computer algebra system could tell."""
    if policy not in POLICIES:
        raise unknown("policy", policy, POLICIES)
    if gold.type == "choice":
        return compare_choice(gold, answer, policy)
    if policy == "strict":
        return _strict(gold, answer)
    if gold.type == "text":
        return _compare_words(gold, answer)
    verdict = _compare_one(gold, gold.answer, answer)
    if not gold.aliases or (verdict and verdict.correct):
        return verdict
    return _compare_any(gold, answer, verdict)


def _compare_any(gold: Gold, answer: str, verdict: Verdict | None) -> Verdict | None:
    """The verdict on aliases, where the gold's own was this; unknown where one that is not correct is unknown."""
    verdicts = [verdict, *(_compare_one(gold, alias, answer) for alias in gold.aliases)]
    correct = [one for one in verdicts if one and one.correct]
    return correct[0] if correct else None if None in verdicts else verdict


def _strict(gold: Gold, answer: str) -> Verdict:
    """The paper's string match."""
    if answer.strip() == gold.answer.strip():
        return Verdict("correct", "equal", "strict")
    return Verdict("wrong", "different", "strict")


def _compare_one(gold: Gold, text: str, answer: str) -> Verdict | None:
    verdict = compare_formula(text, answer)
    if verdict is None or verdict.correct:
        return verdict
    if infer_type(text) == "text":
        return _compare_words(replace(gold, answer=text, type="text", aliases=()), answer)
    return verdict


def _compare_words(gold: Gold, answer: str) -> Verdict:
    """By text; an answer in LaTeX also in the one spelling of its notation."""
    verdict = compare_text(gold, answer)
    if not verdict.wrong or "\\" not in answer:
        return verdict
    return compare_text(replace(gold, answer=plain(gold.answer)), plain(answer))
