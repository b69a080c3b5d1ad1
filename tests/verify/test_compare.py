"""The issue of every fork where graders differ, and what no grader may get wrong."""

from __future__ import annotations

import re
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.verify import Gold, Policy, compare, infer_type
from crossthink_data.verify import compare as compare_function
from crossthink_data.verify.compare import compare_bounded

_ROW = re.compile(r"\| `(.+?)` \| `(.+?)` \| (\w+) \|")


def outcome(gold: str, answer: str) -> str:
    return compare(Gold(gold, infer_type(gold)), answer).outcome


def _conventions() -> list[tuple[str, ...]]:
    text = sys.modules[compare_function.__module__].__doc__ or ""
    return [found.groups() for line in text.splitlines() if (found := _ROW.match(line))]


def test_the_table_of_conventions_is_there() -> None:
    assert len(_conventions()) > 35


@pytest.mark.parametrize(("gold", "answer", "expected"), _conventions())
def test_each_convention_of_the_table_holds(gold: str, answer: str, expected: str) -> None:
    assert outcome(gold, answer) == expected


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),  # both nothing as floats
        ("1/2^{99}", "1/2^{98}"),
        (r"1-\frac{1}{e}", r"1+\frac{1}{e}"),
        ("1331 and 1728", "1728"),
        (r"\pm2021", "2021"),
        ("1:2:3:…", "1:4:9:…"),
        (r"1:2:3:\dots", r"1:4:9:\dots"),
        ("n=2,3,4", "n=1,2,3"),
        ("(0,1)", "(0,1.5)"),
        ("C", r"\boxed{c}"),
        (r"\sqrt{x^2}", "x"),
        ("|x|", "x"),
        ("x^2", "y^2"),
        ("6xy^2", "6x^2y^2"),  # not (xy)^2
        ("5", "5.001"),
        ("[0,1)", "(0,1)"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"),
        ("3", "3, 3"),
        ("3, 3", "3"),
        ("h(3) < h(1) < h(8)", "h(3) < h(2) < h(8)"),
        ("h(2) < h(5)", "h(2) < h(6)"),
        ("-221_3", "-221_4"),
        ("x<1", "x>1"),
        ("x<1", r"x \le 1"),
        ("7=11a+c", "11a+c"),
        (r"\text{8:34 a.m.}", r"8:34 \text{ p.m.}"),
        (r"e^{\pi\sqrt{163}}", "262537412640768744"),  # equal to thirty digits
        ("100,200,300", "300,200,100"),
        (r"\frac{x}{0}", "x"),
        ("x", r"\frac{x}{0}"),
        ("2^{40000}", "2^{39999}"),
        (r"\mathbb{R}", r"\mathbb{Z}"),
        (r"x \neq 3", "x = 3"),
        ("5", "no solution"),
        ("(1,2),(3,4)", "(1,3),(2,4)"),
        (r"\{1,2\}", r"\{1,2,3\}"),
        ("x=1, y=2", "x=2, y=1"),
        (r"A \to B", r"B \to A"),
        (r"A \subset B", r"B \subset A"),
        (r"A \times B", r"B \times A"),
        (r"17 \bmod 5", "17"),
        (r"2\text{ boys}, 3\text{ girls}", r"3\text{ boys}, 2\text{ girls}"),
        ("5 m", "5 M"),
        (r"25^\circ\text{C}", r"25^\circ\text{F}"),
        ("7:00 AM", "7:00 p.m."),
    ],
)
def test_what_differs_is_wrong(gold: str, answer: str) -> None:
    assert outcome(gold, answer) == "wrong"


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("10,000", "10000"),
        ("10{,}000", "10000"),
        (r"11,\! 111,\! 111,\! 100", "11111111100"),
        (r"\frac43", "4/3"),
        (r"\sqrt{1/n}", r"1/\sqrt n"),
        (r"\text{(C)}", "C"),
        (r"\text{E}", r"\boxed{\text{E}}"),
        (r"\{1,2,3\}", r"\{3,2,1\}"),
        ("-12;-11;-10", r"\{-12,-11,-10\}"),
        ("(0;0;0),(0;-2;0)", "(0,-2,0),(0,0,0)"),
        ("x^2+2x+1", "(x+1)^2"),
        ("6xy^2", r"6 x y ^ { 2 }"),
        (r"\tan^2(y)+1", r"\sec^2(y)"),
        (r"2\sin b\cos a", r"\sin(a+b)-\sin(a-b)"),
        ("0<f(x)<1", "(0,1)"),
        ("AB=4,CD=5", "4,5"),
        ("(p,q)=(3,2)", "(3,2)"),
        ("S_{MBCN}:S=7:32", "7:32"),
        (r"\frac{NO}{BO}=\frac{1}{\sqrt{6}}", r"\frac{1}{\sqrt{6}}"),
        ("34x+45y-20z+100=0", "-34x-45y+20z-100=0"),
        (r"x \in [-2,7]", r"-2\le x\le 7"),
        (r"x\neq 3", r"(-\infty,3)\cup(3,\infty)"),
        (r"\mathbb{R}\setminus\{3\}", r"x \ne 3"),
        (r"x \le -1 \text{ or } x > 2", r"(2,\infty)\cup(-\infty,-1]"),
        (r"\{x \mid x>3\}", r"(3,\infty)"),
        ("x<1", "-x>-1"),
        ("y > 2x+1", "y - 2x > 1"),
        (r"\text{A,B}", r"B \text{ and } A"),
        (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
        (r"(\pm 1, 2)", "(1,2), (-1,2)"),
        (r"864 \mbox{ inches}^2", "864"),
        (r"15\mbox{ cm}^2", r"15\,\mathrm{cm}^2"),
        (r"\frac{9}{4}\pi", r"\frac{9\pi}{4}"),
        (r"\text{4:30 p.m.}", r"4:30 \text{ PM}"),
        ("10^{\\frac{-5+\\sqrt{13}}{6}}", r"10^{\frac{\sqrt{13}-5}{6}}"),
        ("2^{2005}", r"4^{1002}\cdot2"),
        (r"\frac{1}{3}\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1/3\\2/3\end{pmatrix}"),
        (r"\begin{pmatrix}1&0\\0&1\end{pmatrix}", r"\left[\begin{array}{cc}1 & 0 \\ 0 & 1\end{array}\right]"),
        (r"3\sqrt[3]{x}^2", "3x^{2/3}"),
        (r"e^{i\pi}", "-1"),
        ("2+3i", "3i+2"),
        ("n!", "n(n-1)!"),
        (r"\binom{n}{2}", r"\frac{n(n-1)}{2}"),
        (r"0.\overline{3}", "1/3"),
        ("1/6", r"0.1\overline{6}"),
        ("1000", "1 000"),
        ("1.234.567,5", "1234567.5"),
        (r"1.5\times10^3", "1500"),
        ("4e-05", r"4 \times 10^{-5}"),
        ("−3", "-3"),
        (r"\log_2 8", "3"),
        (r"\sin 30^\circ", "1/2"),
        (r"1\frac{4}{5}", "9/5"),
        ("3 1/2", "7/2"),
        (r"\text{east}", "East"),
        (r"x^3-3x^2", "p(x) = x^3-3x^2"),
        (r"2+\sqrt3 \text{ cm}", r"2+\sqrt{3}"),
        ("1101001_2", "(1101001)_2"),
        ("204_5", r"204_{\text{five}}"),
        ("5 apples", "5"),
        (r"\sqrt2", r"\frac{2}{\sqrt2}"),
        (r"2\sqrt{7}-1", r"2\sqrt{7}+-1"),
        ("2018-01-22", "January 22, 2018"),
        (r"17 \bmod 5", "2"),
        (r"3.0\times10^8 m/s", r"3.0\times10^8"),
        ("-1.6e-19 C", r"-1.6 \times 10^{-19}"),
        ("7:00 AM", "7:00 a.m."),
        ("1/3", "0.333..."),
        ("25 °C", r"25^\circ \mathrm{C}"),
        ("€5", "5 euros"),
        ("3.2 million", "3,200,000"),
        (r"x\in\{2,3\}", "x=2,3"),
        (r"\mathbb{R}", "all real numbers"),
    ],
)
def test_what_is_equal_is_correct(gold: str, answer: str) -> None:
    assert outcome(gold, answer) == "correct"


