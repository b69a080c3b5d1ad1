from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.benchmarks import BENCHMARK_SETS, BENCHMARKS, benchmark_source, sets_of
from crossthink_data.errors import CrossthinkError
from crossthink_data.plan import PlannedSource
from crossthink_data.read import read_items
from crossthink_data.recipe import SourceEntry
from tests.small import write_lines
from tests.support import HUB, needs_hub


def items_of(name: str, rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Items of a set, from rows in its public schema."""
    file = Path(BENCHMARK_SETS[name].files[0].replace("*", "0"))
    path = folder / file.name
    if path.suffix == ".jsonl":
        write_lines(path, rows)
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    else:
        pl.DataFrame(rows).write_parquet(path)
    return read(name, [(str(file), path)]).to_dicts()


def read(name: str, files: list[tuple[str, Path]]) -> pl.DataFrame:
    return read_items(PlannedSource(benchmark_source(name), SourceEntry(), "r", tuple(files)))


def test_the_seven_benchmarks() -> None:
    assert BENCHMARKS == ("math500", "amc23", "mmlu", "mmlu_pro", "gpqa_diamond", "agieval", "supergpqa")
    assert len(sets_of(("agieval",))) == 8
    assert sets_of(BENCHMARKS) == list(BENCHMARK_SETS)


def test_only_gpqa_is_secret() -> None:
    assert [name for name, one in BENCHMARK_SETS.items() if one.no_publish] == ["gpqa_diamond"]


@pytest.mark.parametrize("name", BENCHMARK_SETS)
def test_a_revision_is_a_commit(name: str) -> None:
    revision = BENCHMARK_SETS[name].revision
    assert revision is None or len(revision) == 40


def test_an_unknown_benchmark_is_named_with_those_that_are_known() -> None:
    with pytest.raises(CrossthinkError, match=r"gsm8k.*math500"):
        sets_of(("gsm8k",))
    with pytest.raises(CrossthinkError, match="agieval_math"):
        benchmark_source("agieval")


def test_math500(tmp_path: Path) -> None:
    (one,) = items_of(
        "math500", [{"problem": " What is $1+1$? ", "answer": "2", "unique_id": "test/a/1.json"}], tmp_path
    )
    assert one == {
        **{"benchmark": "math500", "set": "math500", "item": "test/a/1.json", "no_publish": False},
        **{"question": "What is $1+1$?", "passage": None, "options": []},
    }


def test_an_item_without_an_id_is_its_place(tmp_path: Path) -> None:
    (one,) = items_of("math500", [{"problem": "Why?"}], tmp_path)
    assert one["item"] == "test.jsonl#0"


@pytest.mark.parametrize(
    ("name", "row", "item", "options"),
    [
        ("amc23", {"id": "7", "question": "Q?", "answer": "27"}, "7", []),
        ("mmlu", {"question": "Q?", "choices": ["a", "b"], "answer": 1}, "all/test-0.parquet#0", ["a", "b"]),
        ("mmlu_pro", {"question_id": 70, "question": "Q?", "options": ["a", "b"]}, "70", ["a", "b"]),
        ("supergpqa", {"uuid": "u1", "question": "Q?", "options": ["a", "b"]}, "u1", ["a", "b"]),
    ],
)
def test_items_with_a_column_a_part(
    tmp_path: Path, name: str, row: dict[str, Any], item: str, options: list[str]
) -> None:
    (one,) = items_of(name, [row], tmp_path)
    assert (one["question"], one["passage"], one["item"], one["options"]) == ("Q?", None, item, options)


@pytest.mark.parametrize(
    ("query", "passage", "question"),
    [
        ("Q: Why? Answer Choices: (A)x (B)y\nA: Among A through B, the answer is", None, "Why?"),
        ("A text. Q: Why? Answer Choices: (A)x (B)y\nA: Among A through B, the answer is", "A text.", "Why?"),
        ("Q: Why, of Q: and A: two?\nA: The answer is", None, "Why, of Q: and A: two?"),
        ("No mark at all", None, "No mark at all"),
    ],
)
def test_an_agieval_prompt_is_taken_apart(tmp_path: Path, query: str, passage: str | None, question: str) -> None:
    (one,) = items_of("agieval_lsat_rc", [{"query": query, "choices": ["(A)x", "(B) y"], "gold": [0]}], tmp_path)
    assert (one["passage"], one["question"], one["options"]) == (passage, question, ["x", "y"])
    assert (one["benchmark"], one["set"]) == ("agieval", "agieval_lsat_rc")


def test_agievals_mathematics_has_no_options(tmp_path: Path) -> None:
    (one,) = items_of("agieval_math", [{"query": "Q: What is 2 + 3?\nA: The answer is", "answer": "5"}], tmp_path)
    assert (one["question"], one["options"]) == ("What is 2 + 3?", [])


def test_the_id_of_a_secret_item_is_a_hash(tmp_path: Path) -> None:
    row = {
        "Record ID": "rec1",
        "Question": "A made-up\nquestion, of ours?",
        "Correct Answer": " yes ",
        "Subdomain": "none",
    }
    wrong = {f"Incorrect Answer {i}": f"no {i}" for i in (1, 2, 3)}
    (one,) = items_of("gpqa_diamond", [row | wrong], tmp_path)
    assert one["options"] == ["yes", "no 1", "no 2", "no 3"]
    assert one["no_publish"]
    assert len(one["item"]) == 24
    assert set(one["item"]) <= set("0123456789abcdef")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"mmlu_pro.*no column 'options'"):
        items_of("mmlu_pro", [{"question": "Q?"}], tmp_path)


ROWS = {"math500": 500, "amc23": 40, "mmlu": 14_042, "mmlu_pro": 12_032, "supergpqa": 300, "agieval_math": 1_000}
ROWS |= {"agieval_aqua_rat": 254, "agieval_lsat_ar": 230, "agieval_lsat_lr": 510, "agieval_lsat_rc": 269}
ROWS |= {"agieval_sat_en": 206, "agieval_sat_math": 220}


@needs_hub
@pytest.mark.parametrize(("name", "rows"), ROWS.items())
def test_the_mirror_has_every_item_with_a_question(name: str, rows: int) -> None:
    folder = HUB / BENCHMARK_SETS[name].repo
    paths = [path for glob in BENCHMARK_SETS[name].files for path in sorted(folder.glob(glob))]
    items = read(name, [(path.name, path) for path in paths])
    assert len(items) == rows
    assert items["item"].n_unique() == rows
    assert (items["question"] != "").all()
    assert not items["question"].str.contains("Answer Choices|^Q:").any()
    if name.startswith(("agieval_lsat", "agieval_sat_en")):
        assert items["passage"].is_not_null().all()
