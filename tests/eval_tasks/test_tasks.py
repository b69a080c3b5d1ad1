"""What the task files say, and what a model that answers by a script scores on rows of our own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pytest
from lm_eval.tasks._yaml_loader import load_yaml

from crossthink_data.benchmarks import ALL_SETS, BENCHMARKS, sets_of
from tests.eval_tasks.own_hub import seed_benchmarks
from tests.eval_tasks.own_rows import AGIEVAL, ROWS, SEVEN, Row
from tests.eval_tasks.scripted import (
    TASKS,
    Doc,
    Script,
    Scripted,
    gold,
    manager,
    metrics,
    on_rows,
    right,
    right_at_length,
    run,
    silent,
    wrong,
)
from tests.hub_fixture import Hub

FILES = sorted(TASKS.rglob("*.yaml"))
CONFIGS: dict[str, dict[str, Any]] = {path.stem: load_yaml(path) for path in FILES}
LEAVES = {config["task"]: config for config in CONFIGS.values() if "group" not in config}
GROUPS = {config["group"]: config for config in CONFIGS.values() if "group" in config}
SAMPLED = {"crossthink_math500_avg8", "crossthink_amc23_avg8", "crossthink_gpqa_diamond_avg8"}
OF_SETS = {name: config for name, config in LEAVES.items() if "dataset_kwargs" in config}


def rows_of(task: str) -> list[Row]:
    sets = LEAVES[task]["dataset_kwargs"]["sets"]
    return AGIEVAL if len(sets) > 1 else ROWS[sets[0]]


def scored(task: str, script: Script, rows: Sequence[Row] | None = None, **options: Any) -> dict[str, float]:
    return metrics(run(Scripted(script), on_rows(task, rows or rows_of(task)), **options), task)


def asked(task: str, rows: list[Row] | None = None) -> list[Doc]:
    """The documents of a task, in its order."""
    model = Scripted(silent)
    run(model, on_rows(task, rows or rows_of(task)))
    return [request.doc for request in model.requests]


# what the files say


def test_every_file_is_found_under_its_name() -> None:
    index = manager()
    assert set(index.all_tasks) == {*LEAVES, *GROUPS}  # a file that does not load is skipped without a word
    assert len(FILES) == len(LEAVES) + len(GROUPS) == 37
    assert {
        config["task"]
        for path, config in zip(FILES, CONFIGS.values(), strict=True)
        if "task" in config and "group" not in config
    } == {f"crossthink_{path.stem}" for path in FILES if path.parent.name != "groups"}


@pytest.mark.parametrize("task", LEAVES)
def test_a_leaf_says_when_to_stop_and_its_version(task: str) -> None:
    config = LEAVES[task]
    assert config["generation_kwargs"]["until"] == []
    assert config["generation_kwargs"]["max_gen_toks"] == 4096
    assert config["metadata"]["version"] >= 1
    assert config["num_fewshot"] == 0
    assert config.get("repeats", 1) == (8 if task in SAMPLED else 1)
    assert config["generation_kwargs"]["do_sample"] is (task in SAMPLED)


@pytest.mark.parametrize("task", OF_SETS)
def test_a_leaf_names_what_the_table_of_benchmarks_does(task: str) -> None:
    config = OF_SETS[task]
    sets = config["dataset_kwargs"]["sets"]
    if "agieval" in task and len(sets) > 1:
        assert (
            sets
            == [f"agieval_{name}" for name in SEVEN]
            == [name for name in sets_of(("agieval",)) if name != "agieval_math"]
        )
        return
    one = ALL_SETS[sets[0]]
    assert (config["dataset_path"], config["dataset_name"]) == (one.repo, one.config)
    assert config["metadata"]["dataset_revision"] == (one.revision or "main")


def test_every_benchmark_is_a_leaf() -> None:
    scored_sets = {name for config in OF_SETS.values() for name in config["dataset_kwargs"]["sets"]}
    assert scored_sets == set(ALL_SETS)


def test_the_groups() -> None:
    seven = [f"crossthink_{name}" for name in BENCHMARKS]
    open_ = [name for name in seven if name != "crossthink_gpqa_diamond"]
    math = ["crossthink_math500", "crossthink_amc23"]
    assert {name: config["task"] for name, config in GROUPS.items()} == {
        "crossthink": seven,
        "crossthink_open": open_,
        "crossthink_math": math,
        "crossthink_gpr": [name for name in seven if name not in math],
        "crossthink_quick": [f"{name}_quick" for name in open_],
    }


# what is scored


@pytest.mark.parametrize("task", OF_SETS)
@pytest.mark.parametrize("script", [right, right_at_length], ids=["short", "long"])
def test_the_gold_scores_one(task: str, script: Script) -> None:
    got = scored(task, script)
    assert (got["acc"], got["acc_flex"], got["no_answer"], got["format"]) == (1.0, 1.0, 0.0, 1.0)


@pytest.mark.parametrize("task", OF_SETS)
def test_another_answer_scores_nothing(task: str) -> None:
    got = scored(task, wrong)
    assert (got["acc"], got["acc_flex"], got["no_answer"], got["format"]) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("task", OF_SETS)
def test_silence_is_no_answer(task: str) -> None:
    got = scored(task, silent)
    assert (got["acc"], got["acc_flex"], got["no_answer"], got["format"], got["chars"]) == (0.0, 0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("task", ["crossthink_math500", "crossthink_amc23", "crossthink_gpqa_diamond"])
def test_with_caches_off(task: str) -> None:
    datasets.disable_caching()
    try:
        assert scored(task, right)["acc"] == 1.0
    finally:
        datasets.enable_caching()


def test_a_statement_counts_as_flexible_only() -> None:
    got = scored("crossthink_mmlu", lambda doc, _: f"I think so. The answer is ({gold(doc)}).")
    assert (got["acc"], got["acc_flex"], got["no_answer"]) == (0.0, 1.0, 1.0)


def test_run_on_text_is_cut() -> None:
    got = scored("crossthink_mmlu", lambda doc, _: f"{right(doc)}\n\nQuestion: And now?\n<think>x</think> \\boxed{{Z}}")
    assert got["acc"] == 1.0


def test_any_one_of_several_right_options_is_not_enough() -> None:
    got = scored("crossthink_agieval_jec_qa_ca", lambda doc, _: f"<think>a</think> \\boxed{{{doc['answer_label'][0]}}}")
    assert got["acc"] == pytest.approx(1 / 3)


def test_the_float_golds_of_amc_are_whole_numbers() -> None:
    assert [doc["answer"] for doc in asked("crossthink_amc23")] == ["27", "-1"]


def test_a_prompt_that_opens_thinking() -> None:
    def script(doc: Any, _: int) -> str:
        return f"So it is.</think> \\boxed{{{gold(doc)}}}"

    def judged(template: str, said: Script, chat: bool = True) -> dict[str, float]:
        model = Scripted(said, template)
        return metrics(
            run(model, on_rows("crossthink_mmlu", ROWS["mmlu"]), apply_chat_template=chat), "crossthink_mmlu"
        )

    assert judged("<user>{prompt}<assistant><think>\n", script)["format"] == 1.0
    assert judged("<user>{prompt}<assistant>", script)["format"] == 0.0
    assert judged("", script, chat=False)["format"] == 0.0

    def unclosed(doc: Any, _: int) -> str:
        return f"Let me see, \\boxed{{{gold(doc)}}}, but"

    assert judged("{prompt}<think>", unclosed)["acc"] == 0.0  # still thinking: no answer yet
    assert judged("{prompt}", unclosed)["acc"] == 1.0


def test_predict_only_leaves_the_scoring_to_later() -> None:
    result = run(Scripted(right), on_rows("crossthink_amc23", ROWS["amc23"]), predict_only=True, log_samples=True)
    assert metrics(result, "crossthink_amc23") == {"bypass": 999}
    assert result["samples"]["crossthink_amc23"][0]["resps"] == [[right({"answer": "27", "answer_label": None})]]


# samples


def test_sampled_metrics() -> None:
    def script(doc: Any, turn: int) -> str:
        half = f"{doc['answer']}.0" if turn % 2 else doc["answer"]  # equal, not in letters
        said = {0: half, 1: half, 2: half, 3: "7", 4: "8", 5: "8", 6: None, 7: None}[turn]
        return "no idea" if said is None else f"<think>m</think> \\boxed{{{said}}}"

    got = scored("crossthink_amc23_avg8", script)
    assert got["acc"] == 3 / 8
    assert got["no_answer"] == 2 / 8
    assert (got["pass_at_k"], got["maj_at_k"]) == (1.0, 1.0)


def test_a_majority_may_be_wrong() -> None:
    def script(doc: Any, turn: int) -> str:
        return wrong(doc) if turn < 5 else right_at_length(doc)

    got = scored("crossthink_gpqa_diamond_avg8", script)
    assert (got["acc"], got["pass_at_k"], got["maj_at_k"]) == (3 / 8, 1.0, 0.0)


# groups


def in_mathematics(doc: Any, _: int) -> str:
    return wrong(doc) if doc["options"] else right(doc)


def test_a_group_is_a_mean_over_benchmarks(hub: Hub, tmp_path: Path) -> None:
    seed_benchmarks(hub.store, tmp_path)
    result = run(Scripted(in_mathematics), "crossthink")
    assert metrics(result, "crossthink")["acc"] == pytest.approx(2 / 7)  # not 5 of 59 questions
    assert metrics(result, "crossthink")["format"] == 1.0
    assert set(result["results"]) == {"crossthink", *GROUPS["crossthink"]["task"]}


def test_the_open_group_needs_no_gated_benchmark(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed_benchmarks(hub.store, tmp_path, without=("gpqa_diamond",))
    assert metrics(run(Scripted(in_mathematics), "crossthink_open"), "crossthink_open")["acc"] == pytest.approx(1 / 3)
    with pytest.raises(SystemExit) as stopped:
        run(Scripted(right), "crossthink")
    assert stopped.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("error: no data set Idavidrein/gpqa at http")
    assert "hf auth login" in said
    assert "crossthink_open is the group without it" in said


def test_a_quick_look_is_fifty_of_each(hub: Hub, tmp_path: Path) -> None:
    many = [{**ROWS["mmlu"][0], "question": f"Which of {n}?"} for n in range(120)]
    seen = [doc["prompt"] for doc in asked("crossthink_mmlu_quick", many)]
    again = [doc["prompt"] for doc in asked("crossthink_mmlu_quick", many[::-1])]
    assert len(seen) == 50
    assert seen == again[::-1]
    assert seen != sorted(seen)[:50]


@pytest.mark.parametrize("group", GROUPS)
def test_a_groups_metrics_are_plain_means(group: str) -> None:
    listed = GROUPS[group]["aggregate_metric_list"]
    assert [one["metric"] for one in listed] == ["acc", "acc_flex", "no_answer", "format", "chars"]
    assert all(
        (one["aggregation"], one["weight_by_size"], one["filter_list"]) == ("mean", False, "none") for one in listed
    )


# the order of options


def test_the_order_of_options_depends_on_nothing_but_the_question() -> None:
    def orders(rows: list[Row]) -> dict[str, list[str]]:
        return {doc["id"]: doc["options"] for doc in asked("crossthink_gpqa_diamond", rows)}

    rows = ROWS["gpqa_diamond"]
    first = orders(rows)
    assert orders(rows) == first
    assert orders(rows[::-1]) == first
    assert orders(rows[5:9]).items() <= first.items()


def test_the_right_option_stands_everywhere() -> None:
    labels = Counter(doc["answer_label"] for doc in asked("crossthink_gpqa_diamond"))
    assert set(labels) == set("ABCD")
    assert max(labels.values()) <= 12  # of 24


# what cannot be read


def refused(task: str, rows: Sequence[Row], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which a task ends on these rows."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        scored(task, right, rows)
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said.count("error: ") == 1
    return said


def mmlu_rows(**changes: object) -> list[Row]:
    return [{"question": "Q?", "choices": ["a", "b"], "answer": 0, "subject": "anatomy", **changes}]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"question": "Q?", "answer": 0}], "no column 'choices'"),
        (mmlu_rows(answer=2), "an item (Q?) has the golds [2] of 2 options"),
        (mmlu_rows(answer=-1), "has the golds [-1] of 2 options"),
        (mmlu_rows(answer=None), "has the golds [None] of 2 options"),
        (mmlu_rows(question=" "), "has no question"),
        (mmlu_rows(choices=["a", None]), "has an option without a text"),
    ],
)
def test_rows_that_cannot_be_scored(rows: list[Row], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in refused("crossthink_mmlu", rows, capsys)


def test_a_letter_named_twice_is_no_gold(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**ROWS["agieval_jec_qa_ca"][0], "gold": [0, 0]}]
    assert "has the golds [0, 0] of 4 options" in refused("crossthink_agieval_jec_qa_ca", rows, capsys)


def test_of_a_secret_item_no_text_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**ROWS["gpqa_diamond"][0], "Correct Answer": None, "Question": "zyzzyvon?"}]
    said = refused("crossthink_gpqa_diamond", rows, capsys)
    assert "an item has an option without a text" in said
    assert "zyzzyvon" not in said


def test_agieval_rows_need_their_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "need a column 'set'" in refused("crossthink_agieval", ROWS["agieval_lsat_ar"], capsys)


def test_agieval_is_broken_down_by_set() -> None:
    seen = Counter(doc["breakdowns"][0]["value"] for doc in asked("crossthink_agieval"))
    assert seen == Counter(dict.fromkeys((name.replace("_", "-") for name in SEVEN), 3))
