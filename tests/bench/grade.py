"""How fast the grader is, beside TRL's reward and math-verify, in one run on the same completions.

    python -m tests.bench.grade [--quick]

Prints one table. `aim` is what the grader was built for; a line that misses its aim says so, and nothing fails. Only
verdicts are asserted: those beside bombs must not change. Without TRL its figures are left out; without the graded
files our own completions take their place.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from crossthink_data.kinds import LABELS
from crossthink_data.verify import Grader, Item, extract
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.grade import Pending, decide
from tests.bench import grade_inputs as inputs
from tests.bench import grade_peers as peers
from tests.bench.grade_inputs import Pair
from tests.bench.grade_peers import Peer

PASSES = 5
BATCH = 10_000
WARM_UP = 5  # batches, before memory is looked at
BOMBED = 1_024
DEADLINE_S = 1.0
STARTS = 7
HEAVY = ("sympy", "math_verify", "torch", "polars")

Times = list[float]  # microseconds, one a pair


class Line(NamedTuple):
    """A line of the table; `met`: None where it has no aim."""

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


# ---- one call a completion


def times(call: Callable[[Pair], object], pairs: Sequence[Pair], before: Callable[[], None] | None = None) -> Times:
    """Of each pair the mean over passes, after one that does not count; `before` each pass."""
    passes = [_pass(call, pairs, before) for _ in range(PASSES + 1)][1:]
    return [mean(of_one) for of_one in zip(*passes, strict=True)]


def _pass(call: Callable[[Pair], object], pairs: Sequence[Pair], before: Callable[[], None] | None) -> Times:
    if before:
        before()
    return [_time(call, pair) for pair in pairs]


def _time(call: Callable[[Pair], object], pair: Pair) -> float:
    started = time.perf_counter_ns()
    call(pair)
    return (time.perf_counter_ns() - started) / 1000


def times_cold(call: Callable[[Pair], object], pairs: Sequence[Pair]) -> Times:
    """The same with caches emptied before every single call."""
    passes = [[_pass(call, [pair], forget)[0] for pair in pairs] for _ in range(PASSES)]
    return [mean(of_one) for of_one in zip(*passes, strict=True)]


def grade_one(pair: Pair) -> object:
    """Extraction and comparison in process, by the bounded tiers."""
    answer = extract(pair.completion).answer
    return answer is not None and compare_bounded(pair.gold, answer)


def forget() -> None:
    """Empties the grader's caches of texts; those without a bound hold what is made once a process, as imports are."""
    for name, module in list(sys.modules.items()):
        if name.startswith("crossthink_data.verify"):
            for cache in [value for value in vars(module).values() if hasattr(value, "cache_clear")]:
                if cache.cache_parameters()["maxsize"] is not None:
                    cache.cache_clear()


def speed_lines(pairs: Sequence[Pair]) -> Iterator[Line]:
    """Our calls beside the peers', caches emptied before each pass of both, and not."""
    found = [peer for peer in (peers.trl(), peers.math_verify()) if peer]
    for caches, cold in (("caches emptied before each pass", True), ("caches warm", False)):
        ours = times(grade_one, pairs, forget if cold else None)
        theirs = {peer.name: times(_call(peer), pairs, peer.forget if cold else None) for peer in found}
        yield Line(f"median of {len(pairs)}, {caches}", _us(median(ours)), aim="<= 15 µs", met=median(ours) <= 15)
        for name, taken in theirs.items():
            ratio = mean(taken) / mean(ours)
            aim, met = (">= 100 times", ratio >= 100) if name == "TRL" else ("", None)
            yield Line(f"mean, {caches}", _us(mean(ours)), f"{name} {_us(mean(taken))}", f"{ratio:,.0f}", aim, met)
        yield _wrong_line(caches, pairs, ours, theirs)
    each = times_cold(grade_one, pairs)
    yield Line("mean and median, caches emptied before each call", f"{_us(mean(each))}, {_us(median(each))}")


def _call(peer: Peer) -> Callable[[Pair], object]:
    return lambda pair: peer.grade(pair.completion, pair.gold.answer)


def _wrong_line(what: str, pairs: Sequence[Pair], ours: Times, theirs: dict[str, Times]) -> Line:
    """How much longer a wrong answer takes than a right one; right is what we call so."""
    graded = [decide(Item(*pair)) for pair in pairs]
    right = [not isinstance(grade, Pending) and grade.verdict.correct for grade in graded]
    ratio, text = _wrong_over_right(ours, right)
    beside = [f"{name} {_wrong_over_right(taken, right)[0]:.1f}" for name, taken in theirs.items()]
    return Line(f"wrong over right, medians, {what}", text, ", ".join(beside), "", "<= 10 times", ratio <= 10)


def _wrong_over_right(taken: Times, right: Sequence[bool]) -> tuple[float, str]:
    yes = median(one for one, is_right in zip(taken, right, strict=True) if is_right)
    no = median(one for one, is_right in zip(taken, right, strict=True) if not is_right)
    return no / yes, f"{_us(no)} / {_us(yes)} = {no / yes:.1f}"


def near_miss_line() -> Line:
    """The wrong answers here differ from the gold in one sign, digit or part."""
    pairs = inputs.own_math()
    return _wrong_line("our golds and their near misses", pairs, times(grade_one, pairs, forget), {})


