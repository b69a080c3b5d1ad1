"""The rewards: what each trainer passes, what it gets back, and when that is None."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from crossthink_data import rewards
from crossthink_data.errors import CrossthinkError
from crossthink_data.rewards import (
    accuracy_reward,
    completion_text,
    compute_score,
    crossthink_reward,
    format_reward,
    reward_func,
)
from crossthink_data.rewards import score as score_one
from crossthink_data.verify.grade import Item
from crossthink_data.verify.verdict import Extraction, Grade, Outcome, Verdict

THOUGHT = "<think>6 times 7 is 42</think> "
RIGHT, WRONG, BARE = THOUGHT + r"\boxed{42}", THOUGHT + r"\boxed{41}", r"\boxed{42}"
CHOICES: dict[str, Any] = {"answer": ["Oslo"], "options": [["Rome", "Oslo"]], "answer_label": ["B"]}

BOXED = r"<think>6 times 7</think> \\boxed{42}"


def cases(table: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Test cases out of rows that begin with a name."""
    return [pytest.param(*case, id=name) for name, *case in table]


# ---- what is right


ACCURACY: list[tuple[str, object, dict[str, Any], float]] = [
    ("right", RIGHT, {"answer": ["42"], "answer_type": ["number"]}, 1.0),
    ("type inferred", RIGHT, {"answer": ["42"]}, 1.0),
    ("a type of null is inferred", RIGHT, {"answer": ["42"], "answer_type": [None], "options": [None]}, 1.0),
    ("wrong", WRONG, {"answer": ["42"]}, 0.0),
    ("no format asked for", BARE, {"answer": ["42"]}, 1.0),
    ("no box", THOUGHT + "42", {"answer": ["42"]}, 0.0),
    ("nothing said", "", {"answer": ["42"]}, 0.0),
    ("null", None, {"answer": ["42"]}, 0.0),
    ("a label", r"\boxed{B}", CHOICES, 1.0),
    ("another label", r"\boxed{A}", CHOICES, 0.0),
    ("never read without a box", "The answer is (B).", CHOICES, 0.0),
    ("an alias", r"\boxed{NYC}", {"answer": ["New York"], "answer_type": ["text"], "answer_aliases": [["NYC"]]}, 1.0),
]


@pytest.mark.parametrize(("completion", "columns", "reward"), cases(ACCURACY))
def test_accuracy(completion: object, columns: dict[str, Any], reward: float) -> None:
    assert accuracy_reward([completion], **columns) == [reward]


FORMAT: list[tuple[str, object, float]] = [
    ("think, then box", RIGHT, 1.0),
    ("the answer does not matter", WRONG, 1.0),
    ("no thinking", BARE, 0.0),
    ("no box", THOUGHT, 0.0),
    ("never closed", r"<think>\boxed{42}", 0.0),
    ("null", None, 0.0),
]


@pytest.mark.parametrize(("completion", "reward"), cases(FORMAT))
def test_format(completion: object, reward: float) -> None:
    assert format_reward([completion], answer=["42"]) == [reward]


def test_crossthink_is_both() -> None:
    assert crossthink_reward([RIGHT, WRONG, BARE, None], answer=["42"] * 4) == [1.0, 0.0, 0.0, 0.0]


class Prepared:
    """A grader that says the same of everything, and keeps what it was asked."""

    def __init__(self, outcome: Outcome, format_ok: bool = True) -> None:
        self.outcome, self.format_ok = outcome, format_ok
        self.batches: list[Sequence[Item]] = []

    def grade(self, items: Sequence[Item]) -> list[Grade]:
        self.batches.append(items)
        verdict = Verdict(self.outcome, "because", "test")
        return [Grade(verdict, Extraction("x", None, self.format_ok)) for _ in items]


def prepare(monkeypatch: pytest.MonkeyPatch, outcome: Outcome, format_ok: bool = True) -> Prepared:
    grader = Prepared(outcome, format_ok)
    monkeypatch.setattr(rewards, "shared_grader", lambda: grader)
    return grader


