"""Whether two questions are one, by their words: what near-duplicates and copies of benchmark items have to pass.

The words of both are aligned (a longest common subsequence). What is left over decides. A number, a sign, a negation
or a pole (`most`, `least`) that only one of them has makes two questions, whatever else they share. So does a word
of substance in what is asked. Words that carry nothing (`the`, `please`, `find`) may come and go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import LCSseq

from crossthink_data.hashing import UInt64
from crossthink_data.words import Words, WordSet

LIKENESS_VERSION = 1  # 1: first published rules

ASK_WORDS = 4  # telling words that the last sentences need to be what is asked; fewer take the sentence before too
_WORD_BYTES = 8
LONG_ASK = 8  # telling words by which a copied ask is known wherever it stands; a shorter one must be whole sentences
MAX_ASK_CHANGE = 0.1  # of the ask's words of substance, those that only the item or only its copy has
MAX_CONTEXT_LOSS = 0.3  # of an item's words of substance, those that a copy lacks


VALUES = WordSet(
    "0 1 2 3 4 5 6 7 8 9 . % + - < > ten eleven twelve thirteen fifteen twenty thirty forty fifty hundred thousand "
    "million billion half third quarter fifth sixth twice double triple once second fourth"
)
POLES = WordSet(
    "who whom where when why not no never except isn aren doesn don didn cannot without neither nor false "
    "incorrect incorrectly untrue unlikely none wasn weren hasn haven wouldn shouldn couldn least most fewest "
    "more less fewer highest lowest high low higher lower largest smallest greatest biggest greater smaller larger "
    "maximum minimum max min maximal minimal maximize minimize positive negative odd even increase decrease "
    "increases decreases increased decreased increasing decreasing above before after first last internal external "
    "left right upper lower north south east west strengthens weakens strengthen weaken advantage disadvantage "
    "longest shortest best worst always sometimes"
)
UNITS = WordSet(
    "meter metre centimeter centimetre millimeter kilometer kilometre km cm mm mile yard foot feet inch inches "
    "gram kilogram kg mg milligram pound lb ounce ton tonne liter litre ml milliliter gallon quart pint cup hour "
    "minute millisecond day week month year decade century degree radian celsius fahrenheit kelvin joule kj "
    "calorie kcal watt kw volt ampere ohm newton pascal kpa bar atm torr mole mol dollar cent euro pence hertz hz "
    "khz mph kph"
)
SYMBOLS = WordSet(
    "b c d e f g h j k l m n o p r u v w x y z alpha beta gamma delta theta lambda mu phi pi rho sigma omega"
)
DATES = WordSet(
    "january february march april june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday"
)
FILLERS = WordSet(
    "a an the of is are was were be been being am in on at to for by and or with that this these those it its as "
    "from into s which what whose how do does did can could will would shall should may might must please find "
    "determine calculate compute evaluate give given state following one your answer express form if let then "
    "there their they you we us i has have had so than such question problem solve also tell me know suppose "
    "assume called choose select pick enter value here below consider read carefully provide explain step final "
    "correct option options choice choices letter exactly want need show reasoning help think solution respond "
    "response only assist explanation justify detail brief conclude like get my"
)


FORMULAS = VALUES | SYMBOLS


@dataclass(frozen=True, eq=False)
class Text:
    """The words of one text, and at which of them a sentence begins."""

    hashes: UInt64
    sentences: list[int]

    @cached_property
    def words(self) -> list[int]:
        """The words as numbers of Python."""
        return list(self.hashes.tolist())

    @cached_property
    def data(self) -> bytes:
        """The words as bytes, for finding one text in another."""
        return self.hashes.tobytes()

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

    @cached_property
    def has_short_ask(self) -> bool:
        """Whether what is asked is too short to be known wherever it stands."""
        return sum(word not in FILLERS for word in self.words[self.ask :]) < LONG_ASK

    @cached_property
    def values(self) -> Counter[int]:
        """How often each value stands in the text."""
        return Counter(word for word in self.words if word in VALUES)


@dataclass(frozen=True)
class Copy:
    """An item found in a text: the words `first` to `last` of the text hold it, `share` (0 to 1) of its words."""

    first: int
    last: int
    share: float


def text_of(words: Words, text: int) -> Text:
    """One text out of many."""
    part = words.of(text)
    starts = words.sentences[words.sentence_offsets[text] : words.sentence_offsets[text + 1]] - part.start
    return Text(words.hashes[part], starts.tolist())


def share_of(item: Sequence[int], text: Sequence[int]) -> float:
    """The share of the item's words that stand in the text in their order (0 to 1)."""
    return LCSseq.similarity(item, text) / len(item) if item else 0.0


