"""The model's card: front matter that machines read, a body that says what was done, and no text that is markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from crossthink_data.report.warnings import trained_style
from crossthink_data.train.markdown import code, fenced
from crossthink_data.train.model_card import CHARTS, FIGURES, model_card
from tests.hub_card import card_errors
from tests.report.written import model_run, question, said, task_run
from tests.train.runs import Line, record, steps


def card(made: Line | None = None, metrics: list[Line] | None = None, **options: Any) -> str:
    return model_card(record() if made is None else made, metrics or [], options.pop("charts", ()), **options)


def front(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text.split("---\n")[1]))


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def settings(text: str) -> dict[str, Any]:
    """What the block of settings says."""
    return dict(yaml.safe_load(text.partition("```yaml\n")[2].partition("\n```")[0]))


# ---- front matter


def test_front_matter() -> None:
    assert front(card()) == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "license": "other",
        "base_model": "acme/base",
        "datasets": ["acme/corpus"],
        "tags": ["trl", "grpo", "reasoning", "crossthink"],
        "prompt_style": "plain",
    }
    assert card_errors(card()) == []


def test_an_adapter_is_of_peft() -> None:
    text = card(record(model_settings={"use_peft": True}))
    assert front(text)["library_name"] == "peft"
    assert "an adapter (PEFT)" in text
    assert "adapter" not in card()


def test_the_method_is_a_tag() -> None:
    assert "sft" in front(card(record("SFT")))["tags"]


@pytest.mark.parametrize("style", ["plain", "chat"])
def test_the_report_reads_the_style_back(tmp_path: Path, style: str) -> None:
    (tmp_path / "README.md").write_text(card(record(prompt_style=style)), encoding="utf-8")
    assert trained_style(model_run(task_run(said(question(1), True)), pretrained=str(tmp_path))) == style


LOCAL = ["/data/runs/mine", "./mine", "../runs/mine", "runs/of/mine", "mine", "-x/mine"]


@pytest.mark.parametrize("name", LOCAL)
def test_what_is_no_id_is_not_linked(name: str) -> None:
    text = card(record(model=name, dataset=name))
    assert not {"base_model", "datasets"} & front(text).keys()
    assert "`mine` after GRPO on `mine`" in text
    assert name == "mine" or name not in text


def test_a_folder_with_the_form_of_an_id_is_not_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme" / "base").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    text = card()
    assert "base_model" not in front(text)
    assert front(text)["datasets"] == ["acme/corpus"]
    assert "\n`base` (a local folder), trained with GRPO" in text
    assert "acme/base" not in text


# ---- licences

LICENSES: list[tuple[dict[str, int], list[str]]] = [
    ({"mit": 1}, []),
    ({"cc-by-nc-4.0": 3}, ["- `cc-by-nc-4.0`: 3 rows, **not for commercial use**"]),
    ({"CC-BY-NC-2.0": 3}, ["- `CC-BY-NC-2.0`: 3 rows, **not for commercial use**"]),
    ({"unknown": 1}, ["- `unknown`: 1 row, **their licence is not established**"]),
    ({"mit": 1, "apache-2.0": 2000}, ["- `apache-2.0`: 2,000 rows\n- `mit`: 1 row\n"]),
    ({"proprietary": 1}, ["- `proprietary`: 1 row\n"]),
    ({}, []),
]


@pytest.mark.parametrize(("licenses", "lines"), LICENSES)
def test_licences(licenses: dict[str, int], lines: list[str]) -> None:
    text = card(record(data={"licenses": licenses}))
    assert front(text)["license"] == "other"  # the rows' alone would say nothing of the base model's
    assert card_errors(text) == []
    told = section(text, "Licences")
    assert "The base model's own licence applies too." in told
    assert all(line in told for line in lines)
    assert ("None of them is unknown" in told) == ("**" not in told)


# ---- what was done


def test_how_to_ask_it() -> None:
    plain = section(card(), "Ask it")
    assert "without a chat template" in plain
    assert "ask(text, max_new_tokens=512" in plain
    chat = section(card(record(prompt_style="chat")), "Ask it")
    assert 'ask([{"role": "user", "content": text}], ' in chat
    assert "does not open `<think>`" in chat
    opened = section(card(record(prompt_style="chat", data={"think_open": True})), "Ask it")
    assert "ends inside `<think>`" in opened
    assert "does not open" not in opened


@pytest.mark.parametrize("style", ["plain", "chat"])
def test_the_example_is_python(style: str) -> None:
    made = record(prompt_style=style, settings={"hub_model_id": "acme/fine"})
    example = card(made).partition("```python\n")[2].partition("```")[0]
    compile(example, "card", "exec")
    assert '"acme/fine"' in example


def test_data_and_rows() -> None:
    told = section(card(), "Training")
    assert "- **Data**: `acme/corpus`, revision `c0ffee`, blend `nd`, split `train`.\n" in told
    assert "1,000 read, 900 chosen, 100 left out because their prompt has more than 1000 tokens.\n" in told
    open_ended = card(record(blend=None, revision=None, data={"used": 860}))
    assert "`acme/corpus`, no revision given, its default blend, split `train`." in open_ended
    assert "tokens, 40 left out because they have no rationale to learn from.\n" in open_ended
    cut = card(record("SFT", data={"used": 860, "cut": 30}, max_length=384))
    assert (
        "1000 tokens, 30 left out because prompt and worked reply have more than 384 tokens, 10 left out because they "
        "have no rationale" in cut
    )


def test_steps() -> None:
    assert "- **Steps**: none logged, on 2 processes." in card()
    assert "- **Steps**: 1,234 done, which took all of the chosen rows, on 2 processes." in card(
        metrics=[{"step": 1234}]
    )


SEEN = [  # steps of 1,024 completions
    (6, {}, "768 of "),  # 8 each
    (7, {}, "896 of "),
    (8, {}, ""),  # 1,024 of 900: all
    (6, {"num_iterations": 2}, "384 of "),  # each batch in two steps
    (6, {"packing": True}, ""),  # not known
]


@pytest.mark.parametrize(("done", "fixed", "said"), SEEN)
def test_the_rows_that_training_took(done: int, fixed: Line, said: str) -> None:
    text = card(record(**fixed), [{"step": done}])
    assert f"trained with GRPO\non {said}900 rows of `acme/corpus` by" in text
    assert ("of which training took some" in section(text, "Licences")) == bool(said)


def test_a_warm_up_takes_a_row_an_example() -> None:
    made = record("SFT") | {"examples_per_step": 4}
    for name in ("num_generations", "max_completion_length"):
        del made["fixed"][name]
    assert "trained with SFT\non 24 of 900 rows of" in card(made, [{"step": 6}])


def test_versions() -> None:
    assert "torch `2.13.0`, trl `1.16.0`." in section(card(), "Made with")
    assert "by crossthink `0.1.0`" in card()


def test_settings_are_a_config() -> None:
    found = settings(card(record(settings={"learning_rate": 1e-6}, model_settings={"dtype": "bfloat16"}, beta=None)))
    assert found["learning_rate"] == 1e-6
    assert (found["dtype"], found["num_generations"], found["reward"]) == ("bfloat16", 8, "combined")
    assert not {"beta", "model", "dataset", "rows"} & found.keys()


# ---- figures and curves


def test_first_and_last_are_means_over_a_tenth() -> None:
    """Of rewards 1 to 25: the first two and the last two."""
    text = card(metrics=steps(25))
    assert "| `reward` | mean reward of a completion | 1.500 | 24.500 | 25 |\n" in text
    assert "| `tokens_right` | mean tokens of right completions | 100 | 100 | 25 |\n" in text


def test_a_short_run_has_its_first_and_last_step() -> None:
    assert "| 1.000 | 3.000 | 3 |" in card(metrics=steps(3))


def test_figures_that_were_not_logged_have_no_row() -> None:
    lines: list[Line] = [
        {"step": 1, "reward": None, "loss": 2.0},
        {"step": 2, "loss": -0.0001},
        {"step": 3, "train_loss": 1.0},
    ]
    rows = [line for line in card(metrics=lines).splitlines() if line.startswith("| `")]
    assert rows == ["| `loss` | loss | 2.000 | 0.000 | 2 |"]
    assert "## What the log says" not in card(metrics=[{"step": 1}])


def test_every_figure_can_have_a_row() -> None:
    text = card(metrics=[{"step": 1, **dict.fromkeys(FIGURES, 1.0)}])
    assert [name for name in FIGURES if f"| `{name}` |" not in text] == []


def test_curves_are_shown_where_they_are() -> None:
    shown = re.findall(r"!\[.+\]\((.+)\)", card(charts=["loss.png", "rewards.png", "other.png"]))
    assert shown == ["curves/rewards.png", "curves/loss.png"]
    assert len(re.findall(r"!\[", card(charts=CHARTS))) == 4
    assert "![" not in card()


def test_an_evaluation_has_a_section() -> None:
    assert section(card(evaluation="\n| a | b |\n"), "Evaluation") == "\n| a | b |\n"
    assert "## Evaluation" not in card()


# ---- text of others

HOSTILE = [
    "`",
    "a`b``c",
    "``` \n# Owned\n```",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://evil)",
    "a|b\n|---|",
    "{{ 7 * 7 }}{% raw %}",
    "x\n---\nprompt_style: chat\n---\n",
    "**bold** _it_ &amp; \\",
    "x: {y: [z",
]


def markup(text: str) -> list[tuple[str, str]]:
    """The card as CommonMark and GFM's tables have it: kinds of its parts, and the text that is not code."""
    parts = MarkdownIt("commonmark").enable("table").parse(text.split("---\n", 2)[2])
    flat = [one for part in parts for one in (part.children or [part])]
    return [(one.type, one.content if one.type == "text" else "") for one in flat]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_code(text: str) -> None:
    made = record(
        model=text,
        dataset=text,
        revision=text,
        blend=text,
        split=text,
        model_revision=text,
        data={"licenses": {text: 900}},
        settings={"chat_template_path": text, "hub_model_id": text},
    )
    made |= {"crossthink_version": text, "versions": {"torch": text}}
    other = card(made)
    plain = card(record(model="x", dataset="x", data={"licenses": {"x": 900}}) | {"versions": {"torch": "x"}})
    assert markup(other) == markup(plain)
    assert front(other) == front(plain)
    assert "chat_template_path" in other


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_setting_stays_in_its_block(text: str) -> None:
    whole = card(record(settings={"chat_template_path": text}))
    block = re.search(r"(?ms)^(`{3,})yaml\n(.*?)\n\1$", whole)
    assert block
    assert yaml.safe_load(block[2])["chat_template_path"] == text


