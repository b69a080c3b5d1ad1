"""Rounds of self-labelling with a scripted ensemble: two models, two samples each, whose every answer is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.endpoint import Endpoint, make_endpoint
from crossthink_data.llm.request import Sampling, seed_of
from crossthink_data.llm.rounds import STATE, read_state
from crossthink_data.llm.selflabel import LABELLED, Round, SelfLabel, label_round
from crossthink_data.llm.tables import RESPONSES_FILE
from crossthink_data.llm.unlabelled import Rows
from crossthink_data.side_table import ROWS_FILE
from tests.llm.asking import quick
from tests.llm.scripted_endpoint import Answer, Body, ScriptedEndpoint, Seen, prompt_of
from tests.part_labelled import SUMS, WAIT, gold, part_labelled, question, rows_of

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

SETTINGS = SelfLabel(samples=2, target=0.8, alpha=0.1, sampling=Sampling(max_tokens=64))
MODELS = ("alpha", "beta")
ALL = 4 * SUMS  # requests of a round over the sums
SURE, THREE, TIED, NOBODY, OTHER = (f"What is {i} plus {3 * i}?" for i in range(1, 6))  # rows that wait
# What alpha's two samples and beta's two say in the first round; all other rows are answered right by all four.
FIRST: dict[str, Sequence[str | None]] = {
    THREE: ["8", "8", "9", "8"],
    TIED: ["12", "12", "7", "7"],
    NOBODY: [None, None, None, None],
    OTHER: ["21", "21", "21", "21"],  # wrong, and sure of it: the threshold lets through what looks right
}
# After training: one falls back, one is adopted, one says something else, one says the same in other words.
SECOND: dict[str, Sequence[str | None]] = {
    THREE: ["8", "8", "9", "9"],
    TIED: ["12", "12", "12.0", "7"],
    NOBODY: [None, None, None, "16"],
    OTHER: ["20", "20", "20", "20"],
    SURE: ["4.0", "4.0", "4.0", "4.0"],
}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return part_labelled(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def sums(recipe: Path) -> Rows:
    return rows_of(recipe, "sums")


def scripted(rows: Rows, script: Mapping[str, Sequence[str | None]]) -> Answer:
    ids = pl.concat([rows.unlabelled, rows.validation])["id"]
    sample = {seed_of(id_, k): k for id_ in ids for k in range(SETTINGS.samples)}

    def answer(body: Body) -> str:
        text = prompt_of(body).partition("\n")[0]
        said = script.get(text, [gold(text)] * 4)[2 * MODELS.index(body["model"]) + sample[body["seed"]]]
        return "I do not know." if said is None else rf"\boxed{{{said}}}"

    return answer


def server_of(rows: Rows, script: Mapping[str, Sequence[str | None]], **more: Any) -> ScriptedEndpoint:
    return ScriptedEndpoint(answer=scripted(rows, script), models=MODELS, **more)


def ensemble(server: ScriptedEndpoint, *revisions: str) -> list[Endpoint]:
    return [
        make_endpoint(server.url, name, revision)
        for name, revision in zip(MODELS, revisions or ("v1", "v2"), strict=True)
    ]


def once(rows: Rows, script: Mapping[str, Sequence[str | None]], folder: Path, settings: SelfLabel = SETTINGS) -> Round:
    with server_of(rows, script) as server:
        return label_round(rows, ensemble(server), settings, folder / "state", folder / "tables")


def by_question(rows: Rows, done: Round) -> dict[str, dict[str, Any]]:
    texts = {row["id"]: question(row) for row in rows.unlabelled.iter_rows(named=True)}
    return {texts[row["id"]]: row for row in done.table.rows.iter_rows(named=True)}


def adopted(rows: Rows, done: Round) -> dict[str, str]:
    return {text: row["answer"] for text, row in by_question(rows, done).items() if row["answer"] is not None}


# ---- a round


def test_the_sure_answers_are_adopted(sums: Rows, tmp_path: Path) -> None:
    done = once(sums, FIRST, tmp_path)
    waiting = {f"What is {i} plus {3 * i}?": str(4 * i) for i in range(WAIT)}
    assert adopted(sums, done) == {
        text: answer for text, answer in (waiting | {OTHER: "21"}).items() if text not in (TIED, NOBODY)
    }
    assert done.state.round == 1
    assert {len(done.changes.adopted), len(done.state.adopted)} == {WAIT - 2}
    assert not done.finished


def test_the_columns(sums: Rows, tmp_path: Path) -> None:
    done = once(sums, FIRST, tmp_path)
    assert dict(done.table.rows.schema) == LABELLED
    assert done.table.rows["id"].to_list() == sums.unlabelled["id"].to_list()
    found, both = by_question(sums, done), "alpha@v1 + beta@v2"
    # 68 of 68 validation rows are right at three of four, the lower of two levels, which is enough for 0.8
    same = {"threshold": 0.75, "members": 4, "domain": "math", "source": "sums"}
    taken, left = {"label_source": both, "round": 1}, dict.fromkeys(("label_source", "round", "answer"))
    expected: dict[str, dict[str, Any]] = {
        SURE: {"answer": "4", "candidate": "4", "agreement": 1.0, **taken},
        THREE: {"answer": "8", "candidate": "8", "agreement": 0.75, **taken},
        TIED: {"candidate": "12", "agreement": 0.5, **left},
        NOBODY: {"candidate": None, "agreement": 0.0, **left},
    }
    for text, row in expected.items():
        assert {name: value for name, value in found[text].items() if name != "id"} == row | same


def test_revisions_that_were_not_told(sums: Rows, tmp_path: Path) -> None:
    with server_of(sums, FIRST) as server:
        bare = [make_endpoint(server.url, name) for name in MODELS]
        done = label_round(sums, bare, SETTINGS, tmp_path / "state", tmp_path)
    assert done.table.manifest["settings"]["revision"] is None
    assert done.table.rows["label_source"].drop_nulls().unique().to_list() == ["alpha + beta"]


def test_the_summary_and_what_it_took(sums: Rows, tmp_path: Path) -> None:
    with server_of(sums, FIRST) as server:
        done = label_round(sums, ensemble(server), SETTINGS, tmp_path / "state", tmp_path)
        assert len(server.requests) == ALL
    about, settings = done.table.manifest["summary"], done.table.manifest["settings"]
    assert (about["round"], about["adopted_rows"], about["score"]) == (1, WAIT - 2, 1.0)
    assert about["changes"] == {"adopted": WAIT - 2, "kept": 0, "changed": 0, "returned": 0}
    threshold = about["thresholds"]["math"]
    assert (threshold["confidence"], threshold["kept"], threshold["right"]) == (0.75, SUMS - WAIT, SUMS - WAIT)
    assert (settings["model"], settings["revision"], settings["samples"]) == ("alpha + beta", "v1 + v2", 2)
    assert done.table.manifest["usage"]["answers"] == done.table.manifest["last_run"]["requests"] == ALL
    said = pl.read_parquet(done.table.folder / RESPONSES_FILE)
    assert dict(said.group_by("member").len().iter_rows()) == {0: ALL // 2, 1: ALL // 2}


def test_a_member_that_is_wrong_on_known_rows_raises_the_threshold(sums: Rows, tmp_path: Path) -> None:
    """Three of four agree on something wrong in 20 of 68 validation rows: only all four can be believed."""
    wrong = {f"What is {i} plus {3 * i}?": ["-1", "-1", "-1", str(4 * i)] for i in range(WAIT, WAIT + 20)}
    done = once(sums, FIRST | wrong, tmp_path)
    found = by_question(sums, done)
    assert found[THREE]["threshold"] == 1.0
    assert (found[THREE]["answer"], found[SURE]["answer"]) == (None, "4")
    assert all(row["agreement"] >= row["threshold"] for row in found.values() if row["answer"] is not None)
    threshold = done.state.thresholds["math"]
    assert (threshold.kept, threshold.right) == (48, 48)
    assert done.state.score == pytest.approx(48 / 68)


def test_a_target_that_cannot_be_met_adopts_nothing_and_says_so(sums: Rows, tmp_path: Path) -> None:
    done = once(sums, FIRST, tmp_path, SelfLabel(samples=2, target=0.99))
    assert adopted(sums, done) == {}
    assert done.finished
    threshold = done.table.manifest["summary"]["thresholds"]["math"]
    assert threshold["confidence"] is None
    assert threshold["reason"].startswith(
        "68 validation rows reach an agreement of 0.75, the lowest looked at; it takes"
    )
    assert done.table.rows["threshold"].null_count() == WAIT
    assert done.table.rows["candidate"].null_count() == 1  # what was said is kept all the same


def test_multiple_choice(recipe: Path, tmp_path: Path) -> None:
    """A label, an option's text and both count as one answer, and the label is what is adopted."""
    codes = rows_of(recipe, "codes")
    asked = {i: f"Which code did station {i} send?" for i in range(4)}
    script: dict[str, Sequence[str | None]] = {
        asked[0]: ["A", "code 0-p", "A. code 0-p", "(A)"],
        asked[1]: ["B", "C", "B", "B"],
        asked[2]: ["C", "D", None, "E"],  # E is no option
        asked[3]: ["A, C", "A and C", "C, A", "AC"],
    }
    done = once(codes, script, tmp_path)
    found = by_question(codes, done)
    assert [found[asked[i]]["answer"] for i in range(4)] == ["A", "B", None, "AC"]
    assert [found[asked[i]]["agreement"] for i in range(4)] == [1.0, 0.75, 0.25, 1.0]
    others = {text: row["answer"] for text, row in found.items() if text not in asked.values()}
    assert len(others) == WAIT - 4
    assert all(answer == gold(text) for text, answer in others.items())


