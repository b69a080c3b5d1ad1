"""Difficulty: how often a named model answers a row right, by the one grader.

The paper's filter (`f_gpr_up`) asks Qwen2.5-7B zero-shot and keeps what it gets wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.export import open_source
from crossthink_data.llm.ask import Progress, ask_rows
from crossthink_data.llm.band import Band, still_needed
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.request import Generate, Reply, Sampling, ask, payload, seed_of
from crossthink_data.llm.tables import asked_of, make_table
from crossthink_data.pass_rates import DIFFICULTY
from crossthink_data.rewards import GOLD_COLUMNS
from crossthink_data.side_table import SideTable
from crossthink_data.verify.compare import GRADER_VERSION
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item, Pending, decide
from crossthink_data.verify.grader import shared_grader
from crossthink_data.verify.verdict import Grade

COLUMNS = ("id", "prompt", "domain", "source", "question_type", *GOLD_COLUMNS)
BINS = 10  # of the histogram

Row = dict[str, Any]

RATED = {
    "id": pl.String(),
    "pass_rate": pl.Float64(),  # right ones of those that could be graded; null where none could
    "samples": pl.Int32(),  # that could be graded
    "right": pl.Int32(),
    "no_answer": pl.Int32(),  # graded as wrong, for nothing was answered
    "cut": pl.Int32(),  # that reached max_tokens
    "ungradable": pl.Int32(),
    "lost": pl.Int32(),  # that the server did not answer
    "reason": pl.String(),  # of the first one that was lost or empty
    "right_tokens": pl.Float64(),  # mean of right answers
    "in_band": pl.Boolean(),  # null without a band, or without a rate
    "domain": pl.String(),
    "source": pl.String(),
    "question_type": pl.String(),
    "model": pl.String(),
    "model_revision": pl.String(),
    "temperature": pl.Float64(),
    "top_p": pl.Float64(),
    "max_tokens": pl.Int32(),
    "asked": pl.Int32(),  # samples that were asked, of `of`
    "of": pl.Int32(),
}


@dataclass(frozen=True)
class Difficulty:
    """How rows are asked: `samples` each, or as few of them as decide whether the rate lies in the band."""

    samples: int = 1
    sampling: Sampling = field(default_factory=Sampling)
    band: Band | None = None

    def __post_init__(self) -> None:
        """Raises CrossthinkError for no samples."""
        if self.samples < 1:
            raise CrossthinkError(f"--samples {self.samples}: at least 1")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise CrossthinkError(
                f"--samples {self.samples} --temperature 0: they would all be one answer; raise the temperature"
            )
        if self.band is not None:
            _require_open(self.band, self.samples)


def _require_open(band: Band, samples: int) -> None:
    rates = {band.holds(right / samples) for right in range(samples + 1)}
    if len(rates) == 1:
        raise CrossthinkError(
            f"--band {band.low}-{band.high}: {'every' if True in rates else 'no'} rate of {samples} samples lies in "
            "it, so there is nothing to find out; change it, or --samples"
        )


def measure(
    corpus: str,
    blend: str | None,
    split: str,
    revision: str | None,
    limit: int | None,
    endpoint: Endpoint,
    settings: Difficulty,
    out: Path,
    on_done: Progress = lambda done: None,
) -> SideTable:
    """The pass rate of each row of a split, of the pool or of a blend, as a side table in `out`.

    Raises CrossthinkError where the corpus cannot be read or the endpoint cannot be used.
    """
    source = open_source(corpus, blend or "pool", split, revision)

    def rows() -> Iterator[Row]:
        return _first(source.batches(COLUMNS), limit)

    asked = {
        **asked_of(endpoint),
        "rows": _digest(rows()),
        "samples": settings.samples,
        "sampling": asdict(settings.sampling),
        "band": asdict(settings.band) if settings.band else None,
        "grader": GRADER_VERSION,
    }
    return make_table(
        DIFFICULTY,
        out,
        asked,
        lambda work: _ask(rows(), endpoint, settings, work, on_done),
        lambda table: {"corpus": source.where, **summary(table)},
        endpoint.prices,
    )


def _first(batches: Iterable[list[Row]], limit: int | None) -> Iterator[Row]:
    """Each row once, the first `limit` of them: a blend may hold one again."""
    seen: set[str] = set()
    for row in (row for batch in batches for row in batch):
        if limit is not None and len(seen) >= limit:
            return
        if row["id"] not in seen:
            seen.add(row["id"])
            yield row


def _digest(rows: Iterable[Row]) -> str:
    """All that is read of the rows, in any order of them."""
    total = 0
    for row in rows:
        text = "\x1f".join(str(row[name]) for name in COLUMNS)
        total += int.from_bytes(sha256(text.encode()).digest()[:16], "little")
    return f"{total % (1 << 128):032x}"


def _ask(
    rows: Iterable[Row],
    endpoint: Endpoint,
    settings: Difficulty,
    work: Path,
    on_done: Progress,
) -> tuple[pl.DataFrame, Any]:
    async def rollout(document: Document, generate: Generate) -> dict[str, Any]:
        return await rate(document.metadata, generate, endpoint, settings)

    documents = (Document(text="", id=row["id"], metadata=row) for row in rows)
    found, usage = ask_rows(documents, rollout, endpoint, work, on_done)
    about = {
        "model": endpoint.model,
        "model_revision": endpoint.revision,
        **asdict(settings.sampling),
        "of": settings.samples,
    }
    table = [{"id": id_, **one, **about} for id_, one in found.items()]
    return pl.DataFrame(table, schema=RATED).sort("id"), usage


async def rate(row: Mapping[str, Any], generate: Generate, endpoint: Endpoint, settings: Difficulty) -> dict[str, Any]:
    """One row's samples, graded: as many at a time as are needed in any case, so that none is asked in vain."""
    gold = Gold.from_row({name: row[name] for name in GOLD_COLUMNS})
    samples: list[tuple[Reply, Grade | None]] = []
    while wanted := _wanted(samples, settings):
        bodies = [
            payload(row["prompt"], endpoint.style, settings.sampling, seed_of(row["id"], len(samples) + i))
            for i in range(wanted)
        ]
        replies = await asyncio.gather(*(ask(generate, body) for body in bodies))
        samples += [(reply, await _grade(reply, gold)) for reply in replies]
    return {**_counts(samples, settings.band), **{name: row[name] for name in ("domain", "source", "question_type")}}


