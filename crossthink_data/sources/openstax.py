"""OpenStax textbooks: the exercises of their chapters, multiple-choice and open, read from the books' CNXML.

Eight books at the last commit whose LICENSE file is CC BY 4.0 (later ones are CC BY-NC-SA 4.0): never take
a branch. A row's licence is what the book says of itself in its collection file, which can be stricter than
the repository's LICENSE: Business Law I Essentials is CC BY-NC-SA 4.0. Where a book says nothing, or two
things, it is unknown. To be attributed to OpenStax, Rice University.

An `exercise` is a `problem` and mostly a `solution`. It is multiple-choice where the problem has an
enumerated list of 2 to 6 items that the solution picks from by letter, or, without a solution, is lettered.
Several letters ("A and B") become the label, for the filters to name. A statement that the solution calls
true or false is asked as "True or false: ...". A bare number, with a unit or not, is an answer of type
`number`.

Rows left out, with their reason: `no_solution` (half of the exercises of some books), `needs_figure` (a
picture, a table, or another place of the book), `needs_link` (a video or a page outside it),
`answer_in_figure`, `several_parts` ((a), (b), ... have an answer each, or a semicolon joins short answers, which one
gold cannot hold) and `answer_varies`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from crossthink_data.errors import CrossthinkError
from crossthink_data.kinds import LABELS, Domain
from crossthink_data.schema import MAPPED
from crossthink_data.sources.archives import read_members
from crossthink_data.sources.base import UNKNOWN_LICENSE, Source
from crossthink_data.sources.cnxml import CNX, local, parse, plain

# The commits are those in the archives' own headers.
_BOOKS: dict[str, tuple[str, Domain]] = {
    "american-government": ("5c90dd7907dbf25f42266417e63ca3bb0012f031", "social_science"),
    "anatomy-physiology": ("b0058a743bdd2cc08196abaaa7d5469970c0d80c", "medicine"),
    "business-law": ("9d510e2126b7327a48d1e286f658dd0e83d47373", "law"),
    "chemistry-bundle": ("32c719622fbb7a0ca729cd645c1df4cf4e7d5b3a", "stem"),
    "introduction-sociology": ("d35d5f3bdac40f93607d600134865d4f13ce1f9b", "social_science"),
    "microbiology": ("ecf34dad129d686703780e87ab5aa2e59c577a6a", "stem"),
    "psychology": ("e061043bf2f9e86ace51c4e8dc9555160f60a99d", "social_science"),
    "us-history": ("046331cfcea0ac1b1a8fd461b3e6aae638845af3", "history"),
}
_COLUMNS = (
    "question", "options", "answer", "answer_label", "answer_type",
    "domain", "rationale", "source_id", "license", "reason",
)  # fmt: skip
# A Git host's archive has one folder above these.
MODULE = re.compile(r"(?:[^/]+/)?modules/([^/]+)/index\.cnxml")
COLLECTION = re.compile(r"(?:[^/]+/)?collections/[^/]+\.collection\.xml")
LICENSE_URL = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)")
ARCHIVE = re.compile(r"(?:osbooks-)?(.+?)(?:-[0-9a-f]{7,40})?\.tar\.gz")
_PICTURES = {"media", "figure", "table"}

_KEY = re.compile(
    r"(?:(?:the )?(?:correct )?answer(?: is|:) )?\(?([A-Fa-f])(?:\)?[.:]?|\)?(?:[.:)]| [–—-]) (.+))",
    re.DOTALL | re.IGNORECASE,
)
_KEYS = re.compile(r"[A-Fa-f](?:(?:, | ?& ?|,? and |,? or )[A-Fa-f])+\.?")
_ELSEWHERE = re.compile(r"(?i)\b(?:previous|preceding|last) (?:exercise|problem|question)")
_PARTS = re.compile(r"\(a\).*\(b\)", re.DOTALL)
_JOINED = re.compile(r"[^;]{1,60}(?:;[^;]{1,60})+")  # longer ones are clauses of a sentence
_VARIES = re.compile(r"(?i)(?:(?:student|potential) )?(?:answers|responses) (?:will|may|can) vary")
_UNIT = (
    r"(?:[mkµcn]?(?:g|L|m|s|M|J|V|K|Pa|mol|eV|cal)|%|°C|°F|Å|atm|torr|bar|amu|min|h|hours?|days?|years?)"
    r"(?:\^\{[−-]?\d\}|\d)?"
)
_NUMBER = re.compile(rf"[−–-]?\d[\d,]*(?:\.\d+)?(?: ?× ?10\^\{{[−-]?\d+\}})?(?: ?{_UNIT}(?:[ /·⋅]{_UNIT})*)?")


def read_archive(path: Path) -> Iterator[pl.DataFrame]:
    """One frame: a row per exercise of the book, in the archive's order, with columns of `schema.MAPPED`.

    Raises CrossthinkError for a damaged archive and for a module that does not parse.
    """
    name = ARCHIVE.fullmatch(path.name)
    book = name[1] if name else path.stem
    licenses: set[str] = set()
    rows: list[dict[str, Any]] = []
    for member, data in read_members(path, lambda name: bool(MODULE.fullmatch(name) or COLLECTION.fullmatch(name))):
        module = MODULE.fullmatch(member)
        if module is None:
            licenses |= set(map("-".join, LICENSE_URL.findall(data.decode("utf-8", "replace"))))
            continue
        rows += _module_rows(module_root(path, member, data), f"{book}/{module[1]}")
    license_ = f"cc-{licenses.pop()}" if len(licenses) == 1 else UNKNOWN_LICENSE
    given = {"domain": _BOOKS[book][1] if book in _BOOKS else None, "license": license_}
    yield pl.DataFrame([row | given for row in rows], schema={column: MAPPED[column] for column in _COLUMNS})


def module_root(path: Path, member: str, data: bytes) -> Element:
    """The root of a module's CNXML. Raises CrossthinkError where it cannot be read."""
    try:
        return parse(data)
    except ValueError as error:
        raise CrossthinkError(
            f"{path}: {member} is not CNXML that can be read ({error}); delete the archive and fetch it again"
        ) from error