@pytest.mark.parametrize(
    ("policy", "answer", "expected"),
    [
        ("strict", "1/2", "correct"),
        ("strict", " 1/2 ", "correct"),
        ("strict", "0.5", "wrong"),  # equal, but another string
        ("equivalent", "0.5", "correct"),
        ("label", "0.5", "correct"),  # a policy for choices says nothing of an open gold
    ],
)
def test_policies_of_an_open_gold(policy: Policy, answer: str, expected: str) -> None:
    assert compare(Gold("1/2", "number"), answer, policy).outcome == expected


def test_an_alias_counts_as_the_gold() -> None:
    gold = Gold("1/2", "number", aliases=("50 percent", "one half"))

    assert [compare(gold, answer).correct for answer in ("0.5", "one half", "0.6")] == [True, True, False]


def test_an_unknown_policy_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="unknown policy 'equal': did you mean 'equivalent'"):
        compare(Gold("1", "number"), "1", "equal")  # type: ignore[arg-type]


def test_a_gold_that_is_no_string_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="answer is 4; a gold is a string"):
        Gold(4, "number")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "b"}, "B"),
        ({"answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "(B)"}, "B"),
        ({"answer": "B", "options": ["Rome", "Oslo"]}, "B"),  # the letter alone
        ({"answer": "Oslo", "options": ["Rome", "Oslo"]}, None),  # found by its text
    ],
)
def test_the_usual_ways_to_name_the_right_option(row: dict[str, Any], label: str | None) -> None:
    gold = Gold.from_row(row)

    assert (gold.label, gold.answer) == (label, "Oslo")
    assert compare(gold, "B").correct
    assert compare(gold, "Rome").wrong


