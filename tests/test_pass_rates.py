"""Pass rates out of a side table: in the rows, in the blends that draw by them, in hash, manifest and card."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from datasets import load_dataset

from crossthink_data.card import render_card
from crossthink_data.errors import CrossthinkError
from crossthink_data.pass_rates import COLUMNS, KeepHard, PassRates
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import Plan, make_plan
from crossthink_data.publication import RECIPE, prepare_publication
from crossthink_data.publish import publish_to_folder
from crossthink_data.recipe import load_recipe
from crossthink_data.side_table import SideTable
from tests.side_tables import labels_of, rates_of
from tests.small import Small, build_small, write_recipe

RATES = (0.0, 0.25, 0.5, 0.75, 1.0)
BLENDS: dict[str, Any] = {
    "nd": {"weights": "count"},
    "f_gpr_up": {"shares": {"gpr": 2, "mr": 1}, "keep_hard": {}},
    "middle": {"weights": "count", "keep_hard": {"min": 0.25, "max": 0.75}},
}
CHANGES: dict[str, Any] = {"size": 90, "blends": BLENDS, "splits": {"validation": 0.2}}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Without a table."""
    return build_small(tmp_path_factory.mktemp("first"), 40, 20, **CHANGES)


@pytest.fixture(scope="module")
def rates(first: Small) -> dict[str, float | None]:
    """The rates in turn, of the pool's train rows; every seventh has none, nor has a row that was not asked."""
    ids = read(first.folder, "pool")["id"].to_list()
    return {id_: None if i % 7 == 6 else RATES[i % 5] for i, id_ in enumerate(ids) if i % 9 != 8}


@pytest.fixture(scope="module")
def table(rates: dict[str, float | None], tmp_path_factory: pytest.TempPathFactory) -> SideTable:
    return rates_of(rates, tmp_path_factory.mktemp("tables"), samples=4)


