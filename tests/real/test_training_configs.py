"""The configs in `training/`, through the scripts' own parser and accelerate's own loader."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossthink_data.errors import CrossthinkError

pytest.importorskip("trl", reason="trl is not installed: run `make test-real`")

pytestmark = pytest.mark.real

TRAINING = Path(__file__).parents[2] / "training"
WARM_UP = {"smollm2-sft": "only_gpr", "smollm2-sft-gpu": "gpr_up"}  # and its blend
NAMES = sorted(path.stem for path in (TRAINING / "configs").glob("*.yaml"))
GRPO = [name for name in NAMES if name not in WARM_UP]
QWEN = [name for name in GRPO if name.startswith("qwen")]

PAPER = {
    "num_generations": 8,
    "num_iterations": 1,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "learning_rate": 1e-6,
    "loss_type": "grpo",
    "scale_rewards": "group",
    "beta": 0.001,
    "use_bias_correction_kl": False,
    "epsilon": 0.2,  # unconfirmed
    "max_steps": 650,
    "warmup_steps": 0,
}


def path_of(name: str) -> Path:
    return TRAINING / "configs" / f"{name}.yaml"


def keys_of(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(path_of(name).read_text(encoding="utf-8")))


def parsed(config: Path, *options: str) -> tuple[Any, Any, Any, Any]:
    """Corpus, reward, TRL's config and model of a dry run, as training/grpo.py parses them."""
    from trl import GRPOConfig, ModelConfig

    from crossthink_data.train.options import CorpusArguments, RewardArguments, RunArguments
    from crossthink_data.train.parse import parse

    kinds = (CorpusArguments, RewardArguments, RunArguments, GRPOConfig, ModelConfig)
    corpus, reward, _, args, model, _ = parse(kinds, ["--config", str(config), "--dry_run", *options])
    return corpus, reward, args, model


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """A function that writes a config and gives its path."""

    def write(**keys: object) -> Path:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump({"dataset": "published/starter", "output_dir": str(tmp_path), **keys}))
        return config

    return write


# ---- the files


@pytest.mark.parametrize("name", GRPO)
def test_a_config_parses(name: str) -> None:
    _, _, args, model = parsed(path_of(name))
    assert keys_of(name)["parameters"] > 0  # for a dry run without a network
    assert model.model_name_or_path
    assert args.output_dir == f"runs/{name}"


@pytest.mark.parametrize("name", WARM_UP)
def test_a_warm_up_s_config_parses(name: str) -> None:
    from trl import ModelConfig, SFTConfig

    from crossthink_data.train.options import CorpusArguments
    from crossthink_data.train.parse import parse

    options = ["--config", str(path_of(name)), "--use_cpu", "true", "--bf16", "false"]  # there is no GPU here
    corpus, args, model, _ = parse((CorpusArguments, SFTConfig, ModelConfig), options)
    assert keys_of(name).get("use_cpu", False) == (name == "smollm2-sft")
    assert (corpus.blend, args.output_dir, model.dtype) == (WARM_UP[name], f"runs/{name}", "float32")
    assert corpus.max_prompt_tokens < args.max_length


def test_the_gpu_s_warm_up_teaches_replies_as_long_as_its_grpo_allows() -> None:
    warm_up, grpo = keys_of("smollm2-sft-gpu"), keys_of("smollm2-gpu")
    assert warm_up["max_prompt_tokens"] == grpo["max_prompt_tokens"]
    assert warm_up["max_length"] == grpo["max_prompt_tokens"] + grpo["max_completion_length"]


@pytest.mark.parametrize("name", QWEN)
def test_the_paper_s_values(name: str) -> None:
    corpus, reward, args, model = parsed(path_of(name))
    adapter = {"learning_rate": 1e-5} if name.endswith("-lora") else {}
    assert {key: getattr(args, key) for key in PAPER} == {**PAPER, **adapter}
    assert args.lr_scheduler_type.value == "constant"
    assert reward.prompts_per_step == 128
    assert reward.reward == "combined"
    assert corpus.blend == "gpr_up"
    assert corpus.max_prompt_tokens + args.max_completion_length == 5000
    assert model.model_name_or_path == ("Qwen/Qwen2.5-32B" if "32b" in name else "Qwen/Qwen2.5-7B")


@pytest.mark.parametrize("name", QWEN)
def test_on_policy_with_an_exact_state(name: str) -> None:
    """One generation a step, weights in 32 bits, and vLLM's context no less than prompt and completion."""
    corpus, _, args, model = parsed(path_of(name))
    assert args.generation_batch_size == 1024
    assert model.dtype == "float32"
    assert args.vllm_max_model_length in (None, corpus.max_prompt_tokens + args.max_completion_length)