@pytest.mark.parametrize(
    ("outcome", "format_ok", "accuracy", "both"),
    [
        ("correct", True, 1.0, 1.0),
        ("correct", False, 1.0, 0.0),
        ("wrong", True, 0.0, 0.0),
        ("wrong", False, 0.0, 0.0),
        ("ungradable", True, None, None),  # not known, so never a zero
        ("ungradable", False, None, 0.0),  # a broken format is 0 whatever the answer
    ],
)
def test_none_is_what_is_not_known(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, format_ok: bool, accuracy: float | None, both: float | None
) -> None:
    prepare(monkeypatch, outcome, format_ok)
    assert accuracy_reward(["x"], answer=["1"]) == [accuracy]
    assert crossthink_reward(["x"], answer=["1"]) == [both]
    assert score_one("x", {"answer": "1"}) == both
    assert compute_score("s", "x", "1") == {
        "score": both or 0.0, "acc": accuracy or 0.0, "ungradable": float(both is None)
    }  # fmt: skip


# ---- what a trainer passes


def test_all_that_a_trainer_passes() -> None:
    """Every column of the row, and the trainer's own keywords; each sample by its own columns."""
    batch: dict[str, Any] = {
        "prompts": [[{"role": "user", "content": "?"}]] * 3,
        "completions": [[{"role": "assistant", "content": text}] for text in (RIGHT, THOUGHT + r"\boxed{B}", WRONG)],
        "completion_ids": [[1], [2], [3]],
        "id": ["a", "b", "c"],
        "answer": ["42", "Oslo", "42"],
        "answer_type": ["number", "choice", "number"],
        "options": [[], ["Rome", "Oslo"], []],
        "answer_label": [None, "B", None],
        "answer_aliases": [[], [], []],
        "trainer_state": object(),
        "log_extra": None,
    }
    assert accuracy_reward(**batch) == [1.0, 1.0, 0.0]
    assert crossthink_reward(**batch) == [1.0, 1.0, 0.0]
    assert format_reward(**batch) == [1.0, 1.0, 1.0]


def test_a_batch_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    grader = prepare(monkeypatch, "correct")
    accuracy_reward(["x"] * 100, answer=["1"] * 100, policy="strict")
    (items,) = grader.batches
    assert {(item.policy, item.flexible, item.bare) for item in items} == {("strict", False, False)}
    crossthink_reward(["x"], answer=["1"], policy="strict")
    assert grader.batches[1][0].policy == "strict"


def test_columns_must_be_as_long_as_the_completions() -> None:
    with pytest.raises(CrossthinkError, match=r"answer is .* for 2 completions: give a list with one value for each"):
        accuracy_reward([BOXED, BOXED], answer=["42"])
    with pytest.raises(CrossthinkError, match="answer is '42' for 2 completions"):
        accuracy_reward([BOXED, BOXED], answer="42")


def test_a_mistyped_policy_is_an_error_and_no_silent_none() -> None:
    with pytest.raises(CrossthinkError, match="unknown policy 'equivalnt'"):
        accuracy_reward([BOXED], answer=["42"], policy="equivalnt")  # type: ignore[arg-type]


def test_a_ground_truth_with_nan_is_still_a_row() -> None:
    truth = '{"answer": "42", "pass_rate": NaN}'
    assert compute_score("d", BOXED, truth)["score"] == 1.0


def test_a_ground_truth_nested_too_deep_is_an_answer() -> None:
    assert compute_score("d", BOXED, '{"answer":' * 100_000)["score"] == 0.0


def test_a_ground_truth_that_is_no_text_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="ground_truth is 42; give the answer as a string"):
        compute_score("d", BOXED, 42)  # type: ignore[arg-type]


