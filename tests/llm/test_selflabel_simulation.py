"""Self-labelling of rows whose golds are known and hidden, by an ensemble of known quality.

A row has a difficulty and a wrong answer that suggests itself, both shared by all members; a member is one of two
models, each with its own bent on a row, in one of four samplings. So members are right together and wrong together, and
of the rows that all agree on some are wrong. The four domains differ in difficulty and in how strongly the wrong answer
suggests itself; of one, hardly any row is labelled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from crossthink_data.llm.agreement import Judged, accuracy
from crossthink_data.llm.rounds import Changes, State, finished, next_round
from crossthink_data.llm.thresholds import learn_thresholds

TARGET, ALPHA, SEEDS = 0.9, 0.05, 200
MODELS, SAMPLINGS, CHOICES = 2, 4, 6
MEMBERS = MODELS * SAMPLINGS
QUALITIES = (0.0, 0.8, 1.6, 2.4)

Ints = npt.NDArray[np.int64]
Learn = Callable[[Sequence[Judged], Sequence[Judged]], dict[str, float | None]]


@dataclass(frozen=True)
class Domain:
    name: str
    difficulty: float
    pull: float  # the share of a row's wrong answers, at most, that are the one which suggests itself
    labelled: int
    unlabelled: int


DOMAINS = (
    Domain("math", 0.0, 0.5, 400, 800),
    Domain("law", 0.6, 1.0, 400, 800),
    Domain("medicine", 0.3, 0.9, 250, 150),
    Domain("history", -1.0, 0.6, 20, 300),
)


class Rows:
    """Rows of a domain with what is hidden of them; answer 0 is right, 1 the one that suggests itself."""

    def __init__(self, domain: Domain, rng: np.random.Generator) -> None:
        rows = domain.labelled + domain.unlabelled
        self.domain = domain
        self.ease = rng.normal(-domain.difficulty, 1.5, (rows, 1)) + np.repeat(
            rng.normal(0, 0.7, (rows, MODELS)), SAMPLINGS, axis=1
        )
        self.luck = rng.random((rows, MEMBERS))
        suggests = rng.random((rows, MEMBERS)) < domain.pull * rng.random((rows, 1))
        self.wrong = np.where(suggests, 1, rng.integers(2, CHOICES, (rows, MEMBERS)))
        self.silent = rng.random((rows, MEMBERS)) < 0.03

    def judged(self, quality: float) -> tuple[list[Judged], list[Judged]]:
        """The domain's validation rows and unlabelled rows as an ensemble of this quality answers them."""
        answers = np.where(self.luck < 1 / (1 + np.exp(-quality - self.ease)), 0, self.wrong)
        counts = np.stack([((answers == one) & ~self.silent).sum(axis=1) for one in range(CHOICES)], axis=1)
        answer, votes = counts.argmax(axis=1).tolist(), counts.max(axis=1).tolist()
        said = list(zip(answer, votes, strict=True))
        labelled = [_judged(self.domain.name, *one, is_right=one[0] == 0) for one in said[: self.domain.labelled]]
        return labelled, [_judged(self.domain.name, *one) for one in said[self.domain.labelled :]]


@cache
def _judged(domain: str, answer: int, votes: int, is_right: bool | None = None) -> Judged:
    """Rows that say the same are one object: the rule does not look at ids, and there are millions of rows."""
    return Judged(domain, domain, str(answer), votes / MEMBERS, MEMBERS, is_right)


def precision(answers: Sequence[str | None]) -> float:
    """By the golds that nobody was shown."""
    return sum(answer == "0" for answer in answers) / len(answers) if answers else 1.0


def by_bound(validation: Sequence[Judged], unlabelled: Sequence[Judged]) -> dict[str, float | None]:
    learned = learn_thresholds(validation, unlabelled, TARGET, ALPHA)
    return {domain: one.confidence for domain, one in learned.items()}


def by_point(validation: Sequence[Judged], unlabelled: Sequence[Judged]) -> dict[str, float | None]:
    """What the rule is not: the lowest agreement whose share of right validation rows is the target or more."""
    found: dict[str, float | None] = {}
    for domain in DOMAINS:
        rows = [row for row in validation if row.domain == domain.name]
        kept = {votes / 8: [row for row in rows if row.agreement >= votes / 8] for votes in range(5, 9)}
        met = [level for level, reach in kept.items() if reach and accuracy(reach) >= TARGET]
        found[domain.name] = min(met, default=None)
    return found


