from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.agreement import Judged
from crossthink_data.llm.rounds import STATE, Adoption, Changes, State, finished, next_round, read_state, write_state
from crossthink_data.llm.thresholds import Threshold

AT_THREE = {"math": Threshold("math", 0.75, 0.93, 80, 78), "law": Threshold("law", None, 0.4, 9, 6, "too few")}


def said(row_id: str, answer: str | None, agreement: float, domain: str = "math") -> Judged:
    return Judged(row_id, domain, answer, agreement, 4)


def first_round() -> State:
    judged = [said("d", "4", 1.0), said("a", "1/2", 0.75), said("b", "3", 1.0), said("c", "9", 0.5)]
    return next_round(State("run-1"), judged, AT_THREE, 0.6)[0]


def test_what_reaches_its_domains_threshold_is_adopted() -> None:
    judged = [said("c", "9", 0.5), said("b", "3", 1.0), said("a", "1/2", 0.75), said("e", "B", 1.0, "law")]
    state, changes = next_round(State("run-1"), judged, AT_THREE, 0.6)
    assert changes == Changes(adopted=("a", "b"), kept=(), changed=(), returned=())
    assert state == State(
        "run-1", 1, {"a": Adoption("1/2", 0.75, 0.75, 1), "b": Adoption("3", 1.0, 0.75, 1)}, AT_THREE, 0.6
    )


def test_every_row_is_judged_anew() -> None:
    judged = [said("a", "0.5", 1.0), said("b", "5", 1.0), said("c", "9", 0.75), said("d", "4", 0.5)]
    state, changes = next_round(first_round(), judged, AT_THREE, 0.7)
    assert changes == Changes(adopted=("c",), kept=("a",), changed=("b",), returned=("d",))
    assert state.adopted == {
        "a": Adoption("1/2", 1.0, 0.75, 1),  # the same answer in other words keeps its words and its round
        "b": Adoption("5", 1.0, 0.75, 2),
        "c": Adoption("9", 0.75, 0.75, 2),
    }


def test_a_threshold_that_rises_returns_what_no_longer_reaches_it() -> None:
    judged = [said("a", "1/2", 0.75), said("b", "3", 1.0), said("d", "4", 1.0)]
    strict = {"math": Threshold("math", 1.0, 0.95, 60, 60)}
    state, changes = next_round(first_round(), judged, strict, 0.6)
    assert changes.returned == ("a",)
    assert state.adopted["b"] == Adoption("3", 1.0, 1.0, 1)
    none = {"math": Threshold("math", None, 0.8, 60, 50, "no agreement shows it")}
    state, changes = next_round(state, judged, none, 0.6)
    assert (state.adopted, changes.returned) == ({}, ("b", "d"))
    state, changes = next_round(state, judged, AT_THREE, 0.6)
    assert (state.adopted["a"].round, changes.adopted) == (4, ("a", "b", "d"))


def test_it_is_finished_when_a_round_changes_no_label() -> None:
    judged = [said("a", "0.5", 1.0), said("b", "3", 1.0), said("d", "4", 1.0)]
    _, changes = next_round(first_round(), judged, AT_THREE, 0.9)
    assert changes.kept == ("a", "b", "d")
    assert finished(changes)
    assert not any(finished(Changes(*(("x",) if i == at else () for i in range(4)))) for at in (0, 2, 3))


def test_a_row_without_an_answer_is_never_adopted() -> None:
    state, _ = next_round(State("run-1"), [said("a", None, 1.0)], AT_THREE, 0.6)
    assert state.adopted == {}


def test_a_row_that_was_adopted_must_be_judged_again() -> None:
    with pytest.raises(CrossthinkError, match="1 rows were adopted up to round 1 and are not judged now, 'd' first"):
        next_round(first_round(), [said("a", "1/2", 1.0), said("b", "3", 1.0)], AT_THREE, 0.6)


def test_a_row_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="1 rows are there twice"):
        next_round(State("run-1"), [said("a", "1", 1.0), said("a", "2", 1.0)], AT_THREE, 0.6)


# ---- the folder


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    assert read_state(folder, "run-1") is None
    write_state(folder, first_round())
    assert read_state(folder, "run-1") == first_round()
    assert [path.name for path in folder.iterdir()] == [STATE]


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    state = first_round()
    turned = State("run-1", 1, dict(reversed(state.adopted.items())), dict(reversed(AT_THREE.items())), 0.6)
    write_state(tmp_path / "one", state)
    write_state(tmp_path / "other", turned)
    text = (tmp_path / "one" / STATE).read_bytes()
    assert text == (tmp_path / "other" / STATE).read_bytes()
    assert list(json.loads(text)["adopted"]) == ["a", "b", "d"]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    write_state(tmp_path, first_round())
    with pytest.raises(CrossthinkError, match="holds rounds of run 'run-1', not of 'run-2'"):
        read_state(tmp_path, "run-2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "has schema 2 and this crossthink reads 1"),
        ({"round": "many"}, r"is damaged \(round: "),
        ({"adopted": {"a": {"answer": "7"}}}, r"is damaged \(adopted\.a\.agreement: Field required"),
        ({"adopted": None}, r"is damaged \(adopted: "),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_state(tmp_path, first_round())
    content = json.loads((tmp_path / STATE).read_text())
    (tmp_path / STATE).write_text(json.dumps(content | change))
    with pytest.raises(CrossthinkError, match=message):
        read_state(tmp_path, "run-1")


@pytest.mark.parametrize("text", [b"", b'{"schema": 1, "run": "ru', b"[]", b"{}", b"\xff\xfe", b'{"schema": 1}'])
def test_a_damaged_file_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / STATE).write_bytes(text)
    with pytest.raises(CrossthinkError, match="is damaged"):
        read_state(tmp_path, "run-1")
