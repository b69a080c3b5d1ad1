"""What `crossthink grade` does: a file's rows are graded in batches, written with their verdicts, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from time import perf_counter
from typing import Any

from crossthink_data import __version__
from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.rewards import GOLD_COLUMNS, completion_text
from crossthink_data.row_files import Batch, Row, check_suffix, read_batches, row_writer
from crossthink_data.show import Table
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.grade import Item
from crossthink_data.verify.grader import Grader
from crossthink_data.verify.verdict import POLICIES, Grade, Policy

NEEDED = ("completion", "answer")
OPTIONAL = GOLD_COLUMNS[1:]  # all but the answer
ADDED = ("verdict", "reason", "decided_by", "extracted")
CUT = 40  # characters of a text in the table of rows
NORMAL_95 = 1.959964  # the standard normal's 97.5 % point


@dataclass(frozen=True, slots=True)
class Settings:
    """How to grade; `deadline_s`: seconds an item. The rest is as in `Item` and `Grader`."""

    policy: Policy = "equivalent"
    flexible: bool = False
    think_open: bool = False
    workers: int = 1
    deadline_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over a file, and shares of them; a share of nothing is None.

    `accuracy` is correct / (correct + wrong), with the ends of its 95 % Wilson interval; the rates are of all rows.
    """

    rows: int
    correct: int
    wrong: int
    ungradable: int
    no_answer: int
    format_ok: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    ungradable_rate: float
    no_answer_rate: float
    format_rate: float
    seconds: float
    items_per_second: float


def known_policy(name: str) -> Policy:
    """The policy of this name. Raises CrossthinkError for another one."""
    found = next((policy for policy in POLICIES if policy == name), None)
    if found is None:
        raise unknown("policy", name, POLICIES)
    return found


def grade_file(
    path: Path,
    settings: Settings,
    out: Path | None = None,
    each: Callable[[Batch, list[Grade]], None] = lambda batch, grades: None,
) -> Summary:
    """Grades every row of a file, and writes it to `out` with `verdict`, `reason`, `decided_by` and `extracted`.

    `each` is called after every batch. Raises CrossthinkError for what the user can mend; `out` is then as it was.
    """
    _check(path, out)
    started = perf_counter()
    counts: Counter[str] = Counter()
    grader = Grader(workers=settings.workers, deadline_s=settings.deadline_s)
    with row_writer(path, out, ADDED) as write, grader:
        for batch in read_batches(path, NEEDED, OPTIONAL):
            grades = grader.grade(
                [_item(path, number, row, settings) for number, row in zip(batch.numbers, batch.rows, strict=True)]
            )
            write(batch, list(map(_added, grades)))
            counts.update(_counts(grades))
            each(batch, grades)
        if not counts:
            raise CrossthinkError(f"{path} has no rows: give a file with a completion and its gold in each row")
    return summarise(counts, perf_counter() - started)


def _check(path: Path, out: Path | None) -> None:
    if not path.is_file():
        raise CrossthinkError(f"no file {path}: check the path")
    check_suffix(path)
    if out is None:
        return
    check_suffix(out)
    if out.resolve() == path.resolve():
        raise CrossthinkError(f"--out {out} is the file that is read: name another one")


def _item(path: Path, number: int, row: Row, settings: Settings) -> Item:
    try:
        completion, gold = completion_text(row["completion"]), Gold.from_row(row)
    except CrossthinkError as error:
        raise CrossthinkError(f"{path}, row {number}: {error}") from error
    return Item(completion, gold, settings.policy, settings.flexible, settings.think_open)


def _added(grade: Grade) -> dict[str, str | None]:
    verdict = grade.verdict
    values = (verdict.outcome, verdict.reason, verdict.decided_by, grade.extraction.answer)
    return dict(zip(ADDED, values, strict=True))


# ---- the summary


def _counts(grades: list[Grade]) -> dict[str, int]:
    return {
        "rows": len(grades),
        **Counter(grade.verdict.outcome for grade in grades),
        "no_answer": sum(grade.extraction.answer is None for grade in grades),
        "format_ok": sum(grade.extraction.format_ok for grade in grades),
    }


def summarise(counts: Counter[str], seconds: float) -> Summary:
    """The figures of these counts, of at least one row."""
    rows, correct = counts["rows"], counts["correct"]
    gradable = correct + counts["wrong"]
    low, high = wilson(correct, gradable) if gradable else (None, None)
    return Summary(
        rows=rows,
        correct=correct,
        wrong=counts["wrong"],
        ungradable=counts["ungradable"],
        no_answer=counts["no_answer"],
        format_ok=counts["format_ok"],
        accuracy=correct / gradable if gradable else None,
        accuracy_low=low,
        accuracy_high=high,
        ungradable_rate=counts["ungradable"] / rows,
        no_answer_rate=counts["no_answer"] / rows,
        format_rate=counts["format_ok"] / rows,
        seconds=seconds,
        items_per_second=rows / seconds,
    )


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share, of at least one trial.

    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    share, z2 = successes / trials, NORMAL_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = NORMAL_95 / (1 + z2 / trials) * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


# ---- what the command shows


def summary_json(summary: Summary, settings: Settings) -> dict[str, Any]:
    """What `--json` prints: the figures, and how they came about."""
    return {**asdict(summary), **asdict(settings), "version": __version__}


def summary_table(path: Path, summary: Summary) -> Table:
    """The summary as a table: shares, and the rows that they are of."""
    low, high = _percent(summary.accuracy_low), _percent(summary.accuracy_high)
    rows = [
        ["accuracy", _percent(summary.accuracy), f"{summary.correct} of {summary.correct + summary.wrong}"],
        ["95 % interval", f"{low} to {high}", ""],
        ["no answer", _percent(summary.no_answer_rate), f"{summary.no_answer} of {summary.rows}"],
        ["ungradable", _percent(summary.ungradable_rate), f"{summary.ungradable} of {summary.rows}"],
        ["format held", _percent(summary.format_rate), f"{summary.format_ok} of {summary.rows}"],
        ["items/s", f"{summary.items_per_second:,.0f}", f"{summary.rows} in {summary.seconds:.1f} s"],
    ]
    return Table(path.name, ["figure", "value", "rows"], rows)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def explain_table(batch: Batch, grades: list[Grade]) -> Table:
    """One line a row: its verdict and what that rests on, long texts cut."""
    rows = [
        [number, *map(_cut, _added(grade).values()), _cut(row["answer"])]
        for number, row, grade in zip(batch.numbers, batch.rows, grades, strict=True)
    ]
    title = f"rows {batch.numbers[0]} to {batch.numbers[-1]}"
    return Table(title, ["row", *ADDED, "gold"], rows, left=2 + len(ADDED))


def _cut(text: object) -> str:
    """A text on one short line, without what would move a terminal's cursor."""
    start = "" if text is None else str(text)[: CUT + 1]
    line = "".join(letter if letter.isprintable() else " " for letter in start)
    return line if len(line) <= CUT else f"{line[: CUT - 1]}…"