def _wanted(samples: list[tuple[Reply, Grade | None]], settings: Difficulty) -> int:
    if settings.band is None:
        return settings.samples - len(samples)
    right, wrong = _right_wrong(samples)
    unknown = len(samples) - right - wrong
    return still_needed(settings.band, settings.samples - unknown, right, wrong)


def _right_wrong(samples: list[tuple[Reply, Grade | None]]) -> tuple[int, int]:
    verdicts = [grade.verdict for _, grade in samples if grade]
    return sum(one.correct for one in verdicts), sum(one.wrong for one in verdicts)


async def _grade(reply: Reply, gold: Gold) -> Grade | None:
    """The grade of a reply; None where the server gave none. What needs algebra goes to the workers."""
    if not reply.text and reply.reason != "empty":
        return None
    item = Item(reply.text, gold)
    found = decide(item)
    if isinstance(found, Pending):
        (found,) = await asyncio.to_thread(shared_grader().grade, [item])
    return found


def _counts(samples: list[tuple[Reply, Grade | None]], band: Band | None) -> dict[str, Any]:
    right, wrong = _right_wrong(samples)
    grades = [(reply, grade) for reply, grade in samples if grade]
    tokens = [reply.tokens for reply, grade in grades if grade.verdict.correct]
    pass_rate = right / (right + wrong) if right + wrong else None
    reasons = [reply.reason for reply, _ in samples if reply.reason not in (None, "cut")]
    return {
        "pass_rate": pass_rate,
        "samples": right + wrong,
        "right": right,
        "no_answer": sum(grade.extraction.answer is None and grade.verdict.wrong for _, grade in grades),
        "cut": sum(reply.reason == "cut" for reply, _ in samples),
        "ungradable": len(grades) - right - wrong,
        "lost": len(samples) - len(grades),
        "reason": reasons[0] if reasons else None,
        "right_tokens": sum(tokens) / len(tokens) if tokens else None,
        "in_band": band.holds(pass_rate) if band and pass_rate is not None else None,
        "asked": len(samples),
    }


def summary(rows: pl.DataFrame) -> dict[str, Any]:
    """Rows, rates per domain with a histogram, and the samples that a band saved."""
    place = (pl.col("pass_rate") * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
    domains = {}
    for (domain,), part in rows.sort("domain").partition_by("domain", as_dict=True, maintain_order=True).items():
        places = part.select(place.alias("place")).drop_nulls()["place"].to_list()
        domains[str(domain)] = {
            "rows": len(part),
            "without_rate": int(part["pass_rate"].null_count()),
            "mean": part["pass_rate"].mean(),
            "histogram": [places.count(i) for i in range(BINS)],
        }
    sums = rows.select(pl.col("right", "samples", "no_answer", "cut", "ungradable", "lost", "asked", "of").sum())
    counts = {name: int(value or 0) for name, value in sums.row(0, named=True).items()}
    return {
        "rows": len(rows),
        "mean": rows["pass_rate"].mean(),
        **{name: counts[name] for name in ("asked", "right", "no_answer", "cut", "ungradable", "lost")},
        "saved": counts["of"] - counts["asked"],
        "in_band": int(rows["in_band"].sum() or 0),
        "reasons": dict(sorted(rows["reason"].drop_nulls().value_counts().iter_rows())),
        "domains": domains,
    }
