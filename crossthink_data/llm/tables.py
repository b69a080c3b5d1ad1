"""Makes side tables: asks, keeps what was answered, and writes rows, answers and manifest.

The folder's name holds a hash of all that the rows follow from, so the same command finds a finished table again, and
goes on with one that was interrupted. The manifest is written last.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from crossthink_data import __version__
from crossthink_data.hashing import file_sha256
from crossthink_data.llm.ask import Usage
from crossthink_data.llm.endpoint import FREE, Endpoint, Prices
from crossthink_data.llm.responses import write_responses
from crossthink_data.lock import only_build
from crossthink_data.manifest_file import MANIFEST, git_commit, write_manifest
from crossthink_data.side_table import ROWS_FILE, SideTable, open_table

RESPONSES_FILE = "responses.parquet"
WORK = ".work"
RECORDINGS = "**/replay.sqlite3"  # in it; an ensemble's members have one each
PACKAGES = ("datatrove", "polars")
PRICED = 1_000_000  # tokens that a price is of


Ask = Callable[[Path], tuple[pl.DataFrame, Usage]]  # keeps answers in the folder it is given, and goes on from there


def make_table(
    kind: str,
    out: Path,
    settings: Mapping[str, Any],
    ask: Ask,
    summary: Callable[[pl.DataFrame], dict[str, Any]],
    prices: Prices = FREE,
) -> SideTable:
    """Asks, or finds the table in `out` that the same settings made: `settings` is all that its rows follow from.

    Raises CrossthinkError for a damaged table, while another process makes the same one, and as `ask` does.
    """
    digest = sha256(json.dumps([kind, settings], sort_keys=True).encode()).hexdigest()
    name = f"{kind}-{digest[:8]}"
    folder = out / name
    if found := _find(folder, kind):
        return found
    out.mkdir(parents=True, exist_ok=True)
    with only_build(out, name):
        if found := _find(folder, kind):
            return found
        started = datetime.now(UTC)
        work = folder / WORK
        work.mkdir(parents=True, exist_ok=True)
        rows, usage = ask(work)
        _write_rows(rows, folder / ROWS_FILE)
        counts = write_responses(sorted(work.glob(RECORDINGS)), folder / RESPONSES_FILE)
        manifest = {
            "kind": kind,
            "name": name,
            "hash": digest[:16],
            "settings": dict(settings),
            "summary": summary(rows),
            "usage": counts | {"cost": _cost(counts, prices), "prices": asdict(prices)},
            "last_run": asdict(usage),  # of an interrupted table it is the part since then
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.time() - started.timestamp(), 1),
            "crossthink_version": __version__,
            "git_commit": git_commit(),
            "packages": {package: version(package) for package in PACKAGES},
            "files": {name: _about(folder / name) for name in (ROWS_FILE, RESPONSES_FILE)},
        }
        write_manifest(folder, manifest)
        _tidy(folder)
    return SideTable(folder, manifest)


def asked_of(endpoint: Endpoint) -> dict[str, Any]:
    """What a table's settings say of the model."""
    return {"model": endpoint.model, "revision": endpoint.revision, "style": endpoint.style}


def usage_of_all(parts: Sequence[Usage]) -> Usage:
    """What several runs took, one after another; the admission of the last."""
    sums = {
        name: sum(getattr(part, name) for part in parts) for name in ("requests", "replayed", "failures", "seconds")
    }
    return replace(parts[-1], **sums | {"seconds": round(sums["seconds"], 1)})


def _find(folder: Path, kind: str) -> SideTable | None:
    if not (folder / MANIFEST).exists():
        return None
    found = open_table(folder, kind)
    _tidy(folder)
    return SideTable(found.folder, found.manifest, cached=True)


def _tidy(folder: Path) -> None:
    """Removes what a finished table no longer needs, also where the process that finished it was killed before."""
    shutil.rmtree(folder / WORK, ignore_errors=True)  # another process may be at it


def _write_rows(rows: pl.DataFrame, path: Path) -> None:
    aside = path.with_suffix(".tmp")
    rows.write_parquet(aside, compression_level=1, statistics=False)
    aside.replace(path)


def _cost(counts: Mapping[str, int], prices: Prices) -> float:
    spent = counts["prompt_tokens"] * prices.prompt + counts["completion_tokens"] * prices.completion
    return round(spent / PRICED, 6)


def _about(path: Path) -> dict[str, Any]:
    return {"sha256": file_sha256(path), "bytes": path.stat().st_size}
