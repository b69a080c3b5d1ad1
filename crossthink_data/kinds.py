"""The words that a row's columns may hold, apart from the schema so that grading and prompts load without polars."""

from __future__ import annotations

from typing import Literal

QuestionType = Literal["mcq", "open"]
Category = Literal["gpr", "mr"]
Domain = Literal["math", "stem", "medicine", "law", "history", "social_science", "humanities", "business", "general"]
AnswerType = Literal["choice", "number", "math", "text"]

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of options, by position
