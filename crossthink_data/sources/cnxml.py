"""CNXML, the markup of OpenStax textbooks, as plain text.

Formulas are written the way people type them: `a^{b}`, `a_{b}`, `(a + b)/c`, `\\sqrt{a}`, but `H2O` where a
number hangs on an element's symbol or a bracket. Blocks become lines. Pictures, tables, footnotes and labels
have no text.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, fromstring

MAX_BYTES = 4 << 20  # of one file: an element of 4 bytes takes 100 of memory; the largest module has 268 kB
MAX_DEPTH = 100  # of elements in one another, which are walked by recursion; the deepest module has 20
CNX = "{http://cnx.rice.edu/cnxml}"
_MATH = "{http://www.w3.org/1998/Math/MathML}"
_BLOCKS = {"para", "list", "equation", "note", "title", "section", "quote", "newline"}
_WITHOUT_TEXT = {"media", "figure", "table", "label", "footnote", "commentary"}
_NUMBERED = {"lower-alpha": "abcdefghijklmnopqrstuvwxyz", "upper-alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_SPACED = set("=+−×⟶→⇌↔≈<>≤≥≫≪")  # operators with a space on both sides
_ORDINAL = {"st", "nd", "rd", "th"}
_FORMULA_PART = re.compile(r"(?:[A-Z][a-z]?|[)\]])$")
_ATOM = re.compile(r"[\w.,]+")


def parse(data: bytes) -> Element:
    """The root of a CNXML file.

    Raises ValueError for one that is not well-formed UTF-8 XML, is too large or too deep, or declares entities or
    attributes (they expand unbounded).
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has {len(data):,} bytes, at most {MAX_BYTES:,} are read")
    text = data.decode("utf-8")  # so that no other encoding hides the declaration
    if "<!ENTITY" in text:
        raise ValueError("it declares entities")
    if "<!ATTLIST" in text:
        raise ValueError("it declares attributes")
    try:
        root = fromstring(text)  # noqa: S314 - without declarations there is nothing to expand or to fetch
    except ParseError as error:
        raise ValueError(str(error)) from error
    _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise ValueError(f"it has elements more than {MAX_DEPTH} deep")


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def plain(element: Element, without: Element | None = None) -> str:
    """The text of an element, a line per block; `without` is an element inside it to leave out."""
    lines = (" ".join(line.split()) for line in _inline(element, without).split("\n"))
    return "\n".join(line for line in lines if line)


def _inline(element: Element, without: Element | None) -> str:
    name = local(element)
    if element is without or name in _WITHOUT_TEXT:
        return ""
    if element.tag == f"{_MATH}math":
        return formula(element)
    out = _squashed(element.text)
    for position, child in enumerate(element):
        text = _inline(child, without)
        if local(child) in ("sub", "sup"):
            out += _script(out, "_" if local(child) == "sub" else "^", text.strip())
        else:
            out += f"\n{_number(element, position)}{text.strip()}\n" if name == "list" else text
        out += _squashed(child.tail)
    return f"\n{out}\n" if name in _BLOCKS else out


def _squashed(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _number(element: Element, position: int) -> str:
    """What a list shows before an item."""
    if element.get("list-type") != "enumerated":
        return ""
    letters = _NUMBERED.get(element.get("number-style", ""), "")
    return f"{letters[position] if position < len(letters) else position + 1}. "


def _script(base: str, mark: str, text: str) -> str:
    """What is set lower or higher than `base`, as it is typed after it."""
    text = re.sub("[–—]", "−", text)  # a dash here is a charge or a sign
    if not text or (mark == "^" and text in _ORDINAL):
        return text
    if mark == "_" and text.isdecimal() and _FORMULA_PART.search(base[-3:]):  # all that it looks at: a search is slow
        return text
    return f"{mark}{{{text}}}"


def formula(element: Element, tight: bool = False) -> str:
    """MathML as typed text; `tight` leaves out the spaces around operators, as in scripts."""
    name, parts = local(element), list(element)
    match name, len(parts):
        case ("mi" | "mn" | "mtext" | "ms", _):
            return _squashed(element.text)
        case "mo", _:
            return _operator(_squashed(element.text).strip(), tight)
        case "mspace", _:
            return " "
        case "mphantom" | "annotation" | "annotation-xml", _:
            return ""
        case "mfrac", 2:
            return "/".join(map(_grouped, parts))
        case "msqrt", _:
            return f"\\sqrt{{{_row(parts, tight).strip()}}}"
        case "mroot", 2:
            return f"\\sqrt[{formula(parts[1], True).strip()}]{{{formula(parts[0]).strip()}}}"
        case ("msub" | "munder" | "msup" | "mover" | "msubsup" | "munderover", 2 | 3):
            return _scripted(name, parts, tight)
        case "mtr", _:
            return " ".join(formula(part, tight).strip() for part in parts)
        case "mtable", _:
            return "\n".join(formula(part, tight) for part in parts)
    return _row(parts, tight)


def _row(parts: list[Element], tight: bool) -> str:
    out = ""
    for part in parts:
        text = formula(part, tight)
        if text in (" + ", " − ") and not re.match(r"[\w)\]}°]", out.rstrip()[-1:]):
            text = text.strip()  # a sign
        out += f" {text}" if _is_word(part, text) and re.search(r"[\w})\]]$", out[-2:]) else text
    return out


def _is_word(part: Element, text: str) -> bool:
    return local(part) == "mtext" and bool(re.match("[a-z]{2}", text))


def _operator(sign: str, tight: bool) -> str:
    if tight:
        return sign
    if sign in _SPACED:
        return f" {sign} "
    return f"{sign} " if sign in (",", ";") else sign


def _grouped(part: Element) -> str:
    text = formula(part).strip()
    return text if _ATOM.fullmatch(text) else f"({text})"


def _scripted(name: str, parts: list[Element], tight: bool) -> str:
    marks = {"msub": "_", "munder": "_", "msup": "^", "mover": "^"}.get(name, "_^")
    out = formula(parts[0], tight)
    for mark, part in zip(marks, parts[1:], strict=False):
        text = formula(part, True).strip()
        if name in ("munder", "mover") and text in ("_", "¯"):
            return f"\\overline{{{out}}}" if text == "¯" else out  # an underline is layout
        out += _script(out, mark, text)
    return out
