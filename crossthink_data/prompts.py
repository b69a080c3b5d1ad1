"""The versioned prompt texts that the corpus, the evals and training share.

A base model must be able to follow them, so each carries its instruction and shows the form of the reply.
Change a text only together with its version: `template` in every row names both.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossthink_data.kinds import LABELS

PROMPT_VERSION = 1  # 1: first published texts

MCQ_TEMPLATE = f"mcq-v{PROMPT_VERSION}"
OPEN_TEMPLATE = f"open-v{PROMPT_VERSION}"

# How the two lines of every instruction begin: a base model that runs on writes them again.
ECHOES = ("Reason step by step between <think>", "Reply in this form: <think>")
_REPLY = (
    f"{ECHOES[0]} and </think>, then give {{what}} in \\boxed{{{{}}}}.\n"
    f"{ECHOES[1]}your reasoning</think> \\boxed{{{{{{slot}}}}}}"
)
MCQ_INSTRUCTION = _REPLY.format(what="only the letter of the one right option", slot="letter")
OPEN_INSTRUCTION = _REPLY.format(what="only the final answer", slot="answer")
SEVERAL_INSTRUCTION = _REPLY.format(
    what="only the letters of all right options, which may be one or more", slot="letters"
)

PARAGRAPH = "\n\n"  # between passage, question, options and instruction
OPTION = "{label}) {text}"  # one line an option


def option_line(label: str, text: str) -> str:
    """One option as the prompt shows it."""
    return OPTION.format(label=label, text=text)


def prompt_text(question: str, options: Sequence[str] = (), passage: str | None = None, several: bool = False) -> str:
    """The whole user message for one question; with options it is multiple choice, of `several` right ones or of one.

    >>> prompt_text("What is 1 + 1?").splitlines()[0]
    'What is 1 + 1?'
    """
    lines = "\n".join(option_line(label, text) for label, text in zip(LABELS, options, strict=False))
    choice = SEVERAL_INSTRUCTION if several else MCQ_INSTRUCTION
    instruction = choice if options else OPEN_INSTRUCTION
    parts = [passage, question, lines, instruction]
    return PARAGRAPH.join(part for part in parts if part)


def opens_thinking(prompt: str) -> bool:
    """Whether a prompt ends inside `<think>`, as the chat templates of reasoning models do.

    >>> opens_thinking("<|assistant|>\n<think>\n"), opens_thinking("Reply in this form: <think>…</think>")
    (True, False)
    """
    return prompt.rstrip().endswith("<think>")
