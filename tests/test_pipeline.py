"""A recipe of local files through the whole build: every row accounted for, and the same bytes always."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml

from crossthink_data import dedup_stage, exchange, finish_stage, pipeline, select_stage, write
from crossthink_data.errors import CrossthinkError
from crossthink_data.filters import Filter
from crossthink_data.lock import only_build
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import POLICIES, Plan, make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.schema import ARROW_SCHEMA, REMOVED_SCHEMA, polars_schema
from crossthink_data.sources import raw
from crossthink_data.stages import WORK
from crossthink_data.storage import folder_at
from tests.hub_fixture import Hub
from tests.hub_store import seed

MCQ_COLUMNS = {"question": "ask", "options": "choices", "answer_index": "right", "source_id": "n"}
RECIPE: dict[str, Any] = {
    "name": "rich",
    "seed": 3,
    "sources": {
        "moons": {"columns": MCQ_COLUMNS, "files": ["moons-*.jsonl"], "license": "mit", "template": "both", "count": 2},
        "copies": {"columns": MCQ_COLUMNS, "files": ["copies.jsonl"], "license": "mit", "count": 1},
        "sums": {
            "columns": {"question": "problem", "answer": "result"},
            "files": ["sums.parquet"],
            "category": "mr",
            "count": 1,
            "size": 150,
        },
    },
    "splits": {"validation": 0.1, "test": 0.1},
    "size": 900,
    "blends": {
        "nd": {"weights": "count"},
        "mr_up": {"shares": {"mr": 2, "gpr": 1}, "size": 400},
        "score": {"scores": {"moons": 1, "copies": None, "sums": 1}},
    },
}
# What becomes of the rows below, worked out from how they are made.
COUNTS: dict[str, dict[str, Any]] = {
    "moons": {
        "read": 403,
        "derived": 401,  # an open form of each that could be read
        "removed": {"answer_not_in_options": 1, "conflicting_answers": 5, "needs_options": 101, "unreadable": 2},
        "not_sampled": 0,
        "pool": 695,
    },
    "copies": {
        "read": 60,
        "derived": 0,
        "removed": {"exact_duplicate": 20, "conflicting_answers": 5},
        "not_sampled": 0,
        "pool": 35,
    },
    "sums": {"read": 203, "derived": 0, "removed": {"answer_missing": 3}, "not_sampled": 50, "pool": 150},
}


def moon(i: int) -> dict[str, Any]:
    """Every fourth question leans on its options."""
    ask = f"Which of these is a moon of planet {i}?" if i % 4 == 3 else f"How many moons has planet {i}?"
    return {"n": i, "ask": ask, "choices": [f"{i}", f"{i + 1}", f"{i + 2}"], "right": i % 3}


def write_data(folder: Path) -> None:
    moons = [orjson.dumps(moon(i)) for i in range(400)]
    far = orjson.dumps(moon(400) | {"right": 7})  # points past the options
    (folder / "moons-0.jsonl").write_bytes(b"\n".join([*moons[:150], b"{broken", *moons[150:200]]))
    (folder / "moons-1.jsonl").write_bytes(b"\n".join([*moons[200:], far, b'"a text"', b""]))
    same = [moon(i) | {"choices": moon(i)["choices"][::-1], "right": 2 - i % 3} for i in range(20)]  # in another order
    against = [moon(i) | {"right": (i + 1) % 3} for i in range(20, 25)]  # another answer
    new = [moon(i) | {"choices": ["none", "one", "two"]} for i in range(35)]  # the same stems with other options
    (folder / "copies.jsonl").write_bytes(b"\n".join(map(orjson.dumps, [*same, *against, *new])))
    sums = [{"problem": f"What is {i} plus {2 * i}?", "result": str(3 * i)} for i in range(200)]
    empty = [{"problem": f"What is {i} over 0?", "result": ""} for i in range(3)]
    pl.DataFrame(sums + empty).write_parquet(folder / "sums.parquet", row_group_size=64)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    write_data(folder)
    return folder


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several units and buckets, though there are few rows."""
    monkeypatch.setattr(raw, "UNIT_BYTES", 3_000)
    monkeypatch.setattr(exchange, "ROWS_PER_BUCKET", 150)


def plan_of(folder: Path, limit: int | None = None, **changes: Any) -> Plan:
    path = folder / "rich.yaml"
    path.write_text(yaml.safe_dump(RECIPE | changes, sort_keys=False))
    return make_plan(load_recipe(str(path)), limit)


