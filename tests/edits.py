"""Named edits of questions, for labelled tests: some say the same in other marks or words, some ask something else.

Each edit maps a question (and, where it says so, its options) to another, or to None where it does not apply. An edit
is one pure function of the text and a number that picks among its forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Edit = Callable[[str, int], str | None]

# The first list is for tuning, the second for the report: no wording of one stands in the other.
TEMPLATES = (
    (
        *("Question: {}\nAnswer:", "Answer the following question. {}", "{} Please explain.", "Tell me: {}"),
        *("Problem 1.\n{}", "Solve this problem carefully.\n\n{}\n\nProvide the final answer below."),
        *("Here is a question for you. {}", "{} Show your reasoning.", "I need help with this: {}"),
    ),
    (
        *("Below is a question. Answer it.\n\n{}", "{}\n\nLet's think step by step.", "Q: {}\nA:"),
        *("{} Explain your solution briefly.", "Could you answer this for me? {}", "12. {}"),
    ),
)
_UNITS = (
    *(("kilometers", "miles"), ("meters", "feet"), ("cm", "mm"), ("kg", "g"), ("hours", "minutes"), ("inches", "feet")),
    *(("years", "months"), ("dollars", "cents"), ("miles", "yards"), ("minutes", "seconds"), ("degrees", "radians")),
)


def template(half: int) -> Edit:
    """Wrapped in words that ask for an answer."""
    return lambda text, pick: TEMPLATES[half][pick % len(TEMPLATES[half])].format(text)


def asked_otherwise(text: str, pick: int) -> str | None:
    """`What is X?` as an order, or an order as a question."""
    if match := re.fullmatch(r"(?s)(.*?)What (?:is|are) (the [^?]+)\?", text):
        verb = ("Find", "Determine", "Give", "State")[pick % 4]
        return f"{match[1]}{verb} {match[2]}."
    if match := re.fullmatch(r"(?s)(.*?)(?:Find|Compute|Determine|Calculate) (the [^?.]+)\.", text):
        return f"{match[1]}What is {match[2]}?"
    return None


def letters(text: str, pick: int) -> str:
    """Another case, outside of LaTeX commands."""
    change = (str.upper, str.lower)[pick % 2]
    return "".join(part if part.startswith("\\") else change(part) for part in re.split(r"(\\[A-Za-z]+)", text))


def marks(text: str, pick: int) -> str:
    """Other quotes, dashes, blanks and end marks."""
    for old, new in (("'", "\u2019"), ("...", "\u2026"), (" - ", " \u2212 "), (" ", ("  ", "\u00a0", " \n")[pick % 3])):
        text = text.replace(old, new)
    return text.rstrip(" .?:") + ("", ".", " ?", "!")[pick % 4]


def latex(text: str, pick: int) -> str | None:
    """Other LaTeX for the same formula."""
    if "$" not in text and "\\[" not in text:
        return None
    changed = text.replace("\\frac", ("\\dfrac", "\\tfrac")[pick % 2])
    changed = re.sub(r"\\(?:left|right)\b", "", changed)
    changed = changed.replace(" + ", "+").replace(" = ", " \\, = \\, ").replace("\\[", "$$").replace("\\]", "$$")
    return re.sub(r"\$([^$]+)\$", r"\\( \1 \\)", changed) if pick % 2 else changed


def small_words(text: str, pick: int) -> str | None:
    """An article left out."""
    found = list(re.finditer(r"(?<=[a-z,] )(?:the|a|an) (?=[a-z])", text))
    if not found:
        return None
    match = found[pick % len(found)]
    return text[: match.start()] + text[match.end() :]


def _undrawn(text: str) -> str:
    """The text with its drawings blanked, so that places stay."""
    return re.sub(r"\[asy\].*?(?:\[/asy\]|$)", lambda match: " " * len(match[0]), text, flags=re.DOTALL)


def another_number(text: str, pick: int) -> str | None:
    """One number that is another."""
    found = list(re.finditer(r"(?<![\d.,])\d+(?![\d.,]*\d)", _undrawn(text)))
    if not found:
        return None
    match = found[pick % len(found)]
    return text[: match.start()] + str(int(match[0]) + 1 + pick % 7) + text[match.end() :]


def negation(text: str, pick: int) -> str | None:
    """A `not` where there was none."""
    found = list(re.finditer(r"\b(?:is|are|was|were|can|does|do|did|will|has|have)\b(?! not)", text))
    if not found or re.search(r"\b(?:not|except)\b", text, re.IGNORECASE):
        return None
    match = found[-1 - pick % min(2, len(found))]
    return f"{text[: match.end()]} not{text[match.end() :]}"


def another_unit(text: str, pick: int) -> str | None:
    """One unit that is another."""
    for old, new in _UNITS:
        if match := re.search(rf"\b{old}\b", _undrawn(text)):
            return text[: match.start()] + new + text[match.end() :]
    return None


def another_sign(text: str, pick: int) -> str | None:
    """A plus for a minus, or a minus for a plus."""
    found = list(re.finditer(r"(?<=[\w)}] )[+-](?= [\w(\\])|(?<=\d)[+-](?=\d)", text))
    if not found or "[asy]" in text:
        return None
    match = found[pick % len(found)]
    return text[: match.start()] + ("-" if match[0] == "+" else "+") + text[match.end() :]


SAME: dict[str, Edit] = {
    "asked_otherwise": asked_otherwise,
    "letters": letters,
    "marks": marks,
    "latex": latex,
    "small_words": small_words,
}
DIFFERENT: dict[str, Edit] = {
    "another_number": another_number,
    "negation": negation,
    "another_unit": another_unit,
    "another_sign": another_sign,
}


def reordered(options: list[str], pick: int) -> list[str]:
    """The options in another order."""
    turn = 1 + pick % max(len(options) - 1, 1)
    return [*options[turn:], *options[:turn]]
