"""GRPO on a published blend: TRL trains; this gives it the rows, the reward, the log and the model's card.

    accelerate launch training/grpo.py --config training/configs/qwen2.5-7b.yaml
    crossthink train --config training/configs/smollm2-cpu.yaml --max_steps 4        # one process

Options, in the YAML file or behind it: all of TRL's GRPOConfig and ModelConfig, and `crossthink_data.train.options`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object
from trl import GRPOConfig, GRPOTrainer, ModelConfig, get_peft_config, get_quantization_config

from crossthink_data.train.data import training_rows
from crossthink_data.train.describe import describe, steps_of_a_generation
from crossthink_data.train.disk import explained
from crossthink_data.train.evaluate import AFTER, BEFORE, FOLDER, base_model, evaluate, trained_model
from crossthink_data.train.finish import finish, write_card
from crossthink_data.train.launch import run
from crossthink_data.train.loading import init_kwargs, tokenizer_of
from crossthink_data.train.metrics import MetricsFile, read_metrics
from crossthink_data.train.options import CorpusArguments, RewardArguments, RunArguments
from crossthink_data.train.parse import parse
from crossthink_data.train.plan import echo, plan
from crossthink_data.train.record import METRICS, begin
from crossthink_data.train.reward import FormatReward, LoggedReward, had_spread


class Trainer(GRPOTrainer):
    """TRL's trainer, whose cards say what the model was trained on."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Writes the card, from the run's own record."""
        if self.is_world_process_zero():
            write_card(Path(str(self.args.output_dir)))


def main() -> None:
    """Trains, saves, and describes what came out."""
    corpus, rewards, asked, args, model, given = parse(
        (CorpusArguments, RewardArguments, RunArguments, GRPOConfig, ModelConfig)
    )
    if asked.dry_run:
        return echo(plan(corpus, asked, args, model), asked.json)

    tokenizer = tokenizer_of(model, args, padding_side="left")
    data = training_rows(corpus, tokenizer, args.chat_template_kwargs)
    record = describe("GRPO", corpus, data, model, args, given, rewards)
    out = Path(args.output_dir)
    every, is_main = steps_of_a_generation(args), args.process_index == 0
    checkpoint = begin(out, record, args.resume_from_checkpoint, is_main, every)
    judge = partial(evaluate, corpus=corpus, asked=asked, style=data.style) if asked.evaluate else None
    if judge and is_main and not checkpoint:
        judge(base_model(model, args), out=out / FOLDER / BEFORE)

    accuracy = LoggedReward(
        kind="combined" if rewards.reward == "combined" else "accuracy",
        policy=rewards.reward_policy,
        generations=args.num_generations,
        max_tokens=args.max_completion_length,
        gather=gather_object,
        patience=rewards.spread_patience,
        weights=args.reward_weights or (1.0, 1.0),
        spread=checkpoint is not None and had_spread(read_metrics(checkpoint.parent / METRICS)),
    )
    args.model_init_kwargs = init_kwargs(model, args)
    trainer = Trainer(
        model=model.model_name_or_path,
        reward_funcs=[accuracy] if rewards.reward == "combined" else [accuracy, FormatReward(accuracy)],
        args=args,
        train_dataset=data.rows,
        processing_class=tokenizer,
        callbacks=[MetricsFile()],
        quantization_config=get_quantization_config(model),
        peft_config=get_peft_config(model),
    )
    accuracy.ends = frozenset(trainer.eos_token_ids)
    with explained(Path(args.output_dir)):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        finish(trainer, judge and partial(judge, trained_model(model, args), out=out / FOLDER / AFTER))


if __name__ == "__main__":
    run(main)
