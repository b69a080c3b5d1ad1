"""What lm-eval left, read back: models, parts of models, names, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.report.report import make_report
from crossthink_data.report.results import ModelRun, read_results
from tests.command import Crossthink
from tests.report.written import (
    LATER,
    MCQ_TASK,
    TASK,
    TIME,
    Args,
    Said,
    choice,
    edit_samples,
    question,
    said,
    write_results,
)

ANSWERS = [said(question(1, subject="Algebra"), True), said(question(2, subject="Number"), False)]
MCQ = [said(choice(1), True)]


def samples_of(result: Path) -> Path:
    (path,) = result.parent.glob("samples_*.jsonl")
    return path


def accuracy(model: ModelRun, task: str = TASK) -> list[float]:
    return [sample.metrics["acc"] for sample in model.tasks[task].samples]


# ---- what is read


def test_every_field(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS}, "pretrained=acme/m,dtype=bfloat16", version=2.0, max_gen_toks=99)
    (model,) = read_results([tmp_path])
    assert (model.label, model.source, model.chat) == ("m", "hf", False)
    assert model.args == {"pretrained": "acme/m", "dtype": "bfloat16"}
    run = model.tasks[TASK]
    assert (run.task, run.version, run.limited, run.time) == (TASK, "2.0", False, "2026-11-01T10-00-00.000001")
    first, second = run.samples
    assert (first.doc_id, first.prompt, first.max_tokens) == (0, "Which is number 1?", 99)
    assert first.completions == ("<think>Way 0.</think> \\boxed{1}",)
    assert first.metrics == {"acc": 1.0, "acc_flex": 1.0, "no_answer": 0.0, "format": 1.0, "chars": 31.0}
    assert (second.doc_id, second.doc) == (1, ANSWERS[1].doc)


def test_a_file_is_read_as_its_folder_is(tmp_path: Path) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS, MCQ_TASK: MCQ})
    assert read_results([path]) == read_results([tmp_path]) == read_results([path.parent])
    assert set(read_results([path])[0].tasks) == {TASK, MCQ_TASK}


def test_a_file_of_an_output_path_with_a_name_of_its_own(tmp_path: Path) -> None:
    """With `--output_path out/mine.json`, lm-eval writes mine_TIME.json, and samples under the time alone."""
    path = write_results(tmp_path, {TASK: ANSWERS})
    own = path.rename(path.with_name(path.name.replace("results_", "mine_")))
    assert accuracy(read_results([own])[0]) == [1.0, 0.0]


def test_several_completions(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: [said(question(1), True, False, True)]})
    (sample,) = read_results([tmp_path])[0].tasks[TASK].samples
    assert [text[-3:] for text in sample.completions] == ["{1}", "{A}", "{1}"]
    assert sample.metrics["acc"] == pytest.approx(2 / 3)
    assert sample.metrics["maj_at_k"] == 1.0


def test_a_single_completion_may_stand_without_a_list(tmp_path: Path) -> None:
    edit_samples(write_results(tmp_path, {TASK: ANSWERS[:1]}), {"resps": ["\\boxed{7}"]})
    (sample,) = read_results([tmp_path])[0].tasks[TASK].samples
    assert sample.completions == ("\\boxed{7}",)


def test_a_limit(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS}, original=500)
    write_results(tmp_path / "all", {TASK: ANSWERS}, original=2)
    limited, whole = (read_results([folder])[0].tasks[TASK] for folder in (tmp_path / "acme__m", tmp_path / "all"))
    assert (limited.limited, whole.limited) == (True, False)


def test_what_is_no_number_is_no_metric(tmp_path: Path) -> None:
    edit_samples(write_results(tmp_path, {TASK: ANSWERS[:1]}), {"metrics": ["acc", "note", "gone"], "note": "?"})
    (sample,) = read_results([tmp_path])[0].tasks[TASK].samples
    assert sample.metrics == {"acc": 1.0}


def test_other_tasks_beside_ours_are_left(tmp_path: Path) -> None:
    path = write_results(tmp_path, {"gsm8k": MCQ, TASK: ANSWERS})
    (path.parent / "samples_gsm8k_2026-11-01T10-00-00.000001.jsonl").unlink()
    (model,) = read_results([tmp_path])
    assert set(model.tasks) == {TASK}


# ---- arguments


@pytest.mark.parametrize(
    ("args", "read", "label"),
    [
        ("pretrained=acme/m,max_length=8192", {"pretrained": "acme/m", "max_length": "8192"}, "m"),
        ("pretrained=acme/m, parallelize=True", {"pretrained": "acme/m", "parallelize": "True"}, "m"),
        ("model=acme/m,base_url=http://h/v1?a=b", {"model": "acme/m", "base_url": "http://h/v1?a=b"}, "m"),
        ({"pretrained": "acme/m", "max_length": 8192}, {"pretrained": "acme/m", "max_length": 8192}, "m"),
        ({"path": "x"}, {"path": "x"}, "x"),
        ("", {}, "zealous-otter"),
        (None, {}, "zealous-otter"),
    ],
)
def test_arguments_of_a_model(tmp_path: Path, args: Args, read: dict[str, Any], label: str) -> None:
    write_results(tmp_path, {TASK: ANSWERS}, args)
    (model,) = read_results([tmp_path])
    assert (model.args, model.label) == (read, label)


def test_a_server_that_was_sent_messages(tmp_path: Path) -> None:
    """Its prompt is a list, as lm-eval's back end holds messages; the template is the server's."""
    write_results(tmp_path, {TASK: ANSWERS}, "model=acme/m", source="local-chat-completions", messages=True)
    (model,) = read_results([tmp_path])
    assert (model.chat, model.source) == (True, "local-chat-completions")
    assert [(one.prompt, one.max_tokens) for one in model.tasks[TASK].samples] == [(None, 4096)] * 2


@pytest.mark.parametrize(
    ("arguments", "prompt", "bound"),
    [
        ([["Why?", {"until": [], "max_gen_toks": 5}]], "Why?", 5),
        ([[['[{"role": "user"}]'], {"max_tokens": 6}]], None, 6),
        ({"gen_args_0": {"arg_0": "Why?", "arg_1": {"max_new_tokens": 7}}}, "Why?", 7),
        ({"gen_args_0": {"arg_0": "Why?", "arg_1": {"until": []}}}, "Why?", None),
    ],
)
def test_arguments_of_a_request(tmp_path: Path, arguments: Any, prompt: str | None, bound: int | None) -> None:
    edit_samples(write_results(tmp_path, {TASK: ANSWERS[:1]}), {"arguments": arguments})
    (sample,) = read_results([tmp_path])[0].tasks[TASK].samples
    assert (sample.prompt, sample.max_tokens) == (prompt, bound)


def test_a_chat_template(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS[:1]}, template="<u>{prompt}<a><think>\n")
    (model,) = read_results([tmp_path])
    assert model.chat
    assert model.tasks[TASK].samples[0].prompt == "<u>Which is number 1?<a><think>\n"


# ---- parts of one model


def test_two_folders_in_their_order(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {TASK: ANSWERS}, "pretrained=acme/one")
    write_results(tmp_path / "b", {TASK: ANSWERS}, "pretrained=acme/two")
    assert [model.label for model in read_results([tmp_path / "b", tmp_path / "a"])] == ["two", "one"]
    assert [model.label for model in read_results([tmp_path / "a", tmp_path / "b"])] == ["one", "two"]


def test_two_models_in_one_folder(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS}, "pretrained=acme/one")
    write_results(tmp_path, {TASK: ANSWERS}, "pretrained=acme/two")
    assert [model.label for model in read_results([tmp_path])] == ["one", "two"]


def test_parts_of_one_model(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS})
    write_results(tmp_path, {MCQ_TASK: MCQ}, time=LATER)
    (model,) = read_results([tmp_path])
    assert (accuracy(model), accuracy(model, MCQ_TASK)) == ([1.0, 0.0], [1.0])


OTHERWISE = [said(question(1), False), said(question(2), False)]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_of_a_task_that_was_run_twice_the_later(tmp_path: Path, first: str, second: str) -> None:
    """By the time of the run, not by where it lies."""
    write_results(tmp_path / first, {TASK: ANSWERS, MCQ_TASK: MCQ})
    write_results(tmp_path / second, {TASK: OTHERWISE}, time=LATER)
    (model,) = read_results([tmp_path])
    assert accuracy(model) == [0.0, 0.0]
    assert set(model.tasks) == {TASK, MCQ_TASK}


@pytest.mark.parametrize("limit_first", [True, False])
def test_a_limited_run_never_takes_a_full_ones_place(tmp_path: Path, limit_first: bool) -> None:
    limited, full = (TIME, LATER) if limit_first else (LATER, TIME)
    write_results(tmp_path, {TASK: OTHERWISE[:1]}, original=2, time=limited)
    write_results(tmp_path, {TASK: ANSWERS}, time=full)
    (model,) = read_results([tmp_path])
    assert (accuracy(model), model.tasks[TASK].limited) == ([1.0, 0.0], False)


def test_of_two_limited_runs_the_fuller(tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS}, original=500)
    write_results(tmp_path, {TASK: OTHERWISE[:1]}, original=500, time=LATER)
    assert accuracy(read_results([tmp_path])[0]) == [1.0, 0.0]


CORPUS = "crossthink_corpus"
HERE = {"corpus": "acme/small", "blend": "gpr_up"}
ASKED_TWICE: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("blend", CORPUS, {"metadata": HERE}, {"metadata": {**HERE, "blend": "nd"}}, "blend gpr_up and nd"),
    ("corpus", CORPUS, {"metadata": HERE}, {"metadata": {**HERE, "corpus": "o"}}, "corpus acme/small and o"),
    (
        "split and revision",
        CORPUS,
        {"metadata": {**HERE, "corpus_revision": "v1"}},
        {"metadata": {**HERE, "split": "validation", "corpus_revision": "v2"}},
        "split test and validation, corpus_revision v1 and v2",
    ),
    ("bound", TASK, {}, {"max_gen_toks": 99}, "max_gen_toks 4096 and 99"),
    (
        "sampling",
        TASK,
        {},
        {"sampling": {"do_sample": True, "temperature": 0.7}},
        "do_sample False and True, temperature None and 0.7",
    ),
    ("version", TASK, {}, {"version": 2.0}, "version 1.0 and 2.0"),
]


@pytest.mark.parametrize(
    ("task", "first", "second", "what"), [case[1:] for case in ASKED_TWICE], ids=[case[0] for case in ASKED_TWICE]
)
def test_a_task_that_was_asked_otherwise_takes_no_place(
    crossthink: Crossthink, tmp_path: Path, task: str, first: dict[str, Any], second: dict[str, Any], what: str
) -> None:
    write_results(tmp_path / "a", {task: ANSWERS}, **first)
    write_results(tmp_path / "b", {task: OTHERWISE}, time=LATER, **second)
    assert refused(crossthink, tmp_path) == (
        f"acme/m ran {task} twice, with {what}: keep one of them in a folder, or give the two folders apart"
    )
    one, other = read_results([tmp_path / "a", tmp_path / "b"])
    assert (accuracy(one, task), accuracy(other, task)) == ([1.0, 0.0], [0.0, 0.0])


def test_fewer_questions_without_a_limit_take_no_place(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS})
    write_results(tmp_path, {TASK: OTHERWISE[:1]}, time=LATER)
    assert f"ran {TASK} twice, with 2 and 1 questions: " in refused(crossthink, tmp_path)


def test_what_only_the_corpus_task_reads_is_no_setting_of_another(tmp_path: Path) -> None:
    """lm-eval writes --metadata into every task's config, and the usual split may be said or not."""
    write_results(tmp_path, {TASK: ANSWERS, CORPUS: ANSWERS}, metadata=HERE)
    write_results(tmp_path, {TASK: OTHERWISE}, metadata={**HERE, "blend": "nd"}, time=LATER)
    write_results(tmp_path / "x", {CORPUS: OTHERWISE}, metadata={**HERE, "split": "test"}, time=LATER)
    (model,) = read_results([tmp_path])
    assert (accuracy(model), accuracy(model, CORPUS)) == ([0.0, 0.0], [0.0, 0.0])
    assert (model.tasks[TASK].rows_of, model.tasks[CORPUS].rows_of) == ("", "gpr_up/test")


