"""The prompts that ask for something to be written, one file a version.

A text is changed by a new file with the next number: rows name the files that they were made with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from crossthink_data.errors import unknown

FOLDER = Path(__file__).parent / "prompts"
_SUFFIX = ".jinja"


@dataclass(frozen=True)
class PromptFile:
    """A prompt by its name, such as `topic-v1`, and its text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Of the text."""
        return sha256(self.text.encode()).hexdigest()

    @cached_property
    def _template(self) -> Template:
        # Not for a browser: what goes in stays as it is.
        return Environment(undefined=StrictUndefined, autoescape=False).from_string(self.text)  # noqa: S701

    def render(self, **values: object) -> str:
        """The prompt with its places filled; a place without a value is an error."""
        return self._template.render(**values)


@lru_cache
def prompt_file(name: str) -> PromptFile:
    """The prompt of that name. Raises CrossthinkError for one that is not there."""
    path = FOLDER / f"{name}{_SUFFIX}"
    if not path.is_file():
        raise unknown("prompt", name, (one.name.removesuffix(_SUFFIX) for one in FOLDER.glob(f"*{_SUFFIX}")))
    return PromptFile(name, path.read_text(encoding="utf-8"))
