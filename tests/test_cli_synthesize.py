"""`crossthink synthesize`: each option reaches, what is printed and written, resuming, refusals, the way to a build."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data.llm import client
from crossthink_data.llm.asking import Synthesis
from crossthink_data.llm.documents import Reading
from crossthink_data.llm.endpoint import Endpoint, Prices
from crossthink_data.llm.request import Sampling
from crossthink_data.side_table import SideTable
from tests.benchmark_items import RAMP
from tests.command import Crossthink, Ran
from tests.hub_fixture import Hub
from tests.hub_store import seed
from tests.llm.asking import quick
from tests.llm.prose import BREAD, TIDES
from tests.llm.scripted_endpoint import ScriptedEndpoint
from tests.llm.test_make_questions import PROBLEM, two_documents, two_lists, writes
from tests.small import write_lines
from tests.test_benchmarks_in_builds import write_benchmarks

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

MANIFEST: dict[str, Any] = {
    "settings": {"model": "m"},
    "summary": {"rows": 0, "kept": 0, "reasons": {}, "domains": {}, "solutions": {"asked": 0, "lost": {}}},
    "usage": {
        **dict.fromkeys(("answers", "refused", "prompt_tokens", "completion_tokens"), 0),
        **{"cost": 0.0, "prices": {}},
    },
    "last_run": {"requests": 0, "failures": 0, "seconds": 0.0},
}
KEY = "sk-secret-of-mine-0123456789"


@pytest.fixture
def server() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(answer=writes()) as running:
        yield running


def synthesize(crossthink: Crossthink, server: ScriptedEndpoint, out: Path, *more: object) -> Ran:
    named = ("--model", "scripted", "--endpoint", server.url, "--samples", 2, "--out", out)
    return crossthink("synthesize", *named, *more)


def of_personas(folder: Path, limit: int = 4) -> tuple[object, ...]:
    people, skills = two_lists(folder)
    return ("--personas", people, "--skills", skills, "--limit", limit)


# ---- options

OPTIONS = (
    "--samples", 3, "--threshold", 0.9, "--options-min", 5, "--options-max", 6, "--seed", 9, "--temperature", 0.1,
    "--solve-temperature", 0.2, "--max-tokens", 77, "--solve-max-tokens", 99, "--license", "mit",
    "--model-revision", "v1", "--prompt-style", "plain", "--timeout", 30, "--latency-objective", 2.5, "--price-in", 1.5,
    "--price-out", 3, "--out", "o", "--limit", 7, "-q",
)  # fmt: skip
GIVEN = (
    7, Endpoint("http://h:1/v1", "m", "v1", "plain", 30.0, None, False, 2.5, Prices(1.5, 3.0)),
    Synthesis(3, 0.9, 5, 6, Sampling(0.1, 1.0, 77), Sampling(0.2, 1.0, 99), seed=9), Path("o"),
)  # fmt: skip


def _given(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """What the function of that name is called with, but for the progress."""
    given: list[Any] = []

    def made(*args: Any) -> SideTable:
        given.extend(args[:-1])
        return SideTable(Path("t"), MANIFEST)

    monkeypatch.setattr(f"crossthink_data.llm.make_questions.{name}", made)
    return given


def test_every_option_reaches(crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch) -> None:
    given = _given(monkeypatch, "questions_from_documents")
    named = ("--model", "m", "--endpoint", "http://h:1", "--text", "body", "--passage-chars", 900)
    ran = crossthink("synthesize", "a.jsonl", "b", *named, *OPTIONS)
    assert ran.code == 0, ran.err
    assert tuple(given) == ([Path("a.jsonl"), Path("b")], Reading("body", "mit", 900), *GIVEN)


def test_every_option_reaches_for_personas(crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch) -> None:
    given = _given(monkeypatch, "problems_from_personas")
    named = ("--model", "m", "--endpoint", "http://h:1", "--personas", "p", "--skills", "s")
    ran = crossthink("synthesize", *named, *OPTIONS)
    assert ran.code == 0, ran.err
    assert tuple(given) == (Path("p"), Path("s"), "mit", *GIVEN)


def test_the_defaults(crossthink: Crossthink, monkeypatch: pytest.MonkeyPatch) -> None:
    given = _given(monkeypatch, "questions_from_documents")
    assert crossthink("synthesize", "a", "--model", "m", "--endpoint", "http://h:1").code == 0
    assert given == [
        [Path("a")], Reading(), None, Endpoint("http://h:1/v1", "m"), Synthesis(), Path("tables"),
    ]  # fmt: skip


# ---- what is printed and written


def test_what_is_printed_and_found_again(crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path) -> None:
    path = two_documents(tmp_path)
    ran = synthesize(crossthink, server, tmp_path / "out", path)
    assert (ran.code, ran.err) == (0, "")
    for part in ("3 documents read", "language", "2 questions asked", "by domain", "stem", "completion tokens"):
        assert part in ran.out, part
    (folder,) = (tmp_path / "out").glob("synthesize-*")
    assert ran.out.endswith(f"made: {folder}\n")
    assert server.answered == 2 * (2 + 2)
    server.stop()
    assert synthesize(crossthink, server, tmp_path / "out", path).out.endswith(f"found: {folder}\n")


def test_json_is_the_manifest(crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path) -> None:
    prices = ("--price-in", 2e6, "--price-out", 3e6)  # 2 and 3 a token
    found = synthesize(crossthink, server, tmp_path / "out", two_documents(tmp_path), *prices, "--json").json()
    (folder,) = (tmp_path / "out").glob("synthesize-*")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert found == {"table": str(folder), "cached": False, **manifest}
    assert (manifest["kind"], manifest["summary"]["kept"], manifest["usage"]["answers"]) == ("synthesize", 2, 8)
    usage = manifest["usage"]
    assert usage["completion_tokens"] == manifest["summary"]["tokens"] > 0
    assert usage["cost"] == usage["prompt_tokens"] * 2 + usage["completion_tokens"] * 3
    assert manifest["settings"]["model"] == "scripted"
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "responses.parquet", "rows.parquet"]


def test_problems_of_personas(crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path) -> None:
    found = synthesize(crossthink, server, tmp_path / "out", *of_personas(tmp_path), "--json").json()
    assert (found["summary"]["rows"], found["summary"]["kept"], found["summary"]["domains"]) == (
        4,
        4,
        {"math": {"rows": 4, "kept": 4}},
    )
    rows = pl.read_parquet(Path(found["table"]) / "rows.parquet")
    assert set(rows["persona"]) <= {"a skipper", "a baker", "a nurse"}
    again = synthesize(crossthink, server, tmp_path / "out", *of_personas(tmp_path))
    assert "4 questions asked" in again.out
    assert again.out.endswith(f"found: {found['table']}\n")


def test_the_key_is_sent_and_stands_in_no_file(
    crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSTHINK_API_KEY", KEY)
    server.key = KEY
    server.faults = lambda seen: "echo key" if seen.number == 3 else ""
    ran = synthesize(crossthink, server, tmp_path / "out", two_documents(tmp_path))
    assert ran.code == 0, ran.err
    assert KEY not in ran.out + ran.err
    frames = [pl.read_parquet(path).write_json().encode() for path in (tmp_path / "out").rglob("*.parquet")]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(frames) == 2
    assert not any(KEY.encode() in data for data in [*files, *frames])
    assert "Bearer" in b"".join(frames).decode()  # what the server said is there, without the key
    monkeypatch.setenv("CROSSTHINK_API_KEY", "another-key-0123456789")
    said = synthesize(crossthink, server, tmp_path / "other", two_documents(tmp_path)).refusal()
    assert "refuses the key" in said
    assert "another-key" not in said


# ---- interrupted


@pytest.mark.parametrize("answered", [1, 2])
def test_what_was_answered_is_not_asked_again(
    crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path, answered: int
) -> None:
    """After the topic, and after the question: one passage's requests up to there come one after another."""
    path = two_documents(tmp_path)
    whole = synthesize(crossthink, server, tmp_path / "whole", path, "--limit", 1, "--json").json()
    with ScriptedEndpoint(answer=writes()) as second:
        second.faults = lambda seen: "" if seen.number < answered else "402"
        said = synthesize(crossthink, second, tmp_path / "out", path, "--limit", 1).refusal()
        assert "wants to be paid" in said
        assert list((tmp_path / "out").rglob("manifest.json")) == []
        second.faults = lambda seen: ""
        resumed = synthesize(crossthink, second, tmp_path / "out", path, "--limit", 1, "--json").json()
    bodies = Counter(json.dumps(seen.body, sort_keys=True) for seen in second.answers)
    assert (len(bodies), set(bodies.values())) == (4, {1})
    assert (resumed["last_run"]["replayed"], resumed["last_run"]["requests"]) == (answered, 4 - answered)
    assert resumed["files"] == whole["files"]
    assert resumed["usage"] == whole["usage"]
    assert not list((tmp_path / "out").rglob(".work"))


