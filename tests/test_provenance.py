"""The config `provenance`: each row that a model had a part in, and on what grounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from datasets import load_dataset

from crossthink_data.llm.synthesize import SYNTHESIZED
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import make_plan
from crossthink_data.publication import prepare_publication
from crossthink_data.publish import publish_to_folder
from crossthink_data.recipe import load_recipe
from crossthink_data.side_table import SYNTHESIZE
from tests.part_labelled import part_labelled, rows_of
from tests.side_tables import labels_of, table_of

MADE: dict[str, Any] = {
    "id": "doc#0",
    "document_id": "doc",
    "url": "https://example.org/doc",
    "license": "cc-by-4.0",
    "revision": "sha256:12",
    "domain": "stem",
    "question": "Which gas do plants take in by day?",
    "options": ["carbon dioxide", "argon", "neon", "helium"],
    "answer": "carbon dioxide",
    "answer_label": "A",
    "rationale": None,
    "votes": ["A", "A", "B"],
    "agreement": 2 / 3,
    "generator": "m@v1",
    "prompts": "topic-v1 question-v1 mcq-v1",
    "reason": None,
}


def built(recipe: Path, out: Path, workers: int = 1, tasks: int = 2) -> Run:
    return build(make_plan(load_recipe(str(recipe))), out, workers, tasks)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small recipe with three labels of rows without a gold, one that is not adopted, and a synthetic question."""
    folder = tmp_path_factory.mktemp("provenance")
    recipe = part_labelled(folder)
    lost = MADE | {"id": "doc#1", "question": None, "options": None, "answer": None, "reason": "vote_tied"}
    made = table_of(SYNTHESIZE, [MADE, lost], SYNTHESIZED, folder / "tables", documents=[["a.jsonl", "12"]], version=1)
    waiting = rows_of(recipe, "sums").unlabelled
    answers = dict(zip(waiting["id"], ["7", "8", "9", None], strict=False))
    table = labels_of(answers, folder / "tables")
    fields = yaml.safe_load(recipe.read_text())
    fields["sources"]["synthetic"] = {"path": str(made.folder), "count": 1}
    recipe.write_text(yaml.safe_dump(fields | {"labels": str(table.folder)}, sort_keys=False))
    return built(recipe, folder / "runs")


def test_labels_and_synthetic_questions_are_named_and_no_other_row(run: Run) -> None:
    found = pl.read_parquet(run.folder / "data" / "provenance" / "*.parquet")
    pool = pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")
    parts = pool.join(found, on="id").sort("source", "answer").select("source", "part", "answer").rows()
    assert parts == [
        *(("sums", "label", answer) for answer in "789"),
        ("synthetic", "question", "carbon dioxide"),
    ]
    assert found["id"].is_sorted() and len(found) == 4


def test_a_question_names_its_document_and_votes(run: Run) -> None:
    found = pl.read_parquet(run.folder / "data" / "provenance" / "*.parquet")
    (row,) = found.filter(part="question").to_dicts()
    assert row["document_id"] == "doc" and row["document_url"] == "https://example.org/doc"
    assert row["model"] == "m@v1" and row["votes"] == ["A", "A", "B"] and row["document_revision"] == "sha256:12"
    assert row["agreement"] == 2 / 3 and row["threshold"] is None


def test_it_is_published_and_loads(run: Run, tmp_path: Path) -> None:
    publish_to_folder(prepare_publication(run.folder, "x"), tmp_path / "published")
    rows = load_dataset(str(tmp_path / "published"), "provenance", split="train", cache_dir=str(tmp_path / "cache"))
    assert rows.num_rows == 4
    card = (tmp_path / "published" / "README.md").read_text()
    assert "names by its id each of 4 rows whose gold or question a model made" in card


def test_where_no_model_had_a_part_there_is_none(tmp_path: Path) -> None:
    plain = built(part_labelled(tmp_path), tmp_path / "runs")
    assert not (plain.folder / "data" / "provenance").exists()
    assert "`provenance`" not in prepare_publication(plain.folder, "x").texts["README.md"].decode()


def test_workers_and_tasks_change_no_byte(run: Run, tmp_path: Path) -> None:
    again = built(run.folder.parent.parent / "small.yaml", tmp_path / "runs", workers=2, tasks=5)
    assert again.manifest["files"] == run.manifest["files"]


def test_a_synthetic_source_is_a_side_table_of_the_run(run: Run, tmp_path: Path) -> None:
    about = run.manifest["tables"]["sources.synthetic"]
    assert (about["kind"], about["rows"], about["settings"]["documents"]) == (SYNTHESIZE, 1, [["a.jsonl", "12"]])
    assert run.manifest["resolved"]["tables"]["sources.synthetic"] == about["revision"]
    published = prepare_publication(run.folder, "x").texts
    card = published["README.md"].decode()
    assert f"- `sources.synthetic`: `{about['name']}`, of 1 rows of the pool, by **m** at `v1`;" in card
    assert "0 prompt and 0 completion tokens. Settings: style chat, documents (1 files), version 1." in card
    assert "crossthink build recipe.yaml --set labels=TABLE --set sources.synthetic.path=TABLE    #" in card
