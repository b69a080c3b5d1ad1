"""The last tier by itself, in this process: on cases that end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crossthink_data.verify import symbolic
from crossthink_data.verify.symbolic import same

EQUAL = [
    pytest.param(r"\int_0^1 x^2 dx", r"\frac{1}{3}", id="integral"),
    pytest.param(r"\sum_{k=1}^{10} k", "55", id="sum"),
    pytest.param(r"\sum_{i=1}^{3} i", "6", id="i bound by a sum is no imaginary unit"),
    pytest.param(r"\lim_{x\to 0}\frac{\sin x}{x}", "1", id="limit"),
    pytest.param(r"\frac{d}{dx}x^2", "2x", id="derivative"),
    pytest.param(r"\int x^2 dx", r"\frac{x^3}{3}", id="antiderivative"),
    pytest.param(r"\sin^2 x+\cos^2 x", "1", id="identity"),
    pytest.param("1331 and 1728", "1728, 1331", id="list in any order"),
    pytest.param(r"\{1,2\}", r"\left\{2,1\right\}", id="set"),
    pytest.param("x<3", "3>x", id="relation turned round"),
    pytest.param("2x+3y=4", "4x+6y=8", id="equation up to a factor"),
    pytest.param("x=3", "3", id="named value"),
    pytest.param("0.1", r"\frac{1}{10}", id="a decimal is exact"),
    pytest.param(r"e^{i\pi}", "-1", id="imaginary unit"),
    pytest.param(r"\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}", "1", id="real cube roots"),
    pytest.param(
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&\frac{8}{2}\end{pmatrix}", id="matrix"
    ),
    pytest.param(r"(-\infty,2)\cup(3,4)", r"(3,4)\cup(-\infty,2)", id="union"),
    pytest.param(r"\infty", r"\infty", id="no number"),
    pytest.param("f(x)", "f(x)", id="no known function"),
    pytest.param(r"\int_0^1 x^2 dx", "0.333333", id="answer rounded to six digits"),
    pytest.param("0.333", r"\int_0^1 x^2 dx", id="gold rounded to three digits"),
]
DIFFERENT = [
    pytest.param("1/2004!", "1/2006!", id="small by a factorial"),
    pytest.param("1/2^{99}", "1/2^{98}", id="small by a power"),
    pytest.param("1+1/2^{99}", "1+1/2^{98}", id="different after 30 digits"),
    pytest.param("x/2^{99}", "x/2^{98}", id="small coefficient"),
    pytest.param("2x=2/2^{99}", "x=1/2^{98}", id="small solution"),
    pytest.param(r"1-\frac1e", r"1+\frac1e", id="sign"),
    pytest.param("1331 and 1728", "1728", id="half of a list"),
    pytest.param(r"\pm 2021", "2021", id="half of plus or minus"),
    pytest.param(r"\int_0^1 x dx,\int_0^1 x^2dx", r"\frac12", id="half of two integrals"),
    pytest.param(r"\frac{x^3}{3}+C", r"\frac{x^3}{3}", id="constant forgotten"),
    pytest.param(r"\sqrt{x^2}", "x", id="equal on one side of zero only"),
    pytest.param("x<3", "x>3", id="sense of a relation"),
    pytest.param("x<2", "-x<-2", id="negative factor"),
    pytest.param("[1,2)", "(1,2]", id="ends of an interval"),
    pytest.param(r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&5\end{pmatrix}", id="matrix"),
    pytest.param(r"5\text{ miles}", r"5\text{ km}", id="unit"),
    pytest.param(r"\int_0^1 x^2 dx", "0.33333", id="answer rounded to five digits"),
    pytest.param(r"\int_0^1 x^2 dx", "0.333334", id="answer rounded wrongly"),
    pytest.param("0.33", r"\int_0^1 x^2 dx", id="gold rounded to two digits"),
]
UNREADABLE = [
    pytest.param("", id="empty"),
    pytest.param(r"\frac{1}", id="cut off"),
    pytest.param("}{", id="braces turned round"),
    pytest.param("1} {3", id="box closed early"),
    pytest.param(r"1} \boxed{3", id="a second box"),
    pytest.param("dog", id="prose is no product of letters"),
    pytest.param("the answer is 3", id="prose with a number"),
    pytest.param("\ud800\x00", id="surrogate and nul"),
]
EXCESSIVE = [
    pytest.param("9" * 1_000_000, id="a megabyte"),
    pytest.param("(" * 31 + "1" + ")" * 31, id="brackets"),
    pytest.param("{" * 10_000, id="braces"),
]
UNDECIDED = [
    pytest.param("x=1/2^{99}", "x=1/2^{98}", id="equal to math-verify, not to the digits"),
    pytest.param("(1/2^{99},1)", "(1/2^{98},1)", id="within a tuple"),
    pytest.param(r"\{1/2^{99},1\}", r"\{1/2^{98},1\}", id="within a set"),
    pytest.param("1,1,2", "1,2", id="what a set forgets"),
    pytest.param("x<2", "2x<4", id="equal to the digits, not to math-verify"),
]


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equal(gold: str, answer: str) -> None:
    verdict = same(gold, answer)
    assert (verdict.outcome, verdict.reason, verdict.decided_by) == ("correct", "equal", "symbolic")


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_different(gold: str, answer: str) -> None:
    verdict = same(gold, answer)
    assert (verdict.outcome, verdict.reason) == ("wrong", "different")


@pytest.mark.parametrize(("gold", "answer"), UNDECIDED)
def test_at_odds(gold: str, answer: str) -> None:
    verdict = same(gold, answer)
    assert (verdict.outcome, verdict.reason) == ("ungradable", "undecided")


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text: str) -> None:
    gold, answer = same(text, "3"), same("3", text)
    assert (gold.outcome, gold.reason) == ("ungradable", "gold_unreadable")
    assert (answer.outcome, answer.reason) == ("wrong", "answer_unreadable")


@pytest.mark.parametrize("text", EXCESSIVE)
def test_too_much_to_parse(text: str) -> None:
    assert same(text, "3").reason == "gold_unreadable"
    assert (same("3", text).outcome, same("3", text).reason) == ("ungradable", "answer_too_long")


def test_no_number_is_never_equal() -> None:
    assert not same(r"\frac{0}{0}", r"\frac{0}{0}").correct
    assert same(r"\frac{0}{0}", "0").reason == "symbolic_error"


def test_what_the_worker_reports_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(symbolic, "verify", fail)
    with pytest.raises(RecursionError):
        same("x", "2x-x")


def test_the_package_loads_no_sympy() -> None:
    code = "import sys, crossthink_data.verify.worker; print(*{'sympy', 'math_verify', 'polars'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
