"""Decontamination through whole builds, from benchmarks on a Hub: evidence, counts, secrets and what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data.decontaminate import EVIDENCE_FILE
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import make_plan
from crossthink_data.publication import prepare_publication
from crossthink_data.publish import publish_to_folder
from crossthink_data.recipe import load_recipe
from crossthink_data.show import contamination_tables, evidence
from tests.benchmark_items import PASSAGE, RAMP, SHARED_STEM
from tests.command import Crossthink
from tests.hub_fixture import Hub
from tests.hub_store import seed
from tests.small import write_lines

SECRET = (
    "Which made-up particle of ours, the zyzzyvon, decays into 3 blue quarks within 2 seconds of its birth at rest?"
)
SECRET_OPTIONS = ["the upper zyzzyvon", "the lower zyzzyvon", "the bare zyzzyvon", "no zyzzyvon"]
CLEAN = [f"How many {what} fit into the hall of the {where} museum?" for what in ("chairs", "bells") for where in "ABC"]
ROWS = [RAMP.upper(), f"Now a harder one. {RAMP}", RAMP.replace("12 kg", "19 kg"), SECRET, *CLEAN]


def write_benchmarks(folder: Path) -> None:
    """Small stand-ins for three benchmarks, at their real ids."""
    write_lines(
        folder / "HuggingFaceH4" / "MATH-500" / "test.jsonl", [{"problem": RAMP, "unique_id": "test/ramp.json"}]
    )
    law = folder / "hails" / "agieval-lsat-lr" / "data"
    law.mkdir(parents=True)
    query = f"{PASSAGE}Q: {SHARED_STEM} Answer Choices: (A)It grew. (B)It fell.\nA: Among A through B, the answer is"
    pl.DataFrame({"query": [query], "choices": [["(A)It grew.", "(B)It fell."]]}).write_parquet(law / "test-0.parquet")
    gpqa = folder / "Idavidrein" / "gpqa"
    gpqa.mkdir(parents=True)
    names = ["Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]
    row = {"Question": SECRET, **dict(zip(names, SECRET_OPTIONS, strict=True))}
    pl.DataFrame([row]).write_csv(gpqa / "gpqa_diamond.csv")


def write_recipe(folder: Path, **changes: Any) -> Path:
    """Open rows, and multiple choice with the secret question in it."""
    write_lines(folder / "rows.jsonl", [{"n": i, "ask": ask, "says": str(i)} for i, ask in enumerate(ROWS)])
    write_lines(folder / "mcq.jsonl", [{"ask": SECRET, "choices": SECRET_OPTIONS, "right": 2}])
    recipe = {
        "name": "checked",
        "sources": {
            "web": {
                "columns": {"question": "ask", "answer": "says", "source_id": "n"},
                "files": ["rows.jsonl"],
                "license": "mit",
                "category": "mr",
                "count": 1,
            },
            "quiz": {
                "columns": {"question": "ask", "options": "choices", "answer_index": "right"},
                "files": ["mcq.jsonl"],
                "license": "mit",
                "count": 1,
            },
        },
        "decontaminate": {"benchmarks": ["math500", "gpqa_diamond"]},
        "size": 20,
        "blends": {"nd": {"weights": "count"}},
    }
    path = folder / "checked.yaml"
    path.write_text(yaml.safe_dump(recipe | changes, sort_keys=False))
    return path


@pytest.fixture
def seeded(hub: Hub, tmp_path: Path) -> Hub:
    write_benchmarks(tmp_path / "seed")
    seed(hub.store, tmp_path / "seed")
    return hub


def built(recipe: Path, workers: int = 1, tasks: int = 1) -> Run:
    return build(make_plan(load_recipe(str(recipe))), recipe.parent / f"runs-{workers}-{tasks}", workers, tasks)


def texts(folder: Path) -> bytes:
    """Every byte that was written, parquet as text too."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    frames = [pl.read_parquet(path) for path in sorted(folder.rglob("*.parquet"))]
    return b"\n".join([*parts, *(frame.write_json().encode() for frame in frames)]).lower()


def test_copies_go_and_are_counted(seeded: Hub, tmp_path: Path) -> None:
    run = built(write_recipe(tmp_path))
    web = run.manifest["sources"]["web"]
    assert web["removed"] == {"contaminated": 3}
    assert web["pool"] == len(ROWS) - 3
    found = run.manifest["contamination"]
    assert found["math500"] == {"rows": 2, "items": 1, "checked": ["math500"], "missing": {}}
    assert found["gpqa_diamond"]["items"] == 1


def test_the_evidence_names_row_item_and_text(seeded: Hub, tmp_path: Path) -> None:
    run = built(write_recipe(tmp_path))
    found = pl.read_parquet(run.folder / EVIDENCE_FILE).filter(pl.col("benchmark") == "math500")
    assert set(found["item"]) == {"test/ramp.json"}
    assert found["share"].to_list() == [1.0, 1.0]
    assert set(found["matched"]) == {RAMP.lower().removesuffix("?")}
    removed = pl.read_parquet(run.folder / "data" / "removed" / "*.parquet")
    assert set(found["id"]) < set(removed["id"])


def test_nothing_of_a_secret_benchmark_is_on_disk(seeded: Hub, tmp_path: Path) -> None:
    run = built(write_recipe(tmp_path))
    found = pl.read_parquet(run.folder / EVIDENCE_FILE).filter(pl.col("benchmark") == "gpqa_diamond")
    assert found.select("id", "matched").null_count().row(0) == (len(found), len(found))
    assert len(found) > 0
    assert b"zyzzyvon" not in texts(run.folder)


