"""How many requests a second a stage can send, beside datatrove's own runner, against the same server in one run.

    python -m tests.bench.ask [--rows 1500] [--rounds 3]

The server, in a process of its own, answers at once, so what is measured is our side: admission, the client, and an
answer on disk before its row sees it. datatrove's runner keeps its request cache too. The two take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean, stdev

from datatrove.pipeline.inference.checkpointing import RequestCache
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from loguru import logger
from rich.console import Console
from rich.table import Table

from crossthink_data.llm.ask import ask_rows
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.runner import Results
from tests.llm.asking import STEPS, in_steps, rows
from tests.llm.scripted_endpoint import ScriptedEndpoint

AT_ONCE = 64  # that datatrove's runner has out


def ours(url: str, number: int, work: Path) -> int:
    """Rows answered by our stages' way of asking."""
    found, _ = ask_rows(rows(number), in_steps, make_endpoint(url, "scripted"), work)
    return len(found)


def datatroves(url: str, number: int, work: Path) -> int:
    """Rows answered by datatrove's runner, its request cache in `work`."""
    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path="scripted",
        endpoint_url=url.removesuffix("/v1"),
        max_concurrent_generations=AT_ONCE,
        max_concurrent_documents=AT_ONCE,
    )
    results = Results(lambda done: None)
    runner = InferenceRunner(in_steps, config, results, metadata_key="asked")
    runner.request_cache = RequestCache(str(work))
    logger.disable("datatrove")
    try:
        asyncio.run(runner.run_async(rows(number)))
    finally:
        logger.enable("datatrove")
    return len(results.found)


def rate(ask: Callable[[str, int, Path], int], url: str, number: int) -> float:
    """Requests a second."""
    work = Path(tempfile.mkdtemp())
    began = time.perf_counter()
    answered = ask(url, number, work)
    seconds = time.perf_counter() - began
    shutil.rmtree(work)
    if answered != number:
        raise SystemExit(f"{answered} of {number} rows were answered")
    return number * STEPS / seconds


@contextmanager
def server() -> Iterator[str]:
    """The URL of a scripted endpoint in a process of its own."""
    ours_end, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    yield ours_end.recv()
    ours_end.send("end")
    process.join(10)


def _serve(pipe: Connection) -> None:
    with ScriptedEndpoint() as endpoint:
        pipe.send(endpoint.url)
        pipe.recv()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rates: dict[str, list[float]] = {"crossthink": [], "datatrove": []}
    for _ in range(asked.rounds):
        for name, ask in (("crossthink", ours), ("datatrove", datatroves)):
            with server() as url:
                rates[name].append(rate(ask, url, asked.rows))
    table = Table("", "requests/s", "spread", title=f"{asked.rows} rows of {STEPS} requests, {asked.rounds} rounds")
    for name, found in rates.items():
        table.add_row(name, f"{mean(found):,.0f}", f"{stdev(found) if len(found) > 1 else 0:,.0f}")
    table.add_row("ratio", f"{mean(rates['crossthink']) / mean(rates['datatrove']):.2f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