@pytest.fixture(scope="session")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that others are compared with: one worker, one task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw, "UNIT_BYTES", 3_000)
        patch.setattr(exchange, "ROWS_PER_BUCKET", 150)
        return build(plan_of(data), tmp_path_factory.mktemp("runs"), workers=1, tasks=1)


def shas(run: Run) -> dict[str, str]:
    files = {path.relative_to(run.folder).as_posix() for path in run.folder.glob("data/**/*") if path.is_file()}
    assert files == set(run.manifest["files"])
    return {name: file["sha256"] for name, file in run.manifest["files"].items()}


def config(run: Run, name: str, split: str = "train") -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / name / f"{split}-*.parquet")


def assert_unfinished(folder: Path) -> None:
    assert not (folder / MANIFEST).exists()
    for path in folder.glob("data/**/*.parquet"):
        pq.read_metadata(path)  # what has its name is whole


# What a run holds


@pytest.mark.parametrize("source", COUNTS)
def test_every_row_is_accounted_for(run: Run, source: str) -> None:
    found = run.manifest["sources"][source]
    assert {name: found[name] for name in COUNTS[source]} == COUNTS[source]
    came, gone = found["read"] + found["derived"], sum(found["removed"].values())
    assert came == found["pool"] + gone + found["not_sampled"]


def test_the_files_hold_what_the_manifest_says(run: Run) -> None:
    pool = pl.concat([config(run, "pool", split) for split in run.manifest["pool"]])
    assert dict(pool.group_by("source").len().iter_rows()) == {name: one["pool"] for name, one in COUNTS.items()}
    removed = Counter(config(run, "removed").select("source", "reason").iter_rows())
    assert removed == {(name, why): n for name, one in COUNTS.items() for why, n in one["removed"].items()}
    for blend, one in run.manifest["blends"].items():
        for split, rows in one["rows"].items():
            assert dict(Counter(config(run, blend, split)["source"])) == {name: n for name, n in rows.items() if n}


def test_there_were_several_units_and_buckets(run: Run, data: Path, many: None) -> None:
    """Or the tests below would show nothing."""
    assert len(plan_of(data).units) > 10
    assert len(list((run.folder / "data" / "pool").glob("train-*.parquet"))) > 3


def test_every_file_has_the_one_schema(run: Run) -> None:
    for name in run.manifest["files"]:
        found = pq.read_schema(run.folder / name)
        assert polars_schema(found) == polars_schema(REMOVED_SCHEMA if "removed" in name else ARROW_SCHEMA)
        assert found.metadata is None


def test_pool_and_removed_are_sorted_by_id(run: Run) -> None:
    for name in ("pool", "removed"):
        ids = config(run, name)["id"].to_list()
        assert ids == sorted(ids)


def test_no_id_is_in_the_pool_twice(run: Run) -> None:
    pool = pl.concat([config(run, "pool", split) for split in run.manifest["pool"]])
    assert pool["id"].is_duplicated().sum() == 0
    assert pool["question_key"].is_duplicated().sum() == 0


def test_an_item_is_in_one_split_in_every_form(run: Run) -> None:
    groups = [set(config(run, "pool", split)["group_key"]) for split in ("train", "validation", "test")]
    assert all(groups)
    assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.mark.parametrize("blend", ["nd", "mr_up"])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_blend_is_made_of_the_pools_rows_of_its_split(run: Run, blend: str, split: str) -> None:
    pool = config(run, "pool", split)
    rows = config(run, blend, split)
    assert set(rows["id"]) <= set(pool["id"])
    back = rows.unique("id").sort("id")
    assert back.equals(pool.filter(pl.col("id").is_in(back["id"].to_list())).sort("id"))
    if split != "train":
        assert rows["id"].is_duplicated().sum() == 0


def test_a_blend_has_its_weights(run: Run) -> None:
    blends = run.manifest["blends"]
    assert blends["nd"]["rows"]["train"] == {"moons": 450, "copies": 225, "sums": 225}
    # 2/3 of math; the rest by count, 2 to 1: 266.67, 88.89 and 44.44, the largest remainders up
    assert blends["mr_up"]["rows"]["train"] == {"moons": 89, "copies": 44, "sums": 267}
    train = run.manifest["pool"]["train"]
    assert blends["nd"]["repeated"] == {"copies": 225 - train["copies"], "sums": 225 - train["sums"]}