MESSAGES: list[tuple[str, object, object]] = [
    ("a text", "x", "x"),
    ("null", None, ""),
    ("one message", [{"role": "assistant", "content": "x"}], "x"),
    ("no role", [{"content": "x"}], "x"),
    ("the last of the assistant's", [
        {"role": "assistant", "content": "call"}, {"role": "tool", "content": "t"},
        {"role": "assistant", "content": "x"}, {"role": "user", "content": "u"},
    ], "x"),
    ("parts", [{"role": "assistant", "content": [
        {"type": "text", "text": "a"}, {"type": "image", "text": "c"},
        {"type": "text", "text": "b"}, {"type": "text", "text": None},
    ]}], "ab"),
    ("content of null", [{"role": "assistant", "content": None}], ""),
    ("only others", [{"role": "tool", "content": "x"}], ""),
    ("no message", [], ""),
    ("a number", 7, 7),
    ("a list of texts", ["x"], ["x"]),
    ("content of a number", [{"role": "assistant", "content": 7}], 7),
    ("parts that are none", [{"role": "assistant", "content": ["x", None]}], ""),
]  # fmt: skip


@pytest.mark.parametrize(("completion", "text"), cases(MESSAGES))
def test_text_of_a_completion(completion: object, text: object) -> None:
    assert completion_text(completion) == text


# ---- prompts that end inside <think>

INSIDE = r"6 times 7 is 42</think> \boxed{42}"  # what comes where the prompt opened the block
USER = {"role": "user", "content": "<think>"}


def prefilled(text: object) -> list[object]:
    return [USER, {"role": "assistant", "content": text}]


OPENED: list[tuple[str, object, str, dict[str, Any], float]] = [
    ("not open", "What is 6 times 7?", INSIDE, {}, 0.0),
    ("open", "What is 6 times 7?\n<think>", INSIDE, {}, 1.0),
    ("space after the tag", "What is 6 times 7?<think> \n", INSIDE, {}, 1.0),
    ("open, and opened again", "What is 6 times 7?<think>", RIGHT, {}, 0.0),
    ("a tag earlier in the prompt", "Reply in this form: <think>...</think>", RIGHT, {}, 1.0),
    ("a chat's prefill", prefilled("<think>\n"), INSIDE, {}, 1.0),
    ("a chat's prefill in parts", prefilled([{"type": "text", "text": "<think>"}]), INSIDE, {}, 1.0),
    ("a prefill that stands before the completion too", prefilled("<think>"), RIGHT, {}, 1.0),
    ("another prefill", prefilled("Sure:"), INSIDE, {}, 0.0),
    ("the user's tag", [USER], INSIDE, {}, 0.0),
    ("no message", [], RIGHT, {}, 1.0),
    ("said for all", [USER], INSIDE, {"think_open": True}, 1.0),
    ("said one by one", [USER], INSIDE, {"think_open": [True]}, 1.0),
    ("said against the prompt", "<think>", INSIDE, {"think_open": False}, 0.0),
]


@pytest.mark.parametrize(("prompt", "completion", "more", "reward"), cases(OPENED))
def test_think_open(prompt: object, completion: str, more: dict[str, Any], reward: float) -> None:
    assert format_reward([completion], prompts=[prompt], **more) == [reward]
    assert crossthink_reward([completion], answer=["42"], prompts=[prompt], **more) == [reward]


def test_thinking_that_never_ends_is_no_answer() -> None:
    cut = r"so \boxed{42} or"
    assert accuracy_reward([cut], answer=["42"]) == [1.0]
    assert accuracy_reward([cut], answer=["42"], prompts=["<think>"]) == [0.0]


def test_each_sample_has_its_own_prompt() -> None:
    assert format_reward([INSIDE, INSIDE], prompts=["<think>", "?"]) == [1.0, 0.0]
    assert format_reward([INSIDE, INSIDE], think_open=[False, True]) == [0.0, 1.0]


# ---- one by one


