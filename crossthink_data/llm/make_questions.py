"""`crossthink synthesize`: from files of documents, or of personas and skills, to a side table of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from crossthink_data.hashing import file_sha256
from crossthink_data.llm.ask import Progress
from crossthink_data.llm.asking import Synthesis
from crossthink_data.llm.documents import Counts, Reading, document_files, read_documents, reading_packages
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.personas import pairs, read_phrases
from crossthink_data.llm.question_checks import CHECKS_VERSION
from crossthink_data.llm.synthesize import (
    MATH_PROMPTS,
    PROMPTS,
    SYNTHESIS_VERSION,
    prompt_versions,
    summary,
    synthesize,
    synthesize_math,
)
from crossthink_data.llm.tables import asked_of, make_table
from crossthink_data.side_table import SYNTHESIZE, SideTable
from crossthink_data.sources.base import UNKNOWN_LICENSE
from crossthink_data.verify.compare import GRADER_VERSION


def questions_from_documents(
    paths: Sequence[Path],
    reading: Reading,
    limit: int | None,
    endpoint: Endpoint,
    settings: Synthesis,
    out: Path,
    on_done: Progress = lambda done: None,
) -> SideTable:
    """A multiple-choice question of each passage, of the first `limit`. Raises CrossthinkError as its parts do."""
    counts = Counts()
    files = [[path.name, file_sha256(path)] for path in document_files(paths)]
    read = {"documents": files, "reading": asdict(reading), "limit": limit, "packages": reading_packages()}
    return make_table(
        SYNTHESIZE,
        out,
        {**_settings(endpoint, settings, PROMPTS), **read},
        lambda work: synthesize(
            islice(read_documents(paths, reading, counts), limit), settings, endpoint, work, on_done
        ),
        lambda rows: {**summary(rows), "documents": counts.summary()},
        endpoint.prices,
    )


def problems_from_personas(
    personas: Path,
    skills: Path,
    license_: str | None,
    limit: int,
    endpoint: Endpoint,
    settings: Synthesis,
    out: Path,
    on_done: Progress = lambda done: None,
) -> SideTable:
    """A maths problem of each of `limit` pairs of a persona and a skill. Raises CrossthinkError as its parts do."""
    who, what = read_phrases(personas, "persona"), read_phrases(skills, "skill")
    drawn = list(pairs(who, what, limit, settings.seed, license_ or UNKNOWN_LICENSE))
    files = [[path.name, file_sha256(path)] for path in (personas, skills)]
    given = {"personas_and_skills": files, "license": license_, "limit": limit}
    return make_table(
        SYNTHESIZE,
        out,
        {**_settings(endpoint, settings, MATH_PROMPTS), **given},
        lambda work: synthesize_math(drawn, settings, endpoint, work, on_done),
        summary,
        endpoint.prices,
    )


def _settings(endpoint: Endpoint, settings: Synthesis, prompts: Sequence[str]) -> Mapping[str, Any]:
    versions = {"version": SYNTHESIS_VERSION, "checks_version": CHECKS_VERSION, "grader": GRADER_VERSION}
    return {**asked_of(endpoint), "prompts": prompt_versions(prompts), **asdict(settings), **versions}
