r"""Free text compared by normal form: equal after the conventions below, or different. Nothing is fuzzy.

| written                                               | convention                                                  |
|-------------------------------------------------------|-------------------------------------------------------------|
| \text{Paris}, \boxed{…}, $…$, **…**, __…__, "…", '…'  | wrappers come off, in pairs; \$5 and $5 are money           |
| \ , \quad, a~b                                        | spaces; ~5 is about 5                                       |
| Paris, PARIS                                          | one case; a single character keeps its own: C is not c      |
| café, Wałęsa, full width, ﬁ, no-break space           | compatible forms and accents of Latin letters fold          |
| invisible and direction marks                         | dropped                                                     |
| look-alike letters of other scripts, marks on those   | different                                                   |
| x², x^2, x^{2}; CO₂, CO_2                             | one exponent, one index: 10² is not 102                     |
| ½, 1½                                                 | 1/2, 1 1/2                                                  |
| a pig, an apple                                       | a first article falls; not A minor, A and B, Vitamin A      |
| the                                                   | falls anywhere                                              |
| . , ; : ! ? ( ) [ ] " at a word's edge                | falls; not in 5!, .5, (2,3], [a, b]                         |
| ' and " left after a word                             | primes and possessives: stay                                |
| -5, 1.5, 12:00, 3/4, + # ± % ° $ = < >                | stay: C++ is not C; 5 % is 5%                               |
| well-known, X-ray, a & b                              | well known, X ray, a and b; x-y, B-12 and "a - b" stay      |
| J. R. R. Tolkien, J R R Tolkien, U.S.                 | initials close up: jrr tolkien, us                          |
| 4:30 p.m., 4:30pm                                     | 4:30 pm                                                     |
| Washington, George                                    | also George Washington; order counts between two such lists |
| 1,000 men                                             | 1000 men                                                    |
| seven                                                 | 7, as the whole answer, zero to twenty                      |
| July 4, 1776                                          | any writing of that date (`dates`)                          |
| longer than 5,000 characters                          | equal only as it stands, but for white space around it      |

"Paris Hilton", "not Paris", "Paris or London", a plural and a possessive are none of them Paris.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from crossthink_data.verify.dates import Date, date_of
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Verdict

LONGEST = 5_000  # characters normalised: a run of that many combining marks takes 20 ms, and twice as many four times

_VERBATIM = Verdict("correct", "equal", "string")
_EQUAL = Verdict("correct", "equal", "text")
_DATE = Verdict("correct", "date", "date")
_ALIAS = Verdict("correct", "alias", "alias")
_DIFFERENT = Verdict("wrong", "different", "text")
_EMPTY = Verdict("wrong", "empty", "text")
_NO_GOLD = Verdict("ungradable", "empty_gold", "text")

_Edit = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_WRAPPER = re.compile(r"\\(?:text(?:bf|it|rm|sc|sf|tt)?|math(?:bf|it|rm|sf)|[mh]box|emph|underline|boxed)\s*\{|\\?[{}]")
_LATEX: list[_Edit] = [
    (re.compile(r"(?<=[0-9])(?:\\,|\{,\})(?:\\!)?(?=[0-9])"), ","),  # thousands
    (re.compile(r"\\(?:[()\[\]!]|left(?![a-z])|right(?![a-z]))"), ""),
    (re.compile(r"\\(?:[ ,;:]|q?quad(?![a-z])|\\\s*$)"), " "),
    (re.compile(r"(?<!\\)\$\$?(?!\s)((?:[^$\\]|\\.)+)(?<!\s)\$\$?(?!\w)"), r"\1"),
    (re.compile(r"\\([&%$#_{}])"), r"\1"),
]
_MARKUP: list[_Edit] = [
    (re.compile(r"(?<![\w*])(\*{1,3})(?![\s*])([^*]+)(?<!\s)\1(?![\w*])"), r"\2"),
    (re.compile(r"(?<!\w)(_{1,2})([^\W_][^_]*)(?<!\s)\1(?!\w)"), r"\2"),
    (re.compile(r"(?<=[\w}.,:;)])~(?=\S)"), " "),
]
_UNICODE: list[_Edit] = [
    (re.compile("[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff™®]"), ""),
    (re.compile("[‐-―−]"), "-"),
    (re.compile("[‘’‚‛′´ʼ]"), "'"),
    (re.compile("[“”„‟″«»]"), '"'),
    (re.compile("[⁰¹²³⁴-⁾ⁿⁱ]+"), lambda match: f"^{{{_compatible(match[0])}}}"),
    (re.compile("(?<=[0-9])[₀-₎]+"), lambda match: f"_{{{_compatible(match[0])}}}"),
    (re.compile("[¼-¾⅐-⅟↉①-⓿❶-➓]"), lambda match: f" {_compatible(match[0])} "),  # else 1½ would be 11/2
]
_ACCENTS = re.compile("(?<=[A-Za-z])[\u0300-\u036f]+")
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})

_PLAIN = re.compile("[a-z0-9 ]+")  # `_PUNCTUATION` finds nothing in it
_PUNCTUATION: list[_Edit] = [
    (re.compile(r"``|''"), '"'),
    (re.compile("`"), "'"),
    (re.compile(r'(?<!\w)"([^"]+)"(?!\w)'), r"\1"),
    (re.compile(r"(?<!\w)'((?:[^']|(?<=\w)'(?=\w))+)'(?!\w)"), r"\1"),
    (re.compile(r"\^(?:\{([^{}]*)\}|([+-]?\w+|[+-]))"), lambda match: f"^{{{match[1] or match[2] or ''}}}"),
    (re.compile(r"(?<=[^\W\d_])_(?:\{([0-9]+)\}|([0-9]+))"), r"\1\2"),
    (re.compile(r"(?<![0-9,.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])"), lambda match: match[0].replace(",", "")),
    (re.compile(r"(?<![^\W\d_])(?<![.'])(?:[a-z]\. ?)+[a-z]\.?(?!\w)"), lambda match: _letters(match[0])),
    (re.compile(r"(?<=[0-9]) (?=[%°])"), ""),
    (re.compile(r"&"), " and "),
    (re.compile(r",(?![0-9])|(?<![0-9]),|;"), " "),
    (re.compile(r"(?<=[^\W\d_])-+(?=[^\W\d_]{2})|(?<=[^\W\d_]{2})-+(?=[^\W\d_])"), " "),
]
_ARTICLE = re.compile(r"^([\"'(]*)(?:an (?=\S)|a (?!(?:and|or|is|major|minor|flat|sharp)\b)(?=\w\w|\w \w\w))")
_CLOCK = re.compile(r"([0-9])([ap]m)(?!\w)")
_SPACED_INITIALS = re.compile(r"(?<!\S)[a-z](?: [a-z]){1,4}(?= [^\W\d_]{2})")
_LIST = re.compile(r"[(\[][^()\[\]]+[)\]]")
_TWO_PARTS = re.compile(r"[^,0-9]{1,50},[^,0-9]{1,50}")
_OPENING = "([\"'¿¡"
_CLOSING = ".,;:?!)]"
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS = {word: str(i) for i, word in enumerate([*_SMALL.split(), "seventeen", "eighteen", "nineteen", "twenty"])}


@dataclass(frozen=True, slots=True)
class _Form:
    """A text's normal form; `swapped`: that of "First Last" where the text is "Last, First"; the date that it is."""

    normal: str
    swapped: str | None = None
    date: Date | None = None


