"""Whether two questions are one, by their words: what near-duplicates and copies of benchmark items have to pass.

The words of both are aligned (a longest common subsequence). What is left over decides. A number, a sign, a negation
or a pole (`most`, `least`) that only one of them has makes two questions, whatever else they share. So does a word
of substance in what is asked. Words that carry nothing (`the`, `please`, `find`) may come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rapidfuzz.distance import LCSseq

from crossthink_data.words import Words, WordSet

LIKENESS_VERSION = 1  # 1: first published rules

ASK_WORDS = 4  # telling words that the last sentences need to be what is asked; fewer take the sentence before too
LONG_ASK = 8  # telling words by which a copied ask is known wherever it stands; a shorter one must be whole sentences
MAX_ASK_CHANGE = 0.1  # of the ask's words of substance, those that only the item or only its copy has
MAX_CONTEXT_LOSS = 0.3  # of an item's words of substance, those that a copy lacks


VALUES = WordSet(
    "0 1 2 3 4 5 6 7 8 9 . % + - < > ten eleven twelve thirteen fifteen twenty thirty forty fifty hundred thousand "
    "million billion half third quarter fifth sixth twice double triple once second fourth"
)
POLES = WordSet(
    "not no never except isn aren doesn don didn cannot without neither nor false incorrect incorrectly untrue "
    "unlikely none wasn weren hasn haven won wouldn shouldn couldn least most fewest more less fewer highest lowest "
    "high low higher lower largest smallest greatest biggest greater smaller larger maximum minimum max min maximal "
    "minimal maximize minimize positive negative odd even increase decrease increases decreases increased decreased "
    "increasing decreasing above below before after first last internal external left right upper lower north south "
    "east west strengthens weakens strengthen weaken advantage disadvantage longest shortest best worst always "
    "sometimes"
)
FILLERS = WordSet(
    "a an the of is are was were be been being am in on at to for by and or with that this these those it its as "
    "from into s which what who whom whose when where how why do does did can could will would shall should may "
    "might must please find determine calculate compute evaluate give given state following one your answer express "
    "form if let then there their they you we us i has have had so than such question problem solve also tell me "
    "know suppose assume called choose select pick enter value values"
)


@dataclass(frozen=True)
class Text:
    """The words of one text, and at which of them a sentence begins."""

    words: list[int]
    sentences: list[int]

    @cached_property
    def ask(self) -> int:
        """Where the last sentences begin that hold at least `ASK_WORDS` telling words: what is asked."""
        telling = 0
        end = len(self.words)
        for start in reversed(self.sentences):
            telling += sum(word not in FILLERS for word in self.words[start:end])
            if telling >= ASK_WORDS:
                return start
            end = start
        return 0


@dataclass(frozen=True)
class Copy:
    """An item found in a text: the words `first` to `last` of the text hold it, `share` (0 to 1) of its words."""

    first: int
    last: int
    share: float


def text_of(words: Words, text: int) -> Text:
    """One text out of many."""
    part = words.of(text)
    first, stop = np.searchsorted(words.sentences, (part.start, part.stop))
    starts = words.sentences[first:stop] - part.start
    return Text(words.hashes[part].tolist(), starts.tolist())


def share_of(item: Sequence[int], text: Sequence[int]) -> float:
    """The share of the item's words that stand in the text in their order (0 to 1)."""
    return LCSseq.similarity(item, text) / len(item) if item else 0.0


def find_copy(item: Text, text: Text) -> Copy | None:
    """The item's copy in a text that may hold more, or None: another question, however alike.

    All values of the item are there and none came between, its poles are the same, what it asks is asked, and of the
    rest at most `MAX_CONTEXT_LOSS` is missing.
    """
    pairs = _aligned(item.words, text.words)
    if not pairs:
        return None
    places = dict(pairs)
    missing = [word for i, word in enumerate(item.words) if i not in places]
    first, last = pairs[0][1], pairs[-1][1]
    inside = set(places.values())
    between = [word for j, word in enumerate(text.words[first : last + 1], first) if j not in inside]
    if _strict(missing) or _strict(between) or not _asks(item, text, places):
        return None
    if _substance(missing) > MAX_CONTEXT_LOSS * _substance(item.words):
        return None
    return Copy(first, last, len(pairs) / len(item.words))


