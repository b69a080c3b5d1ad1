"""Bad input on the command line: one clear message with the cure, exit code 2, nothing that looks complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import polars as pl
import pytest
import yaml
from huggingface_hub import HfApi

from tests.command import Crossthink, crossthink_process
from tests.hub_client import commit
from tests.hub_fixture import Hub
from tests.small import Small, build_tiny, code_rows, write_lines, write_recipe

ONE: dict[str, Any] = {  # a recipe with one source, whose entry each test gives
    "name": "one",
    "size": 8,
    "blends": {"nd": {"weights": "count"}},
}
COLUMNS = {"question": "ask", "options": "choices", "answer_index": "right"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def recipe_of(folder: Path, **entry: Any) -> Path:
    """A recipe file with one inline source."""
    path = folder / "one.yaml"
    path.write_text(yaml.safe_dump(ONE | {"sources": {"codes": {"columns": COLUMNS, "count": 1} | entry}}))
    return path


def refused(crossthink: Crossthink, recipe: object, out: Path, *more: object) -> str:
    """What a build is refused with; nothing in `out` looks complete."""
    message = crossthink("build", recipe, "--out", out, "--workers", 1, *more).refusal()
    assert list(out.rglob("manifest.json")) == []
    assert list(out.rglob("*.parquet")) == []
    return message


def unplanned(crossthink: Crossthink, recipe: object, out: Path) -> str:
    """Why the source cannot be had; its name and the cure of doing without it stand around that."""
    found = re.fullmatch(
        r"source 'codes': (.*); or leave the source out with --set sources\.codes=null",
        refused(crossthink, recipe, out),
    )
    assert found
    return found[1]


# ---- names and recipes


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("papr", "unknown recipe 'papr': did you mean 'paper' or 'paper_open'?"),
        ("zzzz", "unknown recipe 'zzzz': there are: open, paper, paper_open, starter"),
        ("gone.yaml", "no recipe file gone.yaml: check the path, or name one of open, paper, paper_open, starter"),
    ],
)
def test_unknown_recipe(crossthink: Crossthink, name: str, said: str, tmp_path: Path) -> None:
    assert refused(crossthink, name, tmp_path / "out") == said


RECIPES: list[tuple[str, dict[str, Any], str]] = [
    ("unknown field", {"sead": 1}, r"small\.yaml: sead: Extra inputs are not permitted \(given: 1\)"),
    ("wrong type", {"size": "many"}, r"small\.yaml: size: .*integer.* \(given: 'many'\)"),
    ("too small", {"size": 0}, r"small\.yaml: size: .*greater than or equal to 1 \(given: 0\)"),
    ("no source", {"sources": {}}, r"small\.yaml: sources: .*at least 1 item"),
    (
        "unknown source",
        {"sources": {"gsm8": {"count": 1}}, "blends": {"nd": {"weights": "count"}}},
        r"unknown source 'gsm8': did you mean 'gsm8k'\?",
    ),
    (
        "negative weight",
        {"blends": {"nd": {"weights": {"codes": -0.5, "sums": 1.5}}}},
        r"small\.yaml: blends\.nd\.weights\..*codes: .*greater than or equal to 0 \(given: -0\.5\)",
    ),
    (
        "weights that sum to 0.9",
        {"blends": {"nd": {"weights": {"codes": 0.5, "sums": 0.4}}}},
        r"small\.yaml: blends\.nd: weights must sum to 1, these sum to 0\.9",
    ),
    (
        "weight of an absent source",
        {"blends": {"nd": {"weights": {"codes": 0.5, "sum": 0.5}}}},
        r"small\.yaml: recipe: blends\.nd: unknown source 'sum': did you mean 'sums'\?",
    ),
    (
        "two rules in one blend",
        {"blends": {"nd": {"weights": "count", "shares": {"mcq": 1}}}},
        r"small\.yaml: blends\.nd: give exactly one of weights, shares and scores",
    ),
    (
        "share of no category",
        {"blends": {"nd": {"shares": {"mrr": 1}}}},
        r"small\.yaml: blends\.nd\.shares\.mrr.*'gpr', 'mr', 'mcq' or 'open' \(given: 'mrr'\)",
    ),
    ("reserved name", {"blends": {"pool": {"weights": "count"}}}, r"pool is the name of a config"),
]


@pytest.mark.parametrize(("changes", "said"), [case[1:] for case in RECIPES], ids=[case[0] for case in RECIPES])
def test_bad_recipe(crossthink: Crossthink, changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    message = refused(crossthink, write_recipe(tmp_path, **changes), tmp_path / "out")
    assert re.search(said, message), message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"name: [", "not YAML"),
        (b"\xff\xfe\xfa", "not YAML"),
        (b"- a\n- b\n", "a recipe is a mapping"),
        (b"", "a recipe is a mapping"),
    ],
)
def test_no_yaml(crossthink: Crossthink, text: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(text)
    message = refused(crossthink, path, tmp_path / "out")
    assert message.startswith(f"{path}: ")
    assert said in message


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("seed", "write it as KEY=VALUE"),
        ("seed=[", "the value is not YAML"),
        ("seed.x=1", "seed holds no fields"),
        ("seed=x", "seed: Input should be a valid integer"),
    ],
)
def test_bad_setting(crossthink: Crossthink, setting: str, said: str, tmp_path: Path) -> None:
    assert said in refused(crossthink, write_recipe(tmp_path), tmp_path / "out", "--set", setting)


# ---- local files


def test_no_such_file(crossthink: Crossthink, tmp_path: Path) -> None:
    message = unplanned(crossthink, recipe_of(tmp_path, files=["gone-*.jsonl"]), tmp_path / "out")
    assert message == f"sources.codes.files: no file {tmp_path}/gone-*.jsonl"


def test_missing_column(crossthink: Crossthink, tmp_path: Path) -> None:
    write_lines(tmp_path / "codes.jsonl", [{"asked": "x", "choices": ["a"], "right": 0}])
    message = refused(crossthink, recipe_of(tmp_path, files=["codes.jsonl"]), tmp_path / "out")
    assert message == (
        "source 'codes' (local files): codes.jsonl has no column 'ask'; it has asked, choices, right. "
        "Pin a revision that has it, or map the columns in the recipe"
    )


@pytest.mark.parametrize("keep", [100, -10], ids=["most is gone", "the end is gone"])
def test_truncated_parquet(crossthink: Crossthink, keep: int, tmp_path: Path) -> None:
    path = tmp_path / "codes.parquet"
    pl.DataFrame(code_rows(50)).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    message = refused(crossthink, recipe_of(tmp_path, files=[path.name]), tmp_path / "out")
    assert message.startswith("source 'codes': codes.parquet is not a whole parquet file (")
    assert message.endswith("; delete it and download it again")


def test_parquet_damaged_inside(crossthink: Crossthink, tmp_path: Path) -> None:
    """Its footer is whole, so only reading the rows shows it."""
    path = tmp_path / "codes.parquet"
    pl.DataFrame(code_rows(500)).write_parquet(path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[8:2000] = bytes(1992)
    path.write_bytes(content)
    message = refused(crossthink, recipe_of(tmp_path, files=[path.name]), tmp_path / "out")
    assert message.startswith("source 'codes': codes.parquet breaks off near row 0 (")


def with_bad_lines(path: Path, bad: int) -> Path:
    """Ten good lines, then bad ones, then ten good ones."""
    good = write_lines(path, code_rows(20)).read_bytes().splitlines(keepends=True)
    broken = [b'{"ask": "cut off\n', b"[1, 2]\n", b"\xff\xfe\n", b"null\n"]
    path.write_bytes(b"".join([*good[:10], *(broken * bad)[:bad], *good[10:]]))
    return path


def test_bad_lines_up_to_the_limit_are_counted(crossthink: Crossthink, tmp_path: Path) -> None:
    with_bad_lines(tmp_path / "codes.jsonl", 4)
    recipe = recipe_of(tmp_path, files=["codes.jsonl"])
    command = ("build", recipe, "--out", tmp_path / "out", "--workers", 1, "--json", "--set", "max_bad_lines=4")
    summary = crossthink(*command).json()
    assert (summary["rows_read"], summary["pool"], summary["removed"]) == (24, 20, {"unreadable": 4})


def test_bad_lines_over_the_limit(crossthink: Crossthink, tmp_path: Path) -> None:
    with_bad_lines(tmp_path / "codes.jsonl", 4)
    recipe = recipe_of(tmp_path, files=["codes.jsonl"])
    assert refused(crossthink, recipe, tmp_path / "out", "--set", "max_bad_lines=3") == (
        "source 'codes': 4 lines are not JSON objects, the first is codes.jsonl line 11; "
        "mend the file, or allow them with --set max_bad_lines=4"
    )


def test_json_array_that_breaks_off(crossthink: Crossthink, tmp_path: Path) -> None:
    (tmp_path / "codes.json").write_text('[{"ask": "x", "choices": ["a", "b"], "right": 0},')
    message = refused(crossthink, recipe_of(tmp_path, files=["codes.json"]), tmp_path / "out")
    assert message.startswith("source 'codes': codes.json is not whole JSON (")


# ---- the Hub


@pytest.fixture
def source_repo(hub: Hub, request: pytest.FixtureRequest) -> str:
    """A data set with one JSONL file."""
    repo = "sources/" + re.sub(r"\W+", "-", request.node.name).strip("-")
    HfApi().create_repo(repo, repo_type="dataset")
    lines = write_lines(Path(os.environ["HF_HOME"]) / "codes.jsonl", code_rows(8)).read_bytes()
    commit(HfApi(), repo, {"codes.jsonl": lines})
    return repo


def test_a_source_on_the_hub_is_pinned(crossthink: Crossthink, hub: Hub, source_repo: str, tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, repo=source_repo, files=["*.jsonl"])
    command = ("build", recipe, "--out", tmp_path / "out", "--workers", 1, "--json")
    first = crossthink(*command).json()
    assert first["pool"] == 8
    assert crossthink(*command).json()["cached"]
    commit(HfApi(), source_repo, {"codes.jsonl": b'{"ask": "new?", "choices": ["a", "b"], "right": 0}\n'})
    second = crossthink(*command).json()
    assert (second["cached"], second["pool"]) == (False, 1)
    assert second["run"] != first["run"]


def test_missing_column_on_the_hub(crossthink: Crossthink, source_repo: str, tmp_path: Path) -> None:
    revision = str(HfApi().dataset_info(source_repo).sha)
    columns = COLUMNS | {"question": "asked"}
    recipe = recipe_of(tmp_path, repo=source_repo, files=["codes.jsonl"], revision=revision, columns=columns)
    message = refused(crossthink, recipe, tmp_path / "out")
    assert message.startswith(f"source 'codes' ({source_repo}@{revision}): codes.jsonl has no column 'asked'")


def test_truncated_parquet_on_the_hub(crossthink: Crossthink, source_repo: str, tmp_path: Path) -> None:
    pl.DataFrame(code_rows(50)).write_parquet(tmp_path / "x.parquet")
    commit(HfApi(), source_repo, {"x.parquet": (tmp_path / "x.parquet").read_bytes()[:-40]})
    message = refused(crossthink, recipe_of(tmp_path, repo=source_repo, files=["x.parquet"]), tmp_path / "out")
    assert message.startswith("source 'codes': x.parquet is not a whole parquet file")


def test_no_file_like_it_on_the_hub(crossthink: Crossthink, source_repo: str, tmp_path: Path) -> None:
    commit_id = str(HfApi().dataset_info(source_repo).sha)
    message = unplanned(crossthink, recipe_of(tmp_path, repo=source_repo, files=["*.parquet"]), tmp_path / "out")
    assert message == (f"{source_repo}@{commit_id[:8]} has no file like *.parquet; it has .gitattributes, codes.jsonl")


def test_missing_repository(crossthink: Crossthink, hub: Hub, tmp_path: Path) -> None:
    said = f"no data set acme/never at {hub.url} that you may see: check the name, or log in with `hf auth login`"
    assert unplanned(crossthink, recipe_of(tmp_path, repo="acme/never", files=["*"]), tmp_path / "out") == said
    assert crossthink("show", "acme/never").refusal() == said


def test_a_name_that_no_repository_has(crossthink: Crossthink, hub: Hub, tmp_path: Path) -> None:
    message = unplanned(crossthink, recipe_of(tmp_path, repo="two words/x", files=["*"]), tmp_path / "out")
    assert message.startswith("'two words/x' is no data set's name: ")


@pytest.mark.parametrize("token", ["hf_read", None])
def test_gated_repository(
    crossthink: Crossthink, source_repo: str, token: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HfApi().update_repo_settings(source_repo, repo_type="dataset", gated="auto")
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    else:
        monkeypatch.setenv("HF_TOKEN", token)
    message = unplanned(crossthink, recipe_of(tmp_path, repo=source_repo, files=["*.jsonl"]), tmp_path / "out")
    assert message == (
        f"{source_repo} is gated: ask for access on its page, then log in with `hf auth login` or set HF_TOKEN"
    )


def test_wrong_token(
    crossthink: Crossthink, hub: Hub, source_repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_nobodys_secret")
    recipe = recipe_of(tmp_path, repo=source_repo, files=["*.jsonl"])
    said = f"{hub.url} does not know this token: log in with `hf auth login`, or mend HF_TOKEN"
    assert unplanned(crossthink, recipe, tmp_path / "out") == said
    assert crossthink("show", source_repo).refusal() == said


@pytest.mark.parametrize("command", ["build", "show", "diff"])
def test_hub_unreachable(crossthink: Crossthink, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    recipe = recipe_of(tmp_path, repo="acme/x", files=["*"])
    args: dict[str, list[object]] = {
        "build": ["build", recipe, "--out", tmp_path / "out"],
        "show": ["show", "acme/x"],
        "diff": ["diff", "acme/x", "acme/y"],
    }
    message = crossthink(*args[command]).refusal()
    assert "cannot reach http://127.0.0.1:9 for acme/x (" in message
    assert "): check the network and HF_ENDPOINT, then run it again" in message


def test_hub_out_of_order(crossthink: Crossthink, hub: Hub, source_repo: str, tmp_path: Path) -> None:
    hub.fail_next(f"GET /api/datasets/{source_repo}", "503", 9)
    message = unplanned(crossthink, recipe_of(tmp_path, repo=source_repo, files=["*.jsonl"]), tmp_path / "out")
    assert message.startswith(f"{hub.url} refused {source_repo} with 503")


def test_a_download_that_breaks_off_for_good(
    crossthink: Crossthink, hub: Hub, source_repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's tries
    hub.fail_next(f"GET /datasets/{source_repo}/resolve/", "cut", 99)
    message = crossthink(
        "build", recipe_of(tmp_path, repo=source_repo, files=["*.jsonl"]), "--out", tmp_path / "out", "--workers", 1
    ).err.splitlines()[-1]
    assert f"cannot reach {hub.url} for {source_repo} (" in message


def test_offline(tmp_path: Path, hub: Hub) -> None:
    env = hub.client_env(tmp_path) | {"HF_HUB_OFFLINE": "1"}
    message = crossthink_process("show", "acme/x", env=env).refusal()
    assert message.startswith(f"cannot reach {hub.url} for acme/x (")


def test_publish_errors_reach_the_shell(
    crossthink: Crossthink, hub: Hub, tiny: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "say where to publish" in crossthink("publish", tiny.folder).refusal()
    assert "say where to publish" in crossthink("publish", tiny.folder, "acme/x", "--to", "y").refusal()
    assert "is not a finished run" in crossthink("publish", tiny.folder / "data", "acme/x").refusal()
    monkeypatch.setenv("HF_TOKEN", hub.read_token)
    ran = crossthink("publish", tiny.folder, "acme/not-mine")
    assert "this token may not write to acme/not-mine" in ran.refusal()
    assert hub.read_token not in ran.err


# ---- show and diff


def test_show_what_is_not_there(crossthink: Crossthink, hub: Hub, small: Small, source_repo: str) -> None:
    assert crossthink("show", "nothing").refusal().startswith("no folder nothing")
    assert "unknown blend 'evn': did you mean 'even'?" in crossthink("show", small.folder, "--blend", "evn").refusal()
    assert "needs a score for sums" in crossthink("show", small.folder, "--blend", "score").refusal()
    message = crossthink("show", source_repo).refusal()
    assert message == f"{source_repo} was not published by crossthink: it has no manifest.json"
    for args in (["show", source_repo, "--revision", "run-never"], ["diff", f"{source_repo}@run-never", source_repo]):
        assert crossthink(*args).refusal().startswith(f"{source_repo} has no revision run-never")


def test_a_run_with_a_file_missing(crossthink: Crossthink, tmp_path: Path) -> None:
    run = build_tiny(tmp_path).folder
    (run / "data/nd/train-00000-of-00001.parquet").unlink()
    for args in (["show", run], ["diff", run, run]):
        assert "lacks data/nd/train-00000-of-00001.parquet" in crossthink(*args).refusal()


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "another program\'s"}'])
def test_somebody_elses_manifest(crossthink: Crossthink, text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert str(tmp_path / "manifest.json") in crossthink("show", tmp_path).refusal()


# ---- the disk


def mounted(folder: Path, options: str) -> Path:
    """A file system of its own; only root may make one, and not everywhere."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"cannot mount a small file system here: {made.stderr.strip()}")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = mounted(tmp_path / "disk", f"size={request.param}k")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a worker may still be on its way out


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = mounted(tmp_path / "disk", "ro")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a worker may still be on its way out


