"""The figures of the Nemotron-CrossThink paper (arXiv 2504.13941), to stand beside one's own.

A figure is confirmed where a source quotes the paper for it; the others carry the mark UNSURE wherever they are shown.
All are accuracies in percent: greedy, boxed, the mean of three runs; the mean is the plain mean of the seven.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossthink_data.errors import unknown

UNSURE = "?"  # behind a figure that no source confirms
ORDER = (
    "mmlu",
    "mmlu_pro",
    "gpqa_diamond",
    "agieval",
    "supergpqa",
    "math500",
    "amc23",
)  # of the columns, as the paper's


@dataclass(frozen=True)
class PaperRow:
    """A model of the paper: accuracies in the order of ORDER, their mean, and which of them are confirmed."""

    name: str
    cells: tuple[float, ...]
    mean: float
    cells_sure: bool
    mean_sure: bool


def _row(name: str, *figures: float, cells_sure: bool = True, mean_sure: bool = True) -> PaperRow:
    return PaperRow(name, figures[:-1], figures[-1], cells_sure, mean_sure)


PAPER: dict[str, tuple[PaperRow, ...]] = {
    "7b": (
        _row("Qwen2.5-7B base", 74.20, 45.00, 31.82, 48.59, 25.36, 48.30, 40.00, 44.75),
        _row("Open-Reasoner-Zero-7B", 73.20, 48.90, 29.30, 63.49, 27.60, 81.40, 62.50, 55.20),
        _row("nd", 73.18, 54.81, 38.07, 59.99, 26.54, 77.00, 60.00, 55.66, cells_sure=False),
        _row("mr_up", 74.85, 55.51, 40.10, 61.47, 26.81, 77.80, 67.50, 57.72, cells_sure=False),
        _row("mcq_up", 74.26, 55.70, 39.59, 62.54, 28.05, 78.00, 60.00, 56.89, cells_sure=False),
        _row("open_up", 74.46, 55.82, 43.15, 61.28, 26.82, 78.40, 62.50, 57.49, cells_sure=False),
        _row("gpr_up", 74.94, 57.82, 38.58, 63.71, 29.16, 77.60, 65.00, 58.12),
        _row("score", 74.70, 56.16, 40.10, 59.80, 27.37, 78.00, 62.50, 56.95, cells_sure=False),
        _row("only_mr", 74.24, 54.26, 38.58, 61.39, 27.69, 78.60, 70.00, 57.82),
        _row("only_gpr", 72.77, 52.06, 37.06, 56.56, 27.44, 72.20, 55.00, 53.30),
    ),
    "32b": (
        _row(
            "Qwen2.5-32B base",
            83.30,
            55.10,
            40.40,
            62.77,
            33.16,
            60.55,
            45.00,
            54.33,
            cells_sure=False,
            mean_sure=False,
        ),
        _row("gpr_up", 83.57, 68.83, 46.70, 73.90, 37.99, 82.40, 67.50, 65.84, cells_sure=False, mean_sure=False),
        _row("f(gpr)_up", 83.60, 69.43, 49.75, 75.82, 38.34, 84.00, 75.00, 67.99, cells_sure=False, mean_sure=False),
    ),
    "none": (),
}


def paper_rows(size: str) -> tuple[PaperRow, ...]:
    """The paper's models of this size: 7b, 32b or none. Raises CrossthinkError for another."""
    if size not in PAPER:
        raise unknown("size of the paper's models", size, PAPER)
    return PAPER[size]
