"""The commands that ask a model, on a real one: SmolLM2-135M-Instruct behind vLLM. Form, resume, accounts; not wit."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.llm.difficulty import RATED
from crossthink_data.llm.selflabel import LABELLED
from crossthink_data.llm.synthesize import SYNTHESIZED
from tests.command import crossthink_process
from tests.llm.prose import BREAD, GERMAN, TIDES
from tests.small import Small, write_lines
from tests.vllm_server import PYTHON, vllm_server

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

MODEL = Path(__file__).parents[2] / ".cache" / "smollm2"
SHORT = ("--max-tokens", 48, "--temperature", 0.8)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not (PYTHON.is_file() and MODEL.is_dir()):
        pytest.skip("no vLLM or no model: run `make test-real`")
    with vllm_server(MODEL) as url:
        yield url


def asked(server: str, out: Path) -> tuple[object, ...]:
    return ("--model", MODEL.name, "--endpoint", server, "--out", out, "--json")


def test_pass_rates_of_a_few_rows(server: str, small: Small, tmp_path: Path) -> None:
    command = ("difficulty", small.folder, *asked(server, tmp_path), "--limit", 4, "--samples", 2, *SHORT)
    made = crossthink_process(*command).json()
    rows = pl.read_parquet(Path(made["table"]) / "rows.parquet")
    assert dict(rows.schema) == RATED and len(rows) == 4
    assert rows["samples"].to_list() == [2] * 4 and rows["pass_rate"].is_between(0, 1).all()
    responses = pl.read_parquet(Path(made["table"]) / "responses.parquet")
    assert len(responses) == made["usage"]["answers"] == made["last_run"]["requests"] == 8
    assert responses["completion_tokens"].sum() == made["usage"]["completion_tokens"] > 0
    assert responses["completion_tokens"].max() == 48
    assert crossthink_process(*command).json()["cached"]


def test_a_killed_run_goes_on_where_it_was(server: str, small: Small, tmp_path: Path) -> None:
    command = ("difficulty", small.folder, *asked(server, tmp_path), "--limit", 12, *SHORT)
    words = [sys.executable, "-m", "crossthink_data.cli", *map(str, command)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        _wait_for_answers(tmp_path, 2)
    finally:
        process.kill()
        process.wait()
    kept = _answers(tmp_path)
    made = crossthink_process(*command).json()
    assert made["usage"]["answers"] == 12
    assert made["last_run"]["replayed"] == kept and made["last_run"]["requests"] == 12 - kept


def test_questions_of_documents(server: str, tmp_path: Path) -> None:
    texts = {"tides": TIDES, "bread": BREAD, "gezeiten": GERMAN}
    file = write_lines(tmp_path / "texts.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    limits = ("--passage-chars", 1000, "--samples", 2, "--max-tokens", 300, "--solve-max-tokens", 48)
    made = crossthink_process("synthesize", file, *asked(server, tmp_path), *limits).json()
    rows = pl.read_parquet(Path(made["table"]) / "rows.parquet")
    assert dict(rows.schema) == SYNTHESIZED and len(rows) >= 2
    assert made["summary"]["documents"]["removed"] == {"language": 1}
    written = rows.drop_nulls("question")  # constrained, so it keeps the form even of so small a model
    assert written["options"].list.len().is_between(4, 10).all()
    assert made["summary"]["kept"] + sum(made["summary"]["reasons"].values()) == len(rows)


def test_a_round_of_self_labelling(server: str, tmp_path: Path) -> None:
    rows = [{"q": f"What is {i} plus {i}?", "a": None if i % 2 else str(2 * i)} for i in range(6)]
    write_lines(tmp_path / "sums.jsonl", rows)
    recipe = tmp_path / "sums.yaml"
    recipe.write_text(
        "name: sums\nsources:\n  sums:\n    columns: {question: q, answer: a}\n    files: [sums.jsonl]\n"
        "    license: mit\n    category: mr\n    count: 1\nblends:\n  nd: {weights: count}\n"
    )
    rest = ("--state", tmp_path / "state", "--samples", 2, *SHORT)
    made = crossthink_process("selflabel", recipe, *asked(server, tmp_path), *rest).json()
    table = pl.read_parquet(Path(made["table"]) / "rows.parquet")
    assert dict(table.schema) == LABELLED and len(table) == 3
    assert table["members"].to_list() == [2, 2, 2] and set(table["agreement"]) <= {0.0, 0.5, 1.0}
    assert made["summary"]["thresholds"]["general"]["reason"].startswith(
        ("0 validation", "1 validation", "2 validation")
    )
    assert made["summary"]["adopted_rows"] == 0 and table["answer"].null_count() == 3
    assert json.loads((tmp_path / "state" / "state.json").read_text())["round"] == 1


def test_a_model_that_is_not_there_names_those_that_are(server: str, small: Small, tmp_path: Path) -> None:
    ran = crossthink_process("difficulty", small.folder, "--model", "smolm2", "--endpoint", server, "--out", tmp_path)
    assert "'smolm2': it offers smollm2" in ran.refusal()


def test_a_context_too_short_is_counted(server: str, small: Small, tmp_path: Path) -> None:
    command = ("difficulty", small.folder, *asked(server, tmp_path), "--limit", 2, "--max-tokens", 4000)
    made: dict[str, Any] = crossthink_process(*command).json()
    assert made["summary"]["reasons"] == {"too_long": 2} and made["summary"]["lost"] == 2


def _wait_for_answers(out: Path, wanted: int) -> None:
    ends = time.monotonic() + 120
    while _answers(out) < wanted:
        assert time.monotonic() < ends, "no answer in two minutes"
        time.sleep(0.05)


def _answers(out: Path) -> int:
    for path in out.glob("difficulty-*/.work/**/replay.sqlite3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
            try:
                return int(file.execute("SELECT count(*) FROM request_cache").fetchone()[0])
            except sqlite3.OperationalError:  # not written yet
                return 0
    return 0