# ---- bad input


def test_the_endpoint_is_down(crossthink: Crossthink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PATIENCE_S", 0.3)
    with ScriptedEndpoint() as server:
        server.stop()
        for what in ((two_documents(tmp_path),), of_personas(tmp_path)):
            said = synthesize(crossthink, server, tmp_path / "out", *what).refusal()
            assert said.startswith(f"{server.url} has given no answer for 0.3 s")
            assert "run the same command again to resume" in said
    assert list(tmp_path.rglob("manifest.json")) == []


def test_a_model_that_is_not_there(crossthink: Crossthink, server: ScriptedEndpoint, tmp_path: Path) -> None:
    server.models = ("alpha", "beta")
    said = synthesize(crossthink, server, tmp_path / "out", two_documents(tmp_path)).refusal()
    assert said.startswith(f"unknown model at {server.url} 'scripted'")
    assert said.endswith("alpha, beta")
    assert server.requests == []


BAD = [
    ((), "give documents; or, for maths, --personas FILE --skills FILE --limit N"),
    (("--personas", "p", "--skills", "s"), "give documents; or, for maths"),
    (("--personas", "p", "--limit", 2), "give documents; or, for maths"),
    (("docs.jsonl", "--personas", "p", "--skills", "s", "--limit", 2), "give documents; or, for maths"),
    (("gone.jsonl",), "gone.jsonl is not there"),
    (("docs.jsonl", "--text", "body"), "docs.jsonl has no column 'body'; it has id, license, text, url"),
    (("--personas", "p", "--skills", "s", "--limit", 2), "p is not there: name a file with a persona a line"),
    (("docs.jsonl", "--threshold", 2), "threshold 2.0: a share above 0, and at most 1"),
    (("docs.jsonl", "--threshold", "nan"), "threshold nan"),
    (("docs.jsonl", "--options-max", 11), "4 to 11 options: at least 2, at most 10"),
    (("docs.jsonl", "--options-min", 7, "--options-max", 6), "7 to 6 options"),
    (("docs.jsonl", "--passage-chars", 100), "passages of 100 characters: at least 400"),
    (("docs.jsonl", "--prompt-style", "chart"), "unknown --prompt-style 'chart': did you mean 'chat'?"),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=[" ".join(map(str, case[0])) or "nothing" for case in BAD])
def test_bad_input(
    crossthink: Crossthink,
    server: ScriptedEndpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[object, ...],
    said: str,
) -> None:
    two_documents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert synthesize(crossthink, server, tmp_path / "out", *given).refusal().startswith(said)
    assert server.requests == []
    assert list(tmp_path.rglob("manifest.json")) == []


WITHOUT = """
import sys
sys.modules["aiohttp"] = None
from crossthink_data.cli import main
sys.argv = ["crossthink", *sys.argv[1:]]
main()
"""


def test_without_the_extra(tmp_path: Path) -> None:
    given = ["synthesize", str(two_documents(tmp_path)), "--model", "m", "--endpoint", "http://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *given], capture_output=True, text=True, timeout=60, check=False
    )
    assert Ran(done.returncode, done.stdout, done.stderr).refusal().endswith("needs `pip install 'crossthink[llm]'`")


# ---- into a build

MCQ = {  # word of the passage -> question: a benchmark's, two that are near-duplicates, one of its own
    "Zero": RAMP,
    "One": "Which of these would a baker see in the bowl while the dough is left to rest in a warm room overnight?",
    "Two": "Which of these would a baker see in the bowl while the dough is left to rest in the warm room overnight?",
    "Three": "What would a harbour see if the days were half as long?",
}


def _build(crossthink: Crossthink, folder: Path, **changes: Any) -> tuple[dict[str, Any], Path]:
    """The manifest's sources of a run of both tables, and the run."""
    tables = {"synthetic": folder / "mcq", "synthetic_math": folder / "math"}
    recipe = {
        "name": "made",
        "sources": {name: {"path": str(next(out.glob("synthesize-*"))), "count": 1} for name, out in tables.items()},
        "size": 8,
        "blends": {"nd": {"weights": "count"}},
    }
    (folder / "made.yaml").write_text(yaml.safe_dump(recipe | changes, sort_keys=False))
    given = ("--out", folder / "runs", "--workers", 1, "--json", "--quiet")
    run = Path(crossthink("build", folder / "made.yaml", *given).json()["run"])
    return json.loads((run / "manifest.json").read_text())["sources"], run


def test_synthetic_rows_are_decontaminated_and_deduplicated(
    crossthink: Crossthink, hub: Hub, server: ScriptedEndpoint, tmp_path: Path
) -> None:
    write_benchmarks(tmp_path / "seed")
    seed(hub.store, tmp_path / "seed")
    texts = {"Zero": TIDES, "One": BREAD, "Two": f"{BREAD} So it is everywhere.", "Three": f"{TIDES} So it goes on."}
    docs = [{"id": name, "text": f"{text}\nThat was text {name}.", "license": "mit"} for name, text in texts.items()]
    copied = {**PROBLEM, "problem": f"Now a harder one. {RAMP}"}
    server.answer = writes(MCQ, lambda prompt: copied if "baker" in prompt and "ratios" in prompt else PROBLEM)
    write_lines(tmp_path / "docs.jsonl", docs)
    made = synthesize(crossthink, server, tmp_path / "mcq", tmp_path / "docs.jsonl", "--json").json()
    assert made["summary"]["kept"] == 4, made["summary"]
    made = synthesize(crossthink, server, tmp_path / "math", *of_personas(tmp_path, 6), "--json").json()
    assert made["summary"]["kept"] == 6, made["summary"]
    sources, run = _build(crossthink, tmp_path, decontaminate={"benchmarks": ["math500"]})
    assert sources["synthetic"]["removed"] == {"contaminated": 1, "near_duplicate": 1}
    assert sources["synthetic_math"]["removed"] == {"contaminated": 1, "exact_duplicate": 4}
    assert (sources["synthetic"]["pool"], sources["synthetic_math"]["pool"]) == (2, 1)
    pool = pl.read_parquet(run / "data" / "pool" / "*.parquet")
    assert not {RAMP, copied["problem"]} & set(pool["question"])
    unasked, _ = _build(crossthink, tmp_path, near_dedup=None)  # as docs/synthesis.md says
    assert unasked["synthetic"]["removed"] == {}
    assert unasked["synthetic_math"]["removed"] == {"exact_duplicate": 4}
