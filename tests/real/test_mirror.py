"""The main job on real data: the mirror in a Hub, `paper` and `open` built from it, published and loaded again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_fixture import Hub, running_hub
from tests.mirror import complete_seed
from tests.olah import OLAH, running_olah
from tests.support import HUB

OPENSTAX = HUB.parent / "openstax"
MISSING = ("--allow-missing",)  # the mirror has neither GPQA nor AGIEval's logiqa-en
LIMIT = 600  # seconds a command may take

pytestmark = [pytest.mark.real, pytest.mark.skipif(not HUB.is_dir(), reason="no ../shared/hub beside this checkout")]

LOAD = """
import collections, json, sys
from datasets import load_dataset
repo, blend = sys.argv[1:]
data = load_dataset(repo, blend)
train = data["train"]
stream = load_dataset(repo, blend, split="train", streaming=True)
json.dump({
    "rows": {name: split.num_rows for name, split in data.items()},
    "columns": {name: str(feature) for name, feature in train.features.items()},
    "streamed_columns": {name: str(feature) for name, feature in stream.features.items()},
    "first": train[0]["id"], "streamed_first": next(iter(stream))["id"],
    "sources": collections.Counter(train["source"]),
    "thousands": [collections.Counter(train[i:i + 1000]["source"]) for i in (0, 20_000, len(train) - 1000)],
    "licenses": sorted(set(load_dataset(repo, "pool", split="train")["license"])),
}, sys.stdout)
"""


CARD = """
import sys
from huggingface_hub import hf_hub_download
sys.stdout.write(open(hf_hub_download(sys.argv[1], "README.md", repo_type="dataset"), encoding="utf-8").read())
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("mirror")
    with running_hub(folder / "hub", seed=complete_seed(HUB, folder / "seed")) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(hub: Hub, home: Path, *command: str, endpoint: str | None = None) -> str:
    """Standard output of a Python process that talks to this Hub."""
    env = hub.client_env(home) | ({"HF_ENDPOINT": endpoint} if endpoint else {})
    done = subprocess.run(
        [sys.executable, *command], env=env, timeout=LIMIT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def crossthink(hub: Hub, home: Path, *args: str) -> dict[str, Any]:
    return dict(json.loads(run(hub, home, "-m", "crossthink_data.cli", *args, "--json", "--quiet")))


@pytest.fixture(scope="module")
def paper(hub: Hub, home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("runs")
    return crossthink(hub, home, "build", "paper", *MISSING, "--out", str(out), "--workers", "2", "--tasks", "7")


def manifest_of(built: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads((Path(built["run"]) / "manifest.json").read_text()))


def check_loaded(loaded: dict[str, Any], manifest: dict[str, Any], blend: str) -> None:
    """Counts equal the manifest's, features the schema, and every thousand rows has the blend's mix."""
    asked = manifest["blends"][blend]
    assert loaded["rows"] == {split: sum(rows.values()) for split, rows in asked["rows"].items()}
    assert list(loaded["columns"]) == list(loaded["streamed_columns"])
    assert loaded["columns"] == loaded["streamed_columns"]
    assert loaded["first"] == loaded["streamed_first"]
    assert loaded["sources"] == {source: rows for source, rows in asked["rows"]["train"].items() if rows}
    for thousand in loaded["thousands"]:
        for source, weight in asked["weights"].items():
            spread = (weight * (1 - weight) * 1000) ** 0.5
            assert abs(thousand.get(source, 0) - 1000 * weight) <= 5 * spread + 1, (source, thousand)


def test_paper(hub: Hub, home: Path, paper: dict[str, Any]) -> None:
    manifest = manifest_of(paper)
    assert paper["rows_read"] == 45_953
    math = manifest["sources"]["math_level3to5"]
    # level 3 to 5 less what MATH-500 and AGIEval hold: the 8,232 rows that the recipe counts on
    assert math["read"] - math["removed"]["level_below_3"] - math["removed"]["held_by_benchmark"] == 8_232
    assert paper["refused_blends"].keys() == {"f_gpr_up", "score"}
    found = manifest["contamination"]
    assert found["math500"]["rows"] > 0
    assert found["mmlu_pro"]["rows"] > 50  # problems of MATH that MMLU took
    assert list(found["gpqa_diamond"]["missing"]) == ["gpqa_diamond"]
    assert list(found["agieval"]["missing"]) == ["agieval_logiqa_en"]
    assert sum(one["removed"].get("near_duplicate", 0) for one in manifest["sources"].values()) > 100
    published = crossthink(hub, home, "publish", paper["run"], "acme/crossthink")
    loaded = json.loads(run(hub, home, "-c", LOAD, "acme/crossthink", "gpr_up"))
    check_loaded(loaded, manifest, "gpr_up")
    assert published["tag"] == f"run-{manifest['hash'][:8]}"


def test_the_card_says_what_was_found_and_what_not_checked(hub: Hub, home: Path, paper: dict[str, Any]) -> None:
    crossthink(hub, home, "publish", paper["run"], "acme/crossthink-card")
    card = run(hub, home, "-c", CARD, "acme/crossthink-card")
    for name, found in manifest_of(paper)["contamination"].items():
        assert f"| {name} | {found['rows']} | {found['items']} |" in card
    assert "- **gpqa_diamond** was not checked" in card


@pytest.mark.parametrize(
    ("repo", "benchmark", "least", "most"),
    [
        ("TIGER-Lab/TheoremQA", "mmlu_pro", 590, 600),
        ("AI-MO/NuminaMath-1.5", "math500", 6, 12),
        ("openai/gsm8k", "math500", 0, 0),
        ("allenai/openbookqa", "mmlu", 0, 0),
    ],
)
def test_any_data_set_against_all_benchmarks(
    hub: Hub, home: Path, tmp_path: Path, repo: str, benchmark: str, least: int, most: int
) -> None:
    told = crossthink(hub, home, "contamination", repo, "--out", str(tmp_path))
    assert least <= told["hits"][benchmark] <= most
    assert told["hits"]["gpqa_diamond"] is None
    assert len(Path(told["evidence"]).read_bytes().splitlines()) >= told["hits"][benchmark]


def test_paper_has_the_same_bytes_with_one_worker(hub: Hub, home: Path, paper: dict[str, Any], tmp_path: Path) -> None:
    again = crossthink(hub, home, "build", "paper", *MISSING, "--out", str(tmp_path), "--workers", "1")
    assert manifest_of(again)["files"] == manifest_of(paper)["files"]


@pytest.mark.skipif(not OLAH.exists(), reason="Olah is not installed: run `make .venv-olah/.done`")
def test_paper_reads_back_through_olah(hub: Hub, home: Path, paper: dict[str, Any], tmp_path: Path) -> None:
    crossthink(hub, home, "publish", paper["run"], "acme/crossthink")
    with running_olah(hub.url, tmp_path / "olah") as url:
        loaded = json.loads(run(hub, tmp_path / "home", "-c", LOAD, "acme/crossthink", "only_mr", endpoint=url))
    check_loaded(loaded, manifest_of(paper), "only_mr")


def test_open(hub: Hub, home: Path, tmp_path: Path) -> None:
    openstax = f"sources.openstax.path={OPENSTAX}"
    built = crossthink(hub, home, "build", "open", *MISSING, "--out", str(tmp_path), "--set", openstax)
    manifest = manifest_of(built)
    allowed = set(manifest["resolved"]["recipe"]["licenses"])
    # MMLU's auxiliary rows are another set's: what is ARC's or OpenBookQA's is a duplicate of it, the rest is unknown
    assert manifest["sources"]["mmlu"]["removed"]["license_unknown"] > 0
    crossthink(hub, home, "publish", built["run"], "acme/crossthink-open")
    loaded = json.loads(run(hub, home, "-c", LOAD, "acme/crossthink-open", "only_gpr"))
    assert set(loaded["licenses"]) <= allowed
    assert loaded["rows"]["train"] == 83_200


def test_paper_open(hub: Hub, home: Path, tmp_path: Path) -> None:
    built = crossthink(hub, home, "build", "paper_open", *MISSING, "--out", str(tmp_path))
    assert built["removed"]["needs_options"] > 10_000
    assert {row["question_type"] for row in manifest_of(built)["table"]} == {"open"}
