r"""What a completion answered: the last box after its thinking or, for evals alone, the last "answer is (C)".

Everything is one pass over the text, so a degenerate completion (a megabyte of `\boxed{`) costs what its length does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from crossthink_data.prompts import ECHOES
from crossthink_data.verify.verdict import Extraction

MAX_CHARS = 4_000_000

_OPEN, _CLOSE = "<think>", "</think>"
_BOXED, _FBOX = "\\boxed", "\\fbox"

# 1: a box's brace, 2: a box of one number, 3: of one capital, 4: "{", 5: "}"; an escape has no group.
# `\\boxed`, a backslash too many, is still a box.
_TOKEN = re.compile(
    r"\\(?:boxed|fbox)(?:\s*+(?:(\{)|([-+]?\d++(?:[.,/]\d++)*+)|(?<=\s)([A-Z])(?![A-Za-z])))"
    r"|\\(?:[{}]|\\(?!boxed|fbox))|(\{)|(\})"
)
_BOX, _OPENING, _CLOSING = 1, 4, 5

# The common box, of braces at most one deep: what the walk would find, at a fifth of its price.
_PLAIN_BOX = re.compile(r"\\(?:boxed|fbox)\{((?:[^{}\\]++|\\.|\{(?:[^{}\\]++|\\.)*+\})*+)\}", re.DOTALL)
_ANY_BOX = re.compile(r"\\(?:boxed|fbox)")

# Where a base model goes on with a next question, in the form of this one or of others, or a next turn.
_RUN_ON = re.compile(
    r"\n(?:#+ |\*\*)?(?:Next )?(?:[Qq]uestion|[Pp]roblem|Instruction|User|Human|Q)(?:\*\*)?:"
    r"|\n#+ *(?:Question|Problem) \d+\b|\[/?INST\]"
    rf"|\n(?:{'|'.join(map(re.escape, ECHOES))})"
    r"|<(?:[|\uff5c][^<>\s]{1,40}[|\uff5c]|/s|(?:end|start)_of_turn)>"
)


def extract(
    completion: object, labels: Sequence[str] | None = None, *, think_open: bool = False, flexible: bool = False
) -> Extraction:
    r"""The completion's answer, or the reason why there is none.

    `labels` are a multiple-choice row's own; `think_open`: the prompt ended inside `<think>`; `flexible` (evals, never
    rewards) reads a statement such as "the answer is (C)" where there is no box. Reasons: `empty`, `not_text`,
    `too_long`, `think_unclosed`, `no_box`, `box_unclosed`, `box_empty`; flexible: `no_answer`.

    >>> extract(r"<think>2 + 2</think> So \boxed{4}.")
    Extraction(answer='4', reason=None, format_ok=True)
    """
    if completion is None:
        return _nothing("empty")
    if not isinstance(completion, str):
        return _nothing("not_text")
    if len(completion) > MAX_CHARS:
        return _nothing("too_long")
    if not completion or completion.isspace():
        return _nothing("empty")
    tagged = "<" in completion  # one character is found far faster than a tag
    if tagged and (end := _next_asked(completion) or _asked_again(completion)):
        first = extract(completion[:end], labels, think_open=think_open, flexible=flexible)
        if first.answer is not None:
            return first._replace(format_ok=False)
    close = completion.rfind(_CLOSE) if tagged else -1
    start = 0 if close < 0 else close + len(_CLOSE)
    if (think_open and close < 0) or (tagged and completion.find(_OPEN, start) >= 0):
        return _nothing("think_unclosed")
    answer, reason = _last_box(completion, start)
    if answer is not None:
        return Extraction(answer, None, close >= 0 and _thought_once(completion, close, think_open))
    if flexible and reason == "no_box":
        answer, reason = _stated(completion[start:], labels)
    return Extraction(answer, reason, False)


def without_boxes(completion: str) -> str:
    """The text with its boxes' commands gone, so that a statement is looked for."""
    return _ANY_BOX.sub("", completion)


def _nothing(reason: str) -> Extraction:
    return Extraction(None, reason, False)


