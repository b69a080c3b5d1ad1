"""Self-labelling: one round, in which an ensemble answers every row without a gold, and the sure answers are adopted.

After Iterative Self-Learning (Dupre et al. 2019, arXiv 1906.02823): all rows are judged anew in every round, those
adopted before too, and an adoption that falls back returns. Between rounds the user may train the models; the state is
a folder that the next round reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.kinds import LABELS
from crossthink_data.labels import SELFLABEL
from crossthink_data.llm.agreement import Judged, accuracy, judge
from crossthink_data.llm.ask import Progress, Usage, ask_rows
from crossthink_data.llm.endpoint import Endpoint
from crossthink_data.llm.request import Generate, Sampling, ask, payload, seed_of
from crossthink_data.llm.rounds import Adoption, Changes, State, finished, next_round, read_state, write_state
from crossthink_data.llm.tables import asked_of, make_table, usage_of_all
from crossthink_data.llm.thresholds import Threshold, learn_thresholds
from crossthink_data.llm.unlabelled import Rows
from crossthink_data.rewards import GOLD_COLUMNS
from crossthink_data.side_table import SideTable
from crossthink_data.verify.compare import GRADER_VERSION
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold

LABELLED = {
    "id": pl.String(),
    "answer": pl.String(),  # adopted; null where none is. Of multiple choice its label
    "label_source": pl.String(),  # the ensemble
    "round": pl.Int32(),  # in which this answer was adopted
    "agreement": pl.Float64(),  # of all members, in this round
    "threshold": pl.Float64(),  # the domain's; null where none could be met
    "candidate": pl.String(),  # what most members answered, adopted or not
    "members": pl.Int32(),
    "domain": pl.String(),
    "source": pl.String(),
}


@dataclass(frozen=True)
class SelfLabel:
    """How rows are labelled: `samples` answers of each model are the ensemble's members.

    `target`: the share of adopted labels that shall be right; `alpha`: the chance, in each domain and round, that they
    are not.
    """

    samples: int = 8
    target: float = 0.9
    alpha: float = 0.05
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        """Raises CrossthinkError for what cannot be asked: before anything is paid for."""
        if self.samples < 1:
            raise CrossthinkError(f"--samples {self.samples}: at least 1")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise CrossthinkError(
                f"--samples {self.samples} --temperature 0: a model would only agree with itself; raise the temperature"
            )
        for name, value in {"target": self.target, "alpha": self.alpha}.items():
            if not 0 < value < 1:
                raise CrossthinkError(f"--{name} {value}: a share between 0 and 1, as 0.9 and 0.05 are")


@dataclass(frozen=True)
class Round:
    """A round's table, what changed in it, and whether that was nothing."""

    table: SideTable
    state: State
    changes: Changes

    @property
    def finished(self) -> bool:
        """Whether another round with the same ensemble would change nothing either."""
        return finished(self.changes)


def label_round(
    rows: Rows,
    ensemble: Sequence[Endpoint],
    settings: SelfLabel,
    state_folder: Path,
    out: Path,
    on_done: Progress = lambda done: None,
) -> Round:
    """One round after those that `state_folder` holds, as a side table in `out`; the state is written last.

    Raises CrossthinkError where the folder holds rounds of other rows, or an endpoint cannot be used.
    """
    members = [asked_of(endpoint) for endpoint in ensemble]
    if any(one in members[:place] for place, one in enumerate(members)):  # at another URL it is the same model
        raise CrossthinkError(
            f"an ensemble of {', '.join(one.model for one in ensemble)}: one that is there twice agrees with itself; "
            "name it once, and raise --samples"
        )
    before = read_state(state_folder, rows.digest) or State(rows.digest)
    made: list[tuple[State, Changes, dict[str, int]]] = []

    def ask_all(work: Path) -> tuple[pl.DataFrame, Usage]:
        answers, reasons, usage = _answers(rows, ensemble, settings, work, on_done)
        waiting, known = (_judged(frame, answers, labelled) for frame, labelled in _parts(rows))
        thresholds = learn_thresholds(known, waiting, settings.target, settings.alpha)
        made.append((*next_round(before, waiting, thresholds, accuracy(known)), reasons))
        return _table(rows, waiting, made[-1][0], thresholds, ensemble), usage

    asked = {
        "ensemble": members,
        "model": " + ".join(endpoint.model for endpoint in ensemble),
        "revision": " + ".join(one.revision or "?" for one in ensemble)
        if any(one.revision for one in ensemble)
        else None,
        **asdict(settings),
        "rows": rows.digest,
        "before": sha256(repr(before).encode()).hexdigest()[:16],
        "grader": GRADER_VERSION,
    }
    table = make_table(SELFLABEL, out, asked, ask_all, lambda _: _summary(*made[-1]), ensemble[0].prices)
    state, changes = made[-1][:2] if made else _found(before, table)
    write_state(state_folder, state)
    return Round(table, state, changes)


