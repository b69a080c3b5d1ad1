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
    refers_to_others,
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
        "Based on the reading, what raises the tides?",
        "In Chapter 4, what is the main cause of tides?",
        "In Section 3.2, what does the rule state?",
        "As stated in the lecture, what raises the tides?",
        "In the lesson, which tide is largest?",
        "In the story, who wins?",
        "In the scenario above, who pays?",
        "In the example given, what is the speed?",
        "In the experiment described, what happened?",
        "According to the provided context, what happens?",
        "Given the context, what happens?",
        "Given the data presented, which is right?",
        "Which of these was mentioned as a cause of tides?",
        "Which of these is NOT mentioned?",
        "What does the speaker say about tides?",
        "Based on what you read, what raises the tides?",
        "What is the main idea of the reading?",
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
        "What happens to a debtor in Chapter 7 bankruptcy?",
        "What does Section 5 of the Voting Rights Act require?",
        "A sample has mean 5 and variance 4. Based on the data, what is its deviation?",  # which it tells itself
        "Ann hires Bob, who is hurt. In the scenario above, who pays?",
        "A car brakes for 3 s. Given the information above, how far does it go?",
        "Which rights are mentioned in the first amendment?",
        "Given the context of the Cold War, why was the wall built?",
        "In the story of Noah, what does the dove bring?",
        "Who elects the Speaker of the House?",
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


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("All the above", True),
        ("A, B and C", True),
        ("Both A and B are correct", True),
        ("Only A and B", True),
        ("Same as B", True),
        ("All are correct.", True),
        ("More than one of these", True),
        ("None of the other answers", True),
        ("The first and third options", True),
        ("Option J", True),
        ("None", False),
        ("III", False),  # a quadrant, or an ion's charge
        ("World War I and II", False),
        ("The first of two choices that a voter has", False),
        ("Option I of the treaty", False),
        ("All are equal before the law", False),
    ],
)
def test_options_that_speak_of_others(option: str, expected: bool) -> None:
    assert refers_to_others(Question("Which?", "x", "", ("x", option), "A")) is expected


def test_numbered_statements_that_the_question_has() -> None:
    for option in ("I and II only", "(i), (ii) and (iii)", "II only"):
        assert refers_to_others(Question("Which is right?", "x", "", ("x", option), "A"))
        assert not refers_to_others(Question("Which is right? I. 1 = 1. II. 1 = 2.", "x", "", ("x", option), "A"))


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
        ("", None),
        ("Therefore, B is correct.", None),
        ("Only B fits.", None),
        ("B, since the pull differs.", None),
        ("Because its pull differs, B.", None),
        ("So A.", None),
        ("A is right.", None),
        ("A follows from its pull.", None),
        ("option b is right", None),
        ("(b) is right", None),
        ("The third option is right.", None),
        ("Of the options, the last fits.", None),
        ("Choice 2 is right.", None),
        ("The answer is a metal, for it conducts.", "The answer is a metal, for it conducts."),
        ("First it boils, and then one waits.", "First it boils, and then one waits."),
        ("As the passage says, its pull differs.", None),
        ("According to the text above, it sinks.", None),
        ("Vitamin C is an acid.", None),  # the rule does not know better, and only a rationale is lost
        ("A block of ice melts at 0 °C.", "A block of ice melts at 0 °C."),
        ("It melts. A block floats, X-rays pass.", "It melts. A block floats, X-rays pass."),
        ("E is mc squared.", "E is mc squared."),  # there are four options
        ("First the gas expands.", "First the gas expands."),
        ("The other options need more energy.", "The other options need more energy."),
    ],
)
def test_a_reason_that_names_options_or_its_document_is_no_rationale(reason: str, expected: str | None) -> None:
    assert rationale_of(Question("Q", "x", reason, OPTIONS, "A")) == expected


def test_a_problem_has_no_letters() -> None:
    assert rationale_of(Question("Q", "5", "From A to B it is 5.")) == "From A to B it is 5."
