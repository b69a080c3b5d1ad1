"""`python -m tests.graded_to_jsonl OUT_DIR`: the graded files as JSONL in the row's columns, for `crossthink grade`.

Each line holds `id`, `completion` and the gold: `answer`, `answer_type`, `options`, `answer_label`, `answer_aliases`,
and `expected`, what the other grader says (not for MMLU-Pro). A pair without a gold is left out.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from crossthink_data.kinds import LABELS
from crossthink_data.sources.base import last_boxed
from tests.verify.golds import GRADED

Row = dict[str, Any]

CHOICES = tuple(LABELS[:5])
OPTIONS = tuple(f"the option of {label}" for label in CHOICES)  # the pairs have labels alone

_FORMULA = re.compile(r"\s*\$+([^$]+)\$+\s*")
_COMMAND = re.compile(r"\\(?:begin|end)\{[a-z]+\}|\\(?:text\w*|mbox|mathrm)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_PROSE = re.compile(r"(?<!\w)[^\W\d_]{2,}|[^\x00-\x7f]{2,}")
_LABEL = re.compile(r"(?m)^\(?([A-E])\b")


def convert(folder: Path, out: Path) -> list[Path]:
    """Writes one JSONL file for each graded file in `folder`; the paths written."""
    out.mkdir(parents=True, exist_ok=True)
    return [_write(out / f"{_stem(path)}.jsonl", _rows(path)) for path in sorted(folder.glob("*.jsonl*"))]


def graded_rows(path: Path) -> list[Row]:
    """The rows of one graded file."""
    lines = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [orjson.loads(line) for line in lines.splitlines()]


def is_formula(pred: str) -> bool:
    """Whether a pair's prediction is one formula rather than prose: then it is the answer itself."""
    return bool(_FORMULA.fullmatch(pred)) or not _PROSE.search(_COMMAND.sub(" ", pred))


def math_gold(gold: str) -> str:
    """A pair's gold: its last box, else its formula, else itself."""
    formula = _FORMULA.fullmatch(gold)
    return (last_boxed(gold) if r"\boxed" in gold else None) or (formula[1].strip() if formula else gold)


def gold_label(gold: str) -> str:
    """The label that a pair's gold ends with: C of "(C) Cecile"."""
    return str(_LABEL.findall(gold)[-1])


def _stem(path: Path) -> str:
    return path.name.partition(".jsonl")[0]


def _write(path: Path, rows: Iterable[Row]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def _rows(path: Path) -> Iterator[Row]:
    for i, graded in enumerate(graded_rows(path)):
        if graded.get("extracted") != "":
            base: Row = {"id": f"{_stem(path)}:{i}", "options": [], "answer_label": None, "answer_aliases": []}
            yield {**base, **_row(graded)}


def _row(graded: Row) -> Row:
    """The columns that a graded row fills; which file it is of shows in its own."""
    if "question_id" in graded:
        return {"completion": graded["completion"], **_choice(graded["options"], graded["answer"])}
    if "correct" in graded:
        return {"completion": graded["completion"], **_math(graded["gold"], graded["correct"])}
    if graded["kind"] == "math":
        return {"completion": _completion(graded["pred"]), **_math(math_gold(str(graded["gold"])), graded["expected"])}
    label = graded.get("extracted") or gold_label(graded["gold"])
    return {"completion": graded["pred"], **_choice(OPTIONS, label), "expected": graded.get("expected", True)}


def _completion(pred: object) -> str | None:
    if pred is None:
        return None
    text = str(pred)
    return f"\\boxed{{{text}}}" if r"\boxed" not in text and is_formula(text) else text


def _math(gold: str, expected: bool) -> Row:
    return {"answer": gold, "answer_type": "math", "expected": expected}


def _choice(options: Iterable[str], label: str) -> Row:
    texts = list(options)
    return {"options": texts, "answer": texts[LABELS.index(label)], "answer_label": label, "answer_type": "choice"}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for written in convert(GRADED, Path(sys.argv[1])):
        sys.stdout.write(f"{written}\n")
