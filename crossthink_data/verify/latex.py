"""From an answer as written (LaTeX, Unicode, plain text) to a plain string and its tokens.

Every step is linear in the text; nothing is evaluated.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

MAX_CHARS = 20_000  # an answer longer than this is only compared as a string
MAX_TOKENS = 4_000
KEPT = 300  # characters: what is read of longer texts is not kept, so that memory stays flat

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SUPER_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_SUB_RUN = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")

_UNICODE = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ",
        "∙": r"\cdot ", "÷": r"\div ", "∕": "/", "⁄": "/", "√": r"\sqrt ", "∛": r"\sqrt[3] ", "∞": r"\infty ",
        "π": r"\pi ", "θ": r"\theta ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ",
        "≡": r"\equiv ", "±": r"\pm ", "∓": r"\mp ", "∈": r"\in ", "∪": r"\cup ", "∩": r"\cap ",
        "∖": r"\setminus ", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}",
        "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "°": r"^\circ ", "º": r"^\circ ", "α": r"\alpha ",
        "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "λ": r"\lambda ", "μ": r"\mu ", "σ": r"\sigma ",
        "φ": r"\phi ", "ω": r"\omega ", "Δ": r"\Delta ", "Ω": r"\Omega ", "′": "'", "’": "'", "⟨": r"\langle ",
        "⟩": r"\rangle ", "…": r"\dots ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
        "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}", "⅕": r"\frac{1}{5}", "⅙": r"\frac{1}{6}", "⅛": r"\frac{1}{8}", "€": r"\text{euro}",
        "£": r"\text{gbp}", "\u200b": None, "\u200c": None, "\u200d": None, "\u200e": None, "\u200f": None,
        "\u2060": None, "\ufeff": None, "\u202a": None, "\u202b": None, "\u202c": None, "\u202d": None,
        "\u202e": None, "\u2066": None, "\u2067": None, "\u2068": None, "\u2069": None, "\u00ad": None,
        "\x00": None,
    }
)  # fmt: skip

# Written differently, meant alike.
_SAME = {
    r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\cfrac": r"\frac", r"\dbinom": r"\binom",
    r"\tbinom": r"\binom", r"\textbf": r"\text", r"\textit": r"\text", r"\textrm": r"\text",
    r"\textnormal": r"\text", r"\textsf": r"\text", r"\texttt": r"\text", r"\mbox": r"\text",
    r"\mathrm": r"\text", r"\operatorname": r"\text", r"\hbox": r"\text", r"\mathbf": "", r"\mathit": "",
    r"\mathsf": "", r"\mathcal": "", r"\boldsymbol": "", r"\bm": "", r"\displaystyle": "",
    r"\textstyle": "", r"\rm": "", r"\bf": "",
    r"\it": "", r"\scriptstyle": "", r"\left": "", r"\right": "", r"\bigl": "", r"\bigr": "",
    r"\Bigl": "", r"\Bigr": "", r"\biggl": "", r"\biggr": "", r"\big": "", r"\Big": "", r"\bigg": "",
    r"\limits": "", r"\nolimits": "", r"\leqslant": r"\le", r"\geqslant": r"\ge", r"\leq": r"\le",
    r"\geq": r"\ge", r"\neq": r"\ne", r"\lt": "<", r"\gt": ">", r"\lbrace": r"\{", r"\rbrace": r"\}",
    r"\lbrack": "[", r"\rbrack": "]", r"\lparen": "(", r"\rparen": ")", r"\lvert": "|", r"\rvert": "|",
    r"\vert": "|", r"\mid": "|", r"\quad": " ", r"\qquad": " ", r"\ldots": r"\dots", r"\cdots": r"\dots",
    r"\dotsc": r"\dots", r"\ast": "*", r"\div": "/", r"\varnothing": r"\emptyset",
    r"\backslash": r"\setminus", r"\degree": r"^\circ", r"\degrees": r"^\circ", r"\colon": ":",
    r"\lnot": r"\neg",
     r"\prime": "'", r"\tg": r"\tan", r"\ctg": r"\cot", r"\arctg": r"\arctan",
    r"\Pr": "P", r"\bar": r"\overline", r"\thinspace": " ", r"\varphi": r"\phi",
    r"\varepsilon": r"\epsilon", r"\infin": r"\infty", r"\imath": "i", r"\cosec": r"\csc", r"\percent": r"\%",
    r"\dollar": r"\$", r"\euro": r"\text{euro}", r"\pounds": r"\text{gbp}", r"\nonumber": "",
    r"\choose": r"\choose",
}  # fmt: skip
_COMMAND = re.compile(r"\\[A-Za-z]+")
_DIGIT_SPACE = re.compile(r"(?<=\d)(?:\\[,;: ]|~)\s*(?=\d{3}(?!\d))")
_SPACE = r"(?:\\[,;:>! ]|~|\\(?=\n)|&nbsp;|\s)"
_SPACES = re.compile(rf"{_SPACE}+")
_GAP = re.compile(rf"(?<=\d){_SPACE}+(?=\d)")
_WRAPPED = re.compile(r"\s*(?:\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]|\*\*(.*)\*\*|`(.*)`)\s*", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\s*,\s*\}")
_ROW_SKIP = re.compile(r"(\\\\)\[\d+(?:\.\d+)?(?:pt|em|ex|mm)\]")
_TEXT_ALONE = re.compile(r"\\text\s*\{([^{}]*)\}")
_EMPTY_GROUP = re.compile(r"(?<!\\)\{\s*\}(?=\s*\^)")  # `5 { }^{\circ}`
_EMPTY_TEXT = re.compile(r"\\text\s*\{\s*\}|\\(?:text)?color\s*\{\w*\}")
_CELSIUS = re.compile(r"\^\s*\{?\s*\\circ\s*\}?\s*(?:\\text\s*\{\s*([CF])\s*\}|([CF])(?![A-Za-z]))")
_CLOCK = re.compile(r"(?<![A-Za-z])([AaPp])\.\s?[Mm](?:\.|(?![A-Za-z]))")  # `p.m.`
_UNION = re.compile(r"(?<=[)\]])\s*U\s*(?=[(\[])")
_TIMES = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_MATH_MARK = re.compile(r"(?<!\\)\$")
_NEGATIVE_SPACE = re.compile(r"\\!\s*")

Kind = Literal["number", "letters", "command", "text", "sign", "end"]


class Token(NamedTuple):
    """A piece of the plain string; `spaced` when white space stands before it."""

    kind: Kind
    text: str
    spaced: bool


class NotationError(ValueError):
    """The text cannot be read as an answer; `reason` is one word for the verdict."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def plain(text: str) -> str:
    """The text with one spelling for each notation: no wrappers, Unicode as LaTeX, no spacing or sizing commands.

    >>> plain(r"$\\dfrac{1}{2}$"), plain("−3"), plain(r"10,\\!080")
    ('\\\\frac{1}{2}', '-3', '10,080')
    """
    return _kept_plain(text) if len(text) <= KEPT else _plain(text)


