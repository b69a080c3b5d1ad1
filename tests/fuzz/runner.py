"""What the fuzz targets share: a seeded run of many cases, each of which ends soon and leaves memory as it was.

A case makes its own input from its generator and gives what is wrong, or None; what it raises goes through, with the
case's name noted. A name such as `7/1234` (seed, number) gives the same case again, alone: `--case 7/1234`.
"""

from __future__ import annotations

import argparse
import faulthandler
import math
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from crossthink_data.errors import CrossthinkError

SLOWEST = 5.0  # seconds of the processor for one case
HANG = 120.0  # seconds after which a case is shown where it stands, and the run ends
GROWTH = 300  # MB that the process may gain once its caches are warm
WARM = 3_000  # cases
MEMORY = 12 << 30  # bytes of addresses that a run may take: a case that wants more gets a MemoryError

Check = Callable[[random.Random], str | None]
Target = Callable[[random.Random, Path], str | None]

_PAGE = resource.getpagesize()


def run(check: Check, seed: int, seconds: float = math.inf, cases: float = math.inf) -> tuple[int, str | None]:
    """How many cases passed, and the fault that ended the run early."""
    end, turn, warm = time.monotonic() + seconds, 0, 0.0
    while turn < cases and time.monotonic() < end:
        found = one(check, f"{seed}/{turn}")
        if found:
            return turn, found
        turn += 1
        if turn == WARM:
            warm = megabytes()
        if turn > WARM and turn % 1000 == 0 and megabytes() - warm > GROWTH:
            return turn, f"{megabytes() - warm:.0f} MB more than after {WARM} cases"
    return turn, None


def one(check: Check, name: str) -> str | None:
    """What is wrong with one case, or None."""
    start = time.process_time()
    try:
        found = check(random.Random(name))  # noqa: S311 - no secret
    except BaseException as error:  # a panic of a library in Rust is no Exception
        error.add_note(f"case {name}")
        raise
    seconds = time.process_time() - start
    found = found or (f"{seconds:.1f} s" if seconds > SLOWEST else None)
    return f"case {name}: {found}"[:2000] if found else None


def one_of(targets: Mapping[Target, int], generator: random.Random, name: str) -> str | None:
    """One of several targets, each with its share of the cases, in a folder of its own.

    An error of ours is right where it names the file, whose name holds `name`.
    """
    target = generator.choices(list(targets), list(targets.values()))[0]
    with TemporaryDirectory() as folder:
        try:
            found = target(generator, Path(folder))
        except CrossthinkError as error:
            found = None if name in str(error) else f"an error that names no file: {error}"
    return found and f"{target.__name__}: {found}"


def megabytes() -> float:
    """What the process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


def main(check: Check, about: str | None) -> int:
    """Runs for as long, or as many cases, as the command line says; 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--cases", type=float, default=math.inf)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--case", help="only this one, such as 7/1234")
    options = parser.parse_args()
    seconds = 60.0 if options.seconds == options.cases == math.inf else options.seconds
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    watched = _watched(check)
    started = time.monotonic()
    if options.case:
        turns, found = 1, one(watched, options.case)
    else:
        turns, found = run(watched, options.seed, seconds, options.cases)
    took = time.monotonic() - started
    sys.stdout.write(f"seed {options.seed}: {turns} cases in {took:.0f} s; {found or 'nothing found'}\n")
    return 1 if found else 0


def _watched(check: Check) -> Check:
    """The check, with a watch that ends the process where one case takes for ever."""

    def checked(generator: random.Random) -> str | None:
        faulthandler.dump_traceback_later(HANG, exit=True)
        return check(generator)

    return checked