def compare_text(gold: Gold, answer: str) -> Verdict:
    """Whether the answer is the gold or one of its aliases; `ungradable` where none of these says anything."""
    if answer == gold.answer and answer.strip():
        return _VERBATIM
    said = _form(answer)
    if said.normal and (verdict := _match(_form(gold.answer), said)):
        return verdict
    aliases = [form for form in map(_form, gold.aliases) if form.normal]
    if not aliases and not _form(gold.answer).normal:
        return _NO_GOLD
    if not said.normal:
        return _EMPTY
    return _ALIAS if any(_match(alias, said) for alias in aliases) else _DIFFERENT


def normalised(text: str) -> str:
    """The text's normal form: equal texts have the same, but for dates and names written last name first."""
    return _form(text).normal


def _match(gold: _Form, said: _Form) -> Verdict | None:
    """The verdict that the two are one, or None."""
    if gold.normal == said.normal:
        return _EQUAL
    if said.date and said.date == gold.date:
        return _DATE
    if gold.swapped and not said.swapped and gold.swapped == said.normal:
        return _EQUAL
    return _EQUAL if said.swapped and not gold.swapped and said.swapped == gold.normal else None


def _form(text: str) -> _Form:
    """The form of any text, kept for the short ones: golds, and answers that a group of completions shares."""
    return _kept_form(text) if len(text) <= 200 else _new_form(text)