def test_a_member_that_gets_no_answer_counts_against(sums: Rows, tmp_path: Path) -> None:
    def faults(seen: Seen) -> str:
        return "too long" if SURE in prompt_of(seen.body) and seen.body["model"] == "beta" else ""

    with server_of(sums, FIRST, faults=faults) as server:
        done = label_round(sums, ensemble(server), SETTINGS, tmp_path / "state", tmp_path)
    row = by_question(sums, done)[SURE]
    assert (row["candidate"], row["agreement"], row["answer"]) == ("4", 0.5, None)
    assert done.table.manifest["usage"]["refused"] == 2


def test_what_a_model_thinks_is_no_answer(sums: Rows, tmp_path: Path) -> None:
    plain = scripted(sums, FIRST)
    with ScriptedEndpoint(answer=lambda body: rf"<think>\boxed{{77}}</think>{plain(body)}", models=MODELS) as server:
        done = label_round(sums, ensemble(server), SETTINGS, tmp_path / "state", tmp_path)
    assert adopted(sums, done)[SURE] == "4"


# ---- rounds


def test_rounds_until_nothing_changes(sums: Rows, tmp_path: Path) -> None:
    first, second, third = (once(sums, script, tmp_path) for script in (FIRST, SECOND, SECOND))
    ids = {question(row): row["id"] for row in sums.unlabelled.iter_rows(named=True)}
    changes = second.changes
    assert changes.adopted == (ids[TIED],)
    assert changes.returned == (ids[THREE],)
    assert changes.changed == (ids[OTHER],)
    assert len(changes.kept) == WAIT - 4  # all but these three and the one that nobody answers
    assert not second.finished
    found = by_question(sums, second)
    rounds = {text: (found[text]["answer"], found[text]["round"]) for text in (SURE, THREE, TIED, NOBODY, OTHER)}
    assert rounds == {SURE: ("4", 1), THREE: (None, None), TIED: ("12", 2), NOBODY: (None, None), OTHER: ("20", 2)}
    assert third.finished
    assert (third.state.round, third.state.adopted) == (3, second.state.adopted)
    assert len({done.table.folder for done in (first, second, third)}) == 3


