"""The model's card, made from the run: what it was trained on and how, how to ask it, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from crossthink_data.card import markdown_templates
from crossthink_data.report.warnings import STYLE
from crossthink_data.sources.base import UNKNOWN_LICENSE
from crossthink_data.train.curves import FOLDER, Metrics, series
from crossthink_data.train.markdown import code, fenced
from crossthink_data.train.record import FIXED, SECRET_NAME

Record = Mapping[str, Any]  # as `read_record` gives it

FIGURES = {  # of the log, in words
    "reward": "mean reward of a completion",
    "accuracy": "share of completions that are right",
    "format": "share of completions in the form asked for",
    "no_answer": "share of completions without an answer",
    "cut_off": "share of completions that were cut off",
    "ungradable": "share of completions that could not be graded",
    "no_spread": "share of prompts whose completions all got the same reward",
    "tokens_right": "mean tokens of right completions",
    "completions/mean_length": "mean tokens of all completions",
    "kl": "KL divergence from the base model",
    "loss": "loss",
    "mean_token_accuracy": "share of tokens that the model itself would have taken",
}
CHARTS = {
    "rewards.png": "reward, accuracy, format and prompts without spread over steps",
    "domains.png": "accuracy by domain over steps",
    "tokens.png": "tokens of a completion over steps",
    "loss.png": "loss over steps",
}
_TENTH = 10
_TOLD = {"dataset", "blend", "revision", "split", "rows", STYLE, "model", "model_revision", "model_name_or_path"}
_FOLLOWS = "generation_batch_size"  # from the rest, where it was not asked for
_ELSEWHERE = {"output_dir", "logging_dir", "run_name", "project", "report_to", "resume_from_checkpoint", "push_to_hub"}
_ELSEWHERE_PREFIXES = ("hub_", "trackio_", "vllm_server_")  # where a run's files and figures went
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_SECRET = re.compile(r"\bhf_[A-Za-z0-9]{16,}|(?<=://)[^/\s@]+(?=@)")  # a token of the Hub; a login inside a URL


def model_card(record: Record, metrics: Metrics, charts: Collection[str], evaluation: str | None = None) -> str:
    """README.md of a model; `charts`: the file names in `FOLDER` that are there, `evaluation`: a section's Markdown."""
    environment = markdown_templates()
    environment.filters |= {"code": code, "fenced": fenced}  # which keep text of others text
    fixed, steps = record[FIXED], int(max(series(metrics, "step")[0], default=0))
    body = environment.get_template("model.md.jinja").render(
        record=record,
        fixed=fixed,
        data=record["data"],
        model=name_of(fixed["model"]),
        dataset=name_of(fixed["dataset"]),
        local={name: Path(fixed[name]).is_dir() for name in ("model", "dataset")},
        repo_id=own_id(record),
        adapter=is_adapter(record),
        licenses=[(name, rows, restriction(name)) for name, rows in license_rows(record).items()],
        settings=yaml.safe_dump(settings(record), sort_keys=False, allow_unicode=True),
        steps=steps,
        seen=rows_seen(record, steps),
        figures=figures(metrics),
        charts={f"{FOLDER}/{name}": said for name, said in CHARTS.items() if name in charts},
        evaluation=evaluation,
    )
    return _SECRET.sub("…", f"---\n{front_matter(record)}---\n\n{body}")


def front_matter(record: Record) -> str:
    """YAML front matter: what the Hub links and filters by, and the prompt style, which `crossthink report` reads."""
    fixed = record[FIXED]
    front = {
        "library_name": "peft" if is_adapter(record) else "transformers",
        "pipeline_tag": "text-generation",
        "license": "other",  # the base model's and the rows', which the card names
        **({"base_model": fixed["model"]} if on_hub(fixed["model"]) else {}),
        **({"datasets": [fixed["dataset"]]} if on_hub(fixed["dataset"]) else {}),
        "tags": ["trl", record["method"].lower(), "reasoning", "crossthink"],
        STYLE: fixed[STYLE],
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def license_rows(record: Record) -> dict[str, int]:
    """Rows by licence, the most frequent first."""
    return dict(sorted(record["data"]["licenses"].items(), key=lambda item: (-item[1], item[0])))


def rows_seen(record: Record, steps: int) -> int | None:
    """How many rows so many steps took, at most all; None where that is not known."""
    fixed = record[FIXED]
    if not steps or fixed.get("packing"):
        return None
    per_row = fixed.get("num_generations", 1) * fixed.get("num_iterations", 1)
    return int(min(steps * record["examples_per_step"] // per_row, record["data"]["used"]))


def restriction(license_: str) -> str:
    """What to mind of a licence, in words; empty where there is nothing."""
    if license_ == UNKNOWN_LICENSE:
        return "their licence is not established"
    return "not for commercial use" if "-nc" in license_.lower() else ""


def figures(metrics: Metrics) -> list[dict[str, str]]:
    """Each figure that was logged: the means of the first and of the last tenth of its values, and their number."""
    rows = []
    for name, said in FIGURES.items():
        values = series(metrics, name)[1]
        some = max(1, len(values) // _TENTH)
        if values:
            first, last = (_number(sum(part) / some) for part in (values[:some], values[-some:]))
            rows.append({"name": name, "said": said, "first": first, "last": last, "logged": f"{len(values):,}"})
    return rows


def settings(record: Record) -> dict[str, Any]:
    """What was asked for beside model and data: no secret, and no place on the machine that trained."""
    fixed = {name: value for name, value in record[FIXED].items() if name != _FOLLOWS}
    asked = {**fixed, **record["settings"], **record["model_settings"]}
    kept = {name: value for name, value in asked.items() if name not in _TOLD | _ELSEWHERE}
    return dict(_public({name: value for name, value in kept.items() if not name.startswith(_ELSEWHERE_PREFIXES)}))


def _public(value: Any) -> Any:
    """A setting without the secrets and nulls inside it; a path is only its last part."""
    if isinstance(value, Mapping):
        shown = {name: one for name, one in value.items() if one is not None and not SECRET_NAME.search(str(name))}
        return {name: _public(one) for name, one in shown.items()}
    if isinstance(value, list | tuple):
        return [_public(one) for one in value]
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value


def on_hub(name: str) -> bool:
    """Whether a name is ORG/NAME, and no folder of that name is here."""
    return bool(_HUB_ID.fullmatch(name)) and not Path(name).is_dir()


def name_of(given: str) -> str:
    """A model's or data set's name to publish: of a folder, its last part alone."""
    return given if on_hub(given) else Path(given).name or given


def own_id(record: Record) -> str:
    """The model's own id on the Hub where it is known; else the folder that the card lies in."""
    given = str(record["settings"].get("hub_model_id"))
    return given if _HUB_ID.fullmatch(given) else "."


def is_adapter(record: Record) -> bool:
    """Whether what is saved is a PEFT adapter to the base model."""
    return bool(record["model_settings"].get("use_peft"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:z.3f}"
