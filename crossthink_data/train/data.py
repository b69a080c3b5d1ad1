"""A published blend as a trainer's rows: in the order asked for, as prompts in one style, none too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datasets
import polars as pl

from crossthink_data.errors import CrossthinkError
from crossthink_data.load import load_blend
from crossthink_data.prompts import opens_thinking
from crossthink_data.rewards import GOLD_COLUMNS
from crossthink_data.train.options import CorpusArguments, Curriculum, Style
from crossthink_data.train.summary import PARTS

KEPT = ("id", "prompt", *GOLD_COLUMNS, *PARTS)  # of a row, for the rewards and the log
_BATCH = 2_000


@dataclass(frozen=True)
class TrainingRows:
    """Rows with `prompt` in one style and, where a template ends inside `<think>`, a column `think_open`.

    `read`: rows of the split; `too_long`: those whose prompt is, left out; `cut`: those whose prompt and worked reply
    are together, left out; `licenses`: rows of each licence, of those that stay.
    """

    rows: datasets.Dataset
    style: Style
    think_open: bool
    read: int
    too_long: int
    licenses: Mapping[str, int]
    cut: int = 0


def training_rows(
    asked: CorpusArguments, tokenizer: Any, template: Mapping[str, Any] | None = None, kept: Sequence[str] = KEPT
) -> TrainingRows:
    """The rows to train on; `template` are further arguments of the chat template, `kept` the columns that stay.

    Raises CrossthinkError where the blend cannot be loaded, or no row is short enough, or the order or style that is
    asked for is not to be had.
    """
    loaded = load_blend(asked.dataset, asked.blend, asked.split, asked.revision)
    style = prompt_style(tokenizer, asked.prompt_style)
    rows = ordered(loaded, asked.curriculum)
    texts = [messages[-1]["content"] for messages in rows["prompt"]]
    sent = texts if style == "plain" else templated(rows["prompt"], tokenizer, **(template or {}))
    sizes = token_counts(sent, tokenizer, special=style == "plain")
    short = [place for place, size in enumerate(sizes) if size <= asked.max_prompt_tokens]
    if not short:
        raise CrossthinkError(
            f"all {len(rows)} prompts of {asked.dataset} have more than {asked.max_prompt_tokens} tokens: raise "
            "--max_prompt_tokens"
        )
    licenses = Counter(rows.select(short)["license"])
    fitting = rows.select_columns(list(kept)).select(short)
    if style == "plain":
        fitting = _with(fitting, "prompt", [texts[place] for place in short])
    think_open = opens_thinking(sent[short[0]])
    if think_open:
        fitting = _with(fitting, "think_open", [True] * len(short))
    return TrainingRows(fitting, style, think_open, len(rows), len(rows) - len(short), dict(sorted(licenses.items())))


def prompt_style(tokenizer: Any, asked: Style | None) -> Style:
    """The style asked for; else chat where the tokenizer has a template. Raises CrossthinkError where chat has none."""
    has_template = bool(getattr(tokenizer, "chat_template", None))
    if asked == "chat" and not has_template:
        raise CrossthinkError("--prompt_style chat, but the tokenizer has no chat template: use plain")
    return asked or ("chat" if has_template else "plain")


def ordered(rows: datasets.Dataset, curriculum: Curriculum) -> datasets.Dataset:
    """The rows in the order of a curriculum; `uniform` is the trainer's own shuffle, by its seed.

    `hard_first`: by rising pass rate; rows of one rate, and those without one, which come last, keep the blend's order.
    """
    if curriculum != "hard_first":
        return rows
    rates = pl.Series(rows["pass_rate"], dtype=pl.Float64)
    if rates.null_count() == len(rates):
        raise CrossthinkError("--curriculum hard_first, but no row has a pass_rate: use blend or uniform")
    order = pl.DataFrame({"rate": rates}).with_row_index("place").sort("rate", nulls_last=True, maintain_order=True)
    return rows.select(order["place"].to_list())


def templated(conversations: Sequence[Any], tokenizer: Any, replied: bool = False, **template: Any) -> list[str]:
    """What the chat template makes of conversations, as the trainer sends them: for a reply, or with one."""
    return list(
        tokenizer.apply_chat_template(
            list(conversations), add_generation_prompt=not replied, tokenize=False, **template
        )
    )


def token_counts(texts: Sequence[str], tokenizer: Any, special: bool) -> list[int]:
    """Tokens of each text; `special`: with those that the tokenizer adds, which a template's text already holds."""
    parts = (list(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH))
    return [len(ids) for part in parts for ids in tokenizer(part, add_special_tokens=special)["input_ids"]]


def _with(rows: datasets.Dataset, name: str, values: list[Any]) -> datasets.Dataset:
    """The rows with a column instead of the one of that name, if there is one."""
    others = [one for one in rows.column_names if one != name]
    return rows.select_columns(others).add_column(name, values)
