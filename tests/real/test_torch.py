"""The grader where training runs it: beside torch and its threads, in TRL's trainer, in datatrove workers, for verl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest
from datatrove.pipeline.base import PipelineStep

from crossthink_data.frame_step import FrameStep
from crossthink_data.local_executor import LocalExecutor
from crossthink_data.rewards import accuracy_reward, compute_score, crossthink_reward, format_reward
from crossthink_data.verify import Gold, Grader, Item

torch = pytest.importorskip("torch", reason="torch is not installed: run `make test-real`")

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

RIGHT, WRONG = r"<think>6 times 7</think> \boxed{42}", r"<think>6 plus 7</think> \boxed{13}"
SYMBOLIC = r"<think>by parts</think> \boxed{\int_0^1 84x\,dx}"  # its worker must load sympy
UNGRADABLE = r"<think>deep</think> \boxed{" + r"\sqrt{" * 200 + "42" + "}" * 201


@pytest.fixture
def threads() -> None:
    """torch's threads, busy once: a fork would not have them."""
    torch.set_num_threads(2)
    left = torch.rand(512, 512)
    assert (left @ left).sum() > 0


@pytest.mark.usefixtures("threads")
def test_rewards_beside_torchs_threads() -> None:
    completions = [RIGHT, WRONG, SYMBOLIC]
    answers = ["42"] * 3
    assert accuracy_reward(completions, answer=answers) == [1.0, 0.0, 1.0]
    assert torch.tensor(crossthink_reward(completions, answer=answers)).tolist() == [1.0, 0.0, 1.0]


@pytest.mark.usefixtures("threads")
def test_a_grader_beside_torch_survives_what_never_ends() -> None:
    items = [Item(completion, Gold("42", "math")) for completion in (RIGHT, r"\boxed{\int_0^1 9^{9^{9^9}} dx}", WRONG)]
    with Grader(workers=2, deadline_s=1.0) as grader:
        assert [grade.verdict.outcome for grade in grader.grade(items)] == ["correct", "ungradable", "wrong"]


@pytest.mark.usefixtures("threads")
def test_rewards_off_the_main_thread_during_a_backward_pass() -> None:
    rewards: list[float | None] = []
    grading = Thread(target=lambda: rewards.extend(accuracy_reward([RIGHT, WRONG], answer=["42", "42"])))
    weights = torch.rand(256, 256, requires_grad=True)
    grading.start()
    (weights @ weights).sum().backward()
    grading.join()
    assert rewards == [1.0, 0.0]
    assert weights.grad is not None


@pytest.mark.usefixtures("threads")
def test_rewards_in_the_workers_of_a_data_loader() -> None:
    """They are forked and daemonic, from a process whose own grader has started."""
    assert accuracy_reward([RIGHT], answer=["42"]) == [1.0]
    loader = torch.utils.data.DataLoader(
        [RIGHT, WRONG] * 4,
        batch_size=2,
        num_workers=2,
        collate_fn=lambda completions: accuracy_reward(completions, answer=["42"] * len(completions)),
        timeout=60,
    )
    assert list(loader) == [[1.0, 0.0]] * 4


# ---- TRL

WORDS = ["<pad>", "<eos>", "<unk>", *"0123456789", "What", "is", "times", "?", "so", "boxed"]
ROW = {
    "prompt": [{"role": "user", "content": "What is 6 times 7 ?"}],
    "answer": "42",
    "answer_type": "number",
    "options": [],
    "answer_label": None,
    "answer_aliases": [],
    "source": "own",
}


def tiny_tokenizer() -> Any:
    """A token for each word, made here: nothing is downloaded."""
    tokenizers, transformers = needed("tokenizers"), needed("transformers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    return tokenizer


def tiny_model() -> Any:
    """A Llama of two layers with random weights."""
    transformers = needed("transformers")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        pad_token_id=0,
        eos_token_id=1,
    )
    return transformers.LlamaForCausalLM(config)


def needed(library: str) -> Any:
    """A library of the trainer's; without it the test is skipped."""
    return pytest.importorskip(library, reason=f"{library} is not installed: run `make test-real`")


def log_of_one_step(rewards: list[Any], folder: Path) -> dict[str, Any]:
    """What TRL logs of one GRPO step with a group of four, on the processor."""
    trl, datasets = needed("trl"), needed("datasets")
    config = trl.GRPOConfig(
        output_dir=str(folder),
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=4,
        max_steps=1,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    trainer = trl.GRPOTrainer(
        model=tiny_model(),
        reward_funcs=rewards,
        args=config,
        train_dataset=datasets.Dataset.from_list([ROW] * 4),
        processing_class=tiny_tokenizer(),
    )
    trainer.train()
    return dict(trainer.state.log_history[0])


def test_a_grpo_step_learns_from_the_rewards(tmp_path: Path) -> None:
    """A random model answers nothing, so a second reward grades four texts of ours through the trainer's own call."""
    said = [RIGHT, WRONG, SYMBOLIC, UNGRADABLE]
    seen: list[Any] = []

    def spoken(completions: list[list[dict[str, str]]], **columns: Any) -> list[float | None]:
        chats = [[{**chat[0], "content": text}] for chat, text in zip(completions, said, strict=True)]
        seen[:] = crossthink_reward(completions=chats, **columns)
        return seen

    log = log_of_one_step([crossthink_reward, format_reward, spoken], tmp_path)

    assert seen == [1.0, 0.0, 1.0, None]
    assert log["rewards/crossthink_reward/mean"] == log["rewards/format_reward/mean"] == 0.0
    assert log["rewards/spoken/mean"] == pytest.approx(2 / 3)  # TRL leaves out what is None
    assert log["grad_norm"] > 0


# ---- datatrove


class Rollouts(PipelineStep):  # type: ignore[misc]
    """A frame of completions for each task."""

    name = "rollouts"

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """The right answers are the tasks' own numbers."""
        said = [rf"<think>so</think> \boxed{{{rank}}}", r"<think>so</think> \boxed{9}"]
        yield pl.DataFrame({"completion": said, "answer": [str(rank)] * 2})


class Rewards(FrameStep):
    """Grades a frame and leaves it in a folder, since a pipeline gives nothing back."""

    name = "rewards"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with its rewards."""
        rewards = crossthink_reward(frame["completion"].to_list(), answer=frame["answer"].to_list())
        graded = frame.with_columns(reward=pl.Series(rewards, dtype=pl.Float64))
        graded.write_parquet(self.folder / f"{frame['answer'][0]}.parquet")
        return graded


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("workers", [1, 2])
def test_rewards_in_a_datatrove_worker(tmp_path: Path, workers: int) -> None:
    steps = [Rollouts(), Rewards(tmp_path)]
    LocalExecutor(steps, tasks=4, workers=workers, logging_dir=str(tmp_path / "logs")).run()

    rewards = pl.read_parquet(tmp_path / "*.parquet")["reward"].to_list()
    assert rewards == [1.0, 0.0] * 4


# ---- verl


def test_a_score_as_verl_asks_for_it() -> None:
    """By names, with the row's gold as the ground truth, one completion a call."""
    truth = {name: value for name, value in ROW.items() if name not in ("prompt", "source")}
    scores = [
        compute_score(data_source="crossthink", solution_str=text, ground_truth=truth, extra_info={"index": 0})
        for text in (RIGHT, WRONG, UNGRADABLE)
    ]
    assert torch.tensor([score["score"] for score in scores]).tolist() == [1.0, 0.0, 0.0]
    assert [score["ungradable"] for score in scores] == [0.0, 0.0, 1.0]
