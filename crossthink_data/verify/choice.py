r"""Multiple choice: an answer is a label of the row, an option's text, or the two together.

How an answer is read, in this order (texts are compared without case, outer wrappers, spare spaces or final period):

| answer | read as |
|---|---|
| `C`, `(C)`, `\text{C}.`, `**Option C**` | the label; if a whole option reads `C` as well, both must be the gold |
| `c` | the label, where options are known and none is a single letter |
| an option's whole text (`E. coli`) | that option, whatever letter it begins with |
| `A and B`, `A, B`, `AB`, `(A) (B)` | several labels: wrong |
| `C. text`, `(C) text`, `C (text)`, `C \text{text}` | label and text; another option's text makes it wrong |
| `C. a paraphrase` | the label under `any` and `equivalent`, wrong under `label+text` |
| `A good idea`, a Cyrillic `С` | no label, hence no option |
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from crossthink_data.kinds import LABELS
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Policy, Verdict

_SLACK = 1_000  # characters by which an answer may be longer than twice the longest option
_DEPTH = 12  # wrappers around wrappers that are taken off

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
_SPACE = re.compile(r"(?:\s|\\[ ,;!]|\\quad\b|~)+")
_SIZES = re.compile(r"\\(?:left|right)(?=[()\[\]])")
_COMMAND = r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:bf|it|rm|sf|tt)|boldsymbol|bf|rm|boxed|fbox)\b"
_OPENING = re.compile(rf"{_COMMAND}\s*\{{|\\\(|\\\[|\{{\\(?:rm|bf)\b|\*\*|__|``|[$`\"'*_(\[{{\u2018\u201c]")
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "(": ")", "[": "]", "\u2018": "\u2019", "\u201c": "\u201d"}
_WORD = re.compile(r"(?:(?i:option|choice|answer)\b\s*:?\s*|\\(?:rm|bf|sf|math(?:bf|rm|sf))\s+)(?=\S)")
_LABELLED = re.compile(
    rf"(?:{_COMMAND}\s*\{{|\\\(|[(\[{{$*_`\"'\s])*+([A-Za-z])"
    rf"([ \t]*+(?:(?:[.:)\]}}$*`\"']|\\\)|__)++(?:\s*+[-\u2013\u2014.:](?=\s))?+"  # "C.", "(C) -", "**C**:"
    rf"|[-\u2013\u2014](?=\s)|\n|(?=\$|{_COMMAND})|(?<=\s)(?=\())\s*+)"  # "C - text", "C \text{{text}}", "C (text)"
)
_LEADING = re.compile(r"(?:[\s}),;:]|\.(?=\s))+")  # what a label's wrapper leaves before the text
_FURTHER = re.compile(r"(?:\s*(?:,|/|&|;|\+|\band\b|\bor\b|\bthrough\b))++\W*+([A-Z])(?!\w)")
_SEVERAL = re.compile(r"\W*[A-Z](?:(?:\W|\band\b|\bor\b)*+[A-Z](?!\w))+\W*|[A-Z]{2,26}")


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row's golds amount to: its labels, the right one, and which labels each normalised text stands for."""

    labels: str
    label: str | None
    options: tuple[str, ...]
    texts: dict[str, str]
    lower: bool
    longest: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an answer says: a label, the labels whose text it gives, whether there is text besides the label."""

    label: str | None = None
    texts: str = ""
    more: bool = False
    several: bool = False


def compare_choice(gold: Gold, answer: str, policy: Policy) -> Verdict:
    """Whether the answer names the gold's option, in a form that the policy takes.

    >>> compare_choice(Gold("4", "choice", ("3", "4"), "B"), "(B) 4", "any")
    Verdict(outcome='correct', reason='label_and_text', decided_by='label')
    """
    row = _row(gold.options, gold.label, gold.answer, gold.aliases)
    if row.label is None:
        return Verdict("ungradable", "gold_label_missing", "label")
    if policy == "strict":
        return _strict(row, gold.answer, answer.strip())
    reading = _read(answer, row)
    if policy == "label":
        return _by_label(reading, row.label)
    if policy == "text":
        return _by_text(reading, row.label)
    if policy == "label+text":
        return _by_both(reading, row.label)
    return _by_any(reading, row.label)


def _strict(row: _Row, text: str, answer: str) -> Verdict:
    """The paper's forms to the letter: `B`, `B. text`, `B) text`, `(B) text`."""
    label = row.label
    right = answer == label or answer in (f"{label}. {text}", f"{label}) {text}", f"({label}) {text}")
    return Verdict("correct", "exact", "strict") if right else Verdict("wrong", "not_exact", "strict")