def _module_rows(root: Element, where: str) -> list[dict[str, Any]]:
    return [
        _row(exercise) | {"source_id": f"{where}/{exercise.get('id', f'#{i}')}"}
        for i, exercise in enumerate(root.iter(f"{CNX}exercise"))
    ]


def _row(exercise: Element) -> dict[str, Any]:
    problem = exercise.find(f"{CNX}problem")
    if problem is None:  # an exercise kept elsewhere, and only named here
        return {"question": ""}
    solution = exercise.find(f"{CNX}solution")
    answer = plain(solution) if solution is not None else ""
    choices = _choices(problem, answer)
    row = _open(problem, answer) if choices is None else _mcq(problem, choices, answer)
    several = bool(_PARTS.match(answer) or (choices is None and _JOINED.fullmatch(answer)))
    return row | {"reason": _reason(problem, solution, answer, several)}


def _choices(problem: Element, answer: str) -> Element | None:
    """The list that holds the options, if there is one."""
    lists = list(problem.iter(f"{CNX}list"))
    if not lists or lists[-1].get("list-type") != "enumerated" or not 2 <= len(lists[-1]) <= 6:
        return None
    lettered = lists[-1].get("number-style", "").endswith("alpha")
    picked = _KEY.fullmatch(answer) or _KEYS.fullmatch(answer) if answer else lettered
    return lists[-1] if picked else None


def _mcq(problem: Element, choices: Element, answer: str) -> dict[str, Any]:
    options = [plain(item) for item in choices]
    row = {"question": plain(problem, without=choices), "options": options, "answer_type": "choice"}
    if _KEYS.fullmatch(answer):
        return row | {"answer_label": ", ".join(re.findall("[A-F]", answer.upper().replace("AND", "")))}
    key = _KEY.fullmatch(answer)
    if key is None or (at := LABELS.index(key[1].upper())) >= len(options):
        return row
    return row | {"answer": options[at], "answer_label": LABELS[at], "rationale": key[2]}


def _open(problem: Element, answer: str) -> dict[str, Any]:
    question = plain(problem)
    if answer.rstrip(".").lower() in ("true", "false") and "true or false" not in question.lower():
        question = f"True or false: {question}"
    kind = "number" if _NUMBER.fullmatch(answer) else "text"
    return {"question": question, "options": [], "answer": answer or None, "answer_type": kind}


def _reason(problem: Element, solution: Element | None, answer: str, several: bool) -> str | None:
    if solution is None:
        return "no_solution"
    inside = {local(element) for element in problem.iter()}
    links = list(problem.iter(f"{CNX}link"))
    if inside & _PICTURES or any(not link.get("url") for link in links) or _ELSEWHERE.search(plain(problem)):
        return "needs_figure"
    if links:
        return "needs_link"
    if _PICTURES & {local(element) for element in solution.iter()}:
        return "answer_in_figure"
    if several:
        return "several_parts"
    return "answer_varies" if _VARIES.match(answer) else None


def _as_read(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


SOURCE = Source(
    name="openstax",
    category="gpr",
    question_type="mcq",
    domain="general",
    license="cc-by-4.0",  # of all books but one; each row carries its own
    attribution="OpenStax, Rice University: textbooks, CC BY 4.0 but where a row says otherwise",
    to_rows=_as_read,
    url="https://openstax.org",
    files=("*.tar.gz",),
    archives={
        f"{book}-{commit[:12]}.tar.gz": f"https://codeload.github.com/openstax/osbooks-{book}/tar.gz/{commit}"
        for book, (commit, _) in _BOOKS.items()
    },
    read_archive=read_archive,
)