def _asks(item: Text, text: Text, places: dict[int, int]) -> bool:
    """Whether what the item asks is what the text asks there: no word is put for another, hardly one is left out."""
    asked = item.words[item.ask :]
    there = [places[i] for i in range(item.ask, len(item.words)) if i in places]
    if not there:
        return not asked
    lost = _substance(word for i, word in enumerate(asked, item.ask) if i not in places)
    first, last = there[0], there[-1]
    if lost or sum(word not in FILLERS for word in asked) < LONG_ASK:
        first, last = _whole_sentences(text, first, last)
    inside = set(places.values())
    added = [word for j, word in enumerate(text.words[first : last + 1], first) if j not in inside]
    if _strict(added) or (lost and _substance(added)):
        return False
    return lost + _substance(added) <= MAX_ASK_CHANGE * _substance(asked)


def _whole_sentences(text: Text, first: int, last: int) -> tuple[int, int]:
    starts = [start for start in text.sentences if start <= first]
    ends = [start for start in text.sentences if start > last]
    return starts[-1] if starts else 0, (ends[0] if ends else len(text.words)) - 1


def same_question(a: Text, b: Text, max_change: float) -> bool:
    """Whether two texts ask one thing: the same values in order, the same poles, and hardly another word.

    Words that only moved are no difference. What is asked may gain or lose a word, but none is put for another.
    `max_change` is the share of the words of substance (of the text that has fewer) that only one of them may have.
    """
    if _values(a.words) != _values(b.words):
        return False
    only_a, only_b = _only(a.words, b.words), _only(b.words, a.words)
    if any(word in POLES for word in (*only_a, *only_b)):
        return False
    most = max_change * min(_substance(a.words), _substance(b.words))
    if _substance(only_a) + _substance(only_b) > most:
        return False
    asked_a, asked_b = (_substance(only & set(text.words[text.ask :])) for only, text in ((only_a, a), (only_b, b)))
    return not (asked_a and asked_b)


def _values(words: list[int]) -> list[int]:
    return [word for word in words if word in VALUES]


def _only(these: list[int], others: list[int]) -> set[int]:
    return set(these).difference(others)


def _strict(words: Iterable[int]) -> bool:
    """Whether one of the words is never left out or put in without making another question."""
    return any(word in VALUES or word in POLES for word in words)


def _substance(words: Iterable[int]) -> int:
    return sum(word not in FILLERS and word not in VALUES for word in words)


def _aligned(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of places of a longest common subsequence, as close together in `b` as they can be.

    Of the many that there are, the one found may begin with a `the` of a sentence before. So from its longest run
    the matches before are moved right and those after are moved left.
    """
    blocks = [
        (op.src_start, op.dest_start, op.src_end - op.src_start) for op in LCSseq.opcodes(a, b) if op.tag == "equal"
    ]
    if not blocks:
        return []
    pairs = [(i + k, j + k) for i, j, length in blocks for k in range(length)]
    at, _, length = max(blocks, key=lambda block: block[2])
    middle = next(k for k, (i, _) in enumerate(pairs) if i == at)
    for k in range(middle - 1, -1, -1):
        i, j = pairs[k]
        pairs[k] = (i, next(right for right in range(pairs[k + 1][1] - 1, j - 1, -1) if b[right] == a[i]))
    for k in range(middle + length, len(pairs)):
        i, j = pairs[k]
        pairs[k] = (i, next(left for left in range(pairs[k - 1][1] + 1, j + 1) if b[left] == a[i]))
    return pairs