def test_no_benchmarks_text_is_published(seeded: Hub, tmp_path: Path) -> None:
    run = built(write_recipe(tmp_path))
    publish_to_folder(prepare_publication(run.folder, "acme/checked"), tmp_path / "published")
    published = texts(tmp_path / "published")
    assert b"zyzzyvon" not in published
    assert b"wooden crate of mass 12 kg" not in published
    assert b"wooden crate of mass 19 kg" in published  # another question, which stays
    assert not (tmp_path / "published" / EVIDENCE_FILE).exists()


@pytest.mark.parametrize(("workers", "tasks"), [(1, 4), (2, 7)])
def test_workers_and_tasks_change_no_byte(seeded: Hub, tmp_path: Path, workers: int, tasks: int) -> None:
    recipe = write_recipe(tmp_path)
    one, other = built(recipe), built(recipe, workers, tasks)
    assert one.manifest["files"] == other.manifest["files"]
    assert (one.folder / EVIDENCE_FILE).read_bytes() == (other.folder / EVIDENCE_FILE).read_bytes()


# what cannot be read


def test_a_benchmark_that_cannot_be_read_is_an_error(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    recipe = write_recipe(tmp_path, decontaminate={"benchmarks": ["math500", "supergpqa"]})
    ran = crossthink("build", recipe, "--out", tmp_path / "runs")
    assert ran.code == 2
    assert "benchmark 'supergpqa': no data set m-a-p/SuperGPQA" in ran.err
    assert "--allow-missing" in ran.err


def test_allow_missing_goes_on_and_the_card_says_so(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    recipe = write_recipe(tmp_path, decontaminate={"benchmarks": ["math500", "supergpqa", "agieval"]})
    ran = crossthink("build", recipe, "--out", tmp_path / "runs", "--allow-missing", "--json", "--quiet")
    assert ran.code == 0, ran.err
    run = Path(json.loads(ran.out)["run"])
    card = prepare_publication(run, "acme/checked").texts["README.md"].decode()
    assert "| math500 | 2 | 1 | math500 |  |" in card
    assert "- **supergpqa** was not checked: supergpqa could not be read when this was built." in card
    assert "- **agieval** was only partly checked: agieval_aqua_rat" in card
    assert "not compared with supergpqa" in ran.err


def test_the_recipe_may_allow_it_too(seeded: Hub, tmp_path: Path) -> None:
    settings = {"benchmarks": ["math500", "supergpqa"], "allow_missing": True}
    run = built(write_recipe(tmp_path, decontaminate=settings))
    assert "m-a-p/SuperGPQA" in run.manifest["contamination"]["supergpqa"]["missing"]["supergpqa"]


def test_what_was_missing_is_part_of_the_runs_name(seeded: Hub, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, decontaminate={"benchmarks": ["math500", "amc23"], "allow_missing": True})
    before = make_plan(load_recipe(str(recipe))).hash
    amc = tmp_path / "more" / "math-ai" / "amc23"
    amc.mkdir(parents=True)
    pl.DataFrame({"id": ["0"], "question": ["How many?"]}).write_parquet(amc / "test-0.parquet")
    seed(seeded.store, tmp_path / "more")
    assert make_plan(load_recipe(str(recipe))).hash != before


def test_a_benchmark_file_without_its_columns_is_an_error(hub: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    folder = tmp_path / "seed" / "TIGER-Lab" / "MMLU-Pro" / "data"
    folder.mkdir(parents=True)
    pl.DataFrame({"question": ["What?"]}).write_parquet(folder / "test-0.parquet")
    seed(hub.store, tmp_path / "seed")
    recipe = write_recipe(tmp_path, decontaminate={"benchmarks": ["mmlu_pro"]})
    ran = crossthink("build", recipe, "--out", tmp_path / "runs")
    assert ran.code == 2
    assert "test-0.parquet has no column 'options'" in ran.err


# what is shown


def test_show_lists_counts_and_evidence(seeded: Hub, tmp_path: Path, crossthink: Crossthink) -> None:
    run = built(write_recipe(tmp_path))
    shown = crossthink("show", run.folder, "--contamination", "--json")
    told = json.loads(shown.out)
    assert told["contamination"]["math500"]["rows"] == 2
    assert {one["item"] for one in told["evidence"] if one["benchmark"] == "math500"} == {"test/ramp.json"}
    counts, rows = contamination_tables(run.manifest, evidence(run.folder, run.manifest))
    assert counts.rows[0][:3] == ["math500", 2, 1]
    assert "zyzzyvon" not in str(rows.rows)
    assert "test/ramp.json" in crossthink("show", run.folder, "--contamination").out


def test_show_of_a_run_that_was_compared_with_nothing(tmp_path: Path, crossthink: Crossthink) -> None:
    run = built(write_recipe(tmp_path, decontaminate=None))
    assert run.manifest["contamination"] is None
    ran = crossthink("show", run.folder, "--contamination")
    assert ran.code == 2
    assert "compared with no benchmark" in ran.err


def test_an_unknown_benchmark_in_a_recipe(tmp_path: Path, crossthink: Crossthink) -> None:
    ran = crossthink("build", write_recipe(tmp_path, decontaminate={"benchmarks": ["gsm8k"]}))
    assert ran.code == 2
    assert "decontaminate.benchmarks" in ran.err