@pytest.mark.parametrize(
    ("other", "options"),
    [
        ("pretrained=acme/m,peft=acme/adapter", {}),
        ("pretrained=acme/m,revision=step-100", {}),
        ("pretrained=acme/m", {"template": "<u>{prompt}"}),
        ("pretrained=acme/m", {"source": "vllm"}),
    ],
    ids=["adapter", "revision", "chat", "back end"],
)
def test_what_makes_two_models_of_one_name(tmp_path: Path, other: str, options: dict[str, Any]) -> None:
    """Neither may take the other's place: their weights or prompts are not the same."""
    write_results(tmp_path, {TASK: ANSWERS})
    write_results(tmp_path, {TASK: ANSWERS[1:]}, other, time=LATER, **options)
    assert sorted(accuracy(model) for model in read_results([tmp_path])) == [[0.0], [1.0, 0.0]]


# ---- names


def labels(folder: Path, *models: tuple[str, str | None]) -> list[str]:
    """Of models with these names and chat templates, each in a folder of its own."""
    folders = []
    for number, (name, template) in enumerate(models):
        folders.append(folder / str(number))
        write_results(folders[-1], {TASK: ANSWERS}, {"pretrained": name}, template=template)
    return [model.label for model in read_results(folders)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["acme/m"], ["m"]),
        (["m"], ["m"]),
        (["/runs/a/final/"], ["final"]),
        (["acme/m", "other/n"], ["m", "n"]),
        (["acme/m", "other/m"], ["acme/m", "other/m"]),
        (["/runs/a/final", "/runs/b/final", "/runs/c"], ["a/final", "b/final", "c"]),
        (["/x/a/final", "/y/a/final"], ["x/a/final", "y/a/final"]),
        (["m", "acme/m"], ["m", "acme/m"]),
        (["acme/m", "acme/m-chat"], ["m", "m-chat"]),
        (["acme/m", "acme/warm"], ["m", "warm"]),
        (["acme/m", "acme/m"], ["m (plain) #1", "m (plain) #2"]),
        (["acme/m", "acme/n", "acme/m/"], ["m (plain) #1", "n", "m (plain) #3"]),
    ],
)
def test_the_shortest_ends_that_tell_models_apart(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    assert labels(tmp_path, *((name, None) for name in names)) == expected


def test_one_model_asked_in_two_styles(tmp_path: Path) -> None:
    assert labels(tmp_path, ("acme/m", None), ("acme/m", "<u>{prompt}")) == ["m (plain)", "m (chat)"]


def test_labels_are_never_the_same(tmp_path: Path) -> None:
    one, other = ("acme/m", None), ("acme/m", "<u>{prompt}")
    assert labels(tmp_path, one, other, one) == ["m (plain) #1", "m (chat)", "m (plain) #3"]


# ---- refusals: one message, exit code 2


def refused(crossthink: Crossthink, path: Path) -> str:
    """The message of the error, which the command gives too."""
    with pytest.raises(CrossthinkError) as raised:
        read_results([path])
    assert crossthink("report", path).refusal() == str(raised.value)
    return str(raised.value)


def test_a_path_that_is_not_there(crossthink: Crossthink, tmp_path: Path) -> None:
    assert refused(crossthink, tmp_path / "gone") == f"no file or folder {tmp_path / 'gone'}: check the path"


def test_a_folder_without_results(crossthink: Crossthink, tmp_path: Path) -> None:
    assert refused(crossthink, tmp_path) == (
        f"{tmp_path} holds no results_*.json: give the folder that lm_eval's --output_path named"
    )


def test_a_bad_path_beside_a_good_one(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: ANSWERS})
    assert crossthink("report", tmp_path, tmp_path / "gone").refusal().startswith("no file or folder")


