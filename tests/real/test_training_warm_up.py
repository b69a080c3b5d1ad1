"""What TRL's SFTTrainer learns from: the whole reply, after the prompt that is sent later on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossthink_data.train.data import templated, training_rows
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.worked import COLUMNS, worked_rows
from tests.train.blends import blend_row, write_blend
from tests.train.words import word_tokenizer

pytest.importorskip("trl", reason="trl is not installed: run `make test-real`")

pytestmark = pytest.mark.real

REPLY = "{% if m['role'] == 'user' %}<u> {{ m['content'] }} {% else %}<a> {{ m['content'] }} [end]{% endif %}"
TURNS = "{% for m in messages %}" + REPLY + "{% endfor %}{% if add_generation_prompt %}<a> {% endif %}"
THINKING = TURNS.replace("<a> {% endif %}", "<a> <think> {% endif %}")
WORDS = r"<u> <a> <think> <think>I I know it.</think> \boxed{A} \boxed{B} \boxed{C}"
ROWS = [blend_row(number) for number in range(3)]


def learned(tmp_path: Path, template: str | None, max_length: int | None) -> tuple[list[tuple[str, str]], list[str]]:
    """The context and the reply of every sequence that the trainer made, and the prompts as they are sent."""
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    tokenizer: Any = word_tokenizer(template, [WORDS, *(row["prompt"][0]["content"] for row in ROWS)])
    blend = write_blend(tmp_path / "blend", ROWS)
    asked = training_rows(CorpusArguments(str(blend)), tokenizer, kept=COLUMNS)
    sent = [row["prompt"] for row in asked.rows]
    sent = templated(sent, tokenizer) if template else sent
    data = worked_rows(asked, tokenizer, max_length)
    small: dict[str, Any] = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **small))
    args = SFTConfig(str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=max_length)
    made: Any = SFTTrainer(model=model, args=args, train_dataset=data.rows, processing_class=tokenizer).train_dataset
    pairs = []
    for row in made:
        begins = next(at for at, label in enumerate(row["labels"]) if label != -100)
        pairs.append((tokenizer.decode(row["input_ids"][:begins]), tokenizer.decode(row["input_ids"][begins:])))
    return pairs, [tokenizer.decode(tokenizer(text)["input_ids"]) for text in sent]


REPLIES = {
    "plain": (None, "<think>I know it.</think> \\boxed{{{}}} [end]"),
    "chat": (TURNS, "<think>I know it.</think> \\boxed{{{}}} [end]"),
    "thinking": (THINKING, "I know it.</think> \\boxed{{{}}} [end]"),
}


@pytest.mark.parametrize("style", REPLIES)
def test_the_reply_is_learned_whole_after_what_is_sent(style: str, tmp_path: Path) -> None:
    template, reply = REPLIES[style]
    wanted = [reply.format(label) for label in "ABC"]
    pairs, sent = learned(tmp_path, template, None)
    assert pairs == list(zip(sent, wanted, strict=True))
    longest = max(len(f"{context} {said}".split()) for context, said in pairs)
    assert learned(tmp_path, template, longest)[0] == pairs
