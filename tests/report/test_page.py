"""The page and the charts: one file that needs nothing, runs nothing, and shows no question."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from crossthink_data.report.charts import charts, token_chart
from crossthink_data.report.figures import figures
from crossthink_data.report.page import page
from crossthink_data.report.paired import paired
from crossthink_data.report.paper import paper_rows
from crossthink_data.report.report import Report, make_report
from crossthink_data.report.results import TaskRun
from crossthink_data.report.tokens import Counted
from tests.command import Crossthink
from tests.report.word_tokenizer import save_tokenizer
from tests.report.written import MCQ_TASK, TASK, Doc, choice, question, said, task_run, write_results

PNG = b"\x89PNG\r\n\x1a\n"
DATA = "data:image/png;base64,"
MARKER = "zyzzyvon"


class Elements(HTMLParser):
    """A page's tags and attributes, and its text outside of its style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def pngs(self) -> list[bytes]:
        return [b64decode(value.removeprefix(DATA)) for name, value in self.attributes if name == "src"]


def asked(right: int, about: Mapping[str, str] | None = None) -> TaskRun:
    """Four questions, of which so many are right."""
    return task_run(*(said(question(n, **(about or {})), n < right) for n in range(4)))


def report(
    models: Mapping[str, TaskRun], warnings: tuple[str, ...] = (), paper: str = "7b", counted: Counted | None = None
) -> Report:
    first, *others = models.items()
    pairs = {label: [found] for label, run in others if (found := paired(first[1], run))}
    known = {label: {run.task: figures(run, counted)} for label, run in models.items()}
    return Report(known, pairs, warnings, paper_rows(paper), False)


COUNTED = Counted(right=300.0, mean=400.0, cap_hit=0.01)
TWO = {"one": asked(1, {"subject": "Algebra"}), "two": asked(3, {"subject": "Algebra"})}


def size(png: bytes) -> tuple[int, int]:
    """The width and height of a picture whose every byte can be read."""
    assert png.startswith(PNG)
    image = Image.open(BytesIO(png))
    image.load()
    return image.size


# ---- one file


def test_the_page_needs_nothing_beside_it() -> None:
    text = page(report(TWO, ("one: beware",), counted=COUNTED))
    found = Elements(text)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(found.tags)
    assert found.tags.count("img") == 2
    links = [value for name, value in found.attributes if name in ("src", "href", "srcset", "action", "data")]
    assert len(links) == 2
    assert all(value.startswith(DATA) for value in links)
    assert re.findall(r"https?:|url\(|@import", text) == []


def test_what_the_page_shows() -> None:
    found = Elements(page(report(TWO, counted=COUNTED)))
    for part in (
        "accuracy, %",
        "paper: gpr_up",
        "73.18?",
        "? marks one that no source confirms",
        "tasks, %",
        "less one, points",
        "+50.00",
        "math500 by subject, %",
        "macro mean of 1",
    ):
        assert part in found.text, part
    assert found.tags.count("details") == 1
    assert found.tags.count("table") == 4


def test_without_the_paper_its_legend_is_gone() -> None:
    assert "paper" not in Elements(page(report(TWO, paper="none"))).text


def test_a_single_model_has_no_table_of_differences() -> None:
    found = Elements(page(report({"one": asked(1)}, paper="none")))
    assert "less one" not in found.text
    assert found.tags.count("table") == 2


def test_warnings_come_first() -> None:
    text = Elements(page(report(TWO, ("one: beware of <this>", "two: and that")))).text
    assert text.index("What should not be believed") < text.index("one: beware of <this>") < text.index("accuracy, %")
    assert "two: and that" in text
    assert "What should not be believed" not in page(report(TWO))


# ---- pictures


def test_pictures_of_the_page_are_pngs() -> None:
    made = report(TWO, counted=COUNTED)
    pngs = Elements(page(made)).pngs()
    assert len(pngs) == 2
    for png in pngs:
        width, height = size(png)
        assert (width > 500, height > 300) == (True, True)
    assert list(charts(made)) == ["accuracy.png", "tokens.png"]
    assert [size(png) for png in charts(made).values()] == [size(png) for png in pngs]


def test_without_tokens_there_is_one_chart() -> None:
    made = report(TWO)
    assert token_chart(made) is None
    assert list(charts(made)) == ["accuracy.png"]
    assert len(Elements(page(made)).pngs()) == 1
    only_wrong = report(TWO, counted=Counted(right=None, mean=9.0, cap_hit=None))
    assert list(charts(only_wrong)) == ["accuracy.png"]


def test_a_chart_shows_what_was_measured() -> None:
    """Another accuracy, model or row of the paper gives another picture; the same ones give the same."""
    made = [
        report({"one": asked(1)}),
        report({"one": asked(2)}),
        report({"one": asked(1)}, paper="32b"),
        report({"other": asked(1)}),
        report(TWO),
    ]
    drawn = [charts(one)["accuracy.png"] for one in made]
    assert len(set(drawn)) == len(made)
    assert charts(made[0])["accuracy.png"] == drawn[0]


@pytest.mark.parametrize("right", [0, 4])
def test_nothing_and_everything_right_can_be_drawn(right: int) -> None:
    assert size(charts(report({"one": asked(right)}, counted=COUNTED))["accuracy.png"]) > (500, 300)


def colours(png: bytes) -> set[tuple[int, ...]]:
    """Those that fill more than a few pixels."""
    image = Image.open(BytesIO(png)).convert("RGB")
    found = image.getcolors(image.width * image.height) or []
    return {colour for count, colour in found if count > 100 and isinstance(colour, tuple)}