@pytest.mark.parametrize("content", [b"", b'{"results": {"cross', b"\xff\xfe", b"results", b"[" * 100_000])
def test_json_that_breaks_off(crossthink: Crossthink, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results_x.json"
    path.write_bytes(content)
    message = refused(crossthink, tmp_path)
    assert message.startswith(f"{path} is not JSON (")
    assert message.endswith("): give lm-eval's results_*.json, or run it again")


@pytest.mark.parametrize("content", [[], {}, {"results": {}, "configs": {}}, "x", None])
def test_json_that_is_no_result(crossthink: Crossthink, tmp_path: Path, content: object) -> None:
    path = tmp_path / "results_x.json"
    path.write_text(json.dumps(content))
    assert refused(crossthink, path) == (
        f"{path} is no result of lm-eval: give a results_*.json, or the folder that holds it"
    )


def test_results_without_samples(crossthink: Crossthink, tmp_path: Path) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    samples_of(path).unlink()
    assert refused(crossthink, tmp_path) == (
        f"{path.parent} has results of {TASK} without samples: run lm_eval again with --log_samples"
    )


def test_samples_of_another_time(crossthink: Crossthink, tmp_path: Path) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    samples_of(path).rename(path.parent / f"samples_{TASK}_{LATER}.jsonl")
    assert "without samples: run lm_eval again with --log_samples" in refused(crossthink, tmp_path)


CHINESE = [said({**question(1), "prompt": "问题"}, True)]
CUTS: list[tuple[str, list[Said], Callable[[bytes], bytes]]] = [
    ("in a line", ANSWERS, lambda content: content[:-40]),
    ("in a letter", CHINESE, lambda content: content[: content.index("题".encode()) + 1]),
    ("and filled up", CHINESE, lambda content: b"[" * 100_000),
]


@pytest.mark.parametrize(("answers", "cut"), [case[1:] for case in CUTS], ids=[case[0] for case in CUTS])
def test_samples_that_are_cut(
    crossthink: Crossthink, tmp_path: Path, answers: list[Said], cut: Callable[[bytes], bytes]
) -> None:
    path = samples_of(write_results(tmp_path, {TASK: answers}))
    path.write_bytes(cut(path.read_bytes()))
    message = refused(crossthink, tmp_path)
    assert message.startswith(f"{path}, line {len(answers)} is not JSON (")
    assert message.endswith("): the file breaks off; copy it again or run again")


@pytest.mark.parametrize("left", [0, 1])
def test_samples_that_lack_whole_lines(crossthink: Crossthink, tmp_path: Path, left: int) -> None:
    path = samples_of(write_results(tmp_path, {TASK: ANSWERS}))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    assert refused(crossthink, tmp_path) == f"{path} breaks off after {left} of 2 samples: copy it again"


def test_results_that_count_no_samples(crossthink: Crossthink, tmp_path: Path) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    result = json.loads(path.read_text(encoding="utf-8"))
    del result["n-samples"]
    path.write_text(json.dumps(result), encoding="utf-8")
    assert accuracy(read_results([tmp_path])[0]) == [1.0, 0.0]
    samples_of(path).write_bytes(b"")
    assert refused(crossthink, tmp_path).startswith(f"{samples_of(path)} breaks off after 0 of ")


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"resps": None}, "resps"),
        ({"doc": None, "arguments": None}, "doc, arguments"),
        ({"doc": {"question": "Why?", "answer": "42"}}, "id, prompt, options, breakdowns, prompt_version"),
        ({"doc": {"q": "Why?"}}, "id, prompt, options, answer, breakdowns, prompt_version, grader_version"),
    ],
)
def test_a_sample_without_our_columns(
    crossthink: Crossthink, tmp_path: Path, change: dict[str, Any], lacking: str
) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    edit_samples(path, change)
    message = refused(crossthink, tmp_path)
    assert message.startswith(f"{samples_of(path)}, line 1 lacks {lacking}")
    assert message.endswith(": it is no sample of crossthink's tasks")


