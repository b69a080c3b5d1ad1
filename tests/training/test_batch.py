"""The arithmetic of a step."""

from __future__ import annotations

import re
from itertools import product

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.batch import accumulation

NO_SIZE = "and the number of processes so that their product divides it"


@pytest.mark.parametrize(
    ("prompts", "generations", "per_device", "processes", "times"),
    [
        (128, 8, 4, 1, 256),  # 1,024 completions, one process
        (128, 8, 4, 8, 32),
        (128, 8, 16, 64, 1),  # all at once
        (4, 4, 8, 1, 2),
        (3, 4, 6, 2, 1),  # a process takes a prompt and a half
    ],
)
def test_accumulation(prompts: int, generations: int, per_device: int, processes: int, times: int) -> None:
    assert accumulation(prompts, generations, per_device, processes) == times


@pytest.mark.parametrize(
    ("numbers", "said", "size", "fitting"),
    [
        ((128, 8, 5, 8), "128 prompts x 8 completions are 1024, which 8 processes x 5 at a time", "4", 130),
        (
            (4, 4, 8, 8),
            "4 prompts x 4 completions are 16, which 8 processes x 8 at a time",
            "2",
            16,
        ),  # too many at once
        (
            (4, 1, 3, 1),
            "4 prompts x 1 completions are 4, which 1 process x 3 at a time",
            "2",
            3,
        ),  # of 2 and 4 the less
        # 1,024 is no multiple of 3, whatever the size
        (
            (128, 8, 4, 3),
            "1024, which 3 processes x 4",
            "and the number of processes so that their product divides it",
            129,
        ),
    ],
)
def test_what_does_not_divide_is_an_error_with_both_cures(
    numbers: tuple[int, int, int, int], said: str, size: str, fitting: int
) -> None:
    with pytest.raises(CrossthinkError) as raised:
        accumulation(*numbers)
    message = str(raised.value)
    assert said in message
    assert message.endswith(f"set --per_device_train_batch_size {size}, or --prompts_per_step {fitting}")


def test_either_cure_cures() -> None:
    cured = 0
    for prompts, generations, per_device, processes in product((1, 4, 7, 12), (1, 4, 6), (1, 3, 8), (1, 2, 5)):
        try:
            accumulation(prompts, generations, per_device, processes)
        except CrossthinkError as error:
            if found := re.search(r"batch_size (\d+),", str(error)):
                accumulation(prompts, generations, int(found[1]), processes)
            number = re.search(r"prompts_per_step (\d+)$", str(error))
            assert number
            accumulation(int(number[1]), generations, per_device, processes)
            cured += 1
    assert cured > 50


@pytest.mark.parametrize("numbers", [(0, 8, 4, 8), (128, 0, 4, 8), (128, 8, 0, 8), (-128, 8, 4, 8)])
def test_each_number_is_one_or_more(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(CrossthinkError, match="each must be 1 or more"):
        accumulation(*numbers)