def test_a_blend_that_cannot_be_weighed_is_refused_and_the_others_built(run: Run) -> None:
    assert list(run.manifest["refused_blends"]) == ["score"]
    assert "copies" in run.manifest["refused_blends"]["score"]
    assert not (run.folder / "data" / "score").exists()


def test_removed_rows_say_which_and_why_and_nothing_else(run: Run) -> None:
    removed = config(run, "removed")
    unreadable = removed.filter(pl.col("reason") == "unreadable").sort("group_key")
    assert unreadable["group_key"].to_list() == ["moons:moons-0.jsonl#150", "moons:moons-1.jsonl#201"]
    assert removed.columns == ["id", "group_key", "source", "question_type", "reason", "keeper"]


def test_the_source_named_first_keeps_the_question(run: Run) -> None:
    gone = config(run, "removed").filter(pl.col("reason") == "exact_duplicate")
    assert set(gone["source"]) == {"copies"}
    assert set(gone["group_key"]) == {f"copies:{i}" for i in range(20)}


def test_the_work_folder_is_gone(run: Run) -> None:
    assert {path.name for path in run.folder.iterdir()} == {"data", MANIFEST}


# The same bytes


@pytest.mark.parametrize(("workers", "tasks"), [(1, 2), (2, 1), (2, 2), (2, 7)])
def test_workers_and_tasks_change_no_byte(
    run: Run, data: Path, tmp_path: Path, many: None, workers: int, tasks: int
) -> None:
    assert shas(build(plan_of(data), tmp_path, workers, tasks)) == shas(run)


def test_an_object_store_changes_no_byte(run: Run, data: Path, tmp_path: Path, many: None) -> None:
    out = folder_at(f"memory://{tmp_path.name}/runs")  # its server is this process
    done = build(plan_of(data), out, workers=1, tasks=3)
    assert {name: file["sha256"] for name, file in done.manifest["files"].items()} == shas(run)
    for name, file in done.manifest["files"].items():
        assert sha256((done.folder / name).read_bytes()).hexdigest() == file["sha256"]
    assert {path.name for path in done.folder.iterdir()} == {"data", MANIFEST}
    assert build(plan_of(data), out, workers=1, tasks=1).cached


def test_neither_place_nor_name_of_the_folder_is_in_the_bytes(run: Run, tmp_path: Path, many: None) -> None:
    write_data(tmp_path)
    again = build(plan_of(tmp_path), tmp_path / "elsewhere", workers=1, tasks=2)
    assert again.folder.name == run.folder.name
    assert shas(again) == shas(run)