@pytest.fixture(scope="module")
def run(first: Small, table: SideTable, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build(plan_of(first.recipe, table.folder), tmp_path_factory.mktemp("runs"), workers=1, tasks=2)


def plan_of(recipe: Path, table: Path) -> Plan:
    return make_plan(load_recipe(str(recipe), [f"pass_rates={table}"]))


def read(folder: Path, config: str, split: str = "train") -> pl.DataFrame:
    return pl.read_parquet(folder / "data" / config / f"{split}-*.parquet")


# ---- the step


def test_the_step_gives_a_row_what_the_table_has_for_its_id(tmp_path: Path) -> None:
    table = rates_of({"a": 0.25, "c": None}, tmp_path)
    step = pickle.loads(pickle.dumps(PassRates(table.folder)))  # noqa: S301 - as a worker gets it
    frame = pl.DataFrame({"id": ["b", "a", "c", "a"], "n": [1, 2, 3, 4]})
    done = step.apply(frame)
    assert done.select(list(COLUMNS)).rows() == [
        (None, None, None),
        (0.25, "m@v1", 4),
        (None, "m@v1", 0),
        (0.25, "m@v1", 4),
    ]
    assert dict(done.select(list(COLUMNS)).schema) == COLUMNS
    assert done.select("id", "n").equals(frame)


def test_a_model_of_no_told_revision_is_its_name_alone(tmp_path: Path) -> None:
    done = PassRates(rates_of({"a": 1.0}, tmp_path, revision=None).folder).apply(pl.DataFrame({"id": ["a"]}))
    assert done["pass_rate_model"].to_list() == ["m"]


def test_without_a_table_the_columns_are_null() -> None:
    done = PassRates(None).apply(pl.DataFrame({"id": ["a"]}))
    assert done.row(0) == ("a", None, None, None)
    assert dict(done.select(list(COLUMNS)).schema) == COLUMNS


@pytest.mark.parametrize(
    ("band", "kept"),
    [
        ({}, [True, False, False, False]),
        ({"max": 0.9}, [True, True, True, False]),
        ({"min": 0.1, "max": 0.9}, [False, True, True, False]),
        ({"min": 0.3, "max": 1}, [False, False, True, True]),
    ],
)
def test_what_is_hard(band: dict[str, float], kept: list[bool]) -> None:
    """Both ends count, and 3 of 30 are 0.1; a row without a rate is in no band."""
    keys = pl.DataFrame({"pass_rate": [0.0, 3 / 30, 9 / 10, 1.0, None]})
    assert KeepHard(**band).of(keys).tolist() == [*kept, False]


@pytest.mark.parametrize(
    ("band", "said"),
    [
        ({"min": 0.9, "max": 0.1}, r"blends\.f_gpr_up\.keep_hard: min 0\.9 is above max 0\.1"),
        ({"max": 1.5}, r"keep_hard\.max: .*less than or equal to 1 \(given: 1\.5\)"),
        ({"min": -0.1}, r"keep_hard\.min: .*greater than or equal to 0"),
        ({"min": 0.1}, r"min 0\.1 is above max 0\.0"),
        ({"low": 0.1}, r"keep_hard\.low: Extra inputs are not permitted"),
        (True, r"keep_hard: .*dictionary"),
    ],
)
def test_what_is_no_band(tmp_path: Path, band: object, said: str) -> None:
    blends = BLENDS | {"f_gpr_up": {"shares": {"gpr": 1}, "keep_hard": band}}
    with pytest.raises(CrossthinkError, match=said):
        load_recipe(str(write_recipe(tmp_path, 1, 1, blends=blends)))


# ---- the build


def test_the_columns_are_filled_in_pool_and_blends(run: Run, rates: dict[str, float | None]) -> None:
    pool = read(run.folder, "pool")
    assert pool["pass_rate"].to_list() == [rates.get(id_) for id_ in pool["id"]]
    asked = pool.filter(pl.col("id").is_in(list(rates)))
    assert len(asked) == len(rates) < len(pool)
    assert asked["pass_rate_model"].unique().to_list() == ["m@v1"]
    assert asked["pass_rate_samples"].to_list() == [0 if rates[id_] is None else 4 for id_ in asked["id"]]
    others = pool.filter(~pl.col("id").is_in(list(rates)))
    assert others.select(list(COLUMNS)).null_count().row(0) == (len(others),) * 3
    blend = read(run.folder, "nd")
    assert blend["pass_rate"].to_list() == [rates.get(id_) for id_ in blend["id"]]


@pytest.mark.parametrize(("blend", "kept"), [("f_gpr_up", {0.0}), ("middle", {0.25, 0.5, 0.75})])
def test_a_blend_draws_just_the_rows_in_its_band(
    run: Run, rates: dict[str, float | None], blend: str, kept: set[float]
) -> None:
    rows = read(run.folder, blend)
    assert len(rows) == 90  # more than there are: each is drawn at least once
    assert set(rows["id"]) == {id_ for id_, rate in rates.items() if rate in kept}
    assert set(run.manifest["blends"]["nd"]["rows"]["train"]) == {"codes", "sums"}


def test_the_weights_are_those_of_the_recipe(run: Run) -> None:
    assert run.manifest["blends"]["f_gpr_up"]["rows"]["train"] == {"codes": 60, "sums": 30}


def test_a_split_that_was_not_measured_is_empty_there_and_nowhere_else(run: Run) -> None:
    assert sum(run.manifest["blends"]["f_gpr_up"]["rows"]["validation"].values()) == 0
    assert sum(run.manifest["blends"]["nd"]["rows"]["validation"].values()) > 0
    assert sum(run.manifest["pool"]["validation"].values()) > 0


def test_nothing_but_the_rates_differs_from_the_run_without_a_table(first: Small, run: Run) -> None:
    for config, split in (("pool", "train"), ("pool", "validation"), ("nd", "train")):
        one, other = (read(folder, config, split).drop(list(COLUMNS)) for folder in (first.folder, run.folder))
        assert one.equals(other)


@pytest.mark.parametrize(("workers", "tasks"), [(2, 2), (2, 5)])
def test_workers_and_tasks_change_no_byte(
    first: Small, run: Run, table: SideTable, tmp_path: Path, workers: int, tasks: int
) -> None:
    again = build(plan_of(first.recipe, table.folder), tmp_path, workers, tasks)
    assert again.manifest["files"] == run.manifest["files"]


# ---- without a table, or with one that does not fit


def test_without_a_table_such_a_blend_is_refused_with_the_cure_and_the_others_built(first: Small) -> None:
    assert set(first.manifest["blends"]) == {"nd"}
    assert first.manifest["refused_blends"] == {
        name: f"blend {name!r} draws by pass rate, and the recipe has none: measure with `crossthink difficulty`, "
        "then name the table, --set pass_rates=FOLDER"
        for name in ("f_gpr_up", "middle")
    }
    assert (
        read(first.folder, "pool").select(list(COLUMNS)).null_count().row(0) == (len(read(first.folder, "pool")),) * 3
    )


def test_a_table_of_another_corpus_is_warned_of(first: Small, tmp_path: Path) -> None:
    other = rates_of({"0123456789abcdef01234567-open-x": 0.0}, tmp_path)
    done = build(plan_of(first.recipe, other.folder), tmp_path / "runs", workers=1, tasks=1)
    assert done.manifest["tables"]["pass_rates"]["rows"] == 0
    assert done.manifest["warnings"] == [
        f"pass_rates: {other.manifest['name']} says something of no row of the pool; was it made of other rows?",
        "blend f_gpr_up has no rows: no row of codes, sums has a pass rate in its band",
        "blend middle has no rows: no row of codes, sums has a pass rate in its band",
    ]
    folder = tmp_path / "published"
    publish_to_folder(prepare_publication(done.folder, "x"), folder)
    assert len(load_dataset(str(folder), "nd", split="train")) == 90  # what has rows loads all the same


def test_a_source_that_the_model_solves_gives_its_weight_to_the_others(
    first: Small, rates: dict[str, float | None], tmp_path: Path
) -> None:
    pool = read(first.folder, "pool")
    solved = set(pool.filter(pl.col("source") == "sums")["id"])
    table = rates_of({id_: 1.0 if id_ in solved else rate for id_, rate in rates.items()}, tmp_path)
    done = build(plan_of(first.recipe, table.folder), tmp_path / "runs", workers=1, tasks=1)
    assert done.manifest["blends"]["f_gpr_up"]["rows"]["train"] == {"codes": 90, "sums": 0}
    assert done.manifest["warnings"] == [
        f"blend {name} gives their weight to the others: no row of sums has a pass rate in its band"
        for name in ("f_gpr_up", "middle")
    ]


def test_a_table_whose_samples_ended_early_fits_its_own_band_alone(
    first: Small, rates: dict[str, float | None], tmp_path: Path
) -> None:
    table = rates_of(rates, tmp_path, band={"low": 0.25, "high": 0.75})
    done = build(plan_of(first.recipe, table.folder), tmp_path / "runs", workers=1, tasks=1)
    assert done.manifest["warnings"] == [
        "blend f_gpr_up keeps rates from 0.0 to 0.0, and the table's samples ended when it was sure whether they lie "
        "from 0.25 to 0.75: measure with that band, or without one"
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda out: labels_of({"a": "1"}, out).folder,
            "pass_rates: .* holds selflabel: name a folder that `crossthink diff",
        ),
        (lambda out: out / "gone", "pass_rates: .*gone is no finished side table"),
    ],
)
def test_what_is_no_table_of_rates(first: Small, tmp_path: Path, make: Any, said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        plan_of(first.recipe, make(tmp_path))


# ---- hash, manifest, card, what is published


def test_the_hash_goes_by_the_tables_rows_and_not_by_its_place(
    first: Small, rates: dict[str, float | None], table: SideTable, run: Run, tmp_path: Path
) -> None:
    shutil.copytree(table.folder, tmp_path / "elsewhere")
    assert plan_of(first.recipe, tmp_path / "elsewhere").name == run.folder.name
    assert first.folder.name != run.folder.name
    other = rates_of(rates | {next(iter(rates)): 0.75}, tmp_path)
    assert plan_of(first.recipe, other.folder).name != run.folder.name


def test_a_relative_path_is_relative_to_the_recipe(first: Small, table: SideTable, run: Run, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, 40, 20, **CHANGES, pass_rates="tables/mine")
    shutil.copytree(table.folder, tmp_path / "tables" / "mine")
    assert make_plan(load_recipe(str(recipe))).name == run.folder.name


def test_the_manifest_tells_of_the_table(run: Run, rates: dict[str, float | None], table: SideTable) -> None:
    about = run.manifest["tables"]["pass_rates"]
    assert (about["name"], about["kind"], about["revision"]) == (table.folder.name, "difficulty", table.revision)
    assert about["settings"] == table.manifest["settings"]
    assert about["usage"] == table.manifest["usage"]
    assert about["rows"] == sum(rate is not None for rate in rates.values())
    assert run.manifest["resolved"]["tables"] == {"pass_rates": table.revision}
    assert str(table.folder) not in str(run.manifest)


def test_the_card_names_model_revision_and_tokens(run: Run) -> None:
    manifest = run.manifest
    settings = manifest["tables"]["pass_rates"]["settings"] | {"sampling": {"temperature": 0.7, "top_p": 1.0}}
    usage = {"answers": 1200, "prompt_tokens": 34567, "completion_tokens": 8901, "cost": 1.25}
    manifest = manifest | {
        "tables": {"pass_rates": manifest["tables"]["pass_rates"] | {"usage": usage, "settings": settings}}
    }
    card = render_card(run.folder, manifest, "x")
    said = card.partition("## What a model said or wrote")[2].partition("\n## ")[0]
    for part in (
        "`pass_rates`",
        "**m** at `v1`",
        "1,200 answers",
        "34,567 prompt and 8,901 completion tokens",
        "cost 1.25",
        "samples 4, sampling (temperature 0.7, top_p 1.0).",
    ):
        assert part in said, part
    assert "crossthink build recipe.yaml --set pass_rates=TABLE    # crossthink" in card
    assert "TABLE is the folder" in card


def test_the_card_of_a_run_without_tables_says_nothing_of_them(first: Small) -> None:
    card = render_card(first.folder, first.manifest, "x")
    assert "What a model said" not in card
    assert "TABLE" not in card
    assert "not built: blend 'f_gpr_up' draws by pass rate" in card


def test_the_published_recipe_builds_the_run_again_with_the_table(
    first: Small, run: Run, table: SideTable, tmp_path: Path
) -> None:
    text = prepare_publication(run.folder, "x").texts[RECIPE]
    assert not {"pass_rates", "labels"} & yaml.safe_load(text).keys()
    recipe = first.recipe.with_name("published.yaml")
    recipe.write_bytes(text)
    assert plan_of(recipe, table.folder).name == run.folder.name
    assert make_plan(load_recipe(str(recipe))).name == first.folder.name