def test_a_label_that_is_another_options_than_the_answer_is_no_gold() -> None:
    gold = Gold("Oslo", "choice", ("Rome", "Oslo"), "A")

    assert [compare(gold, answer).outcome for answer in ("A", "B", "Oslo", "Rome")] == ["ungradable"] * 4


def test_what_only_algebra_can_tell_goes_to_a_worker() -> None:
    assert compare_bounded(Gold(r"\int_0^1 2x\,dx", "math"), "1") is None
    verdict = compare(Gold(r"\int_0^1 2x\,dx", "math"), "1")
    assert (verdict.outcome, verdict.decided_by) == ("correct", "symbolic")


BOMBS = {
    "tower of tens": "10^{10^{10}}",
    "tower of nines": "9^{9^{9^9}}",
    "factorial": "100000000!",
    "factorials": "1" + "!" * 3000,
    "power": "2^{99999999}",
    "powers of x": "x" + "^x" * 1500,
    "negative powers": "2" + "^-2" * 1000,
    "long sum": "+".join(["1"] * 10_000),
    "long product": "*".join(["x"] * 1900),
    "thousand digits": "9" * 1000,
    "hundred thousand digits": "9" * 100_000,
    "small exponent": "1e1000000",
    "tiny": "10^{-10^{10}}",
    "compound": "(1+10^{-50})^{10^{50}}",
    "code": r"__import__('os').system('touch /tmp/crossthink-was-here')",
    "braces": "{" * 10_000,
    "brackets": "(" * 10_000,
    "closed brackets": "(" * 3000 + "1" + ")" * 3000,
    "fractions": r"\frac{" * 5000,
    "bare fractions": r"\frac" * 1500 + "1",
    "roots": r"\sqrt{" * 3000 + "2" + "}" * 3000,
    "bars": "|" * 200 + "1" + "|" * 200,
    "signs": "-" * 10_000 + "1",
    "subscripts": "x" + "_x" * 1500,
    "functions": r"\sin" * 2000 + "x",
    "letters": "x" * 10_000,
    "matrix": r"\begin{pmatrix}" + " & ".join(["1"] * 3000) + r"\end{pmatrix}",
    "list": ",".join(map(str, range(1500))),
    "plus-minus": r"\pm1" * 500,
    "surrogates": "\x00\ud800",
    "right to left": "\u202e5\u202c",
    "combining": "e" + "\u0301" * 50_000,
    "big sine": r"\sin(10^{10^{5}})",
    "binomial": r"\binom{100000}{50000}",
    "polynomial": "((1+x)^{1000})^{1000}",
    "unit": r"7 \text{" + "m/" * 5000 + "}",
    "date": "1-" * 5000,
    "megabyte": "a " * 500_000,
    "megabyte of dollars": "$" * 1_000_000,
    "megabyte of backslashes": "\\" * 1_000_000,
    "megabyte of boxes": r"\boxed{" * 140_000,
}


