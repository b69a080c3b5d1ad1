"""The whole report: means, grading again, differences, the paper's rows, and what the command writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.report.paper import ORDER, PAPER
from crossthink_data.report.report import make_report, report_json
from tests.command import Crossthink
from tests.report.word_tokenizer import save_tokenizer
from tests.report.written import (
    MCQ_TASK,
    TASK,
    Said,
    choice,
    edit_samples,
    question,
    said,
    write_results,
)

SEVEN = [f"crossthink_{name}" for name in ORDER]
OTHER = "pretrained=acme/other"


def some(right: int, asked: int = 4) -> list[Said]:
    """Questions of which so many are right."""
    return [
        said(question(number, part="even" if number % 2 == 0 else "odd"), number < right) for number in range(asked)
    ]


def grade_again(folder: Path) -> dict[str, float]:
    """Accuracy by task of the only model, with every completion graded again."""
    (known,) = make_report([folder], regrade=True).models.values()
    return {task: one.accuracy.value for task, one in known.items()}


# ---- the mean of the seven


def test_the_mean_is_plain_over_the_seven(tmp_path: Path) -> None:
    """(1 + 1/4 + 1/4 + 1/4 + 0 + 0 + 1/2) / 7: a benchmark of two questions weighs as much as one of four."""
    rights = {"mmlu": 4, "mmlu_pro": 1, "gpqa_diamond": 1, "agieval": 1, "supergpqa": 0, "math500": 0}
    tasks = {f"crossthink_{name}": some(right) for name, right in rights.items()}
    write_results(tmp_path, {**tasks, "crossthink_amc23": some(1, 2)})
    report = make_report([tmp_path])
    assert report.mean("m") == pytest.approx(2.25 / 7)
    assert list(report.seven("m")) == list(ORDER)
    assert report_json(report)["models"]["m"]["mean_of_seven"] == pytest.approx(2.25 / 7)


@pytest.mark.parametrize("missing", SEVEN)
def test_without_one_of_them_there_is_no_mean(tmp_path: Path, missing: str) -> None:
    tasks = {task: some(1) for task in SEVEN if task != missing}
    write_results(tmp_path, {**tasks, f"{missing}_quick": some(1), f"{missing}_other": some(1)})
    report = make_report([tmp_path])
    assert report.mean("m") is None
    assert len(report.seven("m")) == 6
    assert report_json(report)["models"]["m"]["mean_of_seven"] is None


STAND_INS = [("math500", "_avg8"), ("amc23", "_avg8"), ("gpqa_diamond", "_avg8"), ("supergpqa", "_2k")]


@pytest.mark.parametrize(("name", "end"), STAND_INS)
def test_a_task_that_stands_in_for_one_of_them(tmp_path: Path, name: str, end: str) -> None:
    """(6/4 + 1) / 7; where the benchmark itself is there too, it counts."""
    task = f"crossthink_{name}"
    others = {one: some(1) for one in SEVEN if one != task}
    write_results(tmp_path / "a", {**others, task + end: some(4)})
    write_results(tmp_path / "b", {**others, task + end: some(4), task: some(1)}, OTHER)
    report = make_report([tmp_path / "a", tmp_path / "b"])
    assert (report.mean("m"), report.mean("other")) == pytest.approx((2.5 / 7, 0.25))
    assert list(report.seven("m")) == list(ORDER)
    assert (report.stand_ins("m"), report.stand_ins("other")) == ({name: end}, {})
    assert report_json(report)["models"]["m"]["stand_ins"] == {name: task + end}


@pytest.mark.parametrize(("name", "end"), [("mmlu", "_avg8"), ("math500", "_2k"), ("supergpqa", "_quick")])
def test_no_other_task_stands_in(tmp_path: Path, name: str, end: str) -> None:
    write_results(tmp_path, {f"crossthink_{name}{end}": some(1)})
    assert make_report([tmp_path]).seven("m") == {}


# ---- grading again


def test_a_logged_score_that_is_wrong_is_mended(tmp_path: Path) -> None:
    right = said(question(7), True, acc=0.0, acc_flex=0.0, format=0.0, chars=1.0)
    wrong = said(question(8), False, acc=1.0)
    stated = said(question(9), False, texts=["The answer is 9."], no_answer=0.0, acc_flex=0.0)
    write_results(tmp_path, {TASK: [right, wrong, stated, stated]})
    logged, graded = (make_report([tmp_path], regrade=again).models["m"][TASK] for again in (False, True))
    assert (logged.accuracy.value, graded.accuracy.value) == (0.25, 0.25)
    assert (logged.flexible, graded.flexible) == (0.0, 0.75)
    assert (logged.no_answer, graded.no_answer) == (0.0, 0.5)
    assert (logged.format, graded.format) == (0.75, 0.5)
    assert graded.chars == pytest.approx((31 + 31 + 16 + 16) / 4)


def test_every_task_is_graded_again(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: [said(question(1), True, acc=0.0)], MCQ_TASK: [said(choice(1), False, acc=1.0)]})
    assert grade_again(tmp_path) == {TASK: 1.0, MCQ_TASK: 0.0}


def test_thinking_that_the_prompt_opened_counts_as_opened(tmp_path: Path) -> None:
    answer = said(question(1), True, texts=["so</think> \\boxed{1}"], format=0.0)
    write_results(tmp_path / "opened", {TASK: [answer]}, template="{prompt}<think>\n")
    write_results(tmp_path / "bare", {TASK: [answer]})
    write_results(tmp_path / "server", {TASK: [answer]}, messages=True)
    kept = [make_report([tmp_path / name], regrade=True).models["m"][TASK] for name in ("opened", "bare", "server")]
    assert [one.format for one in kept] == [1.0, 0.0, 1.0]


def test_sampled_scores_are_made_again(tmp_path: Path) -> None:
    answer = said(question(1), True, True, False, False, acc=0.0, pass_at_k=0.0, maj_at_k=0.0)
    write_results(tmp_path, {TASK: [answer]})
    found = make_report([tmp_path], regrade=True).models["m"][TASK]
    assert (found.accuracy.value, found.majority) == (0.5, 1.0)
    assert found.pass_at == {2: pytest.approx(5 / 6), 4: 1.0}


def test_an_old_graders_scores_are_of_this_version_then(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: [said({**question(1), "grader_version": 1}, True)]}, "model=m")
    write_results(tmp_path / "b", {TASK: [said(question(1), True)]}, "model=other")
    logged, again = (make_report([tmp_path / "a", tmp_path / "b"], regrade=one) for one in (False, True))
    about = [one for one in logged.warnings if "grader version" in one]
    assert [one.split(",")[0] for one in about] == ["m", f"{TASK}: grader versions differ: m 1"]
    assert not any("version" in one for one in again.warnings)
    assert (again.regraded, logged.regraded) == (True, False)


def predicted(folder: Path) -> Path:
    """What lm-eval writes with --predict_only: `bypass`, which is null, in the place of every metric."""
    path = write_results(folder, {TASK: [said(question(1), True), said(question(2), False)]})
    edit_samples(path, {"metrics": ["bypass"], **dict.fromkeys(("acc", "acc_flex", "no_answer", "format", "chars"))})
    return folder


def test_what_was_only_predicted_can_be_graded(tmp_path: Path) -> None:
    assert grade_again(predicted(tmp_path)) == {TASK: 0.5}


def test_what_was_only_predicted_has_no_scores(crossthink: Crossthink, tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match="--regrade") as raised:
        make_report([predicted(tmp_path)])
    assert crossthink("report", tmp_path).refusal() == str(raised.value)


# ---- beside each other


def test_differences_are_from_the_first_model(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: some(2), MCQ_TASK: some(1)})
    write_results(tmp_path / "b", {TASK: some(3)}, OTHER)
    write_results(tmp_path / "c", {MCQ_TASK: some(4), TASK: some(2)}, "pretrained=acme/third")
    report = make_report([tmp_path / name for name in "abc"])
    assert {label: [(one.task, one.difference) for one in some] for label, some in report.differences.items()} == {
        "other": [(TASK, 0.25)],
        "third": [(TASK, 0.0), (MCQ_TASK, 0.75)],
    }
    assert list(report.models) == ["m", "other", "third"]


def test_one_model_differs_from_none(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: some(2)})
    assert make_report([tmp_path]).differences == {}


def test_questions_that_are_not_the_same_are_warned_of(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: some(2)}, "model=m")
    write_results(tmp_path / "b", {TASK: [*some(2)[:3], said(question(99), True)]}, "model=other")
    report = make_report([tmp_path / "a", tmp_path / "b"])
    said_so = f"other, {TASK}: 1 questions are not those of the first model and left out of the difference"
    assert said_so in report.warnings
    assert report.differences["other"][0].questions == 3
    same = make_report([tmp_path / "a", tmp_path / "a"])
    assert not any("left out" in one for one in same.warnings)


def test_warnings_of_models_and_between_them(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: some(2)}, "model=m", original=500)
    write_results(tmp_path / "b", {TASK: some(2)}, "model=other", version=2.0)
    assert make_report([tmp_path / "a", tmp_path / "b"]).warnings == [
        "m: tokens are not counted, as the results name no tokenizer: --tokenizer NAME",
        f"m, {TASK}: only 4 of its questions were asked (--limit or --samples)",
        "other: tokens are not counted, as the results name no tokenizer: --tokenizer NAME",
        f"{TASK}: task versions differ: m 1.0, other 2.0",
    ]


# ---- the paper


@pytest.mark.parametrize(("size", "names"), [("7b", 10), ("32b", 3), ("none", 0)])
def test_the_papers_models(tmp_path: Path, size: str, names: int) -> None:
    write_results(tmp_path, {TASK: some(2)})
    assert len(make_report([tmp_path], paper=size).paper) == names


def test_another_size(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: some(2)})
    message = crossthink("report", tmp_path, "--paper", "70b").refusal()
    assert message == "unknown size of the paper's models '70b': did you mean '7b'?"
    with pytest.raises(CrossthinkError, match="there are: 32b, 7b, none"):
        make_report([tmp_path], paper="big")


@pytest.mark.parametrize("size", ["7b", "32b"])
def test_the_papers_means_are_those_of_its_cells(size: str) -> None:
    for row in PAPER[size]:
        assert len(row.cells) == len(ORDER)
        assert sum(row.cells) / len(ORDER) == pytest.approx(row.mean, abs=0.005 if row.cells_sure else 0.02)


def test_what_of_the_paper_is_confirmed() -> None:
    sure = {row.name for row in PAPER["7b"] if row.cells_sure}
    assert sure == {"Qwen2.5-7B base", "Open-Reasoner-Zero-7B", "gpr_up", "only_mr", "only_gpr"}
    assert all(row.mean_sure for row in PAPER["7b"])
    assert not any(row.cells_sure or row.mean_sure for row in PAPER["32b"])


# ---- as one object


def test_the_object_can_be_written_and_holds_shares(tmp_path: Path) -> None:
    sampled = [said(question(n, part="x"), n == 0, True) for n in range(4)]
    write_results(tmp_path / "a", {TASK: some(1), MCQ_TASK: sampled})
    write_results(tmp_path / "b", {TASK: some(3)}, OTHER)
    found = json.loads(json.dumps(report_json(make_report([tmp_path / "a", tmp_path / "b"])), allow_nan=False))
    assert found.keys() == {"models", "differences", "warnings", "paper", "regraded"}
    assert found["models"].keys() == {"m", "other"}
    task = found["models"]["m"]["tasks"][TASK]
    assert task["accuracy"] == {
        "value": 0.25,
        "low": pytest.approx(0.0456, abs=5e-5),  # Wilson, 1 of 4
        "high": pytest.approx(0.6994, abs=5e-5),
        "questions": 4,
    }
    assert {by: sorted(parts) for by, parts in task["breakdowns"].items()} == {"part": ["even", "odd"]}
    assert task["macro"] == {"part": 0.25}
    assert (task["k"], task["pass_at"], task["majority"], task["tokens"]) == (1, {}, None, None)
    tried = found["models"]["m"]["tasks"][MCQ_TASK]
    assert (tried["k"], tried["accuracy"]["value"], tried["pass_at"]) == (2, 0.625, {"2": 1.0})
    (difference,) = found["differences"]["other"]
    assert (difference["task"], difference["difference"], difference["only_second"]) == (TASK, 0.5, 2)
    assert found["paper"][0] == {
        "name": "Qwen2.5-7B base",
        "accuracy": dict(zip(ORDER, (74.20, 45.00, 31.82, 48.59, 25.36, 48.30, 40.00), strict=True)),
        "mean_of_seven": 44.75,
        "accuracy_confirmed": True,
        "mean_confirmed": True,
    }


# ---- the command


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two models and a tokenizer."""
    folder = save_tokenizer(tmp_path / "words")
    for name, right in (("one", 2), ("two", 3)):
        args = {"pretrained": f"acme/{name}", "tokenizer": str(folder)}
        write_results(tmp_path / "out", {TASK: some(right), MCQ_TASK: some(1)}, args)
    return tmp_path / "out"


