"""The search for how many rows may be in flight: the least that gets (nearly) the most done within the objective.

It compares neighbours in time, so it needs no model of the endpoint: at the start, and whenever what gets done has
changed, it doubles (or takes away a third) at each short interval until that stops paying; then it holds, and now
and then tries a quarter more or a fifth less, ever more rarely while that changes nothing. A step up must gain at
least a fifth of itself: an endpoint whose latency grows in a line gains just that where latency is at the objective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from crossthink_data.llm.admission_failing import Failures
from crossthink_data.llm.admission_interval import Seen

START = 4  # rows: few enough that an endpoint is lightly loaded, enough that its latency is soon known
PAYS = 0.2  # of a step up, in logarithms, must be gained; half of it is what a step down may cost
AIMED = 0.9  # of the objective: intervals scatter around what is aimed at
CROWD, STEADY, DOWN = 2.0, 1.25, 1.5  # steps: up in a crowd, any in steady times, down in a crowd
SPARE = 1.12  # above what a step down showed to be enough: a short queue keeps the endpoint busy and shows a change
CHANGED = 0.1  # relative, of the work done, is a change of the endpoint, where noise is less
SURE = 1.5  # standard errors
TRIES, RARE = 6, 8  # pairs of intervals for one unsure step; intervals held between steps, at most
LEAST_ERROR = 0.004  # of work, relative: no clock is better
FORGETS = 1.02  # times the ceiling, an interval


@dataclass(frozen=True)
class Estimate:
    """Work done at a number of rows, over so many answers."""

    rows: float
    work: float
    answers: int

    def and_also(self, seen: Seen) -> Estimate:
        """With one more interval."""
        answers = self.answers + seen.answers
        return Estimate(self.rows, (self.work * self.answers + seen.work * seen.answers) / answers, answers)

    def error(self, scatter: float) -> float:
        """Of the work, relative."""
        return max(LEAST_ERROR, scatter / math.sqrt(self.answers))


def of(seen: Seen) -> Estimate:
    """One interval's."""
    return Estimate(seen.rows, seen.work, seen.answers)


