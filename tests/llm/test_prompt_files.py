"""The versioned prompt files: none changes without a new version."""

from __future__ import annotations

import jinja2
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.prompt_files import FOLDER, prompt_file
from crossthink_data.llm.synthesize import MATH_PROMPTS, PROMPTS, prompt_versions
from crossthink_data.llm.written import json_object, read_problem, read_question, read_topic

PUBLISHED = {  # a text that has been used is not edited: add a file with the next number
    "topic-v1": "b3b3f362b009714a",
    "question-v1": "02e84ea9f33ec0e2",
    "persona_math-v1": "df31695222b050e2",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_text_stays(name: str) -> None:
    assert prompt_file(name).sha256.startswith(PUBLISHED[name])


def test_every_file_is_published() -> None:
    assert {path.name.removesuffix(".jinja") for path in FOLDER.iterdir()} == set(PUBLISHED)


def test_an_unknown_prompt_names_those_there_are() -> None:
    with pytest.raises(CrossthinkError, match="unknown prompt 'topic-v9': did you mean 'topic-v1'"):
        prompt_file("topic-v9")


def test_a_place_without_a_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        prompt_file("topic-v1").render(passage="x")


def test_what_goes_in_stays_as_it_is() -> None:
    text = prompt_file("topic-v1").render(domains=["law"], passage="{{ 7 * 7 }} <b>&amp;</b> {% raise %}")
    assert "{{ 7 * 7 }} <b>&amp;</b> {% raise %}" in text


def test_each_shows_an_example_that_its_own_reader_takes() -> None:
    topic = prompt_file("topic-v1").render(domains=["law"], passage="")
    question = prompt_file("question-v1").render(domain="law", topic="x", passage="", fewest=4, most=10)
    problem = prompt_file("persona_math-v1").render(persona="a baker", skill="linear equations")
    assert read_topic(topic) == ("stem", "how plants store the energy of light")
    read = read_question(question, 4, 10, order="x")
    assert not isinstance(read, str)
    assert read.answer == "It stays where it is"
    solved = read_problem(problem)
    assert not isinstance(solved, str)
    assert solved.answer == "10"
    assert all(json_object(text) for text in (topic, question, problem))


def test_the_manifest_has_the_sum_of_each_file() -> None:
    assert list(prompt_versions(PROMPTS)) == ["topic-v1", "question-v1", "mcq-v1"]
    assert prompt_versions(MATH_PROMPTS)["persona_math-v1"] == prompt_file("persona_math-v1").sha256
    assert prompt_versions(MATH_PROMPTS)["open-v1"] is None
