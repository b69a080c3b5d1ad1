"""What a completion answered: boxes, thinking, run-on text and, for evals, statements."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.prompts import ECHOES, OPEN_INSTRUCTION, prompt_text
from crossthink_data.verify.extract import MAX_CHARS, extract
from crossthink_data.verify.verdict import Extraction

balanced = st.recursive(
    st.text("ab1 ,=\\$", max_size=5).filter(lambda s: "\\" not in s),
    lambda x: x | st.tuples(x, x).map("{%s}%s".__mod__),
)


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (r"so \boxed{4}", "4"),
        (r"\boxed{ 4 }.", "4"),
        (r"\boxed {4}", "4"),
        (r"\boxed 5", "5"),
        (r"\boxed5.", "5"),
        (r"\boxed 42, as said", "42"),
        (r"\boxed -3/4", "-3/4"),
        (r"\boxed C.", "C"),
        (r"\fbox{4}", "4"),
        (r"\boxed{3} \fbox{4}", "4"),
        (r"\\boxed{4}", "4"),  # a backslash too many
        (r"\boxed{1} \\boxed{4}", "4"),
        (r"\boxed{1}, then \boxed{2}", "2"),
        (r"\boxed{\text{E}}", r"\text{E}"),
        (r"\boxed{\boxed{5}}", r"\boxed{5}"),  # the outermost
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),  # escaped braces are not braces
        (r"\boxed{\left\{x\right.}", r"\left\{x\right."),
        (r"\boxed{a \\}", r"a \\"),  # a line break, then the closing brace
        ("\\boxed{a\nb}", "a\nb"),
        (r"\boxed{\frac{1}{2}. Hence \boxed{3}", "3"),  # an early slip does not undo the last box
        (r"put it in \boxed, please: \boxed{7}", "7"),
        (r"x } \boxed{7} }", "7"),
        ("\\boxed{\ud800\x00}", "\ud800\x00"),
    ],
)
def test_the_last_outermost_box_is_the_answer(completion: str, answer: str) -> None:
    assert extract(completion) == Extraction(answer, None, format_ok=False)


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (None, "empty"),
        ("", "empty"),
        (" \n\t", "empty"),
        (b"\\boxed{4}", "not_text"),
        (["\\boxed{4}"], "not_text"),
        (4, "not_text"),
        ("x" * (MAX_CHARS + 1), "too_long"),
        ("The answer is 4", "no_box"),
        (r"put it in \boxed please", "no_box"),
        (r"\boxedx{4}", "no_box"),
        (r"\boxed{", "box_unclosed"),
        (r"\boxed{3}, no: \boxed{4", "box_unclosed"),  # never an earlier one
        (r"\boxed{\frac{1}{2}", "box_unclosed"),
        (r"\boxed{4\}", "box_unclosed"),
        (r"\boxed{3} \boxed{ }", "box_empty"),
        (r"\boxed{}", "box_empty"),
        (r"<think>\boxed{4}", "think_unclosed"),
        (r"<think>a</think> \boxed{4} <think> wait", "think_unclosed"),
        (r"<think>\boxed{4}</think> done", "no_box"),
    ],
)
def test_without_an_answer_there_is_a_reason(completion: object, reason: str) -> None:
    assert extract(completion) == Extraction(None, reason, format_ok=False)


@pytest.mark.parametrize(
    ("completion", "think_open", "answer", "format_ok"),
    [
        (r"<think>a</think> \boxed{4}", False, "4", True),
        ("\n <think>a</think>\n\\boxed{4} done.", False, "4", True),
        (r"<think>\boxed{1}</think>\boxed{4}", False, "4", True),
        (r"a</think>\boxed{4}", True, "4", True),
        (r"a</think>\boxed{4}", False, "4", False),
        (r"<think>a</think>\boxed{4}", True, "4", False),  # the prompt had opened one already
        (r"a</think>b</think>\boxed{4}", True, "4", False),
        (r"<think><think>a</think>\boxed{4}", False, "4", False),
        (r"<think>a</think>b</think>\boxed{4}", False, "4", False),
        (r"<think>a</think>\boxed{1}<think>b</think>\boxed{4}", False, "4", False),
        (r"Sure. <think>a</think>\boxed{4}", False, "4", False),
        (r"</think><think>\boxed{1}</think>\boxed{4}", False, "4", False),
        (r"\boxed{4}", True, None, False),
        (r"<think>a</think>\boxed{}", False, None, False),
        (r"<think>rethink> it</think>\boxed{4}", False, "4", True),  # no tag
        (r"rethink> it</think>\boxed{4}", True, "4", True),
        (r"<think>rethink> <think>a</think>\boxed{4}", False, "4", False),
        (r"<think>rethink> </think>a</think>\boxed{4}", False, "4", False),
    ],
)
def test_format_is_one_closed_think_block_and_a_box(
    completion: str, think_open: bool, answer: str | None, format_ok: bool
) -> None:
    found = extract(completion, think_open=think_open)

    assert (found.answer, found.format_ok) == (answer, format_ok)


@pytest.mark.parametrize(
    "run_on",
    [
        *("\nQuestion: next?", "\n\nProblem: next", "\nQ: next", "\n**Question:** next", "\n### Instruction: next"),
        *("\nUser: next", "\nHuman: next", "<|im_end|>", "<|im_start|>user", "<|endoftext|>", "<|eot_id|>", "</s>"),
        *("<end_of_turn>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    ],
)
def test_run_on_text_is_cut(run_on: str) -> None:
    assert extract(rf"\boxed{{4}}{run_on} \boxed{{5}}").answer == "4"
    assert extract(rf"\boxed{{4}}{run_on} \boxed{{5").answer == "4"
    assert extract(rf"Restated.{run_on} \boxed{{5}}").answer == "5"  # nothing before the first box is cut
    assert extract(f"The answer is (A).{run_on} the answer is (B).", "AB", flexible=True).answer == "A"
    assert extract(f"A{run_on} the answer is (B).", "AB", flexible=True).answer == "A"
    assert extract(f"The answer is 4.{run_on} the answer is 5.", flexible=True).answer == "4"


@pytest.mark.parametrize(
    "completion",
    [
        *("The answer is (C).", "the answer is C", "The answer is: (C)", "Answer: C", "**Answer:** C", "**Answer**: C"),
        *("answer is **C**", "The answer is **(C)**.", "answer: $C$", "answer is \\text{C}", "ANSWER IS (C)"),
        *("The answer is option C.", "The correct option is C.", "the correct choice is (C)", "The best option is C!"),
        *(
            "The answer is therefore C.",
            "The answer is for sure D, or rather: the answer is C",
            "Answer: C\n\nSo it is.",
        ),
        *("The answer is A. No, the answer is (C).", "The answer is (C) because A is not.", "The answer is C, not D."),
        *("The answer is (C). The product has (E) geometry.", "Answer: C. carbon", "The answer is (C) or (C)."),
        *("The answer is C because B", "The answer is (C).\nA good day.", "The answer should be C."),
        *("The answer is (A) is incorrect. The answer is (C).", "The answer is (C). The answer is (D) is wrong."),
        *("C", "(C)", "C.", " **C** ", "[C]", "<think>The answer is (A).</think> The answer is (C)."),
        "Question 1: the answer is (A)\n\nQuestion 2: the answer is (C)",
        *("The answer is C and B", "The answer is either C or B.", "Answer: C, B", "answer is (C) through (D)"),
        *("The answer is (C), (B), or (A).", "answer: **C** or **B**", "answer is C/B", "The answer is (C) and (A)."),
        "The answer is (C). The answer is (A) if the wind turns.",  # a condition
        r"The answer is (A), so \boxed{C}",  # a box comes first
    ],
)
def test_flexible_takes_the_last_statement_of_a_label(completion: str) -> None:
    assert extract(completion, "ABCD", flexible=True) == Extraction("C", None, format_ok=False)


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        *(
            (text, "no_answer")
            for text in ("The answer is A good idea", "The answer is Because B", "The answer is ABC")
        ),
        *((text, "no_answer") for text in ("The answer is (E).", "the answer is c", "The answer is not (C).")),
        *((text, "no_answer") for text in ("The answer is (D)-glucose", "The answer is A.M.", "The answer is A-type")),
        *(
            (text, "no_answer")
            for text in ("The answer is (None of these)", "A is wrong.\nTherefore B", "C is a letter")
        ),
        *((text, "no_answer") for text in ("Every answer islands C", "the closest option is C", "It is (C).", "X")),
        ("The answer is (C). \\boxed{C", "box_unclosed"),
        ("<think>The answer is (C).", "think_unclosed"),
    ],
)
def test_flexible_takes_no_stray_letter(completion: str, reason: str) -> None:
    assert extract(completion, "ABCD", flexible=True) == Extraction(None, reason, format_ok=False)


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("The answer is 3.14.", "3.14"),
        ("So the answer is $x^2$. That is all.", "$x^2$"),
        ("**Answer:** 42", "42"),
        ("Answer: **Paris**\nMore.", "Paris"),
        ("The answer is 4. No: the answer is 5", "5"),
        ("It is 4.", None),
        ("The answer is:", None),
    ],
)
def test_flexible_without_labels_takes_the_rest_of_the_sentence(completion: str, answer: str | None) -> None:
    assert extract(completion, flexible=True).answer == answer


def test_statements_are_for_flexible_alone() -> None:
    assert extract("The answer is (C).", "ABCD").reason == "no_box"


@given(st.text(), st.booleans(), st.booleans())
def test_any_text_has_an_answer_or_a_reason(text: str, think_open: bool, flexible: bool) -> None:
    for labels in (None, "ABCD"):
        found = extract(text, labels, think_open=think_open, flexible=flexible)
        assert (found.answer is None) != (found.reason is None)


@given(st.text("ab {}\\boxed\n", max_size=40).filter(lambda s: not s.endswith("\\")), balanced)
def test_a_balanced_box_at_the_end_is_the_answer(before: str, content: str) -> None:
    if re.search(r"\\(boxed|fbox)\s*{|\\$", before) or not content.strip():
        before, content = "", content + "1"

    assert extract(rf"{before}\boxed{{{content}}}").answer == content.strip()


@pytest.mark.parametrize(
    "text",
    [
        *("\\boxed{" * 150_000, "\\boxed{" * 10_000 + "}" * 10_000, "\\boxed{" + "{" * 1_000_000, "{" * 1_000_000),
        *("\\boxed" + " " * 1_000_000, "\\boxed{1}" * 100_000, "\\boxed{" + "\\" * 1_000_000, "<think>" * 150_000),
        *("answer is " * 100_000, "answer is" + " *" * 500_000, "answer" + ":" * 1_000_000, "</think>" * 120_000),
        *("answer is " + "the " * 250_000, "answer is " + "A, " * 300_000, "answer is A" + "," * 1_000_000),
        *("answer is (A) or " * 60_000, "answer is A\n" + "<|" * 500_000, "C" + " " * 1_000_000 + "x"),
        *("answer is (A)" + " " * 1_000_000, "answer is '" + "'" * 1_000_000, ("the answer is" + " " * 999) * 1_000),
        *("answer is \x00" * 90_000, "A" * 1_000_000, "answer is " + "either " * 140_000),
    ],
    ids=lambda text: f"{text[:16]!r}x{len(text)}",
)
def test_degenerate_text_takes_linear_time(text: str) -> None:
    started = time.process_time()
    for labels in (None, "ABCDEFGHIJ"):
        extract(text, labels, flexible=True)

    assert time.process_time() - started < 4  # quadratic is minutes


FIRST = r"<think>one</think> \boxed{A}"


@pytest.mark.parametrize(
    "more",
    [
        "\n\nQuestion: And this?\n<think>two</think> \\boxed{B}",
        "\n\nQuestion: And this?\n<think>two, and then it was cut",
        "<|im_end|>\n<|im_start|>user\nNext.<think>two</think> \\boxed{B}",
        "\n**Problem:** x\nlet me see</think> \\boxed{B}",
    ],
)
def test_an_answer_stands_though_the_model_goes_on_and_thinks_again(more: str) -> None:
    assert extract(FIRST + more)[:2] == ("A", None)
    assert not extract(FIRST + more).format_ok


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (FIRST + r" No. <think>two</think> \boxed{B}", "B"),  # second thoughts
        (FIRST + " No. <think>\nQuestion: again\n</think> \\boxed{B}", "B"),  # the question told again while thinking
        ("<think>a</think> No box.\nQuestion: x\n<think>two</think> \\boxed{B}", "B"),  # the first had no answer
    ],
)
def test_a_model_that_thinks_again_about_its_question_answers_last(text: str, answer: str) -> None:
    assert extract(text).answer == answer


NEXT = prompt_text("Which planet is largest?", ["Mars", "Jupiter"])
SAID = r"<think>2 + 2</think> \boxed{4}"


@pytest.mark.parametrize(
    "more",
    [
        f"\n\n{NEXT}",
        f"\n\n{NEXT}\n<think>it is</think> \\boxed{{B}}",
        f"\n\n{OPEN_INSTRUCTION}",
        f"\n{ECHOES[1]}your reasoning</think> \\boxed{{answer}}",
        "\n\n### Question 2\nWhat? \\boxed{5}",
        "\n\nNext problem: what? \\boxed{5}",
        " [/INST] \\boxed{5}",
    ],
)
@pytest.mark.parametrize("said", [SAID, r"\boxed{4}", r"It is \boxed{4}."])
def test_a_model_that_goes_on_with_a_prompt_of_ours_has_answered_before(said: str, more: str) -> None:
    assert extract(said + more).answer == "4"


def test_an_instruction_that_is_thought_about_is_no_end() -> None:
    thought = f"<think>They say:\n{ECHOES[1]}your reasoning</think> \\boxed{{answer}}, so</think> \\boxed{{4}}"
    assert extract(thought).answer == "4"
    before = f"{OPEN_INSTRUCTION}\n\n{SAID}"  # said again at first, then answered
    assert extract(before).answer == "4"