@pytest.mark.parametrize("line", ["null", "3", '"text"', "[]"])
def test_a_line_that_is_no_sample(crossthink: Crossthink, tmp_path: Path, line: str) -> None:
    path = samples_of(write_results(tmp_path, {TASK: ANSWERS}))
    kept = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{kept[0]}\n{line}\n", encoding="utf-8")
    assert refused(crossthink, tmp_path) == f"{path}, line 2 is no object: it is no sample of crossthink's tasks"


MANGLED: list[tuple[str, Any, str]] = [
    ("resps", [], "resps"),
    ("resps", [[]], "resps"),
    ("resps", [None], "resps"),
    ("resps", "x", "resps"),
    ("resps", [["x", 3]], "resps"),
    ("arguments", {}, "arguments"),
    ("arguments", [], "arguments"),
    ("arguments", {"gen_args_0": {"arg_0": "Why?"}}, "arguments"),
    ("arguments", [["Why?", {"max_gen_toks": "many"}]], "arguments"),
    ("doc_id", "one", "doc_id"),
    ("doc", 3, "doc"),
    ("doc", [], "doc"),
    ("doc", {**question(1), "id": 1}, "doc.id"),
    ("doc", {**question(1), "prompt": 1, "grader_version": "new"}, "doc.prompt, doc.grader_version"),
    ("doc", {**question(1), "options": "AB"}, "doc.options"),
    ("doc", {**question(1), "breakdowns": {}}, "doc.breakdowns"),
    ("doc", {**question(1), "breakdowns": [{"by": "subject"}, "x"]}, "doc.breakdowns"),
    ("doc", {**question(1), "breakdowns": [{"by": "subject"}]}, "doc.breakdowns"),
    ("metrics", 3, "metrics"),
    ("acc", 1.5, "acc"),
    ("acc", float("nan"), "acc"),
    ("acc", 10**400, "acc"),
    ("chars", -1.0, "chars"),
]


