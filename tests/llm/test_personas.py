"""Personas and skills, and their pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import personas
from crossthink_data.llm.personas import pairs, read_phrases

PERSONAS = [f"persona {i}" for i in range(30)]
SKILLS = [f"skill {i}" for i in range(20)]


def _pairs(people: list[str] = PERSONAS, skills: list[str] = SKILLS, limit: int = 100, seed: int = 0) -> list[str]:
    return [f"{one.metadata['persona']}/{one.metadata['skill']}" for one in pairs(people, skills, limit, seed)]


def test_all_pairs_once_up_to_the_limit() -> None:
    assert len(set(_pairs(limit=10_000))) == 600
    assert len(set(_pairs(limit=100))) == 100
    assert len({one.id for one in pairs(PERSONAS, SKILLS, 600)}) == 600


def test_a_lower_limit_is_the_beginning() -> None:
    assert _pairs(limit=10) == _pairs(limit=500)[:10]


def test_more_personas_leave_the_order_of_the_others() -> None:
    fewer = set(_pairs(PERSONAS[:20], limit=10_000))
    assert [one for one in _pairs(limit=10_000) if one in fewer] == _pairs(PERSONAS[:20], limit=10_000)


def test_the_order_of_the_lists_does_not_matter_and_the_seed_does() -> None:
    assert _pairs(PERSONAS[::-1], SKILLS[::-1]) == _pairs()
    assert _pairs(seed=1) != _pairs()


def test_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _pairs()
    monkeypatch.setattr(personas, "_BLOCK", 45)
    assert _pairs() == whole


def test_personas_and_skills_are_drawn_evenly() -> None:
    drawn = _pairs(limit=300)
    assert len({one.split("/")[0] for one in drawn}) == 30
    assert len({one.split("/")[1] for one in drawn}) == 20


def test_no_problem_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="limit 0"):
        _pairs(limit=0)


def test_phrases_out_of_lines_and_objects(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a baker\n\n  a  pilot \na baker\n")
    (tmp_path / "a.jsonl").write_text('{"persona": "a baker", "n": 1}\n{"text": "a pilot"}\n"a nurse"\n')
    assert read_phrases(tmp_path / "a.txt", "persona") == ["a baker", "a pilot"]
    assert read_phrases(tmp_path / "a.jsonl", "persona") == ["a baker", "a pilot", "a nurse"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.txt", None, "is not there: name a file with a persona a line"),
        ("a.txt", b"\n \n", "is empty: write a persona a line"),
        ("a.txt", b"\xff\xfe", "is not UTF-8"),
        ("a.txt", b"x" * 1001, "a persona of 1001 characters"),
        ("a.jsonl", b'{"persona": 3}', "line 1 has no text under 'persona'"),
        ("a.jsonl", b'{"persona": "x"}\n{', "line 2 is no JSON"),
    ],
)
def test_phrases_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CrossthinkError, match=message):
        read_phrases(tmp_path / name, "persona")
