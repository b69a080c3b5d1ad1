"""Rows that show how to answer: the prompt, and the row's own rationale and gold as the completion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import datasets

from crossthink_data.completions import worked_completion
from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import THINK
from crossthink_data.train.data import TrainingRows, templated, token_counts

COLUMNS = ("prompt", "rationale", "answer", "answer_type", "answer_label", "license")
AFTER_PROMPT = "\n"  # in plain style nothing else parts the reply from the prompt


def worked_rows(data: TrainingRows, tokenizer: Any, max_length: int | None = None) -> TrainingRows:
    """Rows with `prompt` and `completion` alone, as SFTTrainer reads them.

    Those without a rationale are left out, and those of more than `max_length` tokens, which the trainer would cut
    off before the box. Raises CrossthinkError where no row is left.
    """
    shown = [worked_completion(row) for row in data.rows.select_columns(list(COLUMNS[1:])).to_list()]
    kept = [place for place, text in enumerate(shown) if text is not None]
    if not kept:
        raise CrossthinkError(f"none of the {len(shown)} rows has a rationale to learn from: name another --blend")
    chosen = data.rows.select(kept)
    prompts, completions = _pairs(chosen["prompt"][:], [str(shown[place]) for place in kept], data, tokenizer)
    sizes = _sizes(prompts, completions, tokenizer)
    whole = [place for place, size in enumerate(sizes) if max_length is None or size <= max_length]
    if not whole:
        raise CrossthinkError(
            f"all {len(kept)} rows with a rationale have more than {max_length} tokens, the shortest {min(sizes)}: "
            "raise --max_length"
        )
    pairs = {"prompt": [prompts[place] for place in whole], "completion": [completions[place] for place in whole]}
    licenses = dict(sorted(Counter(chosen.select(whole)["license"]).items()))
    return replace(data, rows=datasets.Dataset.from_dict(pairs), licenses=licenses, cut=len(kept) - len(whole))


def _pairs(
    prompts: Sequence[Any], replies: Sequence[str], data: TrainingRows, tokenizer: Any
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Prompts and completions in one form.

    Where the template opens the thinking, that is the text that it makes of the prompt, and a reply that goes on: of
    a conversation with the reply in it a template makes something else, without the open tag.
    """
    if data.style == "plain":
        return prompts, [AFTER_PROMPT + reply for reply in replies]
    if not data.think_open:
        return prompts, [[{"role": "assistant", "content": reply}] for reply in replies]
    begin = str(tokenizer.bos_token) if _adds_begin(tokenizer) else ""
    sent = [text.removeprefix(begin) for text in templated(prompts, tokenizer)]
    return sent, [reply.removeprefix(THINK) for reply in replies]


def _adds_begin(tokenizer: Any) -> bool:
    """Whether the tokenizer puts its first token before any text, as the trainer will have it do."""
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id


def _sizes(prompts: Sequence[Any], completions: Sequence[Any], tokenizer: Any) -> list[int]:
    """Tokens of each prompt with its completion and its end, as the trainer counts them."""
    both = [prompt + completion for prompt, completion in zip(prompts, completions, strict=True)]
    if isinstance(both[0], str):
        return token_counts([text + tokenizer.eos_token for text in both], tokenizer, special=True)
    return token_counts(templated(both, tokenizer, replied=True), tokenizer, special=False)
