"""A tokenizer whose tokens are the words between spaces, and which begins every text with one of its own."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

KNOWN = {"[UNK]": 0, "[BOS]": 1}


def save_tokenizer(folder: Path) -> Path:
    """The folder, with the tokenizer in it."""
    words = Tokenizer(WordLevel(KNOWN, unk_token="[UNK]"))
    words.pre_tokenizer = WhitespaceSplit()
    words.post_processor = TemplateProcessing(single="[BOS] $A", special_tokens=[("[BOS]", KNOWN["[BOS]"])])
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", bos_token="[BOS]").save_pretrained(folder)
    return folder