def _new_form(text: str) -> _Form:
    text = text.strip()
    if len(text) > LONGEST:
        return _Form(text)
    spelled = " ".join(_spelled(text).split())
    folded = _folded(spelled)
    normal = _words(folded)
    if len(normal) == 1:
        return _Form(_cased(normal, spelled))
    return _Form(normal or folded, _swapped(folded), date_of(normal))


_kept_form = lru_cache(maxsize=8192)(_new_form)


def _spelled(text: str) -> str:
    """The text without its wrappers and in plain characters, its case and accents as they were."""
    if not text.isascii():
        text = _compatible(_edited(text, _UNICODE))
    if "\\" in text:
        text = _unwrapped(text)
    if "\\" in text or "$" in text or "{,}" in text:
        text = _edited(text, _LATEX)
    return _edited(text, _MARKUP) if "*" in text or "~" in text or "_" in text else text


def _unwrapped(text: str) -> str:
    r"""The text without `\text{` and the like and the brace that closes each; other braces stay."""
    kept: list[str] = []
    is_wrapper: list[bool] = []
    end = 0
    for match in _WRAPPER.finditer(text):
        drops = len(match[0]) > len(r"\{")
        if drops or match[0] == "{":
            is_wrapper.append(drops)
        elif match[0] == "}" and is_wrapper:
            drops = is_wrapper.pop()
        kept.append(text[end : match.start() if drops else match.end()])
        end = match.end()
    return "".join(kept) + text[end:]


def _folded(text: str) -> str:
    """The text in one case and without accents on Latin letters."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare).translate(_STROKES)


def _cased(letter: str, text: str) -> str:
    """A single character as the text has it: its case and its accent are all that it says."""
    return next((char for char in reversed(text) if _folded(char) == letter), letter)


def _words(folded: str) -> str:
    """The words of a folded text: punctuation, articles and the gaps between initials gone."""
    if _LIST.fullmatch(folded) and "," in folded:
        return folded  # brackets say whether ends count
    text = _ARTICLE.sub(r"\1", folded)
    if not _PLAIN.fullmatch(text):
        text = " ".join(filter(None, map(_bare, _edited(text, _PUNCTUATION).split())))
    text = _SPACED_INITIALS.sub(lambda match: _letters(match[0]), _CLOCK.sub(r"\1 \2", text))
    if "the" in text:
        text = " ".join([word for word in text.split() if word != "the"])
    return _NUMBERS.get(text, text)


def _bare(word: str) -> str:
    """A word without the punctuation at its edges that is no part of it."""
    word = word.lstrip(_OPENING)
    if word.startswith(".") and not word[1:2].isalnum():
        word = word.lstrip(".")
    stem = word.rstrip(_CLOSING)
    is_factorial = word.startswith("!", len(stem)) and (len(stem) == 1 or stem[-1:].isdecimal())
    return stem + "!" if is_factorial else stem


def _swapped(folded: str) -> str | None:
    """The normal form of "first last" where a text is "last, first": one comma, one to three words a side, letters."""
    if not _TWO_PARTS.fullmatch(folded):
        return None
    last, _, first = folded.partition(",")
    sides = _words(last).split(), _words(first).split()
    if any(not 1 <= len(side) <= 3 or not all(map(_is_name, side)) for side in sides):
        return None
    return _words(f"{first.strip()} {last.strip()}")


def _is_name(word: str) -> bool:
    return word.replace("'", "").isalpha()


def _letters(text: str) -> str:
    return text.replace(".", "").replace(" ", "")


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("⁄", "/").replace("−", "-")


def _edited(text: str, edits: list[_Edit]) -> str:
    for pattern, replacement in edits:
        text = pattern.sub(replacement, text)
    return text
