"""A full disk while a checkpoint is written, as one message: each library that writes says it in its own way."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.record import complete_checkpoints

_SAYS_FULL = ("No space left", f"os error {errno.ENOSPC}", "inline_container.cc")  # the last is where torch writes


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Raises CrossthinkError where writing failed because the disk of a run's folder is full."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if not any(said in str(error) for said in _SAYS_FULL):
            raise
        whole = complete_checkpoints(folder)
        kept = f"go on from {whole[-1].name} with --resume_from_checkpoint true" if whole else "begin again"
        raise CrossthinkError(
            f"the disk of {folder} is full: make space or lower --save_total_limit, then {kept}"
        ) from error