@pytest.mark.parametrize("small_disk", [100], indirect=True)
def test_disk_full_again_and_again(crossthink: Crossthink, small_disk: Path, tmp_path: Path) -> None:
    """A disk that grows bit by bit: the build stops in every stage, goes on, and ends with the same bytes."""
    recipe, size, stages = write_recipe(tmp_path, codes=3000), 100, set()
    while (ran := crossthink("build", recipe, "--out", small_disk, "--workers", 1)).code:
        assert ran.refusal().endswith("the disk is full: make space, then run the same command again to resume")
        assert list(small_disk.rglob("manifest.json")) == []
        stages |= {path.name.partition("-")[0] for path in small_disk.glob("*/.work-*/*")}
        size += 200
        subprocess.run(["mount", "-o", f"remount,size={size}k", small_disk], check=True)
    assert stages >= {"prepare", "dedup", "select"}
    elsewhere = crossthink("build", recipe, "--out", tmp_path / "out", "--workers", 1, "--json").json()
    [run] = small_disk.iterdir()
    assert files(run) == files(Path(elsewhere["run"]))


def files(run: Path) -> dict[str, bytes]:
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in run.rglob("*.parquet")}


@pytest.mark.parametrize("small_disk", [100], indirect=True)
def test_disk_full_in_a_worker(small_disk: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, codes=3000)
    ran = crossthink_process("build", recipe, "--out", small_disk, "--workers", 2)
    assert ran.refusal().endswith("the disk is full: make space, then run the same command again to resume")
    assert list(small_disk.rglob("manifest.json")) == []