def _plain(text: str) -> str:
    if not text.isascii():
        text = _ascii(text)
    text = _CLOCK.sub(r"\1m", _unwrapped(text.strip()))
    if "\\" in text or "{" in text or "~" in text:
        text = _NEGATIVE_SPACE.sub("", text)
        text = _PLACEHOLDER.sub(",", text)
        text = _ROW_SKIP.sub(r"\1", text)
        text = _DIGIT_SPACE.sub("", text)
        text = _EMPTY_GROUP.sub("", text)
        text = _EMPTY_TEXT.sub(" ", _COMMAND.sub(_one_spelling, text))
    if "circ" in text:
        text = _CELSIUS.sub(lambda found: rf"\text{{°{found[1] or found[2]}}}", text)
    text = _unwrapped(text).strip()
    if (worded := _TEXT_ALONE.fullmatch(text)) and any(character.isdigit() for character in worded[1]):
        text = _unwrapped(worded[1].strip())  # `\text{18 dollars}`
    text = _TIMES.sub(r"\\times ", _UNION.sub(r"\\cup ", text))
    if text.count("$") - text.count("\\$") > 1:  # `$125$ miles`: the dollars are marks of mathematics, not money
        text = _MATH_MARK.sub(" ", text).strip()
    return text


_kept_plain = lru_cache(maxsize=8192)(_plain)


