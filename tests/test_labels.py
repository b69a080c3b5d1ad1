"""Labels out of a side table: rows without a gold come into the pool, and a row with one keeps it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data.card import render_card
from crossthink_data.errors import CrossthinkError
from crossthink_data.labels import Labels, unlabelled
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import Plan, make_plan
from crossthink_data.publication import RECIPE, prepare_publication
from crossthink_data.recipe import load_recipe
from crossthink_data.side_table import SideTable
from tests.part_labelled import gold, part_labelled, question, rows_of
from tests.side_tables import labels_of, rates_of
from tests.small import write_lines
from tests.support import rows_frame

CODES, SUMS, WAIT = 20, 16, 6
GOLD = ("answer", "answer_label", "answer_type")


def plan_of(recipe: Path, table: Path, *settings: str) -> Plan:
    return make_plan(load_recipe(str(recipe), [f"labels={table}", *settings]))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return part_labelled(tmp_path_factory.mktemp("recipe"), CODES, SUMS, WAIT)


@pytest.fixture(scope="module")
def waiting(recipe: Path) -> dict[str, str]:
    """id -> question of each row without a gold."""
    return {row["id"]: question(row) for row in rows_of(recipe).unlabelled.iter_rows(named=True)}


@pytest.fixture(scope="module")
def table(waiting: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> SideTable:
    """The right labels, but for two rows of which none is adopted."""
    none = ("Which code did station 0 send?", "What is 1 plus 3?")
    labels = {id_: None if text in none else gold(text) for id_, text in waiting.items()}
    return labels_of(labels, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def run(recipe: Path, table: SideTable, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build(plan_of(recipe, table.folder), tmp_path_factory.mktemp("runs"), workers=1, tasks=2)


def pool(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")


# ---- the step


def labelled(tmp_path: Path, label: str | None, **row: Any) -> tuple[Any, ...]:
    """The gold of one row, whose id the table has."""
    frame = rows_frame(row).with_columns(id=pl.lit("a"), reason=pl.lit(row.get("reason"), pl.String))
    step = pickle.loads(pickle.dumps(Labels(labels_of({"a": label}, tmp_path).folder)))  # noqa: S301 - as a worker gets it
    marked = step.apply(frame)
    done = marked.drop("filled")
    assert marked["filled"].to_list() == [
        done["answer"].item() != frame["answer"].item() or done["answer_label"].item() != frame["answer_label"].item()
    ]
    assert done.columns == frame.columns
    assert dict(done.schema) == dict(frame.schema)
    assert done.drop(GOLD).equals(frame.drop(GOLD))
    return tuple(done.select(GOLD).row(0))


OPTIONS = ["iron", "tin", "zinc"]
BARE = {"options": OPTIONS, "answer": None, "answer_label": None}


@pytest.mark.parametrize(
    ("label", "row", "expected"),
    [
        pytest.param("Paris", {"answer": None}, ("Paris", None, "text"), id="text"),
        pytest.param("1,260", {"answer": ""}, ("1,260", None, "text"), id="number"),
        pytest.param("7", {"answer": " ", "answer_type": "math"}, ("7", None, "math"), id="as its source says"),
        pytest.param("C", {"answer": None}, ("C", None, "text"), id="a letter where nothing is chosen"),
        pytest.param("B", BARE, ("tin", "B", "choice"), id="choice"),
        pytest.param("AC", BARE, (None, "AC", "choice"),
                     id="several, which the filters remove"),
        pytest.param("D", BARE, (None, "D", "choice"),
                     id="no option, which the filters remove"),
        pytest.param("Rome", {"answer": "Paris"}, ("Paris", None, "text"), id="it has a gold"),
        pytest.param("B", {"options": OPTIONS}, ("iron", "A", "choice"), id="a choice that has a gold"),
        pytest.param("Rome", {"answer": None, "reason": "proof"}, (None, None, "text"), id="another fault"),
        pytest.param(None, {"answer": None}, (None, None, "text"), id="none was adopted"),
    ],
)  # fmt: skip
def test_what_a_label_becomes(
    tmp_path: Path, label: str | None, row: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert labelled(tmp_path, label, **row) == expected


def test_rows_that_the_table_does_not_have_stay_as_they_are(tmp_path: Path) -> None:
    frame = rows_frame({"answer": None}, {"answer": None}, {}).with_columns(
        id=pl.Series(["b", "a", "c"]), reason=pl.lit(None, pl.String)
    )
    done = Labels(labels_of({"a": "4", "x": "5"}, tmp_path).folder).apply(frame)
    assert done.select("id", "answer", "answer_type", "filled").rows() == [
        ("b", None, "text", False), ("a", "4", "text", True), ("c", "Yes", "text", False),
    ]  # fmt: skip


def test_without_a_table_nothing_changes() -> None:
    frame = rows_frame({"answer": None}).with_columns(id=pl.lit("a"))
    assert Labels(None).apply(frame).equals(frame.with_columns(filled=pl.lit(False)))


def test_which_rows_are_unlabelled() -> None:
    frame = pl.DataFrame({"answer": [None, "", " \t", "0", None], "reason": [None, None, None, None, "proof"]})
    assert frame.select(unlabelled()).to_series().to_list() == [True, True, True, False, False]


# ---- the build


def test_labelled_rows_come_into_the_pool_and_the_others_do_not(run: Run, waiting: dict[str, str]) -> None:
    rows = pool(run)
    labelled_ids = set(rows["id"]) & set(waiting)
    assert len(labelled_ids) == 2 * WAIT - 2
    removed = {name: source["removed"] for name, source in run.manifest["sources"].items()}
    assert removed == {"codes": {"answer_not_in_options": 1}, "sums": {"answer_missing": 1}}
    assert len(rows) == CODES + SUMS - 2


def test_their_golds_are_the_labels(run: Run, waiting: dict[str, str]) -> None:
    for row in pool(run).filter(pl.col("id").is_in(list(waiting))).iter_rows(named=True):
        right = gold(waiting[row["id"]])
        if row["source"] == "codes":
            assert (row["answer_label"], row["answer_type"]) == (right, "choice")
            assert row["answer"] == row["options"]["ABCD".index(right)]
        else:
            assert (row["answer"], row["answer_label"], row["answer_type"]) == (right, None, "number")


def test_a_row_with_a_gold_keeps_it(recipe: Path, run: Run, tmp_path: Path) -> None:
    """A table that says otherwise of every row changes nothing but those without one."""
    before = pool(run)
    table = labels_of(dict.fromkeys(before["id"], "B"), tmp_path)
    done = build(plan_of(recipe, table.folder), tmp_path / "runs", workers=1, tasks=1)
    known = rows_of(recipe).validation["id"].to_list()
    after = pool(done).filter(pl.col("id").is_in(known))
    assert after.equals(before.filter(pl.col("id").is_in(known)))
    assert len(after) == CODES + SUMS - 2 * WAIT
    labelled = pl.read_parquet(done.folder / "data" / "provenance" / "*.parquet")
    assert not set(labelled["id"]) & set(known)
    assert done.manifest["tables"]["labels"]["rows"] == len(labelled) == len(before) - len(known)


def test_of_rows_that_all_have_a_gold_none_is_a_label(tmp_path: Path) -> None:
    """Nor where the label is what the gold is: nobody used it."""
    recipe = part_labelled(tmp_path, 0, 8, 0)
    rows = pool(
        build(make_plan(load_recipe(str(recipe), ["blends={nd: {weights: {sums: 1}}}"])), tmp_path / "runs", 1, 1)
    )
    table = labels_of(dict(rows.select("id", "answer").iter_rows()), tmp_path)
    done = build(plan_of(recipe, table.folder, "blends={nd: {weights: {sums: 1}}}"), tmp_path / "runs", 1, 1)
    assert not (done.folder / "data" / "provenance").exists()
    assert done.manifest["tables"]["labels"]["rows"] == 0
    assert done.manifest["warnings"][0].startswith(f"labels: {table.folder.name} says something of no row of the pool")
    assert "labels that models agreed on" not in render_card(done.folder, done.manifest, "x")


def test_a_label_goes_through_every_check_that_a_gold_does(tmp_path: Path) -> None:
    recipe = part_labelled(tmp_path, 0, 4, 4, filters={"max_answer_words": 4})
    recipe.write_text(recipe.read_text().replace("category: mr", "category: gpr"))
    ids = {question(row): row["id"] for row in rows_of(recipe).unlabelled.iter_rows(named=True)}
    given = ["because it is just so", "a{b", "1,260", "is 3 plus 9"]  # too long, cannot be boxed, good, restates
    labels = {ids[f"What is {i} plus {3 * i}?"]: answer for i, answer in enumerate(given)}
    done = build(
        plan_of(recipe, labels_of(labels, tmp_path).folder, "blends={nd: {weights: {sums: 1}}}"),
        tmp_path / "runs",
        1,
        1,
    )
    assert done.manifest["sources"]["sums"]["removed"] == {
        "answer_restates_question": 1, "answer_too_long": 1, "gold_refused": 1,
    }  # fmt: skip
    assert pool(done).select(GOLD).rows() == [("1,260", None, "number")]


@pytest.mark.parametrize(("workers", "tasks"), [(2, 2), (1, 5)])
def test_workers_and_tasks_change_no_byte(
    recipe: Path, table: SideTable, run: Run, tmp_path: Path, workers: int, tasks: int
) -> None:
    again = build(plan_of(recipe, table.folder), tmp_path, workers, tasks)
    assert again.manifest["files"] == run.manifest["files"]


def test_the_hash_goes_by_the_tables_rows(recipe: Path, run: Run, waiting: dict[str, str], tmp_path: Path) -> None:
    other = labels_of(dict.fromkeys(waiting, "B"), tmp_path)
    bare = make_plan(load_recipe(str(recipe)))
    assert len({plan_of(recipe, other.folder).name, bare.name, run.folder.name}) == 3


def test_a_table_that_adopts_nothing_is_warned_of(recipe: Path, waiting: dict[str, str], tmp_path: Path) -> None:
    table = labels_of(dict.fromkeys(waiting), tmp_path)
    done = build(plan_of(recipe, table.folder), tmp_path / "runs", workers=1, tasks=1)
    assert done.manifest["warnings"] == [
        f"labels: {table.manifest['name']} says something of no row of the pool; was it made of other rows?"
    ]
    assert len(pool(done)) == CODES + SUMS - 2 * WAIT


def test_a_table_of_rates_holds_no_labels(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(
        CrossthinkError, match=r"labels: .* holds difficulty: name a folder that `crossthink selflabel`"
    ):
        plan_of(recipe, rates_of({"a": 1.0}, tmp_path).folder)


def test_manifest_card_and_published_recipe(recipe: Path, table: SideTable, run: Run) -> None:
    about = run.manifest["tables"]["labels"]
    assert (about["rows"], about["revision"]) == (2 * WAIT - 2, table.revision)
    card = render_card(run.folder, run.manifest, "x")
    assert f"`labels`: `{table.folder.name}`, of 10 rows of the pool, by **m** at `v1`" in card
    assert "- 10 golds are not their source's but labels that models agreed on" in card.partition("## From source")[0]
    assert "crossthink build recipe.yaml --set labels=TABLE    #" in card
    text = prepare_publication(run.folder, "x").texts[RECIPE]
    assert "labels" not in yaml.safe_load(text)
    published = recipe.with_name("published.yaml")
    published.write_bytes(text)
    assert plan_of(published, table.folder).name == run.folder.name


def test_labels_and_rates_together(recipe: Path, table: SideTable, run: Run, tmp_path: Path) -> None:
    """A rate is of a row of the pool, so one that was labelled has one too."""
    ids = pool(run)["id"].to_list()
    rates = rates_of({id_: i % 2 / 1 for i, id_ in enumerate(ids)}, tmp_path)
    plan = plan_of(recipe, table.folder, f"pass_rates={rates.folder}")
    done = build(plan, tmp_path / "runs", workers=1, tasks=1)
    assert pool(done)["pass_rate"].to_list() == [float(i % 2) for i in range(len(ids))]
    assert list(done.manifest["tables"]) == ["labels", "pass_rates"]
    card = render_card(done.folder, done.manifest, "x")
    assert "--set labels=TABLE --set pass_rates=TABLE    #" in card


def test_a_label_that_contradicts_no_gold_removes_none(tmp_path: Path) -> None:
    """The same question once with and once without a gold: it does not wait, so no label can undo the gold."""
    recipe = part_labelled(tmp_path, 0, 3, 1)
    golds = (("Who?", None), ("What is 2 plus 6?", None), ("What is 2 plus 6?", "8"))
    write_lines(tmp_path / "sums.jsonl", [{"problem": text, "result": answer} for text, answer in golds])
    rows = rows_of(recipe)
    labels = labels_of(dict.fromkeys(rows.unlabelled["id"], "9"), tmp_path)
    plan = plan_of(recipe, labels.folder, "blends={nd: {weights: {sums: 1}}}")
    done = build(plan, tmp_path / "runs", workers=1, tasks=1)
    assert sorted(pool(done)["answer"]) == ["8", "9"]
    assert done.manifest["sources"]["sums"]["removed"] == {"answer_missing": 1}