@pytest.mark.parametrize("name", QWEN)
def test_each_line_says_whose_it_is(name: str) -> None:
    lines = [line for line in path_of(name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    marks = ("# paper", "# ours", "the paper", "--dry_run")
    silent = [line for line in lines if not any(mark in line for mark in marks)]
    assert not silent


@pytest.mark.parametrize(
    ("name", "differ"),
    [
        (
            "qwen2.5-7b-server",
            {"vllm_mode", "vllm_server_base_url", "vllm_gpu_memory_utilization", "vllm_max_model_length"},
        ),
        (
            "qwen2.5-7b-lora",
            {"use_peft", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "learning_rate"},
        ),
        (
            "qwen2.5-32b",
            {
                *("model_name_or_path", "parameters", "per_device_train_batch_size"),
                *("vllm_tensor_parallel_size", "vllm_enable_sleep_mode"),
            },
        ),
    ],
)
def test_a_variant_differs_in_its_own_keys_alone(name: str, differ: set[str]) -> None:
    base, variant = keys_of("qwen2.5-7b"), keys_of(name)
    assert {key for key in base | variant if base.get(key) != variant.get(key)} == {"output_dir", *differ}


# ---- the step


@pytest.mark.parametrize("name", QWEN)
@pytest.mark.parametrize("processes", [1, 2, 4, 8, 16, 64])
def test_a_step_is_128_prompts_whatever_the_processes(
    name: str, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossthink_data.train.options import RunArguments
    from crossthink_data.train.plan import plan

    monkeypatch.setenv("WORLD_SIZE", str(processes))
    corpus, _, args, model = parsed(path_of(name))
    assert args.gradient_accumulation_steps * args.per_device_train_batch_size * processes == 1024  # 128 x 8
    step = plan(corpus, RunArguments(parameters=1.0), args, model)
    assert (step["prompts_per_step"], step["num_generations"], step["processes"]) == (128, 8, processes)
    assert os.environ["WORLD_SIZE"] == str(processes)


@pytest.mark.parametrize(
    ("processes", "per_device", "numbers", "cures"),
    [
        (3, 4, "1024, which 3 processes x 4", ("and the number of processes", "--prompts_per_step 129")),
        (8, 5, "1024, which 8 processes x 5", ("--per_device_train_batch_size 4", "--prompts_per_step 130")),
    ],
)
def test_what_does_not_divide_names_the_numbers_and_both_cures(
    processes: int, per_device: int, numbers: str, cures: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    with pytest.raises(CrossthinkError) as raised:
        parsed(path_of("qwen2.5-7b"), "--per_device_train_batch_size", str(per_device))
    message = str(raised.value)
    assert f"128 prompts x 8 completions are {numbers} at a time" in message
    assert all(cure in message for cure in cures)


@pytest.mark.parametrize("cure", [("--per_device_train_batch_size", "4"), ("--prompts_per_step", "130")])
def test_either_cure_is_enough(cure: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert parsed(path_of("qwen2.5-7b"), "--per_device_train_batch_size", "5", *cure)


def test_an_accumulation_of_one_s_own_must_be_the_one_that_follows() -> None:
    assert parsed(path_of("smollm2-cpu"), "--gradient_accumulation_steps", "2")  # 4 x 4 = 8 x 2
    for other in ("1", "3"):
        with pytest.raises(CrossthinkError, match=f"steps {other}, but 4 prompts a step need 2 with 1 process"):
            parsed(path_of("smollm2-cpu"), "--gradient_accumulation_steps", other)


def test_no_prompts_a_step_is_an_error() -> None:
    with pytest.raises(CrossthinkError, match="each must be 1 or more"):
        parsed(path_of("smollm2-cpu"), "--prompts_per_step", "0")


def test_a_dry_run_for_many_processes_checks_the_groups_of_all_of_them(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two completions at a time are no group of eight; four processes of them are."""
    config = written(per_device_train_batch_size=2, num_generations=8)
    with pytest.raises(CrossthinkError, match="must be divisible by num_generations"):
        parsed(config)
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert parsed(config)[2].generation_batch_size == 8
    assert parsed(config, "--steps_per_generation", "3")[2].generation_batch_size == 24


# ---- what is not known


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"prompt_per_step": 4}, "unknown key in the config 'prompt_per_step': did you mean 'prompts_per_step'"),
        ({"reward": "seperate"}, "unknown value of reward 'seperate': did you mean 'separate'"),
        ({"reward_policy": "strickt"}, "unknown value of reward_policy 'strickt': did you mean 'strict'"),
        ({"curriculum": "hardest"}, "unknown value of curriculum 'hardest': did you mean 'hard_first'"),
        ({"dtype": "bf16"}, "unknown value of dtype 'bf16': did you mean 'bfloat16'"),
        ({"max_steps": "many"}, "invalid int value: 'many'"),
        ({"max_steps": 2.5}, "max_steps is 2.5 in the config, of type float: give int"),
        ({"prompts_per_step": 4.0}, "prompts_per_step is 4.0 in the config, of type float: give int"),
        ({"blend": ["nd"]}, "blend is ['nd'] in the config, of type list: give str"),
        ({"env": 5}, "env is 5 in the config"),
        ({"loss_type": "grpoo"}, "unknown value of loss_type 'grpoo': did you mean 'grpo'"),
        ({"max_prompt_tokens": -5}, "--max_prompt_tokens -5 is less than 1"),
        ({"eval_strategy": "steps"}, "--eval_strategy steps, but there are no rows to evaluate on"),
        ({"push_to_hub": True, "hub_strategy": "every_save"}, "--hub_strategy every_save would publish"),
    ],
)
def test_a_config_s_mistake_is_an_error_with_what_was_meant(written: Any, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(CrossthinkError) as raised:
        parsed(written(**keys))
    assert said in str(raised.value)


def test_a_value_that_is_not_given_is_the_default(written: Any) -> None:
    assert parsed(written(blend=None, prompt_style=None))[0].prompt_style is None


def test_an_unknown_option_is_an_error_with_a_near_name() -> None:
    with pytest.raises(CrossthinkError, match="unknown option 'max_stps': did you mean 'max_steps'"):
        parsed(path_of("smollm2-cpu"), "--max_stps=3")


def test_what_is_published_is_so_at_the_end(written: Any) -> None:
    assert parsed(written(push_to_hub=True))[2].hub_strategy.value == "end"


@pytest.mark.parametrize("options", [("--max_steps=3", "--json"), ("--max_st", "3", "--json")])
def test_what_was_asked_for_is_known(written: Any, options: tuple[str, ...]) -> None:
    from trl import GRPOConfig, ModelConfig

    from crossthink_data.train.options import CorpusArguments, RewardArguments, RunArguments
    from crossthink_data.train.parse import parse

    kinds = (CorpusArguments, RewardArguments, RunArguments, GRPOConfig, ModelConfig)
    *_, asked = parse(kinds, ["--config", str(written(seed=1)), "--use_cpu", "true", "--bf16", "false", *options])
    assert asked == {"dataset", "output_dir", "seed", "use_cpu", "bf16", "max_steps", "json"}


@pytest.mark.parametrize("name", GRPO)
def test_the_card_s_settings_are_a_config_of_the_same_run(name: str, written: Any) -> None:
    import datasets
    from trl import GRPOConfig, ModelConfig

    from crossthink_data.train.data import TrainingRows
    from crossthink_data.train.describe import describe
    from crossthink_data.train.model_card import settings
    from crossthink_data.train.options import CorpusArguments, RewardArguments, RunArguments
    from crossthink_data.train.parse import parse

    kinds = (CorpusArguments, RewardArguments, RunArguments, GRPOConfig, ModelConfig)
    rows = TrainingRows(datasets.Dataset.from_dict({"id": ["a"]}), "plain", False, 1, 0, {})

    def recorded(config: Path, *options: str) -> Any:
        corpus, reward, _, args, model, asked = parse(kinds, ["--config", str(config), "--dry_run", *options])
        return describe("GRPO", corpus, rows, model, args, asked, reward)

    first = recorded(path_of(name))
    shown = settings(first)
    assert not {"debug", "include_for_metrics", "accelerator_config", "disable_tqdm"} & shown.keys()
    elsewhere = {key: keys_of(name)[key] for key in ("model_name_or_path", "dataset", "blend")}
    again = recorded(written(**{**shown, **elsewhere}))
    assert again["fixed"] == first["fixed"]
    assert settings(again) == shown


# ---- accelerate


def launched(name: str) -> Any:
    from accelerate.commands.config.config_args import load_config_from_file

    return load_config_from_file(str(TRAINING / "accelerate" / f"{name}.yaml"))


@pytest.mark.parametrize(("name", "kind"), [("ddp", "MULTI_GPU"), ("fsdp2", "FSDP"), ("deepspeed_zero3", "DEEPSPEED")])
def test_accelerate_s_configs(name: str, kind: str) -> None:
    config = launched(name)
    assert config.distributed_type.value == kind
    assert (config.num_processes, config.num_machines, config.mixed_precision) == (8, 1, "bf16")


def test_no_config_of_accelerate_is_left_out() -> None:
    assert {path.stem for path in (TRAINING / "accelerate").glob("*.yaml")} == {"ddp", "fsdp2", "deepspeed_zero3"}


def test_sharded_runs_save_models_that_load() -> None:
    sharded = launched("fsdp2").fsdp_config
    assert sharded["fsdp_version"] == 2
    assert sharded["fsdp_state_dict_type"] == "FULL_STATE_DICT"
    assert sharded["fsdp_cpu_ram_efficient_loading"] is False  # the reference would be empty but in one process
    assert launched("deepspeed_zero3").deepspeed_config["zero3_save_16bit_model"] is True


def test_the_accumulation_is_the_trainer_s() -> None:
    """Another one in DeepSpeed's config would be an error, or a step of another size."""
    config = launched("deepspeed_zero3").deepspeed_config
    assert config["zero_stage"] == 3
    assert "gradient_accumulation_steps" not in config
