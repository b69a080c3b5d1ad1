"""A plain text (see `latex`) read into a tree (see `expr`) by recursive descent, bounded in depth and in tokens.

From the loosest to the tightest: lists, relations, unions, ratios, sums, products, signs, powers, single things.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from crossthink_data.verify.cursor import Cursor
from crossthink_data.verify.expr import EMPTY, REALS, WORD, Apply, Expr, Number, Symbol, holds, symbols, walk
from crossthink_data.verify.latex import KEPT, NotationError, plain, tokens
from crossthink_data.verify.measures import is_degree, unit
from crossthink_data.verify.notation import (
    ACCENTS,
    ALIASES,
    CLOSING,
    CONSTANTS,
    COUNTS,
    FUNCTIONS,
    MATRICES,
    NO_FACTOR,
    OPAQUE,
    PHRASES,
    RELATIONS,
    SEPARATORS,
    SETS,
    UNREAD,
)
from crossthink_data.verify.numerals import MAX_DIGITS, number
from crossthink_data.verify.units import MAX_UNIT, canonical, known

_MEASURED = re.compile(
    r"((?:[^A-Za-z]|(?<=\\)times|(?<=\\)cdot|(?<=\d)[eE](?=[+-]?\d))*\d\}?)\s+([A-Za-z][A-Za-z/^*{}\d]*)"
)  # `4 m/s`
_LETTERS = re.compile(r"[A-Z](?: ?(?:,|and) ?(?:and )?[A-Z]){1,25}")


def parse(text: str, grouped: bool = True) -> Expr:
    """The tree of a plain text; `grouped`: `1,234` is one number (at the top; in brackets never, unless `(1,000)`).

    Raises NotationError with its reason: `unsupported` (notation that only a computer algebra system reads),
    `unreadable`, `unbalanced`, `too_deep` or `too_long`.
    """
    return _kept_tree(text, grouped) if len(text) <= KEPT else _tree(text, grouped)


def _tree(text: str, grouped: bool) -> Expr:
    if (phrase := " ".join(text.lower().split())) in PHRASES:
        return PHRASES[phrase]
    if len(text) < MAX_UNIT and (measured := _MEASURED.fullmatch(text)) and canonical(measured[2]):
        text = rf"{measured[1]}\text{{{measured[2]}}}"
    parser = _Parser(tokens(text), grouped)
    expr = parser.answer()
    if parser.token.kind != "end":
        raise NotationError("unsupported" if parser.token.text in UNREAD else "unreadable")
    return expr


_kept_tree = lru_cache(maxsize=4096)(_tree)


class _Parser(Cursor):
    """The grammar, a method a level; each returns the tree of what it has moved past."""

    def answer(self) -> Expr:
        """Things that commas, semicolons, `and` or `or` separate; one alone is itself."""
        items, joined = [self.relation()], True
        start = self.position
        while self.separator():
            if self.token.kind == "end" or self.token.text in (")", "]", r"\}"):
                break  # a trailing comma
            joined &= {token.text.strip() for token in self.tokens[start : self.position]} == {"and"}
            items.append(self.relation())
            start = self.position
        if len(items) == 1:
            return items[0]
        return Apply("∧" if joined and all(map(_is_inequality, items)) else "list", tuple(items))

    def relation(self) -> Expr:
        if self.token.text in ("=", r"\approx") and self.token.kind != "text":
            self.next()  # `= 5` says 5
        parts: list[Expr] = [self.union()]
        while self.token.text in RELATIONS and self.token.kind in ("sign", "command"):
            parts.append(Symbol(RELATIONS[self.next().text]))
            parts.append(self.union())
        expr = parts[0] if len(parts) == 1 else Apply("rel", tuple(parts))
        if self.token.text in (r"\pmod", r"\bmod", r"\mod"):
            remainder = self.next().text == r"\bmod" and not holds(expr, "rel")
            return Apply("bmod" if remainder else "mod", (expr, self.argument()))
        return expr

    def union(self) -> Expr:
        expr = self.ratio()
        while self.token.text in SETS:
            expr = Apply(SETS[self.next().text], (expr, self.ratio()))
        return expr

    def ratio(self) -> Expr:
        parts = [self.sum()]
        while not self.such_that and self.take(":"):
            parts.append(self.sum())
        return parts[0] if len(parts) == 1 else Apply(":", tuple(parts))

    def sum(self) -> Expr:
        terms = [self.sign()]
        while True:
            if self.is_sign("+", "-"):
                terms.append(self.sign())
            elif self.take(r"\pm"):
                terms = [Apply("±", (_added(terms), self.product()))]
            elif self.take(r"\mp"):
                terms = [Apply("∓", (_added(terms), self.product()))]
            else:
                return _added(terms)

    def sign(self) -> Expr:
        negative = False
        while self.is_sign("+", "-"):
            negative ^= self.next().text == "-"
        if self.take(r"\pm"):
            return Apply("±", (Number(Fraction(0)), self.product()))
        expr = self.product()
        return Apply("neg", (expr,)) if negative else expr

    def product(self) -> Expr:
        expr = self.power()
        numeric = not symbols(expr)  # all factors so far
        while True:
            if self.is_sign("*") or (self.token.kind == "command" and self.token.text in (r"\cdot", r"\times")):
                cross = self.next().text == r"\times"
                factor = self.signed_power()
                if cross and _is_capital(expr) and _is_capital(factor):
                    raise NotationError("unreadable")  # sets or matrices, of which A times B is not B times A
                expr, numeric = Apply("*", (expr, factor)), numeric and not symbols(factor)
            elif self.take("/"):
                factor = self.signed_power()
                expr, numeric = Apply("/", (expr, factor)), numeric and not symbols(factor)
            elif measure := unit(self, counted=numeric):
                expr = Apply("unit", (expr, Symbol(measure)))
            elif self.begins_factor():
                factor = self.power()
                expr, numeric = Apply("*", (expr, factor)), numeric and not symbols(factor)
            else:
                return expr

    def signed_power(self) -> Expr:
        if self.take("-"):
            return Apply("neg", (self.power(),))
        self.take("+")
        return self.power()

    def begins_factor(self) -> bool:
        kind, text, spaced = self.token
        if kind == "number":  # `1.01 10^{-5}`, as some write powers of ten
            return spaced and text == "10" and self.tokens[self.position + 1].text == "^"
        if kind == "text":
            return len(text.strip()) == 1 and text.strip().isalpha()  # `3 + 4\mathrm{i}`
        if kind == "letters":
            return text.lower() not in SEPARATORS
        if kind == "sign":
            return text in ("(", "{") or (text == "|" and not self.bars) or (text == "[" and not self.brackets)
        if kind == "command":
            return not (text in RELATIONS or text in SETS or text in NO_FACTOR)
        return False

    def power(self) -> Expr:
        expr = self.single()
        while True:
            if self.take("^") or self.take("**"):
                expr = self.raised(expr)
            elif self.take("!"):
                if self.is_sign("!"):
                    raise NotationError("unreadable")  # `5!!` is 15, not 120!
                expr = Apply("!", (expr,))
            elif _is_whole(expr) and self.take("_"):
                expr = Apply("base", (Symbol(_spelled(expr)), self.base()))
            else:
                return expr

    def raised(self, base: Expr) -> Expr:
        start = self.position
        braced = self.take("{")
        if self.take(r"\circ"):
            if braced:
                self.expect("}")
            return Apply("unit", (base, Symbol("°")))
        self.position = start
        return Apply("^", (base, self.exponent()))

    def exponent(self) -> Expr:
        self.deepen()
        if self.take("-"):
            expr: Expr = Apply("neg", (self.exponent(),))
        else:
            self.take("+")
            expr = self.argument()
        if self.take("^"):
            expr = self.raised(expr)
        self.depth -= 1
        return expr

    def argument(self) -> Expr:
        """What a command or a sign takes: a group in braces, or the single thing that follows."""
        return self.single()

    def first_of(self) -> Expr:
        """As `argument`, but one character of a number or of letters, as LaTeX reads `\\frac43`."""
        kind, text, _ = self.token
        if (
            kind in ("number", "letters")
            and len(text) > 1
            and text.isalnum()
            and not (kind == "number" and "e" in text.lower())
        ):
            first = self.split()
            return Number(Fraction(first)) if kind == "number" else Symbol(first)
        return self.argument()

    def group(self) -> Expr:
        self.expect("{")
        if self.take("}"):
            raise NotationError("unreadable")
        brackets, self.brackets = self.brackets, 0
        such_that, self.such_that = self.such_that, False
        expr = self.answer()
        self.brackets, self.such_that = brackets, such_that
        self.expect("}")
        return expr

    def single(self) -> Expr:
        """One thing; brackets and commands nest through here, so here their depth is bounded."""
        self.deepen()
        expr = self.thing()
        self.depth -= 1
        return expr

    def thing(self) -> Expr:
        kind, text, _ = self.token
        if kind == "number":
            return number(self)
        if kind == "letters":
            return self.letters()
        if kind == "text":
            return self.words()
        if kind == "command":
            return self.command()
        if text == "{" and kind == "sign":
            return self.group()
        if text in ("(", "["):
            return self.bracketed()
        if text == "|":
            return self.bars_of()
        if text == "$":
            return self.money()
        if text == "." and self.dots():
            return Symbol("…")
        raise NotationError("unbalanced" if kind == "end" else "unreadable")

    def dots(self) -> bool:
        count = 0
        while self.take("."):
            count += 1
        return count >= 3

    def base(self) -> Expr:
        written = self.argument()
        return word(written.name) if isinstance(written, Symbol) else written

    def letters(self) -> Expr:
        run = self.token.text
        if 1 < len(run) < 4 and run not in FUNCTIONS and run not in CONSTANTS:
            return Symbol(self.split())  # a product, of which only the last letter is raised in `xy^2`
        self.next()
        if run in FUNCTIONS or run in ALIASES:
            return self.function(ALIASES.get(run, run))
        if run in CONSTANTS:
            return CONSTANTS[run]
        return word(run) if len(run) > 1 else self.named(run)

    def named(self, name: str) -> Expr:
        """A symbol with its subscript and primes; with a bracket behind, a function's value."""
        if self.take("_"):
            name += "_" + _spelled(self.argument())
        while self.take("'"):
            name += "'"
        if self.token.text == "(" and self.token.kind == "sign" and (name[0] in OPAQUE or self.is_defined()):
            inner = self.bracketed()
            return Apply("call:" + name, inner.args if isinstance(inner, Apply) and inner.op == "()" else (inner,))
        return Symbol(name)

    def is_defined(self) -> bool:
        """Whether `(x) =` follows, which makes the letter before it a function's name."""
        following = [token.text for token in self.tokens[self.position + 1 : self.position + 4]]
        return len(following) == 3 and following[0].isalpha() and following[1:] == [")", "="]

    def words(self) -> Expr:
        text = self.next().text.strip(" .~\\")
        if known(text) in ("€", "£", "¥") and self.token.kind == "number":
            return Apply("unit", (self.power(), Symbol(text)))
        if text in FUNCTIONS:
            return self.function(text)
        return word(text)

    def command(self) -> Expr:
        name = self.next().text
        bare = name[1:]
        if bare in FUNCTIONS and name != r"\sqrt":
            return self.function(bare)
        if bare in CONSTANTS:
            return CONSTANTS[bare]
        if name == r"\frac":
            above = self.first_of()
            return Apply("/", (above, self.first_of()))
        if name == r"\sqrt":
            return self.root()
        if name == r"\binom":
            above = self.first_of()
            return Apply("binom", (above, self.first_of()))
        if name in (r"\{", r"\langle", r"\lfloor", r"\lceil"):
            self.position -= 1
            return self.bracketed()
        if name in (r"\$", r"\%"):
            self.position -= 1
            return self.money()
        if name == r"\begin":
            return self.matrix()
        if name in ACCENTS:
            return _accented(name, self.argument())
        if name == r"\mathbb":
            return _named_set(self.argument())
        if name == r"\emptyset":
            return EMPTY
        if name == r"\dots":
            return Symbol("…")
        if name in UNREAD:
            raise NotationError("unsupported")
        if name in (r"\|", r"\&", r"\\", r"\#", r"\}", r"\_"):
            raise NotationError("unreadable")
        return self.named(bare)

    def root(self) -> Expr:
        degree: Expr | None = None
        if self.take("["):
            degree = self.sum()
            self.expect("]")
        inner = self.argument()
        return Apply("root", (inner, degree)) if degree else Apply("sqrt", (inner,))

    def money(self) -> Expr:
        sign = self.next().text.removeprefix("\\")
        if sign != "$":
            raise NotationError("unreadable")
        return Apply("unit", (self.signed_power(), Symbol("$")))

    def function(self, name: str) -> Expr:
        base: Expr | None = None
        power: Expr | None = None
        if self.take("_"):
            base = self.argument()
        if self.take("^"):
            power = self.exponent()
        if self.take("_"):
            base = self.argument()
        if name == "sqrt":
            return Apply("sqrt", (self.argument(),))
        argument = self.function_argument()
        args = argument.args if isinstance(argument, Apply) and argument.op == "()" else (argument,)
        if base is not None:
            args = (*args, base)
        if power == Apply("neg", (Number(Fraction(1)),)):
            return Apply("arc" + name, args)
        value = Apply(name, args)
        return value if power is None else Apply("^", (value, power))

    def function_argument(self) -> Expr:
        """A group or brackets; without them the product that follows, up to the next function or sign."""
        if self.token.text in ("(", "{", "[") and self.token.kind == "sign":
            inner = self.argument()
            return self.raised(inner) if self.token.text == "^" and self.is_raised_to_degree() else inner
        expr = self.power()
        while self.begins_factor() and not self.begins_function() and self.token.text not in ("(", "|"):
            expr = Apply("*", (expr, self.power()))
        if is_degree(self):
            self.next()
            return Apply("unit", (expr, Symbol("°")))
        return expr

    def is_raised_to_degree(self) -> bool:
        after = [token.text for token in self.tokens[self.position + 1 : self.position + 3]]
        if r"\circ" not in after:
            return False
        self.next()
        return True

    def bracketed(self) -> Expr:
        opening = self.next().text
        closing = CLOSING[opening]
        self.brackets += 1
        bars, self.bars = self.bars, int(opening == r"\{")
        such_that, self.such_that = self.such_that, opening == r"\{"
        if opening == r"\{" and self.take(r"\}"):
            self.brackets -= 1
            return EMPTY
        expr = self.answer()
        if opening == r"\{" and (self.take("|") or self.take(":")):
            if not _is_element(expr):
                raise NotationError("unsupported")
            expr = self.answer()  # the condition says which elements; what they are called says nothing
            self.expect(closing)
            self.brackets, self.bars, self.such_that = self.brackets - 1, bars, such_that
            return expr
        end = self.next().text
        self.brackets, self.bars, self.such_that = self.brackets - 1, bars, such_that
        return _bracket_value(opening, end, closing, expr)

    def bars_of(self) -> Expr:
        self.expect("|")
        self.bars += 1
        inner = self.answer()
        self.bars -= 1
        self.expect("|")
        return Apply("abs", (inner,))

    def matrix(self) -> Expr:
        self.expect("{")
        name = self.next().text
        self.expect("}")
        if name not in MATRICES:
            raise NotationError("unsupported")
        if name == "array" and self.token.text == "{":
            while self.token.kind != "end" and not self.take("}"):
                self.next()
        rows = [self.row()]
        while self.take(r"\\"):
            if self.token.text == r"\end":
                break
            rows.append(self.row())
        self.expect(r"\end")
        self.expect("{")
        self.expect(name)
        self.expect("}")
        matrix = Apply("matrix", tuple(rows))
        return Apply("det", (matrix,)) if name in ("vmatrix", "Vmatrix") else matrix

    def row(self) -> Expr:
        brackets, self.brackets = self.brackets, 0
        cells = [self.answer()]
        while self.take("&"):
            cells.append(self.answer())
        self.brackets = brackets
        return Apply("row", tuple(cells))


