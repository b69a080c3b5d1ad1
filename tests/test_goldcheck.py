"""Golds that the grader refuses and wrong options that it accepts, row by row and through a whole build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data import exchange, goldcheck
from crossthink_data.goldcheck import ACCEPTED, REFUSED, Goldcheck, answer_type, refusal
from crossthink_data.kinds import LABELS, AnswerType
from crossthink_data.pipeline import Run, build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from crossthink_data.sources import SOURCES
from crossthink_data.verify.compare import compare_bounded
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold
from crossthink_data.verify.verdict import Verdict
from tests.small import write_lines
from tests.support import map_mirror, needs_hub, rows_frame


def choice(label: str, *options: str) -> Gold:
    return Gold(options[LABELS.index(label)], "choice", options, label)


def text(answer: str, *aliases: str) -> Gold:
    return Gold(answer, "text", aliases=aliases)


# What is refused


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        (choice("B", "3", "4"), None),
        (choice("B", "-10", "10"), None),  # the sign alone differs
        (choice("A", "-10", "10"), None),
        (choice("A", "Paris", r"\text{Paris}"), None),  # the wrapper alone differs
        (choice("B", "Paris", r"\text{Paris}"), None),
        (choice("A", "5 cm", "5 m"), None),
        (choice("A", r"\frac{1}{2}", "0.5"), None),  # of two equal values one is meant: texts are compared, not values
        (choice("B", "A only", "B only", "A and B"), None),
        (choice("C", "A only", "B only", "A and B"), None),
        (choice("A", r"$\{1\}$", r"$\{2\}$"), None),
        (choice("A", "A", "B", "C"), None),  # letters as their own labels
        (choice("Z", *(f"word {i}" for i in range(26))), None),
        (choice("A", "same", "same"), ACCEPTED),
        (choice("B", "other", "same", "same"), ACCEPTED),
        (choice("A", "blue", r"\text{other}", "blue"), ACCEPTED),
        (choice("D", "Bo", "Bn", "Br", "B"), REFUSED),  # is "B" the symbol, or the second option?
        (choice("C", "Chief", "M", "Control", "C"), ACCEPTED),  # "C" is read as the third, so the fourth's text is
        (choice("A", "C", "Ca", "Co", "Cu"), REFUSED),
        (choice("A", "a{b", "x"), REFUSED),  # no box can hold it
        (choice("B", "a{b", "x"), None),
        (choice("A", " ", "x"), REFUSED),
        (Gold("3", "choice", ("3", "4"), None), REFUSED),
        (text("Paris"), None),
        (text("Paris."), None),
        (text("U.S."), None),
        (text("Who?"), None),
        (text("C"), None),
        (text("C++"), None),
        (text("Paris", "Lutetia"), None),
        (text("Paris", "", " "), None),  # a blank alias harms nobody
        (text("Paris", "a{b"), REFUSED),
        (text(""), REFUSED),
        (text(" "), REFUSED),
        (text(")"), REFUSED),
        (text("a{b"), REFUSED),
        (text("b}"), REFUSED),
        (text("the tag <think> itself"), REFUSED),  # reads as thinking that never ends
        (Gold("4", "number"), None),
        (Gold("4.", "number"), None),
        (Gold("2015,", "number"), None),
        (Gold("-1,234.5", "number"), None),
        (Gold("5 cm", "number"), None),
        (Gold(r"7\text{ hours}.", "number"), None),
        (Gold(r"90^\circ", "number"), None),
        (Gold(r"\$5", "number"), None),
        (Gold("$5$", "number"), None),
        (Gold(r"\(5\)", "number"), None),
        (Gold("4", "number", aliases=("four",)), None),
        (Gold("", "number"), REFUSED),
        (Gold(r"\frac{1}{2", "number"), REFUSED),
        (Gold("C", "math"), None),
        (Gold(r"\sqrt{2}", "math"), None),
        (Gold("x < 3", "math"), None),
        (Gold(r"\begin{pmatrix}1\\2\end{pmatrix}", "math"), None),
        (Gold(r"\[x+1\]", "math"), None),
        (Gold("{", "math"), REFUSED),
        (Gold("x\\", "math"), REFUSED),
    ],
    ids=repr,
)
def test_refusal(gold: Gold, reason: str | None) -> None:
    assert refusal(gold) == reason


@pytest.mark.parametrize(
    "answer",
    ["1" * 1_000_000, "x" * 1_000_000, "\x00", "\ud800", "{" * 10_000, "{" * 10_000 + "}" * 10_000, "<" * 100_000],
    ids=["digits", "letters", "nul", "surrogate", "open", "nested", "angles"],
)
@pytest.mark.parametrize("kind", ["text", "number", "math"])
def test_any_gold_has_an_outcome(answer: str, kind: AnswerType) -> None:
    assert refusal(Gold(answer, kind)) in (None, REFUSED)
    assert refusal(Gold(answer, "choice", (answer, "x"), "A")) in (None, REFUSED)


# What reaches the grader


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The answers that were graded."""
    found: list[str] = []

    def recorded(gold: Gold, answer: str) -> Verdict | None:
        found.append(answer)
        return compare_bounded(gold, answer)

    monkeypatch.setattr(goldcheck, "compare_bounded", recorded)
    refusal.cache_clear()
    yield found
    refusal.cache_clear()


