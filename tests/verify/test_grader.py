"""What trainers and evals do to a grader: hangs, kills, forks, threads, daemons and bare scripts."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.verify import worker
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item, Pending, decide
from crossthink_data.verify.grader import Grader, shared_grader
from crossthink_data.verify.verdict import Grade

ROOT = Path(__file__).parents[2]
SEVEN = Gold("7", "number")
INTEGRAL = Gold(r"\int_0^1 x dx", "math")
HANGS = r"\boxed{\int_0^1 9^{9^{9^9}} dx}"  # for ever in one power of integers
GIANT = 200_000_000  # characters: a worker of 256 MiB has no room for them


@pytest.fixture(autouse=True)
def no_other_workers() -> None:
    """Tests here count this process's workers; what other tests left to the shared grader would be among them."""
    shared_grader().close()


@pytest.fixture
def grader() -> Iterator[Grader]:
    with Grader(workers=2, deadline_s=1.0) as grader:
        yield grader


def digits(count: int) -> list[Item]:
    return [Item(rf"\boxed{{{i % 10}}}", SEVEN) for i in range(count)]


def with_poison(count: int, *places: int) -> list[Item]:
    items = digits(count)
    for place in places:
        items[place] = Item(HANGS, INTEGRAL)
    return items


def check_digits(grades: Sequence[Grade], *but: int) -> None:
    """Every grade is that of `digits`, but those of the places named."""
    outcomes = [grade.verdict.outcome for i, grade in enumerate(grades) if i not in but]
    assert outcomes == ["correct" if i % 10 == 7 else "wrong" for i in range(len(grades)) if i not in but]


def workers_of(pid: int) -> list[int]:
    """The worker processes whose parent is `pid`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and worker.__name__.encode() in command:
            found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def run_script(folder: Path, text: str) -> subprocess.Popen[str]:
    """A script of a user's: no main guard, started from elsewhere."""
    script = folder / "script.py"
    script.write_text(f"from tests.verify.test_grader import *\n{text}")
    return subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_order_is_kept_over_many_chunks(grader: Grader) -> None:
    check_digits(grader.grade(digits(1003)))


def test_nothing_to_grade_starts_nothing(grader: Grader) -> None:
    assert grader.grade([]) == []
    assert workers_of(os.getpid()) == []


def test_one_bare_answer(grader: Grader) -> None:
    assert grader.compare(SEVEN, "7").correct
    assert grader.compare(SEVEN, "8").wrong
    assert len(workers_of(os.getpid())) == 1


def test_the_last_tier_is_reached(grader: Grader) -> None:
    right, wrong = grader.grade([Item(r"\boxed{\int_0^2 x/4 dx}", INTEGRAL), Item(r"\boxed{\int_0^2 x dx}", INTEGRAL)])
    assert (right.verdict.outcome, right.verdict.decided_by) == ("correct", "symbolic")
    assert (wrong.verdict.outcome, wrong.verdict.decided_by) == ("wrong", "symbolic")


def test_a_hang_costs_itself_and_no_other(grader: Grader) -> None:
    places = 20, 21
    grades = grader.grade(with_poison(300, *places))
    check_digits(grades, *places)
    for place in places:
        assert (grades[place].verdict.outcome, grades[place].verdict.reason) == ("ungradable", "deadline")
        assert grades[place].extraction.answer == HANGS[7:-1]  # known before the last tier was begun


def test_items_after_a_hang_get_time_of_their_own() -> None:
    slow = Item(r"\boxed{\int_0^2 x/4 dx}", INTEGRAL)
    with Grader(workers=1, deadline_s=2.5) as grader:
        grades = grader.grade([slow, Item(HANGS, INTEGRAL), *[slow] * 5])
    assert [grade.verdict.outcome for grade in grades] == ["correct", "ungradable", *["correct"] * 5]


def test_a_worker_killed_from_outside_is_replaced() -> None:
    with Grader(workers=1, deadline_s=60) as grader:
        grader.start()
        (victim,) = workers_of(os.getpid())
        timer = Timer(1.5, os.kill, (victim, signal.SIGKILL))
        timer.start()
        grades = grader.grade(with_poison(100, 50))
        timer.join()
        check_digits(grades, 50)
        assert (grades[50].verdict.outcome, grades[50].verdict.reason) == ("ungradable", "worker_died")
        assert workers_of(os.getpid()) != [victim]


