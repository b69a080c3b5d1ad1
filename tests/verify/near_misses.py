"""Answers that are almost a gold and certainly wrong: one sign, digit, part, bracket, name or exponent away from it.

A mutation replaces a run of the gold's tokens. What could leave the value as it was is not made: zeros at an end, zero
terms, powers of one, the order of a list, units, percent signs, a base or `x=` left out, a name before an equals sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from tests.verify.parts import NUMERAL, Node, Tokens, is_binary, parse, terms, tokenise

Miss = tuple[str, str]  # kind, answer

_SITES = 3  # places in a gold where one kind of mutation is made
_UNSURE = {r"\approx", r"\ldots", r"\dots", r"\pmod", "$"}  # half of an approximation stays true
_FRACTIONS = {r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"}
_NAME = re.compile(r"\(?[A-Za-z](?:_\{?\w+\}?)?(?:\([^=]*\)|,[A-Za-z,]*\))?")
_WORDS = re.compile(r"(\\(?:text|textbf|mathrm|mbox)\s*\{)([^{}]*[A-Za-z\d][^{}]*)(\})|()([A-Za-z]{3}[A-Za-z ]*)()")
_LETTER = re.compile(r"(?<![\\A-Za-z])[A-Za-z]")
_BRACKET = {"(": "[", "[": "(", ")": "]", "]": ")"}
_TRIG = {r"\sin": r"\cos", r"\cos": r"\sin", r"\tan": r"\cot", r"\cot": r"\tan", r"\sec": r"\csc", r"\csc": r"\sec"}
_EQUALITY = {"<": r"\le ", ">": r"\ge ", r"\lt": r"\le", r"\gt": r"\ge"}
_EQUALITY |= {r"\le": " < ", r"\leq": " < ", r"\ge": " > ", r"\geq": " > "}
_REVERSED = {"<": ">", ">": "<", r"\lt": r"\gt", r"\gt": r"\lt"}
_REVERSED |= {r"\le": r"\ge", r"\ge": r"\le", r"\leq": r"\geq", r"\geq": r"\leq"}


def near_misses(gold: str) -> list[Miss]:
    """(kind, answer) of answers that are wrong for the gold, each answer once, in a fixed order."""
    tokens = tokenise(gold)
    if not tokens or not _UNSURE.isdisjoint(tokens):
        return []
    if words := _WORDS.fullmatch("".join(tokens)):
        return _word_misses(*(group for group in words.groups() if group is not None))
    root = parse(tokens, 0, len(tokens))
    if _is_one_term_equal_to_zero(tokens, root) or _is_chain(tokens, root):
        return []
    misses = [miss for mutate in _MUTATIONS for miss in mutate(tokens, root)]
    kinds = {answer: kind for kind, answer in reversed(misses) if answer != gold}  # the first to make it names it
    return [(kind, answer) for answer, kind in reversed(kinds.items())]


def _word_misses(before: str, words: str, after: str) -> list[Miss]:
    """The first digit one further, else the first letter: 4:30 becomes 5:30, (A) becomes (B)."""
    digit, letter = re.search(r"\d", words), re.search(r"[A-Za-z]", words)
    kind = "digit changed" if digit else "letter changed"
    return [(kind, before + _next_at(words, place.start()) + after) for place in (digit or letter,) if place]


def _next_at(text: str, i: int) -> str:
    """The text with the next digit or letter at a place (1 after 9, a after z)."""
    successor = {"9": "1", "z": "a", "Z": "A"}.get(text[i]) or chr(ord(text[i]) + 1)
    return text[:i] + successor + text[i + 1 :]


def _is_one_term_equal_to_zero(tokens: Tokens, root: Node) -> bool:
    zeros = [part for part in root.parts if _is_zero(part.text(tokens))]
    return root.kind == "relation" and bool(zeros) and not terms(tokens, root)


def _is_chain(tokens: Tokens, root: Node) -> bool:
    """Whether an equation gives one value twice, as in 0.5 = 50%: half of it stays true."""
    values = [part for part in root.parts if not _LETTER.search(part.text(tokens))]
    return root.kind == "relation" and "=" in tokens and len(values) > 1


def _is_zero(text: str) -> bool:
    return bool(re.fullmatch(r"[-+\\$]*0(?:\.0+)?(?![\d.]).*", text.strip())) and not re.search(r"0[!:_^]", text)


def _replaced(tokens: Tokens, start: int, end: int, text: str) -> str:
    return "".join([*tokens[:start], text, *tokens[end:]])


def _names(tokens: Tokens, root: Node) -> set[int]:
    """The tokens of names before an equals sign: an answer may leave them out or name them otherwise."""
    relations = [node for node in root.walk() if node.kind == "relation"]
    parts = [part for node in relations for part in node.parts[:-1] if _NAME.fullmatch(part.text(tokens))]
    followed = [(part, "".join(tokens[part.end : part.end + 2]).strip()) for part in parts]
    return {i for part, sign in followed if sign[:1] == "=" or sign[:3] == r"\in" for i in range(part.start, part.end)}


# ---- numerals


def _numerals(tokens: Tokens, root: Node) -> Iterator[Miss]:
    names = _names(tokens, root)
    sites = [i for i, token in enumerate(tokens) if NUMERAL.fullmatch(token) and i not in names]
    for i in [i for i in sites if _counts(tokens, i)][: 2 * _SITES]:
        is_base = i > 1 and tokens[i - 2] == "_"
        for kind, numeral in _other_numerals(tokens[i], resizes=not is_base and r"\overline" not in tokens):
            yield "base changed" if is_base else kind, _replaced(tokens, i, i + 1, numeral)


def _counts(tokens: Tokens, i: int) -> bool:
    """Whether another numeral here is another value."""
    if _is_exponent(tokens, i):
        return not _is_power_of_one(tokens, i)
    command = tokens[i - 2] if i > 1 else ""
    if command == "_":  # a base of one digit makes no difference, an index is a name
        return i > 2 and (tokens[i - 3] == r"\log" or (len(tokens[i - 3]) > 1 and tokens[i - 3].isdigit()))
    if r"\binom" in tokens:  # 5 over 2 is 5 over 3
        return command == r"\binom"
    is_angle = not _TRIG.keys().isdisjoint(tokens) and not _variables(tokens)
    return not is_angle and (tokens[i + 1 : i + 2] != ["!"] or _value(tokens[i]) > 1)


def _is_exponent(tokens: Tokens, i: int) -> bool:
    return tokens[i - 2 : i] == ["^", "{"] or tokens[i - 3 : i] == ["^", "{", "-"]


def _is_power_of_one(tokens: Tokens, i: int) -> bool:
    """Of 0, 1, -1, i, or of brackets that may hold one."""
    base = "".join(tokens[: tokens.index("^", max(0, i - 3))])
    return bool(re.search(r"(?<![\d.])[01]$|i$|1\}?\)$|\}$", base.rstrip()))


def _other_numerals(numeral: str, *, resizes: bool) -> Iterator[Miss]:
    """The first and the last digit changed; the first or last left out, one added, where the length may change."""
    digits = [i for i, character in enumerate(numeral) if character.isdigit()]
    yield "digit changed", _next_at(numeral, digits[0])
    yield "digit changed", _next_at(numeral, digits[-1])
    shorter = [("digit dropped", numeral[:i] + numeral[i + 1 :]) for i in (digits[-1], digits[0])]
    longer = [("digit appended", numeral + ("3" if numeral.endswith("7") else "7"))]
    for kind, other in [*shorter, *longer] if resizes else []:
        if NUMERAL.fullmatch(other) and not re.match(r"0\d", other) and _value(other) != _value(numeral):
            yield kind, other


def _value(numeral: str) -> Fraction:
    return Fraction(re.sub(r"[^\d.]", "", numeral))


# ---- signs and terms


def _signs(tokens: Tokens, root: Node) -> Iterator[Miss]:
    leaves = [node for node in _signed(tokens, root) if _has_sign(node.text(tokens))]
    for leaf in leaves[:_SITES]:
        first = tokens[leaf.start]
        opposite = {"-": "", "+": "-"}.get(first, f"-{first}")
        yield "sign", _replaced(tokens, leaf.start, leaf.start + 1, opposite)
    inner = [i for i in range(len(tokens)) if is_binary(tokens, i) and not _is_zero("".join(tokens[i + 1 : i + 3]))]
    for i in inner[:_SITES]:
        yield "inner sign", _replaced(tokens, i, i + 1, "-" if tokens[i] == "+" else "+")
    for i in range(3, len(tokens)):
        if tokens[i - 2 : i + 1] == ["^", "{", "-"] and not _is_power_of_one(tokens, i):
            yield "exponent sign", _replaced(tokens, i, i + 1, "")


def _signed(tokens: Tokens, node: Node) -> Iterator[Node]:
    """The leaves whose sign counts: of a relation the last side, or the first term of one that equals zero."""
    if node.kind == "leaf":
        yield node
    elif node.kind != "relation":
        for part in node.parts:
            yield from _signed(tokens, part)
    elif not _is_zero(node.parts[-1].text(tokens)):
        yield from _signed(tokens, node.parts[-1])
    elif terms(tokens, node.parts[0]):
        yield node.parts[0]


def _has_sign(leaf: str) -> bool:
    is_number = bool(re.match(r"[-+\\$]*[\d.]|[-+]?(?:\\[a-zA-Z]+|[A-Za-z(|])", leaf))
    return is_number and not _is_zero(leaf) and not re.match(r"\\pm|\\mp|\\text|\\math|\\mbox|[A-Za-z]{3}", leaf)


def _terms(tokens: Tokens, root: Node) -> Iterator[Miss]:
    leaves = [node for node in root.walk() if node.kind == "leaf" and "|" not in node.text(tokens)]
    for leaf in leaves:
        for i in terms(tokens, leaf)[-1:]:
            if not _is_zero("".join(tokens[i + 1 : leaf.end])):
                yield "term dropped", _replaced(tokens, i, leaf.end, "")
    for i in [i for i, token in enumerate(tokens) if token in {r"\pm", r"\mp"}]:
        yield "plus-minus dropped", _replaced(tokens, i, i + 1, "+")


def _doubled(tokens: Tokens, root: Node) -> Iterator[Miss]:
    text = root.text(tokens)
    if root.kind != "leaf" or _is_zero(text) or re.search(r"\\(?!d?frac|sqrt|pi|sin|cos|tan)|[_:%A-Z]|[a-z]{3}", text):
        return
    if NUMERAL.fullmatch(text):
        yield "doubled", str(float(2 * _value(text))).removesuffix(".0")
    else:
        yield "doubled", f"2({''.join(tokens)})"


# ---- parts


def _fractions(tokens: Tokens, root: Node) -> Iterator[Miss]:
    for i in [i for i, token in enumerate(tokens) if token in _FRACTIONS][:_SITES]:
        arguments = re.match(r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}", "".join(tokens[i + 1 :]))
        if arguments and _differ(*arguments.groups()):
            rest = "".join(tokens[i + 1 :])[arguments.end() :]
            yield "swapped", "".join(tokens[: i + 1]) + f"{{{arguments[2]}}}{{{arguments[1]}}}" + rest
    for i in [i for i, token in enumerate(tokens[1:-1], 1) if token == "/"][:_SITES]:
        above, below = tokens[i - 1], tokens[i + 1]
        if NUMERAL.fullmatch(above) and NUMERAL.fullmatch(below) and _differ(above, below):
            yield "swapped", _replaced(tokens, i - 1, i + 2, f"{below}/{above}")


def _differ(one: str, other: str) -> bool:
    one, other = one.strip().lstrip("-"), other.strip().lstrip("-")
    if NUMERAL.fullmatch(one) and NUMERAL.fullmatch(other):
        return _value(one) not in {0, _value(other)}
    return one != other


def _parts(tokens: Tokens, root: Node) -> Iterator[Miss]:
    names = _names(tokens, root)
    for node in [node for node in root.walk() if node.end - 1 not in names]:
        texts = [part.text(tokens) for part in node.parts]
        if node.kind in {"tuple", "interval", "row"}:
            yield from _swapped(tokens, node.parts)
        if node.kind == "matrix":
            yield from _swapped(tokens, tuple(row.parts[0] for row in node.parts))
        if node.kind in {"list", "set", "tuple", "brackets", "union", "matrix"} and 1 < len(texts) == len(set(texts)):
            yield "part dropped", _replaced(tokens, node.parts[-2].end, node.parts[-1].end, "")
            yield "part dropped", _replaced(tokens, node.parts[0].start, node.parts[1].start, "")


def _swapped(tokens: Tokens, parts: tuple[Node, ...]) -> Iterator[Miss]:
    for one, other in combinations(parts, 2):
        if one.text(tokens) != other.text(tokens):
            low, high = ("".join(tokens[part.start : part.end]) for part in (one, other))
            between = "".join(tokens[one.end : other.start])
            yield "swapped", _replaced(tokens, one.start, other.end, high + between + low)
            return


def _brackets(tokens: Tokens, root: Node) -> Iterator[Miss]:
    intervals = [node for node in root.walk() if node.kind == "interval"]
    ends = [end for node in intervals for end in _ends(tokens, node)]
    closed = {text for _, text in ends if tokens[_] in "[]"}
    texts = [text for _, text in ends]
    for i, text in ends[: 2 * _SITES]:
        meets = texts.count(text) > 1 and text in closed  # a point that the next interval holds already
        if r"\infty" not in text and not meets:
            yield "bracket", _replaced(tokens, i, i + 1, _BRACKET[tokens[i]])


def _ends(tokens: Tokens, interval: Node) -> list[tuple[int, str]]:
    low, high = (part.text(tokens) for part in interval.parts)
    return [(interval.start, low), (interval.end - 1, high)]


# ---- names


def _relations(tokens: Tokens, root: Node) -> Iterator[Miss]:
    for i in [i for i, token in enumerate(tokens) if token in _REVERSED][:_SITES]:
        yield "equality", _replaced(tokens, i, i + 1, _EQUALITY[tokens[i]])
        yield "reversed", _replaced(tokens, i, i + 1, _REVERSED[tokens[i]])


def _functions(tokens: Tokens, root: Node) -> Iterator[Miss]:
    for i in [i for i, token in enumerate(tokens) if token in _TRIG and _variables(tokens)][:_SITES]:
        yield "function", _replaced(tokens, i, i + 1, _TRIG[tokens[i]])


def _renamed(tokens: Tokens, root: Node) -> Iterator[Miss]:
    """The last variable renamed: in an expression, on a side where it stands elsewhere too, in an order of several."""
    names = _names(tokens, root)
    new = next(name for name in "wvutskz" if name not in tokens)
    for node in root.walk():
        places = [i for i in _variables(tokens) if node.start <= i < node.end and i not in names]
        letters = [tokens[i] for i in places]
        is_order = node.kind == "relation" and "=" not in tokens and len(set(letters)) > 1
        is_expression = node.kind == "leaf" and bool(letters) and (root is node or letters.count(letters[-1]) > 1)
        if is_order or is_expression:
            yield "renamed", _replaced(tokens, places[-1], places[-1] + 1, new)


def _variables(tokens: Tokens) -> list[int]:
    """Where single letters stand that are no function, unit or constant; none where the letters spell words."""
    if re.search(r"(?<![\\A-Za-z])[A-Za-z]{3}", "".join(tokens)):
        return []
    letters = [i for i, token in enumerate(tokens) if re.fullmatch(r"[A-Za-z]|\\theta|\\alpha", token)]
    return [i for i in letters if tokens[i] not in "eid" and tokens[i + 1 : i + 2] != ["("]]


_MUTATIONS = (_signs, _numerals, _fractions, _parts, _brackets, _terms, _relations, _functions, _renamed, _doubled)
