"""`crossthink difficulty` and `crossthink selflabel`: each option reaches, what is printed, and what is refused."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.llm import client
from crossthink_data.llm.band import Band
from crossthink_data.llm.difficulty import Difficulty
from crossthink_data.llm.endpoint import Endpoint, Prices
from crossthink_data.llm.request import Sampling
from crossthink_data.llm.rounds import Changes, State
from crossthink_data.llm.selflabel import Round, SelfLabel
from crossthink_data.llm.tables import RESPONSES_FILE
from crossthink_data.side_table import ROWS_FILE, SideTable
from tests.command import Crossthink, Ran
from tests.llm.asking import quick, recorded, request_hash
from tests.llm.scripted_endpoint import Body, ScriptedEndpoint, prompt_of
from tests.part_labelled import CODES, SUMS, WAIT, gold, part_labelled
from tests.small import Small, build_small

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

USAGE = {"answers": 0, "refused": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0, "prices": {}}
MANIFEST: dict[str, Any] = {
    "settings": {"model": "m", "band": None, "target": 0.9},
    "summary": {
        **dict.fromkeys(("asked", "right", "no_answer", "cut", "ungradable", "lost", "saved"), 0),
        "round": 0, "adopted_rows": 0, "domains": {}, "reasons": {}, "thresholds": {}, "changes": {},
    },
    "usage": USAGE,
    "last_run": {"requests": 0, "failures": 0, "seconds": 0.0},
}  # fmt: skip


def right(body: Body) -> str:
    return rf"<think>So.</think> \boxed{{{gold(prompt_of(body).partition(chr(10))[0])}}}"


@pytest.fixture
def server() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(answer=right, models=("alpha", "beta")) as running:
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_small(tmp_path_factory.mktemp("run"), 4, 2, splits={}, size=8, blends={"nd": {"weights": "count"}})


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return part_labelled(tmp_path_factory.mktemp("recipe"))


# ---- options


def test_every_option_of_difficulty_reaches(crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def measure(*args: Any) -> SideTable:
        given.extend(args[:-1])
        return SideTable(Path("t"), MANIFEST)

    monkeypatch.setattr("crossthink_data.llm.difficulty.measure", measure)
    ran = crossthink(
        "difficulty", "RUN", "--model", "m", "--endpoint", "http://h:1", "--blend", "nd", "--split", "test",
        "--revision", "r", "--limit", 7, "--samples", 8, "--band", "0.1-0.9", "--temperature", 0.5, "--top-p", 0.9,
        "--max-tokens", 99, "--model-revision", "v1", "--prompt-style", "plain", "--timeout", 30,
        "--latency-objective", 2.5, "--price-in", 1.5, "--price-out", 3, "--out", "o", "-q", "--allow-failed",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert given == [
        "RUN", "nd", "test", "r", 7,
        Endpoint("http://h:1/v1", "m", "v1", "plain", 30.0, None, True, 2.5, Prices(1.5, 3.0)),
        Difficulty(8, Sampling(0.5, 0.9, 99), Band(0.1, 0.9)), Path("o"),
    ]  # fmt: skip


def test_the_defaults_of_difficulty(crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def measure(*args: Any) -> SideTable:
        given.extend(args[:-1])
        return SideTable(Path("t"), MANIFEST)

    monkeypatch.setattr("crossthink_data.llm.difficulty.measure", measure)
    assert crossthink("difficulty", "RUN", "--model", "m", "--endpoint", "http://h:1/v1").code == 0
    assert given == [
        "RUN", None, "train", None, None, Endpoint("http://h:1/v1", "m"), Difficulty(), Path("tables"),
    ]  # fmt: skip


def test_every_option_of_selflabel_reaches(
    crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch, recipe: Path
) -> None:
    given: list[Any] = []
    looked_for: list[Any] = []

    def rows(plan: Any, *args: Any) -> str:
        looked_for.extend([plan.recipe.seed, list(plan.sources), plan.recipe.decontaminate, *args])
        return "rows"

    def label_round(*args: Any) -> Round:
        given.extend(args[:-1])
        return Round(SideTable(Path("t"), MANIFEST), State("r", 3), Changes((), (), (), ()))

    monkeypatch.setattr("crossthink_data.llm.unlabelled.unlabelled_rows", rows)
    monkeypatch.setattr("crossthink_data.llm.selflabel.label_round", label_round)
    ran = crossthink(
        "selflabel", recipe, "--model", "m", "--model", "n", "--endpoint", "http://h:1", "--endpoint", "http://i:2",
        "--source", "sums", "--set", "seed=9", "--state", "s", "--samples", 3, "--target", 0.8, "--alpha", 0.1,
        "--validation", 50, "--limit", 7, "--temperature", 0.5, "--top-p", 0.9, "--max-tokens", 99,
        "--model-revision", "v1", "--model-revision", "v2", "--prompt-style", "plain", "--timeout", 30,
        "--latency-objective", 2.5, "--price-in", 1.5, "--price-out", 3, "--out", "o", "-q", "--allow-failed",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert looked_for == [9, ["sums"], None, ["sums"], 50, 7]
    assert given == [
        "rows",
        [
            Endpoint("http://h:1/v1", "m", "v1", "plain", 30.0, None, True, 2.5, Prices(1.5, 3.0)),
            Endpoint("http://i:2/v1", "n", "v2", "plain", 30.0, None, True, 2.5, Prices(1.5, 3.0)),
        ],
        SelfLabel(3, 0.8, 0.1, Sampling(0.5, 0.9, 99)), Path("s"), Path("o"),
    ]  # fmt: skip
    assert ran.out.endswith("made: t\nstate after round 3: s, nothing changed\n")


# ---- what is printed


def difficulty(crossthink: Crossthink, server: ScriptedEndpoint, run: object, out: Path, *more: object) -> Ran:
    return crossthink("difficulty", run, "--model", "alpha", "--endpoint", server.url, "--out", out, *more)


def selflabel(crossthink: Crossthink, server: ScriptedEndpoint, recipe: object, out: Path, *more: object) -> Ran:
    named = ("--model", "alpha", "--model", "beta", "--endpoint", server.url, "--samples", 2, "--target", 0.8)
    return crossthink("selflabel", recipe, *named, "--out", out, "--state", out / "state", *more)


def test_difficulty_prints_rates_samples_and_what_it_took(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path
) -> None:
    ran = difficulty(crossthink, server, run.folder, tmp_path, "--samples", 4, "--band", "0.5-0.9", "--price-out", 1e6)
    assert (ran.code, ran.err) == (0, "")
    # all four are needed to say that a rate of 1 lies above 0.9
    for part in ("pass rates", "law", "math", "rows in the band", "completion tokens", "cost", "48.0"):
        assert part in ran.out, part
    (folder,) = tmp_path.glob("difficulty-*")
    assert ran.out.endswith(f"made: {folder}\n")
    server.stop()
    again = difficulty(crossthink, server, run.folder, tmp_path, "--samples", 4, "--band", "0.5-0.9")
    assert again.out.endswith(f"found: {folder}\n")


def test_difficulty_as_json(crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path) -> None:
    found = difficulty(crossthink, server, run.folder, tmp_path, "--json").json()
    (folder,) = tmp_path.glob("difficulty-*")
    assert (found["table"], found["cached"], found["summary"]["rows"], found["summary"]["mean"]) == (
        str(folder),
        False,
        6,
        1.0,
    )


def test_a_published_folder_is_measured_too(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path
) -> None:
    assert crossthink("publish", run.folder, "--to", tmp_path / "published").code == 0
    tables = [
        difficulty(crossthink, server, corpus, tmp_path / "t", "--blend", "nd", "--json").json()["table"]
        for corpus in (run.folder, tmp_path / "published")
    ]
    assert tables[0] == tables[1]


def test_the_way_from_a_run_to_a_blend_of_hard_rows(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path
) -> None:
    """The codes of even stations are answered wrong, so they are what is hard."""
    server.answer = lambda body: (
        r"\boxed{X}" if "station 0" in prompt_of(body) or "station 2" in prompt_of(body) else right(body)
    )
    table = difficulty(crossthink, server, run.folder, tmp_path, "--json").json()["table"]
    settings = [f"pass_rates={table}", "blends.f_nd={weights: count, keep_hard: {}}"]
    sets = [part for one in settings for part in ("--set", one)]
    done = crossthink("build", run.recipe, "--out", tmp_path / "runs", "--workers", 1, *sets, "--json").json()
    rows = pl.read_parquet(Path(done["run"]) / "data" / "f_nd" / "*.parquet")
    assert set(rows["question"]) == {"Which code did station 0 send?", "Which code did station 2 send?"}
    assert rows["pass_rate"].unique().to_list() == [0.0]


def test_selflabel_prints_thresholds_changes_and_the_state(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path
) -> None:
    ran = selflabel(crossthink, server, recipe, tmp_path)
    assert (ran.code, ran.err) == (0, "")
    for part in (
        "round 1: labels of which 80% shall be right",
        "law",
        "math",
        "0.750",
        f"adopted: {2 * WAIT} rows",
        "alpha + beta",
    ):
        assert part in ran.out, part
    assert ran.out.endswith(f"state after round 1: {tmp_path / 'state'}\n")
    again = selflabel(crossthink, server, recipe, tmp_path)
    assert again.out.endswith(f"state after round 2: {tmp_path / 'state'}, nothing changed\n")
    assert len(server.requests) == 2 * 4 * (CODES + SUMS)


def test_selflabel_as_json_and_the_way_to_a_run(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path
) -> None:
    found = selflabel(crossthink, server, recipe, tmp_path, "--json").json()
    assert (found["state"], found["finished"], found["cached"]) == (str(tmp_path / "state"), False, False)
    assert found["summary"]["adopted_rows"] == 2 * WAIT
    given = ("--out", tmp_path / "runs", "--workers", 1, "--set", f"labels={found['table']}", "--json")
    done = crossthink("build", recipe, *given).json()
    assert (done["pool"], done["removed"]) == (CODES + SUMS, {})


def test_rows_with_a_fault_are_no_part_of_the_samples(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path
) -> None:
    server.faults = lambda seen: "empty" if "station 0 " in prompt_of(seen.body) else ""
    said = difficulty(crossthink, server, run.folder, tmp_path, "--samples", 3).out
    assert "lost: " not in said
    samples, _, faults = said.partition("\nfaults")
    assert "empty" not in samples and "first lost or empty sample" in faults
    assert re.search(r"│ empty +│ +1 │", faults), said


def test_the_faults_of_an_ensemble_are_counted(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path
) -> None:
    server.faults = lambda seen: {"alpha": "empty", "beta": "length"}[seen.body["model"]]
    found = selflabel(crossthink, server, recipe, tmp_path, "--json").json()
    assert found["summary"]["reasons"] == {"cut": 2 * (CODES + SUMS), "empty": 2 * (CODES + SUMS)}
    ran = selflabel(crossthink, server, recipe, tmp_path / "b")
    assert "of an answer" in ran.out and f"{2 * (CODES + SUMS)}" in ran.out


def test_a_request_that_fails_is_asked_again_and_a_row_that_fails_for_good_does_not_hold_the_table(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.001)
    monkeypatch.setattr(client, "LAST_S", 0.1)
    server.delay_s = 0.003
    server.faults = lambda seen: (
        "500" if "What is 3 plus" in prompt_of(seen.body) and seen.body["model"] == "alpha" else ""
    )
    said = selflabel(crossthink, server, recipe, tmp_path).refusal()
    assert said.startswith("1 rows have no answer, ") and said.endswith("--allow-failed finishes without them")
    assert list(tmp_path.rglob("manifest.json")) == [] and not (tmp_path / "state").exists()
    found = selflabel(crossthink, server, recipe, tmp_path, "--allow-failed", "--json").json()
    assert found["summary"]["reasons"] == {"failed": 2}
    assert found["usage"]["answers"] == 4 * (CODES + SUMS) - 2


def test_a_target_that_cannot_be_met_is_said(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path
) -> None:
    found = selflabel(crossthink, server, recipe, tmp_path, "--target", 0.99, "--json").json()
    assert found["summary"]["adopted_rows"] == 0
    assert "it takes" in found["summary"]["thresholds"]["math"]["reason"]
    ran = selflabel(crossthink, server, recipe, tmp_path / "b", "--target", 0.99)
    assert "adopted: 0 rows" in ran.out
    assert "nothing changed" in ran.out


# ---- killed


def asked_and_killed(server: ScriptedEndpoint, number: int, *words: object) -> None:
    """Runs the command in a process of its own, which ends when the server has given so many answers."""
    started = threading.Event()

    def kill(answered: int) -> None:
        if answered == number:
            started.wait()
            process.kill()

    server.on_answer = kill
    command = [sys.executable, "-m", "crossthink_data.cli", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        started.set()
        assert process.wait(60) == -signal.SIGKILL
    server.on_answer = lambda answered: None


def kept(out: Path) -> set[str]:
    """The requests whose answers are in the recordings of an unfinished table."""
    folders = [path.parents[1] for path in out.glob("*/.work/**/replay.sqlite3")]
    return {request for folder in folders for request in recorded(folder)["request"]}


@pytest.mark.parametrize("number", [2, 13, 24])
def test_difficulty_killed_and_run_again(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path, number: int
) -> None:
    command = ("--model", "alpha", "--endpoint", server.url, "--samples", 4)
    asked_and_killed(server, number, "difficulty", run.folder, *command, "--out", tmp_path / "a")
    goes_on(crossthink, server, tmp_path, ("difficulty", run.folder, *command), 6 * 4)


@pytest.mark.parametrize("number", [5, 30])  # of the first model, of the second
def test_selflabel_killed_and_run_again(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path, number: int
) -> None:
    limits = ("--samples", 2, "--source", "sums", "--limit", 4, "--validation", 6)
    command = ("--model", "alpha", "--model", "beta", "--endpoint", server.url, *limits)
    state = ("--state", tmp_path / "a" / "state")
    asked_and_killed(server, number, "selflabel", recipe, *command, *state, "--out", tmp_path / "a")
    assert not (tmp_path / "a" / "state").exists()
    goes_on(crossthink, server, tmp_path, ("selflabel", recipe, *command), 2 * 2 * 10)
    assert (tmp_path / "a/state/state.json").read_bytes() == (tmp_path / "b/state/state.json").read_bytes()


def goes_on(
    crossthink: Crossthink, server: ScriptedEndpoint, folder: Path, command: tuple[object, ...], every: int
) -> None:
    """In `folder`/a nothing that was kept is asked again, and it becomes the table that one without a kill is."""
    before = kept(folder / "a")

    def run(out: Path) -> Path:
        state = ("--state", out / "state") if command[0] == "selflabel" else ()
        made = crossthink(*command, "--out", out, *state, "--json").json()
        assert made["usage"]["answers"] == made["last_run"]["requests"] + made["last_run"]["replayed"] == every
        return Path(made["table"])

    resumed = run(folder / "a")
    times = Counter(request_hash(seen.body) for seen in server.answers)
    assert len(times) == every and all(times[request] == 1 for request in before)
    calm = run(folder / "b")
    assert resumed.name == calm.name
    for file in (ROWS_FILE, RESPONSES_FILE):
        assert (resumed / file).read_bytes() == (calm / file).read_bytes()


# ---- bad input


def test_the_endpoint_is_down(
    crossthink: Crossthink, run: Small, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.3)
    with ScriptedEndpoint() as server:
        server.stop()
        for command, what in ((difficulty, run.folder), (selflabel, recipe)):
            said = command(crossthink, server, what, tmp_path).refusal()
            assert said.startswith(f"{server.url} has given no answer for 0.3 s")
            assert "run the same command again to resume" in said
    assert list(tmp_path.rglob("manifest.json")) == []
    assert not (tmp_path / "state").exists()


def test_a_model_that_is_not_there(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, recipe: Path, tmp_path: Path
) -> None:
    said = difficulty(crossthink, server, run.folder, tmp_path, "--model", "alpho").refusal()
    assert said == f"unknown model at {server.url} 'alpho': it offers alpha, beta"
    said = difficulty(crossthink, server, run.folder, tmp_path, "--model", "zzz").refusal()
    assert said == f"unknown model at {server.url} 'zzz': it offers alpha, beta"
    said = selflabel(crossthink, server, recipe, tmp_path, "--model", "zzz", "--samples", 1).refusal()
    assert said.endswith("'zzz': it offers alpha, beta")
    assert list(tmp_path.rglob("manifest.json")) == []


BAD = [
    (("--band", "high"), "band 'high': write it as LOW-HIGH, for example 0.1-0.9"),
    (("--band", "0.9-0.1"), "band 0.9-0.1: two rates from 0 to 1, the lower one first"),
    (("--band", "0-1"), "--band 0.0-1.0: every rate of 1 samples lies in it, so there is nothing to find out"),
    (("--samples", 2, "--temperature", 0), "--samples 2 --temperature 0: they would all be one answer"),
    (("--temperature", -1), "temperature -1.0: 0 takes the likeliest token"),
    (("--top-p", 0), "top_p 0.0: above 0, and at most 1"),
    (("--temperature", "nan"), "temperature nan: 0 takes the likeliest token"),
    (("--temperature", "inf"), "temperature inf: 0 takes the likeliest token"),
    (("--top-p", "nan"), "top_p nan: above 0, and at most 1"),
    (("--max-tokens", 0), "max_tokens 0: from 1 to 2,147,483,647"),
    (("--max-tokens", 10**30), f"max_tokens {10**30}: from 1 to 2,147,483,647"),
    (("--price-in", "inf"), "price inf: of a million tokens, 0 or more"),
    (("--price-out", "inf"), "price inf: of a million tokens, 0 or more"),
    (("--timeout", "inf"), "timeout inf s: above 0"),
    (("--prompt-style", "chart"), "unknown --prompt-style 'chart': did you mean 'chat'?"),
    (("--endpoint", "localhost"), "--endpoint localhost: give the server's URL"),
    (("--endpoint", "http://me:secret@h"), "--endpoint http://…: no user, password, query or key in it"),
    (("--blend", "nod"), "unknown blend 'nod': did you mean 'nd'"),
    (("--blend", "removed"), "unknown blend 'removed'"),
    (("--split", "test"), "unknown split of pool 'test'"),
]


@pytest.mark.parametrize(("options", "said"), BAD, ids=[" ".join(map(str, case[0])) for case in BAD])
def test_bad_options(
    crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path, options: tuple[object, ...], said: str
) -> None:
    message = difficulty(crossthink, server, run.folder, tmp_path / "t", *options).refusal()
    assert message.startswith(said)
    assert "secret" not in message
    assert server.requests == []
    assert not (tmp_path / "t").exists()


def test_what_is_no_run(crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path) -> None:
    said = difficulty(crossthink, server, tmp_path / "gone", tmp_path).refusal()
    assert str(tmp_path / "gone") in said
    said = difficulty(crossthink, server, run.recipe.parent, tmp_path).refusal()
    assert str(run.recipe.parent) in said


BAD_LABEL = [
    (("--target", 90), "--target 90.0: a share between 0 and 1"),
    (("--alpha", 0), "--alpha 0.0: a share between 0 and 1"),
    (("--temperature", 0), "--samples 2 --temperature 0: a model would only agree with itself"),
    (("--model", "alpha"), "an ensemble of alpha, beta, alpha: one that is there twice agrees with itself"),
    (("--source", "sum"), "unknown source 'sum': did you mean 'sums'?"),
    (("--set", "sead=1"), "small.yaml: sead: Extra inputs are not permitted"),
    (("--model", "gamma", "--endpoint", "http://h"), "2 of --endpoint for 3 of --model: give one, or one for each"),
    (("--model-revision", "a", "--model-revision", "b", "--model-revision", "c"), "3 of --model-revision for 2 of"),
]


@pytest.mark.parametrize(("options", "said"), BAD_LABEL, ids=[" ".join(map(str, case[0])) for case in BAD_LABEL])
def test_bad_options_of_selflabel(
    crossthink: Crossthink,
    server: ScriptedEndpoint,
    recipe: Path,
    tmp_path: Path,
    options: tuple[object, ...],
    said: str,
) -> None:
    assert said in selflabel(crossthink, server, recipe, tmp_path / "t", *options).refusal()
    assert server.requests == []
    assert not (tmp_path / "t").exists()


def test_nothing_to_label(crossthink: Crossthink, server: ScriptedEndpoint, run: Small, tmp_path: Path) -> None:
    said = selflabel(crossthink, server, run.recipe, tmp_path, "--source", "sums").refusal()
    assert said.startswith("sums: no row without a gold is left to label")


def test_the_state_of_another_recipe(
    crossthink: Crossthink, server: ScriptedEndpoint, recipe: Path, tmp_path: Path
) -> None:
    assert selflabel(crossthink, server, recipe, tmp_path, "--limit", 4).code == 0
    asked = len(server.requests)
    said = selflabel(crossthink, server, recipe, tmp_path, "--limit", 5).refusal()
    assert said.startswith(f"{tmp_path / 'state'} holds rounds of run ")
    assert said.endswith("name another folder")
    assert len(server.requests) == asked


WITHOUT = """
import sys
sys.modules["aiohttp"] = None
from crossthink_data.cli import main
sys.argv = ["crossthink", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("command", ["difficulty", "selflabel"])
def test_without_the_extra(command: str, run: Small) -> None:
    given = [command, str(run.folder), "--model", "m", "--endpoint", "http://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *given], capture_output=True, text=True, timeout=60, check=False
    )
    said = Ran(done.returncode, done.stdout, done.stderr).refusal()
    assert "aiohttp" in said
    assert said.endswith("asking a model needs `pip install 'crossthink[llm]'`")
