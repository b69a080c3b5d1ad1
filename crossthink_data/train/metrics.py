"""Every logged figure as a line of `metrics.jsonl`, whatever else a run reports to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from crossthink_data.train.record import METRICS


class MetricsFile(TrainerCallback):
    """Writes what the trainer logs. A run that is resumed loses the lines of steps that it does again."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keeps the lines up to the step that training goes on from."""
        if state.is_world_process_zero:
            path = Path(str(args.output_dir)) / METRICS
            kept = [line for line in read_metrics(path) if line["step"] <= state.global_step and state.global_step]
            _write(path, kept)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Appends a line."""
        if state.is_world_process_zero and logs:
            with (Path(str(args.output_dir)) / METRICS).open("a", encoding="utf-8") as file:
                file.write(_line({"step": state.global_step, **logs}))


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a metrics file; none where there is no file. A last line that breaks off is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    aside = path.with_suffix(".tmp")
    aside.write_text("".join(map(_line, lines)), encoding="utf-8")
    aside.replace(path)


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"