def _by_label(reading: _Reading, label: str) -> Verdict:
    if reading.several:
        return Verdict("wrong", "several_labels", "label")
    if reading.label is None or reading.more:
        return Verdict("wrong", "not_a_label_alone", "label")
    return _judged(reading.label == label, "label", "different_label", "label")


def _by_text(reading: _Reading, label: str) -> Verdict:
    if reading.more or not reading.texts:
        return Verdict("wrong", "label_alone" if reading.label and not reading.more else "not_a_text_alone", "option")
    return _judged(label in reading.texts, "option_text", "different_option", "option")


def _by_both(reading: _Reading, label: str) -> Verdict:
    if not reading.more:
        return Verdict("wrong", "several_labels" if reading.several else "not_label_and_text", "label")
    if not reading.texts:
        return Verdict("wrong", "label_with_other_text", "label")
    return _by_any(reading, label)


def _by_any(reading: _Reading, label: str) -> Verdict:
    if reading.several:
        return Verdict("wrong", "several_labels", "label")
    if reading.label is None:
        if not reading.texts:
            return Verdict("wrong", "not_an_option", "option")
        return _judged(label in reading.texts, "option_text", "different_option", "option")
    if not reading.texts:
        return _judged(reading.label == label, "label", "different_label", "label")
    if reading.more:
        if reading.label not in reading.texts:
            return Verdict("wrong", "label_text_contradiction", "label")
        return _judged(reading.label == label, "label_and_text", "different_label", "label")
    if (reading.label == label) != (label in reading.texts):
        return Verdict("wrong", "ambiguous", "label")
    return _judged(reading.label == label, "label", "different_label", "label")


def _judged(right: bool, yes: str, no: str, decided_by: str) -> Verdict:
    return Verdict("correct", yes, decided_by) if right else Verdict("wrong", no, decided_by)


@lru_cache(maxsize=4096)
def _row(options: tuple[str, ...], label: str | None, answer: str, aliases: tuple[str, ...]) -> _Row:
    labels = LABELS[: len(options)] if options else LABELS
    texts: dict[str, str] = {}
    for at, text in zip(labels, options, strict=False):
        _add(texts, text, at)
    if label is None:
        label = _label_of(answer, labels, options, texts)
    elif len(label) != 1 or label not in labels:
        label = None
    if label:
        for text in (answer, *aliases):
            _add(texts, text, label)
    longest = max(map(len, (*options, answer, *aliases)))
    lower = bool(options) and not any(len(text) == 1 and text.isalpha() for text in texts)
    return _Row(labels, label, options, texts, lower, longest)


def _add(texts: dict[str, str], text: str, label: str) -> None:
    key = _normal(text)
    if key and label not in texts.get(key, ""):
        texts[key] = texts.get(key, "") + label


def _label_of(answer: str, labels: str, options: tuple[str, ...], texts: dict[str, str]) -> str | None:
    """The label of the option that the gold's text is, if it is one option's."""
    if answer in options[: len(labels)]:
        return labels[options.index(answer)]
    return texts.get(_normal(answer), "")[:1] or None


def _read(answer: str, row: _Row) -> _Reading:
    if len(answer) > 2 * row.longest + _SLACK:
        return _Reading()
    plain = _unwrap(answer)
    texts = _texts(plain, answer, row)
    if len(plain) == 1 and (label := _label(plain, row)):
        return _Reading(label, texts)
    if texts:
        return _Reading(texts=texts)
    labelled = _labelled(plain, row) or _labelled(_spaced(answer), row)
    if labelled and labelled.texts:
        return labelled
    if _SEVERAL.fullmatch(plain) and all(letter in row.labels for letter in plain if "A" <= letter <= "Z"):
        return _Reading(several=True)
    return labelled or _Reading()


