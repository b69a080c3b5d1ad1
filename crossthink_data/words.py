r"""The words of many texts as 64-bit numbers, found without a loop over rows: what near-duplicates and copies share.

Two spellings of one question give the same words. Case, white space, punctuation and LaTeX's layout say nothing; nor do
an s of the plural and a problem's own number (`Problem 7:`). Each digit is a word of its own, so that `\frac12` and
`1/2`, `10,000` and `10{,}000` agree, and `two` to `nine` are digits; a decimal point, a percent sign and `+ - < >` in
values are words. An ideograph is a word. Drawings (`[asy]`) are left out where the text says enough without.

Every text becomes bytes once, and the words are runs in them. The hash of a run is a polynomial over its bytes in
the ring of 64-bit integers: differences of one running sum, so that all runs cost one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink_data.hashing import UInt64, mix

WORDS_VERSION = 2  # 1: first published rules; 2: no minus before a line's end, no fraction but after `frac`

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_OTHER, _LETTER, _DIGIT, _SIGN = range(4)
_END, _SPACE = 1, 2  # of a sentence, if white space follows; above them what ends one by itself

# Symbols of a text that is not ASCII -> what stands for them in ASCII; the rest is as NFKD spells it.
_SYMBOLS = {
    **{"−": "-", "–": "-", "—": " ", "‐": "-", "‑": "-", "º": " ", "×": " ", "·": " ", "⋅": " ", "∙": " "},
    **{"≤": r" \le ", "≥": r" \ge ", "≠": r" \ne ", "√": r" \sqrt ", "∞": r" \infty ", "π": r" \pi ", "∑": r" \sum "},
    **{"∫": r" \int ", "∈": r" \in ", "≈": r" \approx ", "→": r" \to ", "±": r" \pm ", "θ": r" \theta "},
    **{"α": r" \alpha ", "β": r" \beta ", "γ": r" \gamma ", "δ": r" \delta ", "λ": r" \lambda ", "μ": r" \mu "},
    **{"µ": r" \mu ", "σ": r" \sigma ", "ω": r" \omega ", "φ": r" \phi ", "ρ": r" \rho ", "ε": r" \epsilon "},
    **{"△": r" \triangle ", "∠": r" \angle ", "∪": r" \cup ", "∩": r" \cap ", "⁄": " "},
}
_ACCENTS = r"[\x{300}-\x{36f}\x{200b}-\x{200f}\x{2060}\x{feff}\x{ad}]"  # and what takes no width
_NO_WORD = r"[^\x00-\x7f\p{L}\p{M}\p{N}]"
_IDEOGRAPH = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])"
_NUMBERED = (
    r"(?i)^\s*(?:(?:problem|question|exercise|example|task)\s+\d+|\d+[.)](?:\s|$))[.:)]?\s*"  # `Problem 7:`, `7. `
)
_DRAWING = r"(?si)\[asy\].*?(?:\[/asy\]|$)"
_SPACING = r"\\\\\[-?\d*\.?\d+\s?[a-z]{2}\]"  # `\\[2ex]`
_ENOUGH_CHARS = 120  # of a text without its drawing that says by itself which question it is

# Commands that say how a formula looks, not what it says
_LAYOUT_WORDS = (
    "left right big bigl bigr bigg biggl biggr middle text textbf textit textrm mathrm mathbf mathit mathsf mathbb "
    "mathcal mathfrak bf rm it mbox hbox displaystyle textstyle limits nolimits operatorname ensuremath frac dfrac "
    "tfrac cfrac over times cdot ast quad qquad hspace vspace hfill noindent circ degree begin end item overline "
    "underline ldots dots cdots vdots ddots label tag hline boxed phantom bm boldsymbol rule smallskip medskip bigskip"
)
_ENVIRONMENT_WORDS = (
    "align aligned array cases matrix pmatrix bmatrix vmatrix smallmatrix equation eqnarray gather gathered tabular "
    "center itemize enumerate split multline"
)
_SAME_WORD = {
    **{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"},
    "percent": "%",
}
_SAME_COMMAND = {
    "not": "ne",
    "leq": "le",
    "geq": "ge",
    "leqslant": "le",
    "geqslant": "ge",
    "neq": "ne",
    "rightarrow": "to",
}

_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
NEXT_NUMBER = np.uint64(0x5851F42D4C957F2D)  # laid over the hash of a digit that begins a number after a number
_CHUNK_BYTES = 1 << 17  # of text hashed at once: its arrays stay in the processor's cache


@dataclass(frozen=True)
class Words:
    """The words of texts, one text after another: text t has the words `offsets[t]:offsets[t + 1]` of `hashes`.

    `signs` marks those that are operators, which no n-gram counts; `sentences` are the words, in order, at which a
    sentence or a text begins.
    """

    hashes: UInt64
    offsets: Int64
    signs: Bool
    sentences: Int64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def sentence_offsets(self) -> Int64:
        """Text t has the sentences `sentence_offsets[t]:sentence_offsets[t + 1]`."""
        return np.searchsorted(self.sentences, self.offsets)

    def of(self, text: int) -> slice:
        """Where the words of a text lie."""
        return slice(int(self.offsets[text]), int(self.offsets[text + 1]))


@dataclass(frozen=True)
class SpelledWords(Words):
    """Words with their places `starts:ends` in `text`, the bytes that were read."""

    starts: Int64
    ends: Int64
    text: bytes

    def spelled(self, first: int, last: int) -> str:
        """What stands from word `first` to word `last`, that one too."""
        return self.text[int(self.starts[first]) : int(self.ends[last])].decode(errors="replace")


def words_of(texts: pl.Series) -> SpelledWords:
    """The words of each text; null is a text without words."""
    plain = _plain(texts)
    lengths = plain.str.len_bytes().to_numpy().astype(np.int64) + 1
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    joined = (plain.str.join("\n").item() + "\n").encode() if len(plain) else b""
    text = joined.translate(_LOWER)
    data, kinds = np.frombuffer(text, np.uint8), np.frombuffer(text.translate(_KINDS), np.uint8)
    parts = [_chunk(data, kinds, start, end) for start, end in _chunks(bounds)]
    starts, ends, hashes = (np.concatenate(one) for one in zip(*parts, strict=True)) if parts else _nothing()
    kept = _settled(data, starts, hashes)
    starts, ends, hashes = starts[kept], ends[kept], hashes[kept]
    offsets = np.searchsorted(starts, bounds)
    hashes[_next_numbers(data, kinds, starts, ends, offsets)] ^= NEXT_NUMBER
    begins = np.zeros(len(starts) + 1, np.bool_)
    begins[offsets] = True
    begins[np.searchsorted(starts, _sentence_ends(text))] = True
    return SpelledWords(hashes, offsets, kinds[starts] == _SIGN, np.flatnonzero(begins[:-1]), starts, ends, text)


@lru_cache(maxsize=1024)
def word_hash(word: str) -> np.uint64:
    """The number that stands for one word of letters, or for one digit or sign."""
    data = np.frombuffer(word.encode(), np.uint8)
    starts, ends = np.zeros(1, np.int64), np.array([len(data)], np.int64)
    return np.uint64(_hashes(data, starts, _without_plural(data, starts, ends))[0])


class WordSet(frozenset[int]):
    """The hashes of a few words, for asking of many words at once which are among them.

    A table over 16 bits of the hash holds the one word that each place can be; the bits are chosen so that no two
    words share a place.
    """

    def __new__(cls, words: str) -> WordSet:
        """The set of the words of a text."""
        return super().__new__(cls, (one for word in words.split() for one in _forms(word)))

    def __init__(self, words: str) -> None:
        hashes = sorted(self)
        self._words = np.array([0, *hashes], np.uint64)
        self._shift = np.uint64(
            next(shift for shift in range(48) if len({h >> shift & 0xFFFF for h in hashes}) == len(hashes))
        )
        self._place = np.zeros(1 << 16, np.uint8 if len(hashes) < 256 else np.uint16)
        for at, one in enumerate(hashes, 1):
            self._place[one >> int(self._shift) & 0xFFFF] = at

    def mask(self, hashes: UInt64) -> Bool:
        """Which of the words are in the set."""
        found: Bool = self._words[self._place[(hashes >> self._shift).astype(np.uint16)]] == hashes
        return found


def _forms(word: str) -> list[int]:
    """The hashes of a word; a digit has another where it begins a number after a number."""
    plain = word_hash(word)
    return [int(plain), int(plain ^ NEXT_NUMBER)] if word.isdigit() else [int(plain)]


def _apart(hashes: list[int], shift: int) -> bool:
    return len({one >> shift & 0xFFFF for one in hashes}) == len(hashes)


def rolling(hashes: UInt64, n: int) -> UInt64:
    """One number for every n words in a row, of `len(hashes) - n + 1` places (none where there are fewer words)."""
    starts = np.arange(max(len(hashes) - n + 1, 0))
    return span_hashes(hashes, starts, starts + n)


def span_hashes(hashes: UInt64, starts: Int64, ends: Int64) -> UInt64:
    """One number for each span of words `starts:ends`; equal words in equal order give equal numbers."""
    powers, inverses = _powers(len(hashes) + 1)
    sums = np.zeros(len(hashes) + 1, np.uint64)
    np.cumsum(hashes * powers[: len(hashes)], out=sums[1:])
    return mix((sums[ends] - sums[starts]) * inverses[starts], np.uint64(1)) ^ (ends - starts).astype(np.uint64)


def text_hashes(words: Words) -> UInt64:
    """One number for each whole text."""
    return span_hashes(words.hashes, words.offsets[:-1], words.offsets[1:])


def _nothing() -> tuple[Int64, Int64, UInt64]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)


def _plain(texts: pl.Series) -> pl.Series:
    """Text in ASCII where that says the same; the few texts that need it pay for it."""
    text = _undrawn(texts.fill_null("").str.replace(_NUMBERED, ""))
    at = (text.str.len_bytes() != text.str.len_chars()).arg_true()
    if not len(at):
        return text
    odd = text.gather(at).str.replace_many(_SYMBOLS).str.normalize("NFKD").str.replace_all(_ACCENTS, "")
    odd = odd.str.to_lowercase().str.replace_many(_SYMBOLS)
    odd = odd.str.replace_all(_NO_WORD, " ").str.replace_all(_IDEOGRAPH, " ${1} ")
    return text.scatter(at, odd)


def _undrawn(texts: pl.Series) -> pl.Series:
    """Texts without their drawings, where enough is left: "find x in the diagram" is told by the drawing alone."""
    at = texts.str.contains_any(["[asy]", "\\\\["], ascii_case_insensitive=True).arg_true()
    if not len(at):
        return texts
    drawn = texts.gather(at).str.replace_all(_SPACING, " ")
    bare = drawn.str.replace_all(_DRAWING, " ")
    return texts.scatter(at, bare.zip_with(bare.str.len_chars() >= _ENOUGH_CHARS, drawn))


def _chunks(bounds: Int64) -> list[tuple[int, int]]:
    """Stretches of whole texts of about `_CHUNK_BYTES`, as (start, end) in bytes."""
    cuts = [int(bounds[0])]
    while cuts[-1] < bounds[-1]:
        at = int(np.searchsorted(bounds, cuts[-1] + _CHUNK_BYTES))
        cuts.append(int(bounds[min(at, len(bounds) - 1)]))
    return list(pairwise(cuts))


def _chunk(data: Bytes, kinds: Bytes, start: int, end: int) -> tuple[Int64, Int64, UInt64]:
    """Where the words of data[start:end] start and end, and their hashes."""
    part, kind = data[start:end], kinds[start:end]
    before = np.concatenate([np.zeros(1, np.uint8), kind[:-1]])
    after = np.concatenate([kind[1:], np.zeros(1, np.uint8)])
    is_sign = kind == _SIGN
    if is_sign.any():
        kind = kind.copy()
        at = np.flatnonzero(is_sign)
        kind[at[~_is_value_sign(part, kind, at)]] = _OTHER
    letter, inside = kind == _LETTER, before == _LETTER
    starts = np.flatnonzero((kind != _OTHER) & ~(letter & inside))
    ends = starts + 1
    runs = kind[starts] == _LETTER
    ends[runs] = np.flatnonzero(letter & (after != _LETTER)) + 1
    return starts + start, ends + start, _hashes(part, starts, _without_plural(part, starts, ends))


def _is_value_sign(part: Bytes, kind: Bytes, at: Int64) -> Bool:
    """Which of the signs stand in values: not the point at a sentence's end, a hyphen, a dash or an arrow.

    A minus joins words in `well-known`, `x-ray` and `3-digit`, but not `a-b`; with a space after it, it is a dash
    unless a value follows on the same line: another line may be another text.
    """
    sign, text = part[at], np.concatenate([part, np.full(4, ord("\n"), np.uint8)])
    kinds = np.concatenate([kind, np.zeros(4, np.uint8)])
    before, after = kinds[at - 1] * (at > 0), kinds[at + 1]
    after_word = (before == _LETTER) & (kinds[at - 2] == _LETTER) & (at > 1)
    is_spaced = _BLANK[text[at + 1]]
    first = at + 1 + is_spaced + (is_spaced & _BLANK[text[at + 2]])
    second = first + 1
    is_word = (kinds[first] == _LETTER) & (kinds[second] == _LETTER)
    ends = np.isin(text[first], _ENDS_TEXT) | (text[at + 1] == _LINE) | (is_spaced & (text[at + 2] == _LINE))
    joins = (after == _LETTER) & (after_word | ((before != _OTHER) & is_word))
    is_dash = ends | joins | (is_spaced & is_word)
    is_arrow = (sign == ord(">")) & (text[at - 1] == ord("-")) & (at > 0)
    found: Bool = np.where(sign == ord("."), after == _DIGIT, ~is_arrow & ((sign != ord("-")) | ~is_dash))
    return found


_LINE = ord("\n")
_ENDS_TEXT = np.frombuffer(b" \n\r\t>.,;:?!)", np.uint8)  # after one of these comes no value


def _without_plural(part: Bytes, starts: Int64, ends: Int64) -> Int64:
    """Where the words end without an s of the plural: `cats` is `cat`, but `gas`, `mass` and `virus` stay."""
    plural = (part[ends - 1] == ord("s")) & (ends - starts > 3) & ~_KEEPS_S[part[ends - 2]]
    stems: Int64 = ends - plural
    return stems


def _hashes(part: Bytes, starts: Int64, ends: Int64) -> UInt64:
    powers, inverses = _powers(len(part))
    sums = np.zeros(len(part) + 1, np.uint64)
    np.cumsum(part * powers[: len(part)], out=sums[1:])
    return mix((sums[ends] - sums[starts]) * inverses[starts], np.uint64(0))


def _sentence_ends(text: bytes) -> Int64:
    """Where a sentence ends in the bytes: at a line's end, a question mark, or another end mark before white space."""
    marks = np.frombuffer(text.translate(_MARKS), np.uint8)
    before_space = (marks[:-1] == _END) & (marks[1:] >= _SPACE)
    return np.flatnonzero((marks[:-1] > _SPACE) | before_space)


