"""One line of lm-eval's `samples_TASK_TIME.jsonl`: checked once, so that nothing after it meets a mangled sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from crossthink_data.errors import CrossthinkError
from crossthink_data.scoring import METRICS, SAMPLED

_NEEDED = ("doc_id", "doc", "arguments", "resps")
_DOC = ("id", "prompt", "options", "answer", "breakdowns", "prompt_version", "grader_version")
_SHARES = {*METRICS, *SAMPLED} - {"chars"}
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens")
_NOT_OURS = "it is no sample of crossthink's tasks"


@dataclass(frozen=True)
class Sample:
    """One document and what a model said to it.

    `prompt` is what was sent, with what a chat template adds; None where a server adds that. `max_tokens`: the bound of
    a completion.
    """

    doc_id: int
    doc: Mapping[str, Any]
    prompt: str | None
    completions: tuple[str, ...]
    max_tokens: int | None
    metrics: Mapping[str, float]


def read_sample(where: str, line: bytes) -> Sample:
    """The sample of a line; `where` names it. Raises CrossthinkError, which shows no text of it, for what is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CrossthinkError(
            f"{where} is not JSON ({error}): the file breaks off; copy it again or run again"
        ) from error
    if not isinstance(row, dict):
        raise CrossthinkError(f"{where} is no object: {_NOT_OURS}")
    missing = [name for name in _NEEDED if name not in row]
    missing = missing or ([name for name in _DOC if name not in row["doc"]] if isinstance(row["doc"], dict) else [])
    if missing:
        raise CrossthinkError(f"{where} lacks {', '.join(missing)}: {_NOT_OURS}")
    wrong = list(_wrong(row))
    if wrong:
        raise CrossthinkError(f"{where} has no usable {', '.join(wrong)}: {_NOT_OURS}")
    sent, settings = _sent(row["arguments"])
    return Sample(
        doc_id=row["doc_id"],
        doc=row["doc"],
        prompt=sent if isinstance(sent, str) else None,
        completions=tuple(_completions(row["resps"])),
        max_tokens=next((settings[name] for name in _LIMITS if settings.get(name)), None),
        metrics=_metrics(row),
    )


def _wrong(row: Mapping[str, Any]) -> Iterator[str]:
    """The fields, all of which are there, that do not hold what they should."""
    if not _whole(row["doc_id"]):
        yield "doc_id"
    yield from (f"doc.{name}" for name in _wrong_doc(row["doc"])) if isinstance(row["doc"], dict) else ["doc"]
    said = _completions(row["resps"])
    if not said or not all(isinstance(one, str) for one in said):
        yield "resps"
    _, settings = _sent(row["arguments"])
    if not isinstance(settings, Mapping) or not all(_whole(settings.get(name) or 0) for name in _LIMITS):
        yield "arguments"
    if not isinstance(row.get("metrics", []), list):
        yield "metrics"
    else:
        shares = ((name, value, 1.0 if name in _SHARES else value) for name, value in _metrics(row).items())
        yield from (name for name, value, most in shares if not isfinite(value) or not 0 <= value <= most)


def _wrong_doc(doc: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in ("id", "prompt", "answer") if not isinstance(doc[name], str))
    yield from (name for name in ("prompt_version", "grader_version") if not _whole(doc[name]))
    if not isinstance(doc["options"], list | None):
        yield "options"
    if not isinstance(doc["breakdowns"], list) or not all(map(_is_breakdown, doc["breakdowns"])):
        yield "breakdowns"


def _is_breakdown(pair: object) -> bool:
    """What a corpus does not say of a row is null there."""
    if not isinstance(pair, dict) or "value" not in pair:
        return False
    return isinstance(pair.get("by"), str) and isinstance(pair["value"], str | None)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _completions(resps: object) -> list[Any]:
    """What was said, of which lm-eval keeps a list a request, or the text of the only one; none where it is neither."""
    first = resps[0] if isinstance(resps, list) and resps else None
    return first if isinstance(first, list) else [first]


def _sent(arguments: object) -> tuple[Any, Any]:
    """The prompt and the settings of generation: lm-eval writes them under names, or as lists."""
    first = next(iter(_values(arguments)), None)
    return tuple([*_values(first), None, None][:2])


def _values(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    names = [name for name in row.get("metrics", ()) if isinstance(name, str)]
    return {name: _float(row[name]) for name in names if isinstance(row.get(name), int | float)}


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of more than 308 digits
        return inf
