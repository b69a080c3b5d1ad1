"""The filter step: each rule is a named expression, and its name is the reason it gives.

A row keeps the first reason that applies, in the order of `filters`. The paper's three rules come first: an answer
is there, a multiple-choice answer is among the options, an open answer has at most ten words.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from crossthink_data.frame_step import FrameStep
from crossthink_data.kinds import LABELS
from crossthink_data.sources.base import UNKNOWN_LICENSE

FILTER_VERSION = 1  # 1: first published rules


class Thresholds(BaseModel):
    """What a recipe may set; the defaults are the paper's where it has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_answer_words: int = Field(default=10, ge=1)  # of an open answer in general reasoning; the paper's
    max_prompt_chars: int = Field(default=16_000, ge=1)  # about 4,000 tokens of the paper's context of 5,000
    min_restated_share: float = Field(default=0.6, gt=0, le=1)  # of the question's words that the answer repeats


_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\x{e000}-\x{f8ff}]"
# UTF-8 read as Latin-1 or Windows-1252, and the replacement character
_MOJIBAKE = (
    r"\x{fffd}|ï¿½|ï»¿|Ã[\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\x{a0}-\x{bf}]|â[€ˆ‰†]"
    r"|[ÎÏÐÑ][\x{a0}-\x{bf}]|Ï[€ƒ†‡ˆ‰]|[ÄÅ][¡¤-§©ª¬®¯¸º¼-¿†‡‘™›]"  # not Å², which is a unit
)
# The question points at something that is not there.
_DIAGRAM = r"(?:figure|fig\.|diagram)"
_PICTURE = rf"(?:{_DIAGRAM}|picture|image|drawing|illustration|photograph|photo)"
_GRAPHIC = rf"(?:{_PICTURE}|graph|map|chart|table|pedigree|x-ray|radiograph|ecg|ekg|spectrum|sketch)"
_ENDS = r"\s*(?:[.,;:?!)]|$)"  # "the graph above." but not "the graph above the axis"
_SIDE = r"(?:below|above|(?:at|to|on) (?:the )?(?:left|right))"
_SAYS = r"\s+(?:is|are|was|were|shows?|represents?)\b"
_SHOWN = rf"(?:{_SIDE}(?:{_ENDS}|{_SAYS})|(?:shown|given here|provided|depicted|attached)\b)"
_ADJECTIVE = r"(?:accompanying|following|adjacent|attached)"
_FIGURE = (
    rf"(?im)\b{_GRAPHIC}s?\s+(?:\d+\S*\s+)?(?:(?:is|are|as) )?{_SHOWN}"
    rf"|\b{_GRAPHIC}s? [^.?!:]{{1,60}} (?:is|are|and) shown\s*(?:below|above|here|at|on|{_ENDS})"
    r"|\b(?:shown|depicted|given|illustrated|pictured|marked|labell?ed) (?:\w+ )?(?:in|on|by) (?:the|this) "
    rf"(?:\w+ )?{_GRAPHIC}\b"
    rf"|\b(?:the|this|{_ADJECTIVE}) {_PICTURE} (?:shows?|represents?|depicts?|illustrates?)\b"
    rf"|\b(?:in|on|from|to|see) (?:the|this) (?:{_ADJECTIVE} )?{_DIAGRAM}\b"
    rf"|\b(?:in|on|from|see) this {_PICTURE}\b|\b(?:in|on|from|to|see) the {_ADJECTIVE} {_PICTURE}\b"
    rf"|(?:^|[.?!,(;:]\s*)(?:in|on|from|see) the {_PICTURE}{_ENDS}"
    r"|\bfig(?:ure|\.) ?(?:[0-79]|\d[.-]?\d|[a-z]\d)|\b(?:in|see)\s+fig(?:\.|(?:ure)?\s*[.,;:()?])"
    r"|!\[[^\]]*\]\(|\\includegraphics|<img\b|\{img:|\.(?:png|jpe?g|gif|svg)\b"
)
_NO_FIGURE = r"(?i)\bfigures? (?:of|skat\w+|eight|ground)\b"  # of speech, of merit; skating
_FIGURE_WORDS = [
    *("fig", "diagram", "picture", "image", "img", "![", "drawing", "illustration", "photo", "graph", "map", "chart"),
    *("table", "pedigree", "x-ray", "ecg", "ekg", "spectr", "sketch", ".png", ".jpg", ".jpeg", ".gif", ".svg"),
]  # one of them stands in every text that _FIGURE finds
# drawn or tabulated in the text itself
_CARRIES_FIGURE = r"(?m)\[asy\]|\\begin\{(?:tikzpicture|tabular|array)\}|^\s*\|.+\||-{3,}\s*\|"
_SEVERAL_LABELS = r"^[A-Z](?:\s*[,;/&]\s*|\s+and\s+|\s*)[A-Z](?:[\s,;/&]|and|[A-Z])*$"


