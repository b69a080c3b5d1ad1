"""A script as one of the processes of `accelerate launch`, of which one says what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from crossthink_data.cli import main as run_command
from crossthink_data.errors import CrossthinkError

_GRACE = 10.0  # seconds


def run(main: Callable[[], None]) -> None:
    """Runs a script; what a user can mend is one message, and exit code 2 (the launcher makes it 1)."""
    first = os.environ.get("LOCAL_RANK", "0") == "0"
    run_command(main if first else lambda: _after_the_first(main))


def _after_the_first(main: Callable[[], None]) -> None:
    """As a rule the first process meets the same error, says it and ends, and the launcher ends this one meanwhile."""
    try:
        main()
    except CrossthinkError:
        time.sleep(_GRACE)
        raise
