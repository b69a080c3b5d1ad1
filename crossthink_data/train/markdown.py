"""Text of others inside Markdown, where nothing of it may be markup."""

from __future__ import annotations

import re


def code(value: object) -> str:
    """Any text as inline code; white space becomes one space. Not for a table, whose cells end at `|` in code, too.

    >>> print(code("a *b*"), code("c`d"))
    `a *b*` ``c`d``
    """
    text = " ".join(str(value).split())
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if not text or text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def fenced(text: str, language: str) -> str:
    """Lines as a code block that nothing inside them ends."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def _longest_run(text: str) -> int:
    """The most backticks in a row."""
    return max(map(len, re.findall("`+", text)), default=0)
