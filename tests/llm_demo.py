"""What `make llm-demo` runs: every command that asks a model, on a real one, on two CPU cores in a few minutes.

SmolLM2-135M-Instruct behind vLLM: questions from documents, pass rates of 20 starter rows, a round of self-labelling,
and a corpus built from the three tables. So small a model gets little right: what shows is that each part works.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from tests.llm.prose import BREAD, GERMAN, TIDES
from tests.vllm_server import vllm_server

MODEL = Path(".cache/smollm2")
OUT = Path("runs/llm-demo")
SHARED = Path(__file__).parents[2] / "shared" / "hub"
STARTER = Path("published/starter")
ROWS = 20
SHORT = ("--max-tokens", 160, "--temperature", 0.8)


def main() -> None:
    """Runs from the project's folder, after `make demo`."""
    for left in ("tables", "state"):
        shutil.rmtree(OUT / left, ignore_errors=True)  # else it would find tables, and label a second round
    OUT.mkdir(parents=True, exist_ok=True)
    with vllm_server(MODEL) as url:
        asked = ("--model", MODEL.name, "--endpoint", url, "--out", OUT / "tables")
        tables = [
            _run("synthesize", *documents(), *asked, *_SYNTHESIS),
            _run("difficulty", STARTER, *asked, "--limit", ROWS, "--samples", 3, "--band", "0.1-0.9", *SHORT),
            _run("selflabel", unlabelled_recipe(), *asked, "--state", OUT / "state", "--samples", 3, *SHORT),
        ]
    _run("build", corpus_recipe(*tables), "--out", OUT, "--workers", 1)


_SYNTHESIS = (
    *("--limit", 8, "--passage-chars", 1500, "--samples", 3),
    *("--max-tokens", 400, "--solve-max-tokens", 160),
)


def documents() -> list[Path]:
    """OpenStax text and a web archive where they lie beside the project; else prose of our own."""
    real = [*SHARED.glob("openstax/us-history-*.tar.gz"), *SHARED.glob("web/aut-example.warc.gz")]
    if real:
        return real
    path = OUT / "documents.jsonl"
    texts = {"tides": TIDES, "bread": BREAD, "gezeiten": GERMAN}
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()))
    return [path]


def unlabelled_recipe() -> Path:
    """Open starter questions, of which every other one has lost its answer."""
    pool = pl.read_parquet(STARTER / "data" / "pool" / "train-*.parquet")
    rows = pool.filter(pl.col("source") == "starter_open").head(ROWS).select("question", "answer")
    halves = [{**row, "answer": row["answer"] if place % 2 else None} for place, row in enumerate(rows.to_dicts())]
    (OUT / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in halves))
    source = {"columns": {"question": "question", "answer": "answer"}, "files": ["questions.jsonl"], "license": "mit"}
    return _recipe("unlabelled", {"sources": {"questions": {**source, "count": 1}}})


def corpus_recipe(synthesized: Path, rated: Path, labelled: Path) -> Path:
    """The starter sources with the pass rates, the questions with their labels, and the synthetic ones."""
    unlabelled = yaml.safe_load((OUT / "unlabelled.yaml").read_text())["sources"]
    starter = {name: {"count": 1} for name in ("starter_mcq", "starter_open")}
    synthetic = {"synthetic": {"path": str(synthesized.absolute()), "count": 1}}
    tables = {"pass_rates": str(rated.absolute()), "labels": str(labelled.absolute())}
    blends = {"nd": {"weights": "count"}, "f_nd": {"weights": "count", "keep_hard": {}}}
    return _recipe("llm_demo", {"sources": {**starter, **unlabelled, **synthetic}, **tables, "blends": blends})


def _recipe(name: str, fields: dict[str, Any]) -> Path:
    path = OUT / f"{name}.yaml"
    default = {"name": name, "size": 64, "blends": {"nd": {"weights": "count"}}}
    path.write_text(yaml.safe_dump({**default, **fields}, sort_keys=False))
    return path


def _run(command: str, *options: object) -> Path:
    """Runs a command as a user would; the folder that it says it made."""
    words = [sys.executable, "-m", "crossthink_data.cli", command, *map(str, options)]
    sys.stdout.write(f"\n$ crossthink {' '.join(words[3:])}\n")
    sys.stdout.flush()
    said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    sys.stdout.write(said)
    (made,) = re.findall(r"^(?:made|found|built): (.+)$", said, re.MULTILINE)
    return Path(made)


if __name__ == "__main__":
    main()