def test_one_object(crossthink: Crossthink, results: Path) -> None:
    ran = crossthink("report", results, "--json")
    found = ran.json()
    assert ran.err == ""
    assert found["models"]["one"]["tasks"][TASK]["tokens"] == 3.0
    assert found["differences"]["two"][0]["difference"] == 0.25
    assert (found["warnings"], found["regraded"], len(found["paper"])) == ([], False, 10)


def test_options(crossthink: Crossthink, results: Path, tmp_path: Path) -> None:
    path = write_results(tmp_path / "more", {TASK: [said(question(1), True, acc=0.0)]})
    tokenizer = tmp_path / "words"
    command: list[object] = ["report", path, "--tokenizer", tokenizer, "--regrade", "--paper", "none", "--json"]
    found = crossthink(*command).json()
    task = found["models"]["m"]["tasks"][TASK]
    assert (task["accuracy"]["value"], task["tokens"]) == (1.0, 3.0)
    assert (found["regraded"], found["paper"]) == (True, [])


def test_tables(crossthink: Crossthink, results: Path) -> None:
    ran = crossthink("report", results)
    assert (ran.code, ran.err) == (0, "")
    for part in ("accuracy, %", "paper: gpr_up", "tasks, %", "less one, points", "+25.00", "math500 by part, %"):
        assert part in ran.out, part