class LimitSearch:
    """`limit` is what it is about; `decide` moves it at the end of each interval."""

    def __init__(self) -> None:
        self.limit = START
        self.crowd = True
        self.failures = Failures()
        self._up = True
        self._base = START  # where a step began
        self._known: Estimate | None = None  # of the base
        self._tried: Estimate | None = None  # of the step
        self._trying = False
        self._tries = 0
        self._holds = 0
        self._patience = 1
        self._scatter = 0.0  # of answers, of late
        self._ceiling = math.inf  # rows of which too many were refused
        self._odd = 0.0  # how far the last interval held was off

    def decide(self, seen: Seen, most: float) -> None:
        """After an interval; no step up goes above `most` rows."""
        self._scatter = max(seen.scatter, 0.5 * (self._scatter + seen.scatter))
        if seen.room < 1:
            self.failures.drop()
            return self._cut(seen, most, AIMED * seen.room)
        verdict = self.failures.verdict(seen)
        if verdict:
            return self._back(verdict)
        if verdict is None:
            return None
        if self.failures.too_many(seen):
            return self._yield(seen, most)
        self._ceiling = math.inf if seen.rows > self._ceiling else self._ceiling * FORGETS
        if not seen.full:
            return None  # the caller has too few rows to tell anything
        if self._trying:
            return self._judge(seen, most)
        return self._hold(seen, most)

    def restart(self, limit: int) -> None:
        """After an outage, or when what was known is void: a crowd, from here."""
        self.limit, self.crowd, self._up = max(1, limit), True, True
        self._known = self._tried = None
        self._trying, self._patience = False, 1

    def refused(self, rows: int) -> None:
        """So many were too many: steps up only halve the way there, until that is long ago."""
        self._ceiling = rows

    def _yield(self, seen: Seen, most: float) -> None:
        """Too many fail: fewer rows, and a look at whether that helps."""
        if self.limit == 1:
            return self.failures.accept(seen)
        self.refused(round(seen.rows))
        if not (self._trying and self._up):
            self.failures.cut(seen, self.limit)
        return self._cut(seen, most, 1 - seen.failing)

    def _back(self, limit: int) -> None:
        """It did not: as many as before."""
        self._ceiling = math.inf
        self.restart(limit)

    def _cut(self, seen: Seen, most: float, keep: float) -> None:
        if self._trying and self._up:
            return self._reject(seen, most)
        self.restart(int(min(self.limit, seen.rows) * max(0.5, min(keep, 0.95))))
        self._up = False
        return None

    def _hold(self, seen: Seen, most: float) -> None:
        if self._known is None:
            self._known = of(seen)
        elif self._changed(math.log(seen.work / self._known.work), of(seen).error(self._scatter)):
            return
        else:
            self._known = self._known.and_also(seen)
        self._holds -= 1
        if self.crowd or self._holds <= 0:
            self._step(seen, most)

    def _changed(self, moved: float, error: float) -> bool:
        """Has the endpoint changed? Told by two intervals held in a row, or at once where chance is out of question."""
        before, self._odd = self._odd, 0.0
        if abs(moved) <= max(CHANGED, 3 * error):
            return False
        if before * moved <= 0 and abs(moved) < max(3 * CHANGED, 5 * error):
            self._odd = moved
            return True
        self.restart(self.limit)  # what it does now, the next interval tells: this one is of both
        self._up = moved > 0
        return True

    def rescale(self, factor: float) -> None:
        """The light latencies, and with them the unit of work, were learned anew."""
        self._known = self._known and replace(self._known, work=self._known.work * factor)
        self._tried = self._tried and replace(self._tried, work=self._tried.work * factor)

    def _step(self, seen: Seen, most: float) -> None:
        self._base = self.limit
        if self._up:
            step = min(CROWD if self.crowd else STEADY, AIMED * seen.room)
            goal = max(round(self._base * step), self._base + (step > 1))
            if self._ceiling > self._base:
                most = min(most, max(self._base + 1, (self._base + self._ceiling) / 2))
            goal = goal if most > goal else int(most)
        else:
            goal = max(1, min(round(self._base / (DOWN if self.crowd else STEADY)), self._base - 1))
        if (goal <= self._base) == self._up or goal == self._base:
            return self._rest()
        self.limit, self._trying = goal, True
        return None

    def _judge(self, seen: Seen, most: float) -> None:
        known = self._known or of(seen)
        self._tried = self._tried.and_also(seen) if self._tried else of(seen)
        gain, step = math.log(self._tried.work / known.work), math.log(self._tried.rows / known.rows)
        over = gain - step * (PAYS if self._up else PAYS / 2)
        self._tries += 1
        weak, err = known.error(self._scatter), self._tried.error(self._scatter)
        unsure = abs(over) < SURE * math.hypot(weak, err)
        if unsure and self._tries < (TRIES // 2 if self.crowd else TRIES):
            if not self.crowd:  # turn about, so that what drifts weighs on both
                self.limit, self._trying, self._holds = self._base, False, 1
            return None
        if over <= 0 and not (unsure and self.crowd and self._up and weak > SURE * err):  # too little was known before
            return self._reject(seen, most)
        return self._accept(seen, gain > step / 2, most)

    def _accept(self, seen: Seen, much: bool, most: float) -> None:
        self._known, self._tried, self._tries, self._trying = self._tried, None, 0, False
        self._patience = self._holds = 1
        if not self._up:
            self.limit = max(self.limit, min(self._base - 1, round(self.limit * SPARE)))
        self.crowd = self.crowd or (self._up and much)
        if self.crowd:
            self._step(seen, most)

    def _reject(self, seen: Seen, most: float) -> None:
        goal = self._base
        if self.crowd and self._up and self._known:
            best = max(self._known.work, self._tried.work if self._tried else 0.0)
            goal = max(self._base, min(self.limit, round(STEADY * best)))  # rows at the light latency, and some
        if goal != self._base:
            self._known = None
        self.limit = goal
        if self.crowd and not self._up and self._known:  # less costs too much: would more pay?
            self._up, self._tried, self._tries, self._trying = True, None, 0, False
            return self._step(seen, most)
        return self._rest()

    def _rest(self) -> None:
        self._tried, self._tries, self._trying = None, 0, False
        self.crowd, self._up = False, not self._up
        self._holds, self._patience = self._patience, min(RARE, 2 * self._patience)
