"""Bytes of a parameter, for a model of 2**30 parameters: one byte of each is one GiB."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from crossthink_data.train.memory import GIB, Memory, memory


@pytest.mark.parametrize(
    ("half", "reference", "adapter", "sizes"),
    [
        (False, True, False, (4, 4, 8, 4, 20, 2.5)),  # all in 32 bits, with a reference
        (False, False, False, (4, 4, 8, 0, 16, 2)),
        (True, True, False, (2, 2, 4, 2, 10, 1.25)),  # all in 16 bits
        (True, False, False, (2, 2, 4, 0, 8, 1)),
        (False, False, True, (4, 0, 0, 0, 4, 0.5)),  # frozen
        (True, False, True, (2, 0, 0, 0, 2, 0.25)),
    ],
)
def test_bytes_of_a_parameter(half: bool, reference: bool, adapter: bool, sizes: tuple[float, ...]) -> None:
    estimate = memory(GIB, half=half, reference=reference, processes=8, adapter=adapter)
    assert estimate == Memory(*sizes)


def test_the_paper_s_smaller_model() -> None:
    """7.62e9 x 4 bytes are 30.48e9, over 1.0737e9 28.387; 20 bytes five times as much, an eighth of it 17.742."""
    estimate = memory(7.62e9, half=False, reference=True, processes=8)
    assert asdict(estimate) == {
        "weights_gib": 28.39,
        "gradients_gib": 28.39,
        "optimizer_gib": 56.77,
        "reference_gib": 28.39,
        "total_gib": 141.93,
        "sharded_gib": 17.74,
    }