def _thought_once(text: str, close: int, think_open: bool) -> bool:
    """Whether the `</think>` at `close`, the last tag of all, ends the only thinking, with nothing before that."""
    if think_open:
        return _only_close(text, 0, close)
    head = text.find(_OPEN)
    return head >= 0 and not text[:head].strip() and _only_close(text, head + len(_OPEN), close)


def _only_close(text: str, start: int, close: int) -> bool:
    """Whether there is no tag from `start` up to the `</think>` at `close`; "rethink>" is none."""
    if text.find("think>", start) == close + 2:  # half the price of the other two
        return True
    return text.find(_CLOSE, start) == close and text.find(_OPEN, start) < 0


def _next_asked(text: str) -> int:
    """Where a model that has thought and answered goes on with something else and thinks about that; or 0."""
    close = text.find(_CLOSE)
    again = text.find("think>", close + len(_CLOSE)) if close >= 0 else -1
    box = _PLAIN_BOX.search(text, close, again) if again >= 0 else None
    end = _run_on(text, box.end()) if box else again
    return end if end < again else 0


def _asked_again(text: str) -> int:
    """Where a model that has given a box goes on with the instruction of our own prompts, tags and all; or 0."""
    if not any(echo in text for echo in ECHOES):
        return 0
    box = _ANY_BOX.search(text)
    places = [text.find(f"\n{echo}", box.end()) for echo in ECHOES] if box else []
    return min((at for at in places if at >= 0), default=0)


def _last_box(text: str, start: int) -> tuple[str | None, str | None]:
    """The content of the last outermost box before a run-on, or the reason why there is none."""
    last = text.rfind(_BOXED, start)
    first = text.find(_BOXED, start) if last >= 0 else text.find(_FBOX, start)
    if first < 0:
        return None, "no_box"
    last = max(last, text.rfind(_FBOX, max(first, last)))
    plain = _plain_boxes(text, first, last)
    content, unclosed = (plain, False) if plain is not None else _walk(text, first, last)
    if unclosed:
        return None, "box_unclosed"
    if content is None:
        return None, "no_box"
    content = content.strip()
    return (content, None) if content else (None, "box_empty")


def _plain_boxes(text: str, first: int, last: int) -> str | None:
    """What the walk would find where every box is plain and none is within another; None: walk."""
    box = _PLAIN_BOX.match(text, first)
    if not box or first == last:
        return box[1] if box else None
    end = _run_on(text, box.end())
    while at := _ANY_BOX.search(text, box.end(), end):
        if "box" in box[1] or not (box := _PLAIN_BOX.match(text, at.start(), end)):
            return None
    return None if "box" in box[1] else box[1]


def _walk(text: str, first: int, last: int) -> tuple[str | None, bool]:
    """The content of the box that closes last, and whether a box that opens after it never closes.

    Boxes close inside out, so the one that closes last is outermost. One that never closes takes no later one with
    it: a slip of braces early on does not undo the final box.
    """
    end = len(text)
    begin, stop = -1, 0
    braces: list[int] = []  # of each open brace: where its content begins if it is a box's, else -1
    for token in _TOKEN.finditer(text, first):
        if token.start() >= end:
            break
        kind = token.lastindex
        if kind == _BOX:
            braces.append(token.end())
        elif kind == _OPENING:
            braces.append(-1)
        elif kind is not None and (kind != _CLOSING or braces):
            opened = braces.pop() if kind == _CLOSING else token.start(kind)
            if opened < 0:
                continue
            if begin < 0 and token.end() <= last:
                end = _run_on(text, token.end())
            begin, stop = opened, token.start() if kind == _CLOSING else token.end()
            if stop > last and not braces:
                break
    return text[begin:stop] if begin >= 0 else None, max(braces, default=-1) > begin


def _run_on(text: str, start: int) -> int:
    """Where the text from `start` goes on with something that was not asked, or its end."""
    found = _RUN_ON.search(text, start)
    return found.start() if found else len(text)