def test_the_papers_marks_are_grey_and_lie_on_no_bar() -> None:
    """Nor do they take a colour of models from the bars."""
    with_paper, without = (colours(charts(report(TWO, paper=size))["accuracy.png"]) for size in ("7b", "none"))
    added = with_paper - without
    assert (140, 140, 140) in added
    assert all(max(colour) - min(colour) < 8 for colour in added)
    assert {(31, 119, 180), (255, 127, 14)} <= without


def chart_texts(monkeypatch: pytest.MonkeyPatch, made: Report) -> list[list[str]]:
    """The legends of a report's charts."""
    figures_drawn: list[Figure] = []

    def keep(figure: Figure) -> bytes:
        figures_drawn.append(figure)
        return b""

    monkeypatch.setattr("crossthink_data.report.charts._png", keep)
    charts(made)
    assert not any(axes.get_legend() for figure in figures_drawn for axes in figure.axes)  # it would cover marks
    return [[text.get_text() for text in figure.legends[0].get_texts()] for figure in figures_drawn]


def test_legends_mark_what_is_not_confirmed_and_name_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies, tokens = chart_texts(monkeypatch, report(TWO, counted=COUNTED))
    assert accuracies == ["paper: Qwen2.5-7B base", "paper: gpr_up", "one", "two"]
    assert tokens == ["one", "two", "MATH-500"]
    large, _ = chart_texts(monkeypatch, report(TWO, counted=COUNTED, paper="32b"))
    assert large[:2] == ["paper: Qwen2.5-32B base?", "paper: gpr_up?"]


def test_the_page_says_what_stands_in() -> None:
    known = {"crossthink_amc23_avg8": figures(asked(1))}
    text = Elements(page(Report({"m": known}, {}, [], [], False))).text
    assert "25.00 avg@8" in text
    assert "avg@8 marks the mean of eight sampled completions" in text


def test_tasks_that_only_one_model_has_can_be_drawn() -> None:
    known = {
        "one": {TASK: figures(asked(1)), "crossthink_corpus": figures(asked(2))},
        "two": {MCQ_TASK: figures(asked(3))},
    }
    assert size(charts(Report(known, {}, [], [], False))["accuracy.png"]) > (500, 300)


# ---- names that are not to be trusted

HOSTILE = [
    "<script>alert(1)",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name: str) -> None:
    """As a model's, an option's, a warning's: shown to the letter, and nothing of it runs."""
    models = {name: asked(1, {name: name}), "two": asked(2, {name: name})}
    plain = Elements(page(report({"one": asked(1, {"x": "x"}), "two": asked(2, {"x": "x"})}, ("w",))))
    text = page(report(models, (name,)))
    found = Elements(text)
    assert found.tags == plain.tags
    assert [attribute for attribute, _ in found.attributes] == [attribute for attribute, _ in plain.attributes]
    assert found.text.count(" ".join(name.split())) >= 5


def test_a_hostile_folder_and_subject(crossthink: Crossthink, tmp_path: Path) -> None:
    answers = [said(question(1, subject="<script>alert(2)</script>"), True)]
    write_results(tmp_path / "out", {TASK: answers}, {"pretrained": "<script>alert(1)"})
    assert crossthink("report", tmp_path / "out", "--html", tmp_path / "r.html").code == 0
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in text


@pytest.mark.parametrize("name", ["m$_$", "$\\frac$", "a$b"])
def test_names_are_no_formulas(name: str) -> None:
    """Matplotlib sets what stands between dollars as a formula, and stops at one that it cannot read."""
    assert size(charts(report({name: asked(1)}, counted=COUNTED))["accuracy.png"]) > (500, 300)


# ---- texts of the benchmarks, of which GPQA's may be shown nowhere


def secret(doc: Doc) -> Doc:
    """The document with a marker in each of its texts."""
    options = [f"{MARKER} {option}" for option in doc["options"]]
    texts = {"id": MARKER, "prompt": MARKER + doc["prompt"], "options": options, "answer_aliases": [MARKER]}
    return {**doc, **texts, "answer": options[1] if options else f"{MARKER} {doc['answer']}"}


@pytest.mark.parametrize("again", [(), ("--regrade",)])
def test_no_text_of_a_sample_is_shown(crossthink: Crossthink, tmp_path: Path, again: tuple[str, ...]) -> None:
    out, words = tmp_path / "out", save_tokenizer(tmp_path / "words")
    for name, right in (("one", True), ("two", False)):
        answers = [
            said(
                secret(choice(1, domain="Physics")),
                right,
                right,
                texts=[f"{MARKER} \\boxed{{B}}", f"\\boxed{{{MARKER}}}"],
            ),
            said(secret(question(2, domain="Biology")), not right, True, texts=[MARKER, f"{MARKER} \\boxed{{2}}"]),
        ]
        write_results(out, {MCQ_TASK: answers}, {"pretrained": f"acme/{name}", "tokenizer": str(words)})
    (samples, *_) = out.rglob("samples_*.jsonl")
    assert samples.read_text(encoding="utf-8").count(MARKER) > 10

    md, html = tmp_path / "r.md", tmp_path / "r.html"
    told = crossthink("report", out, "--md", md, "--html", html, *again)
    as_json = crossthink("report", out, "--json", *again)
    shown = [md.read_text(encoding="utf-8"), html.read_text(encoding="utf-8"), told.out, as_json.out]
    for text in shown:
        assert "Physics" in text
        assert MARKER not in text
    assert MARKER not in told.err + as_json.err
    assert json.loads(as_json.out)["differences"]["two"][0]["questions"] == 2


def test_a_report_keeps_no_text(tmp_path: Path) -> None:
    write_results(tmp_path, {MCQ_TASK: [said(secret(choice(1)), True, texts=[f"{MARKER} \\boxed{{B}}"])]})
    assert MARKER not in repr(make_report([tmp_path]))
