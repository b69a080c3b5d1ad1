"""A tokenizer of whole words: what it knows can be counted by hand, and a model of it is tiny."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

UNKNOWN, END = "[unknown]", "[end]"
CHAT = "{% for m in messages %}<u>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
THINKING = CHAT.replace("<a>", "<a>\n<think>\n")


def word_tokenizer(template: str | None = None, texts: Iterable[str] = ()) -> PreTrainedTokenizerFast:
    """A token a word of these texts; every other word is the same one."""
    words = dict.fromkeys(word for text in texts for word in text.split())
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate((UNKNOWN, END, *words))}, unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token=UNKNOWN, eos_token=END, pad_token=END, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = template
    return tokenizer  # type: ignore[no-any-return]