def test_score_reads_a_row() -> None:
    row = {"answer": "Oslo", "answer_type": "choice", "options": ["Rome", "Oslo"], "answer_label": "B", "id": "x"}
    assert score_one(THOUGHT + r"\boxed{B}", row) == 1.0
    assert score_one([{"role": "assistant", "content": THOUGHT + r"\boxed{A}"}], row) == 0.0
    assert score_one(r"so</think> \boxed{B}", row | {"think_open": True}) == 1.0


def test_score_by_another_policy() -> None:
    row = {"answer": "0.5", "answer_type": "number"}
    assert score_one(THOUGHT + r"\boxed{1/2}", row) == 1.0
    assert score_one(THOUGHT + r"\boxed{1/2}", row, "strict") == 0.0


def test_score_needs_an_answer() -> None:
    with pytest.raises(CrossthinkError, match=r"^a row has no 'answer' \(it has gold\): give the gold under it$"):
        score_one("x", {"gold": "1"})


ROW = {"answer": "Oslo", "options": ["Rome", "Oslo"], "answer_label": "B"}
VERL: list[tuple[str, str, Any, dict[str, Any] | None, float]] = [
    ("an answer", RIGHT, "42", None, 1.0),
    ("a wrong one", WRONG, "42", None, 0.0),
    ("an answer, with the rest in extra_info", THOUGHT + r"\boxed{B}", "Oslo", ROW | {"index": 3}, 1.0),
    ("a row", THOUGHT + r"\boxed{B}", ROW, None, 1.0),
    ("a row as JSON", THOUGHT + r"\boxed{B}", orjson.dumps(ROW).decode(), {"split": "train"}, 1.0),
    ("the row goes before extra_info", THOUGHT + r"\boxed{A}", ROW, ROW | {"answer_label": "A"}, 0.0),
    ("opened by the prompt", INSIDE, "42", {"think_open": True}, 1.0),
    ("a set is no row", THOUGHT + r"\boxed{{1, 2}}", "{1, 2}", {"answer_type": "text"}, 1.0),
    ("an object without an answer is no row", THOUGHT + '\\boxed{{"a": 1}}', '{"a": 1}', {"answer_type": "text"}, 1.0),
]


@pytest.mark.parametrize(("text", "truth", "extra", "reward"), cases(VERL))
def test_verl(text: str, truth: Any, extra: dict[str, Any] | None, reward: float) -> None:
    found = compute_score(data_source="s", solution_str=text, ground_truth=truth, extra_info=extra, strict=None)
    assert found == {"score": reward, "acc": reward, "ungradable": 0.0}


def test_verl_tells_accuracy_from_format() -> None:
    assert compute_score("s", BARE, "42") == {"score": 0.0, "acc": 1.0, "ungradable": 0.0}


# ---- OpenRLHF

ASKED = "<|im_start|>user\nWhat is 6 times 7?\n\nReply in this form: <think>your reasoning</think> \\boxed{answer}"
PROMPT = f"{ASKED}<|im_end|>\n<|im_start|>assistant\n"
LONG = "A long passage. " * 50 + PROMPT
OPENRLHF: list[tuple[str, str, str, Any, float]] = [
    ("right", PROMPT + RIGHT, PROMPT, "42", 1.0),
    ("wrong", PROMPT + WRONG, PROMPT, "42", 0.0),
    ("no thinking", PROMPT + BARE, PROMPT, "42", 0.0),
    ("nothing said", PROMPT, PROMPT, "42", 0.0),
    ("special tokens around it", f"<s>{PROMPT}{RIGHT}<|im_end|>", PROMPT, "42", 1.0),
    ("the prompt's head is cut off", LONG[-300:] + RIGHT, LONG, "42", 1.0),
    ("decoding changed a space in the prompt", LONG.replace(" passage", "passage") + RIGHT, LONG, "42", 1.0),
    ("a reply that repeats the prompt", f"{PROMPT}{RIGHT}<|im_end|>\n{PROMPT}{WRONG}", PROMPT, "42", 0.0),
    ("opened by the prompt", f"{PROMPT}<think>\n{INSIDE}", f"{PROMPT}<think>\n", "42", 1.0),
    ("a label as JSON", PROMPT + THOUGHT + r"\boxed{B}", PROMPT, orjson.dumps(ROW).decode(), 1.0),
    ("no prompt", RIGHT, "", "42", 1.0),
]


