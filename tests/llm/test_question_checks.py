"""Questions that need their document, give themselves away, or copy."""

from __future__ import annotations

import pytest

from crossthink_data.llm.prompt_files import prompt_file
from crossthink_data.llm.question_checks import (
    Checks,
    copies,
    leans_on_document,
    problem_fault,
    question_fault,
    rationale_of,
)
from crossthink_data.llm.written import Question
from tests.llm.prose import TIDES

OPTIONS = ("The moon", "The sun", "The wind", "The rivers")


def _fault(text: str = "What raises the tides?", options: tuple[str, ...] = OPTIONS) -> str | None:
    return question_fault(
        Question(text, options[0], "", options, "A"), TIDES, prompt_file("question-v1").text, Checks()
    )


@pytest.mark.parametrize(
    "text",
    [
        "According to the passage, what raises the tides?",
        "What does the author say about tides?",
        "Which of these does this section explain?",
        "In the above text, what is a spring tide?",
        "Based on the given information, which tide is highest?",
        "What is the main idea of the article?",
        "Why, as described above, are days longer?",
        "Which effect is mentioned here?",
        "According to the study, which tide is highest?",
        "What would the author most likely say?",
        "What is the purpose of this document?",
        "As discussed earlier, which tide is highest?",
        "What does the following excerpt say?",
        "Which causes of friction are listed in the chapter?",
    ],
)
def test_leans_on_the_document(text: str) -> None:
    assert leans_on_document(text)
    assert _fault(text) == "leans_on_document"


@pytest.mark.parametrize(
    "text",
    [
        "Who is the author of Hamlet?",
        "What does the section of DNA between two genes do?",
        "Which article of the constitution names the president?",
        "A student reads a passage aloud. What does she train?",
        "How does a text message reach a phone?",
        "Which unit measures force?",
        "What is described by Newton's second law?",
        "Which material conducts best?",
        "Why is context important for perception?",
        "In 1946 this author received a prize. Who was it?",
        "What can be said of the site where the enzyme binds?",
        "Why does the reading of a barometer rise?",
        "What happens to the material when it is heated?",
        "Which of the results shown below are right? 2 + 2 = 4, 2 + 2 = 5",
    ],
)
def test_speaks_of_documents_that_are_no_matter(text: str) -> None:
    assert not leans_on_document(text)


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("What raises the tides?", OPTIONS, None),
        ("Which point in the figure below is high water?", OPTIONS, "missing_figure"),
        ("A block of ice floats in a full glass of water. What happens to it?", OPTIONS, "copies_example"),
        ("What raises the tides?", (*OPTIONS[:3], "All of the above"), "option_refers"),
        ("What raises the tides?", (*OPTIONS[:3], "Both A and B."), "option_refers"),
        ("What raises the tides?", (*OPTIONS[:3], "None of these"), "option_refers"),
        ("What raises the tides?", (*OPTIONS[:3], "A and C only"), "option_refers"),
        ("What raises the tides?", (*OPTIONS[:3], "The option a buyer has"), None),
        ("What raises the tides?", (*OPTIONS[:3], "Option B, but later"), "option_refers"),
        ("What raises the tides?", ("Both the sun and the moon", "The moon by itself alone", *OPTIONS[2:]), None),
        (
            "What raises the tides?",
            ("The moon, whose pull differs between the near and the far side of the earth", *OPTIONS[1:]),
            "key_stands_out",
        ),
        ("How many are there?", ("thirty-one", "one", "two", "ten"), None),  # too short to say anything
        (
            "The sun raises tides of its own, which are less than half as high: as what?",  # 13 words
            OPTIONS,
            "copied",
        ),
        ("Why are tides of its own, which are less than half as high, the sun's?", OPTIONS, None),  # 12
    ],
)
def test_faults(text: str, options: tuple[str, ...], reason: str | None) -> None:
    assert _fault(text, options) == reason


def test_a_copied_option() -> None:
    run = "one fills what the other empties, and the range is small when they stand so"
    assert not copies([run], TIDES, 11)
    assert copies([run], TIDES, 10)


def test_a_run_does_not_go_on_from_one_text_into_the_next() -> None:
    assert not copies(["The tides follow", "the moon"], "The tides follow the moon", 3)


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [
        ("What is half of 9?", "9/2", None),
        ("What is the derivative of x squared?", "2x", None),
        ("Which is largest?", "the second one", "answer_not_math"),
        ("A baker packs 210 rolls into bags of 6 and bags of 9. How many?", "30", "copies_example"),
        ("What is the area of the triangle in the figure below?", "6", "missing_figure"),
    ],
)
def test_problems(text: str, answer: str, reason: str | None) -> None:
    assert problem_fault(Question(text, answer, ""), prompt_file("persona_math-v1").text, Checks()) == reason


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Its pull differs.", "Its pull differs."),
        ("Option B is right, because its pull differs.", None),
        ("The answer is (C).", None),
        ("Vitamin C is an acid.", "Vitamin C is an acid."),
        ("", None),
    ],
)
def test_a_reason_that_names_letters_is_no_rationale(reason: str, expected: str | None) -> None:
    assert rationale_of(Question("Q", "x", reason, OPTIONS, "A")) == expected