def squeezed(text: str) -> str:
    """A plain text without its white space: what two spellings of one answer often share. `1 2` is not `12`."""
    return _SPACES.sub("", _GAP.sub("\0", text))


def _ascii(text: str) -> str:
    text = _SUPER_RUN.sub(lambda run: "^{" + run[0].translate(_SUPERSCRIPTS) + "}", text)
    text = _SUB_RUN.sub(lambda run: "_{" + run[0].translate(_SUBSCRIPTS) + "}", text)
    return unicodedata.normalize("NFKC", text.translate(_UNICODE)).translate(_UNICODE)


def _one_spelling(command: re.Match[str]) -> str:
    name = command[0]
    if name not in _SAME:
        return name
    same = _SAME[name]
    return same + " " if same[-1:].isalpha() else same


def _unwrapped(text: str) -> str:
    """Without the marks around the whole: dollars, brackets of display mode, bold, a box, a final period."""
    for _ in range(4):
        inner = _inside(text)
        if inner is None:
            return text
        text = inner.strip()
    return text


def _inside(text: str) -> str | None:
    if text.endswith((".", "\\", "。")) and not text.endswith(("\\\\", "..")):
        return text[:-1]
    if text.startswith(("\\boxed", "\\fbox")) and text.endswith("}"):
        start = text.find("{")
        return text[start + 1 : -1] if start >= 0 and _closes_at_end(text, start) else None
    if text[:1] not in ("$", "\\", "*", "`"):
        return None
    match = _WRAPPED.fullmatch(text)
    if match is None:
        return None
    inner = next(group for group in match.groups() if group is not None)
    mark = text[:1] if text[0] != "\\" else text[:2]
    return None if mark in inner.replace("\\$", "") else inner


def _closes_at_end(text: str, start: int) -> bool:
    depth, position = 0, start
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 2
            continue
        depth += (char == "{") - (char == "}")
        position += 1
        if depth == 0:
            return position == len(text)
    return False


_TOKEN = re.compile(
    r"(?P<space>(?:\\[,;:>! ]|~|\s)+)"
    r"|(?P<number>\d+(?:\.\d+)?[eE][+-]?\d{1,3}(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?P<text>\\text\s*\{)"
    r"|(?P<command>\\(?:[A-Za-z]+|[{}%$#&_|\\\\]))"
    r"|(?P<sign><=|>=|!=|==|\*\*|[-+*/^_=<>|!:;,.()\[\]{}&'%$])"
)
_TEXT_BRACES = re.compile(r"[{}]")


def tokens(text: str) -> list[Token]:
    """The tokens of a plain text.

    Raises NotationError: `too_long`, or `unreadable` at a character that no notation uses.
    """
    if len(text) > MAX_CHARS:
        raise NotationError("too_long")
    found: list[Token] = []
    position, spaced = 0, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotationError("unreadable")
        kind, position = match.lastgroup, match.end()
        if kind == "space":
            spaced = True
            continue
        piece = match[0]
        if kind == "text":
            piece, position = _braced(text, position)
        if piece == "!=" and found and not spaced and (found[-1].kind == "number" or found[-1].text == ")"):
            found.append(Token("sign", "!", False))  # `6!=720`
            piece = "="
        found.append(Token(kind, piece, spaced))  # type: ignore[arg-type] # the groups are named as the kinds
        spaced = False
        if len(found) > MAX_TOKENS:
            raise NotationError("too_long")
    found.append(Token("end", "", spaced))
    return found


def _braced(text: str, start: int) -> tuple[str, int]:
    """The content of the group that began before `start`, and where its closing brace ends."""
    depth = 1
    for brace in _TEXT_BRACES.finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()], brace.end()
    raise NotationError("unbalanced")
