"""The report as PNG charts, drawn with matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

from crossthink_data.report.paper import ORDER
from crossthink_data.report.report import Report
from crossthink_data.report.results import PREFIX
from crossthink_data.report.tables import NAMES

DOTS = 150  # an inch
MARKED = ("Qwen2.5-7B base", "Qwen2.5-32B base", "gpr_up")  # of the paper's models, for comparison


def accuracy_chart(report: Report) -> bytes:
    """Bars of accuracy by benchmark and model, with their 95 % intervals; the paper's models as marks."""
    tasks = _tasks(report)
    figure = Figure(figsize=(max(6.0, 1.3 * len(tasks) + 2), 4.2), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / max(len(report.models), 1)
    for place, (label, known) in enumerate(report.models.items()):
        there = [(x, known[task].accuracy) for x, task in enumerate(tasks) if task in known]
        at = [x + width * (place + 0.5) - 0.4 for x, _ in there]
        values = [100 * share.value for _, share in there]
        below = [100 * max(share.value - share.low, 0.0) for _, share in there]
        above = [100 * max(share.high - share.value, 0.0) for _, share in there]
        axes.bar(at, values, width, yerr=[below, above], label=_plain(label), capsize=2, error_kw={"linewidth": 0.8})
    for row in (row for row in report.paper if row.name in MARKED):
        cells = {PREFIX + name: cell for name, cell in zip(ORDER, row.cells, strict=True)}
        marks = [(x, cells[task]) for x, task in enumerate(tasks) if task in cells]
        xs, ys = [x for x, _ in marks], [cell for _, cell in marks]
        axes.plot(xs, ys, linestyle="none", marker="_", markersize=22, label=f"paper: {row.name}")
    axes.set_xticks(range(len(tasks)), [_name(task) for task in tasks], rotation=25, ha="right")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    axes.legend(fontsize="small")
    return _png(figure)


def token_chart(report: Report) -> bytes | None:
    """Mean tokens of right completions against accuracy, a mark a task and model; None where no tokens were counted."""
    points = [
        (label, one, one.tokens_right)
        for label, known in report.models.items()
        for one in known.values()
        if one.tokens_right is not None
    ]
    if not points:
        return None
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.subplots()
    for label in dict.fromkeys(label for label, _, _ in points):
        own = [(tokens, 100 * one.accuracy.value) for of, one, tokens in points if of == label]
        axes.scatter([x for x, _ in own], [y for _, y in own], label=_plain(label))
    for _, one, tokens in points:
        axes.annotate(_name(one.task), (tokens, 100 * one.accuracy.value), fontsize="x-small")
    axes.set_xlabel("mean tokens of right completions")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    axes.legend(fontsize="small")
    return _png(figure)


def charts(report: Report) -> dict[str, bytes]:
    """File name -> PNG, of every chart that there is something to draw for."""
    drawn = {"accuracy.png": accuracy_chart(report), "tokens.png": token_chart(report)}
    return {name: png for name, png in drawn.items() if png is not None}


def _tasks(report: Report) -> list[str]:
    """Every task, the seven first."""
    found = dict.fromkeys(task for known in report.models.values() for task in known)
    seven = [PREFIX + name for name in ORDER if PREFIX + name in found]
    return [*seven, *(task for task in found if task not in seven)]


def _name(task: str) -> str:
    short = task.removeprefix(PREFIX)
    return NAMES.get(short, short)


def _plain(text: str) -> str:
    """A name as it is: matplotlib would set what stands between dollar signs as a formula."""
    return text.replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS)
    return buffer.getvalue()