def _parts(rows: Rows) -> list[tuple[pl.DataFrame, bool]]:
    return [(rows.unlabelled, False), (rows.validation, True)]


def _answers(
    rows: Rows,
    ensemble: Sequence[Endpoint],
    settings: SelfLabel,
    work: Path,
    on_done: Progress,
) -> tuple[dict[str, list[str | None]], dict[str, int], Usage]:
    """The answers of all members to each row, by id: model after model, its samples in order. And faults, counted."""
    every = pl.concat([rows.unlabelled, rows.validation])
    answers: dict[str, list[str | None]] = {id_: [] for id_ in every["id"]}
    reasons: Counter[str] = Counter()
    usages = []
    for place, endpoint in enumerate(ensemble):
        found, usage = ask_rows(_documents(every), _Asker(endpoint, settings), endpoint, work / f"{place:03d}", on_done)
        for id_, said in found.items():
            answers[id_] += [answer for answer, _ in said]
            reasons.update(reason for _, reason in said if reason)
        usages.append(usage)
    return answers, dict(sorted(reasons.items())), usage_of_all(usages)


@dataclass(frozen=True)
class _Asker:
    """One model's samples of a row, as the runner calls it: of each the answer, and what is wrong with the reply."""

    endpoint: Endpoint
    settings: SelfLabel

    async def __call__(self, document: Document, generate: Generate) -> list[tuple[str | None, str | None]]:
        row = document.metadata
        bodies = [
            payload(row["prompt"], self.endpoint.style, self.settings.sampling, seed_of(row["id"], sample))
            for sample in range(self.settings.samples)
        ]
        replies = await asyncio.gather(*(ask(generate, body) for body in bodies))
        labels = LABELS[: len(row["options"])] or None
        return [(extract(reply.text, labels).answer if reply.text else None, reply.reason) for reply in replies]


def _documents(rows: pl.DataFrame) -> Iterable[Document]:
    return (Document(text="", id=row["id"], metadata=row) for row in rows.iter_rows(named=True))


def _judged(rows: pl.DataFrame, answers: dict[str, list[str | None]], labelled: bool) -> list[Judged]:
    return [
        judge(
            row["id"],
            row["domain"],
            answers[row["id"]],
            row["options"],
            Gold.from_row({name: row[name] for name in GOLD_COLUMNS}) if labelled else None,
        )
        for row in rows.iter_rows(named=True)
    ]


def _table(
    rows: Rows,
    judged: Sequence[Judged],
    state: State,
    thresholds: dict[str, Threshold],
    ensemble: Sequence[Endpoint],
) -> pl.DataFrame:
    """One row for each row without a gold, in order of id."""
    names = " + ".join(f"{one.model}@{one.revision}" if one.revision else one.model for one in ensemble)
    sources = dict(rows.unlabelled.select("id", "source").iter_rows())
    table = []
    for one in judged:
        adopted = state.adopted.get(one.id)
        table.append(
            {
                "id": one.id,
                "answer": adopted.answer if adopted else None,
                "label_source": names if adopted else None,
                "round": adopted.round if adopted else None,
                "agreement": one.agreement,
                "threshold": thresholds[one.domain].confidence,
                "candidate": one.answer,
                "members": one.members,
                "domain": one.domain,
                "source": sources[one.id],
            }
        )
    return pl.DataFrame(table, schema=LABELLED).sort("id")


def _summary(state: State, changes: Changes, reasons: dict[str, int]) -> dict[str, Any]:
    return {
        "round": state.round,
        "adopted_rows": len(state.adopted),
        "score": state.score,
        "thresholds": {domain: asdict(one) for domain, one in state.thresholds.items()},
        "changes": {name: len(ids) for name, ids in asdict(changes).items()},
        "reasons": reasons,
    }


def _found(before: State, table: SideTable) -> tuple[State, Changes]:
    """The state that a finished table holds, and what it changed."""
    about = table.manifest["summary"]
    rows = table.rows.drop_nulls("answer")
    adopted = {
        row["id"]: Adoption(row["answer"], row["agreement"], row["threshold"], row["round"])
        for row in rows.iter_rows(named=True)
    }
    thresholds = {domain: Threshold(**one) for domain, one in about["thresholds"].items()}
    state = State(before.run, about["round"], adopted, thresholds, about["score"])
    old, new = before.adopted.keys(), adopted.keys()
    fresh = {id_ for id_ in new & old if adopted[id_].round == state.round}
    changes = Changes(
        adopted=tuple(sorted(new - old)),
        kept=tuple(sorted(new & old - fresh)),
        changed=tuple(sorted(fresh)),
        returned=tuple(sorted(old - new)),
    )
    return state, changes
