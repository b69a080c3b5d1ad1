"""The rounds of self-labelling: what is adopted, what becomes of it in the next round, and the folder that keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.agreement import Judged
from crossthink_data.llm.thresholds import Threshold
from crossthink_data.verify.vote import answer_classes

STATE = "state.json"
SCHEMA = 1  # of the file


@dataclass(frozen=True, slots=True)
class Adoption:
    """The label of a row without a gold."""

    answer: str
    agreement: float  # in the last round
    threshold: float  # the domain's in the last round
    round: int  # in which this answer was adopted


@dataclass(frozen=True)
class State:
    """What a round leaves to the next. Before the first, all but `run` is empty."""

    run: str  # what tells the rows apart from those of another run
    round: int = 0
    adopted: dict[str, Adoption] = field(default_factory=dict)  # by row id
    thresholds: dict[str, Threshold] = field(default_factory=dict)  # by domain
    score: float | None = None  # the share of validation rows that the ensemble answers right


@dataclass(frozen=True, slots=True)
class Changes:
    """Row ids, sorted: each row that is adopted or was is in one of them."""

    adopted: tuple[str, ...]  # not adopted before
    kept: tuple[str, ...]  # with the answer from before
    changed: tuple[str, ...]  # with another answer than before
    returned: tuple[str, ...]  # adopted before, and no longer


def next_round(
    state: State, unlabelled: Sequence[Judged], thresholds: Mapping[str, Threshold], score: float
) -> tuple[State, Changes]:
    """The state after one more round, in which every row without a gold was judged anew.

    A row is adopted where it reaches this round's threshold, whatever it did before. Raises CrossthinkError where a
    row that was adopted is not among those judged, or one is there twice.
    """
    _check(state, unlabelled)
    now = state.round + 1
    pairs = [(row, _adoption(row, thresholds[row.domain], now)) for row in sorted(unlabelled, key=lambda row: row.id)]
    fresh = {row.id: adoption for row, adoption in pairs if adoption}
    adopted = {row_id: _settled(state.adopted.get(row_id), adoption) for row_id, adoption in fresh.items()}
    before = [row_id for row_id in adopted if row_id in state.adopted]
    changes = Changes(
        adopted=tuple(row_id for row_id in adopted if row_id not in state.adopted),
        kept=tuple(row_id for row_id in before if adopted[row_id].round < now),
        changed=tuple(row_id for row_id in before if adopted[row_id].round == now),
        returned=tuple(sorted(state.adopted.keys() - adopted.keys())),
    )
    return State(state.run, now, adopted, dict(thresholds), score), changes


def finished(changes: Changes) -> bool:
    """Whether the round changed no label: another one like it would change none either."""
    return not (changes.adopted or changes.changed or changes.returned)


def read_state(folder: Path, run: str) -> State | None:
    """The state in a folder; None where no round has been.

    Raises CrossthinkError where it is of another run, of another schema, or damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(content, dict) or "schema" not in content:
        raise _damaged(path, "it names no schema")
    if (schema := content.pop("schema")) != SCHEMA:
        raise CrossthinkError(
            f"{path} has schema {schema!r} and this crossthink reads {SCHEMA}: go on with the version that wrote it, "
            "or begin in another folder"
        )
    try:
        state = TypeAdapter(State).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise _damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if state.run != run:
        raise CrossthinkError(f"{folder} holds rounds of run {state.run!r}, not of {run!r}: name another folder")
    return state


def write_state(folder: Path, state: State) -> None:
    """Writes the state aside and renames it: the same state gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": SCHEMA, **asdict(state)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    aside = folder / f"{STATE}.tmp"
    aside.write_text(text, encoding="utf-8")
    aside.replace(folder / STATE)


def _adoption(row: Judged, threshold: Threshold, now: int) -> Adoption | None:
    least = threshold.confidence
    if row.answer is None or least is None or row.agreement < least:
        return None
    return Adoption(row.answer, row.agreement, least, now)


def _settled(before: Adoption | None, now: Adoption) -> Adoption:
    """The adoption of this round; where its answer is the one from before, in those words and since that round."""
    if before is None or answer_classes([before.answer, now.answer]) != [0, 0]:
        return now
    return Adoption(before.answer, now.agreement, now.threshold, before.round)


def _check(state: State, unlabelled: Sequence[Judged]) -> None:
    judged = {row.id for row in unlabelled}
    if missing := sorted(state.adopted.keys() - judged):
        raise CrossthinkError(
            f"{len(missing)} rows were adopted up to round {state.round} and are not judged now, {missing[0]!r} first: "
            "every round judges all rows without a gold, so give it the rows that the first round had"
        )
    if len(judged) < len(unlabelled):
        raise CrossthinkError(f"{len(unlabelled) - len(judged)} rows are there twice: an id names one row")


def _damaged(path: Path, what: str) -> CrossthinkError:
    return CrossthinkError(f"{path} is damaged ({what}): bring back a copy of it, or begin in another folder")
