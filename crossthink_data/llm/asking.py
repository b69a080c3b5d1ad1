"""What one row asks a model for: topic and question of a passage, or a problem for a persona, and its solutions.

Seeds follow from the row's id and what is asked, so the same row asks the same in every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.kinds import LABELS
from crossthink_data.llm.endpoint import Style
from crossthink_data.llm.prompt_files import prompt_file
from crossthink_data.llm.question_checks import Checks, problem_fault, question_fault
from crossthink_data.llm.request import Generate, Reply, Sampling, ask, payload, seed_of
from crossthink_data.llm.written import (
    DOMAINS,
    Question,
    problem_schema,
    question_schema,
    read_problem,
    read_question,
    read_topic,
    response_format,
    topic_schema,
)
from crossthink_data.prompts import prompt_text
from crossthink_data.verify import extract

TOPIC = "topic-v1"
QUESTION = "question-v1"
PROBLEM = "persona_math-v1"
MAX_OPTIONS = 10  # more than any benchmark here has
NO_ANSWER = "no_answer"  # of a solution that came, and answers nothing
TOPIC_SAMPLING = Sampling(temperature=0.0, max_tokens=64)  # there is one right answer, and it is short

Row = dict[str, Any]


@dataclass(frozen=True)
class Synthesis:
    """How questions are made. `threshold`: share of all solutions that must give the key."""

    samples: int = 5
    threshold: float = 0.6  # three of five: two that fail do not lose a question, two that agree do not make one
    options_min: int = 4
    options_max: int = 10
    question: Sampling = field(default_factory=lambda: Sampling(temperature=0.7, max_tokens=1024))
    solve: Sampling = field(default_factory=lambda: Sampling(temperature=1.0, max_tokens=2048))
    checks: Checks = field(default_factory=Checks)
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises CrossthinkError for settings under which nothing could be made."""
        if self.samples < 1:
            raise CrossthinkError(f"samples {self.samples}: at least 1 solution has to bear out the key")
        if not 0 < self.threshold <= 1:
            raise CrossthinkError(f"threshold {self.threshold}: a share above 0, and at most 1")
        if not 2 <= self.options_min <= self.options_max <= MAX_OPTIONS:
            raise CrossthinkError(
                f"{self.options_min} to {self.options_max} options: at least 2, at most {MAX_OPTIONS}, in this order"
            )


@dataclass(frozen=True)
class Asking:
    """One row's way to the model."""

    generate: Generate
    style: Style
    settings: Synthesis
    id: str

    async def write(self, prompt: str, sampling: Sampling, name: str, schema: dict[str, Any]) -> Reply:
        """What the model writes in this form."""
        return await self._ask(prompt, sampling, name, response_format=response_format(name, schema))

    async def solve(self, question: Question) -> list[Reply]:
        """Independent solutions, which see the question and its options only."""
        prompt = prompt_text(question.text, question.options)
        settings = self.settings
        return await asyncio.gather(*(self._ask(prompt, settings.solve, f"solve{i}") for i in range(settings.samples)))

    async def _ask(self, prompt: str, sampling: Sampling, purpose: str, **more: Any) -> Reply:
        messages = [{"role": "user", "content": prompt}]
        seed = seed_of(self.settings.seed, self.id, purpose)
        return await ask(self.generate, payload(messages, self.style, sampling, seed, **more))


async def from_passage(document: Document, asking: Asking) -> Row:
    """What a passage came to, as far as it went: `question` (a Question), `answers` of its solutions, `reason`.

    `lost` says of each solution why it has no answer.
    """
    settings = asking.settings
    prompt = prompt_file(TOPIC).render(domains=DOMAINS, passage=document.text)
    said = await asking.write(prompt, TOPIC_SAMPLING, "topic", topic_schema())
    topic = _read("topic", said, read_topic)
    if isinstance(topic, str):
        return {"reason": topic, "tokens": said.tokens}
    row = {"domain": topic[0], "topic": topic[1], "tokens": said.tokens}
    fewest, most = settings.options_min, settings.options_max
    prompt = prompt_file(QUESTION).render(
        domain=topic[0].replace("_", " "), topic=topic[1], passage=document.text, fewest=fewest, most=most
    )
    said = await asking.write(prompt, settings.question, "question", question_schema(fewest, most))
    row["tokens"] += said.tokens
    question = _read("question", said, lambda text: read_question(text, fewest, most, order=document.id))
    if isinstance(question, str):
        return row | {"reason": question}
    fault = question_fault(question, document.text, prompt_file(QUESTION).text, settings.checks)
    return await _solved(row, question, fault, asking)


async def from_pair(document: Document, asking: Asking) -> Row:
    """The same for a persona and a skill, which are the document's metadata."""
    prompt = prompt_file(PROBLEM).render(persona=document.metadata["persona"], skill=document.metadata["skill"])
    said = await asking.write(prompt, asking.settings.question, "problem", problem_schema())
    row = {"domain": "math", "topic": document.metadata["skill"], "tokens": said.tokens}
    question = _read("question", said, read_problem)
    if isinstance(question, str):
        return row | {"reason": question}
    fault = problem_fault(question, prompt_file(PROBLEM).text, asking.settings.checks)
    return await _solved(row, question, fault, asking)


def _read(stage: str, said: Reply, read: Callable[[str], Any]) -> Any:
    """What was written, or the reason: the server's, where there is nothing to read, else the reader's."""
    found = read(said.text)
    if not isinstance(found, str):
        return found
    return f"{stage}_{said.reason or found}"


async def _solved(row: Row, question: Question, fault: str | None, asking: Asking) -> Row:
    """The row with its question and, where there is no fault in that, what the solutions answered."""
    row |= {"question": question, "reason": fault}
    if fault:
        return row
    replies = await asking.solve(question)
    labels = LABELS[: len(question.options)] or None
    answers = [extract(reply.text, labels).answer for reply in replies]
    lost = [None if one is not None else reply.reason or NO_ANSWER for reply, one in zip(replies, answers, strict=True)]
    return row | {"answers": answers, "lost": lost, "tokens": row["tokens"] + sum(reply.tokens for reply in replies)}
