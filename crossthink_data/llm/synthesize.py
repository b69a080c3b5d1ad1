"""Questions made from documents: topic, question and key, independent solutions, and a vote on the key.

A row is made of each passage, kept or not; why not is its reason. Nothing here depends on the order in which answers
come: seeds, the order of options and rows follow from ids.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from datatrove.data import Document

from crossthink_data.llm.ask import Progress, Usage, ask_rows
from crossthink_data.llm.asking import (
    NO_ANSWER,
    PROBLEM,
    QUESTION,
    TOPIC,
    Asking,
    Row,
    Synthesis,
    from_pair,
    from_passage,
)
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.prompt_files import prompt_file
from crossthink_data.llm.question_checks import rationale_of
from crossthink_data.llm.request import Generate
from crossthink_data.llm.votes import options_equal, vote
from crossthink_data.llm.written import Question
from crossthink_data.prompts import MCQ_TEMPLATE, OPEN_TEMPLATE

SYNTHESIS_VERSION = 2  # 1: first published rules; 2: why solutions are lost; an id may stand in two files

PROMPTS = (TOPIC, QUESTION, MCQ_TEMPLATE)  # that a row of `synthesize` is made with
MATH_PROMPTS = (PROBLEM, OPEN_TEMPLATE)

SYNTHESIZED: dict[str, pl.DataType] = {
    "id": pl.String(),  # of the passage, or of the pair of persona and skill
    "document_id": pl.String(),
    "url": pl.String(),
    "license": pl.String(),  # of the document
    "revision": pl.String(),  # of the file that it stands in
    "persona": pl.String(),
    "skill": pl.String(),
    "domain": pl.String(),
    "topic": pl.String(),
    "question": pl.String(),
    "options": pl.List(pl.String()),
    "answer": pl.String(),
    "answer_label": pl.String(),
    "rationale": pl.String(),
    "votes": pl.List(pl.String()),  # a solution each: the label or answer, null where it gave none
    "lost": pl.List(pl.String()),  # a solution each: why it gave no answer, null where it did
    "agreement": pl.Float64(),  # share of all solutions that gave the commonest answer
    "generator": pl.String(),
    "prompts": pl.String(),
    "reason": pl.String(),  # why the row is not kept, else null
    "tokens": pl.Int64(),  # of all completions
}


def synthesize(
    documents: Iterable[Document],
    settings: Synthesis,
    endpoint: Endpoint,
    work: Path,
    on_done: Progress = lambda done: None,
) -> tuple[pl.DataFrame, Usage]:
    """A row of SYNTHESIZED for each passage, by id, and what it took. Reasons: see docs/synthesis.md.

    Raises CrossthinkError where the endpoint cannot be used.
    """
    return _made(documents, from_passage, PROMPTS, settings, endpoint, work, on_done)


def synthesize_math(
    pairs: Iterable[Document],
    settings: Synthesis,
    endpoint: Endpoint,
    work: Path,
    on_done: Progress = lambda done: None,
) -> tuple[pl.DataFrame, Usage]:
    """As `synthesize`, a problem for each pair of a persona and a skill (see `personas.pairs`)."""
    return _made(pairs, from_pair, MATH_PROMPTS, settings, endpoint, work, on_done)


Maker = Callable[[Document, Asking], Awaitable[Row]]


def _made(
    documents: Iterable[Document],
    maker: Maker,
    prompts: Sequence[str],
    settings: Synthesis,
    endpoint: Endpoint,
    work: Path,
    on_done: Progress,
) -> tuple[pl.DataFrame, Usage]:
    async def rollout(document: Document, generate: Generate) -> Row:
        row = await maker(document, Asking(generate, endpoint.style, settings, document.id))
        return {**document.metadata, **row, "id": document.id}

    made, usage = ask_rows(documents, rollout, endpoint, work, on_done)
    generator = f"{endpoint.model}@{endpoint.revision}" if endpoint.revision else endpoint.model
    given = {"generator": generator, "prompts": " ".join(prompts)}
    # The vote comes after all answers: to compare two may take a worker's time, which the requests should not wait for.
    rows = [_judged(made[id_], settings.threshold) | given for id_ in sorted(made)]
    return pl.DataFrame([{name: row.get(name) for name in SYNTHESIZED} for row in rows], schema=SYNTHESIZED), usage


def _judged(row: Row, threshold: float) -> Row:
    """The row with its columns filled: the question's, and the vote on its key."""
    question = row.get("question")
    if not isinstance(question, Question):
        return row
    row = row | {
        "question": question.text,
        "options": list(question.options),
        "answer": question.answer,
        "answer_label": question.label,
        "rationale": rationale_of(question),
    }
    if row["reason"]:
        return row
    found = vote(question, row["answers"], threshold)
    reason = _all_lost(row["lost"]) or found.reason
    reason = "options_equal" if options_equal(question.options) else reason
    return row | {"votes": found.votes, "agreement": found.agreement, "reason": reason}


def _all_lost(lost: Sequence[str | None]) -> str | None:
    """`solve_…` where every solution was lost for one and the same reason, which is not that it just does not say."""
    why = set(lost)
    return f"solve_{lost[0]}" if len(why) == 1 and not why & {None, NO_ANSWER} else None


def prompt_versions(names: Sequence[str]) -> dict[str, str | None]:
    """Name -> sha256 of each prompt file, for a manifest; None for a text of the package's own, `prompts.py`."""
    return {name: prompt_file(name).sha256 if name in (TOPIC, QUESTION, PROBLEM) else None for name in names}


def summary(frame: pl.DataFrame) -> dict[str, Any]:
    """Counts of a table: rows, kept, reasons, solutions and why some gave no answer, by domain, tokens."""
    solutions = frame["lost"].drop_nulls().explode()
    domains = (
        frame.drop_nulls("domain")
        .group_by("domain")
        .agg(rows=pl.len(), kept=pl.col("reason").is_null().sum())
        .sort("domain")
    )
    return {
        "rows": frame.height,
        "kept": frame["reason"].null_count(),
        "reasons": _counted(frame["reason"]),
        "solutions": {"asked": len(solutions), "lost": _counted(solutions)},
        "domains": {row.pop("domain"): row for row in domains.to_dicts()},
        "tokens": int(frame["tokens"].sum()),
    }


def _counted(reasons: pl.Series) -> dict[str, int]:
    """How often there is each, by name."""
    return dict(reasons.drop_nulls().alias("reason").value_counts().sort("reason").iter_rows())