def _next_numbers(data: Bytes, kinds: Bytes, starts: Int64, ends: Int64, offsets: Int64) -> Int64:
    """The digits that begin a number right after another: `5, 6` is not `56`, but `10,000` is `10000`.

    What groups three digits (a comma, `{,}`, `\\,`) ends no number; the 2 of `\\frac12` is a number by itself.
    """
    digit = kinds[starts] == _DIGIT
    joined = digit[1:] & digit[:-1] & (starts[1:] == ends[:-1])  # with the digit before
    runs = np.concatenate([joined, np.zeros(3, np.bool_)])  # runs[i]: word i + 1 goes on with word i
    follows = digit[1:] & digit[:-1]
    follows[offsets[(offsets > 0) & (offsets < len(starts))] - 1] = False  # texts are kept apart
    at = np.flatnonzero(follows) + 1
    end, gap = ends[at - 1], starts[at] - ends[at - 1]
    after = np.minimum(end + 1, len(data) - 1)
    comma = ((gap == 1) & (data[end] == ord(","))) | ((gap > 1) & (gap <= 3) & (data[after] == ord(",")))
    grouped = comma & runs[at] & runs[at + 1] & ~runs[at + 2]
    before = starts[at - 1]
    fraction = (gap == 0) & (before >= 4)
    for back, letter in enumerate(b"carf", start=1):
        fraction &= data[np.maximum(before - back, 0)] == letter
    return np.asarray(at[((gap > 0) & ~grouped) | fraction])