@pytest.mark.parametrize("small_disk", [20], indirect=True)
def test_disk_full_while_publishing(crossthink: Crossthink, small_disk: Path, tiny: Small) -> None:
    ran = crossthink("publish", tiny.folder, "--to", small_disk / "folder")
    assert "the disk is full" in ran.refusal()
    assert list(small_disk.iterdir()) == []


def test_read_only_disk(crossthink: Crossthink, read_only: Path, tiny: Small, tmp_path: Path) -> None:
    for args in (
        ["build", write_recipe(tmp_path), "--out", read_only / "runs"],
        ["publish", tiny.folder, "--to", read_only / "x"],
    ):
        message = crossthink(*args).refusal()
        assert message.startswith(str(read_only))
        assert message.endswith("read-only: name a folder that you may write to")


def test_a_file_in_the_way(crossthink: Crossthink, tiny: Small, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for args in (
        ["build", write_recipe(tmp_path), "--out", tmp_path / "file"],
        ["build", write_recipe(tmp_path), "--out", tmp_path / "file/sub"],
        ["publish", tiny.folder, "--to", tmp_path / "file/sub"],
    ):
        message = crossthink(*args).refusal()
        assert message.startswith(str(tmp_path / "file"))
        assert message.endswith("a file is in the way: name another folder")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_not_allowed(crossthink: Crossthink, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    message = crossthink("build", write_recipe(tmp_path), "--out", tmp_path / "locked/runs").refusal()
    assert message.endswith("not allowed: name a folder that you may write to")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_to_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "crossthink_data.cli", "recipes", "--json"]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert ran.stderr == "crossthink: the disk is full: make space, then run the same command again to resume\n"
