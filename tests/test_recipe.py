"""Recipes: what each wrong one says, and what settings lay over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from crossthink_data.errors import CrossthinkError
from crossthink_data.recipe import Recipe, load_recipe, recipe_names

COLUMNS = {"question": "ask", "answer": "say"}
SOURCE = {"columns": COLUMNS, "files": ["rows.jsonl"]}
RECIPE: dict[str, Any] = {"name": "mine", "sources": {"trivia": SOURCE}, "blends": {"nd": {"weights": {"trivia": 1}}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def load(file: Path, *settings: str, **changes: Any) -> Recipe:
    file.write_text(yaml.safe_dump(RECIPE | changes))
    return load_recipe(str(file), list(settings))


def error(file: Path, *settings: str, **changes: Any) -> str:
    with pytest.raises(CrossthinkError) as caught:
        load(file, *settings, **changes)
    return str(caught.value)


def test_a_small_recipe_and_its_defaults(file: Path) -> None:
    recipe = load(file)
    assert (recipe.template, recipe.size, recipe.max_bad_lines, recipe.licenses) == ("as_is", 83_200, 100, None)
    assert recipe.filters.max_answer_words == 10
    assert recipe.sources["trivia"].category == "gpr"


def test_licences_are_compared_in_small_letters(file: Path) -> None:
    assert load(file, licenses=["MIT", "CC-BY-4.0"]).licenses == ("mit", "cc-by-4.0")


def test_a_bare_source_is_there_and_one_set_to_null_is_not(file: Path) -> None:
    changes = {"sources": {"trivia": SOURCE, "gsm8k": None, "arc": None}}
    assert set(load(file, "sources.arc=null", **changes).sources) == {"trivia", "gsm8k"}


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_of_the_package_are_valid(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name


def test_the_package_brings_these_recipes() -> None:
    assert {"starter", "paper", "paper_open", "open"} <= set(recipe_names())


BAD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    # the whole
    ({"name": "My Recipe"}, ("name:", "pattern", "'My Recipe'")),
    ({"seeed": 3}, ("seeed:", "not permitted")),
    ({"seed": "x"}, ("seed:", "integer", "'x'")),
    ({"size": 0}, ("size:", "greater than or equal to 1", "0")),
    ({"size": 10**10 + 1}, ("size:", "less than or equal to 10000000000", "10000000001")),
    ({"size": 10**23}, ("size:", "less than or equal to 10000000000")),
    ({"max_bad_lines": -1}, ("max_bad_lines:", "greater than or equal to 0")),
    ({"template": "shut"}, ("template:", "'as_is', 'open' or 'both'", "'shut'")),
    ({"template": {"open": 1}}, ("template:", "'as_is', 'open' or 'both'")),  # a mapping where a word is wanted
    ({"licenses": ["apache2"]}, ("licenses:", "unknown licence 'apache2'", "'apache-2.0'")),
    ({"filters": {"max_answer_words": 0}}, ("filters.max_answer_words:", "greater than or equal to 1")),
    ({"filters": {"max_words": 5}}, ("filters.max_words:", "not permitted")),
    ({"splits": {"dev": 0.1}}, ("splits.dev", "'validation' or 'test'")),
    ({"splits": {"test": 0.5}}, ("splits.test:", "less than 0.5")),
    ({"splits": {"test": 0}}, ("splits.test:", "greater than 0")),
    # sources
    ({"sources": {}}, ("sources:", "at least 1")),
    ({"sources": ["trivia"]}, ("sources:", "dictionary")),
    ({"sources": "trivia"}, ("sources:", "dictionary")),
    ({"sources": {"a:b": SOURCE}}, ("sources.a:b", "pattern")),
    ({"sources": {"trivia": {"file": ["x"]}}}, ("sources.trivia.file:", "not permitted")),
    ({"sources": {"trivia": {"count": -1}}}, ("sources.trivia.count:", "greater than or equal to 0")),
    ({"sources": {"trivia": {"repo": "a/b"}}}, ("sources.trivia:", "give columns too")),
    ({"sources": {"trivia": {"columns": COLUMNS}}}, ("sources.trivia:", "needs files")),
    ({"sources": {"trivia": {**SOURCE, "columns": {"question": "q"}}}}, ("columns:", "exactly one of answer")),
    (
        {"sources": {"trivia": {**SOURCE, "columns": {**COLUMNS, "answer_label": "l"}}}},
        ("sources.trivia.columns:", "exactly one of answer, answer_index and answer_label"),
    ),
    (
        {"sources": {"trivia": {**SOURCE, "columns": {"question": "q", "answer_index": "i"}}}},
        ("sources.trivia.columns:", "need options"),
    ),
    ({"sources": {"trivia": {**SOURCE, "domain": "physics"}}}, ("sources.trivia.domain:", "'stem'", "'physics'")),
    # blends
    ({"blends": {}}, ("blends:", "at least 1")),
    ({"blends": {"pool": {"weights": "count"}}}, ("blends: pool", "every run has")),
    ({"blends": {"B 1": {"weights": "count"}}}, ("blends.B 1", "pattern")),
    ({"blends": {"nd": {}}}, ("blends.nd:", "exactly one of weights, shares and scores")),
    ({"blends": {"nd": {"weights": "count", "shares": {"gpr": 1}}}}, ("blends.nd:", "exactly one")),
    ({"blends": {"nd": {"weights": "counts"}}}, ("blends.nd.weights:", "'count'", "'counts'")),
    (
        {"blends": {"nd": {"weights": {"trivia": -1}}}},
        ("blends.nd.weights.trivia:", "greater than or equal to 0", "-1"),
    ),
    ({"blends": {"nd": {"weights": {"trivia": 0.9}}}}, ("blends.nd:", "must sum to 1", "0.9")),
    ({"blends": {"nd": {"weights": {"trivia": float("nan")}}}}, ("blends.nd.weights.trivia:", "finite")),
    ({"blends": {"nd": {"shares": {"gpr": float("inf")}}}}, ("blends.nd.shares.gpr:", "finite")),
    ({"blends": {"nd": {"shares": {"gpr": 0}}}}, ("blends.nd:", "above 0")),
    ({"blends": {"nd": {"shares": {"grp": 1}}}}, ("blends.nd.shares.grp", "'gpr', 'mr', 'mcq' or 'open'")),
    ({"blends": {"nd": {"shares": {"gpr": 1, "open": 1}}}}, ("blends.nd:", "not by both")),
    ({"blends": {"nd": {"scores": {"trivia": 0}}}}, ("blends.nd:", "above 0")),
    (
        {"blends": {"nd": {"weights": {"trivai": 1}}}},
        ("blends.nd:", "unknown source 'trivai'", "did you mean 'trivia'?"),
    ),
    ({"blends": {"nd": {"scores": {"zzz": 1}}}}, ("blends.nd:", "unknown source 'zzz'", "there are: trivia")),
]


@pytest.mark.parametrize(("changes", "parts"), BAD)
def test_an_error_names_file_field_and_rule(file: Path, changes: dict[str, Any], parts: tuple[str, ...]) -> None:
    text = error(file, **changes)
    assert all(line.startswith(f"{file}: ") for line in text.splitlines())
    for part in parts:
        assert part in text


def test_one_wrong_weight_is_one_line(file: Path) -> None:
    assert len(error(file, blends={"nd": {"weights": {"trivia": -1}}}).splitlines()) == 1


def test_every_error_is_named_at_once(file: Path) -> None:
    fields = [line.split(": ")[1] for line in error(file, size=0, seed="x").splitlines()]
    assert sorted(fields) == ["seed", "size"]


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\tx: 1"])
def test_a_file_that_is_no_yaml(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(CrossthinkError, match="not YAML") as caught:
        load_recipe(str(file))
    assert str(caught.value).startswith(f"{file}: ")
    assert "line 1" in str(caught.value)


BOMBS: list[tuple[str, str, str]] = [
    ("aliases of aliases", "&a{} [{}]", "[x, x, x]"),
    ("merges of merges", "&a{} {{<<: [{}]}}", "{x: y}"),
]


@pytest.mark.parametrize(("line", "first"), [bomb[1:] for bomb in BOMBS], ids=[bomb[0] for bomb in BOMBS])
def test_a_few_lines_that_stand_for_very_many_values(file: Path, line: str, first: str) -> None:
    more = [line.format(n, ", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 9)]
    file.write_text("\n".join(f"k{n}: {one}" for n, one in enumerate([f"&a0 {first}", *more])))
    with pytest.raises(CrossthinkError, match="not YAML: more than 100,000 values"):
        load_recipe(str(file))


ODD = [
    ("deep", "a: " + "[" * 5_000, "RecursionError"),
    ("within its bounds, but deep", "a: " + "[" * 60 + "]" * 60, "nested more than 50 deep"),
    ("inside itself", "a: &a [*a]", "nested more than 50 deep"),
    ("a day that there is not", "a: 2020-13-45", "ValueError"),
    ("no number", "a: !!int b", "ValueError"),
    ("no truth", "a: !!bool b", "KeyError"),
    ("a number too long", f"a: {'9' * 5_000}", "ValueError"),
    ("half a character", r'a: "\ud800"', "surrogates not allowed"),
    ("code", "a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in ODD], ids=[case[0] for case in ODD])
def test_a_value_that_cannot_be_read(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(CrossthinkError, match=f"not YAML: .*{said}") as caught:
        load_recipe(str(file))
    assert str(caught.value).startswith(f"{file}: ")
    with pytest.raises(CrossthinkError, match=f"^--set size=.*the value is not YAML: .*{said}"):
        load(file, f"size={text.removeprefix('a: ')}")


@pytest.mark.parametrize("content", [b"", b"- a list", b"a text", b"3"])
def test_a_file_that_is_no_mapping(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(CrossthinkError, match="a recipe is a mapping with name, sources and blends"):
        load_recipe(str(file))


def test_a_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CrossthinkError, match="not YAML"):
        load_recipe(str(file))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("papr", "unknown recipe 'papr': did you mean 'paper'"),
        ("zzz", "unknown recipe 'zzz': there are: open, paper"),
        ("nowhere/mine.yaml", "no recipe file nowhere/mine.yaml: check the path, or name one of open, paper"),
        ("x" * 5_000 + ".yaml", "no recipe file x"),
    ],
)
def test_a_recipe_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(CrossthinkError) as caught:
        load_recipe(name)
    assert str(caught.value).startswith(message)


def test_settings_change_fields_by_dotted_keys_and_yaml_values(file: Path) -> None:
    recipe = load(file, "seed=7", "filters.max_answer_words=3", "sources.trivia.count=12", "licenses=[mit]")
    assert (recipe.seed, recipe.filters.max_answer_words, recipe.sources["trivia"].count) == (7, 3, 12)
    assert recipe.licenses == ("mit",)


def test_a_value_may_hold_an_equals_sign(file: Path) -> None:
    assert load(file, "description=a=b").description == "a=b"


def test_a_later_setting_wins(file: Path) -> None:
    assert load(file, "seed=1", "seed=2").seed == 2


def test_null_leaves_a_source_or_a_blend_out(file: Path) -> None:
    two = {"trivia": SOURCE, "other": SOURCE}
    blends = {"nd": {"weights": {"trivia": 1}}, "more": {"weights": {"other": 1}}}
    recipe = load(file, "sources.other=null", "blends.more=null", sources=two, blends=blends)
    assert (list(recipe.sources), list(recipe.blends)) == (["trivia"], ["nd"])


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("seed", ("--set seed", "KEY=VALUE", "--set seed=7")),
        ("seed=[1", ("--set seed=[1", "not YAML")),
        ("name.x=1", ("--set name.x=1", "name holds no fields")),
        ("sources.trivia.files.0=b", ("--set sources.trivia.files.0=b", "files holds no fields")),
        ("seeed=1", ("seeed", "not permitted")),
        ("blends.nd.weights.trivia=0.5", ("blends.nd", "must sum to 1")),
        ("sources.trivia=null", ("sources", "at least 1")),
    ],
)
def test_a_wrong_setting(file: Path, setting: str, parts: tuple[str, ...]) -> None:
    text = error(file, setting)
    for part in parts:
        assert part in text


def test_local_paths_are_relative_to_the_recipes_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    known = {"arc": {"path": "data"}, "trivia": SOURCE, "there": {**SOURCE, "files": ["/srv/rows.jsonl"]}}
    recipe = load(file, sources=known)
    assert recipe.sources["arc"].path == file.parent / "data"
    assert recipe.sources["trivia"].files == (str(file.parent / "rows.jsonl"),)
    assert recipe.sources["there"].files == ("/srv/rows.jsonl",)


def test_globs_inside_a_repository_stay_as_they_are(file: Path) -> None:
    hub = {**SOURCE, "repo": "org/name", "files": ["data/*.parquet"]}
    assert load(file, sources={"trivia": hub}).sources["trivia"].files == ("data/*.parquet",)
