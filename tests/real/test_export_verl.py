"""An exported file in verl's own hands: its configuration, its loader and its reward manager, on the processor."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.export import export
from tests.test_export import RIGHT, ROWS, WRONG, reply, write_run

ROOT = Path(__file__).parents[2]
VERL = ROOT / ".venv-verl" / "bin" / "python"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not VERL.exists(), reason="verl is not installed: run `make test-real`"),
]

# A tokenizer of bytes gives each text back as it was. The reward manager gets a row and the tokens of a response.
SCRIPT = """
import json, os, sys
from pathlib import Path

import tokenizers, torch, verl
from hydra import compose, initialize_config_dir
from tensordict import TensorDict
from transformers import PreTrainedTokenizerFast
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

file, options, said, out = sys.argv[1], sys.argv[2].split(), json.loads(sys.argv[3]), sys.argv[4]

letters = tokenizers.pre_tokenizers.ByteLevel.alphabet()
model = tokenizers.models.BPE({letter: i for i, letter in enumerate(sorted(letters))}, [])
bytes_ = tokenizers.Tokenizer(model)
bytes_.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
bytes_.decoder = tokenizers.decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_)
tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{% endfor %}"

with initialize_config_dir(str(Path(verl.__file__).parent / "trainer" / "config"), version_base=None):
    config = compose("ppo_trainer", overrides=[
        f"data.train_files={file}", "data.max_prompt_length=2048", "data.filter_overlong_prompts=True", *options])
rows = RLHFDataset(config.data.train_files, tokenizer, config.data)
manager = load_reward_manager(config, tokenizer)


def reward(row, text):
    tokens = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    batch = TensorDict({"responses": tokens, "attention_mask": torch.ones_like(tokens)}, batch_size=1)
    others = {name: column for name, column in collate_fn([row]).items() if name != "dummy_tensor"}
    return manager.loop.run_until_complete(manager.run_single(DataProto(batch, others)))


Path(out).write_text(json.dumps({
    "rows": [{name: row[name] for name in ("data_source", "ability", "raw_prompt", "index")} for row in rows],
    "rewards": [[reward(row, text) for text in texts] for row, texts in zip(rows, said, strict=True)],
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What verl has of each row, and its rewards of the gold, another right answer and a wrong one."""
    folder = tmp_path_factory.mktemp("verl")
    done = export(str(write_run(folder / "run", ROWS)), "verl", folder / "out")
    said = [[reply(box) for box in (row["answer"], RIGHT[row["id"]], WRONG[row["id"]])] for row in ROWS]
    options = done.reward.removeprefix("verl: ")
    command = [str(VERL), "-c", SCRIPT, done.file, options, json.dumps(said), str(folder / "seen.json")]
    env = os.environ | {"PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "hf"), "HOME": str(folder)}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3_000:]
    return dict(json.loads((folder / "seen.json").read_text()))


def test_its_loader_reads_every_row(seen: dict[str, Any]) -> None:
    assert seen["rows"] == [
        {
            "data_source": f"crossthink/{row['source']}",
            "ability": row["domain"],
            "raw_prompt": row["prompt"],
            "index": i,
        }
        for i, row in enumerate(ROWS)
    ]


def test_its_reward_manager_asks_our_grader(seen: dict[str, Any]) -> None:
    """By the two options that the command prints, in the configuration of `main_ppo`."""
    right, wrong = ({"score": one, "acc": one, "ungradable": 0.0} for one in (1.0, 0.0))
    for row, rewards in zip(ROWS, seen["rewards"], strict=True):
        assert [one["reward_score"] for one in rewards] == [1.0, 1.0, 0.0], row["id"]
        assert [one["reward_extra_info"] for one in rewards] == [right, right, wrong], row["id"]
