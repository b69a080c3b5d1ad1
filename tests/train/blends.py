"""A published blend of a few rows, as a folder that `load_dataset` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from crossthink_data.prompts import MCQ_TEMPLATE, prompt_text
from crossthink_data.schema import ARROW_SCHEMA, SCHEMA_VERSION

OPTIONS = ["iron", "gold", "zinc"]


def blend_row(number: int, **changes: Any) -> dict[str, Any]:
    """A multiple-choice row with every column; row n asks for metal n."""
    question = f"Which metal is number {number}?"
    row = {
        **dict.fromkeys(ARROW_SCHEMA.names),
        "id": f"metals:{number:04d}",
        "question_key": f"{number:04x}",
        "group_key": f"metals:{number}",
        "prompt": [{"role": "user", "content": prompt_text(question, OPTIONS)}],
        "question": question,
        "options": OPTIONS,
        "answer": OPTIONS[number % 3],
        "answer_label": "ABC"[number % 3],
        "answer_aliases": [],
        "answer_type": "choice",
        "question_type": "mcq",
        "category": "gpr",
        "domain": "stem" if number % 2 else "law",
        "rationale": "I know it.",
        "source": "metals",
        "source_id": str(number),
        "source_revision": "1",
        "license": "mit" if number % 2 else "cc-by-4.0",
        "template": MCQ_TEMPLATE,
        "schema_version": SCHEMA_VERSION,
    }
    return {**row, **changes}


def write_blend(folder: Path, rows: Sequence[dict[str, Any]], split: str = "train") -> Path:
    """The rows as the folder's split; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), ARROW_SCHEMA), folder / f"{split}.parquet")
    return folder


def write_corpus(folder: Path, blends: dict[str, dict[str, list[dict[str, Any]]]]) -> Path:
    """A folder with a config for each blend, of which each split has its rows; returns the folder."""
    for blend, splits in blends.items():
        for split, rows in splits.items():
            write_blend(folder / blend, rows, split)
    configs = [
        {"config_name": blend, "data_files": [{"split": one, "path": f"{blend}/{one}.parquet"} for one in splits]}
        for blend, splits in blends.items()
    ]
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n", encoding="utf-8")
    return folder