@dataclass(frozen=True)
class Outcome:
    met: dict[
        str, float
    ]  # the share of seeds in which no adopted row or enough of them are right, by domain and in all
    coverage: dict[str, float]  # the share of unlabelled rows that are adopted, the mean over seeds


@cache
def simulate(learn: Learn, quality: float) -> Outcome:
    met: dict[str, list[bool]] = defaultdict(list)
    coverage: dict[str, list[float]] = defaultdict(list)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        parts = {domain.name: Rows(domain, rng).judged(quality) for domain in DOMAINS}
        validation = [row for labelled, _ in parts.values() for row in labelled]
        unlabelled = [row for _, rows in parts.values() for row in rows]
        found = learn(validation, unlabelled)
        adopted = [row for row in unlabelled if row.agreement >= (found[row.domain] or 2)]
        for name in (*parts, "all"):
            taken = [row for row in adopted if name in ("all", row.domain)]
            met[name].append(precision([row.answer for row in taken]) >= TARGET)
            coverage[name].append(len(taken) / (len(parts[name][1]) if name in parts else len(unlabelled)))
    return Outcome(_means(met), _means(coverage))


def _means(values: dict[str, list[bool]] | dict[str, list[float]]) -> dict[str, float]:
    return {name: float(np.mean(one)) for name, one in values.items()}


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_adopted_meet_the_target_in_95_of_100_runs(quality: float) -> None:
    met = simulate(by_bound, quality).met
    assert min(met.values()) >= 0.95, met


def test_a_point_estimate_would_not_do() -> None:
    met = [min(simulate(by_point, quality).met.values()) for quality in QUALITIES]
    assert sum(share < 0.95 for share in met) >= 3, met
    assert min(met) < 0.7, met


def test_coverage_grows_with_the_ensemble() -> None:
    coverage = [simulate(by_bound, quality).coverage for quality in QUALITIES]
    for before, after in pairwise(coverage):
        assert before["all"] < after["all"], coverage
        assert all(before[name] <= after[name] for name in before), coverage
    assert min(coverage[-1][name] for name in ("math", "law", "medicine")) > 0.7  # nothing adopted is never wrong


def test_a_domain_with_too_few_labelled_rows_adopts_nothing() -> None:
    assert [simulate(by_bound, quality).coverage["history"] for quality in QUALITIES] == [0.0] * len(QUALITIES)


# ---- rounds

TRAINED = (0.8, 1.6, 0.4, 2.4, 2.4)  # the third training went wrong, the fifth changed nothing


def rounds(seed: int) -> list[tuple[State, Changes]]:
    rng = np.random.default_rng(seed)
    rows = [Rows(domain, rng) for domain in DOMAINS]
    state, done = State("simulated"), []
    for quality in TRAINED:
        parts = [one.judged(quality) for one in rows]
        validation = [row for labelled, _ in parts for row in labelled]
        named = [replace(row, id=f"{row.id}-{i:03d}") for _, waiting in parts for i, row in enumerate(waiting)]
        thresholds = learn_thresholds(validation, named, TARGET, ALPHA)
        state, changes = next_round(state, named, thresholds, accuracy(validation))
        done.append((state, changes))
    return done


@pytest.mark.parametrize("seed", range(3))
def test_rows_return_when_an_ensemble_gets_worse_and_it_ends_when_nothing_changes(seed: int) -> None:
    done = rounds(seed)
    states, changes = [state for state, _ in done], [change for _, change in done]
    assert [finished(change) for change in changes] == [False, False, False, False, True]
    assert len(changes[2].returned) > 300
    assert not set(changes[2].returned) & states[2].adopted.keys()
    assert set(changes[2].returned) & set(changes[3].adopted)  # back again, adopted in the fourth round
    assert all(states[3].adopted[one].round == 4 for one in changes[3].adopted)
    assert any(change.changed for change in changes)
    assert states[4].adopted == states[3].adopted
    scores = [state.score or 0.0 for state in states]
    assert scores[2] < scores[0] < scores[1] < scores[3] == scores[4]


def test_every_round_meets_the_target_by_itself() -> None:
    runs = [[state for state, _ in rounds(seed)] for seed in range(20)]
    for states in zip(*runs, strict=True):
        for name in ("", *(domain.name for domain in DOMAINS)):  # all of them, and each
            answers = [[one.answer for row, one in state.adopted.items() if row.startswith(name)] for state in states]
            assert np.mean([precision(one) >= TARGET for one in answers]) >= 0.95, name