@pytest.fixture
def lists_for_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run without torch, which is OpenRLHF's to bring."""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(tensor=list))


@pytest.mark.usefixtures("lists_for_tensors")
@pytest.mark.parametrize(("query", "prompt", "label", "reward"), cases(OPENRLHF))
def test_openrlhf(query: str, prompt: str, label: Any, reward: float) -> None:
    found = reward_func([query], [prompt], [label], images=None)
    assert found["rewards"] == found["scores"] == [reward]
    assert found["extra_logs"]["ungradable"] == [0.0]


@pytest.mark.usefixtures("lists_for_tensors")
def test_openrlhf_in_a_batch() -> None:
    """Each query by its own prompt and label; a reply that cannot be found in its query is not known."""
    others = ["Another text altogether.", PROMPT + BARE]
    found = reward_func([PROMPT + RIGHT, *others], [PROMPT] * 3, ["42", "42", "42"])
    assert found["rewards"] == [1.0, 0.0, 0.0]
    assert found["extra_logs"] == {"acc": [1.0, 0.0, 1.0], "ungradable": [0.0, 1.0, 0.0]}


@pytest.mark.usefixtures("lists_for_tensors")
def test_openrlhf_logs_what_is_ungradable(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, "ungradable")
    found = reward_func([PROMPT + RIGHT], [PROMPT], ["42"])
    assert (found["rewards"], found["extra_logs"]["ungradable"]) == ([0.0], [1.0])


@pytest.mark.usefixtures("lists_for_tensors")
def test_openrlhf_without_labels_is_an_error() -> None:
    """Without --data.label_key, OpenRLHF passes empty texts."""
    with pytest.raises(CrossthinkError, match=r"a label is empty: .* with --data\.label_key$"):
        reward_func([PROMPT + RIGHT], [PROMPT], [""])


@pytest.mark.usefixtures("lists_for_tensors")
def test_trainers_load_it_as_a_file() -> None:
    """verl and OpenRLHF make a module of the file, which no `import` finds."""
    spec = spec_from_file_location("reward_func", rewards.__file__)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "reward_func" not in sys.modules
    assert module.reward_func([PROMPT + RIGHT], [PROMPT], ["42"])["rewards"] == [1.0]
    assert module.compute_score("s", RIGHT, "42")["score"] == 1.0


# ---- where they run


def test_they_can_be_pickled() -> None:
    for reward in (accuracy_reward, format_reward, crossthink_reward, compute_score, reward_func, score_one):
        assert pickle.loads(pickle.dumps(reward)) is reward  # noqa: S301 - our own bytes


def test_import_needs_no_trainer() -> None:
    heavy = ("torch", "trl", "transformers", "math_verify", "sympy", "datasets", "polars", "pyarrow", "numpy")
    code = f"import sys, crossthink_data.rewards; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_no_text_is_no_crash() -> None:
    rewards_ = accuracy_reward([42, ["42"], RIGHT], answer=["42"] * 3)
    assert 1.0 not in rewards_[:2]
    assert rewards_[2] == 1.0
    assert format_reward([42, ["42"], RIGHT]) == [0.0, 0.0, 1.0]


def test_hostile_completions_are_data() -> None:
    texts = ["\\boxed{" * 150_000, "{" * 10_000, "\x00" * 1_000_000, "\ud800 \\boxed{\ud800}", "<think>" * 100_000]
    assert accuracy_reward(texts, answer=["42"] * len(texts)) == [0.0] * len(texts)
    assert format_reward(texts) == [0.0] * len(texts)