def _settled(data: Bytes, starts: Int64, hashes: UInt64) -> Bool:
    """Which words stay: no commands of layout, no names of environments. What has two spellings gets one, in place."""
    kept = np.ones(len(starts), np.bool_)
    special = np.flatnonzero(_SPECIAL.mask(hashes))
    word, before = hashes[special], data[starts[special] - 1]  # before the very first is the last: a line's end
    is_command = before == ord("\\")
    kept[special[is_command & _LAYOUT.mask(word)]] = False
    kept[special[(before == ord("{")) & _ENVIRONMENTS.mask(word)]] = False
    for spelling, same in _SAME_COMMAND.items():
        hashes[special[is_command & (word == word_hash(spelling))]] = word_hash(same)
    for spelling, same in _SAME_WORD.items():
        hashes[special[word == word_hash(spelling)]] = word_hash(same)
    return kept


_power_tables: list[tuple[UInt64, UInt64]] = []


def _powers(length: int) -> tuple[UInt64, UInt64]:
    """Powers of the base and of its inverse, at least `length` of each; made once and kept."""
    if not _power_tables or len(_power_tables[0][0]) < length:
        size = max(2 * _CHUNK_BYTES, length)
        tables = []
        for base in (_BASE, _INVERSE):
            steps = np.full(size, base, np.uint64)
            steps[0] = 1
            tables.append(np.multiply.accumulate(steps))
        _power_tables[:] = [(tables[0], tables[1])]
    return _power_tables[0]


