"""The controller against endpoints of known laws, in virtual time: what it reaches there is exact and repeatable.

Objectives are the controller's own, learned ones. Throughput is compared with the best fixed limit of a sweep.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from crossthink_data.llm.admission import Admission
from crossthink_data.llm.latency_curve import percentile_95
from tests.llm.laws import Law
from tests.llm.limiters import Fixed
from tests.llm.simulate import Limiter, Run, VirtualLoop, in_virtual_time, simulate

SLOTS: dict[str, Any] = {"kind": "saturating", "latency_s": 0.15, "slots": 32}
LINEAR: dict[str, Any] = {"kind": "linear", "latency_s": 0.1, "slope_s": 0.005}
SWEEP = (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192)


class Watched(Admission):
    """Notes its limit over time."""

    def __init__(self, clock: Callable[[], float], objective_s: float | None = None) -> None:
        super().__init__(objective_s, clock, random.Random(1))  # noqa: S311
        self.limits: list[tuple[float, int, str]] = []
        self.now = clock

    def end(self) -> None:
        super().end()
        seen = self.snapshot()
        self.limits.append((self.now(), seen["limit"], seen["mode"]))

    def limit_between(self, start: float, end: float) -> float:
        """The mean."""
        found = [limit for at, limit, _ in self.limits if start <= at < end]
        return sum(found) / len(found)


def ours(law: dict[str, Any], rows: int, objective_s: float | None = None) -> tuple[Run, Watched]:
    """A run of one-request rows."""
    run, made = simulate(Law(**law), lambda clock: Watched(clock, objective_s), [["short"]] * rows)
    assert isinstance(made, Watched)
    assert len(run.ended) == rows  # none is lost, none is done twice
    assert [number for _, number in run.began] == list(range(rows))  # in the order in which they came
    return run, made


def best_seconds(law: dict[str, Any], rows: int, objective_s: float) -> float:
    """The least time of a fixed limit whose p95 is within the objective; of any, if none holds it."""
    found = []
    for limit in SWEEP:
        run, _ = simulate(Law(**law), fixed(limit), [["short"]] * rows)
        found.append((percentile_95([latency for _, latency, _ in run.answers]) > objective_s, run.ended[-1][0]))
    return min(found)[1]


def fixed(limit: int) -> Callable[[Callable[[], float]], Limiter]:
    return lambda clock: Fixed(limit, clock)


def held(made: Admission) -> float:
    seen = made.snapshot()
    return float(seen["intervals_held"] / seen["intervals"])


STEADY = {
    "linear": LINEAR,
    "saturating": SLOTS,
    "cliff": {**SLOTS, "cliff": 48},
    "cliff close to the knee": {**SLOTS, "cliff": 36},
    "lognormal": {**SLOTS, "kind": "heavy_tailed", "tail": "lognormal", "shape": 1.0},
    "Pareto": {**SLOTS, "kind": "heavy_tailed", "tail": "pareto", "shape": 2.2},
    "one slot": {"kind": "saturating", "latency_s": 0.02, "slots": 1},
}


@pytest.mark.parametrize("name", STEADY)
def test_steady(name: str) -> None:
    rows = 2000 if name == "one slot" else 10_000
    run, made = ours(STEADY[name], rows)
    objective_s = made.snapshot()["objective"]["short"]
    assert best_seconds(STEADY[name], rows, objective_s) / run.ended[-1][0] >= 0.9
    assert held(made) >= 0.95
    assert run.failed == 0


def test_constant_latency_has_no_limit() -> None:
    """Nothing slows down, so that growth never ends: each doubling takes three latencies or less."""
    run, made = ours({"kind": "constant", "latency_s": 0.8}, 15_000)
    assert made.snapshot()["limit"] > 1000
    assert held(made) == 1
    assert run.ended[-1][0] < 0.8 * 15_000 / 500  # sooner than at 500 in flight from the first moment on


def test_capacity_halved_and_restored() -> None:
    law = {**SLOTS, "cliff": 96, "events": [{"at_s": 15, "capacity": 0.5}, {"at_s": 30, "capacity": 1.0}]}
    run, made = ours(law, 10_000)
    assert 32 <= made.limit_between(10, 15) <= 42
    assert 15 <= made.limit_between(24, 30) <= 24
    assert 32 <= made.limit_between(37, 47) <= 44
    assert run.rate(24, 30) > 0.9 * 16 / 0.15
    assert best_seconds(law, 10_000, made.snapshot()["objective"]["short"]) / run.ended[-1][0] >= 0.9
    assert held(made) >= 0.95  # twice the latency of the knee is within five times that of no load


@pytest.mark.parametrize("at_s", [15, 15.4])
def test_capacity_halved_where_latency_is_already_at_its_objective(at_s: float) -> None:
    """What is in flight when it happens cannot be made quicker: up to three intervals are missed, not one later.

    Where it falls into an interval, the first cut is made on half of it, and is not to be taken for a useless one.
    """
    law = {**LINEAR, "events": [{"at_s": at_s, "capacity": 0.5}]}
    _, made = ours(law, 6000)
    seen = made.snapshot()
    assert seen["intervals"] - seen["intervals_held"] <= 3
    assert abs(seen["objective"]["short"] - 5 * (0.1 + 0.005 * 4)) < 0.01
    allowed = (seen["objective"]["short"] * 0.5 - 0.1) / 0.005  # where (0.1 + 0.005 n) / 0.5 is the objective
    assert 0.7 * allowed <= made.limit_between(35, 60) <= allowed


def test_a_second_client_comes_and_goes() -> None:
    law = {**SLOTS, "events": [{"at_s": 15, "others": 32}, {"at_s": 30, "others": 0}]}
    run, made = ours(law, 10_000)
    assert best_seconds(law, 10_000, made.snapshot()["objective"]["short"]) / run.ended[-1][0] >= 0.9
    assert held(made) >= 0.95
    assert "crowd" in {mode for at, _, mode in made.limits if 15 <= at < 18}
    assert "steady" in {mode for at, _, mode in made.limits if 12 <= at < 15}


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_a_short_queue_is_not_taken_for_a_light_load(seed: int) -> None:
    """A second client comes and goes, too; the objective stays five times the p95 of four requests in flight."""
    law: dict[str, Any] = {**SLOTS, "kind": "heavy_tailed", "latency_s": 0.05, "slots": 10}
    law |= {"tail": "lognormal", "shape": 0.1}
    light, _ = simulate(Law(**law, seed=seed), fixed(4), [["short"]] * 400)
    objective_s = 5 * percentile_95([latency for _, latency, _ in light.answers])
    events = [{"at_s": 4, "others": 10}, {"at_s": 9, "others": 0}]
    run, made = ours({**law, "seed": seed, "events": events}, 2800)
    assert made.snapshot()["objective"]["short"] <= 1.15 * objective_s
    assert percentile_95([latency for at, latency, _ in run.answers if 6 <= at < 12]) <= 1.1 * objective_s


def test_outage() -> None:
    law = {**SLOTS, "events": [{"at_s": 10, "outage_s": 30}]}
    run, made = ours(law, 10_000)
    in_flight = made.limit_between(9, 10)
    probes = run.failed - in_flight
    assert 1 <= probes <= 30  # pauses double to five seconds, and are half of that on average
    assert best_seconds(law, 10_000, made.snapshot()["objective"]["short"]) / run.ended[-1][0] >= 0.9
    assert held(made) >= 0.95


def test_after_an_outage_requests_come_back_two_an_answer() -> None:
    law = {**SLOTS, "events": [{"at_s": 10, "outage_s": 30}]}
    run, _ = ours(law, 4000)
    back = min(at for at, _, _ in run.answers if at > 40)
    flight = [out for at, out in run.flight if back <= at < back + 0.31]  # the first answer, and two rounds of 0.15 s
    assert flight[:11] == [0, 1, 2, 1, 0, 1, 2, 3, 4, 3, 2]  # one comes back, two go; two come back, four go


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_slow_loris(share: float) -> None:
    """One in ten is beyond what a p95 can bear: the objective is learned anew, and is missed until it is."""
    law = {**SLOTS, "events": [{"at_s": 15, "slow_share": share, "slow_s": 2.0}]}
    run, made = ours(law, 10_000)
    assert run.ended[-1][0] < 1.2 * best_seconds(law, 10_000, float("inf"))
    assert held(made) >= 0.85
    assert made.limit_between(30, 45) >= 32  # it did not yield to what is not of its making
    assert (made.snapshot()["objective"]["short"] > 4) == (share > 0.05)


def test_latency_that_is_ten_times_longer_for_all_is_learned_anew() -> None:
    _, made = ours({"kind": "constant", "latency_s": 0.2, "events": [{"at_s": 2, "capacity": 0.1}]}, 6000)
    seen = made.snapshot()
    assert seen["objective"]["short"] == pytest.approx(10, rel=0.05)  # five times the 2 s that it takes now
    assert seen["limit"] > 100


def test_an_objective_that_is_given_is_held() -> None:
    run, made = ours(LINEAR, 6000, objective_s=0.3)
    assert made.snapshot()["objective"] == {"short": 0.3}
    assert held(made) >= 0.95
    assert 30 <= made.limit_between(20, 40) <= 40  # 0.1 + 0.005 n is 0.3 s at 40
    assert percentile_95([latency for _, latency, _ in run.answers]) <= 0.3


def test_an_objective_below_what_an_idle_endpoint_takes_is_not_crawled_for() -> None:
    _, made = ours(SLOTS, 4000, objective_s=0.05)
    assert made.snapshot()["objective"]["short"] > 0.5
    assert made.limit_between(10, 15) >= 30


def test_more_than_the_endpoint_takes_is_refused_and_nothing_is_lost() -> None:
    run, made = ours({"kind": "constant", "latency_s": 0.2, "refuse_above": 24}, 4000)
    assert made.limit_between(10, 30) <= 26
    assert run.ended[-1][0] < 1.35 * 4000 * 0.2 / 24
    assert run.failed < 400


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_share_that_fails_whatever_is_in_flight_starves_nothing(share: float) -> None:
    """Pauses as of the client, sixty latencies and more, so that most rows that have begun only wait."""
    law: dict[str, Any] = {"kind": "saturating", "latency_s": 0.004, "slots": 4}
    sick = {**law, "events": [{"at_s": 0, "fail_share": share}]}
    rows = [["short"] * 3] * 1000
    well = simulate(Law(**law), lambda clock: Watched(clock), rows, pause_s=0.25)[0].ended[-1][0]
    run, made = simulate(Law(**sick), lambda clock: Watched(clock), rows, pause_s=0.25)
    assert isinstance(made, Watched)
    assert len(run.ended) == 1000
    assert run.ended[949][0] < (1.5 if share == 0.1 else 2) * well  # all but those that pause again and again
    assert "down" not in {mode for _, _, mode in made.limits}
    assert abs(made.snapshot()["failing"] - share) < 0.1


def test_an_endpoint_that_falls_sick_gets_no_less_and_no_storm() -> None:
    law = {**SLOTS, "events": [{"at_s": 8, "fail_share": 0.3}, {"at_s": 25, "fail_share": 0.0}]}
    run, made = simulate(Law(**law), lambda clock: Watched(clock), [["short"]] * 6000, pause_s=0.25)
    assert isinstance(made, Watched)
    assert run.rate(12, 25) > 0.9 * 32 / 0.15
    assert run.rate(27, 29) > 0.9 * 32 / 0.15
    assert max(out for at, out in run.flight if 8 <= at < 25) <= max(limit for at, limit, _ in made.limits if at < 25)
    sick = [at for at, _, _ in run.answers if 8 <= at < 25]
    assert run.failed <= 1.1 * 0.3 / 0.7 * len(sick)  # of ten requests three fail: each answer costs so many failures
    assert held(made) >= 0.95


def test_a_share_that_fails_more_the_more_is_in_flight_is_yielded_to() -> None:
    """One that has failed of itself from the start on, and then refuses what is above 24."""
    sick = {"events": [{"at_s": 0, "fail_share": 0.1}]}
    law: dict[str, Any] = {"kind": "constant", "latency_s": 0.2, "refuse_above": 24, **sick}
    run, made = simulate(Law(**law), lambda clock: Watched(clock), [["short"]] * 3000, pause_s=0.25)
    assert isinstance(made, Watched)
    assert len(run.ended) == 3000
    assert 12 <= made.limit_between(5, 25) <= 30  # 24 / 0.9, and where it looks for more
    assert run.ended[-1][0] < 1.5 * 3000 * 0.2 / 24


def test_a_row_that_pauses_makes_room_after_a_latency_until_it_asks_again_or_is_gone() -> None:
    async def main(loop: VirtualLoop) -> None:
        admission = Admission(clock=loop.time)

        async def fails() -> None:
            await admission.begin()
            admission.failed(admission.sent("short"))
            await asyncio.sleep(10)
            ticket = admission.sent("short")
            await asyncio.sleep(1)
            admission.answered(ticket)
            admission.end()

        first = [asyncio.ensure_future(fails()) for _ in range(4)]
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(admission.begin()) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert sum(one.done() for one in waiting) == 0  # a latency is taken for 0.1 s as long as none is known
        await asyncio.sleep(0.1)
        assert sum(one.done() for one in waiting) == 4
        assert (admission.snapshot()["rows"], admission.snapshot()["pausing"]) == (8, 4)
        first.pop().cancel()
        await asyncio.sleep(0.1)
        assert admission.snapshot()["pausing"] == 3  # who is gone is not waited for
        await asyncio.sleep(10)
        assert admission.snapshot()["pausing"] == 0
        await asyncio.gather(*first)
        for one in waiting:
            one.cancel()

    in_virtual_time(main)


@pytest.mark.parametrize("slots", [32, 8])
def test_rows_of_several_requests_of_two_kinds(slots: int) -> None:
    law = Law(**{**SLOTS, "latency_s": 0.05, "token_s": 0.002, "slots": slots})
    rows = [["long", "short", "short", "short"]] * 1500
    run, made = simulate(law, lambda clock: Watched(clock), rows)
    assert isinstance(made, Watched)
    best = min(simulate(law, fixed(limit), rows)[0].ended[-1][0] for limit in (slots, slots * 5 // 4))
    assert len(run.ended) == 1500
    assert best / run.ended[-1][0] >= 0.85
    objective = made.snapshot()["objective"]
    assert objective["long"] > 4 * objective["short"]
    assert held(made) >= 0.95


def test_the_same_each_time() -> None:
    law = {**SLOTS, "tail": "lognormal", "shape": 1.0, "events": [{"at_s": 3, "outage_s": 5}]}
    assert ours(law, 1500)[0] == ours(law, 1500)[0]


def test_rows_that_began_are_never_held_back() -> None:
    """`ready` returns without giving way to any other task, however far in flight is above the limit."""

    async def main(loop: VirtualLoop) -> None:
        admission = Admission(clock=loop.time)
        for _ in range(4):
            await admission.begin()
        waiting = asyncio.ensure_future(admission.begin())
        tickets = []
        for _ in range(100):
            with pytest.raises(StopIteration):
                admission.ready().send(None)
            tickets.append(admission.sent("short"))
        assert not waiting.done()
        for ticket in tickets:
            admission.answered(ticket)
        waiting.cancel()

    in_virtual_time(main)


def test_a_row_that_is_cancelled_gives_its_place_back() -> None:
    async def main(loop: VirtualLoop) -> None:
        admission = Admission(clock=loop.time)
        for _ in range(4):
            await admission.begin()
        first, second = (asyncio.ensure_future(admission.begin()) for _ in range(2))
        await asyncio.sleep(0)
        admission.end()  # the first's turn has come, though it does not know yet
        first.cancel()
        await asyncio.wait_for(second, 1)
        assert admission.snapshot()["rows"] == 4

    in_virtual_time(main)


def test_one_probe_at_a_time_passes_while_it_is_down() -> None:
    async def main(loop: VirtualLoop) -> None:
        admission = Admission(clock=loop.time, jitter=random.Random(1))  # noqa: S311
        for _ in range(4):
            await admission.begin()
        for _ in range(5):
            admission.failed(admission.sent("short"))
        assert admission.snapshot()["mode"] == "down"
        held = [asyncio.ensure_future(admission.ready()) for _ in range(4)]
        await asyncio.sleep(1)  # the first pause is a quarter of that at most
        assert sum(one.done() for one in held) == 1
        ticket = admission.sent("short")
        await asyncio.sleep(1)
        admission.answered(ticket)
        await asyncio.sleep(0)
        assert sum(one.done() for one in held) == 3  # two an answer
        assert admission.snapshot()["mode"] == "down"
        admission.answered(admission.sent("short"))
        await asyncio.sleep(0)
        assert all(one.done() for one in held)
        assert admission.snapshot()["mode"] == "crowd"

    in_virtual_time(main)


def test_retries_are_a_share_of_requests_and_one_a_latency() -> None:
    async def main(loop: VirtualLoop) -> None:
        admission = Admission(clock=loop.time)
        for _ in range(4):
            await admission.begin()  # as many as may: a retry would not take a new row's place
        assert [admission.may_retry() for _ in range(12)] == [True] * 10 + [False] * 2
        for _ in range(11):
            ticket = admission.sent("short")
            await asyncio.sleep(0)
            admission.answered(ticket)
        assert [admission.may_retry() for _ in range(3)] == [True, True, False]  # a fifth of eleven
        await asyncio.wait_for(admission.retry(), 10)

    in_virtual_time(main)