def test_warnings_stand_on_stderr(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: some(1)}, "model=m", original=500)
    ran = crossthink("report", tmp_path, "--paper", "none")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "warning: m: tokens are not counted, as the results name no tokenizer: --tokenizer NAME",
        f"warning: m, {TASK}: only 4 of its questions were asked (--limit or --samples)",
    ]
    assert "paper" not in ran.out


def test_files(crossthink: Crossthink, results: Path, tmp_path: Path) -> None:
    md, html, charts = tmp_path / "r.md", tmp_path / "r.html", tmp_path / "new" / "charts"
    ran = crossthink("report", results, "--md", md, "--html", html, "--charts", charts, "--json")
    assert set(ran.json()["models"]) == {"one", "two"}
    assert md.read_text(encoding="utf-8").startswith("# Evaluation\n")
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in charts.iterdir()) == ["accuracy.png", "tokens.png"]


def test_files_into_new_folders(crossthink: Crossthink, results: Path, tmp_path: Path) -> None:
    """As `grade --out` and `--charts` make theirs."""
    md, html = tmp_path / "new" / "r.md", tmp_path / "other" / "r.html"
    assert crossthink("report", results, "--md", md, "--html", html).code == 0
    assert md.is_file()
    assert html.is_file()


def test_a_models_brackets_are_no_markup(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: some(1)}, {"pretrained": "step[bold]"})
    write_results(tmp_path / "b", {TASK: some(1)}, {"pretrained": "acme/x[/b]"})
    out = crossthink("report", tmp_path / "a", tmp_path / "b").out
    title = out.index("math500 by part")
    assert "step[bold]" in out[:title]
    assert "step[bold]" in out[title:]