def word(text: str) -> Expr:
    """Words as one symbol; a letter, also in brackets, is that letter, a number a number, `A, B` a list."""
    inner = text.strip()
    if len(inner) > 2 and inner[0] == "(" and inner[-1] == ")":
        inner = inner[1:-1].strip()
    if len(inner) == 1 and inner.isalpha():
        return Symbol(inner)
    if _LETTERS.fullmatch(inner):
        letters = inner.replace(" ", "").replace("and", ",")
        return Apply("list", tuple(Symbol(letter) for letter in letters if letter != ","))
    if inner.isdigit() and inner.isascii() and len(inner) < MAX_DIGITS:
        return Number(Fraction(inner))
    name = " ".join(inner.lower().split())
    if name in COUNTS:
        return Number(Fraction(COUNTS.index(name)))
    return PHRASES.get(name) or CONSTANTS.get(name) or Symbol(WORD + name)


def _is_inequality(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.op == "rel" and {*expr.args[1::2]} <= {Symbol(name) for name in "<≤>≥≠"}


def _is_capital(expr: Expr) -> bool:
    return isinstance(expr, Symbol) and expr.name[0].isupper()


def _is_element(expr: Expr) -> bool:
    """What stands before "such that": a letter, or a letter among the real numbers."""
    if isinstance(expr, Apply) and expr.op == "rel":
        return len(expr.args) == 3 and isinstance(expr.args[0], Symbol) and expr.args[1:] == (Symbol("∈"), REALS)
    return isinstance(expr, Symbol)


def _accented(accent: str, expr: Expr) -> Expr:
    """A bar over a number or a variable changes it; one over two points is their segment, and an arrow says vector."""
    names = [node for node in walk(expr) if isinstance(node, Symbol)]
    if accent not in (r"\overline", r"\dot") or (len(names) > 1 and all(name.name[0].isupper() for name in names)):
        return expr
    return Apply("call:" + accent, (expr,))


def _added(terms: list[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else Apply("+", tuple(terms))


def _is_whole(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.places is None


def _spelled(expr: Expr) -> str:
    """A subscript as a part of a name."""
    if isinstance(expr, Number):
        return str(expr.value)
    if isinstance(expr, Symbol):
        return expr.name.removeprefix(WORD)
    return "(" + expr.op + ",".join(_spelled(arg) for arg in expr.args) + ")"


def _named_set(letter: Expr) -> Expr:
    if letter == Symbol("R"):
        return REALS
    return Symbol("𝔹" + _spelled(letter))


def _bracket_value(opening: str, end: str, closing: str, inner: Expr) -> Expr:
    """What a pair of brackets means: a group, a tuple or an interval, a set, floor or ceiling."""
    many = isinstance(inner, Apply) and inner.op == "list"
    parts = inner.args if isinstance(inner, Apply) and many else (inner,)
    if opening == r"\{" and end == closing:
        return Apply("set", parts)
    if opening == r"\langle" and end == closing:
        return Apply("()", parts)
    if opening in (r"\lfloor", r"\lceil"):
        if end != closing:
            raise NotationError("unreadable")
        return Apply("floor" if opening == r"\lfloor" else "ceil", (inner,))
    if end not in (")", "]") or opening not in ("(", "["):
        raise NotationError("unbalanced")
    if many:
        return Apply(opening + end, parts)
    if end != closing:
        raise NotationError("unreadable")
    if opening == "[" and not (isinstance(inner, Apply) and inner.op in ("matrix", "+", "*", "/", "^", "neg", "±")):
        return Apply("[]", (inner,))
    return inner


def read(text: str, grouped: bool = True) -> Expr:
    """The tree of an answer as written; see `plain` and `parse`."""
    return parse(plain(text), grouped)