def test_idle_workers_killed_from_outside_are_replaced(grader: Grader) -> None:
    check_digits(grader.grade(digits(100)))
    for victim in workers_of(os.getpid()):
        os.kill(victim, signal.SIGKILL)
    assert grader.grade([Item(r"\boxed{7}", SEVEN)])[0].verdict.correct
    check_digits(grader.grade(digits(100)))


def test_a_memory_bomb_is_ungradable() -> None:
    with Grader(workers=1, deadline_s=20, memory_mb=512) as grader:
        items = digits(20)
        items[5] = Item(r"\boxed{\int_0^1 2^{2^{40}} dx}", INTEGRAL)
        grades = grader.grade(items)
    check_digits(grades, 5)
    assert grades[5].verdict.ungradable
    assert grades[5].verdict.reason in ("memory", "worker_died", "deadline")


def test_a_completion_that_no_worker_can_hold_is_lost_alone() -> None:
    with Grader(workers=1, memory_mb=256) as grader:
        items = digits(20)
        items[5] = Item("x" * GIANT, SEVEN)
        grades = grader.grade(items)
    check_digits(grades, 5)
    assert (grades[5].verdict.outcome, grades[5].verdict.reason) == ("ungradable", "worker_died")


@pytest.mark.parametrize(
    "completion",
    [
        pytest.param(None, id="none"),
        pytest.param(7, id="a number"),
        pytest.param(b"\\boxed{7}", id="bytes"),
        pytest.param([{"role": "assistant", "content": "\\boxed{7}"}], id="messages"),
        pytest.param(lambda: 7, id="cannot be pickled"),
        pytest.param("", id="empty"),
        pytest.param("\ud800\x00\\boxed{7}", id="surrogate and nul"),
        pytest.param(type("Text", (str,), {})("\\boxed{7}"), id="a class of its own, as numpy's strings are"),
        pytest.param("{" * 10_000 + "\\boxed{7}", id="braces"),
        pytest.param("x" * 1_000_000 + "\\boxed{7}", id="a megabyte"),
    ],
)
def test_a_worker_says_what_decide_says(completion: object, grader: Grader) -> None:
    item = Item(completion, SEVEN)
    assert grader.grade([item, item, item]) == [decide(item)] * 3


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "memory"),
        (RecursionError(), "recursion"),
        (ZeroDivisionError(), "error"),
        (OverflowError(), "error"),
        (ValueError(), "error"),
    ],
)
def test_a_failure_is_never_a_zero(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Grade | Pending:
        raise error

    monkeypatch.setattr(worker, "decide", fail)
    grade = worker.begin_item(Item("x", SEVEN))
    assert isinstance(grade, Grade)
    assert (grade.verdict.outcome, grade.verdict.reason, grade.extraction.answer) == ("ungradable", reason, None)


def test_off_the_main_thread_and_from_several(grader: Grader) -> None:
    with ThreadPoolExecutor(4) as pool:
        for grades in pool.map(grader.grade, [digits(50)] * 8):
            check_digits(grades)


def grade_and_tell(pipe: Connection, count: int) -> None:
    with Grader(workers=2, deadline_s=1.0) as grader:
        pipe.send([grade.verdict.outcome for grade in grader.grade(with_poison(count, 3))])


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_inside_a_daemonic_process(method: str) -> None:
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=grade_and_tell, args=(theirs, 20), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    assert ours.poll(30)
    outcomes = ours.recv()
    process.join(10)
    assert (outcomes.count("correct"), outcomes[3], process.exitcode) == (2, "ungradable", 0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_workers_of_its_own(grader: Grader) -> None:
    check_digits(grader.grade(digits(30)))
    before = workers_of(os.getpid())
    child = os.fork()
    if not child:
        try:
            check_digits(grader.grade(digits(40)))
            os._exit(0 if len(workers_of(os.getpid())) == 2 else 3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    check_digits(grader.grade(digits(30)))
    assert workers_of(os.getpid()) == before


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_holds_no_worker_of_a_dead_parent(tmp_path: Path) -> None:
    script = """
shared_grader().grade(digits(100))
workers = workers_of(os.getpid())
child = os.fork() or time.sleep(60)
print(child, *workers, flush=True)
time.sleep(60)
"""
    process = run_script(tmp_path, script)
    assert process.stdout
    child, *workers = map(int, process.stdout.readline().split())
    process.kill()
    try:
        wait_until(lambda: not any(map(alive, workers)))
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()


def test_a_script_without_a_main_guard_leaves_no_worker(tmp_path: Path) -> None:
    script = "check_digits(shared_grader().grade(digits(100)))\nprint(*workers_of(os.getpid()))"
    process = run_script(tmp_path, script)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.split()
    wait_until(lambda: not any(alive(int(pid)) for pid in out.split()), 5)


@pytest.mark.parametrize("answer", ["1", r"\int_0^1 2x dx"])
def test_a_daemon_thread_that_grades_is_no_trouble_at_exit(tmp_path: Path, answer: str) -> None:
    """Neither a traceback nor a hang nor a worker that stays."""
    script = f"""
import threading
items = [Item(r"\\boxed{{{{{answer}}}}}", Gold("1", "math"))] * 40
def go_on():
    while True:
        shared_grader().grade(items)
threading.Thread(target=go_on, daemon=True).start()
time.sleep(1.5)
print(*workers_of(os.getpid()))
"""
    process = run_script(tmp_path, script)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    wait_until(lambda: not any(alive(int(pid)) for pid in out.split()), 5)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """The busy one ends by its bound on processor time: it looks at no socket."""
    script = """
grader = Grader(workers=2, deadline_s=0.5)
grader.start()
print(*workers_of(os.getpid()), flush=True)
grader.grade([Item(HANGS, INTEGRAL)])
"""
    process = run_script(tmp_path, script)
    assert process.stdout
    workers = [int(pid) for pid in process.stdout.readline().split()]
    time.sleep(0.3)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(alive, workers)))


def test_ctrl_c_ends_the_batch_and_the_next_one_is_right(tmp_path: Path) -> None:
    script = """
grader = Grader(workers=2, deadline_s=60)
grader.start()
print("ready", flush=True)
try:
    grader.grade(with_poison(300, 0, 100))
except KeyboardInterrupt:
    check_digits(grader.grade(digits(90)))
    print("right")
"""
    process = run_script(tmp_path, script)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("right\n", "")


def test_ctrl_c_in_a_terminal_leaves_idle_workers_alone(tmp_path: Path) -> None:
    """A terminal sends it to the whole group of processes."""
    script = """
os.setpgid(0, 0)
grader = Grader(workers=2)
grader.start()
before = workers_of(os.getpid())
try:
    os.killpg(0, signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    time.sleep(0.5)
    print(len(before), all(map(alive, before)))
"""
    out, err = run_script(tmp_path, script).communicate(timeout=30)
    assert (out, err) == ("2 True\n", "")


def test_close_leaves_no_child_and_may_be_repeated() -> None:
    grader = Grader(workers=2)
    grader.start()
    assert len(workers_of(os.getpid())) == 2
    grader.close()
    grader.close()
    assert workers_of(os.getpid()) == []
    check_digits(grader.grade(digits(20)))  # it starts again
    grader.close()
    assert workers_of(os.getpid()) == []


def test_the_shared_grader_is_one() -> None:
    assert shared_grader() is shared_grader()


def test_memory_is_flat(grader: Grader) -> None:
    def resident() -> int:
        gc.collect()  # other tests of this process leave things behind
        pids = [os.getpid(), *workers_of(os.getpid())]
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * 4096

    items = digits(5000)
    grader.start()
    for _ in range(3):
        grader.grade(items)
    before = resident()
    for _ in range(20):
        grader.grade(items)
    assert resident() - before < 20_000_000  # a grade kept for each of 100,000 items would be 30


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"workers": 0}, "workers=0"),
        ({"deadline_s": 0.0}, "deadline_s=0.0"),
        ({"deadline_s": float("nan")}, "deadline_s=nan"),
        ({"deadline_s": float("inf")}, "deadline_s=inf"),
        ({"memory_mb": 1}, "memory_mb=1"),
    ],
)
def test_a_number_out_of_range_is_named(options: dict[str, float], named: str) -> None:
    with pytest.raises(CrossthinkError, match=named):
        Grader(**options)  # type: ignore[arg-type]


def test_workers_that_cannot_start_are_an_error_with_their_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crossthink_data").mkdir()
    (tmp_path / "crossthink_data" / "__init__.py").write_text("raise ImportError('a broken install')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with Grader() as grader, pytest.raises(CrossthinkError, match=r"(?s)in a row.*a broken install"):
        grader.grade(digits(3))
    assert workers_of(os.getpid()) == []


def test_a_missing_interpreter_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Grader() as grader, pytest.raises(CrossthinkError, match="/nowhere/python"):
        grader.grade(digits(3))
