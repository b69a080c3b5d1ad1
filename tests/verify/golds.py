"""Golds to grade with: those of the real sets beside this checkout, and our own, which cover every form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson
import polars as pl

from crossthink_data.sources.base import last_boxed
from tests.support import HUB

GRADED = HUB.parents[1] / "graded"  # real completions with verdicts that others gave
_MATH = "DigitalLearningGmbH/MATH-lighteval/data/*.parquet"


def mirror_golds() -> dict[str, list[str]]:
    """Set -> its golds as they stand, in the set's order; rows without a gold are left out."""
    scibench = _json_rows("xw27/scibench/*.json")
    golds: dict[str, Iterable[str | None]] = {
        "math500": (orjson.loads(line)["answer"] for line in _lines("HuggingFaceH4/MATH-500/test.jsonl")),
        "math": map(last_boxed, _column(_MATH, "solution")),
        "gsm8k": (answer.rpartition("####")[2].strip() for answer in _column("openai/gsm8k/main/*.parquet", "answer")),
        "amc23": _column("math-ai/amc23/*.parquet", "answer"),
        "theoremqa": _column("TIGER-Lab/TheoremQA/data/*.parquet", "Answer"),
        "scibench": (row["answer_number"] for row in scibench),
        "scibench_latex": (row["answer_latex"] for row in scibench),
        "scibench_unit": (f"{row['answer_latex']} {row['unit']}" for row in scibench),
        "deepscaler": (row["answer"] for row in _json_rows("agentica-org/DeepScaleR-Preview-Dataset/*.json")),
    }
    return {name: [gold for gold in column if gold and gold.strip()] for name, column in golds.items()}


def _files(glob: str) -> list[Path]:
    return sorted(HUB.glob(glob))


def _column(glob: str, name: str) -> list[str]:
    return [value for path in _files(glob) for value in pl.read_parquet(path, columns=[name])[name]]


def _lines(glob: str) -> list[bytes]:
    return [line for path in _files(glob) for line in path.read_bytes().splitlines()]


def _json_rows(glob: str) -> list[dict[str, str | None]]:
    return [row for path in _files(glob) for row in orjson.loads(path.read_bytes())]


