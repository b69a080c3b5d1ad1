"""The report as tables and as Markdown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossthink_data.report.figures import figures
from crossthink_data.report.paired import paired
from crossthink_data.report.paper import ORDER, paper_rows
from crossthink_data.report.report import Report
from crossthink_data.report.results import TaskRun
from crossthink_data.report.tables import (
    MAX_VALUES,
    breakdown_tables,
    difference_table,
    legend,
    main_table,
    markdown,
    task_table,
)
from crossthink_data.report.tokens import Counted
from tests.report.written import MCQ_TASK, TASK, question, said, task_run

CORPUS = "crossthink_corpus"


def asked(right: int, count: int = 4, **about: str) -> TaskRun:
    return task_run(*(said(question(n, **about), n < right) for n in range(count)))


def report(*, paper: str = "none", warnings: tuple[str, ...] = (), **models: TaskRun) -> Report:
    """Models with one task each, and their differences from the first."""
    return report_of(models, paper, warnings)


def report_of(models: dict[str, TaskRun], paper: str = "none", warnings: tuple[str, ...] = ()) -> Report:
    first, *others = models.items()
    pairs = {label: [found] for label, run in others if (found := paired(first[1], run))}
    known = {label: {run.task: figures(run)} for label, run in models.items()}
    return Report(known, pairs, warnings, paper_rows(paper), False)


# ---- the seven and the paper


def test_a_benchmark_that_was_not_run_is_empty() -> None:
    table = main_table(report(m=asked(1)))
    assert table.columns == [
        *("model", "MMLU", "MMLU-Pro", "GPQA-D", "AGIEval", "SuperGPQA", "MATH-500", "AMC23", "mean")
    ]
    assert table.rows == [["m", "", "", "", "", "", "25.00", "", ""]]


def test_all_seven_have_a_mean() -> None:
    known = {f"crossthink_{name}": figures(asked(n % 3)) for n, name in enumerate(ORDER)}
    table = main_table(Report({"m": known}, {}, [], [], False))
    assert table.rows == [["m", "0.00", "25.00", "50.00", "0.00", "25.00", "50.00", "0.00", "21.43"]]


SEVEN = {f"crossthink_{name}": figures(asked(1)) for name in ORDER}


def with_seven(**others: str) -> Report:
    """Two models with all seven; the second has, for some of them, the task with this end of its name."""
    named = {task: task + others.get(task.removeprefix("crossthink_"), "") for task in SEVEN}
    return Report({"m": SEVEN, "o": {named[task]: one for task, one in SEVEN.items()}}, {}, [], [], False)


def test_a_task_that_stands_in_for_a_benchmark_is_marked() -> None:
    made = with_seven(math500="_avg8", supergpqa="_2k")
    whole, other = (row[1:] for row in main_table(made).rows)
    assert whole == ["25.00"] * 8
    assert other == ["25.00", "25.00", "25.00", "25.00", "25.00 2k", "25.00 avg@8", "25.00", "25.00*"]
    assert "* a mean of which such a figure is part" in legend(made)
    assert legend(made) in markdown(made)
    assert legend(with_seven()) == ""


def test_a_mean_that_is_not_there_has_no_mark() -> None:
    known = {"crossthink_amc23_avg8": figures(asked(1)), "crossthink_math500_quick": figures(asked(2))}
    assert main_table(Report({"m": known}, {}, [], [], False)).rows == [["m", *[""] * 6, "25.00 avg@8", ""]]


def test_the_papers_rows_stand_below_and_what_is_unsure_is_marked() -> None:
    rows = {str(row[0]): row[1:] for row in main_table(report(m=asked(1), paper="7b")).rows}
    assert list(rows)[:2] == ["m", "paper: Qwen2.5-7B base"]
    assert rows["paper: gpr_up"] == ["74.94", "57.82", "38.58", "63.71", "29.16", "77.60", "65.00", "58.12"]
    assert rows["paper: nd"] == ["73.18?", "54.81?", "38.07?", "59.99?", "26.54?", "77.00?", "60.00?", "55.66"]
    large = {str(row[0]): row[1:] for row in main_table(report(m=asked(1), paper="32b")).rows}
    assert large["paper: gpr_up"] == ["83.57?", "68.83?", "46.70?", "73.90?", "37.99?", "82.40?", "67.50?", "65.84?"]


# ---- tasks


def test_a_task_and_what_stands_beside_it() -> None:
    run = task_run(*(said(question(n), n < 2, no_answer=float(n == 3), acc_flex=float(n < 3)) for n in range(4)))
    found = figures(run, Counted(right=1234.5, mean=99.4, cap_hit=0.125))
    table = task_table(Report({"m": {TASK: found}}, {}, [], [], False))
    assert table.dicts() == [
        {
            "model": "m",
            "task": "math500",
            "n": "4",
            "k": "1",
            "acc": "50.00",
            "95 %": "15.0 to 85.0",
            "flex": "75.00",
            "no answer": "25.00",
            "format": "100.00",
            "tokens, right": "1,234",
            "tokens, all": "99",
            "cut off": "12.50",
        }
    ]
    assert table.left == 2


def test_columns_that_nothing_fills_are_left_out() -> None:
    table = task_table(report(m=asked(1)))
    assert table.columns == [*("model", "task", "n", "k", "acc", "95 %", "flex", "no answer", "format")]


def test_several_completions_have_more_columns() -> None:
    run = task_run(said(question(1), True, True, True, False), said(question(2), False, False, False, False))
    (row,) = task_table(report(m=run)).dicts()
    assert (row["k"], row["pass@k"], row["maj@k"]) == ("4", "@2 50.0 @4 50.0", "50.00")


# ---- differences


def test_differences_in_points() -> None:
    table = difference_table(report(m=asked(1), other=asked(3)))
    assert table.title == "less m, points"
    assert table.dicts() == [
        {
            "model": "other",
            "task": "math500",
            "n": "4",
            "difference": "+50.00",
            "95 %": "-6.6 to +100.0",  # gains 0, 1, 1, 0: standard error sqrt(1/12)
            "won / lost": "2 / 0",
            "p": "0.5",
        }
    ]
    assert difference_table(report(m=asked(3), other=asked(1))).dicts()[0]["won / lost"] == "0 / 2"
    assert difference_table(report(m=asked(3))).rows == []


# ---- the rows of a corpus


def of_blend(blend: str, right: int) -> TaskRun:
    return replace(asked(right, part="x"), task=CORPUS, settings={"corpus": "a/s", "blend": blend, "split": "test"})


def test_a_corpus_is_named_with_its_blend() -> None:
    made = report(m=of_blend("gpr_up", 1), other=of_blend("gpr_up", 2))
    assert [row["task"] for row in task_table(made).dicts()] == ["corpus gpr_up/test"] * 2
    assert [row["task"] for row in difference_table(made).dicts()] == ["corpus gpr_up/test"]
    assert [table.title for table in breakdown_tables(made)] == ["corpus gpr_up/test by part, %"]


def test_a_corpus_of_one_blend_is_named_itself() -> None:
    assert task_table(report(m=of_blend("", 1))).dicts()[0]["task"] == "corpus s/test"


def test_two_blends_are_named_apart() -> None:
    made = report(m=of_blend("gpr_up", 1), other=of_blend("nd", 2))
    assert [row["task"] for row in task_table(made).dicts()] == ["corpus gpr_up/test", "corpus nd/test"]
    (table,) = breakdown_tables(made)
    assert table.title == "corpus gpr_up/test and nd/test by part, %"


# ---- shares by subject and the like


def test_values_by_models_with_both_means() -> None:
    one = task_run(*(said(question(n, part="b" if n else "a"), n > 0) for n in range(4)))
    other = task_run(*(said(question(n, part="c" if n else "b"), n == 0) for n in range(2)))
    (table,) = breakdown_tables(report(m=one, other=other))
    assert table.title == "math500 by part, %"
    assert table.columns == ["part", "n", "m", "other"]
    assert table.rows == [
        ["a", "1", "0.00 (0.0 to 79.3)", ""],  # Wilson, 0 of 1: up to 79.345
        ["b", "3", "100.00 (43.9 to 100.0)", "100.00 (20.7 to 100.0)"],  # Wilson, 3 of 3: from 43.85
        ["c", "1", "", "0.00 (0.0 to 79.3)"],
        ["macro mean of 3", "", "50.00", "50.00"],
        ["micro mean", "", "75.00", "50.00"],
    ]


@pytest.mark.parametrize(("values", "rows"), [(MAX_VALUES, MAX_VALUES + 2), (MAX_VALUES + 1, 2)])
def test_too_many_values_are_not_listed(values: int, rows: int) -> None:
    run = task_run(*(said(question(n, part=f"{n:03}"), n == 0) for n in range(values)))
    (table,) = breakdown_tables(report(m=run))
    assert len(table.rows) == rows
    assert table.rows[-2][0] == f"macro mean of {values}"


def test_a_table_for_each_task_and_breakdown() -> None:
    both = replace(asked(1, subject="x", level="1"), task=MCQ_TASK)
    found = breakdown_tables(report(m=asked(1, subject="x"), other=both, third=asked(1)))
    assert [(table.title, table.columns) for table in found] == [
        ("math500 by subject, %", ["subject", "n", "m"]),
        ("gpqa_diamond by subject, %", ["subject", "n", "other"]),
        ("gpqa_diamond by level, %", ["level", "n", "other"]),
    ]


# ---- Markdown


def test_markdown() -> None:
    text = markdown(report(m=asked(1), warnings=("m: beware",)))
    assert text.startswith("# Evaluation\n\n## accuracy, %\n\n| model | MMLU |")
    assert "\n| --- | ---: | ---: |" in text
    assert "\n| m |  |  |  |  |  | 25.00 |  |  |\n" in text
    assert "## tasks, %\n\n| model | task | n |" in text
    assert "\n| --- | --- | ---: |" in text
    assert text.endswith("\n\n## What should not be believed\n\n- m: beware\n")
    assert "less m" not in text


def test_without_a_warning_that_is_said() -> None:
    assert markdown(report(m=asked(1))).endswith("## What should not be believed\n\nNone was found.\n")


def test_what_the_paper_did_is_said_beside_it() -> None:
    with_paper, without = (markdown(report(m=asked(1), paper=size)) for size in ("7b", "none"))
    said_so = "The paper's figures are greedy, the mean of three runs; ? marks one that no source confirms."
    assert "65.00 | 58.12 |\n" in with_paper
    assert said_so in with_paper
    assert with_paper.index("paper: only_gpr") < with_paper.index(said_so) < with_paper.index("## tasks")
    assert "paper" not in without


def test_bars_and_lines_stay_in_their_cell() -> None:
    models = {"a|b": asked(1, part="x|y\nz"), "c": asked(2, part="x|y\nz")}
    text = markdown(report_of(models))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "| a\\|b |  |  |  |  |  | 25.00 |  |  |" in rows
    assert "| part | n | a\\|b | c |" in rows
    (value,) = [row for row in rows if row.startswith("| x")]
    assert value.startswith("| x\\|y z | 4 | 25.00 (")
