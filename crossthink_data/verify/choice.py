r"""Multiple choice: an answer is a label of the row, an option's text, or the two together.

How an answer is read, in this order (texts are compared without case, outer wrappers, spare spaces or final period):

| answer | read as |
|---|---|
| `C`, `(C)`, `\text{C}.`, `**Option C**` | the label, which prompts ask for, though another option's text be `C` |
| `c` | the label, where options are known, none is a single letter and none is a formula with that letter |
| an option's whole text (`E. coli`) | that option, whatever letter it begins with |
| `A and B`, `A, B`, `AB`, `(A) (B)` | several labels: wrong, unless the gold has several (`several`) |
| `C. text`, `(C) text`, `C (text)`, `C text`, `text (C)` | label and text; another option's text makes it wrong |
| `C. text or other text`, `C. not text` | a contradiction: wrong |
| `C. a paraphrase` | the label under `any` and `equivalent`, wrong under `label+text` |
| `the text`, `0.5` for `1/2`, `5cm` | the one option that it amounts to (`reworded`) |
| `A good idea`, a Cyrillic `С` | no label, hence no option |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from crossthink_data.kinds import LABELS
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.reworded import is_value, reworded
from crossthink_data.verify.several import compare_several, has_several
from crossthink_data.verify.verdict import Policy, Verdict
from crossthink_data.verify.wrappers import COMMAND, spaced, unwrap

_DRESSED = 80  # characters: no letter wears more wrappers than that
_SLACK = 1_000  # characters by which an answer may be longer than twice the longest option

_LABELLED = re.compile(
    rf"(?:{COMMAND}\s*\{{|\\\(|[(\[{{$*_`\"'\s])*+([A-Za-z])"
    rf"([ \t]*+(?:(?:[.:)\]}}$*`\"'\u3001\uff0c]|\\\)|__)++(?:\s*+[-\u2013\u2014.:](?=\s))?+"  # "C.", "(C) -", "**C**:"
    rf"|[-\u2013\u2014]++(?=\s)|\n|(?=\$|{COMMAND})|(?<=\s)(?=\())\s*+)"  # "C - text", "C \text{{text}}", "C (text)"
)
_LEADING = re.compile(r"(?:[\s}),;:]|\.(?=\s))+")  # what a label's wrapper leaves before the text
_BESIDE = re.compile(r"([A-Z])[,;]?\s+(?=\S)")  # "C green tea", "C, green tea"
_BEHIND = re.compile(r"\s*\(([A-Z])\)\Z")  # "green tea (C)"
_BETWEEN = re.compile(r"[,;/\n]|\b(?:and|or|but)\b|(?<!\S)\(?[A-Z][.):](?!\S)")  # options named in a row
_OF_SEVERAL = re.compile(r"\b(?:all|both|each|none|neither|above|below)\b", re.IGNORECASE)
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
    if has_several(gold):
        return compare_several(gold, answer)
    if len(answer) == 1 and policy in ("equivalent", "any", "label") and _no_option_is(answer, gold):
        return _judged(answer == gold.label, "label", "different_label", "label")
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


def _no_option_is(letter: str, gold: Gold) -> bool:
    """Whether a letter can only be a label, as no text is that letter in some dress; then no option need be read."""
    labels = LABELS[: len(gold.options)]
    if letter not in labels or gold.label is None or len(gold.label) != 1 or gold.label not in labels:
        return False
    if gold.options[labels.index(gold.label)] != gold.answer:
        return False  # the row must be looked at
    texts = (*gold.options, *gold.aliases)
    return all(text.isascii() and (letter not in text or len(text) > _DRESSED) for text in texts)


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
    if not reading.more or not reading.texts:
        return _judged(reading.label == label, "label", "different_label", "label")
    if reading.label not in reading.texts:
        return Verdict("wrong", "label_text_contradiction", "label")
    return _judged(reading.label == label, "label_and_text", "different_label", "label")


def _judged(right: bool, yes: str, no: str, decided_by: str) -> Verdict:
    return Verdict("correct", yes, decided_by) if right else Verdict("wrong", no, decided_by)


@lru_cache(maxsize=1024)
def _row(options: tuple[str, ...], label: str | None, answer: str, aliases: tuple[str, ...]) -> _Row:
    labels = LABELS[: len(options)] if options else LABELS
    texts: dict[str, str] = {}
    for at, text in zip(labels, options, strict=False):
        _add(texts, text, at)
    if label is None:
        label = _label_of(answer, labels, options, texts)
    elif len(label) != 1 or label not in labels or label not in texts.get(_normal(answer), label):
        label = None  # none of the row's, or another option's than the answer
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
    plain = unwrap(answer)
    texts = _texts(plain, answer, row)
    if len(plain) == 1 and (label := _label(plain, row)):
        return _Reading(label, texts)
    if texts:
        return _Reading(texts=texts)
    labelled = _labelled(plain, row) or _labelled(spaced(answer), row) or _beside(plain, row)
    if labelled and labelled.texts:
        return labelled
    if _SEVERAL.fullmatch(plain) and all(letter in row.labels for letter in plain if "A" <= letter <= "Z"):
        return _Reading(several=True)
    if labelled:
        return labelled
    meant = reworded(plain, row.options, row.labels)
    return _Reading(texts=meant if len(meant) == 1 else "")


def _beside(text: str, row: _Row) -> _Reading | None:
    """A label and an option's whole text with nothing but space between them, or the text and `(C)`."""
    if found := _BESIDE.match(text):
        rest = text[found.end() :]
    elif found := _BEHIND.search(text[-6:]):
        rest = text[: len(text) - len(found[0])]
    else:
        return None
    texts = row.texts.get(_normal(rest), "") if found[1] in row.labels else ""
    return _Reading(found[1], texts, more=True) if texts else None


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
    plain = unwrap(rest)
    dashed = _dashed(mark, rest)
    texts = row.texts.get(_normal(dashed), "") if dashed else ""
    texts = texts or _texts(plain, rest, row) or _texts(_freed(rest), rest, row)
    if texts and label in _alike(texts, row):
        texts = label  # of options that differ in nothing but dress it names its own
    if not texts and label != found[1]:
        return None  # "(a) 5 V, (b) 3 A" is a list
    apart = mark[-1:].isspace() or not (mark.endswith((".", ":")) or rest.startswith(("-", "\u2013", "\u2014")))
    if not texts and not apart:
        return None  # "A.M.", "(E)-2-butene": nothing sets the letter apart
    if not texts and len(plain) == 1 and plain in row.labels.replace(label, ""):
        return _Reading(several=True)
    if not texts and plain:
        text = dashed or _freed(rest)
        texts = reworded(text, row.options, row.labels) or _others(text, label, row)
    return _Reading(label, texts, more=bool(plain))