_INTEGERS = ["0", "7", "-4", "36", "105", "-912", "2048", "58,914", "1,406,250", r"71,\!304", r"3,\!600,\!001"]
_INTEGERS += ["46{,}200", "-8{,}015", "+19", "60 000"]
_DECIMALS = ["0.4", "-1.75", "3.60", ".625", "120.05", r"0.\overline{27}", r"1.1\overline{6}"]
_FRACTIONS = [r"\frac{5}{8}", r"-\frac{11}{3}", r"\dfrac{14}{9}", r"\tfrac{2}{7}", r"\frac47", r"\frac 59"]
_FRACTIONS += [r"\frac{13}8", "7/12", "-3/16", r"6\frac{3}{4}", r"2 \frac{1}{5}", r"\frac{-9}{14}"]
_FRACTIONS += [r"\frac{1}{3^{20}}"]
_AMOUNTS = [r"35\%", "8.2%", r"\$14.25", r"\$41,\!900", r"75^\circ", r"22.5^{\circ}", r"18\text{ hours}"]
_AMOUNTS += [r"6.5 \text{ kg}", r"96 \mbox{ cm}^2", r"12\pi \text{ square feet}", r"\frac{40}{3}\text{ degrees}"]
_AMOUNTS += [r"25 \mathrm{~m/s}", "14 minutes", r"4.2 \times 10^{-7}", r"6 \cdot 10^{5}", "3.1e8"]
_ROOTS = [r"\sqrt{7}", r"5\sqrt{3}", r"-2\sqrt{11}", r"\frac{\sqrt{6}}{4}", r"\sqrt[3]{20}", r"3 - \sqrt{5}"]
_ROOTS += [r"\sqrt2", r"\frac{9 + \sqrt{41}}{4}", r"\sqrt{2} + \sqrt{13}", "2^{31}", "5^{12} - 1"]
_ROOTS += [r"3 \cdot 2^{40}", "10^{-6}"]
_CONSTANTS = [r"4\pi", r"\frac{7\pi}{12}", r"36 - 9\pi", r"\pi^2 + 6", "3e^2", r"\ln 5", r"\log_2 9"]
_CONSTANTS += [r"\frac{\ln 3}{2}", "9!", r"\binom{12}{5}", r"\infty", r"-\infty", "4 + 9i"]
_CONSTANTS += [r"-\frac{1}{2} + \frac{\sqrt{3}}{2} i", "-6i"]
_EXPRESSIONS = ["x^2 - 7x + 12", "3y^4 + 2y", "(a + 3)(a - 8)", "4m^{15}", r"\frac{p}{q + 2}", r"\frac{n(n+3)}{2}"]
_EXPRESSIONS += ["5t", "6xy^2 - x", r"2k\sqrt{k}", r"\sin 3x", r"\cos^2 \theta", r"4 \tan a \sin b", r"\sec y + 1"]
_EXPRESSIONS += ["e^{-2x}", r"\frac{1}{u + 4}", "-(rs + st)", "|z - 5|", "u^3v - 2uv^3"]
_RELATIONS = ["x=9", "n = -14", "y = 4x - 11", r"y=-\frac{2}{3}x+6", "5x - 2y + 7z - 9 = 0", "x^2 + y^2 = 30"]
_RELATIONS += ["f(x) = 3x^2 - 8", r"g(t)=\frac{t+6}{t-1}", "a < 12", r"x \ge -3", r"m \leq \frac{7}{2}"]
_RELATIONS += ["-6 < x < 10", r"2 \le p < 9", r"q \ne 4", "h(3) < h(1) < h(8)", "h(2) < h(5)", "p < q < r"]
_INTERVALS = ["(4,19]", "[-6,2)", r"[5,\infty)", r"(-\infty, 8)", r"(-\infty,-3) \cup (6,\infty)"]
_INTERVALS += [r"x \in [-4,15]", r"\left[ \frac{3}{7}, 2 \right)", r"(0,3) \cup (3,9]"]
_INTERVALS += [r"(-\infty, 1) \cup (1, 7) \cup (7, \infty)", "[-9,13]"]
_TUPLES = ["(3,-8)", r"\left( \frac{5}{6}, -4 \right)", "(2, 0, -7)", r"(6, \frac{\pi}{5})", r"(4\sqrt{2}, 9)"]
_TUPLES += ["(x,y)=(5,17)"]
_LISTS = ["4, -9", "2, 5, 11", r"\{1, 6, 8\}", r"-\frac{7}{2}, 3", r"8 \text{ and } 15", r"-1 \text{ or } 6"]
_LISTS += ["[3, 0, 5]", r"5 \pm \sqrt{14}", r"\pm 6", r"\{2 \pm \sqrt{3}, -7\}", r"12^\circ, 78^\circ"]
_LISTS += ["x = 2, x = -13", "3, 10, 24, 40"]
_MATRICES = [r"\begin{pmatrix} 3 & -1 \\ 0 & 8 \end{pmatrix}", r"\begin{pmatrix} 9 \\ -5 \\ 4 \end{pmatrix}"]
_MATRICES += [r"\begin{bmatrix} 2 & 7 \\ 1 & 6 \end{bmatrix}", r"\begin{pmatrix} 1/3 \\ \frac{5}{2} \end{pmatrix}"]
_MATRICES += [r"\begin{pmatrix} \sqrt{2} & 0 & 1 \\ 4 & 6 & -3 \end{pmatrix}"]
_OTHERS = ["304_5", "-143_6", "2A7_{12}", "1011_2", "5:8", "9 : 14", "11:45", r"\text{7:20 a.m.}", r"\text{even}"]
_OTHERS += [r"\text{Tuesday}", r"\text{(D)}", r"\text{B}", r"\text{right triangle}", r"\text{no solution}"]
_OTHERS += [r"\mathrm{(A)}", r"\text{A, C}"]

OUR_GOLDS = [
    *_INTEGERS,
    *_DECIMALS,
    *_FRACTIONS,
    *_AMOUNTS,
    *_ROOTS,
    *_CONSTANTS,
    *_EXPRESSIONS,
    *_RELATIONS,
    *_INTERVALS,
    *_TUPLES,
    *_LISTS,
    *_MATRICES,
    *_OTHERS,
]