@pytest.mark.parametrize(
    ("gold", "forms"),
    [
        (choice("B", "red", "blue"), ["blue", "B", "(B)", "B. blue", r"\text{B}", "A", "red"]),
        (choice("A", " red", "x", "y"), ["red", "A", "(A)", "A.  red", r"\text{A}", "B", "x", "C", "y"]),
        (text("Paris", "Lutetia", " "), ["Paris", "Lutetia", "Paris.", r"\text{Paris}"]),
        (Gold("x+1", "math", aliases=("1+x",)), ["x+1", "1+x", "$x+1$"]),
        (Gold("5", "number", aliases=("five",)), ["5", "five", "$5$", r"5\text{ units}"]),
        (Gold("5. ", "number"), ["5.", "$5. $", r"5\text{ units}"]),
        (Gold("5,", "number"), ["5,", "$5,$", r"5\text{ units}"]),
        (Gold(r"\frac{1}{2}", "number"), [r"\frac{1}{2}", r"$\frac{1}{2}$", r"\frac{1}{2}\text{ units}"]),
        (Gold(r"\$5", "number"), [r"\$5", r"$\$5$"]),
        (Gold("5 times", "number"), ["5 times", "$5 times$"]),  # which have their unit
        (Gold(r"5 \text{ square units}.", "number"), [r"5 \text{ square units}.", r"$5 \text{ square units}.$"]),
        (Gold("$5$", "number"), ["$5$"]),
        (Gold("$x$", "math"), ["$x$"]),
        (Gold(r"\(5\)", "number"), [r"\(5\)"]),
        (Gold(r"\[x\]", "math"), [r"\[x\]"]),
    ],
    ids=repr,
)
def test_what_is_graded(asked: list[str], gold: Gold, forms: list[str]) -> None:
    assert refusal(gold) is None
    assert asked == forms