def test_a_round_killed_between_its_table_and_the_state_is_finished_by_the_same_command(
    sums: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    whole = tmp_path / "whole"
    for script in (FIRST, SECOND):
        once(sums, script, whole)
        with monkeypatch.context() as patch:
            patch.setattr("crossthink_data.llm.selflabel.write_state", killed)
            with pytest.raises(KeyboardInterrupt):
                once(sums, script, tmp_path)
        with server_of(sums, script) as server:
            done = label_round(sums, ensemble(server), SETTINGS, state, tmp_path / "tables")
            assert server.requests == []
        assert done.table.cached
        assert (state / STATE).read_bytes() == (whole / "state" / STATE).read_bytes()
    assert {name: len(ids) for name, ids in vars_of(done).items()} == done.table.manifest["summary"]["changes"]


def vars_of(done: Round) -> dict[str, tuple[str, ...]]:
    return {name: getattr(done.changes, name) for name in ("adopted", "kept", "changed", "returned")}


def test_a_round_killed_among_its_requests_asks_for_the_rest(sums: Rows, tmp_path: Path) -> None:
    """In the second model's turn: what the first said is all kept."""

    def stop(done: int) -> None:
        rows.append(done)
        if len(rows) == SUMS + 5:
            raise KeyboardInterrupt

    rows: list[int] = []
    with server_of(sums, FIRST) as server:
        given = (sums, ensemble(server), SETTINGS, tmp_path / "state", tmp_path / "tables")
        with pytest.raises(KeyboardInterrupt):
            label_round(*given, on_done=stop)
        assert not (tmp_path / "state").exists()
        kept = server.answered
        done = label_round(*given)
        assert [seen.body["model"] for seen in server.requests[kept:]].count("alpha") == 0
        assert server.answered <= ALL + 8  # those on their way
    last = done.table.manifest["last_run"]
    assert last["replayed"] >= ALL // 2 + 10
    assert last["requests"] + last["replayed"] == ALL
    assert done.state == once(sums, FIRST, tmp_path / "whole").state


def test_the_same_answers_give_the_same_bytes_in_any_order(sums: Rows, tmp_path: Path) -> None:
    done = []
    for name, faults in (("a", lambda seen: ""), ("b", lambda seen: ("", "reordered")[seen.number % 2])):
        with server_of(sums, FIRST, faults=faults, slow_s=0.02) as server:
            done.append(label_round(sums, ensemble(server), SETTINGS, tmp_path / name / "state", tmp_path / name))
    for file in (ROWS_FILE, RESPONSES_FILE):
        assert len({(one.table.folder / file).read_bytes() for one in done}) == 1
    assert (tmp_path / "a/state" / STATE).read_bytes() == (tmp_path / "b/state" / STATE).read_bytes()


def test_other_settings_models_and_rounds_are_another_folder(sums: Rows, tmp_path: Path) -> None:
    def name(state: str, settings: SelfLabel = SETTINGS, *revisions: str) -> str:
        with server_of(sums, FIRST) as server:
            done = label_round(sums, ensemble(server, *revisions), settings, tmp_path / state, tmp_path)
        return done.table.folder.name

    first = name("a")
    assert name("b") == first
    others = [name("a"), name("c", SelfLabel(2, 0.7, 0.1, SETTINGS.sampling)), name("d", SETTINGS, "v1", "v3")]
    assert len({first, *others}) == 4


# ---- what is refused, before anything is asked


def refused(do: Callable[[], object], server: ScriptedEndpoint) -> str:
    with pytest.raises(CrossthinkError) as caught:
        do()
    assert server.requests == []
    return str(caught.value)


def test_the_state_of_other_rows(recipe: Path, sums: Rows, tmp_path: Path) -> None:
    once(sums, FIRST, tmp_path)
    codes = rows_of(recipe, "codes")
    with server_of(codes, {}) as server:
        said = refused(lambda: label_round(codes, ensemble(server), SETTINGS, tmp_path / "state", tmp_path), server)
    assert said == (
        f"{tmp_path / 'state'} holds rounds of run {sums.digest!r}, not of {codes.digest!r}: name another folder"
    )


def test_a_damaged_state(sums: Rows, tmp_path: Path) -> None:
    once(sums, FIRST, tmp_path)
    path = tmp_path / "state" / STATE
    path.write_text(path.read_text()[:-20])
    with server_of(sums, FIRST) as server:
        said = refused(lambda: label_round(sums, ensemble(server), SETTINGS, path.parent, tmp_path), server)
    assert f"{path} is damaged" in said


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_same_model_twice(sums: Rows, tmp_path: Path, elsewhere: bool) -> None:
    """Also behind another URL."""
    with server_of(sums, FIRST) as server:
        url = server.url.replace("127.0.0.1", "localhost") if elsewhere else server.url
        twice = [make_endpoint(server.url, "alpha"), make_endpoint(url, "alpha")]
        said = refused(lambda: label_round(sums, twice, SETTINGS, tmp_path / "s", tmp_path), server)
    assert said == (
        "an ensemble of alpha, alpha: one that is there twice agrees with itself; name it once, and raise --samples"
    )


def test_two_revisions_of_a_model_are_two_members(sums: Rows, tmp_path: Path) -> None:
    with server_of(sums, FIRST) as server:
        two = [make_endpoint(server.url, "alpha", revision) for revision in ("v1", "v2")]
        done = label_round(sums, two, SETTINGS, tmp_path / "state", tmp_path)
    assert done.table.rows["members"].to_list() == [4] * WAIT


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"samples": 0}, "--samples 0: at least 1"),
        ({"sampling": Sampling(0.0)}, "--samples 8 --temperature 0: a model would only agree with itself"),
        ({"target": 1.0}, "--target 1.0: a share between 0 and 1"),
        ({"target": 90}, "--target 90: a share between 0 and 1"),
        ({"alpha": 0.0}, "--alpha 0.0: a share between 0 and 1"),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        SelfLabel(**given)


def test_one_sample_at_temperature_0_of_two_models_is_an_ensemble() -> None:
    assert SelfLabel(1, sampling=Sampling(0.0)).samples == 1


def test_the_key_is_in_no_file(sums: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-0123456789abcdef"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with server_of(sums, FIRST, key=key) as server:
        done = label_round(sums, ensemble(server), SETTINGS, tmp_path / "state", tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert not [path for path in files if key.encode() in path.read_bytes()]
    assert read_state(tmp_path / "state", sums.digest) == done.state
    assert json.loads((tmp_path / "state" / STATE).read_text())["round"] == 1