def fail_at(times: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which finds the disk full when it is called for the n-th time."""
    calls = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == times:
            raise OSError(28, "No space left on device")
        return function(*args, **kwargs)

    return failing


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        (Filter, "apply", 5),  # while rows are prepared
        (dedup_stage, "mark_duplicates", 3),  # between buckets of the dedup
        (select_stage, "draw_split", 2),  # between blends
        (write, "write_parquet", 4),  # between files
        (finish_stage, "make_manifest", 1),  # when all files are there
    ],
)
def test_a_build_that_broke_off_goes_on_with_other_tasks_to_the_same_bytes(
    run: Run, data: Path, tmp_path: Path, many: None, owner: Any, name: str, times: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, fail_at(times, getattr(owner, name)))
        with pytest.raises(OSError, match="No space left"):
            build(plan_of(data), tmp_path, workers=1, tasks=3)
    assert_unfinished(tmp_path / run.folder.name)
    again = build(plan_of(data), tmp_path, workers=1, tasks=5)
    assert not again.cached
    assert shas(again) == shas(run)
    counts = again.manifest["sources"]["moons"]
    assert (counts["read"], counts["derived"]) == (403, 401)


KILLED = """
import os, signal, sys
from pathlib import Path
from crossthink_data import exchange
from crossthink_data.pipeline import build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.sources import raw
from crossthink_data.stages import WORK
from crossthink_data.storage import folder_at
raw.UNIT_BYTES, exchange.ROWS_PER_BUCKET = 3_000, 150
recipe, out, stage = sys.argv[1:]
def progress(name, done, tasks):
    if (name, done) == (stage, 2):
        os.kill(os.getpid(), signal.SIGKILL)
build(make_plan(load_recipe(recipe)), Path(out), workers=1, tasks=4, progress=progress)
"""


@pytest.mark.parametrize("stage", ["prepare", "dedup", "near", "draw", "pool", "blends"])
def test_a_build_that_was_killed_goes_on(run: Run, data: Path, tmp_path: Path, many: None, stage: str) -> None:
    plan = plan_of(data)
    command = [sys.executable, "-c", KILLED, str(data / "rich.yaml"), str(tmp_path), stage]
    assert subprocess.run(command, check=False, timeout=100).returncode == -9
    assert_unfinished(tmp_path / run.folder.name)
    assert shas(build(plan, tmp_path, workers=1, tasks=3)) == shas(run)


def test_the_time_of_a_build_is_that_of_all_its_stages(data: Path, tmp_path: Path, many: None) -> None:
    def wait(stage: str, done: int, tasks: int) -> None:
        time.sleep(0.3 * (stage == "prepare"))

    done = build(plan_of(data, limit=5), tmp_path, workers=1, tasks=1, progress=wait)
    assert done.manifest["seconds"] >= 0.6  # it begins and it ends


@pytest.mark.parametrize("stage", ["pool", "blends", "removed"])
def test_a_file_that_no_task_knows_of_is_no_finished_run(data: Path, tmp_path: Path, many: None, stage: str) -> None:
    def lose(now: str, done: int, tasks: int) -> None:
        if (now, done) == ("finish", 0):
            next((tmp_path / plan.name / WORK / "notes").glob(f"{stage}-*.json")).unlink()

    plan = plan_of(data)
    with pytest.raises(CrossthinkError, match=r"rows (were selected|came in) and \d+ (were written|went out)"):
        build(plan, tmp_path, workers=1, tasks=1, progress=lose)
    assert_unfinished(tmp_path / plan.name)


def test_what_killed_writers_left_aside_is_swept_away(data: Path, tmp_path: Path, many: None) -> None:
    def leave(now: str, done: int, tasks: int) -> None:
        if (now, done) == ("finish", 0):
            (tmp_path / plan.name / "data" / "pool" / ".train.parquet.1-a.tmp").touch()

    plan = plan_of(data, limit=5)
    done = build(plan, tmp_path, workers=1, tasks=1, progress=leave)
    assert not list(done.folder.rglob("*.tmp"))


def test_sources_of_very_many_files_keep_their_order(tmp_path: Path) -> None:
    """The last file of the source named first comes before the second source, as what it gives has priority."""
    files = 4_200
    for i in range(files):
        row = {"problem": f"What is {i} and {i}?", "result": str(2 * i)}
        (tmp_path / f"a-{i:05d}.jsonl").write_bytes(orjson.dumps(row))
    last = {"problem": f"What is {files - 1} and {files - 1}?", "result": str(2 * files - 2)}
    (tmp_path / "b.jsonl").write_bytes(orjson.dumps(last))
    entry = {"columns": {"question": "problem", "answer": "result"}, "license": "mit", "category": "mr", "count": 1}
    sources = {"a": entry | {"files": ["a-*.jsonl"]}, "b": entry | {"files": ["b.jsonl"]}}
    plan = plan_of(tmp_path, sources=sources, blends={"nd": {"weights": "count"}}, splits={}, size=10)
    done = build(plan, tmp_path / "runs", workers=1, tasks=17)
    assert done.manifest["sources"]["b"]["removed"] == {"exact_duplicate": 1}


def test_what_a_killed_build_left_beside_its_manifest_is_cleared_away(data: Path, tmp_path: Path, many: None) -> None:
    done = build(plan_of(data, limit=5), tmp_path, workers=1, tasks=1)
    (done.folder / WORK / "dedup").mkdir(parents=True)
    assert build(plan_of(data, limit=5), tmp_path, workers=1, tasks=1).cached
    assert not (done.folder / WORK).exists()


# Found again, or built anew


def test_a_second_build_finds_the_first(data: Path, run: Run, many: None) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    again = build(plan_of(data), run.folder.parent, workers=2, tasks=3)
    assert again.cached
    assert again.manifest == run.manifest
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_a_damaged_run_is_not_taken_for_a_finished_one(
    data: Path, tmp_path: Path, many: None, damage: Callable[[Path], object]
) -> None:
    plan = plan_of(data, limit=5)
    done = build(plan, tmp_path, workers=1, tasks=1)
    path = next(iter(done.manifest["files"]))
    damage(done.folder / path)
    with pytest.raises(CrossthinkError) as caught:
        build(plan, tmp_path, workers=1, tasks=1)
    assert str(caught.value) == f"{done.folder} is damaged ({path}): delete the folder and build it again"


def test_a_second_build_at_once_is_refused(data: Path, tmp_path: Path, many: None) -> None:
    plan = plan_of(data, limit=5)
    refused = []

    def again(stage: str, *_: int) -> None:
        if stage == "finish":  # it is there
            return
        with pytest.raises(CrossthinkError) as caught:
            build(plan, tmp_path, workers=1, tasks=1)
        refused.append(str(caught.value))

    done = build(plan, tmp_path, workers=1, tasks=1, progress=again)
    assert set(refused) == {f"another build of {plan.name} is running in {tmp_path}: wait for it, then run this again"}
    assert list(tmp_path.iterdir()) == [done.folder]


def test_a_build_that_ended_while_the_lock_was_taken_is_found(
    data: Path, tmp_path: Path, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(data, limit=5)
    lock = only_build

    @contextmanager
    def late(out: Path, name: str) -> Iterator[None]:
        monkeypatch.setattr(pipeline, "only_build", lock)
        build(plan, tmp_path, workers=1, tasks=1)
        with lock(out, name):
            yield

    monkeypatch.setattr(pipeline, "only_build", late)
    assert build(plan, tmp_path, workers=1, tasks=1).cached


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"size": 901},
        {"template": "open"},
        {"filters": {"max_answer_words": 9}},
        {"licenses": ["mit"]},
        {"splits": {"test": 0.1}},
        {"sources": RECIPE["sources"] | {"copies": RECIPE["sources"]["copies"] | {"license": "cc0-1.0"}}},
        {"sources": dict(reversed(RECIPE["sources"].items()))},  # the priority among duplicates
        {"limit": 10},
    ],
)
def test_a_changed_setting_is_another_folder(data: Path, run: Run, changes: dict[str, Any]) -> None:
    assert plan_of(data, **changes).name != run.folder.name


def test_changed_content_is_another_folder(tmp_path: Path) -> None:
    write_data(tmp_path)
    before = plan_of(tmp_path).name
    with (tmp_path / "copies.jsonl").open("ab") as file:
        file.write(b"\n")
    assert plan_of(tmp_path).name != before


def test_a_changed_policy_is_another_folder(data: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "filters", 99)
    assert plan_of(data).name != run.folder.name


def test_a_limit_reads_the_first_rows_of_each_source(data: Path, tmp_path: Path, many: None) -> None:
    limited = build(plan_of(data, limit=170), tmp_path, workers=1, tasks=2)
    assert {name: one["read"] for name, one in limited.manifest["sources"].items()} == {
        "moons": 170,
        "copies": 60,
        "sums": 170,
    }
    kept = {key for split in limited.manifest["pool"] for key in config(limited, "pool", split)["group_key"]}
    assert not kept & {f"moons:{i}" for i in range(169, 400)}  # row 150 is the broken one


# What stops a build


def test_too_many_bad_lines(data: Path, tmp_path: Path, many: None) -> None:
    with pytest.raises(CrossthinkError) as caught:
        build(plan_of(data, max_bad_lines=1), tmp_path, workers=1, tasks=2)
    text = str(caught.value)
    for part in ("source 'moons'", "2 lines", "moons-0.jsonl line 151", "--set max_bad_lines=2"):
        assert part in text
    [folder] = tmp_path.iterdir()
    assert_unfinished(folder)
    assert (
        build(plan_of(data, max_bad_lines=2), tmp_path, workers=1, tasks=2).manifest["sources"]["moons"]["read"] == 403
    )


def test_wrong_weights_stop_before_anything_is_read(data: Path, tmp_path: Path) -> None:
    entry = {name: value for name, value in RECIPE["sources"]["sums"].items() if name != "count"}
    plan = plan_of(data, sources=RECIPE["sources"] | {"sums": entry})
    with pytest.raises(CrossthinkError, match=r"blend 'nd' weighs by count, but sources\.sums has none"):
        build(plan, tmp_path, workers=1, tasks=1)
    assert not list(tmp_path.iterdir())


def test_a_lost_row_is_no_finished_run(data: Path, tmp_path: Path, many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedup_stage, "mark_duplicates", lambda rows: pl.DataFrame(rows.with_columns(reason=None))[1:])
    with pytest.raises(CrossthinkError, match=r"\d+ rows came in and \d+ went out"):
        build(plan_of(data), tmp_path, workers=1, tasks=1)
    [folder] = tmp_path.iterdir()
    assert_unfinished(folder)


def test_a_recipe_of_which_nothing_is_left_is_refused(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data, licenses=[])
    with pytest.raises(CrossthinkError, match=r"no row is left of those read: look at .* the licences"):
        build(plan, tmp_path, workers=1, tasks=1)
    assert_unfinished(tmp_path / plan.name)


def test_the_manifest_is_json_with_what_a_rebuild_needs(run: Run) -> None:
    manifest = json.loads((run.folder / MANIFEST).read_text())
    assert manifest["hash"].startswith(run.folder.name.removeprefix("rich-"))
    assert manifest["resolved"]["recipe"]["seed"] == 3
    assert set(manifest["resolved"]["revisions"]) == set(RECIPE["sources"])
    assert not any(str(run.folder.parent) in str(value) for value in manifest["resolved"].values())


# Sources of the package, from local copies and from the Hub


def test_licences_of_equal_questions(tmp_path: Path) -> None:
    """MMLU's rows pass only where ARC or OpenBookQA has the same question."""

    def choices(i: int) -> dict[str, Any]:
        return {"text": [f"{i} rocks", f"{i} seas"], "label": ["A", "B"]}

    arc = [{"id": f"a{i}", "question": f"What is {i}?", "choices": choices(i), "answerKey": "A"} for i in range(3)]
    book = [{"id": "b", "question_stem": "What is 9?", "choices": choices(9), "answerKey": "A"}]
    mmlu = [
        {"question": f"What is {i}?", "subject": "", "choices": choices(i)["text"], "answer": 0} for i in (0, 1, 5, 9)
    ]
    files = {"ARC-Easy/train-0.parquet": arc, "main/train-0.parquet": book, "all/auxiliary_train-0.parquet": mmlu}
    for name, rows in files.items():
        (tmp_path / name).parent.mkdir()
        pl.DataFrame(rows).write_parquet(tmp_path / name)
    local = {"path": str(tmp_path), "count": 1}
    allowed = plan_of(
        tmp_path,
        sources={"mmlu": local, "arc": local, "openbookqa": local},
        licenses=["apache-2.0", "cc-by-sa-4.0"],
        blends={"nd": {"weights": "count"}},
        splits={},
    )
    done = build(allowed, tmp_path / "runs", workers=1, tasks=1)
    pool = config(done, "pool").filter(pl.col("source") == "mmlu").sort("source_id")
    assert pool["license"].to_list() == ["cc-by-sa-4.0", "cc-by-sa-4.0", "apache-2.0"]
    assert done.manifest["sources"]["mmlu"]["removed"] == {"license_unknown": 1}


def test_rows_that_a_benchmark_holds_are_left_out(tmp_path: Path, hub: Hub) -> None:
    held = {"problem": "What is $\\frac{1}{2}$ of 8?", "answer": "4"}
    repo = tmp_path / "seed" / "HuggingFaceH4" / "MATH-500"
    repo.mkdir(parents=True)
    (repo / "test.jsonl").write_bytes(orjson.dumps(held))
    seed(hub.store, tmp_path / "seed")
    rows = [{"problem": "What is \\frac12 of 8?", "result": "4"}, {"problem": "What is 8?", "result": "8"}]
    pl.DataFrame(rows).write_parquet(tmp_path / "sums.parquet")
    sums = RECIPE["sources"]["sums"] | {"less": ["math500"]}
    plan = plan_of(tmp_path, sources={"sums": sums}, blends={"nd": {"weights": "count"}}, splits={})
    done = build(plan, tmp_path / "runs", workers=1, tasks=1)
    assert done.manifest["sources"]["sums"]["removed"] == {"held_by_benchmark": 1}
    assert "its main was read instead" in done.manifest["warnings"][0]


def test_progress_is_told_by_stage(data: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build(plan_of(data, limit=5), tmp_path, workers=1, tasks=2, progress=lambda *one: told.append(one))
    assert [name for name, done, tasks in told if done == tasks] == [
        *("prepare", "check", "dedup", "near", "keep", "select", "draw", "pool", "blends", "removed", "finish")
    ]
    assert ("prepare", 1, 2) in told
