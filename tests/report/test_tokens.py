"""Tokens by a tokenizer whose tokens are words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.report.report import make_report
from crossthink_data.report.tokens import BATCH, Tokenizer, context_of, count_tokens, load_tokenizer, tokenizer_name
from tests.command import Crossthink
from tests.report.word_tokenizer import save_tokenizer
from tests.report.written import TASK, Said, model_run, question, said, task_run, write_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tokenizer(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def words(folder: Path) -> Tokenizer:
    return load_tokenizer(str(folder))


def long(number: int, right: bool, size: int) -> Said:
    """A completion of so many words."""
    return said(question(number), right, texts=[" ".join(["word"] * size)])


def test_means_of_right_completions_and_of_all(words: Tokenizer) -> None:
    counted = count_tokens(task_run(long(1, True, 3), long(2, False, 8), long(3, True, 5), long(4, False, 0)), words)
    assert (counted.right, counted.mean) == (4.0, 4.0)
    counted = count_tokens(task_run(long(1, True, 3), long(2, False, 8)), words)
    assert (counted.right, counted.mean) == (3.0, 5.5)


def test_what_begins_a_text_is_not_counted(words: Tokenizer) -> None:
    encoded: Any = words(["one two"], add_special_tokens=True)
    assert len(encoded["input_ids"][0]) == 3
    assert count_tokens(task_run(long(1, True, 2)), words).mean == 2.0


def test_nothing_right_has_no_mean(words: Tokenizer) -> None:
    counted = count_tokens(task_run(long(1, False, 4)), words)
    assert (counted.right, counted.mean) == (None, 4.0)


def test_more_completions_than_are_encoded_at_once(words: Tokenizer) -> None:
    answers = [long(number, number >= BATCH, 2 if number < BATCH else 9) for number in range(BATCH + 2)]
    counted = count_tokens(task_run(*answers), words)
    assert counted.right == 9.0
    assert counted.mean == pytest.approx((2 * BATCH + 18) / (BATCH + 2))


@pytest.mark.parametrize(("size", "hit"), [(100, 1.0), (99, 1.0), (98, 0.0), (101, 1.0)])
def test_a_completion_that_nearly_reached_the_bound_was_cut(words: Tokenizer, size: int, hit: float) -> None:
    assert count_tokens(task_run(long(1, True, size), max_tokens=100), words).cap_hit == hit


def test_the_share_that_was_cut(words: Tokenizer) -> None:
    run = task_run(*(long(n, False, 10 if n == 0 else 3) for n in range(4)), max_tokens=10)
    assert count_tokens(run, words).cap_hit == 0.25
    assert count_tokens(task_run(long(1, True, 10), max_tokens=None), words).cap_hit is None


def test_of_several_the_right_ones_are_those_that_the_grader_says(words: Tokenizer) -> None:
    """Right ones of three and five words, a wrong one of nine; the metrics hold only that two of three are."""
    texts = [
        "so \\boxed{1} then",
        "I think that it is this one: surely \\boxed{2}",
        "<think>hm</think> 1 is it: \\boxed{1.0}",
    ]
    counted = count_tokens(task_run(said(question(1), True, False, True, texts=texts)), words)
    assert [len(text.split()) for text in texts] == [3, 9, 5]
    assert (counted.right, counted.mean) == pytest.approx((4.0, 17 / 3))


def test_of_several_each_question_keeps_its_own(words: Tokenizer) -> None:
    """Right are two words and four, wrong are six and eight."""
    first = said(question(1), True, False, texts=["so \\boxed{1}", "a b c d e \\boxed{2}"])
    second = said(question(2), False, True, texts=["a b c d e f g \\boxed{1}", "a b c \\boxed{2}"])
    counted = count_tokens(task_run(first, second), words)
    assert (counted.right, counted.mean) == (3.0, 5.0)


def test_of_several_none_right(words: Tokenizer) -> None:
    assert count_tokens(task_run(said(question(1), False, False)), words).right is None


def test_prompts_longer_than_their_room(words: Tokenizer) -> None:
    """Which is the context less one, less the completion."""
    run = task_run(said(question(1), True), max_tokens=10)
    size = len(str(run.samples[0].prompt).split())
    assert count_tokens(run, words, 10 + 1 + size).prompts_cut == 0
    assert count_tokens(run, words, 10 + size).prompts_cut == 1
    assert count_tokens(run, words).prompts_cut is None


def test_only_lm_evals_completions_have_a_context_of_their_own() -> None:
    served = replace(model_run(), source="local-completions")
    assert context_of(served) == 2048
    assert context_of(replace(served, args={"max_length": "8192"})) == 8192
    assert context_of(model_run(max_length=99)) is None


# ---- which tokenizer


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({"pretrained": "acme/m"}, "acme/m"),
        ({"pretrained": "acme/m", "tokenizer": "acme/t"}, "acme/t"),
        ({"model": "served", "tokenizer": "acme/t"}, "acme/t"),
        ({"model": "served"}, None),
        ({}, None),
    ],
)
def test_the_name_in_the_results(args: dict[str, Any], name: str | None) -> None:
    assert tokenizer_name(model_run(**args)) == name


@pytest.mark.parametrize(
    ("served", "name"),
    [
        ("acme/m", "acme/m"),
        ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
        ("FOLDER", "FOLDER"),
        ("m", None),
        ("/gone/m", None),
        ("../m", None),
        ("a/b/c", None),
        ("", None),
    ],
)
def test_a_server_is_asked_of_by_a_name_that_may_be_a_tokenizers(tmp_path: Path, served: str, name: str | None) -> None:
    here = str(tmp_path)
    model = replace(model_run(model=served.replace("FOLDER", here)), source="local-completions")
    assert tokenizer_name(model) == (here if name == "FOLDER" else name)
    assert tokenizer_name(replace(model, source="local-chat-completions")) is None


def test_a_tokenizer_comes_before_the_served_name() -> None:
    served = replace(model_run(model="acme/m", tokenizer="acme/t"), source="local-completions")
    assert tokenizer_name(served) == "acme/t"


def test_a_report_counts_with_what_the_results_name(folder: Path, tmp_path: Path) -> None:
    write_results(tmp_path / "named", {TASK: [long(1, True, 3)]}, {"pretrained": "acme/m", "tokenizer": str(folder)})
    write_results(tmp_path / "own", {TASK: [long(1, True, 3)]}, {"pretrained": str(folder)})
    for results in ("named", "own"):
        report = make_report([tmp_path / results])
        ((known,), warnings) = report.models.values(), report.warnings
        assert (known[TASK].tokens, known[TASK].tokens_right, known[TASK].cap_hit) == (3.0, 3.0, 0.0)
        assert warnings == []


def test_a_tokenizer_that_is_asked_for_comes_first(folder: Path, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: [long(1, True, 3)]}, {"pretrained": "acme/none"})
    report = make_report([tmp_path], tokenizer=str(folder))
    assert report.models["none"][TASK].tokens == 3.0
    assert report.warnings == []


def test_one_that_is_asked_for_must_be_there(crossthink: Crossthink, folder: Path, tmp_path: Path) -> None:
    write_results(tmp_path, {TASK: [long(1, True, 3)]}, {"pretrained": str(folder)})
    gone = tmp_path / "gone"
    with pytest.raises(CrossthinkError, match=f"^no tokenizer {gone} ") as raised:
        make_report([tmp_path], tokenizer=str(gone))
    assert str(raised.value).endswith("): give the model's folder or id, --tokenizer NAME")
    assert crossthink("report", tmp_path, "--tokenizer", gone).refusal() == str(raised.value)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ("pretrained=/gone/m", "no tokenizer /gone/m "),
        ("model=acme/m", "as the results name no tokenizer: --tokenizer NAME"),
    ],
)
def test_without_a_tokenizer_there_is_a_warning(tmp_path: Path, args: str, why: str) -> None:
    write_results(tmp_path, {TASK: [long(1, True, 3)]}, args)
    report = make_report([tmp_path])
    (warning,) = report.warnings
    assert warning.startswith("m: tokens are not counted")
    assert why in warning
    figures = report.models["m"][TASK]
    assert (figures.tokens, figures.tokens_right, figures.cap_hit) == (None, None, None)


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"^no tokenizer .*--tokenizer NAME$"):
        load_tokenizer(str(tmp_path))


def test_a_tokenizer_that_breaks_off(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:40])
    with pytest.raises(CrossthinkError, match=r"^no tokenizer .*--tokenizer NAME$"):
        load_tokenizer(str(tmp_path))
