"""Synthesis from passages to rows, against a scripted endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.asking import Synthesis
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.personas import pairs
from crossthink_data.llm.request import seed_of
from crossthink_data.llm.synthesize import SYNTHESIZED, summary, synthesize, synthesize_math
from tests.llm.prose import BREAD, TIDES
from tests.llm.scripted_endpoint import Body, Faults, ScriptedEndpoint, prompt_of, seeded_faults

TOPIC = {"domain": "stem", "topic": "tides"}
KEY = "Their bulges lie across each other"
QUESTION: dict[str, Any] = {
    "question": "Why is the range of tides small when sun and moon stand at a right angle?",
    "options": [
        "Their pulls act on different seas",
        "Their bulges lie across each other",
        "The moon is then far",
        "No",
    ],
    "reason": "The high water of one falls on the low water of the other.",
    "answer": "B",
}
ALIKE = ("An effect of the sun alone", "the effect of the sun alone.")
PROBLEM = {"problem": "A boat drifts 12 km in 8 h. How fast is it in km/h?", "reason": "12/8", "answer": "3/2"}


def _kind(body: Body) -> str:
    return str(body["response_format"]["json_schema"]["name"]) if "response_format" in body else "solve"


def _label_of(prompt: str, option: str) -> str:
    """The letter before an option in a prompt of ours."""
    return next(line[0] for line in prompt.split("\n") if line.endswith(f") {option}"))


def _solves(body: Body) -> str:
    return f"<think>Across.</think> \\boxed{{{_label_of(prompt_of(body), KEY)}}}"


def _script(**answers: Any) -> Callable[[Body], str]:
    """An answer by the kind of the request: a text, an object, or a function of the body."""
    script = {"topic": TOPIC, "question": QUESTION, "problem": PROBLEM, "solve": _solves, **answers}

    def answer(body: Body) -> str:
        said = script[_kind(body)]
        said = said(body) if callable(said) else said
        return said if isinstance(said, str) else json.dumps(said)

    return answer


def _passages(*texts: str) -> list[Document]:
    metadata = {"document_id": "d", "url": "https://example.org", "license": "cc-by-4.0", "revision": "sha256:0"}
    return [Document(text, f"d#{n}", metadata=dict(metadata)) for n, text in enumerate(texts)]


def _run(
    work: Path,
    documents: list[Document] | None = None,
    settings: Synthesis | None = None,
    faults: Faults = lambda seen: "",
    make: Any = synthesize,
    style: Any = "chat",
    **answers: Any,
) -> tuple[pl.DataFrame, list[Body]]:
    with ScriptedEndpoint(answer=_script(**answers), faults=faults, slow_s=0.02) as server:
        endpoint = make_endpoint(server.url, "scripted", "r1", style)
        frame, _ = make(documents or _passages(TIDES), settings or Synthesis(), endpoint, work)
        assert dict(frame.schema) == SYNTHESIZED
        assert frame["id"].is_sorted()
        return frame, server.bodies()


def _one(work: Path, **kwargs: Any) -> dict[str, Any]:
    return _run(work, **kwargs)[0].row(0, named=True)


def test_a_question_that_all_solutions_bear_out(tmp_path: Path) -> None:
    frame, bodies = _run(tmp_path)
    row = frame.row(0, named=True)
    label = row["answer_label"]
    assert sorted(row["options"]) == sorted(QUESTION["options"])
    assert row["options"]["ABCD".index(label)] == KEY
    assert row == {
        **dict.fromkeys(("persona", "skill", "reason")),
        **{"id": "d#0", "document_id": "d", "url": "https://example.org", "license": "cc-by-4.0"},
        **{"revision": "sha256:0", "generator": "scripted@r1", "prompts": "topic-v1 question-v1 mcq-v1"},
        **{"domain": "stem", "topic": "tides", "question": QUESTION["question"], "options": row["options"]},
        **{"answer": KEY, "answer_label": label, "rationale": QUESTION["reason"], "votes": [label] * 5},
        **{"lost": [None] * 5},
        **{"agreement": 1.0, "tokens": row["tokens"]},
    }
    assert sorted(map(_kind, bodies)) == ["question", *["solve"] * 5, "topic"]


def test_solutions_see_the_question_and_its_options_only(tmp_path: Path) -> None:
    _, bodies = _run(tmp_path)
    solves = [body for body in bodies if _kind(body) == "solve"]
    assert len({body["seed"] for body in solves}) == 5
    assert len({prompt_of(body) for body in solves}) == 1
    prompt = prompt_of(solves[0])
    assert all(option in prompt for option in QUESTION["options"])
    assert QUESTION["reason"] not in prompt
    assert not any(line in prompt for line in TIDES.split("\n"))


def test_what_is_asked_is_constrained(tmp_path: Path) -> None:
    _, bodies = _run(tmp_path, settings=Synthesis(options_min=4, options_max=6))
    schemas = {
        _kind(body): body["response_format"]["json_schema"]["schema"]["properties"]
        for body in bodies
        if _kind(body) != "solve"
    }
    assert "medicine" in schemas["topic"]["domain"]["enum"]
    assert (schemas["question"]["options"]["minItems"], schemas["question"]["options"]["maxItems"]) == (4, 6)


def test_a_base_model_gets_the_prompt_as_it_is(tmp_path: Path) -> None:
    frame, bodies = _run(tmp_path, style="plain")
    assert frame["reason"].to_list() == [None]
    assert all("messages" not in body for body in bodies)


@pytest.mark.parametrize(
    ("answers", "reason", "asked"),
    [
        ({"topic": "Tides."}, "topic_malformed_json", 1),
        ({"topic": {"domain": "cooking", "topic": "x"}}, "topic_unknown_domain", 1),
        ({"question": "```json\n{"}, "question_malformed_json", 2),
        ({"question": ""}, "question_empty", 2),
        ({"question": QUESTION | {"options": ["a", "b"]}}, "question_bad_options", 2),
        ({"question": QUESTION | {"answer": "G"}}, "question_answer_not_in_options", 2),
        ({"question": QUESTION | {"question": "What does the passage say?"}}, "leans_on_document", 2),
        ({"question": QUESTION | {"question": TIDES.split("\n")[0] + " Why?"}}, "copied", 2),
        ({"question": QUESTION | {"options": [*QUESTION["options"][:3], "All of the above"]}}, "option_refers", 2),
        ({"question": QUESTION | {"options": [ALIKE[0], KEY, ALIKE[1], "The moon is then far"]}}, "options_equal", 7),
        ({"solve": "I do not know."}, "no_votes", 7),
        (
            {"solve": lambda body: "\\boxed{%s}" % ("A" if _label_of(prompt_of(body), KEY) != "A" else "B")},
            "vote_against_key",
            7,
        ),
    ],
)
def test_reasons(tmp_path: Path, answers: dict[str, Any], reason: str, asked: int) -> None:
    frame, bodies = _run(tmp_path, **answers)
    assert frame["reason"].to_list() == [reason]
    assert len(bodies) == asked


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("length", "question_cut"),
        ("too long", "question_too_long"),
        ("400", "question_refused"),
        ("empty", "question_empty"),
    ],
)
def test_what_the_server_says_is_a_reason(tmp_path: Path, fault: str, reason: str) -> None:
    row = _one(
        tmp_path,
        faults=lambda seen: fault if _kind(seen.body) == "question" else "",
        question='{"question": "Why is the ra',
    )
    assert (row["reason"], row["topic"], row["question"]) == (reason, "tides", None)


@pytest.mark.parametrize("fault", ["length", "too long", "empty", "400"])
def test_solutions_that_are_all_lost_for_one_reason(tmp_path: Path, fault: str) -> None:
    why = {"length": "cut", "too long": "too_long", "400": "refused"}.get(fault, fault)
    frame, _ = _run(tmp_path, faults=lambda seen: fault if _kind(seen.body) == "solve" else "", solve="So far")
    row = frame.row(0, named=True)
    assert (row["reason"], row["votes"], row["lost"]) == (f"solve_{why}", [None] * 5, [why] * 5)
    assert summary(frame)["solutions"] == {"asked": 5, "lost": {why: 5}}


def test_solutions_that_are_lost_for_several_reasons(tmp_path: Path) -> None:
    seeds = [seed_of(0, "d#0", f"solve{i}") for i in range(5)]
    faults = dict(zip(seeds, ["too long", "length", "", "too long", "empty"], strict=True))
    frame, _ = _run(tmp_path, faults=lambda seen: faults.get(seen.body["seed"], ""), solve="I do not know.")
    assert frame["lost"].to_list() == [["too_long", "cut", "no_answer", "too_long", "empty"]]
    assert frame["reason"].to_list() == ["no_votes"]
    assert summary(frame)["solutions"] == {"asked": 5, "lost": {"cut": 1, "empty": 1, "no_answer": 1, "too_long": 2}}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"topic": {"domain": "stem", "topic": "half \ud83d"}}, "topic_malformed_json"),
        ({"question": QUESTION | {"reason": "half \ud83d"}}, "question_malformed_json"),
        ({"topic": '{"domain": "stem", "topic": %s}' % ("1" * 5_000)}, "topic_malformed_json"),
    ],
)
def test_what_no_file_can_hold_is_malformed(tmp_path: Path, answers: dict[str, Any], reason: str) -> None:
    assert _one(tmp_path, **answers)["reason"] == reason


def test_a_whole_object_that_was_cut_after_its_end_counts(tmp_path: Path) -> None:
    row = _one(tmp_path, faults=lambda seen: "length" if _kind(seen.body) == "question" else "")
    assert row["reason"] is None


def _contradicts(right: int) -> Callable[[Body], str]:
    """The first `right` seeds in order of the body's seed solve it; the rest say each another option."""
    seeds: dict[int, int] = {}

    def solves(body: Body) -> str:
        order = [seed_of(0, "d#0", f"solve{i}") for i in range(5)]
        place = seeds.setdefault(body["seed"], order.index(body["seed"]))
        key = _label_of(prompt_of(body), KEY)
        others = [label for label in "ABCD" if label != key]
        return f"\\boxed{{{key if place < right else others[place % 3]}}}"

    return solves


