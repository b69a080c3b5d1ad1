"""One document as its file holds it, and the optional packages that it takes to read one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crossthink_data.errors import CrossthinkError

INSTALL = "pip install 'crossthink[llm]'"


@dataclass(frozen=True)
class Found:
    """A document. `reason` says why it cannot be used; url and licence are None where the file says nothing."""

    id: str
    text: str
    url: str | None = None
    license: str | None = None
    reason: str | None = None


@contextmanager
def optional_packages(what: str) -> Iterator[None]:
    """Around imports. Raises CrossthinkError with the command that installs what is not there."""
    try:
        yield
    except ImportError as error:
        raise CrossthinkError(f"{what} needs packages that are not installed ({error}): {INSTALL}") from error