def _marks() -> bytes:
    marks = bytearray(256)
    for byte in b".:;":
        marks[byte] = _END
    for byte in b" \t\r":
        marks[byte] = _SPACE
    for byte in b"?!\n":
        marks[byte] = _SPACE + 1
    return bytes(marks)


def _kinds() -> bytes:
    kinds = bytearray(256)
    for byte in (*range(ord("a"), ord("z") + 1), *range(128, 256)):
        kinds[byte] = _LETTER
    for byte in b"0123456789":
        kinds[byte] = _DIGIT
    for byte in b"+-<>.%":
        kinds[byte] = _SIGN
    return bytes(kinds)


_BLANK = np.isin(np.arange(256), np.frombuffer(b" \n\r\t", np.uint8))
_KEEPS_S = np.isin(np.arange(256), np.frombuffer(b"siu'", np.uint8))  # before the last s
_KINDS = _kinds()
_MARKS = _marks()
_LOWER = bytes(range(256)).lower()
_LAYOUT, _ENVIRONMENTS = WordSet(_LAYOUT_WORDS), WordSet(_ENVIRONMENT_WORDS)
_SPECIAL = WordSet(" ".join([_LAYOUT_WORDS, _ENVIRONMENT_WORDS, *_SAME_COMMAND, *_SAME_WORD]))
