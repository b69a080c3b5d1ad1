"""The report as PNG charts, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from crossthink_data.report.figures import Figures
from crossthink_data.report.paper import ORDER, UNSURE, PaperRow
from crossthink_data.report.report import Report
from crossthink_data.report.results import PREFIX
from crossthink_data.report.tables import ENDS, NAMES, task_names

DOTS = 150  # an inch
MARKED = {  # of the paper's models, for comparison: shape and grey, which no bar has
    "Qwen2.5-7B base": ("D", "0.55"),
    "Qwen2.5-32B base": ("D", "0.55"),
    "gpr_up": ("*", "0.0"),
}
SHAPES = "osD^vPX<>phd8H*"  # of tasks in the token chart, in turn


def accuracy_chart(report: Report) -> bytes:
    """Bars of accuracy by benchmark and model, with their 95 % intervals; the paper's models as marks beside them."""
    tasks = _tasks(report)
    figure = Figure(figsize=(max(6.0, 1.3 * len(tasks) + 2), 4.8), layout="constrained")
    axes = figure.subplots()
    marked = [row for row in report.paper if row.name in MARKED]
    width = 0.8 / max(len(report.models) + bool(marked), 1)  # the last place is the marks'
    for place, (label, known) in enumerate(report.models.items()):
        there = [(x, known[task].accuracy) for x, task in enumerate(tasks) if task in known]
        at = [x + width * (place + 0.5) - 0.4 for x, _ in there]
        values = [100 * share.value for _, share in there]
        below = [100 * max(share.value - share.low, 0.0) for _, share in there]
        above = [100 * max(share.high - share.value, 0.0) for _, share in there]
        axes.bar(at, values, width, yerr=[below, above], label=_plain(label), capsize=2, error_kw={"linewidth": 0.8})
    columns = {task: name for label in report.models for name, task in report.tasks_of_seven(label).items()}
    for place, row in enumerate(marked):
        right = 0.4 - width + width * (place + 1) / (len(marked) + 1)
        _mark(axes, row, [(x + right, columns[task]) for x, task in enumerate(tasks) if task in columns])
    names = task_names(report)
    axes.set_xticks(range(len(tasks)), [_name(task, names) for task in tasks], rotation=25, ha="right")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
    return _png(figure)


def _mark(axes: Axes, row: PaperRow, columns: Sequence[tuple[float, str]]) -> None:
    """A model of the paper, at each place its figure for the benchmark; white around it, as it may touch a bar."""
    shape, grey = MARKED[row.name]
    cells = dict(zip(ORDER, row.cells, strict=True))
    axes.plot(
        [x for x, _ in columns],
        [cells[name] for _, name in columns],
        linestyle="none",
        marker=shape,
        markersize=12 if shape == "*" else 8,
        color=grey,
        markeredgecolor="white",
        zorder=5,  # bars and their intervals have 1 to 2
        label=f"paper: {row.name}{'' if row.cells_sure else UNSURE}",
    )


def token_chart(report: Report) -> bytes | None:
    """Mean tokens of right completions against accuracy, a mark a task and model; None where no tokens were counted.

    A colour is a model, a shape a task: names beside the marks would lie on each other.
    """
    points = [
        (label, one, one.tokens_right)
        for label, known in report.models.items()
        for one in known.values()
        if one.tokens_right is not None
    ]
    if not points:
        return None
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    colours = {label: f"C{place % 10}" for place, label in enumerate(report.models)}
    shapes = {task: SHAPES[place % len(SHAPES)] for place, task in enumerate(_of(points))}
    for label, one, tokens in points:
        at = [tokens], [100 * one.accuracy.value]
        axes.scatter(
            *at, color=colours[label], marker=shapes[one.task], s=70, edgecolors="white", linewidths=0.5, clip_on=False
        )
    axes.set_xlabel("mean tokens of right completions")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    models = [_key("o", colours[label], label) for label in dict.fromkeys(label for label, _, _ in points)]
    names = task_names(report)
    tasks = [_key(shape, "0.4", _name(task, names)) for task, shape in shapes.items()]
    figure.legend(handles=[*models, *tasks], loc="outside right upper", fontsize="small")
    return _png(figure)


def _of(points: Sequence[tuple[str, Figures, float]]) -> dict[str, None]:
    return dict.fromkeys(one.task for _, one, _ in points)


def _key(shape: str, colour: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=shape, color=colour, label=_plain(label))


def charts(report: Report) -> dict[str, bytes]:
    """File name -> PNG, of every chart that there is something to draw for."""
    drawn = {"accuracy.png": accuracy_chart(report), "tokens.png": token_chart(report)}
    return {name: png for name, png in drawn.items() if png is not None}


def _tasks(report: Report) -> list[str]:
    """Every task, the seven first, each followed by what may stand in for it."""
    found = dict.fromkeys(task for known in report.models.values() for task in known)
    seven = [PREFIX + name + end for name in ORDER for end in ("", *ENDS) if PREFIX + name + end in found]
    return [*seven, *(task for task in found if task not in seven)]


def _name(task: str, names: dict[str, str]) -> str:
    short = task.removeprefix(PREFIX)
    for end, said in ENDS.items():
        if short.endswith(end) and (name := NAMES.get(short.removesuffix(end))):
            return f"{name} {said}"
    return _plain(NAMES.get(short, names[task]))


def _plain(text: str) -> str:
    """A name as it is: matplotlib would set what stands between dollar signs as a formula."""
    return text.replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS)
    return buffer.getvalue()