def _dashed(mark: str, rest: str) -> str:
    """The text with the dash that ends the label's mark, where that may be the option's own: `C. - 5 J`."""
    ends = mark.strip()
    return f"{ends[-1]} {rest}" if len(ends) > 1 and ends[-1] in "-\u2013\u2014" else ""


def _others(text: str, label: str, row: _Row) -> str:
    """The labels that a text beside `label` takes it back with: of other options named whole, or of "not" its own.

    An option that is about others ("cats and dogs", "all of the above") may name them.
    """
    own = row.options[row.labels.index(label)] if row.options else ""
    if _OF_SEVERAL.search(own):
        return ""
    about = set(_pieces(own))
    pieces = [piece for piece in _pieces(text) if piece not in about or piece == _normal(own)]
    named = "".join(row.texts.get(piece, "") for piece in pieces)
    if label in named:
        named += "".join(piece for piece in pieces if len(piece) == 1 and piece in row.labels)
    denied = any(label in row.texts.get(piece.removeprefix("not "), "") for piece in pieces if piece[:4] == "not ")
    return "".join(at for at in named if at != label) or ("?" if denied else "")


def _pieces(text: str) -> list[str]:
    return [_normal(piece) for piece in _BETWEEN.split(text)]


def _freed(rest: str) -> str:
    """The text after a label without what a wrapper of the label leaves before it, inside its own wrapper or out."""
    inner = unwrap(rest[lead.end() :] if (lead := _LEADING.match(rest)) else rest)
    lead = _LEADING.match(inner)
    return unwrap(inner[lead.end() :]) if lead else inner


def _label(letter: str, row: _Row) -> str | None:
    if letter in row.labels:
        return letter
    label = letter.upper()
    if not row.lower or not letter.isascii() or label not in row.labels:
        return None
    return None if is_value(letter, row.options) else label


def _texts(plain: str, raw: str, row: _Row) -> str:
    """The labels whose option this text is; of options that differ in nothing but dress, the one written so."""
    texts = row.texts.get(_fold(plain), "")
    if len(texts) < 2:
        return texts
    for written, bare in ((raw.strip(), False), (plain, True)):
        exact = "".join(at for at in texts if row.options and _option(row, at, bare) == written)
        if exact:
            return exact
    return texts


def _alike(texts: str, row: _Row) -> str:
    """The labels of all options that are these but for their dress."""
    return row.texts.get(_normal(row.options[row.labels.index(texts[0])]), "") if row.options else texts


def _option(row: _Row, label: str, bare: bool) -> str:
    """An option's text, without its dress where `bare`."""
    text = row.options[row.labels.index(label)].strip()
    return unwrap(text) if bare else text


def _normal(text: str) -> str:
    return _fold(unwrap(text))


def _fold(plain: str) -> str:
    """Without case, but for a single letter: the value `c` is not the label `C`."""
    return plain if len(plain) == 1 else plain.casefold()
