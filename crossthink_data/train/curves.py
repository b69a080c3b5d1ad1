"""A run's figures over its steps as PNG charts, drawn with matplotlib."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

FOLDER = "curves"  # beside the card
DOTS = 150  # an inch
SHORT = 40  # points of a line up to which each is marked: a line of one point cannot be seen

Metrics = Sequence[Mapping[str, Any]]  # the lines of metrics.jsonl
Lines = dict[str, str]  # a figure's name in the log -> what the legend calls it

_SHARES = ("reward", "accuracy", "format", "no_spread")
_DOMAIN = re.compile(r"domain/(.+)/accuracy")


def curves(metrics: Metrics) -> dict[str, bytes]:
    """File name -> PNG, of every chart that there is something to draw for; nothing is smoothed."""
    asked = {
        "rewards.png": {"mean or share": {name: name for name in _SHARES}},
        "domains.png": {"accuracy": _domains(metrics)},
        "tokens.png": {
            "tokens of a completion": {"tokens_right": "right ones", "completions/mean_length": "all"},
        },
        "loss.png": {name: {name: name} for name in ("loss", "kl", "mean_token_accuracy")},
    }
    drawn = {name: _chart(metrics, panels) for name, panels in asked.items()}
    return {name: png for name, png in drawn.items() if png is not None}


def series(metrics: Metrics, name: str) -> tuple[list[float], list[float]]:
    """The steps at which a figure was logged as a finite number, and its values there."""
    points = [(line["step"], line[name]) for line in metrics if _known(line.get("step")) and _known(line.get(name))]
    return [step for step, _ in points], [value for _, value in points]


def _known(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _domains(metrics: Metrics) -> Lines:
    """The accuracies by domain, in the order of the alphabet, so that a domain keeps its colour."""
    names = sorted({name for line in metrics for name in line})
    return {name: match[1] for name in names if (match := _DOMAIN.fullmatch(name))}


def _chart(metrics: Metrics, panels: Mapping[str, Lines]) -> bytes | None:
    """Panels one below the other by the label of their y axis; those without a point are left out."""
    there = {
        label: lines
        for label, panel in panels.items()
        if (lines := {shown: points for name, shown in panel.items() if (points := series(metrics, name))[0]})
    }
    if not there:
        return None
    figure = Figure(figsize=(7.0, 1.6 + 2.4 * len(there)), layout="constrained")
    column = figure.subplots(len(there), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, lines) in zip(column, there.items(), strict=True):
        _panel(axes, label, lines)
    column[-1].set_xlabel("step")
    column[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS)
    return buffer.getvalue()


def _panel(axes: Axes, label: str, lines: Mapping[str, tuple[list[float], list[float]]]) -> None:
    for shown, (steps, values) in lines.items():
        escaped = shown.replace("$", r"\$")  # what stands between dollars would be set as a formula
        axes.plot(steps, values, marker="o" if len(steps) <= SHORT else "", markersize=3, linewidth=1, label=escaped)
    axes.set_ylabel(label)
    if list(lines) != [label]:
        axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))  # beside, where it hides nothing
