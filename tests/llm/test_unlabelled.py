"""Which rows wait for a label and which are learned on: with a build's ids, by hash, and free of other faults."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.unlabelled import KEPT, Rows, unlabelled_rows
from crossthink_data.pipeline import build
from crossthink_data.plan import make_plan
from crossthink_data.recipe import load_recipe
from tests.hub_fixture import Hub
from tests.hub_store import seed
from tests.part_labelled import CODES, SUMS, WAIT, gold, part_labelled, question, rows_of
from tests.side_tables import labels_of
from tests.small import RECIPE, REMOVED_WORD, bad_code_rows, code_rows, sum_rows, write_lines


def questions(frame: pl.DataFrame) -> list[str]:
    return [question(row) for row in frame.iter_rows(named=True)]


def sum_texts(first: int, last: int) -> list[str]:
    return [f"What is {i} plus {3 * i}?" for i in range(first, last)]


def test_rows_without_a_gold_and_rows_with_one(tmp_path: Path) -> None:
    rows = rows_of(part_labelled(tmp_path))
    assert rows.unlabelled.columns == rows.validation.columns == list(KEPT)
    for frame, (codes, sums) in ((rows.unlabelled, (WAIT, WAIT)), (rows.validation, (CODES - WAIT, SUMS - WAIT))):
        assert dict(frame.group_by("source").len().iter_rows()) == {"codes": codes, "sums": sums}
        assert frame["id"].to_list() == sorted(set(frame["id"]))
    waiting = questions(rows.unlabelled.filter(pl.col("source") == "sums"))
    assert sorted(waiting) == sorted(sum_texts(0, WAIT))
    assert rows.unlabelled["answer"].fill_null("").str.strip_chars().unique().to_list() == [""]
    known = rows.validation.with_columns(said=pl.coalesce("answer_label", "answer"))
    assert known["said"].to_list() == [gold(text) for text in questions(known)]


@pytest.mark.parametrize("template", ["as_is", "open", "both"])
def test_ids_are_those_that_a_build_gives(tmp_path: Path, template: str) -> None:
    """Each row, labelled, comes into the pool under its id, with its prompt; so does each validation row."""
    recipe = part_labelled(tmp_path, 8, 10, 5, template=template)
    rows = rows_of(recipe)
    forms = {"as_is": (10, 8), "open": (5, 5), "both": (10, 8)}[template]  # the codes need their options
    assert (len(rows.unlabelled), len(rows.validation)) == forms
    labels = labels_of({row["id"]: gold(question(row)) for row in rows.unlabelled.iter_rows(named=True)}, tmp_path)
    plan = make_plan(load_recipe(str(recipe), [f"labels={labels.folder}"]))
    run = build(plan, tmp_path / "runs", workers=1, tasks=1)
    pool = pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")
    asked = pl.concat([rows.unlabelled, rows.validation]).sort("id")
    assert pool["id"].to_list() == asked["id"].to_list()
    assert pool["prompt"].to_list() == asked["prompt"].to_list()
    assert [row["answer_label"] or row["answer"] for row in pool.iter_rows(named=True)] == list(
        map(gold, questions(asked))
    )


def test_rows_with_another_fault_are_in_neither(tmp_path: Path) -> None:
    """Of three bad rows one only lacks a right option, which a label would give; the others stay out in any case."""
    recipe = part_labelled(tmp_path, 8, 4, 2)
    bad = bad_code_rows()
    write_lines(tmp_path / "codes.jsonl", [*code_rows(8), *bad, *({**row, "right": None, "n": "x"} for row in bad)])
    rows = rows_of(recipe)
    waiting = [text for text in questions(rows.unlabelled) if REMOVED_WORD in text]
    assert waiting == [f"Out of range, {REMOVED_WORD}?"]
    assert not [text for text in questions(rows.validation) if REMOVED_WORD in text]


def test_a_validation_row_has_a_gold_that_a_build_takes(tmp_path: Path) -> None:
    """More than ten words are no gold of general reasoning, and no reason to ask for another."""
    sources = deepcopy(RECIPE["sources"])
    sources["sums"]["category"] = "gpr"
    recipe = part_labelled(tmp_path, 0, 3, 1, sources=sources)
    lines = [*sum_rows(3)[1:], {"problem": "Why is it so?", "result": " ".join(["because"] * 11)}]
    write_lines(tmp_path / "sums.jsonl", [{"problem": "Who?", "result": None}, *lines])
    rows = rows_of(recipe)
    assert questions(rows.unlabelled) == ["Who?"]
    assert sorted(questions(rows.validation)) == sum_texts(1, 3)


def test_a_validation_row_has_the_type_that_a_build_gives_it(tmp_path: Path) -> None:
    """A source may call all golds texts: 1,260 is a number all the same; what cannot be boxed is not learned on."""
    recipe = part_labelled(tmp_path, 0, 3, 1)
    recipe.write_text(recipe.read_text().replace("category: mr", "category: gpr"))
    golds = {"How many?": "1,260", "Who else?": "Ada", "What?": "a{b"}
    lines = [{"problem": text, "result": answer} for text, answer in ({"Who?": None} | golds).items()]
    write_lines(tmp_path / "sums.jsonl", lines)
    rows = rows_of(recipe)
    types = dict(rows.validation.select("answer", "answer_type").iter_rows())
    assert types == {"1,260": "number", "Ada": "text"}
    assert rows.unlabelled["answer_type"].to_list() == ["text"]


def test_a_question_with_a_gold_elsewhere_does_not_wait(tmp_path: Path) -> None:
    """A label could only double that gold, or contradict it, and then both rows would go."""
    recipe = part_labelled(tmp_path, 0, 4, 2)
    write_lines(tmp_path / "sums.jsonl", [*sum_rows(4), *({**row, "result": None} for row in sum_rows(6)[3:])])
    rows = rows_of(recipe)
    assert sorted(questions(rows.unlabelled)) == sum_texts(4, 6)


def test_a_question_that_is_there_twice_waits_once(tmp_path: Path) -> None:
    recipe = part_labelled(tmp_path, 0, 4, 2)
    lines = (tmp_path / "sums.jsonl").read_bytes()
    (tmp_path / "sums.jsonl").write_bytes(lines + lines)
    rows = rows_of(recipe)
    assert (len(rows.unlabelled), len(rows.validation)) == (2, 2)


# ---- which sources


def only_codes_wait(folder: Path) -> Path:
    recipe = part_labelled(folder, 8, 10, 3)
    write_lines(folder / "sums.jsonl", sum_rows(10))
    return recipe


def test_rows_to_learn_on_are_of_sources_that_have_rows_to_label(tmp_path: Path) -> None:
    recipe = only_codes_wait(tmp_path)
    recipe.write_text(recipe.read_text().replace("domain: math", "domain: law"))
    rows = rows_of(recipe)
    assert rows.unlabelled["source"].to_list() == ["codes"] * 3
    assert rows.validation["source"].to_list() == ["codes"] * 5


def test_a_source_that_is_named_is_learned_on_where_the_domain_is_the_same(tmp_path: Path) -> None:
    recipe = only_codes_wait(tmp_path)
    text = recipe.read_text()
    assert set(rows_of(recipe, "codes", "sums").validation["source"]) == {"codes"}  # law and maths
    recipe.write_text(text.replace("domain: math", "domain: law"))
    found = rows_of(recipe, "codes", "sums").validation["source"]
    assert (found.to_list().count("codes"), found.to_list().count("sums")) == (5, 10)


def test_named_sources_alone_are_read(tmp_path: Path) -> None:
    recipe = part_labelled(tmp_path, 8, 10, 3)
    (tmp_path / "codes.jsonl").unlink()
    rows = rows_of(recipe, "sums")
    assert (len(rows.unlabelled), len(rows.validation)) == (3, 7)


def test_an_unknown_source(tmp_path: Path) -> None:
    recipe = part_labelled(tmp_path, 8, 10, 3)
    with pytest.raises(CrossthinkError) as caught:
        rows_of(recipe, "sum")
    assert str(caught.value) == "unknown source 'sum': did you mean 'sums'?"
    plan = make_plan(load_recipe(str(recipe)))
    with pytest.raises(CrossthinkError, match="unknown source 'sum'"):
        unlabelled_rows(plan, ["sum"], 1, None)


@pytest.mark.parametrize("sums", [4, 0])
def test_nothing_to_label(tmp_path: Path, sums: int) -> None:
    recipe = part_labelled(tmp_path, 8, sums, 0)
    with pytest.raises(CrossthinkError, match="codes, sums: no row without a gold is left to label"):
        rows_of(recipe)


# ---- samples


def test_a_sample_goes_by_hash_of_what_a_row_is(tmp_path: Path) -> None:
    """Not by its place, nor by how many other rows there are."""
    recipe = part_labelled(tmp_path)
    rows = rows_of(recipe, validation=20, limit=6)
    assert (len(rows.unlabelled), len(rows.validation)) == (6, 40)  # twenty of each domain
    assert rows.digest == rows_of(recipe, validation=20, limit=6).digest
    for name in ("codes.jsonl", "sums.jsonl"):
        lines = (tmp_path / name).read_bytes().splitlines(keepends=True)
        (tmp_path / name).write_bytes(b"".join(reversed(lines)))
    assert rows_of(recipe, validation=20, limit=6).digest == rows.digest
    more = rows_of(recipe, validation=30, limit=8)
    assert set(rows.unlabelled["id"]) < set(more.unlabelled["id"])
    assert set(rows.validation["id"]) < set(more.validation["id"])
    ranks = {id_: i for i, id_ in enumerate(sorted(rows_of(recipe).unlabelled["id"]))}
    assert sorted(ranks[id_] for id_ in rows.unlabelled["id"]) != list(range(6))  # not the first ids


def test_another_seed_samples_other_rows(tmp_path: Path) -> None:
    one, two = (rows_of(part_labelled(tmp_path, seed=number), limit=6) for number in (1, 2))
    assert set(one.unlabelled["id"]) != set(two.unlabelled["id"])


@pytest.mark.parametrize("change", [{"validation": 39}, {"limit": 11}])
def test_other_rows_have_another_digest(tmp_path: Path, change: dict[str, Any]) -> None:
    recipe = part_labelled(tmp_path)
    given = {"validation": 40, "limit": 12}
    assert rows_of(recipe, **given).digest != rows_of(recipe, **given | change).digest


def test_another_gold_is_another_digest(tmp_path: Path) -> None:
    rows = rows_of(part_labelled(tmp_path))
    changed = rows.validation.with_columns(answer=pl.when(pl.row_index() == 0).then(pl.lit("7")).otherwise("answer"))
    assert Rows(rows.unlabelled, changed).digest != rows.digest


# ---- as a build reads them


def test_a_question_that_a_benchmark_holds_is_neither_asked_nor_learned_on(hub: Hub, tmp_path: Path) -> None:
    held = [{"problem": f"What is {i} plus {3 * i}?", "answer": str(4 * i)} for i in (0, 5)]
    write_lines(tmp_path / "seed" / "HuggingFaceH4" / "MATH-500" / "test.jsonl", held)
    seed(hub.store, tmp_path / "seed")
    sources = deepcopy(RECIPE["sources"])
    sources["sums"]["less"] = ["math500"]
    rows = rows_of(part_labelled(tmp_path, 0, 6, 3, sources=sources))
    assert sorted(questions(rows.unlabelled)) == sum_texts(1, 3)
    assert sorted(questions(rows.validation)) == sum_texts(3, 5)


def test_licence_and_domain_are_those_of_reference_sources(tmp_path: Path) -> None:
    """A row of MMLU has a licence, and stays, where ARC has its question."""

    def choices(i: int) -> dict[str, Any]:
        return {"text": [f"{i} rocks", f"{i} seas"], "label": ["A", "B"]}

    arc = [
        {"id": f"a{i}", "question": f"What is {i}?", "choices": choices(i), "answerKey": "AC"[i % 2]} for i in range(4)
    ]
    mmlu = [
        {"question": f"What is {i}?", "subject": "", "choices": choices(i)["text"], "answer": i % 2 * 9}
        for i in range(2, 6)
    ]
    for name, rows in {"ARC-Easy/train-0.parquet": arc, "all/auxiliary_train-0.parquet": mmlu}.items():
        (tmp_path / name).parent.mkdir()
        pl.DataFrame(rows).write_parquet(tmp_path / name)
    (tmp_path / "main").mkdir()
    book = [{"id": "b", "question_stem": "What is 9?", "choices": choices(9), "answerKey": "A"}]
    pl.DataFrame(book).write_parquet(tmp_path / "main" / "train-0.parquet")
    local = {"path": str(tmp_path), "count": 1}
    path = tmp_path / "r.yaml"
    recipe = {"name": "r", "licenses": ["cc-by-sa-4.0"], "blends": {"nd": {"weights": "count"}}}
    path.write_text(yaml.safe_dump(recipe | {"sources": dict.fromkeys(("mmlu", "arc", "openbookqa"), local)}))
    found = rows_of(path, "mmlu")
    assert questions(found.unlabelled) == ["What is 3?"]
    assert questions(found.validation) == ["What is 2?"]
    assert {*found.unlabelled["domain"], *found.validation["domain"]} == {"stem"}
