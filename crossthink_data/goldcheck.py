r"""The goldcheck step: a row whose own gold the grader would refuse teaches nothing, so it goes.

Each row's gold is boxed as a model would write it and graded; all of these must be accepted:

| rows            | forms                                                              |
|-----------------|--------------------------------------------------------------------|
| multiple choice | `text`, `C`, `(C)`, `C. text`, `\text{C}`                          |
| number          | `gold`, each alias, `$gold$`; without a unit, `gold\text{ units}`  |
| mathematics     | `gold`, each alias, `$gold$`                                       |
| text            | `gold`, each alias, `gold.`, `\text{gold}`                         |

Of multiple choice every wrong option is graded too, as label and as text, and must be refused. The step also sets
`answer_type`, which picks the comparator, from the gold itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import polars as pl

from crossthink_data.frame_step import FrameStep
from crossthink_data.kinds import LABELS, AnswerType
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold, infer_type
from crossthink_data.verify.plain_number import plain_number
from crossthink_data.verify.units import canonical

GOLDCHECK_VERSION = 1  # 1: first published forms

REFUSED = "gold_refused"
ACCEPTED = "wrong_option_accepted"

_ENDS = " .,;:"  # what a sentence leaves at a number's end
_PLAIN = re.compile(r"[^\\{}<]{1,1000}+")  # boxed, such a form is read as it stands
_MARKED = re.compile(r"(?<!\\)\$|\\[(\[]")  # a gold with its own marks of mathematics gets no others

# What a gold that its source calls a text must be to be compared by value: mathematics as it is typed, or an amount.
_FORMULA = re.compile(r"\\[A-Za-z]|[\^=]")
_AMOUNT = re.compile(r"[-+\u2212\u2013]?+\\?+\$?+(?P<number>\d[\d,]*+(?:\.\d++)?+|\.\d++)\s*+(?P<rest>\D*+)")
_YEAR = re.compile(r"[12]\d{3}")
_COUNTED = re.compile(r"(?!.*(?:illion|thousand|hundred|dozen))(?:[a-z]++ ){0,2}[a-z]+s")  # "straight wins"
_NAME = re.compile(r"[A-Z][a-z]{2}")  # "8 Mile" is a film, "21 March" a day


class Goldcheck(FrameStep):
    """Gives rows that the grader would misjudge their reason, and open rows their answer type."""

    name = "goldcheck"

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with `reason` on rows that had none and fail, and with the `answer_type` of all that had none."""
        kept = frame["reason"].is_null()
        types, reasons = [], []
        columns = ("answer", "answer_type", "options", "answer_label", "answer_aliases")
        for keep, row in zip(kept, frame.select(columns).iter_rows(), strict=True):
            gold = _gold(*row) if keep else None
            types.append(gold.type if gold else row[1])
            reasons.append(refusal(gold) if gold else None)
        return frame.with_columns(
            answer_type=pl.Series(types, dtype=pl.String),
            reason=pl.coalesce("reason", pl.Series(reasons, dtype=pl.String)),
        )


@lru_cache(maxsize=4096)  # the golds of open questions are often the same few numbers
def refusal(gold: Gold) -> str | None:
    """Why the grader cannot be trusted with this gold, or None.

    >>> refusal(Gold("4", "choice", ("3", "4"), "B")), refusal(Gold("a", "choice", ("a", "a"), "A"))
    (None, 'wrong_option_accepted')
    """
    if not all(_accepts(gold, form) for form in _forms(gold)):
        return REFUSED
    return ACCEPTED if any(_accepts(gold, form) for form in _wrong(gold)) else None


def answer_type(answer: str, declared: AnswerType, has_options: bool) -> AnswerType:
    """The type by which a gold is compared: its own form decides, but what its source calls a text needs more proof.

    A value is not all that a text says: the day `21 March` is no other month's 21st, the factorisation `2 × 3` is not
    its product, and a fraction that is a text was asked for in lowest terms.

    >>> answer_type("1776", "text", False), answer_type("C", "text", False), answer_type("C", "math", False)
    ('number', 'text', 'math')
    """
    if has_options:
        return "choice"
    found = infer_type(answer)
    if declared != "text" or _FORMULA.search(answer):
        return found
    return "number" if found == "number" and _is_amount(answer) else "text"


def _is_amount(answer: str) -> bool:
    """Whether a text is one number, alone, with a unit, or with what is counted."""
    match = _AMOUNT.fullmatch(answer.strip())
    if match is None:
        return False
    rest = match["rest"].strip(_ENDS)
    if not rest or (canonical(rest) and not _NAME.search(rest)):
        return True
    return bool(_COUNTED.fullmatch(rest)) and not _YEAR.fullmatch(match["number"])


def _gold(answer: str, declared: AnswerType, options: list[str], label: str | None, aliases: list[str]) -> Gold:
    return Gold(answer, answer_type(answer, declared, bool(options)), tuple(options), label, tuple(aliases))


def _forms(gold: Gold) -> Iterator[str]:
    """The gold as a model would write it in its box."""
    answer = gold.answer
    yield answer
    if gold.type == "choice":
        yield from (gold.label or "", f"({gold.label})", f"{gold.label}. {answer}", rf"\text{{{gold.label}}}")
        return
    yield from (alias for alias in gold.aliases if alias.strip())
    if gold.type == "text":
        yield from (f"{answer}.", rf"\text{{{answer}}}")
    elif not _MARKED.search(answer):
        yield f"${answer}$"
        bare = answer.rstrip(_ENDS)
        if plain_number(bare):
            yield bare + r"\text{ units}"


def _wrong(gold: Gold) -> Iterator[str]:
    """The wrong options, as labels and as texts."""
    for label, text in zip(LABELS, gold.options, strict=False):
        if label != gold.label:
            yield label
            yield text


def _accepts(gold: Gold, form: str) -> bool:
    answer = _read(form)
    verdict = compare_bounded(gold, answer) if answer is not None else None
    return verdict is not None and verdict.correct


def _read(form: str) -> str | None:
    r"""What the extractor finds in `\boxed{form}`."""
    if _PLAIN.fullmatch(form):
        return form.strip() or None
    return _extracted(form)


@lru_cache(maxsize=256)  # `\text{C}`
def _extracted(form: str) -> str | None:
    return extract(f"\\boxed{{{form}}}").answer