@pytest.mark.parametrize(("field", "value", "what"), MANGLED)
def test_a_mangled_sample(crossthink: Crossthink, tmp_path: Path, field: str, value: Any, what: str) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    edit_samples(path, {field: value})
    said_so = f"{samples_of(path)}, line 1 has no usable {what}: it is no sample of crossthink's tasks"
    assert refused(crossthink, tmp_path) == said_so


def test_what_a_corpus_does_not_say_is_in_no_part(tmp_path: Path) -> None:
    edit_samples(
        write_results(tmp_path, {TASK: ANSWERS}),
        {"doc": {**question(1), "breakdowns": [{"by": "part", "value": None}], "options": []}},
    )
    assert make_report([tmp_path], paper="none").models["m"][TASK].breakdowns == {}


def test_questions_with_more_completions_than_others(crossthink: Crossthink, tmp_path: Path) -> None:
    path = write_results(tmp_path, {TASK: [said(question(1), *[True] * 2), said(question(2), *[True] * 3)]})
    assert refused(crossthink, tmp_path) == (
        f"{samples_of(path)}, line 2 has 3 completions and the first has 2: all questions of a run have as many; run "
        "it again"
    )


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("configs", []),
        ("configs", {TASK: 3}),
        ("configs", {TASK: {"generation_kwargs": "x"}}),
        ("configs", {TASK: {"metadata": [1]}}),
        ("versions", 1),
        ("config", "hf"),
        ("n-samples", [2]),
        ("n-samples", {TASK: 2}),
        ("n-samples", {TASK: {"effective": "2"}}),
    ],
)
def test_results_with_parts_of_another_type(crossthink: Crossthink, tmp_path: Path, part: str, value: Any) -> None:
    path = write_results(tmp_path, {TASK: ANSWERS})
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {part: value}), encoding="utf-8")
    assert refused(crossthink, tmp_path) == (
        f"{path} is no result of lm-eval: give a results_*.json, or the folder that holds it"
    )


def test_results_of_other_tasks_only(crossthink: Crossthink, tmp_path: Path) -> None:
    write_results(tmp_path, {"gsm8k": ANSWERS})
    assert refused(crossthink, tmp_path) == (
        f"{tmp_path} has no results of crossthink's tasks: run lm_eval with --tasks crossthink_… --log_samples "
        "--output_path FOLDER, and give that folder"
    )


def test_no_message_shows_a_question(crossthink: Crossthink, tmp_path: Path) -> None:
    """GPQA's text may be shown nowhere."""
    doc = {**question(1), "prompt": "zyzzyvon", "answer": "zyzzyvon", "id": "zyzzyvon"}
    path = samples_of(write_results(tmp_path, {TASK: [said(doc, True)]}))
    whole = path.read_bytes()
    assert whole.count(b"zyzzyvon") > 3
    for broken in (whole[:-40], whole.replace(b'"resps"', b'"said"'), whole.replace(b'"breakdowns"', b'"parts"')):
        path.write_bytes(broken)
        assert "zyzzyvon" not in refused(crossthink, tmp_path)