def filters(thresholds: Thresholds, licenses: list[str] | None = None) -> dict[str, pl.Expr]:
    """Reason -> expression that is true where a row must go, in the order in which they are asked.

    `licenses` is the recipe's allow-list, or None where any licence will do.
    """
    mcq = pl.col("question_type") == "mcq"
    answer, options = pl.col("answer"), pl.col("options")
    folded = options.list.eval(pl.element().fill_null("").str.replace_all(r"\s+", " ").str.strip_chars())
    every_text = pl.concat_str(
        "question", pl.col("passage").fill_null(""), answer.fill_null(""), options.list.join("\n")
    )
    rules = {
        "license_unknown": pl.lit(licenses is not None) & (pl.col("license") == UNKNOWN_LICENSE),
        "license_not_allowed": ~pl.col("license").is_in(licenses) if licenses is not None else pl.lit(False),
        "question_missing": _blank("question"),
        "several_right_options": mcq & pl.col("answer_label").str.contains(_SEVERAL_LABELS),
        "options_missing": mcq & (options.list.len() < 2),
        "answer_not_in_options": mcq & ~_answer_among_options(),
        "answer_missing": _blank("answer"),
        "options_empty": mcq & folded.list.contains(""),
        "options_duplicate": mcq & (folded.list.n_unique() < options.list.len()),  # "Ww" and "ww" are two genotypes
        "answer_too_long": ~mcq
        & (pl.col("category") == "gpr")
        & (answer.str.count_matches(r"\S+") > thresholds.max_answer_words),
        "control_characters": every_text.str.contains(_CONTROL),
        "mojibake": every_text.str.contains(_MOJIBAKE),
        "missing_figure": _points_at_figure(),
        "answer_restates_question": (pl.col("answer_type") == "text") & _restates(thresholds.min_restated_share),
        "prompt_too_long": pl.col("prompt").list.first().struct.field("content").str.len_chars()
        > thresholds.max_prompt_chars,
    }
    return {reason: rule.fill_null(False) for reason, rule in rules.items()}


class Filter(FrameStep):
    """Gives rows that break a rule their reason."""

    name = "filter"

    def __init__(self, thresholds: Thresholds, licenses: list[str] | None) -> None:
        super().__init__()
        self.thresholds = thresholds
        self.licenses = licenses

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the reasons of the filters."""
        return apply_filters(frame, filters(self.thresholds, self.licenses))


def apply_filters(frame: pl.DataFrame, rules: dict[str, pl.Expr]) -> pl.DataFrame:
    """The frame with `reason` set where a rule applies to a row that had none."""
    first = pl.coalesce(pl.col("reason"), *(pl.when(rule).then(pl.lit(reason)) for reason, rule in rules.items()))
    return frame.with_columns(reason=first)


def _blank(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() == ""


def _answer_among_options() -> pl.Expr:
    """The label is one of the row's own, and the option under it is the answer."""
    position = pl.col("answer_label").replace_strict(
        {label: i for i, label in enumerate(LABELS)},
        default=None,
        return_dtype=pl.Int64,
    )
    return (pl.col("options").list.get(position, null_on_oob=True) == pl.col("answer")).fill_null(False)


def _points_at_figure() -> pl.Expr:
    """Only texts with one of the words go through the slow pattern."""
    question = pl.col("question")
    candidate = pl.when(question.str.contains_any(_FIGURE_WORDS, ascii_case_insensitive=True)).then(question)
    points = candidate.str.replace_all(_NO_FIGURE, "").str.contains(_FIGURE)
    return points & ~candidate.str.contains(_CARRIES_FIGURE)


def _restates(min_share: float) -> pl.Expr:
    """The answer stands in the question, up to case and end marks, and makes up most of its words.

    Asked of texts only: a matrix may well be its own inverse's inverse.
    """
    question = pl.col("question").str.to_lowercase()
    answer = pl.col("answer").str.to_lowercase().str.strip_chars(" .?!")
    words = pl.col("question").str.count_matches(r"\S+")
    share = pl.col("answer").str.count_matches(r"\S+") / words
    return question.str.contains(answer, literal=True) & (share >= min_share) & (words > 1)
