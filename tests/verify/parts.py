r"""A LaTeX answer as tokens (a numeral, a command, a unit with its exponent, a character) and a tree of its parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Tokens = list[str]
Span = tuple[int, int]  # of tokens, the end excluded
Kind = Literal["list", "set", "tuple", "brackets", "interval", "union", "matrix", "row", "relation", "leaf"]


@dataclass(frozen=True, slots=True)
class Node:
    """Tokens `start` to `end` (excluded), and the parts that they are made of; `brackets` may be a list or closed."""

    kind: Kind
    start: int
    end: int
    parts: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """The node and all that is in it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def text(self, tokens: Tokens) -> str:
        """Its tokens without spaces."""
        return "".join(tokens[self.start : self.end]).replace(" ", "")


RELATIONS = {"=", "<", ">", r"\lt", r"\gt", r"\le", r"\leq", r"\ge", r"\geq", r"\ne", r"\neq", r"\in"}
_OPENERS, _CLOSERS = {"(", "[", "{", r"\{"}, {")", "]", "}", r"\}"}
_BRACKETS: dict[str, Kind] = {"(": "tuple", "[": "brackets", r"\{": "set"}

_PLAIN = r"\d+(?:\.\d+)?|\.\d+"
_GROUPED = r"\d{1,3}(?:(?:,\\!\s?|\{,\})\d{3})+(?:\.\d+)?"
_COMMAS = r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?"  # not inside brackets, where commas separate
NUMERAL = re.compile(rf"{_GROUPED}|{_COMMAS}|{_PLAIN}")
_UNIT = r"\\(?:text|mbox|textbf|mathrm|textnormal|mathbf)\s*\{[^{}]*\}(?:\s*\^\{\d\})?|(?<=\d)\s+[a-z]{2,}(?:\^\{\d\})?"
_OTHER = r"\^\s*(?:\\circ|\{\s*\\circ\s*\})|\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\.|\s+|."
_TOKEN_IN_BRACKETS = re.compile(rf"{_UNIT}|{_GROUPED}|{_PLAIN}|{_OTHER}", re.DOTALL)
_TOKEN = re.compile(rf"{_UNIT}|{_GROUPED}|{_COMMAS}|{_PLAIN}|{_OTHER}", re.DOTALL)
_SPELLINGS = (  # \frac43 as \frac{4}{3}: a digit added to an argument without braces would be a factor of its own
    (re.compile(r"\\(?:left|right)(?![a-z])\s*"), ""),
    (re.compile(r"(\\[cdt]?frac)\s*(\d)\s*(?=[\d{])"), r"\1{\2}"),
    (re.compile(r"(\\[cdt]?frac\s*\{[^{}]*\})\s*(\d)"), r"\1{\2}"),
    (re.compile(r"(\\sqrt|\^|_)\s*(\d)"), r"\1{\2}"),
)
_OPERAND = re.compile(r"^[\w!']$|^[\d.]+$|^\\(?:pi|theta|alpha|infty|%|text.*|mbox.*|math.*)$|circ\s*\}?$")
_AND = re.compile(r"\\text\{\s*,?\s*(?:and|or)\s*\}")


def tokenise(answer: str) -> Tokens:
    """The answer's tokens, in one spelling of brackets and arguments."""
    text = answer.strip().strip("$").strip()
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    has_brackets = re.search(r"[(\[]|\\\{", text)
    return (_TOKEN_IN_BRACKETS if has_brackets else _TOKEN).findall(text)


def parse(tokens: Tokens, start: int, end: int, *, interval: bool = False) -> Node:
    """The tree of a span; `interval`: brackets with two parts in them are an interval's."""
    start, end = _trimmed(tokens, start, end)
    if spans := _split(tokens, start, end, lambda token: token == "," or bool(_AND.match(token))):
        return _node("list", tokens, (start, end), spans)
    if spans := _split(tokens, start, end, RELATIONS.__contains__):
        last = parse(tokens, *spans.pop(), interval=r"\in" in tokens[start:end])
        return Node("relation", start, end, (*(parse(tokens, *span) for span in spans), last))
    if spans := _split(tokens, start, end, r"\cup".__eq__):
        return Node("union", start, end, tuple(parse(tokens, *span, interval=True) for span in spans))
    if start < end and tokens[start].startswith(r"\begin") and tokens[end - 1].startswith(r"\end"):
        return _matrix(tokens, start, end)
    return _bracketed(tokens, start, end, interval)


def terms(tokens: Tokens, node: Node) -> list[int]:
    """Where the top-level binary plus and minus signs of a node stand."""
    depths = depths_of(tokens, node.start, node.end)
    return [i for i in range(node.start, node.end) if depths[i - node.start] == 0 and is_binary(tokens, i)]


def is_binary(tokens: Tokens, i: int) -> bool:
    """Whether a token is a plus or minus between two terms."""
    before = [token for token in tokens[:i] if not token.isspace()][-1:]
    if tokens[i] not in "+-" or not before:
        return False
    if before[0] == "|":  # the second of a pair
        return tokens[:i].count("|") % 2 == 0
    return before[0] in _CLOSERS or bool(_OPERAND.search(before[0]))


def depths_of(tokens: Tokens, start: int, end: int) -> list[int]:
    """Before each token, how many brackets and environments are open."""
    depths, depth = [], 0
    for token in tokens[start:end]:
        depths.append(depth)
        depth += (token in _OPENERS or token.startswith(r"\begin")) - (token in _CLOSERS or token.startswith(r"\end"))
    return depths


def _node(kind: Kind, tokens: Tokens, span: Span, parts: list[Span]) -> Node:
    return Node(kind, *span, tuple(parse(tokens, *part) for part in parts))


def _matrix(tokens: Tokens, start: int, end: int) -> Node:
    rows = _split(tokens, start + 1, end - 1, r"\\".__eq__) or [(start + 1, end - 1)]
    return Node("matrix", start, end, tuple(_row(tokens, *row) for row in rows))


def _row(tokens: Tokens, start: int, end: int) -> Node:
    return _node("row", tokens, (start, end), _split(tokens, start, end, "&".__eq__) or [(start, end)])


def _bracketed(tokens: Tokens, start: int, end: int, interval: bool) -> Node:
    kind = _BRACKETS.get(tokens[start]) if start < end else None
    is_whole = kind and tokens[end - 1] in _CLOSERS and 0 not in depths_of(tokens, start, end)[1:]
    spans = _split(tokens, start + 1, end - 1, ",".__eq__) if is_whole else []
    if not kind or not spans:
        return Node("leaf", start, end)
    is_mixed = (tokens[start], tokens[end - 1]) in {("(", "]"), ("[", ")")}
    if len(spans) == 2 and (interval or is_mixed or r"\infty" in tokens[start:end]):
        kind = "interval"
    return _node(kind, tokens, (start, end), spans)


def _split(tokens: Tokens, start: int, end: int, separates: Callable[[str], bool]) -> list[Span]:
    """The spans between top-level separators that are not empty; none where nothing separates."""
    depths = depths_of(tokens, start, end)
    at = [start + i for i, depth in enumerate(depths) if depth == 0 and separates(tokens[start + i])]
    spans = [_trimmed(tokens, before + 1, after) for before, after in pairwise([start - 1, *at, end])]
    return [(low, high) for low, high in spans if low < high] if at else []


def _trimmed(tokens: Tokens, start: int, end: int) -> Span:
    while start < end and tokens[start].isspace():
        start += 1
    while start < end and tokens[end - 1].isspace():
        end -= 1
    return start, end
