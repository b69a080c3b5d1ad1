r"""What holds of every answer: equal trees are equal however written, unequal ones are not, and nothing breaks.

Expressions are drawn as trees of our own, written in three styles, and valued by fractions, apart from the package.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crossthink_data.verify import Gold, infer_type
from crossthink_data.verify.compare import compare_bounded

SECONDS = 1.0  # that one comparison may take of the processor

Tree = tuple[Any, ...]  # ("n", 3), ("v", "x"), ("neg", tree), ("+", tree, tree) and the like, ("^", tree, 2)


def outcome(gold: str, answer: str) -> str:
    """The verdict's outcome, or `pending` where the bounded tiers leave it to a worker."""
    verdict = compare_bounded(Gold(gold, infer_type(gold)), answer)
    return "pending" if verdict is None else verdict.outcome


# ---- answers that are not the gold, each under the cause that made the grader take it for equal

NOT_EQUAL = {
    "an equation that everything solves": [
        ("x+y=1", "0=0"),
        ("f(x)=3x^2-8", "1=1"),
        ("x^2+y^2=30", "x-x=0"),
        ("y=2x", r"0\cdot y=0"),
    ],
    "spaces between digits dropped": [
        ("11/2", "1 1/2"),
        ("1 1/2", "11/2"),
        ("56", r"5\quad 6"),
        ("12", "1 2"),
        ("312", "3 12"),
    ],
    "more of the answer in words behind the value": [
        ("5", r"5\text{ or 6}"),
        ("5", r"5\text{ (not 6)}"),
        ("5", r"5 \text{ is incorrect, it is 7}"),
        ("5", r"5\text{00}"),
        ("5", r"5\text{.5}"),
        ("5", r"5\text{6}"),
        ("5", r"5\text{ + 1}"),
        ("5", r"5\text{^2}"),
        ("5", r"5\text{!}"),
        ("5", r"5\text{ factorial}"),
        ("5", r"5\text{ squared}"),
        ("5", r"5 \text{ million}"),
        ("5", "5 thousand"),
        ("5", r"5\text{ dozen}"),
        ("5", r"5\text{ or more}"),
    ],
    "a variable in roman type": [("5", r"5\mathrm{x}"), ("5", r"5\mathrm{i}"), ("5", r"5\mathrm{e}")],
    "an approximation that is none": [
        ("5", r"5 \approx 6"),
        ("36", r"x=36\approx 40"),
        (r"\frac{5}{8}", r"\frac58 \approx 100"),
        ("x^2+1", r"x^2+1\approx 7"),
        ("5", r"\approx 5 \approx 6"),
    ],
    "an equation that has another solution": [
        ("5", "x+1=5"),
        ("5", "2x=5"),
        ("5", "x^2=5"),
        ("5", "-x=5"),
        ("5", r"\sin x=5"),
        ("5", "1/x=5"),
        ("5", "x^{-1}=5"),
    ],
    "a constant as a name": [
        ("3", r"\pi=3"),
        ("-1", "i=-1"),
        ("5", r"\infty=5"),
        ("5", r"5=\infty"),
        ("5", r"\mathbb{R}=5"),
        ("5", r"\dots=5"),
        ("5", r"\text{not}=5"),
    ],
    "what holds and what does not joined alike": [
        (r"\mathbb{R}", r"x>3 \text{ and } x<5"),
        (r"\mathbb{R}", r"x\ne1,x\ne2"),
        ("x>3", r"x>5 \text{ and } x>3"),
        (r"p \land q", r"p \lor q"),
    ],
    "other unknowns": [
        ("x>0", "y>0"),
        ("-6<x<10", "-6<y<10"),
        (r"x\ne 4", r"y\ne 4"),
        ("x>0", "x>0,y>0"),
        ("x>3", "f(x)>3"),
    ],
    "values given to other names": [
        ("x=1,y=2", "x=1,x=2"),
        ("x=1,x=2", "x=1,y=2"),
        ("(1,2)", "y=1,x=2"),
    ],
    "beyond infinity": [(r"\mathbb{R}", r"x<-\infty"), (r"(-\infty,\infty)", r"x>\infty")],
    "what comes before `such that`": [
        ("x>3", r"\{2x\mid x>3\}"),
        ("x>3", r"\{x\in\mathbb{Z}\mid x>3\}"),
        (r"\{1,2\}", r"\{x^2\mid x\in\{1,2\}\}"),
        ("5", r"\{6\mid 5\}"),
    ],
    "times of day without their words": [
        ("3:00 pm", "5:00 am"),
        ("3:00 pm", "3:00 am"),
        ("5 p.m.", "5 a.m."),
        (r"5\text{ pm}", r"5\text{ am}"),
    ],
    "units that differ by a letter's case or a prefix": [
        (r"5\text{ MW}", r"5\text{ mW}"),
        (r"5\text{ MPa}", r"5\text{ kPa}"),
        (r"5^\circ\text{C}", r"5^\circ\text{F}"),
        (r"5\text{ cm}", r"5\text{ large m}"),
    ],
    "a unit of the last term only": [("50.5", r"50\%+50\%"), (r"51\%", r"1+50\%")],
    "accents that mean something": [
        ("3+4i", r"\overline{3+4i}"),
        ("z", r"\overline{z}"),
        ("A", r"\overline{A}"),
    ],
    "sets in sets": [
        (r"\{\{1,2\},\{3\}\}", r"\{\{1\},\{2,3\}\}"),
        (r"\{\{1\},\{2\}\}", r"\{1,2\}"),
        (r"\emptyset", r"\{\emptyset\}"),
        ("2, 5, 11", r"\{2,5\}, 11"),
    ],
    "an interval that is empty": [("(2,1)", "2<x<1"), ("(3,-8)", "3<x<-8")],
    "digits that no base has": [("5", "5_4"), ("5", "5_x"), ("12", "12_x")],
    "small differences": [
        ("0", "e^{-1000}"),
        ("0", r"\pi\cdot 10^{-300}"),
        ("1", r"\tanh 1000"),
        (r"\pi", r"\pi+10^{-300}"),
        (r"\sqrt{x}", r"\sqrt{x}+10^{-300}"),
    ],
    "points that are the same always": [
        ("0", r"(n-2)(n-3)(n-4)(n-5)(n-6)(n-7)(n-8)\cdot n!"),
        ("n!", "n! + (n-2)(n-3)(n-4)(n-5)(n-6)(n-7)(n-8)"),
        ("x", r"x+\lfloor\frac{|x|}{1000}\rfloor"),
        ("x", r"\max(x,-50)"),
        ("0", r"\lfloor\frac{x^2}{10^9}\rfloor"),
        ("|x+100|", "x+100"),
        ("1", r"\lceil\frac{x^2}{10^9}\rceil"),
    ],
    "a double factorial": [("120!", "5!!")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("gold", "answer"),
    [pytest.param(*pair, id=f"{cause}: {pair[1]}") for cause, pairs in NOT_EQUAL.items() for pair in pairs],
)
def test_an_answer_that_is_not_the_gold_is_not_accepted(gold: str, answer: str) -> None:
    assert outcome(gold, answer) != "correct"


# ---- answers that cost too much

_PRIMES = [p for p in range(2, 120) if all(p % q for q in range(2, p))]
COSTLY = {
    "lcm of powers": ("5", r"\text{lcm}(" + ",".join(f"{p}^{{9000}}" for p in _PRIMES) + ")"),
    "product of variables": ("x^5", "x " * 3900),
    "points left out one by one": (r"\mathbb{R}", r"\mathbb{R}" + "".join(rf"\setminus\{{{i}\}}" for i in range(200))),
    "long list of roots": (
        ",".join(rf"\sqrt{{{i}}}" for i in range(2, 200)),
        ",".join(rf"\sqrt{{{i}}}+0" for i in range(199, 1, -1)),
    ),
    "long list of expressions": (
        ",".join(rf"x^{i}+\sin {i}x" for i in range(2, 120)),
        ",".join(rf"\sin {i}x+x^{i}" for i in range(119, 1, -1)),
    ),
}


@pytest.mark.parametrize(("gold", "answer"), COSTLY.values(), ids=COSTLY)
def test_an_answer_costs_less_than_a_second(gold: str, answer: str) -> None:
    start = time.process_time()
    compare_bounded(Gold(gold, "math"), answer)
    assert time.process_time() - start < SECONDS


# ---- answers that broke the grader

RAISED = [
    ("5", r"\frac1e10"),  # a power of ten split after its first digit
    ("5", r"\binom1e999"),
    ("1,234", r"\sqrt[1,234]{5}"),  # readable only where the comma groups digits
    ("5", r"\sqrt[1,234]{5}"),
    ("1,234", r"|1,234|,\sqrt[1,234]{5}"),
]


@pytest.mark.parametrize(("gold", "answer"), RAISED)
def test_an_answer_that_broke_the_grader_is_wrong(gold: str, answer: str) -> None:
    assert outcome(gold, answer) == "wrong"


# ---- answers that get away without a verdict

UNDECIDED = [  # a gold that is an ordinary number, and an answer that is not it, whatever its value
    ("5", r"5 \to 6"),
    ("5", r"5\equiv 6"),
    ("5", r"x>3 \Rightarrow 5"),
    ("(x,y)=(1,2)", "(y,x)=(1,2)"),
]


@pytest.mark.parametrize(("gold", "answer"), UNDECIDED, ids=[answer[:30] for _, answer in UNDECIDED])
def test_no_answer_of_another_kind_goes_without_a_verdict(gold: str, answer: str) -> None:
    assert outcome(gold, answer) == "wrong"


@pytest.mark.parametrize("answer", ["9^{9^{9^9}}-1", "1/9^{9^9}", "x^{9^{9^9}}", "(" * 70 + "6" + ")" * 70])
def test_what_is_beyond_the_bounds_is_said_to_be_unknown(answer: str) -> None:
    assert outcome("5", answer) == "ungradable"


# ---- trees

_NAMES = "abxyn"
_NUMBERS = st.integers(0, 30).map(lambda n: ("n", n))
_LEAVES = _NUMBERS | st.sampled_from(_NAMES).map(lambda name: ("v", name))


def _grown(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return (
        st.tuples(st.sampled_from("+-*/"), trees, trees)
        | st.tuples(st.just("neg"), trees)
        | st.tuples(st.just("^"), trees, st.integers(1, 3))
    )


trees = st.recursive(_LEAVES, _grown, max_leaves=8)


def value(tree: Tree, at: dict[str, Fraction]) -> Fraction:
    """The tree's value. Raises ZeroDivisionError where it has none."""
    op, *args = tree
    if op == "n":
        return Fraction(args[0])
    if op == "v":
        return at[args[0]]
    if op == "^":
        return math.prod([value(args[0], at)] * args[1], start=Fraction(1))
    values = [value(arg, at) for arg in args]
    if op == "neg":
        return -values[0]
    one, other = values
    return {"+": one + other, "-": one - other, "*": one * other}[op] if op != "/" else one / other


def equal(one: Tree, other: Tree) -> bool:
    """Whether the two agree at 20 random points; what neither has a value at is left out of the test."""
    generator, agreed = random.Random(7), 0  # noqa: S311 - no secret
    for _ in range(20):
        at = {name: Fraction(generator.randrange(-900, 900), generator.randrange(1, 90)) for name in _NAMES}
        try:
            first, second = value(one, at), value(other, at)
        except ZeroDivisionError:
            continue
        if first != second:
            return False
        agreed += 1
    assume(agreed > 10)
    return True


def latex(tree: Tree) -> str:
    r"""`\frac{a}{b}`, `2 \cdot x`, brackets where they are needed."""
    op, *args = tree
    if op in ("n", "v"):
        return str(args[0])
    if op == "^":
        return f"{{{_wrapped(args[0], latex)}}}^{{{args[1]}}}"
    if op == "neg":
        return f"-{_wrapped(args[0], latex)}"
    one, other = args
    if op == "/":
        return rf"\frac{{{latex(one)}}}{{{latex(other)}}}"
    sign = r" \cdot " if op == "*" else f" {op} "
    return _wrapped(one, latex) + sign + _wrapped(other, latex)


def typed(tree: Tree) -> str:
    """As in a program: `(a)/(b)`, `2*x`, `x**2`."""
    op, *args = tree
    if op in ("n", "v"):
        return str(args[0])
    if op == "neg":
        return f"-{_wrapped(args[0], typed)}"
    if op == "^":
        return f"{_wrapped(args[0], typed)}**{args[1]}"
    return f"{_wrapped(args[0], typed)}{op}{_wrapped(args[1], typed)}"


def dressed(tree: Tree) -> str:
    r"""`\left(a\right)\left(b\right)`, `\dfrac`, terms turned round."""
    op, *args = tree
    if op in ("n", "v"):
        return str(args[0])
    if op == "neg":
        return rf"-\left({dressed(args[0])}\right)"
    if op == "^":
        return rf"\left({dressed(args[0])}\right)^{args[1]}"
    one, other = (dressed(arg) for arg in args)
    if op == "/":
        return rf"\dfrac{{{one}}}{{{other}}}"
    if op == "*":
        return rf"\left({other}\right)\left({one}\right)"
    return rf"-\left({other}\right)+{one}" if op == "-" else rf"\left({other}\right)+\left({one}\right)"


def _wrapped(tree: Tree, style: Callable[[Tree], str]) -> str:
    return style(tree) if tree[0] in ("n", "v") else f"({style(tree)})"


STYLES = (latex, typed, dressed)


@given(trees, st.sampled_from(STYLES), st.sampled_from(STYLES))
def test_a_tree_is_itself_in_any_style(tree: Tree, one: Callable[[Tree], str], other: Callable[[Tree], str]) -> None:
    equal(tree, tree)  # leaves out what has no value
    assert outcome(one(tree), other(tree)) == "correct"


@given(trees, trees, st.sampled_from(STYLES))
def test_two_trees_are_equal_where_fractions_say_so(one: Tree, other: Tree, style: Callable[[Tree], str]) -> None:
    is_equal = equal(one, other)
    assert outcome(latex(one), style(other)) == ("correct" if is_equal else "wrong")


def changed(tree: Tree, generator: random.Random) -> Tree:
    """The tree with one number, name or sign exchanged."""
    op, *args = tree
    if op == "n":
        return ("n", args[0] + generator.choice([-1, 1, 10]))
    if op == "v":
        return ("v", generator.choice([name for name in _NAMES if name != args[0]]))
    if op in ("+", "-", "*", "/") and generator.random() < 0.3:
        return (generator.choice([sign for sign in "+-*/" if sign != op]), *args)
    place = 0 if op == "^" else generator.randrange(len(args))
    args[place] = changed(args[place], generator)
    return (op, *args)


@given(trees, st.integers(0, 2**32), st.sampled_from(STYLES))
def test_a_changed_tree_is_equal_only_where_fractions_say_so(
    tree: Tree, seed: int, style: Callable[[Tree], str]
) -> None:
    other = changed(tree, random.Random(seed))  # noqa: S311 - no secret
    assume(not any(sign in typed(other) for sign in ("--", "+-")))  # `n - 1` of nothing is not written so
    is_equal = equal(tree, other)
    assert outcome(latex(tree), style(other)) == ("correct" if is_equal else "wrong")


@given(trees, trees)
def test_two_scalars_are_compared_alike_from_either_side(one: Tree, other: Tree) -> None:
    equal(one, one), equal(other, other)
    assert outcome(latex(one), latex(other)) == outcome(latex(other), latex(one))


# ---- lists, sets and tuples of whole numbers

_MEMBERS = st.lists(st.integers(-99, 99), min_size=2, max_size=6, unique=True)


@given(_MEMBERS.flatmap(lambda members: st.tuples(st.just(members), st.permutations(members))))
@example(([5, 7], [7, 5]))
def test_lists_and_sets_have_no_order_and_tuples_have(pair: tuple[list[int], list[int]]) -> None:
    one, other = (", ".join(map(str, members)) for members in pair)
    assert outcome(one, other) == "correct"
    assert outcome(rf"\{{{one}\}}", rf"\{{{other}\}}") == "correct"
    assert outcome(f"({one})", f"({other})") == ("correct" if one == other else "wrong")


@given(_MEMBERS, st.integers(100, 999))
def test_a_member_too_many_or_too_few_is_wrong(members: list[int], extra: int) -> None:
    gold = ", ".join(map(str, members))
    assert outcome(gold, f"{gold}, {extra}") == "wrong"
    assert outcome(gold, ", ".join(map(str, members[1:]))) == "wrong"
    assert outcome(str(members[0]), gold) == "wrong"


# ---- any text

_PIECES = [
    r"\frac",
    r"\sqrt",
    r"\text{",
    r"\{",
    r"\}",
    r"\left",
    r"\right",
    r"\pm",
    r"\infty",
    r"\le",
    r"\cup",
    r"\sin",
]
_PIECES += [
    r"\begin{pmatrix}",
    r"\end{pmatrix}",
    r"\\",
    r"\overline",
    r"\in",
    r"\mathbb{R}",
    r"\mid",
    r"\pmod",
    r"\dots",
]
_PIECES += [*"{}()[]|^_!,;:.=<>+-*/%$&'\"~ \n", *"0123456789", *"xyeifABC", "²", "½", "−", "π", "é", "\x00", "\ud800"]
_PIECES += [" or ", " and ", "cm", "lcm", "10", "100", "1,234"]
texts = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=200)


@given(texts, texts)
@settings(max_examples=300)
def test_no_text_breaks_a_comparison_or_takes_long(gold: str, answer: str) -> None:
    start = time.process_time()
    outcome(gold, answer)
    assert time.process_time() - start < SECONDS


@given(texts.filter(str.strip))
@example("$")
def test_a_text_given_back_is_correct(gold: str) -> None:
    assert outcome(gold, gold) == "correct"
