"""How the rows of the benchmarks become items (question, passage, options) and golds (what is right).

An items frame has `source_id` (the item's id, or null: its file and row), `question`, `passage` and `options`. A golds
frame has `right`, the 0-based places of the right options (empty where there are none), and `answer`, a gold text
(null where options are right). Rows stay in their order.
"""

from __future__ import annotations

import polars as pl

from crossthink_data.hashing import text_keys
from crossthink_data.kinds import LABELS

TEXTS = pl.List(pl.String)
NUMBERS = pl.List(pl.Int64)
GPQA_OPTIONS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")

_HUMANITIES = """formal_logic high_school_european_history high_school_us_history high_school_world_history
 international_law jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory
 professional_law world_religions"""
_SOCIAL_SCIENCES = """econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics
 high_school_microeconomics high_school_psychology human_sexuality professional_psychology public_relations
 security_studies sociology us_foreign_policy"""
_OTHER = """anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing
 medical_genetics miscellaneous nutrition professional_accounting professional_medicine virology"""
_AREAS = {"humanities": _HUMANITIES, "social sciences": _SOCIAL_SCIENCES, "other": _OTHER}
_AREA_OF = {subject: area for area, subjects in _AREAS.items() for subject in subjects.split()}
MMLU_AREA = pl.col("subject").replace_strict(_AREA_OF, default="STEM", return_dtype=pl.String())

# ---- items


def plain_items(
    frame: pl.DataFrame, question: str, options: str | None = None, id_: str | None = None, hashed: bool = False
) -> pl.DataFrame:
    """Items whose question stands in a column of its own."""
    rows = frame.select(
        question=pl.col(question).str.strip_chars(),
        passage=pl.lit(None, pl.String),
        options=pl.col(options) if options else pl.lit([], TEXTS),
        source_id=pl.col(id_) if id_ else pl.lit(None, pl.String),
    )
    keys = pl.Series(text_keys(rows["question"].fill_null("")), dtype=pl.String)
    return rows.with_columns(source_id=keys) if hashed else rows


def gpqa_items(frame: pl.DataFrame) -> pl.DataFrame:
    """GPQA's options stand in four columns; the item's id is a hash, as nothing of it may be written."""
    options = pl.concat_list(pl.col(name).str.strip_chars() for name in GPQA_OPTIONS)
    return plain_items(frame.with_columns(options=options), "Question", "options", hashed=True)


def agieval_items(frame: pl.DataFrame) -> pl.DataFrame:
    """AGIEval's own prompt: an optional passage, the question, the options, a line for the answer.

    In English `passage Q: question Answer Choices: options` and a line `A: …`, in Chinese `passage 问题：question
    选项：options` and a line `答案：…`.
    """
    choices = pl.col("choices") if "choices" in frame.columns else pl.lit([], TEXTS)
    asked = pl.col("query").str.replace(r"\s*\n(?:A:|答案：)[^\n]*$", "").str.strip_chars()
    stem = asked.str.replace(r"(?s)^(.*)(?:Answer Choices:|选项：).*$", "${1}")  # the last: a question may say so too
    stem = pl.when(choices.list.len() > 0).then(stem).otherwise(asked)
    parts = stem.str.extract_groups(r"(?s)^(?<passage>.*)(?:Q:|问题：)(?<question>.*)$").struct
    alone = stem.str.contains(r"^(?:Q:|问题：)")  # then what it quotes is no passage
    question = pl.when(alone).then(stem.str.replace(r"^(?:Q:|问题：)", "")).otherwise(parts.field("question"))
    passage = pl.when(~alone).then(parts.field("passage").str.strip_chars())
    return frame.select(
        question=question.fill_null(stem).str.strip_chars(),
        passage=pl.when(passage != "").then(passage),
        options=choices.list.eval(pl.element().str.replace(r"^\([A-Z]\)\s*", "")),
        source_id=pl.lit(None, pl.String),
    )


# ---- golds


def gold_text(frame: pl.DataFrame) -> pl.DataFrame:
    """A gold that is a text."""
    return frame.select(right=pl.lit([], NUMBERS), answer=pl.col("answer").str.strip_chars())


def gold_number(frame: pl.DataFrame) -> pl.DataFrame:
    """A gold that is a whole number, which some files hold as a float: `27.0` is 27."""
    return frame.select(right=pl.lit([], NUMBERS), answer=pl.col("answer").str.replace(r"^(-?\d+)\.0+$", "${1}"))


def gold_index(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The place of the right option."""
    return frame.select(right=pl.concat_list(pl.col(column)), answer=pl.lit(None, pl.String))


def gold_indices(frame: pl.DataFrame) -> pl.DataFrame:
    """The places of all right options."""
    return frame.select(right=pl.col("gold").list.sort(), answer=pl.lit(None, pl.String))


def gold_letter(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The letter of the right option."""
    places = pl.col(column).replace_strict(list(LABELS), range(len(LABELS)), default=None, return_dtype=pl.Int64)
    return frame.select(right=pl.concat_list(places), answer=pl.lit(None, pl.String))


def gold_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The first option is right, before they are put into another order."""
    return frame.with_columns(right=pl.lit([0], NUMBERS), answer=pl.lit(None, pl.String)).select("right", "answer")
