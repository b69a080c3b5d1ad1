"""Which rows the real trainer asks, in which order, at once and after a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.metrics import read_metrics
from crossthink_data.train.record import METRICS
from tests.train.blends import blend_row, write_blend
from tests.train.tiny import asked_metals, train, write_model

pytest.importorskip("trl", reason="trl is not installed: run `make test-real`")

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

RATES = [0.5, None, 0.0, 0.5, None, 0.25, 1.0, 0.75]
ROWS = [blend_row(number, pass_rate=rate) for number, rate in enumerate(RATES)]
ASKED = {"log_completions": "true", "spread_patience": 0}


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blend(tmp_path_factory.mktemp("blend"), ROWS)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes the form and guesses the letter."""
    folder, many = tmp_path_factory.mktemp("warm"), [blend_row(number) for number in range(24)]
    return train("sft", write_blend(folder / "many", many), write_model(folder / "raw", many), folder / "model")


def order(out: Path, steps: int = 4) -> list[int]:
    return [metal for step in range(1, steps + 1) for metal in asked_metals(out, step)]


def losses(out: Path) -> list[float]:
    return [line["loss"] for line in read_metrics(out / METRICS) if "loss" in line]


@pytest.mark.parametrize(
    ("curriculum", "wanted"), [("blend", [0, 1, 2, 3, 4, 5, 6, 7]), ("hard_first", [2, 5, 0, 3, 7, 6, 1, 4])]
)
def test_rows_are_asked_as_they_lie(
    curriculum: str, wanted: list[int], blend: Path, warm: Path, tmp_path: Path
) -> None:
    out = train("grpo", blend, warm, tmp_path, curriculum=curriculum, max_steps=4, save_strategy="no", **ASKED)
    assert order(out) == wanted


def test_uniform_is_another_order_for_each_seed(blend: Path, warm: Path, tmp_path: Path) -> None:
    orders = [
        order(
            train(
                "grpo",
                blend,
                warm,
                tmp_path / str(number),
                curriculum="uniform",
                seed=seed,
                max_steps=4,
                save_strategy="no",
                **ASKED,
            )
        )
        for number, seed in enumerate((1, 1, 2))
    ]
    assert orders[0] == orders[1]
    assert list(range(8)) not in orders
    assert orders[0] != orders[2]
    assert [sorted(one) for one in orders] == [list(range(8))] * 3


@pytest.mark.parametrize("curriculum", ["uniform", "hard_first"])
def test_a_resumed_run_goes_on_in_the_same_order(curriculum: str, blend: Path, warm: Path, tmp_path: Path) -> None:
    options = {"curriculum": curriculum, "save_strategy": "steps", "save_steps": 3, **ASKED}
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train("grpo", blend, warm, whole, max_steps=6, **options)
    train("grpo", blend, warm, parted, max_steps=3, **options)
    train("grpo", blend, warm, parted, max_steps=6, resume_from_checkpoint="true", **options)
    assert order(whole, 6) == order(parted, 6)
    assert losses(whole) == losses(parted)
    assert len(set(losses(whole))) > 2


@pytest.mark.parametrize("several", [{"num_iterations": 2}, {"steps_per_generation": 4}])
def test_a_generation_for_two_steps_goes_on_between_two(
    several: dict[str, int], blend: Path, warm: Path, tmp_path: Path
) -> None:
    options = {"save_strategy": "steps", "save_steps": 1, **several, **ASKED}
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train("grpo", blend, warm, whole, max_steps=4, **options)
    train("grpo", blend, warm, parted, max_steps=3, **options)
    with pytest.raises(CrossthinkError, match="checkpoint-3 was saved while completions were in use, which serve 2 st"):
        train("grpo", blend, warm, parted, max_steps=4, resume_from_checkpoint="true", **options)
    train("grpo", blend, warm, parted, max_steps=4, resume_from_checkpoint=parted / "checkpoint-2", **options)
    assert losses(whole) == losses(parted)
    assert len(set(losses(whole))) > 2
