"""The commands: what they print, to whom, and what they leave."""

from __future__ import annotations

import os
import pkgutil
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import crossthink_data
from crossthink_data.recipe import recipe_names
from crossthink_data.sources import SOURCES
from tests.command import Crossthink, crossthink_process
from tests.hub_fixture import Hub
from tests.small import CODES, SUMS, Small, build_tiny, write_lines, write_recipe

SUMMARY = {  # worked out from the small recipe's rows
    "rows_read": CODES + 3 + SUMS,
    "derived": 0,
    "pool": CODES + SUMS,
    "not_sampled": 0,
    "removed": {"answer_not_in_options": 1, "missing_figure": 1, "options_duplicate": 1},
    "blends": {"nd": 1000, "even": 800},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


# ---- build


def test_build_prints_one_object(crossthink: Crossthink, tmp_path: Path) -> None:
    ran = crossthink("build", write_recipe(tmp_path), "--out", tmp_path / "runs", "--workers", 1, "--json")
    summary = ran.json()
    assert {key: summary[key] for key in SUMMARY} == SUMMARY
    assert Path(summary["run"]).parent == tmp_path / "runs"
    assert (Path(summary["run"]) / "manifest.json").is_file()
    assert isinstance(summary["seconds"], float)
    assert ran.err.startswith("not built: blend 'score' needs a score for sums")
    assert ran.err.count("\n") == 1


def test_rows_never_vanish(crossthink: Crossthink, tmp_path: Path) -> None:
    """read + derived = pool + removed + not_sampled, also where rows are derived and left over."""
    recipe = write_recipe(tmp_path, template="both")
    ran = crossthink(
        "build", recipe, "--out", tmp_path / "runs", "--workers", 1, "--json", "--set", "sources.sums.size=200"
    )
    summary = ran.json()
    assert summary["derived"] > 0
    assert summary["not_sampled"] == SUMS - 200
    came = summary["rows_read"] + summary["derived"]
    assert came == summary["pool"] + sum(summary["removed"].values()) + summary["not_sampled"]


def test_build_prints_tables_and_finds_the_run_again(crossthink: Crossthink, tmp_path: Path) -> None:
    command = ("build", write_recipe(tmp_path), "--out", tmp_path / "runs", "--workers", 1)
    first, again = crossthink(*command), crossthink(*command)
    assert first.code == again.code == 0
    assert "built: " in first.out
    assert "found: " in again.out
    for part in ("codes", "sums", "answer_not_in_options", "even", "0.7500", "cc-by-4.0"):
        assert part in first.out, part
    assert crossthink(*command, "--json").json()["cached"]


def test_limit_and_set_change_the_run(crossthink: Crossthink, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path), tmp_path / "runs"
    whole = crossthink("build", recipe, "--out", out, "--workers", 1, "--json").json()
    limited = crossthink("build", recipe, "--out", out, "--workers", 1, "--json", "--limit", 50).json()
    seeded = crossthink(
        "build", recipe, "--out", out, "--workers", 1, "--json", "--set", "seed=8", "--set", "blends.even=null"
    ).json()
    assert len({whole["run"], limited["run"], seeded["run"]}) == 3
    assert limited["rows_read"] == 100  # of two sources
    assert seeded["blends"] == {"nd": 1000}
    assert Path(seeded["run"], "data/nd").is_dir()


def test_a_score_given_by_hand_builds_the_refused_blend(crossthink: Crossthink, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    setting = "blends.score.scores.sums=3"
    ran = crossthink("build", recipe, "--out", tmp_path / "runs", "--workers", 1, "--json", "--set", setting)
    assert ran.json()["blends"]["score"] == 1000
    assert ran.err == ""


# ---- what a script and a terminal see


def test_a_script_sees_one_line_and_no_progress(tmp_path: Path) -> None:
    """With two workers, whose output must not get in between."""
    ran = crossthink_process(
        "build", write_recipe(tmp_path), "--out", tmp_path / "runs", "--workers", 2, "--tasks", 3, "--json"
    )
    assert ran.json()["pool"] == CODES + SUMS
    assert ran.err.startswith("not built: ")
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err
    assert "\r" not in ran.err


def on_a_terminal(*args: object) -> str:
    """What the command writes to stderr when that is a terminal."""
    reading, writing = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "crossthink_data.cli", *map(str, args)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing, env=env) as process:
        os.close(writing)
        shown = b""
        while chunk := _read(reading):
            shown += chunk
        assert process.wait(timeout=100) == 0
    os.close(reading)
    return shown.decode()


def _read(reading: int) -> bytes:
    try:
        return os.read(reading, 65_536)
    except OSError:  # how Linux tells that the other end is closed
        return b""


def test_progress_on_a_terminal_but_not_when_quiet(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, blends={"nd": {"weights": "count"}})
    assert "\x1b[" in on_a_terminal("build", recipe, "--out", tmp_path / "a", "--workers", 1)
    assert on_a_terminal("build", recipe, "--out", tmp_path / "b", "--workers", 1, "--quiet") == ""


# ---- publish, show, diff


def test_a_plan_says_what_a_build_will_take_and_builds_nothing(crossthink: Crossthink, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    plan = crossthink("build", recipe, "--out", tmp_path / "runs", "--tasks", 3, "--plan", "--json").json()
    assert [stage["stage"] for stage in plan["stages"]][::10] == ["prepare", "finish"]
    assert plan["stages"][0]["tasks"] == 3
    assert all(stage["memory_mb"] > 100 for stage in plan["stages"])
    shown = crossthink("build", recipe, "--out", tmp_path / "runs", "--plan")
    assert "memory of a task" in shown.out
    assert not (tmp_path / "runs").exists()


def test_options_of_a_cluster(crossthink: Crossthink, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    said = crossthink("build", recipe, "--slurm", "partition=cpu").refusal()
    assert said == "--slurm says how jobs of Slurm are made: add --executor slurm, or leave it out"
    said = crossthink("build", recipe, "--executor", "slurm", "--slurm", "partition=cpu").refusal()
    assert "--slurm time=" in said


def test_publish_to_a_folder(crossthink: Crossthink, tiny: Small, tmp_path: Path) -> None:
    ran = crossthink("publish", tiny.folder, "--to", tmp_path / "folder")
    assert ran.code == 0
    assert ran.out == f"published 6 files to {tmp_path}/folder; card: {tmp_path}/folder/README.md\n"
    assert ran.err == ""


def test_publish_to_the_hub(crossthink: Crossthink, hub: Hub, tiny: Small) -> None:
    told = crossthink("publish", tiny.folder, "acme/by-command", "--json").json()
    assert (told["where"], told["files"]) == ("acme/by-command", 6)
    ran = crossthink("publish", tiny.folder, "acme/by-command")
    assert ran.out.startswith(f"published 6 files to acme/by-command at {told['commit'][:8]}, tag {told['tag']}; card:")
    assert hub.write_token not in ran.out + ran.err


def test_show_a_run_a_folder_and_a_repository(crossthink: Crossthink, hub: Hub, tiny: Small, tmp_path: Path) -> None:
    crossthink("publish", tiny.folder, "acme/shown")
    crossthink("publish", tiny.folder, "--to", tmp_path / "folder")
    shown = [crossthink("show", name).out for name in (tiny.folder, "acme/shown", tmp_path / "folder")]
    assert shown[0] == shown[1] == shown[2]
    assert tiny.manifest["name"] in shown[0]
    assert shown[0].count("→") == 2  # one row of law, one of math


def test_show_rows_of_a_blend(crossthink: Crossthink, small: Small) -> None:
    ran = crossthink("show", small.folder, "--blend", "even", "-n", 3, "--json")
    rows = ran.json()["rows"]
    assert len(rows) == 3
    assert {row["source"] for row in rows} <= {"codes", "sums"}
    assert crossthink("show", small.folder, "--blend", "even", "-n", 3).out.count("→") == 3
    assert crossthink("show", small.folder, "-n", 0).out.count("→") == 0


def test_show_texts_as_they_are(crossthink: Crossthink, tmp_path: Path) -> None:
    """Square brackets are no markup for the console."""
    recipe = write_recipe(tmp_path, codes=0, sums=0, splits={}, size=1, blends={"nd": {"weights": {"sums": 1}}})
    write_lines(tmp_path / "sums.jsonl", [{"problem": "Is 3 in [bold][1, 5][/bold]?", "result": "[red]yes"}])
    run = crossthink("build", recipe, "--out", tmp_path / "runs", "--workers", 1, "--json").json()["run"]
    shown = crossthink("show", run).out
    assert "Is 3 in [bold][1, 5][/bold]?" in shown
    assert "→ [red]yes" in shown
    assert r"\boxed{}" in shown


def test_diff_of_versions_on_the_hub(crossthink: Crossthink, hub: Hub, tiny: Small, tmp_path: Path) -> None:
    other = build_tiny(tmp_path, seed=8)
    first = crossthink("publish", tiny.folder, "acme/versions", "--json").json()
    crossthink("publish", other.folder, "acme/versions")
    same = crossthink("diff", "acme/versions", other.folder, "--json").json()
    assert (same["added"], same["removed"], same["changed"]) == ({}, {}, {})
    found = crossthink("diff", f"acme/versions@{first['tag']}", "acme/versions", "--json").json()
    assert found == crossthink("diff", tiny.folder, other.folder, "--json").json()
    assert found["blends"]["nd"]["same"] + found["blends"]["nd"]["added"] == 8
    assert "blends, by rows of train" in crossthink("diff", tiny.folder, other.folder).out


# ---- lists, paths, version


def test_sources_and_recipes(crossthink: Crossthink) -> None:
    sources = crossthink("sources", "--json").json()["sources"]
    assert [row["source"] for row in sources] == sorted(SOURCES)
    assert {row["source"]: row["license"] for row in sources}["gsm8k"] == "mit"
    recipes = crossthink("recipes", "--json").json()["recipes"]
    assert [row["recipe"] for row in recipes] == recipe_names() == ["open", "paper", "paper_open", "starter"]
    assert "MATH-lighteval" in crossthink("sources").out
    assert "paper_open" in crossthink("recipes").out


def test_path(crossthink: Crossthink) -> None:
    folder = Path(crossthink("path", "cards").out.strip())
    assert (folder / "templates" / "dataset.md.jinja").is_file()


def test_version(crossthink: Crossthink) -> None:
    assert crossthink("--version").out == f"crossthink {crossthink_data.__version__}\n"


@pytest.mark.parametrize("args", [(), ("bulid",), ("build",), ("build", "starter", "--workers", "0"), ("show", "--x")])
def test_usage_errors(crossthink: Crossthink, args: tuple[str, ...]) -> None:
    assert crossthink(*args).code == 2


SLOW = """
import sys, time
from crossthink_data import dedup_stage
from crossthink_data.cli import main
def wait(rows):
    print("begun", flush=True)
    time.sleep(60)
dedup_stage.mark_duplicates = wait
sys.argv = ["crossthink", *sys.argv[1:]]
main()
"""


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    build = ["build", str(write_recipe(tmp_path)), "--out", str(tmp_path / "runs"), "--workers", "1"]
    command = [sys.executable, "-c", SLOW, *build]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stdout.readline() == "begun\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, "")
    assert err == "crossthink: stopped; a build keeps what it had finished: run it again to resume\n"


# ---- what starting it loads


HEAVY = ("polars", "pyarrow", "datasets", "datatrove", "huggingface_hub", "numpy", "torch")
STARTED = """
import sys
from crossthink_data.cli import main
sys.argv = ["crossthink", *sys.argv[1:]]
try:
    main()
except SystemExit:
    print("imported:", *[name for name in {heavy} if name in sys.modules])
"""


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["build", "--help"], ["path", "cards"]])
def test_starting_imports_nothing_heavy(args: list[str]) -> None:
    command = [sys.executable, "-c", STARTED.format(heavy=HEAVY), *args]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert out.splitlines()[-1] == "imported:"


NEVER = ("torch", "trl", "vllm", "lm_eval", "ray", "reasoning_gym")
ALL_MODULES = """
import importlib, sys
for name in {modules}:
    importlib.import_module(name)
print("imported:", *[name for name in {never} if name in sys.modules])
"""


def test_the_core_never_imports_a_trainer_or_a_server(tmp_path: Path) -> None:
    """Stand-ins for what may not be installed here, so that an import would be seen."""
    for name in NEVER:
        (tmp_path / f"{name}.py").write_text("")
    found = pkgutil.walk_packages(crossthink_data.__path__, "crossthink_data.")
    scripts = "crossthink_data.train."  # for the scripts in training/, which start with a trainer
    modules = [module.name for module in found if not module.name.startswith(scripts)]
    assert "crossthink_data.sources.reasoning_gym" in modules
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(crossthink_data.__file__).parents[1]}"}
    command = [sys.executable, "-c", ALL_MODULES.format(modules=modules, never=NEVER)]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=env).stdout
    assert out == "imported:\n"


def test_debug_shows_the_traceback(crossthink: Crossthink) -> None:
    ran = crossthink("--debug", "build", "nope")
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert ran.err.splitlines()[-1].startswith("crossthink: unknown recipe 'nope'")


def test_the_token_is_never_shown(
    crossthink: Crossthink, hub: Hub, tiny: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with a traceback, whether the Hub refuses it or breaks off."""
    monkeypatch.setenv("HF_TOKEN", "hf_verySecretToken")
    hub.fail_next("POST /api/repos/create", "cut")
    for _ in range(2):
        ran = crossthink("--debug", "publish", tiny.folder, "acme/never-made")
        assert ran.code == 2
        assert "Traceback" in ran.err
        assert "verySecretToken" not in ran.out + ran.err


def test_json_keeps_its_letters(crossthink: Crossthink, tmp_path: Path) -> None:
    run = build_tiny(tmp_path, description="Größe und Maß").folder
    assert "Größe und Maß" in crossthink("show", run, "--json").out
