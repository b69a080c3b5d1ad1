"""Warm-up on a published blend: rows with a rationale become completions in the form that the reward asks for.

    accelerate launch training/sft.py --config training/configs/smollm2-sft.yaml

A model that never writes the think block and the box has the reward 0 everywhere, and GRPO learns nothing from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trl import ModelConfig, SFTConfig, SFTTrainer, get_peft_config, get_quantization_config

from crossthink_data.train.data import training_rows
from crossthink_data.train.describe import describe
from crossthink_data.train.disk import explained
from crossthink_data.train.finish import finish, write_card
from crossthink_data.train.launch import run
from crossthink_data.train.loading import init_kwargs, tokenizer_of
from crossthink_data.train.metrics import MetricsFile
from crossthink_data.train.options import CorpusArguments
from crossthink_data.train.parse import parse
from crossthink_data.train.record import begin
from crossthink_data.train.worked import COLUMNS, worked_rows


class Trainer(SFTTrainer):
    """TRL's trainer, whose cards say what the model was trained on."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Writes the card, from the run's own record."""
        if self.is_world_process_zero():
            write_card(Path(str(self.args.output_dir)))


def main() -> None:
    """Trains, saves, and describes what came out."""
    corpus, args, model, given = parse((CorpusArguments, SFTConfig, ModelConfig))
    tokenizer = tokenizer_of(model, args)
    data = worked_rows(training_rows(corpus, tokenizer, kept=COLUMNS), tokenizer, args.max_length)
    record = describe("SFT", corpus, data, model, args, given)
    checkpoint = begin(Path(args.output_dir), record, args.resume_from_checkpoint, write=args.process_index == 0)
    args.model_init_kwargs = init_kwargs(model, args)
    trainer = Trainer(
        model=model.model_name_or_path,
        args=args,
        train_dataset=data.rows,
        processing_class=tokenizer,
        callbacks=[MetricsFile()],
        quantization_config=get_quantization_config(model),
        peft_config=get_peft_config(model),
    )
    with explained(Path(args.output_dir)):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        finish(trainer)


if __name__ == "__main__":
    run(main)
