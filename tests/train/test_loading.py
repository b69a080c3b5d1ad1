"""The tokenizer that a script loads, and what it says where there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.loading import init_kwargs, tokenizer_of
from tests.train.words import word_tokenizer

ARGS = SimpleNamespace(trust_remote_code=True, model_init_kwargs={"use_cache": False, "dtype": "float16"})


def model(name: Path | None) -> Any:
    return SimpleNamespace(
        model_name_or_path=name and str(name), model_revision="main", attn_implementation=None, dtype="float32"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    word_tokenizer(texts=["a b"]).save_pretrained(tmp_path / "smollm2")
    return tmp_path / "smollm2"


def test_a_folder_s_tokenizer(folder: Path) -> None:
    loaded = tokenizer_of(model(folder), ARGS, padding_side="left")
    assert (loaded("a b")["input_ids"], loaded.padding_side) == ([2, 3], "left")


def test_a_folder_that_is_not_there_has_near_names(folder: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"cannot load the tokenizer of .*smollm3 .*did you mean .*/smollm2\?"):
        tokenizer_of(model(folder.with_name("smollm3")), ARGS)


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="--model_name_or_path is a model's folder or its id on the Hub"):
        tokenizer_of(model(tmp_path), ARGS)


def test_no_name() -> None:
    with pytest.raises(CrossthinkError, match="no model: give its folder"):
        tokenizer_of(model(None), ARGS)


def test_what_the_model_is_loaded_with() -> None:
    assert init_kwargs(model(None), ARGS) == {
        "revision": "main",
        "trust_remote_code": True,
        "attn_implementation": None,
        "dtype": "float16",
        "use_cache": False,
    }