# A statement of the answer, up to where the answer itself begins. Runs are possessive: nothing is tried twice.
_ANCHOR = (
    r"(?i:\b(?:answer(?: choice| option)?|(?:correct|right|best) (?:answer )?(?:option|choice|letter))"
    r"(?:[\s*_]*+:|[\s*_]++(?:is|would be|should be|must be)\b)[\s*_:]*+"
    r"|\u7b54\u6848(?:\u5e94\u8be5|\u5e94)?(?:\u662f|\u4e3a|\u9009)?[\s*_:\uff1a]*+)"  # 答案是, 答案：
)
_FILLER = (
    r"(?i:(?:therefore|thus|probably|likely|clearly|either|both|the|option|choice|letter|answer|for sure)[\s:*_]++)"
)
_OPENERS = r"(?:[\s$*_`\"'\[{]|\\[(\[]|\\(?:text|textbf|mathrm|mathbf)\b)*+"
# What may follow a bare letter: an end, or a word after which it cannot be an article, a pronoun or a unit.
_AFTER = (
    r"(?=\s*+(?:$|[\u3002\uff0c])|[ \t]*+\n|\)(?!-\w)"
    r"|[\]}*`\"$,;!?]|__|\\[)\]]|[.:'](?![A-Za-z])|\s++[-\u2013\u2014(&/]|/"
    r"|\s++(?:and|or|through|because|since|as|is|but|for|with|which|due|based|given|though|although|not)\b)"
)
_SEPARATORS = r"[\s$*_`\"'\]})]*+(?:(?:,|/|&|\+|and\b|or\b|through\b)\s*+)++"
_REFUTED = re.compile(r"[\s)*_]*+(?:is|are)\s++(?:also\s++|partially\s++)?(?:incorrect|wrong|false|not)\b")
_CONDITION = re.compile(r"[\s)*_]*+if\b")  # "(D) if we assume" takes nothing back
_ANCHORED = re.compile(_ANCHOR)
_SENTENCE_END = re.compile(r"[.!](?=\s|[*_`]|$)")


@lru_cache(maxsize=64)
def _patterns(labels: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """For a row's labels: a statement of one of them, a further one straight after it, and a label alone."""
    label = f"[{re.escape(labels)}]"
    closed = rf"\(\s*({label})\s*\)(?!-\w)"
    first = re.compile(rf"{_ANCHOR}(?:{_FILLER}){{0,4}}{_OPENERS}(?:{closed}|\(?({label}){_AFTER})")
    further = re.compile(rf"{_SEPARATORS}[$*_`\"']*+(?:{closed}|({label})(?=\s*+(?:$|[.,;)\]}}*$]|and\b|or\b)))")
    alone = re.compile(rf"[\s(\[*_`\"'$]*+({label})[\s)\].:*_`\"'$]*+")
    return first, further, alone


def _stated(text: str, labels: Sequence[str] | None) -> tuple[str | None, str | None]:
    """What the text's last statement of an answer before a run-on says, or why nothing."""
    if not labels:
        return _stated_text(text)
    first, further, alone = _patterns("".join(labels))
    if only := alone.fullmatch(text, 0, _run_on(text, 0)):
        return only[1], None
    answer: str | None = None
    end = len(text)
    for found in first.finditer(text):
        if found.start() >= end:
            break
        at = _end_of(text, found, further)
        if _REFUTED.match(text, at) or (answer and _CONDITION.match(text, at)):
            continue
        if answer is None:
            end = _run_on(text, at)
        answer = found[1] or found[2]  # of "(A) or (B)" the first, as the benchmarks' own chains read it
    return answer, None if answer else "no_answer"


def _end_of(text: str, statement: re.Match[str], further: re.Pattern[str]) -> int:
    """Where a statement ends that may name several labels."""
    at = statement.end()
    while more := further.match(text, at):
        at = more.end()
    return at


def _stated_text(text: str) -> tuple[str | None, str | None]:
    """The same where there are no labels: the rest of the last statement's sentence."""
    found = _ANCHORED.search(text)
    if not found:
        return None, "no_answer"
    end = _run_on(text, found.end())
    *_, last = _ANCHORED.finditer(text, found.start(), end)
    sentence = _SENTENCE_END.split(text[last.end() : end].split("\n", 1)[0], maxsplit=1)[0].strip("*_` \t\r")
    return (sentence, None) if sentence else (None, "no_answer")