def find_copy(item: Text, text: Text, whole_sentences: bool = True) -> Copy | None:
    """The item's copy in a text that may hold more, or None: another question, however alike.

    All values of the item are there and none came between, its poles are the same, what it asks is asked, and of the
    rest at most `MAX_CONTEXT_LOSS` is missing. A short ask must be whole sentences of the text, unless it is known
    otherwise that the question ends where the copy does.
    """
    place = _place(item, text)
    if place is not None:
        return _copy_in_one(item, text, place) if whole_sentences and item.has_short_ask else _in_one(item, place)
    if not item.values <= text.values:  # asked first, for it is soon known
        return None
    pairs = _aligned(item.words, text.words)
    if not pairs:
        return None
    places = dict(pairs)
    missing = [word for i, word in enumerate(item.words) if i not in places]
    first, last = pairs[0][1], pairs[-1][1]
    inside = set(places.values())
    between = [word for j, word in enumerate(text.words[first : last + 1], first) if j not in inside]
    if _strict(missing) or _strict(between) or not _asks(item, text, places, whole_sentences):
        return None
    if _substance(missing) > MAX_CONTEXT_LOSS * _substance(item.words):
        return None
    return Copy(first, last, len(pairs) / len(item.words))


def _place(item: Text, text: Text) -> int | None:
    """The word of the text at which the item begins, where it stands there in one piece."""
    at = text.data.find(item.data) if item.data else -1
    while at % _WORD_BYTES and at >= 0:
        at = text.data.find(item.data, at + 1)
    return at // _WORD_BYTES if at >= 0 else None


def _in_one(item: Text, place: int) -> Copy:
    return Copy(place, place + len(item.words) - 1, 1.0)


def _copy_in_one(item: Text, text: Text, place: int) -> Copy | None:
    """The copy, if what it asks is whole sentences of the text."""
    copy = _in_one(item, place)
    first, last = _whole_sentences(text, place + item.ask, copy.last)
    added = [*text.words[first:place], *text.words[copy.last + 1 : last + 1]]
    if _strict(added) or _substance(added) > MAX_ASK_CHANGE * _substance(item.words[item.ask :]):
        return None
    return copy


def _asks(item: Text, text: Text, places: dict[int, int], whole_sentences: bool) -> bool:
    """Whether what the item asks is what the text asks there: no word is put for another, hardly one is left out."""
    asked = item.words[item.ask :]
    there = [places[i] for i in range(item.ask, len(item.words)) if i in places]
    if not there:
        return not asked
    lost = _substance(word for i, word in enumerate(asked, item.ask) if i not in places)
    first, last = there[0], there[-1]
    if lost or (whole_sentences and item.has_short_ask):
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


def same_question(a: Text, b: Text, max_change: float, max_added: int) -> bool:
    """Whether two texts ask one thing: the same formulas in order, poles, units, dates, and hardly another word.

    Words that only moved are no difference. One text may have up to `max_added` words of substance more than the
    other, in long texts a share of `max_change`, at most a third of them all. A word may be put for another only before
    what is asked, and no more than the share.
    """
    if _formulas(a.words) != _formulas(b.words):
        return False
    only_a, only_b = _only(a.words, b.words), _only(b.words, a.words)
    if any(word in POLES or word in UNITS or word in DATES for word in (*only_a, *only_b)):
        return False
    more, less = (_substance(only) for only in (only_a, only_b))
    few = min(_substance(a.words), _substance(b.words))
    if more and less:
        return more + less <= max_change * few and not (_asked(only_a, a) and _asked(only_b, b))
    return more + less <= min(max(max_added, max_change * few), few / 3)


def _asked(only: list[int], text: Text) -> int:
    """How many words of substance among these are in what the text asks."""
    return _substance(set(only).intersection(text.words[text.ask :]))


def _formulas(words: list[int]) -> list[int]:
    """The values and symbols of a text in their order."""
    return [word for word in words if word in FORMULAS]


def _only(these: list[int], others: list[int]) -> list[int]:
    """The words that these have more often."""
    return list((Counter(these) - Counter(others)).elements())


def _strict(words: Iterable[int]) -> bool:
    """Whether one of the words is never left out or put in without making another question."""
    return any(word in VALUES or word in POLES for word in words)


def _substance(words: Iterable[int]) -> int:
    return sum(word not in FILLERS and word not in VALUES and word not in POLES for word in words)


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
