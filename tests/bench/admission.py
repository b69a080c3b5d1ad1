"""Admission control beside a fixed limit of 500 (datatrove's default), a well-tuned fixed limit, and AIMD.

    python -m tests.bench.admission [--law FILE ...] [--chart PNG] [--seconds N]
    python -m tests.bench.admission --endpoint URL --model NAME [--chart PNG] [--seconds N]

Over real HTTP on loopback, one after another, each against a fresh server in a process of its own. The tuned limit is
found by a sweep on that very law, schedule and all, in virtual time: of the limits that hold the objective as often as
any, the middle one of those within 1 % of the best time. Who takes half as long again is stopped. Against a real
endpoint the sweep is real. The objective is the same for all: five times the p95 of four requests in flight, which
AIMD is told and ours has to learn.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import yaml
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from crossthink_data.llm.admission import Admission
from crossthink_data.llm.admission_light import MULTIPLE
from crossthink_data.llm.latency_curve import percentile_95
from tests.llm.law_server import MODEL, law_process
from tests.llm.laws import Law, read_law
from tests.llm.limiters import Aimd, Fixed
from tests.llm.simulate import Limiter, Run, Send, simulate, work

LAWS = Path(__file__).parent / "admission_laws"
SWEEP = (4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256)
REAL_SWEEP = (1, 2, 4, 8, 16, 32)
DEFAULT, OURS = 500, "admission"
PATIENCE = 1.5  # times the tuned limit's time: who takes longer is stopped, its rows so far and its rate are told
ENOUGH = 8  # answers in a second to speak of its p95
Make = Callable[[Callable[[], float]], Limiter]


@dataclass(frozen=True)
class Target:
    """What is asked, with what, how many rows, and what counts as held."""

    url: str
    model: str
    prompt: str
    rows: int
    objective_s: float
    within_s: float | None = None


def one(limiter: Callable[[Callable[[], float]], Limiter], law: Law, rows: int) -> Run:
    """A run in virtual time."""
    return simulate(law, limiter, [["short"]] * rows)[0]


def fixed(limit: int) -> Make:
    """A maker of fixed limits."""
    return lambda clock: Fixed(limit, clock)


def seconds_of(run: Run) -> float:
    """Until the last row was finished."""
    return run.ended[-1][0]


def by_second(run: Run) -> dict[int, float]:
    """p95 of the answers of each second that has enough of them."""
    bins: dict[int, list[float]] = {}
    for at, latency, _ in run.answers:
        bins.setdefault(int(at), []).append(latency)
    return {second: percentile_95(found) for second, found in sorted(bins.items()) if len(found) >= ENOUGH}


def held(run: Run, objective_s: float) -> float:
    """Share of the seconds in which it was."""
    seconds = by_second(run)
    return sum(p95 <= objective_s for p95 in seconds.values()) / max(1, len(seconds))


def tuned(runs: dict[int, Run], objective_s: float) -> int:
    """The limit that one would choose who knew all these runs."""
    most = min(0.95, max(held(run, objective_s) for run in runs.values()))
    good = {limit: seconds_of(run) for limit, run in runs.items() if held(run, objective_s) >= most}
    best = [limit for limit, took in good.items() if took <= 1.01 * min(good.values())]
    return best[len(best) // 2]


def planned(law: Law, seconds: float, objective_s: float) -> tuple[int, int]:
    """How many rows keep this law busy so long, undisturbed; the tuned limit."""
    calm = undisturbed(law)
    rows = int(seconds * max(1000 / seconds_of(one(fixed(limit), calm, 1000)) for limit in SWEEP))
    return rows, tuned({limit: one(fixed(limit), law, rows) for limit in SWEEP}, objective_s)


def undisturbed(law: Law) -> Law:
    """Without its schedule."""
    return law.model_copy(update={"events": ()})


async def over_http(make: Make, target: Target) -> Run:
    """A run against a server."""
    body = {"model": target.model, "messages": [{"role": "user", "content": target.prompt}], "temperature": 0}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=600)
    ) as session:

        async def send(tokens: int) -> None:
            url = f"{target.url}/v1/chat/completions"
            try:
                async with session.post(url, json={**body, "max_tokens": tokens}) as response:
                    await response.read()
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from error
            if response.status == 429 or response.status >= 500:
                raise ConnectionError(str(response.status))
            response.raise_for_status()

        to: Send = send
        return await work(make(time.monotonic), to, [["short"]] * target.rows, target.within_s)


def contenders(limit: int, objective_s: float) -> dict[str, Make]:
    """Who is compared; the tuned one first, since the others are stated relative to it."""
    return {
        f"fixed {limit} (tuned)": fixed(limit),
        OURS: lambda clock: Admission(clock=clock),
        "AIMD": lambda clock: Aimd(objective_s, clock),
        f"fixed {DEFAULT}": fixed(DEFAULT),
    }


def table(name: str, runs: dict[str, Run], target: Target) -> Table:
    """What they did."""
    title = f"{name}: {target.rows} rows, objective {target.objective_s:.2f} s"
    out = Table("", "rows", "lost", "s", "rows/s", "of tuned", "p95 s", "held", "failed", title=title)
    first = next(iter(runs.values()))
    best = len(first.ended) / seconds_of(first)
    for who, run in runs.items():
        took, done = seconds_of(run), len(run.ended)
        lost = target.rows - done - run.unfinished
        p95 = percentile_95([latency for _, latency, _ in run.answers])
        rate = done / took
        cells = [str(done), str(lost), f"{took:.1f}", f"{rate:.0f}", f"{rate / best:.0%}"]
        out.add_row(who, *cells, f"{p95:.2f}", f"{held(run, target.objective_s):.0%}", str(run.failed))
    return out


def draw(found: dict[str, tuple[Target, dict[str, Run]]], path: Path) -> None:
    """In flight and p95 over time, a column for each law."""
    figure = Figure(figsize=(4.2 * len(found), 6), layout="constrained")
    axes = figure.subplots(2, len(found), squeeze=False, sharex="col")
    for column, (name, (target, runs)) in enumerate(found.items()):
        flight, slow = axes[0][column], axes[1][column]
        for who, run in runs.items():
            flight.plot(*zip(*run.flight[:: max(1, len(run.flight) // 2000)], strict=True), label=who, linewidth=0.9)
            slow.plot(*zip(*by_second(run).items(), strict=True), label=who, linewidth=0.9)
        slow.axhline(target.objective_s, color="grey", linestyle=":", label="objective")
        flight.set(title=name, yscale="log", ylabel="requests in flight" if not column else None)
        slow.set(yscale="log", xlabel="seconds", ylabel="p95 of each second, s" if not column else None)
    axes[1][0].legend(fontsize=7)
    figure.savefig(path, dpi=110)


@contextmanager
def served(law: Law) -> Iterator[str]:
    """A fresh server of this law."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "law.yaml"
        path.write_text(yaml.safe_dump(law.model_dump(mode="json", exclude_none=True)))
        for event in (found := yaml.safe_load(path.read_text())).get("events", []):
            for unset in [key for key in ("how", "slow_s") if event.get(key) in ("refused", 0.0)]:
                del event[unset]
        path.write_text(yaml.safe_dump(found))
        with law_process(path) as url:
            yield url