def choice_lines(what: str, pairs: Sequence[Pair]) -> Iterator[Line]:
    """Extraction and comparison of multiple-choice answers, apart and together."""
    labels = {len(pair.gold.options): LABELS[: len(pair.gold.options)] for pair in pairs}
    taken = times(lambda pair: extract(pair.completion, labels[len(pair.gold.options)]), pairs)
    answers = [Pair(extract(pair.completion).answer or "", pair.gold) for pair in pairs]
    for caches, before in (("caches emptied before each pass", forget), ("caches warm", None)):
        compared = times(lambda pair: compare_bounded(pair.gold, pair.completion), answers, before)
        both = median([one + other for one, other in zip(taken, compared, strict=True)])
        ours = f"{_us(median(taken))} + {_us(median(compared))} = {_us(both)}"
        yield Line(f"{what}, extract + compare, medians, {caches}", ours, aim="<= 10 µs", met=both <= 10)


# ---- batches over workers


def bomb_lines(pairs: list[Pair]) -> Iterator[Line]:
    """A batch with bombs in it; asserts that the verdicts beside them are those of a batch without."""
    bombs = inputs.bombs()
    normal = [Item(*pair) for pair in pairs[:: len(pairs) // BOMBED]][: BOMBED - len(bombs)]
    items = inputs.with_bombs(normal)
    with Grader(workers=2, deadline_s=DEADLINE_S) as grader:
        grader.start()
        expected, without = _timed(grader, normal)
        grades, taken = _timed(grader, items)
    beside = [grade for item, grade in zip(items, grades, strict=True) if item not in bombs]
    assert beside == expected
    yield Line(f"{len(normal):,} completions, 2 workers", f"{without:.2f} s")
    symbolic = sum(isinstance(decide(bomb), Pending) for bomb in bombs)
    what = f"{len(items):,} completions, {len(bombs)} of them bombs ({symbolic} reach the symbolic tier)"
    yield Line(f"{what}, {DEADLINE_S:.0f} s an item", f"{taken:.2f} s", aim="<= 2 s", met=taken <= 2)


def _timed(grader: Grader, items: Sequence[Item]) -> tuple[list[Any], float]:
    started = time.perf_counter()
    grades = grader.grade(items)
    return grades, time.perf_counter() - started


def stream_lines(pairs: list[Pair], calls: int) -> Iterator[Line]:
    """Mixed calls through two workers: how many a second, and the memory that stays taken."""
    with Grader(workers=2) as grader:
        for start in range(0, WARM_UP * BATCH, BATCH):
            grader.grade(inputs.mixed(start, BATCH, pairs))
        before, taken = _memory(), 0.0
        for start in range(WARM_UP * BATCH, WARM_UP * BATCH + calls, BATCH):
            taken += _timed(grader, inputs.mixed(start, BATCH, pairs))[1]
        after = _memory()
    yield Line(f"{calls:,} mixed calls, 2 workers", f"{calls / taken:,.0f} a second")
    for who, was, now in zip(("this process", "larger worker"), before, after, strict=True):
        memory = f"{was:.0f} -> {now:.0f} MiB"
        yield Line(f"RSS before and after them, {who}", memory, aim="<= 10 % more", met=now <= 1.1 * was)


def _memory() -> tuple[float, float]:
    """MiB of this process and of the larger of its children."""
    own = Path(f"/proc/{os.getpid()}")
    children = (own / "task" / own.name / "children").read_text().split()
    return _rss(own), max(_rss(own.parent / child) for child in children)


def _rss(process: Path) -> float:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


# ---- a fresh interpreter


def import_lines() -> Iterator[Line]:
    """What an import costs, over a bare interpreter, and what it must not bring along."""
    taken = [
        [_run(code) for code in ("pass", "import crossthink_data.verify", "import math_verify")] for _ in range(STARTS)
    ]
    bare, ours, theirs = (median(column) for column in zip(*taken, strict=True))
    net, peer = ours - bare, theirs - bare
    what = f"import crossthink_data.verify, less a bare interpreter ({bare:.3f} s)"
    yield Line(what, f"{net:.3f} s", f"math-verify {peer:.3f} s", f"{peer / net:.1f}", "<= 0.15 s", net <= 0.15)
    yield Line("the same, raw", f"{ours:.3f} s", f"math-verify {theirs:.3f} s", f"{theirs / ours:.1f}")
    code = f"import crossthink_data.verify, sys; sys.stdout.write(' '.join(set({HEAVY}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    yield Line(f"of {', '.join(HEAVY)} it loads", found or "none", aim="none", met=not found)


def _run(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


# ---- the table


def lines(calls: int) -> Iterator[Line]:
    """Every line; the peers come last, as what they load would count in this process's memory."""
    math = inputs.real_math() or inputs.own_math()
    choices = inputs.real_choices()
    mixture = [*math, *choices[: inputs.SIZE], *inputs.own_choices()]
    yield from import_lines()
    yield from stream_lines(mixture, calls)
    yield from bomb_lines(mixture)
    yield from choice_lines("our own choices", inputs.own_choices())
    if choices:
        yield from choice_lines("MMLU-Pro", choices)
    yield near_miss_line()
    yield from speed_lines(math)


def _us(microseconds: float) -> str:
    return f"{microseconds:,.1f} µs"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 mixed calls, not a million")
    calls = 100_000 if parser.parse_args().quick else 1_000_000
    table = Table("what", "ours", "peer", "ratio", "aim", "met")
    for line in lines(calls):
        table.add_row(*line[:5], {None: "", True: "yes", False: "NO"}[line.met])
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(table)
    if not inputs.MATH_FILE.exists():
        console.print("The graded files are not here: the completions are our own.")
    if not peers.trl():
        console.print("TRL is not installed: no line is beside it.")


if __name__ == "__main__":
    main()
