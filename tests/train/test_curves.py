"""The curves: which are drawn, of what, and that what is not there does no harm."""

from __future__ import annotations

from io import BytesIO

import pytest
from matplotlib.axes import Axes
from PIL import Image

from crossthink_data.train.curves import SHORT, curves, series
from tests.train.runs import Line, steps

PNG = b"\x89PNG\r\n\x1a\n"
NAN = float("nan")


def size(png: bytes) -> tuple[int, int]:
    """The width and height of a picture whose every byte can be read."""
    assert png.startswith(PNG)
    image = Image.open(BytesIO(png))
    image.load()
    return image.size


def test_a_run_with_everything_has_four_charts() -> None:
    drawn = curves(steps(3))
    assert list(drawn) == ["rewards.png", "domains.png", "tokens.png", "loss.png"]
    assert all(width > 600 and height > 300 for width, height in map(size, drawn.values()))


ONLY: list[tuple[Line, str]] = [
    ({"reward": 0.5}, "rewards.png"),
    ({"accuracy": 0.5}, "rewards.png"),
    ({"format": 0.5}, "rewards.png"),
    ({"no_spread": 0.5}, "rewards.png"),
    ({"domain/law/accuracy": 0.5}, "domains.png"),
    ({"tokens_right": 9}, "tokens.png"),
    ({"completions/mean_length": 9.0}, "tokens.png"),
    ({"loss": 0.5}, "loss.png"),
    ({"kl": 0.5}, "loss.png"),
    ({"mean_token_accuracy": 0.5}, "loss.png"),
]


@pytest.mark.parametrize(("figures", "name"), ONLY, ids=[next(iter(figures)) for figures, _ in ONLY])
def test_each_figure_is_enough_for_its_chart_and_no_other(figures: Line, name: str) -> None:
    assert list(curves([{"step": 1, **figures}])) == [name]


NOTHING: list[tuple[str, list[Line]]] = [
    ("no line", []),
    ("a line without figures", [{"step": 1}]),
    ("figures that are not known", [{"step": 1, "reward": None, "loss": NAN, "kl": float("inf"), "accuracy": "high"}]),
    ("no step", [{"reward": 1.0}]),
    ("others", [{"step": 1, "domain/law/reward": 1.0, "source/arc/accuracy": 1.0, "eval_loss": 1.0, "lr": 1.0}]),
]


@pytest.mark.parametrize("lines", [lines for _, lines in NOTHING], ids=[name for name, _ in NOTHING])
def test_nothing_to_draw(lines: list[Line]) -> None:
    assert curves(lines) == {}


def test_lines_that_lack_a_figure_are_passed_over() -> None:
    lines: list[Line] = [{"step": 1, "reward": 1}, {"step": 2}, {"step": 3, "reward": None}, {"step": 4, "reward": 0.5}]
    assert series([*lines, {"step": 5, "reward": NAN}, {"reward": 9.0}], "reward") == ([1, 4], [1, 0.5])
    assert curves(lines) == curves([lines[0], lines[3]])


def test_the_same_lines_give_the_same_bytes() -> None:
    lines = [{"step": 1, "reward": 0.5}, {"step": 2, "reward": 0.25}]
    assert curves(lines) == curves(lines)
    assert curves(lines) != curves([lines[0], {"step": 2, "reward": 0.75}])


@pytest.fixture
def plotted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[float], list[float], Line]]:
    """Every line that a chart draws: its steps, its values, how it is drawn."""
    drawn: list[tuple[list[float], list[float], Line]] = []
    monkeypatch.setattr(Axes, "plot", lambda _, x, y, **options: drawn.append((x, y, options)))
    monkeypatch.setattr(Axes, "legend", lambda *_, **__: None)
    return drawn


def test_what_is_drawn(plotted: list[tuple[list[float], list[float], Line]]) -> None:
    curves(steps(2))
    assert [(x, y, options["label"]) for x, y, options in plotted] == [
        ([1, 2], [1.0, 2.0], "reward"),
        ([1, 2], [0.5, 0.5], "accuracy"),
        ([1, 2], [1.0, 1.0], "format"),
        ([1, 2], [0.25, 0.25], "no_spread"),
        ([1, 2], [0.5, 0.5], "law"),
        ([1, 2], [0.75, 0.75], "math"),
        ([1, 2], [100.0, 100.0], "right ones"),
        ([1, 2], [120.0, 120.0], "all"),
        ([1, 2], [0.125, 0.125], "loss"),
        ([1, 2], [0.001, 0.001], "kl"),
    ]


@pytest.mark.parametrize(("count", "mark"), [(1, "o"), (SHORT, "o"), (SHORT + 1, "")])
def test_points_of_short_runs_are_marked(
    count: int, mark: str, plotted: list[tuple[list[float], list[float], Line]]
) -> None:
    curves([{"step": step, "reward": 0.5} for step in range(count)])
    assert [options["marker"] for _, _, options in plotted] == [mark]


@pytest.mark.parametrize("name", ["m$_$", "$\\frac$", "a$b", "<b>", "a/b"])
def test_a_domains_name_is_no_formula(name: str) -> None:
    assert size(curves([{"step": 1, f"domain/{name}/accuracy": 0.5}])["domains.png"]) > (600, 300)