@pytest.mark.parametrize("at", range(5))
def test_each_form_must_be_accepted(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    gold = choice("B", "red", "blue", "green")
    refused = ["blue", "B", "(B)", "B. blue", r"\text{B}"][at]
    assert _with_verdicts(monkeypatch, gold, {refused: "wrong"}) == REFUSED


@pytest.mark.parametrize("wrong", ["A", "red", "C", "green"])
def test_each_wrong_option_must_be_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    assert _with_verdicts(monkeypatch, choice("B", "red", "blue", "green"), {wrong: "correct"}) == ACCEPTED


@pytest.mark.parametrize("outcome", ["ungradable", None])
def test_a_gold_without_a_verdict_is_refused(monkeypatch: pytest.MonkeyPatch, outcome: str | None) -> None:
    """None: only a computer algebra system could tell."""
    assert _with_verdicts(monkeypatch, Gold("5", "number"), {"$5$": outcome}) == REFUSED


@pytest.mark.parametrize("outcome", ["ungradable", None])
def test_a_wrong_option_without_a_verdict_is_not_accepted(monkeypatch: pytest.MonkeyPatch, outcome: str | None) -> None:
    assert _with_verdicts(monkeypatch, choice("B", "red", "blue"), {"red": outcome}) is None


def _with_verdicts(monkeypatch: pytest.MonkeyPatch, gold: Gold, changed: dict[str, Any]) -> str | None:
    """The refusal where these answers get another outcome than the grader's."""

    def compare(gold: Gold, answer: str) -> Verdict | None:
        if answer not in changed:
            return compare_bounded(gold, answer)
        return Verdict(changed[answer], "set", "test") if changed[answer] else None

    monkeypatch.setattr(goldcheck, "compare_bounded", compare)
    return refusal.__wrapped__(gold)


@pytest.mark.parametrize(
    "form",
    [
        *("", " ", "\n", "5", " 5 ", "a b", "a\nb", "a\x00b", "\u00a0x\u00a0", "$5$", "(B)", "B. text", "**x**"),
        *("a > b", "think>", "Question: x", "x\nQuestion: y", "x\nUser: z", "\n\n**Problem**: y", "| x |", "_", "^"),
        *("a < b", "<think>x</think>", "</think>5", "<think>", "5</s>", "<|im_end|>", "<end_of_turn>"),
        *("{", "}", "{}", "a{b", "a}b", "{a}{b}", "}{", r"\{", r"\}", "\\", "a\\", "\\\\", r"\text{B}", r"\boxed{4}"),
        *(r"\boxed 5", r"\fbox{x}", r"4}\boxed{5", r"\\boxed{4}", r"\frac12", r"\text{a{b}c}"),
        *("x" * 1_000, "x" * 1_001, "x" * 4_000_000, " " * 1_001, "{" * 2_000),
    ],
    ids=lambda form: repr(form[:20]) + (f" x {len(form)}" if len(form) > 20 else ""),
)
def test_a_form_is_read_as_the_extractor_reads_it(form: str) -> None:
    assert goldcheck._read(form) == extract(f"\\boxed{{{form}}}").answer


# The type of an open row


@pytest.mark.parametrize(
    "answer",
    [
        *("1776", "-5", "\u22123", "+3", ".5", "1,234.5", " 5 ", "5.", "2015,", "$5", r"\$5", "-$5", "5%", r"5\%"),
        *("5 cm", "5 km.", "1,440 minutes", "2000 meters", "80 lbs", "25 Hz", "5 meters per second"),
        *("291 episodes", "111 straight wins", "36 small open boats", "3000 residents"),
        *("2.4 × 10^{-4} mol", "10^24", r"5 \text{ apples}", r"\frac{1}{2}"),
    ],
)
def test_a_text_that_is_an_amount_is_a_number(answer: str) -> None:
    assert answer_type(answer, "text", has_options=False) == "number"


@pytest.mark.parametrize(
    "answer",
    [
        *("21 February", "15 March every year", "8 Mile", "17 Again", "12 Noon", "100 Greatest Britons"),  # names
        *("2012 Summer Olympics", "2017 season", "2012 elections", "1812 fires"),  # a year begins them
        *("3.2 million", "$1.06 trillion", "5.7 million customer accounts"),
        *("2 thousand dollars", "5 hundred dollars", "3 dozen eggs"),
        *("20 north", "4 percent cumulative effect", "30 years old", "7 years each"),
        *("2 × 2 × 277", "340/439", "1/3/1947", "1979/80", "2:30", "10-20", "79,540 (2015)"),  # not their values
        *("C", "xy", "Paris", "1, 2", "9/11", "36 small wooden open boats", "5 red-hot irons", "100\\% sure"),
    ],
)
def test_a_text_that_says_more_than_a_value_stays_one(answer: str) -> None:
    assert answer_type(answer, "text", has_options=False) == "text"


@pytest.mark.parametrize(
    ("answer", "declared", "has_options", "expected"),
    [
        ("4", "choice", True, "choice"),
        ("Paris", "text", True, "choice"),
        ("C", "math", False, "math"),
        ("C", "number", False, "math"),
        ("21 apples", "math", False, "number"),
        (r"\text{Friday}", "math", False, "text"),
        ("x = 5", "text", False, "math"),
        ("x^2 - 1", "text", False, "math"),
        (r"\sqrt{2}", "text", False, "math"),
        (r"\text{Friday}", "text", False, "text"),
        ("", "math", False, "text"),
    ],
)
def test_answer_type(answer: str, declared: AnswerType, has_options: bool, expected: AnswerType) -> None:
    assert answer_type(answer, declared, has_options) == expected


@pytest.mark.parametrize(
    "answer",
    ["1" + "," * 300_000 + "x2", "1" + " " * 300_000 + "2", "1 " + "a" * 300_000, "1 " + "a " * 300_000, "-" * 300_000],
    ids=["commas", "spaces", "letters", "words", "signs"],
)
def test_a_long_text_is_typed_in_time(answer: str) -> None:
    """A pattern that tried these texts in every way would not come back."""
    assert not goldcheck._is_amount(answer)


# The step


ROWS: list[dict[str, Any]] = [
    {"answer": "291 episodes"},
    {"options": ["red", "blue"], "answer": "blue", "answer_label": "B"},
    {"options": ["same", "same"]},
    {"options": ["C", "Ca", "Co"]},
    {"answer": ")"},
    {"answer": "C", "answer_type": "math"},
    {"answer": "2 × 3"},
    {"answer": "5", "answer_aliases": ["five", "a{b"]},
]
TYPES = ["number", "choice", "choice", "choice", "text", "math", "text", "number"]
REASONS = [None, None, ACCEPTED, REFUSED, REFUSED, None, None, REFUSED]


def checkable(*rows: dict[str, Any]) -> pl.DataFrame:
    return rows_frame(*rows).with_columns(kept=pl.col("order"))


def test_the_step_sets_types_and_reasons_and_nothing_else() -> None:
    frame = checkable(*ROWS)
    done = Goldcheck().apply(frame)
    assert done["answer_type"].to_list() == TYPES
    assert done["reason"].to_list() == REASONS
    assert done.schema == frame.schema
    assert done.drop("answer_type", "reason").equals(frame.drop("answer_type", "reason"))


def test_a_row_that_has_its_reason_is_left_as_it_is() -> None:
    """Also one that could not be graded at all."""
    rows = [{**row, "reason": "exact_duplicate"} for row in [*ROWS, {"answer": None, "answer_aliases": None}]]
    frame = checkable(*rows)
    assert Goldcheck().apply(frame).equals(frame)


@pytest.mark.parametrize("rows", [[], ROWS[:1], [{**ROWS[0], "reason": "x"}]], ids=["none", "all kept", "none kept"])
def test_the_columns_keep_their_types(rows: list[dict[str, Any]]) -> None:
    frame = checkable(*rows) if rows else checkable(*ROWS).head(0)
    done = Goldcheck().apply(frame)
    assert done.schema == frame.schema
    assert len(done) == len(frame)


def test_the_step_counts_its_reasons() -> None:
    step = Goldcheck()
    list(step.run([checkable(*ROWS)]))
    counted = {name: stat.total for name, stat in step.stats.stats.items() if "/" in name}
    assert counted == {f"s/{ACCEPTED}": 1, f"s/{REFUSED}": 3}


@needs_hub
@pytest.mark.parametrize("name", ["mmlu", "syn_qa", "nq_open", "math"])
def test_few_real_golds_are_refused(name: str) -> None:
    rows = pl.concat([checkable(*ROWS).head(0), map_mirror(SOURCES[name])], how="diagonal")
    whole = (pl.col("answer") != "") & (pl.col("options").list.n_unique() == pl.col("options").list.len())
    rows = rows.with_columns(pl.col("options", "answer_aliases").fill_null([])).filter(whole)
    refused = Goldcheck().apply(rows).drop_nulls("reason")
    assert len(refused) <= len(rows) / 1000
    assert set(refused["reason"]) <= {REFUSED, ACCEPTED}


# A whole build

GOOD, BAD = 60, 4  # rows of each source that stay, and that go
RECIPE: dict[str, Any] = {
    "name": "golds",
    "seed": 5,
    "sources": {
        "signs": {
            "columns": {"question": "ask", "options": "choices", "answer_index": "right"},
            "files": ["signs.jsonl"],
            "license": "mit",
            "count": 1,
        },
        "words": {
            "columns": {"question": "ask", "answer": "says"},
            "files": ["words.jsonl"],
            "license": "mit",
            "count": 1,
            "size": 50,
        },
    },
    "splits": {"test": 0.1},
    "size": 100,
    "blends": {"nd": {"weights": "count"}},
}
WORDS = {"number": "{} episodes", "text": "{} × 2", "math": "x = {}"}
KINDS = {"episodes": "number", "×": "text", "=": "math"}


def write_golds(folder: Path) -> Path:
    signs = [{"ask": f"Which sign has {i}?", "choices": [f"{i}", f"-{i}", "none"], "right": i % 2} for i in range(GOOD)]
    letters = [{"ask": f"Which symbol is {i}?", "choices": ["Bo", "Bn", "B"], "right": 2} for i in range(BAD)]
    kinds = list(WORDS.values())
    words = [{"ask": f"What of {i}?", "says": kinds[i % 3].format(i)} for i in range(GOOD)]
    broken = [{"ask": f"What of half {i}?", "says": f"\\frac{{{i}"} for i in range(BAD - 1)]
    empty = {"ask": "Why?", "says": ")"}
    write_lines(folder / "signs.jsonl", [*signs, *letters])
    write_lines(folder / "words.jsonl", [*words, *broken, empty])
    path = folder / "golds.yaml"
    path.write_text(yaml.safe_dump(RECIPE, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_golds(tmp_path_factory.mktemp("golds"))


@pytest.fixture(scope="module")
def run(recipe: Path) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "ROWS_PER_BUCKET", 30)
        yield build(make_plan(load_recipe(str(recipe))), recipe.parent / "one", workers=1, tasks=1)


def pool(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")


def test_removed_rows_are_counted_and_every_row_has_its_place(run: Run) -> None:
    signs, words = (run.manifest["sources"][name] for name in ("signs", "words"))
    for one in (signs, words):
        assert one["removed"] == {REFUSED: BAD}
        assert one["read"] + one["derived"] == one["pool"] + BAD + one["not_sampled"] == GOOD + BAD
    assert (signs["not_sampled"], words["not_sampled"]) == (0, 10)  # sampled after this step
    removed = pl.read_parquet(run.folder / "data" / "removed" / "*.parquet")
    assert Counter(removed["reason"]) == {REFUSED: 2 * BAD}


def test_every_row_of_the_pool_passes(run: Run) -> None:
    golds = [Gold.from_row(row) for row in pool(run).iter_rows(named=True)]
    assert len(golds) == GOOD + 50
    assert all(refusal(gold) is None for gold in golds)


def test_every_row_of_the_pool_has_its_type(run: Run) -> None:
    """Also in the blends, which are made of the pool."""
    blend = pl.read_parquet(run.folder / "data" / "nd" / "*.parquet")
    for rows in (pool(run), blend):
        assert set(rows["answer_type"]) == {"choice", *WORDS}
        for answer, kind in rows.select("answer", "answer_type").iter_rows():
            expected = [kind for mark, kind in KINDS.items() if mark in answer]
            assert [kind] == (expected or ["choice"])


def test_two_workers_give_the_same_bytes(run: Run, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ROWS_PER_BUCKET", 30)
    again = build(make_plan(load_recipe(str(recipe))), recipe.parent / "two", workers=2, tasks=3)
    assert not again.cached
    assert again.manifest["files"] == run.manifest["files"]
