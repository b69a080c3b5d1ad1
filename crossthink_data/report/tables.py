"""The report as tables, for the terminal, Markdown and the page: accuracy in percent, tokens in whole numbers."""

from __future__ import annotations

from collections.abc import Iterable

from crossthink_data.report.figures import Figures, Share
from crossthink_data.report.paper import ORDER, UNSURE, PaperRow
from crossthink_data.report.report import Report
from crossthink_data.report.results import PREFIX
from crossthink_data.show import Table

NAMES = {
    "mmlu": "MMLU",
    "mmlu_pro": "MMLU-Pro",
    "gpqa_diamond": "GPQA-D",
    "agieval": "AGIEval",
    "supergpqa": "SuperGPQA",
    "math500": "MATH-500",
    "amc23": "AMC23",
}
ENDS = {"_avg8": "avg@8", "_2k": "2k"}  # of the names of tasks that stand in for a benchmark
OTHER_TASK = "*"  # behind a mean of which one is part
MAX_VALUES = 80  # of a breakdown, that are listed one by one


def main_table(report: Report) -> Table:
    """The seven benchmarks and their mean, models over the paper's rows; none where no model ran any of the seven."""
    ran = [label for label in report.models if report.seven(label)]
    rows = [[label, *_seven(report, label), _mean(report, label)] for label in ran]
    rows += [_paper(row) for row in report.paper] if ran else []
    return Table("accuracy, %", ["model", *NAMES.values(), "mean"], rows)


def _seven(report: Report, label: str) -> list[str]:
    found, others = report.seven(label), report.stand_ins(label)
    cells = {
        name: f"{_percent(one.accuracy.value)} {ENDS.get(others.get(name, ''), '')}" for name, one in found.items()
    }
    return [cells.get(name, "").rstrip() for name in ORDER]


def _mean(report: Report, label: str) -> str:
    mean = _percent(report.mean(label))
    return f"{mean}{OTHER_TASK}" if mean and report.stand_ins(label) else mean


def _paper(row: PaperRow) -> list[str]:
    cells = [f"{value:.2f}{'' if row.cells_sure else UNSURE}" for value in row.cells]
    return [f"paper: {row.name}", *cells, f"{row.mean:.2f}{'' if row.mean_sure else UNSURE}"]


def task_table(report: Report) -> Table:
    """Every task of every model, with its interval and what goes beside accuracy."""
    columns = ["model", "task", "n", "k", "acc", "95 %", "flex", "no answer", "format", "pass@k", "maj@k"]
    columns += ["tokens, right", "tokens, all", "cut off"]
    rows = [_task(label, one) for label, known in report.models.items() for one in known.values()]
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    return Table("tasks, %", [columns[i] for i in used], [[row[i] for i in used] for row in rows], left=2)


def _task(label: str, one: Figures) -> list[str]:
    share = one.accuracy
    tried = " ".join(f"@{size} {100 * value:.1f}" for size, value in one.pass_at.items())
    shares = [one.flexible, one.no_answer, one.format]
    head = [label, task_name(one), str(share.questions), str(one.k), _percent(share.value)]
    rest = [tried, _percent(one.majority), _whole(one.tokens_right), _whole(one.tokens), _percent(one.cap_hit)]
    return [*head, _interval(share), *map(_percent, shares), *rest]


def task_name(one: Figures) -> str:
    """A task as tables name it; of crossthink_corpus, with the rows that were asked."""
    return " ".join(part for part in (one.task.removeprefix(PREFIX), one.rows_of) if part)


def task_names(report: Report) -> dict[str, str]:
    """Every task as titles name it, where models may have been asked other rows."""
    found: dict[str, dict[str, None]] = {}
    for task, one in (pair for known in report.models.values() for pair in known.items()):
        found.setdefault(task, {})[one.rows_of] = None
    return {
        task: f"{task.removeprefix(PREFIX)} {' and '.join(filter(None, of))}".rstrip() for task, of in found.items()
    }


def difference_table(report: Report) -> Table:
    """Each further model less the first, on the questions that both were asked."""
    rows = [
        [
            label,
            task_name(report.models[label][one.task]),
            str(one.questions),
            f"{100 * one.difference:+.2f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            f"{one.only_second} / {one.only_first}",
            f"{one.p:.3g}",
        ]
        for label, some in report.differences.items()
        for one in some
    ]
    first = next(iter(report.models))
    return Table(f"less {first}, points", ["model", "task", "n", "difference", "95 %", "won / lost", "p"], rows, left=2)


def breakdown_tables(report: Report) -> list[Table]:
    """One table a task and breakdown: values by models, the micro and macro means last."""
    tasks = dict.fromkeys(name for known in report.models.values() for name in known)
    return [
        _breakdown(report, task, by)
        for task in tasks
        for by in dict.fromkeys(
            by for known in report.models.values() if task in known for by in known[task].breakdowns
        )
    ]


def _breakdown(report: Report, task: str, by: str) -> Table:
    known = {label: some[task] for label, some in report.models.items() if task in some and by in some[task].breakdowns}
    values = sorted({value for one in known.values() for value in one.breakdowns[by]})
    shown = values if len(values) <= MAX_VALUES else []
    rows = [
        [
            value,
            _questions(one.breakdowns[by].get(value) for one in known.values()),
            *(_of(one, by, value) for one in known.values()),
        ]
        for value in shown
    ]
    count = str(len(values))
    rows.append([f"macro mean of {count}", "", *(_percent(one.macro(by)) for one in known.values())])
    rows.append(["micro mean", "", *(_percent(one.accuracy.value) for one in known.values())])
    return Table(f"{task_names(report)[task]} by {by}, %", [by, "n", *known], rows)


def _questions(shares: Iterable[Share | None]) -> str:
    return str(max(share.questions for share in shares if share))


def _of(one: Figures, by: str, value: str) -> str:
    share = one.breakdowns[by].get(value)
    return f"{_percent(share.value)} ({_interval(share)})" if share else ""


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    tables = [main_table(report), task_table(report), difference_table(report), *breakdown_tables(report)]
    parts = ["# Evaluation", *(markdown_table(table) for table in tables if table.rows)]
    said = legend(report)
    parts[2:2] = [said] if said and main_table(report).rows else []
    warnings = "\n".join(f"- {warning}" for warning in report.warnings) or "None was found."
    return "\n\n".join([*parts, f"## What should not be believed\n\n{warnings}"]) + "\n"


def legend(report: Report) -> str:
    """What the marks of the main table mean; nothing where it has none."""
    marked = any(map(report.stand_ins, report.models))
    return " ".join([PAPERS] * bool(report.paper) + [STOOD_IN] * marked)


PAPERS = (
    f"The paper's figures are greedy, the mean of three runs; {UNSURE} marks one that no source confirms. Its prompts "
    "and its subset of AGIEval are not known, so compare with care."
)
STOOD_IN = (
    "avg@8 marks the mean of eight sampled completions a question and 2k a part of 2,000 questions, where the whole "
    f"benchmark was not run greedily; {OTHER_TASK} a mean of which such a figure is part."
)


def markdown_table(table: Table) -> str:
    """One table under its title."""
    marks = ["---" if i < table.left else "---:" for i in range(len(table.columns))]
    lines = [table.columns, marks, *table.rows]
    body = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
    return f"## {table.title}\n\n{body}"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _interval(share: Share) -> str:
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
