"""A place in an answer's tokens, and what is known there of the brackets around it."""

from __future__ import annotations

from crossthink_data.verify.latex import NotationError, Token
from crossthink_data.verify.notation import FUNCTIONS, SEPARATORS

MAX_DEPTH = 60


class Cursor:
    """Moves over tokens; the last of them, `end`, is never passed."""

    def __init__(self, found: list[Token], grouped: bool) -> None:
        self.tokens = found
        self.position = 0
        self.depth = 0
        self.brackets = 0  # how many of ( [ \{ are open
        self.bars = 0  # how many | are open
        self.such_that = False  # inside \{, where a colon or a bar says "such that"
        self.grouped = grouped  # whether `1,234` at the top is one number

    @property
    def token(self) -> Token:
        """The token here."""
        return self.tokens[self.position]

    def ahead(self, count: int = 1) -> Token:
        """The token so many places on, or the end."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """The token here; moves past it."""
        token = self.token
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def take(self, text: str) -> bool:
        """Moves past the token if it is this sign or command."""
        if self.token.text != text or self.token.kind in ("text", "end"):
            return False
        self.position += 1
        return True

    def expect(self, text: str) -> None:
        """Moves past this sign or command, which must be here."""
        if not self.take(text):
            raise NotationError("unbalanced" if self.token.kind == "end" else "unreadable")

    def split(self) -> str:
        """The first character of the number or the letters here; the others stay."""
        kind, text, _ = self.token
        self.tokens[self.position] = Token(kind, text[1:], False)
        return text[0]

    def deepen(self) -> None:
        """One level of nesting more; what deepens counts `depth` down again."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotationError("too_deep")

    def is_sign(self, *texts: str) -> bool:
        """Whether one of these signs is here."""
        return self.token.kind == "sign" and self.token.text in texts

    def is_separator(self) -> bool:
        """Whether a comma, a semicolon, `and` or `or` is here."""
        kind, text, _ = self.token
        if kind in ("text", "letters"):
            return text.strip(" ,;\\~").lower() in SEPARATORS or (kind == "text" and text.strip() in (",", ";"))
        return kind != "end" and text in (",", ";")

    def separator(self) -> bool:
        """Moves past separators: one or several, as in `, and`."""
        start = self.position
        while self.is_separator():
            self.position += 1
        return self.position > start

    def begins_function(self) -> bool:
        """Whether a function's name is here, and not the minutes of `5\\text{ min}`."""
        kind, text, _ = self.token
        if kind == "text":
            return text.strip() in FUNCTIONS and self.ahead().text in ("(", "{")
        return kind in ("command", "letters") and text.removeprefix("\\") in FUNCTIONS - {"sqrt"}