@pytest.mark.parametrize(
    ("right", "agreement", "reason"),
    [(5, 1.0, None), (3, 0.6, None), (2, 0.4, "vote_below_threshold"), (1, 0.4, "vote_against_key")],
)
def test_contradictory_votes(tmp_path: Path, right: int, agreement: float, reason: str | None) -> None:
    row = _one(tmp_path, solve=_contradicts(right))
    assert (row["agreement"], row["reason"], len(row["votes"])) == (agreement, reason, 5)


def test_a_solution_without_an_answer_counts_against(tmp_path: Path) -> None:
    lost = {"seeds": set[int]()}

    def solves(body: Body) -> str:
        if len(lost["seeds"]) < 3:
            lost["seeds"].add(body["seed"])
        return "no box" if body["seed"] in lost["seeds"] else _solves(body)

    row = _one(tmp_path, solve=solves)
    assert (row["reason"], row["agreement"], row["votes"].count(None)) == ("vote_below_threshold", 0.4, 3)


def test_the_same_frame_whatever_the_order_of_answers(tmp_path: Path) -> None:
    documents = _passages(TIDES, BREAD, *(f"{TIDES} {n}" for n in range(6)))
    calm, bodies = _run(tmp_path / "calm", documents)
    assert len(bodies) == 8 * 7
    for seed in range(3):
        faults = seeded_faults(seed, 0.6, ["slow", "reordered", "twice"])
        rough, bodies = _run(tmp_path / f"rough{seed}", documents[:: (-1) ** seed], faults=faults)
        assert rough.equals(calm)
        assert len(bodies) == 8 * 7


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    first, bodies = _run(tmp_path)
    again, none = _run(tmp_path)
    assert again.equals(first)
    assert (len(bodies), none) == (7, [])


