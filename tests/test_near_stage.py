"""Near-duplicates through whole builds: who stays, what is said of the others, and the same bytes always."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data import exchange
from crossthink_data.near_stage import NEAR_DUPLICATE
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from tests.small import write_lines

TOWNS = [f"{first}{last}" for first in ("Ash", "Bram", "Clay", "Dun", "Elm", "Fern") for last in ("ford", "ham", "ley")]
COLUMNS = {"question": "ask", "answer": "says", "source_id": "n"}
RECIPE: dict[str, Any] = {
    "name": "near",
    "sources": {
        "good": {"columns": COLUMNS, "files": ["good.jsonl"], "license": "mit", "category": "mr", "count": 1},
        "web": {"columns": COLUMNS, "files": ["web.jsonl"], "license": "mit", "category": "mr", "count": 1},
    },
    "size": 50,
    "blends": {"nd": {"weights": "count"}},
}


PLAIN = "What is the height of the bell tower of {} in metres above the market place?"
CHATTY = "Tell me: what is the height of the bell tower of {}, in metres, above the market place"


def ask(i: int, form: str = PLAIN) -> str:
    """A question on a town; towns and forms differ by words, not by numbers."""
    return form.format(TOWNS[i])


def write(folder: Path, **changes: Any) -> Path:
    """Ten questions of the good source; the web has six of them in other marks, eight of its own, and one twice."""
    good = [{"n": f"g{i}", "ask": ask(i), "says": str(i)} for i in range(10)]
    again = [{"n": f"w{i}", "ask": f"{ask(i).upper()}!", "says": str(i)} for i in range(6)]
    own = [{"n": f"w{i}", "ask": ask(i), "says": str(i)} for i in range(10, 18)]
    twice = [{"n": "w99", "ask": ask(17, CHATTY), "says": "17"}]
    write_lines(folder / "good.jsonl", good)
    write_lines(folder / "web.jsonl", [*again, *own, *twice])
    path = folder / "near.yaml"
    path.write_text(yaml.safe_dump(RECIPE | changes, sort_keys=False))
    return path


def built(recipe: Path, out: Path, workers: int = 1, tasks: int = 1) -> Run:
    return build(make_plan(load_recipe(str(recipe))), out, workers, tasks)


def removed(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / "removed" / "*.parquet")


def pool(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("near")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "ROWS_PER_BUCKET", 7)  # four buckets, so that equals meet across them
        return built(write(folder), folder / "runs")


def test_the_source_named_first_keeps_its_rows(run: Run) -> None:
    gone = removed(run)
    assert set(gone["reason"]) == {NEAR_DUPLICATE}
    assert run.manifest["sources"]["good"]["pool"] == 10
    assert (
        run.manifest["sources"]["web"] | {"pool": 8, "removed": {NEAR_DUPLICATE: 7}} == run.manifest["sources"]["web"]
    )
    from_web = gone.filter(pl.col("group_key") != "web:w99", pl.col("group_key") != "web:w17")
    assert sorted(from_web["group_key"]) == [f"web:w{i}" for i in range(6)]


def test_a_removed_row_names_the_row_that_stays(run: Run) -> None:
    groups = dict(pool(run).select("id", "group_key").iter_rows())
    kept = {group: groups[keeper] for group, keeper in removed(run).select("group_key", "keeper").iter_rows()}
    pairs = {group.replace("web:w", "good:g") for group in kept if len(group) == len("web:w0")}
    assert {kept[pair.replace("good:g", "web:w")] for pair in pairs} == pairs


def test_inside_a_source_the_smallest_id_stays(run: Run) -> None:
    (gone,) = removed(run).filter(pl.col("group_key").is_in(["web:w99", "web:w17"])).to_dicts()
    assert gone["keeper"] < gone["id"]


def test_blends_draw_none_of_them(run: Run) -> None:
    blend = pl.read_parquet(run.folder / "data" / "nd" / "*.parquet")
    assert not set(blend["id"]) & set(removed(run)["id"])


@pytest.mark.parametrize(("workers", "tasks"), [(2, 1), (2, 7)])
def test_workers_and_tasks_change_no_byte(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, tasks: int
) -> None:
    monkeypatch.setattr(exchange, "ROWS_PER_BUCKET", 7)
    again = built(write(tmp_path), tmp_path / "runs", workers, tasks)
    assert again.manifest["files"] == run.manifest["files"]


def test_the_number_of_buckets_changes_no_verdict(run: Run, tmp_path: Path) -> None:
    assert removed(built(write(tmp_path), tmp_path / "runs")).equals(removed(run))


def test_null_leaves_near_duplicates_in(tmp_path: Path) -> None:
    run = built(write(tmp_path, near_dedup=None), tmp_path / "runs")
    assert removed(run).is_empty()
    assert len(pool(run)) == 25


def test_a_setting_changes_the_hash_and_the_rows(tmp_path: Path) -> None:
    strict = built(write(tmp_path, near_dedup={"bands": 1, "rows": 16}), tmp_path / "runs")
    plain = built(write(tmp_path), tmp_path / "runs")
    assert strict.folder != plain.folder


def moons(i: int) -> dict[str, Any]:
    return {"ask": f"How many moons has planet {TOWNS[i]}?", "choices": ["10", "20", "30"], "right": 0}


def test_forms_of_one_item_are_no_near_duplicates(tmp_path: Path) -> None:
    mcq = {
        "columns": {"question": "ask", "options": "choices", "answer_index": "right"},
        "files": ["mcq.jsonl"],
        "license": "mit",
        "template": "both",
        "count": 1,
    }
    write_lines(tmp_path / "mcq.jsonl", [moons(i) for i in range(4)])
    run = built(write(tmp_path, sources={"mcq": mcq}), tmp_path / "runs")
    assert run.manifest["sources"]["mcq"]["pool"] == 8