@pytest.mark.parametrize("option", ["--md", "--html", "--charts"])
def test_a_file_in_the_way(crossthink: Crossthink, results: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("mine")
    target = tmp_path / "file" if option == "--charts" else tmp_path / "file" / "r"
    assert crossthink("report", results, option, target).refusal().endswith("a file is in the way: name another folder")
    assert (tmp_path / "file").read_text() == "mine"


def test_no_arguments(crossthink: Crossthink) -> None:
    ran = crossthink("report")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_folder_is_no_file_to_write(crossthink: Crossthink, results: Path, tmp_path: Path) -> None:
    assert crossthink("report", results, "--html", tmp_path).refusal() == f"{tmp_path} is a folder: name a file in it"


def test_the_paper_s_marks_are_explained(crossthink: Crossthink, results: Path) -> None:
    assert "no source confirms" in crossthink("report", results).out
    assert "no source confirms" not in crossthink("report", results, "--paper", "none").out


def test_models_that_were_asked_other_questions_are_said_to_be(tmp_path: Path) -> None:
    for name, first in (("a", 0), ("b", 100)):
        answers = [said(question(number), True) for number in range(first, first + 4)]
        write_results(tmp_path / name, {TASK: answers}, f"pretrained={name}")
    report = make_report([tmp_path / "a", tmp_path / "b"])
    assert report.differences == {"b": []}
    said_so = f"b, {TASK}: none of its questions is one of the first model's, so there is no difference to show"
    assert said_so in report.warnings
