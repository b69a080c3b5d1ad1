r"""A gold written in another way is correct: rules that rewrite golds, and what models really write for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from crossthink_data.verify import Gold, compare, infer_type
from tests.support import needs_hub
from tests.verify.golds import OUR_GOLDS, mirror_golds
from tests.verify.parts import Node, Tokens, parse, terms, tokenise

_FRACTION = re.compile(r"(-?)\\[dt]?frac\{(\d+)\}\{(\d+)\}")
_SCALAR = re.compile(r"[-+]?(?:\d|\\(?:[dt]?frac|sqrt|pi|ln|log|binom))(?:[\d.+\-*/^!(){}\s]|\\[dt]?frac|\\sqrt|\\pi)*")
_WORDY = re.compile(r"text|mbox|mathrm|circ|%|\$|approx|\\pm|\\begin|_|[A-Za-z]{3}")

# ---- what models write that is the gold, each under what the grader makes of it

EQUAL = {
    "`x in` before a set of values": [
        ("3,-2", r"x \in \{3,-2\}"),
        (r"x\in\{1,2\}", "1,2"),
        ("(1,2),(3,4)", r"(x,y)\in\{(1,2),(3,4)\}"),
    ],
    "everything inside `text`": [
        ("18", r"\text{18 dollars}"),
        ("18", r"\text{\$18}"),
        ("3, -2", r"\text{3, -2}"),
        ("3,-2", r"\text{-2 and 3}"),
        ("(3,4)", r"\text{(3, 4)}"),
        (r"\infty", r"\text{infinity}"),
        ("3+4i", r"3+4\mathrm{i}"),
        ("18", r"\text{18}"),
    ],
    "words before the value": [
        ("5", r"\text{ }5"),
    ],
    "numbers in words": [("18", "eighteen"), ("5", r"\text{five}")],
    "units in pieces": [
        (r"5\text{ m/s}", r"5\,\text{m}\,\text{s}^{-1}"),
        (r"5\text{ m/s}", r"5\,\mathrm{m\,s^{-1}}"),
        (r"5\text{ mph}", r"5\text{ miles per hour}"),
    ],
    "a congruence": [("3", r"n \equiv 3 \pmod 7"), (r"n \equiv 3 \pmod 7", r"3 \pmod 7")],
    "set of those such that, by a colon": [(r"[3,\infty)", r"\{x : x\ge 3\}"), ("x>3", r"\{x : x>3\}")],
    "all at once": [("x>3 \\text{ and } x<5", "3<x<5"), (r"x \ne 1, x\ne 2", r"x \ne 2, x\ne 1")],
    "all real numbers": [
        (r"\mathbb{R}", r"\text{all real numbers}"),
        (r"(-\infty,\infty)", r"\text{all real numbers}"),
        (r"(-\infty,1)\cup(1,\infty)", r"\mathbb{R}-\{1\}"),
        (r"(-\infty, 2]\cup[3,\infty)", "(-inf, 2] U [3, inf)"),
    ],
    "no solution": [(r"\emptyset", r"\text{no solution}"), (r"\text{no solution}", r"\text{no solutions}")],
    "which values of a parameter": [
        (r"k\pi", r"x=k\pi, k \in \mathbb{Z}"),
        ("2n+1", r"a_n=2n+1, n\ge1"),
    ],
    "the other side of a gold that is an equation": [
        ("2^{10}=1024", "1024"),
        (r"\frac{1}{2}=0.5", "0.5"),
        ("x=2y=6", "6"),
    ],
    "a matrix as programs write one": [
        ("[[1,2],[3,4]]", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,2],[3,4]]"),
        ("[2,3,4]", r"\begin{pmatrix}2\\3\\4\end{pmatrix}"),
    ],
    "binomials and determinants": [("10", r"{5 \choose 2}"), ("-2", r"\begin{vmatrix}1&2\\3&4\end{vmatrix}")],
    "powers of ten": [("1e-5", "10^{-5}"), ("120000", "1.2 x 10^5")],
    "money before a product or a sign": [
        ("-5", r"\$-5"),
        (r"5\sqrt{3}", r"\$5\sqrt{3}"),
        ("7/12", r"\$7/12"),
    ],
    "a factorial before an equals sign": [("720", "6!=720"), ("9!", "9!=x"), ("x = 6!", "6!=x")],
    "other notation": [
        (r"\arctan 2", "atan(2)"),
        ("5", r"\textcolor{red}{5}"),
        ("i", r"\imath"),
        ("f(x)=2x", "y=2x"),
        (r"\sin(1000x)", r"\sin(1000x)+0"),
    ],
    "read well": [
        ("-2,3", r"x = 3 \text{ or } x = -2"),
        ("3,-2", r"3\text{ and }-2"),
        (r"\left(\frac12,3\right)", "(1/2, 3)"),
        ("18", r"\$18.00"),
        ("720", "6!"),
        (r"\frac{8}{15}", r"0.5\overline{3}"),
        ("2x", "f(x)=2x"),
        ("1024", "2^{10}=1024"),
        ("2n+1", "a_n = 2n+1"),
        (r"\ln 2", r"\log_e 2"),
        (r"\arctan 2", r"\tan^{-1} 2"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\mathbf{v} = \begin{pmatrix}1\\2\end{pmatrix}"),
        ("(1,2)", r"\langle 1,2\rangle"),
        (r"(-\infty, 2]\cup[3,\infty)", r"x\le 2 \text{ or } x\ge 3"),
        (r"\emptyset", r"\varnothing"),
        ("12345", "12{,}345"),
        ("120000", r"1.2\times 10^{5}\text{ J}"),
        (r"\frac{\sqrt2}{2}", "sqrt(2)/2"),
        ("x^2", "x**2"),
        (r"\frac{3\pi}{4}", "3*pi/4"),
        (r"\frac{x}{2}", "1/2*x"),
        (r"2\sqrt3", "2√3"),
        (r"5 \text{ cm}^2", "5 cm²"),
        ("120^\\circ", "120 deg"),
        (r"\text{A, C}", "C and A"),
        (r"x^2+1", "1+x²"),
        ("25\\pi", r"\text{Area}=25\pi\text{ cm}^2"),
    ],
}


@pytest.mark.parametrize(
    ("gold", "answer"),
    [pytest.param(*pair, id=f"{cause}: {pair[1]}") for cause, pairs in EQUAL.items() for pair in pairs],
)
def test_what_a_model_writes_for_a_gold_is_correct(gold: str, answer: str) -> None:
    assert compare(Gold(gold, infer_type(gold)), answer).correct


# ---- rules: a gold, its tokens and their tree -> other ways to write it

Rule = Callable[[str, Tokens, Node], Iterable[str]]


def _in_delimiters(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    yield f"  {gold}\n"
    if not gold.endswith("."):
        yield f"{gold}."
    yield rf"\displaystyle {gold}"
    if "$" not in gold:
        yield from (f"${gold}$", f"$${gold}$$", rf"\({gold}\)", rf"\[{gold}\]", rf"\boxed{{{gold}}}")


def _spacing(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if "$" not in gold.replace(r"\$", ""):
        yield "".join(tokens)
    if (
        not re.search(r"[A-Za-z]{2}|\d[A-Z]|_|\$|\d ?[eE]|[^\x00-\x7f]", re.sub(r"\\[A-Za-z]+", "", gold))
        and "." not in gold[-1:]
    ):
        yield " ".join(token for token in tokens if not token.isspace())


def _fractions(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if r"\frac" in gold:
        yield from (gold.replace(r"\frac", name) for name in (r"\dfrac", r"\tfrac", r"\cfrac"))
    if not (match := _FRACTION.fullmatch(gold)):
        return
    sign, above, below = match[1], int(match[2]), int(match[3])
    yield f"{sign}{above}/{below}"
    yield rf"{sign}\frac{{{6 * above}}}{{{6 * below}}}"
    yield rf"\frac{{{sign}{above}}}{{{below}}}"
    if above > below and above % below:
        yield rf"{sign}{above // below}\frac{{{above % below}}}{{{below}}}"
    if len(decimal := str(above / below)) < 8:
        yield sign + decimal


def _thousands(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if re.fullmatch(r"-?[1-9]\d{3,14}", gold):
        yield from (f"{int(gold):,}".replace(",", mark) for mark in (",", "{,}", r",\!", r"\,", " "))


def _brackets(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if re.search(r"[(\[]", gold) and not re.search(r"\\left|\\right|\\begin|\\sqrt\[|text", gold):
        yield re.sub(r"(?<!\\)[)\]]", r"\\right\g<0>", re.sub(r"(?<!\\)[(\[]", r"\\left\g<0>", gold))
    if "pmatrix" in gold:
        yield gold.replace("pmatrix", "bmatrix")
        opened = gold.replace(r"\begin{pmatrix}", r"\left(\begin{array}{ccc}")
        yield opened.replace(r"\end{pmatrix}", r"\end{array}\right)")
        yield gold.replace(r"\\", r"\\[2mm]")


def _words(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if r"\text{" in gold:
        yield from (gold.replace(r"\text{", name + "{") for name in (r"\mathrm", r"\textbf", r"\mbox", r"\textit"))
    if re.fullmatch(r"\\text\{[^{}]*[^\W\d][^{}]*\}", gold):
        yield gold[6:-1]


def _degrees(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if re.fullmatch(r"-?[\d.]+\^\\circ", gold):
        yield from (
            gold.replace(r"^\circ", way) for way in ("°", r"^{\circ}", r"\text{ degrees}", " degrees", r"\degree")
        )


def _unicode(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if "text" in gold or "mbox" in gold or r"\begin" in gold:
        return
    for ascii_, signs in ((r"-", "−"), (r"\pi", "π"), (r"\infty", "∞"), (r"\cup", "∪"), (r"\le ", "≤"), (r"\pm", "±")):
        if ascii_ in gold:
            yield gold.replace(ascii_, signs)
    if squares := re.sub(r"(?<=[a-z])\^2(?!\d)", "²", gold):
        yield squares


def _order(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    parts = [part.text(tokens) for part in root.parts]
    if root.kind == "union":
        yield r" \cup ".join(reversed(parts))
    if root.kind not in ("list", "set") or len(parts) < 2 or r"\ " in gold:
        return
    yield ", ".join(reversed(parts))
    yield rf"\{{{','.join(parts)}\}}"
    yield ", ".join(parts[:-1]) + r" \text{ and } " + parts[-1]
    yield ", ".join(parts[:-1]) + " or " + parts[-1]


def _terms(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if root.kind != "leaf" or _WORDY.search(re.sub(r"\\(?:frac|sqrt|sin|cos|tan|pi|ln|log|left|right)", "", gold)):
        return
    found = terms(tokens, root)
    if not found or gold.endswith(".") or re.search(r"[|,:]|\de", gold):
        return
    body = "".join(tokens[root.start : root.end])
    last, head = "".join(tokens[found[-1] + 1 : root.end]).strip(), "".join(tokens[root.start : found[-1]]).strip()
    yield f"{last}+{head}" if tokens[found[-1]] == "+" else f"-{last}+{head}"
    yield f"({body})"
    yield rf"\frac{{{body}}}{{1}}"
    yield rf"2\cdot\frac{{{body}}}{{2}}"
    yield f"0+({body})"


def _names(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if _SCALAR.fullmatch(gold) and not gold.endswith("."):
        yield from (f"x = {gold}", rf"\text{{Area}} = {gold}", f"f(2)={gold}", f"AB={gold}", f"{gold}=x")
    if root.kind in ("union", "interval") and "x" not in gold:
        yield rf"x \in {gold}"


def _units(gold: str, tokens: Tokens, root: Node) -> Iterator[str]:
    if _SCALAR.fullmatch(gold) and not gold.endswith((".", "!")):
        yield from (gold + unit for unit in (r" \text{ cm}", r"\,\mathrm{kg}", r"\text{ apples}", r" \text{ cm}^2"))
        yield rf"{gold} \text{{ dollars}}"
        yield from (rf"\mathbf{{{gold}}}", rf"{{{gold}}}", rf"\left({gold}\right)")


RULES: dict[str, Rule] = {
    "delimiters": _in_delimiters,
    "spacing": _spacing,
    "fractions": _fractions,
    "thousands": _thousands,
    "brackets": _brackets,
    "words": _words,
    "degrees": _degrees,
    "unicode": _unicode,
    "order": _order,
    "terms": _terms,
    "names": _names,
    "units": _units,
}


def _rewritings(gold: str, rule: Rule) -> list[str]:
    tokens = tokenise(gold)
    return list(rule(gold, tokens, parse(tokens, 0, len(tokens)))) if tokens else []


def _refused(golds: Iterable[str], rule: Rule) -> tuple[int, list[str]]:
    """How many rewritings there are, and those that are not correct."""
    count, refused = 0, []
    for gold in golds:
        truth = Gold(gold, infer_type(gold))
        for answer in _rewritings(gold, rule):
            count += 1
            if not (verdict := compare(truth, answer)).correct:
                refused.append(f"{verdict.outcome}: {answer!r} for {gold!r}")
    return count, refused


@pytest.mark.parametrize("rule", RULES)
def test_our_golds_rewritten_are_correct(rule: str) -> None:
    count, refused = _refused(OUR_GOLDS, RULES[rule])
    assert count
    assert not refused, "\n".join(refused)


@needs_hub
@pytest.mark.parametrize("rule", RULES)
def test_real_golds_rewritten_are_correct(rule: str) -> None:
    golds = dict.fromkeys(gold for column in mirror_golds().values() for gold in column)
    count, refused = _refused(golds, RULES[rule])
    assert count > 50
    assert not refused, f"{len(refused)} of {count} refused\n" + "\n".join(refused)