@pytest.mark.parametrize("gold", ["5", "x+1", r"\{1,2,3\}", "(0,1)", "Paris"])
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_no_answer_and_costs_little(gold: str, bomb: str) -> None:
    begun = time.process_time()
    verdict = compare_bounded(Gold(gold, infer_type(gold)), bomb)
    spent = time.process_time() - begun

    assert verdict is not None  # seen for what it is, before any algebra
    assert verdict.outcome in ("wrong", "ungradable") or bomb.strip("\u202e\u202c") == gold
    assert spent < 2


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_as_a_gold_is_survived(bomb: str) -> None:
    assert compare_bounded(Gold(bomb, infer_type(bomb)), "5") is not None


@pytest.mark.parametrize("bomb", ["10^{10^{10}}", "9^{9^{9^9}}", "100000000!", "2^{99999999}"])
def test_a_number_beyond_all_bounds_is_wrong_where_the_gold_is_an_ordinary_one(bomb: str) -> None:
    assert compare_bounded(Gold("5", "number"), bomb) is not None
    assert outcome("5", bomb) == "wrong"
    assert outcome("5", bomb + "-" + bomb + "+5") == "ungradable"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("+".join(["x^{5000}"] * 500), id="a power over and over"),
        pytest.param("+".join(f"x^{{{5000 + n}}}" for n in range(500)), id="other powers"),
        pytest.param("x" + "".join(f"-x^{{{3000 + n}}}" for n in range(500)), id="differences"),
    ],
)
def test_a_sum_of_many_large_values_is_not_added_up(answer: str) -> None:
    """Each of its terms is within the bounds; all of them would take seconds."""
    started = time.process_time()
    assert outcome("x+1", answer) == "wrong"
    assert time.process_time() - started < 1


@pytest.mark.parametrize("answer", ["2e0,2e1", "41,406,2e0,2e1", "1e5,200"])
def test_powers_of_ten_between_commas_are_no_groups_of_thousands(answer: str) -> None:
    assert outcome("7", answer) == "wrong"
    assert outcome(answer, answer) == "correct"


def test_the_page_on_grading_has_the_same_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "grading.md").read_text(encoding="utf-8")

    assert [row for row in map(_ROW.match, page.splitlines()) if row] != []
    assert [row.groups() for line in page.splitlines() if (row := _ROW.match(line))] == _conventions()


def test_long_texts_are_not_kept() -> None:
    """A million completions of a megabyte must not fill the memory."""
    tracemalloc.start()
    try:
        for turn in range(30):
            text = f"{turn} + " * 100_000
            compare_bounded(Gold("Paris", "text"), text)
            compare_bounded(Gold("5", "number"), text + "\\")
            infer_type(text)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 3_000_000  # the texts themselves are 18 MB and more


def test_a_list_of_options_is_as_good_as_a_tuple() -> None:
    assert infer_type("x", ["x", "y"]) == "choice"