def test_tokens_are_those_of_all_completions(tmp_path: Path) -> None:
    row = _one(tmp_path, settings=Synthesis(samples=2))
    words = len(json.dumps(TOPIC).split()) + len(json.dumps(QUESTION).split()) + 2 * 2
    assert row["tokens"] == words


def test_the_summary(tmp_path: Path) -> None:
    def topics(body: Body) -> Any:
        return "?" if "Yeast" in prompt_of(body) else TOPIC

    frame, _ = _run(tmp_path, _passages(TIDES, BREAD), topic=topics)
    assert summary(frame) == {
        "rows": 2,
        "kept": 1,
        "reasons": {"topic_malformed_json": 1},
        "solutions": {"asked": 5, "lost": {}},
        "domains": {"stem": {"rows": 1, "kept": 1}},
        "tokens": int(frame["tokens"].sum()),
    }
    assert summary(frame.clear())["rows"] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples 0"),
        ({"threshold": 0.0}, "threshold 0.0"),
        ({"threshold": 1.1}, "threshold 1.1"),
        ({"options_min": 5, "options_max": 4}, "5 to 4 options"),
        ({"options_max": 11}, "4 to 11 options: at least 2, at most 10"),
    ],
)
def test_settings_that_make_nothing(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(CrossthinkError, match=message):
        Synthesis(**settings)


# --- problems for personas and skills


def _math(work: Path, **answers: Any) -> pl.DataFrame:
    documents = list(pairs(["a skipper"], ["rates", "ratios"], limit=2, license_="cc0-1.0"))
    return _run(work, documents, make=synthesize_math, **answers)[0]


def test_problems_that_solutions_bear_out_by_equivalence(tmp_path: Path) -> None:
    frame = _math(tmp_path, solve=r"<think>.</think> \boxed{1.5}")
    assert frame["reason"].to_list() == [None, None]
    row = frame.filter(skill="rates").row(0, named=True)
    assert (
        row.items()
        >= {
            "persona": "a skipper",
            "license": "cc0-1.0",
            "domain": "math",
            "topic": "rates",
            "answer": "3/2",
            "options": [],
            "answer_label": None,
            "votes": ["1.5"] * 5,
            "prompts": "persona_math-v1 open-v1",
        }.items()
    )


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"solve": r"\boxed{2}"}, "vote_against_key"),
        ({"problem": PROBLEM | {"answer": "quite fast"}}, "answer_not_math"),
        ({"problem": PROBLEM | {"answer": ""}}, "question_empty"),
        ({"problem": "no"}, "question_malformed_json"),
    ],
)
def test_reasons_of_problems(tmp_path: Path, answers: dict[str, Any], reason: str) -> None:
    assert _math(tmp_path, **answers)["reason"].to_list() == [reason] * 2