def _labelled(text: str, row: _Row) -> _Reading | None:
    """A label, a separator, and something more."""
    found = _LABELLED.match(text)
    label = _label(found[1], row) if found else None
    if not found or not label:
        return None
    mark, rest = found[2], text[found.end() :]
    further = _FURTHER.match(rest)
    if further and further[1] in row.labels:
        return _Reading(several=True)
    plain = _unwrap(rest)
    texts = _texts(plain, rest, row) or _texts(_freed(rest), rest, row)
    apart = mark[-1:].isspace() or not (mark.endswith((".", ":")) or rest.startswith(("-", "\u2013", "\u2014")))
    if not texts and not apart:
        return None  # "A.M.", "(E)-2-butene": nothing sets the letter apart
    return _Reading(label, texts, more=bool(plain))


def _freed(rest: str) -> str:
    """The text after a label without what a wrapper of the label leaves before it, inside its own wrapper or out."""
    inner = _unwrap(rest[lead.end() :] if (lead := _LEADING.match(rest)) else rest)
    lead = _LEADING.match(inner)
    return _unwrap(inner[lead.end() :]) if lead else inner


def _label(letter: str, row: _Row) -> str | None:
    if letter in row.labels:
        return letter
    return letter.upper() if row.lower and letter.isascii() and letter.upper() in row.labels else None


def _texts(plain: str, raw: str, row: _Row) -> str:
    """The labels whose option this text is; of options that differ in nothing but dress, the one written so."""
    texts = row.texts.get(_fold(plain), "")
    if len(texts) < 2:
        return texts
    exact = "".join(at for at in texts if row.options and row.options[row.labels.index(at)].strip() == raw.strip())
    return exact or texts


def _normal(text: str) -> str:
    return _fold(_unwrap(text))


def _fold(plain: str) -> str:
    """Without case, but for a single letter: the value `c` is not the label `C`."""
    return plain if len(plain) == 1 else plain.casefold()


def _spaced(text: str) -> str:
    """The text in one Unicode dress, with nothing invisible in it."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return text.strip()


@lru_cache(maxsize=4096)  # a corpus of answers is a few forms of a few letters
def _unwrap(text: str) -> str:
    """The text without outer wrappers, a leading "Option", a final period, and spare spaces."""
    text = _spaced(text)
    if len(text) == 1:
        return text
    text = _SPACE.sub(" ", _SIZES.sub("", text)).strip()
    for _ in range(_DEPTH):
        bare = _peeled(text)
        if bare == text:
            break
        text = bare
    return text


def _peeled(text: str) -> str:
    """One wrapper less; a text that is nothing but wrapper stays."""
    if len(text) > 1 and text[-1] in ".:":
        return text[:-1].rstrip()
    if len(text) == 2 and text[-1] == ")" and text[0].isalpha():
        return text[0]
    if word := _WORD.match(text):
        return text[word.end() :]
    opening = _OPENING.match(text)
    if not opening:
        return text
    mark = opening[0]
    closing = "}" if "{" in mark else _CLOSING.get(mark, mark)
    inner = text[opening.end() : -len(closing)]
    if not text.endswith(closing) or len(text) < opening.end() + len(closing) or not inner.strip():
        return text
    return inner.strip() if _balanced(inner, mark[-1], closing) else text


def _balanced(inner: str, opening: str, closing: str) -> bool:
    """Whether the wrapper's two ends belong together: `(a)(b)` and `$a$ or $b$` are not one wrapper."""
    if closing not in ")]}":
        return closing not in inner
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    depth = 0
    for mark in re.findall(rf"\\.|[{re.escape(opening + closing)}]", inner, re.DOTALL):
        depth += (mark == opening) - (mark == closing)
        if depth < 0:
            return False
    return depth == 0
