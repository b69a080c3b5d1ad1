"""lm-eval before and after training: the command, its environment, what the card says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.evaluate import (
    AFTER,
    BEFORE,
    FOLDER,
    base_model,
    before_and_after,
    evaluate,
    trained_model,
)
from crossthink_data.train.options import CorpusArguments, RunArguments
from tests.report.written import question, said, write_results

CORPUS = CorpusArguments("acme/x", blend="nd")
ASKED = RunArguments("crossthink_corpus", "--limit 20 --seed 1")


class Ran:
    """Stands in for lm_eval: keeps the command and the environment."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.command: list[str] = []
        self.env: dict[str, str] = {}

    def __call__(self, command: list[str], env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.command, self.env = command, env
        return subprocess.CompletedProcess(command, self.code, "", "last words")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    made = Ran()
    monkeypatch.setattr(subprocess, "run", made)
    return made


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_the_blends_test_split_is_asked_in_the_style_of_the_training(ran: Ran, tmp_path: Path) -> None:
    evaluate({"pretrained": "models/a"}, CORPUS, ASKED, "chat", tmp_path)
    assert option(ran.command, "--model_args") == "pretrained=models/a"
    assert option(ran.command, "--tasks") == "crossthink_corpus"
    assert json.loads(option(ran.command, "--metadata")) == {"corpus": "acme/x", "blend": "nd"}
    assert "--apply_chat_template" in ran.command
    assert ran.command[-4:] == ["--limit", "20", "--seed", "1"]


BASE, OUT = "pretrained=acme/b,revision=v1,trust_remote_code=False", "pretrained=out,trust_remote_code=False"
MODELS = [
    ("v1", False, BASE, OUT),
    ("v1", True, BASE, f"{BASE},peft=out"),
    ("main", False, BASE.replace("revision=v1,", ""), OUT),
]


@pytest.mark.parametrize(("revision", "adapter", "before", "after"), MODELS)
def test_the_models_before_and_after(
    ran: Ran, tmp_path: Path, revision: str, adapter: bool, before: str, after: str
) -> None:
    model = SimpleNamespace(model_name_or_path="acme/b", model_revision=revision, use_peft=adapter)
    args = SimpleNamespace(output_dir="out", trust_remote_code=False)
    for name, told in ((base_model, before), (trained_model, after)):
        evaluate(name(model, args), CORPUS, ASKED, "chat", tmp_path)
        assert option(ran.command, "--model_args") == told


def test_plain_prompts_get_no_template(ran: Ran, tmp_path: Path) -> None:
    evaluate({"pretrained": "models/a"}, CORPUS, ASKED, "plain", tmp_path)
    assert "--apply_chat_template" not in ran.command


def test_it_does_not_wait_for_the_other_processes(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "ACCELERATE_USE_CPU"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", "/cache")
    evaluate({"pretrained": "models/a"}, CORPUS, ASKED, "plain", tmp_path)
    assert not ran.env.keys() & {"RANK", "WORLD_SIZE", "MASTER_ADDR", "ACCELERATE_USE_CPU"}
    assert ran.env["HF_HOME"] == "/cache"


def test_its_failure_is_an_error_with_its_last_words(ran: Ran, tmp_path: Path) -> None:
    ran.code = 2
    with pytest.raises(CrossthinkError, match=r"code 2: last words\nrun it by hand: .*lm_eval run"):
        evaluate({"pretrained": "models/a"}, CORPUS, ASKED, "plain", tmp_path)


def test_the_card_shows_both_and_their_difference(tmp_path: Path) -> None:
    for name, model, right in ((BEFORE, "base", False), (AFTER, "trained", True)):
        answers = [said(question(number), number == 0 or right) for number in range(4)]
        write_results(tmp_path / FOLDER / name, {"crossthink_corpus": answers}, f"pretrained={model}")
    text = str(before_and_after(tmp_path))
    assert "| base | corpus | 4 | 1 | 25.00 |" in text
    assert "| trained | corpus | 4 | +75.00 |" in text


def test_one_of_the_two_is_no_comparison(tmp_path: Path) -> None:
    write_results(tmp_path / FOLDER / AFTER, {"crossthink_corpus": [said(question(1), True)]})
    assert before_and_after(tmp_path) is None