def bench_law(law: Law, seconds: float) -> tuple[Target, dict[str, Run]]:
    """All contenders on one law."""
    with served(undisturbed(law)) as url:
        light = asyncio.run(over_http(fixed(4), Target(url, MODEL, "Is it so?", 60, 0.0)))
    objective_s = MULTIPLE * percentile_95([latency for _, latency, _ in light.answers])
    rows, limit = planned(law, seconds, objective_s)
    runs: dict[str, Run] = {}
    target = Target("", MODEL, "Is it so?", rows, objective_s)
    for who, make in contenders(limit, objective_s).items():
        with served(law) as url:
            within_s = PATIENCE * seconds_of(next(iter(runs.values()))) if runs else None
            target = Target(url, MODEL, "Is it so?", rows, objective_s, within_s)
            runs[who] = asyncio.run(over_http(make, target))
    return target, runs


def bench_endpoint(url: str, model: str, seconds: float) -> tuple[Target, dict[str, Run]]:
    """All contenders on a real endpoint; the sweep too is real, with a quarter of the rows."""
    url = url.removesuffix("/").removesuffix("/v1")

    def ask(limit: int, rows: int) -> Run:
        return asyncio.run(over_http(fixed(limit), Target(url, model, PROMPT, rows, 0.0)))

    ask(4, 16)  # it warms up
    light = ask(4, 40)
    objective_s = MULTIPLE * percentile_95([latency for _, latency, _ in light.answers])
    rows = max(200, int(2 * seconds * len(light.ended) / seconds_of(light)))
    limit = tuned({limit: ask(limit, rows // 4) for limit in REAL_SWEEP}, objective_s)
    target = Target(url, model, PROMPT, rows, objective_s)
    makers = contenders(limit, objective_s)
    return target, {who: asyncio.run(over_http(make, target)) for who, make in makers.items()}


PROMPT = "Answer in one sentence: why is the sky blue?"


def main() -> None:
    """Prints a table a law; writes the chart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--law", type=Path, action="append", help="a law file; all of tests/bench/admission_laws")
    parser.add_argument("--seconds", type=float, default=14.0, help="of work for the best limit, undisturbed")
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--endpoint", help="a real server's URL instead of laws")
    parser.add_argument("--model")
    asked = parser.parse_args()
    found: dict[str, tuple[Target, dict[str, Run]]] = {}
    if asked.endpoint:
        found[asked.model] = bench_endpoint(asked.endpoint, asked.model, asked.seconds)
        Console(width=120).print(table(asked.model, found[asked.model][1], found[asked.model][0]))
    for path in [] if asked.endpoint else asked.law or sorted(LAWS.glob("*.yaml")):
        found[path.stem] = bench_law(read_law(path), asked.seconds)
        Console(width=120).print(table(path.stem, found[path.stem][1], found[path.stem][0]))
    if asked.chart:
        draw(found, asked.chart)


if __name__ == "__main__":
    main()
