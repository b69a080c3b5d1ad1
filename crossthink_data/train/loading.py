"""How both scripts load a model and its tokenizer."""

from __future__ import annotations

from typing import Any

from transformers import AutoTokenizer

from crossthink_data.errors import CrossthinkError
from crossthink_data.load import near_folders


def tokenizer_of(model: Any, args: Any, **more: Any) -> Any:
    """The tokenizer of a parsed ModelConfig's model. Raises CrossthinkError where it cannot be loaded."""
    name = model.model_name_or_path
    if not name:
        raise CrossthinkError("no model: give its folder or its id on the Hub, --model_name_or_path")
    try:
        return AutoTokenizer.from_pretrained(
            name, revision=model.model_revision, trust_remote_code=args.trust_remote_code, **more
        )
    except (OSError, ValueError) as error:
        said = " or ".join(near_folders(name))
        cure = f"did you mean {said}?" if said else "--model_name_or_path is a model's folder or its id on the Hub"
        raise CrossthinkError(f"cannot load the tokenizer of {name} ({str(error).splitlines()[0]}): {cure}") from error


def init_kwargs(model: Any, args: Any) -> dict[str, Any]:
    """What the trainer loads the model with: the parsed options', and `model_init_kwargs`, which win."""
    asked = {
        "revision": model.model_revision,
        "trust_remote_code": args.trust_remote_code,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
    }
    return asked | (args.model_init_kwargs or {})
