"""The notations that answers are read in: names of functions, relations, brackets, and what is left to algebra."""

from __future__ import annotations

from crossthink_data.verify.expr import EMPTY, INFINITY, REALS, Expr, Symbol

FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "log", "lg"}
    | {"exp", "sqrt", "gcd", "lcm", "min", "max", "abs"}
)
COUNTS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "tg": "tan"}
PHRASES: dict[str, Expr] = {
    **dict.fromkeys(("all real numbers", "all reals", "the real numbers"), REALS),
    **dict.fromkeys(("no solution", "no solutions", "no real solution", "no real solutions", "empty set"), EMPTY),
}
OPAQUE = frozenset("fghFGH")  # letters that name a function when a bracket follows
CONSTANTS = {"pi": Symbol("π"), "infty": INFINITY, "infinity": INFINITY, "inf": INFINITY, "Infinity": INFINITY}
RELATIONS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "≤", ">=": "≥", "!=": "≠", r"\le": "≤", r"\ge": "≥", r"\ne": "≠",
    r"\in": "∈", r"\approx": "≈", r"\equiv": "≡", r"\sim": "~", r"\cong": "≅", r"\parallel": "∥", r"\perp": "⊥",
    r"\mapsto": "↦", r"\leftrightarrow": "↔",
    r"\subset": "⊂", r"\subseteq": "⊆", r"\iff": "⇔", r"\implies": "⇒", r"\Rightarrow": "⇒", r"\to": "→",
    r"\rightarrow": "→", r"\notin": "∉",
}  # fmt: skip
SETS = {r"\cup": "∪", r"\cap": "∩", r"\setminus": "∖"}
SEPARATORS = frozenset({"and", "or", "and/or"})
UNREAD = frozenset(
    {r"\int", r"\iint", r"\iiint", r"\oint", r"\sum", r"\prod", r"\lim", r"\limsup", r"\liminf", r"\partial", r"\nabla"}
    | {r"\choose", r"\end", r"\over", r"\atop", r"\substack", r"\overset", r"\underset", r"\stackrel", r"\underbrace"}
    | {
        r"\overbrace",
        r"\circ",
        r"\land",
        r"\lor",
        r"\wedge",
        r"\vee",
        r"\bigcup",
        r"\bigcap",
        r"\forall",
        r"\exists",
        r"\sup",
        r"\inf",
    }
)
ACCENTS = frozenset(
    {r"\overline", r"\vec", r"\hat", r"\widehat", r"\overrightarrow", r"\tilde", r"\underline", r"\overarc", r"\dot"}
)
MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "vmatrix", "Vmatrix"})
NO_FACTOR = frozenset(
    {r"\pm", r"\mp", r"\\", r"\}", r"\pmod", r"\bmod", r"\mod", r"\rangle", r"\rfloor", r"\rceil", r"\&", r"\end"}
)
CLOSING = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "hundred": 100, "dozen": 12, "trillion": 10**12}
