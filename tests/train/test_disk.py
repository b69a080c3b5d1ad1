"""A full disk while a checkpoint is written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from safetensors import SafetensorError

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.disk import explained
from tests.train.test_record import checkpoint

FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    RuntimeError("[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file data/2"),
    RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 97600 vs 97488"),
]


@pytest.mark.parametrize("error", FULL, ids=["file", "safetensors", "torch", "torch at the end"])
def test_a_full_disk_is_one_message_with_where_to_go_on(error: Exception, tmp_path: Path) -> None:
    checkpoint(tmp_path, 4)
    checkpoint(tmp_path, 8, whole=False)
    with pytest.raises(CrossthinkError, match=r"is full: .* go on from checkpoint-4 with"), explained(tmp_path):
        raise error


def test_without_a_checkpoint_it_begins_again(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="then begin again"), explained(tmp_path):
        raise FULL[0]


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shape"), explained(tmp_path):
        raise RuntimeError("mat1 and mat2 shape")