CODE = [
    ("a", "`a`"),
    ("a`b", "``a`b``"),
    ("`a", "`` `a ``"),
    ("a``b`", "``` a``b` ```"),
    (" a\n\tb ", "`a b`"),
    ("", "`  `"),
]


@pytest.mark.parametrize(("text", "marked"), CODE)
def test_code(text: str, marked: str) -> None:
    assert code(text) == marked


def test_fenced() -> None:
    assert fenced("a\n", "yaml") == "```yaml\na\n```"
    assert fenced("````\n", "") == "`````\n````\n`````"


# ---- what is nobody's business

TOKEN = "hf_" + "x1Y2" * 8


def test_no_secret_and_no_place_is_shown() -> None:
    asked = {
        "hub_token": TOKEN,
        "wandb_api_key": "sesame",
        "model_init_kwargs": {"token": "sesame", "use_cache": False, "deep": [{"password": "sesame"}]},
        "notes": f"with {TOKEN}",
        "proxy": "http://me:sesame@host/x",
        "deepspeed": "/home/sesame/zero3.json",
        "output_dir": "/home/sesame/out",
        "vllm_server_host": "sesame",
        "hub_strategy": "sesame",
        "report_to": ["sesame"],
    }
    text = card(record(settings=asked, model="/home/sesame/base"), evaluation=f"Asked with {TOKEN}.")
    assert "sesame" not in text
    assert TOKEN not in text
    assert settings(text)["model_init_kwargs"] == {"use_cache": False, "deep": [{}]}
    assert settings(text)["deepspeed"] == "zero3.json"
    assert settings(text)["proxy"] == "http://…@host/x"
