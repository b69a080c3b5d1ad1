"""The exact bytes that a model is sent: three items a task, of our own and, by hash, of the mirror."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.benchmark_docs import make_docs
from crossthink_data.benchmarks import ALL_SETS, benchmark_source
from crossthink_data.sources.raw import plan_units, read_unit
from tests.eval_tasks.own_rows import ROWS
from tests.eval_tasks.scripted import Scripted, metrics, on_rows, right, right_at_length, run
from tests.eval_tasks.test_tasks import OF_SETS, rows_of
from tests.support import HUB, needs_hub

HASHES = Path(__file__).parents[1] / "data" / "benchmark_prompts.json"
MCQ = (
    "Reason step by step between <think> and </think>, then give only the letter of the one right option in "
    "\\boxed{}.\nReply in this form: <think>your reasoning</think> \\boxed{letter}"
)
OPEN = (
    "Reason step by step between <think> and </think>, then give only the final answer in \\boxed{}.\n"
    "Reply in this form: <think>your reasoning</think> \\boxed{answer}"
)
SEVERAL = (
    "Reason step by step between <think> and </think>, then give only the letters of all right options, which may be "
    "one or more in \\boxed{}.\nReply in this form: <think>your reasoning</think> \\boxed{letters}"
)
SENT = {
    "crossthink_math500": f"What is $6 \\cdot 7$?\n\n{OPEN}",
    "crossthink_amc23": f"How many miles is it?\n\n{OPEN}",
    "crossthink_mmlu": f"Which gas do plants take in?\n\nA) O2\nB) CO2\nC) N2\nD) He\n\n{MCQ}",
    "crossthink_mmlu_pro": "Which is prime?\n\nA) 4\nB) 6\nC) 8\nD) 9\nE) 10\nF) 12\nG) 14\nH) 15\nI) 16\nJ) 17\n\n"
    + MCQ,
    "crossthink_supergpqa": f"Which colour has the longest wave?\n\nA) red\nB) blue\nC) green\n\n{MCQ}",
    "crossthink_agieval": (
        "The harbour town lived from herring. When the shoals moved north, it grew.\n\n"
        f"What did the town live from?\n\nA) wool\nB) herring\nC) coal\nD) tin\n\n{MCQ}"
    ),
    "crossthink_agieval_math": f"What is $2 + 3$?\n\n{OPEN}",
    "crossthink_agieval_jec_qa_ca": f"下列哪些是质数？\n\nA) 2\nB) 4\nC) 7\nD) 9\n\n{SEVERAL}",
    "crossthink_agieval_gaokao_mathcloze": f"若 $x + 2 = 5$，求 $x$。\n\n{OPEN}",
}


def sent(task: str, **options: Any) -> list[str]:
    model = Scripted(right, options.pop("template", "{prompt}"))
    run(model, on_rows(task, rows_of(task)), **options)
    return [request.args[0] for request in model.requests]


@pytest.mark.parametrize("task", SENT)
def test_the_first_prompt_to_the_letter(task: str) -> None:
    assert sent(task)[0] == SENT[task]


@pytest.mark.parametrize("task", OF_SETS)
def test_a_chat_template_goes_around_the_same_text(task: str) -> None:
    assert sent(task, template="<u>{prompt}<a>", apply_chat_template=True) == [f"<u>{text}<a>" for text in sent(task)]


@pytest.mark.parametrize("task", OF_SETS)
def test_nothing_stops_a_completion_but_its_end(task: str) -> None:
    model = Scripted(right)
    run(model, on_rows(task, rows_of(task)))
    assert {tuple(request.args[1]["until"]) for request in model.requests} == {()}


def test_the_options_of_a_secret_item_are_in_the_order_of_a_hash() -> None:
    prompts = sent("crossthink_gpqa_diamond")[:3]
    assert [sha256(text.encode()).hexdigest()[:16] for text in prompts] == [
        "e31aa7c336861443",
        "958afe673f7aaba4",
        "70040ca6308c5473",
    ]
    assert prompts[0].endswith(MCQ)
    assert "of made-up particle 0" in prompts[0].lower()


# the mirror's rows


def mirror(name: str) -> pl.DataFrame:
    source = benchmark_source(name, golds=True)
    paths = [path for glob in source.files for path in sorted((HUB / str(source.repo)).glob(glob))]
    units = [unit for path in paths for unit in plan_units(source, path, path.name, 0)]
    return pl.concat([raw.frame for unit in units for raw in read_unit(unit, source)])


MIRRORED = [name for name, one in ALL_SETS.items() if (HUB / one.repo).is_dir()]
SIZES = {"math500": 500, "amc23": 40, "mmlu": 14_042, "mmlu_pro": 12_032, "agieval_math": 1_000, "supergpqa": 300}
AT_LENGTH = {"mmlu_pro": 12_031}  # of one an option has an unclosed brace, so no box around it closes


def hashes(prompts: list[str]) -> list[str]:
    return [sha256(text.encode()).hexdigest()[:16] for text in prompts]


@pytest.mark.parametrize("task", OF_SETS)
def test_three_prompts_of_our_own_rows_to_the_byte(task: str) -> None:
    assert hashes(sent(task)[:3]) == json.loads(HASHES.read_text())["own"][task]


@needs_hub
@pytest.mark.parametrize("name", MIRRORED)
def test_three_prompts_of_real_rows_to_the_byte(name: str) -> None:
    docs = make_docs(mirror(name), [name], take=3)
    assert hashes(docs["prompt"].to_list()) == json.loads(HASHES.read_text())["mirror"][name]


@needs_hub
@pytest.mark.parametrize("name", MIRRORED)
def test_every_gold_scores_one(name: str) -> None:
    rows = mirror(name).to_dicts()
    task = f"crossthink_{name}"
    if task not in OF_SETS:
        rows, task = [{**row, "set": name} for row in rows], "crossthink_agieval"
    result = run(Scripted(right), on_rows(task, rows))
    assert metrics(result, task)["acc"] == 1.0
    assert len(rows) == SIZES.get(name, len(rows))


@needs_hub
@pytest.mark.parametrize("name", ["math500", "mmlu", "mmlu_pro", "supergpqa"])
def test_every_gold_at_length_scores_the_ceiling(name: str) -> None:
    result = run(Scripted(right_at_length), on_rows(f"crossthink_{name}", mirror(name).to_dicts()))
    accuracy = metrics(result, f"crossthink_{name}")["acc"]
    assert accuracy * SIZES[name] == pytest.approx(AT_LENGTH.get(name, SIZES[name]))


def test_own_rows_stand_for_every_set() -> None:
    assert set(ROWS) == set(ALL_SETS)
