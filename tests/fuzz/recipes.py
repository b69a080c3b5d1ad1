"""Settings that nobody would write: recipes, `--set`, training configs, manifests, results of lm-eval, phrases.

Either they are read, or a CrossthinkError says what is wrong; nothing is run and nothing grows.
`python -m tests.fuzz.recipes --cases 100000 --seed 1`, or `--seconds 60`.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import yaml

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.personas import read_phrases
from crossthink_data.llm.prompt_files import PromptFile, prompt_file
from crossthink_data.manifest import read_manifest
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.recipe import RECIPES, Recipe, load_recipe, recipe_text
from crossthink_data.report.results import read_results
from crossthink_data.side_table import ROWS_FILE, open_table
from crossthink_data.train.config_file import check_types, read_config
from crossthink_data.train.options import CorpusArguments, RewardArguments, RunArguments
from tests.fuzz import odd, runner
from tests.report.written import choice, question, said, write_results
from tests.small import RECIPE
from tests.test_manifest import manifest_of

NAME = "odd"  # in the name of every file and folder here: an error must say which it is about

_BITS = [
    b": ",
    b"- ",
    b"\n",
    b"\n  ",
    b"\t",
    b"&a ",
    b"*a",
    b"!!python/object/apply:os.system ['true']",
    b"!!python/name:os.x",
]
_BITS += [
    b"!!binary aa",
    b"!!set {a}",
    b"!!timestamp 2020-99-99",
    b"2020-13-45",
    b"!!int a",
    b"!!float a",
    b"!!null",
    b"!a",
]
_BITS += [
    b"<<: *a",
    b"---\n",
    b"...\n",
    b"%YAML 9.9\n",
    b"? ",
    b"| ",
    b"> ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"'",
    b'"',
    b"#",
    b"null",
]
_BITS += [
    b"0o17",
    b"1e999",
    b".nan",
    b".inf",
    b"9" * 5000,
    b"0x" + b"f" * 5000,
    b"1:30:59",
    b"\xff",
    b"\x00",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"~",
    b"=",
]
_WHOLE = [
    "",
    "a",
    "[]",
    "{}",
    "null",
    "- a\n- b",
    "&a [*a]",
    "&a {b: *a}",
    "? [a, b]\n: c",
    "!!python/object:os.x {}",
    "1: 2",
    "{[a]: b}",
]
_KEYS = [
    "seed",
    "size",
    "sources",
    "sources.codes",
    "sources.codes.count",
    "sources.codes.columns",
    "sources.a.b.c",
    "blends",
]
_KEYS += [
    "blends.nd",
    "blends.nd.weights",
    "splits.test",
    "licenses",
    "filters",
    "near_dedup",
    "",
    ".",
    "a..b",
    "name",
    "labels",
]


# ---- recipes


def recipe_file(generator: random.Random, folder: Path) -> str | None:
    """A recipe's file, with settings over it."""
    path = folder / f"{NAME}.yaml"
    path.write_bytes(_yaml(_recipes(), generator))
    return _loaded(str(path), [setting(generator) for _ in range(generator.choice([0, 0, 1, 2]))])


def settings(generator: random.Random, folder: Path) -> str | None:
    """A good recipe, by its name or an odd one, with settings over it."""
    name = generator.choice(
        ["paper_open", "starter", "starter", f"{NAME}{odd.text(generator)}", f"{NAME}/{odd.text(generator)}.yaml"]
    )
    try:
        return _loaded(name, [setting(generator) for _ in range(generator.randrange(4))])
    except CrossthinkError as error:
        told = (name, repr(name), f"{NAME}/", "--set", f"{name}.yaml: ")
        return None if any(one in str(error) for one in told) else str(error)


def _loaded(name: str, given: list[str]) -> str | None:
    try:
        loaded = load_recipe(name, given)
    except CrossthinkError as error:
        if any(str(error).startswith(f"--set {one}") for one in given):
            return None
        raise
    if not isinstance(loaded, Recipe):
        return f"a {type(loaded).__name__}"
    loaded.model_dump_json()  # what a run's hash is of
    return None


def setting(generator: random.Random) -> str:
    """A `--set` of any key, with a value of any form."""
    key = generator.choice([*_KEYS, odd.text(generator)])
    values = [
        odd.text(generator),
        json.dumps(odd.value(generator)),
        generator.choice(_WHOLE),
        "null",
        "7",
        "{a: " * 200,
    ]
    if generator.randrange(40) == 0:
        return generator.choice([key, f"{key}={_bomb(generator)}"])
    return f"{key}={generator.choice(values)}"


@cache
def _recipes() -> list[dict[str, Any]]:
    bundled = [yaml.safe_load(recipe_text(path.stem)) for path in sorted(RECIPES.glob("*.yaml"))]
    return [*[RECIPE] * 8, *bundled]


def _yaml(whole: list[dict[str, Any]], generator: random.Random) -> bytes:
    """A text of YAML: a good one with other values, or with slips of the pen, or something else altogether."""
    kind = generator.randrange(24)
    if kind == 0:
        return generator.choice([*_WHOLE, *[_bomb(generator)] * 3]).encode()
    if kind == 1:
        return _deep(generator).encode()
    data = changed(generator.choice(whole), generator)
    try:
        text = yaml.dump(data, sort_keys=False, allow_unicode=bool(generator.randrange(2)), Dumper=_DUMPER)
    except (UnicodeEncodeError, RecursionError):  # what JSON can spell; almost all JSON is YAML
        text = json.dumps(data)
    written = text.encode("utf-8", "surrogatepass")
    if kind < 14:
        return written
    return odd.mutated(odd.recoded(written, generator), generator, _BITS)


_DUMPER = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper


def _bomb(generator: random.Random) -> str:
    """A text of a few hundred characters that means very many values."""
    first, into = generator.choice([("[x, x, x]", "[{}]"), ("{x: y}", "{{<<: [{}]}}"), ("{x: y}", "{{? [{}] : a}}")])
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{i}: &a{i} {into.format(', '.join([f'*a{i - 1}'] * 9))}" for i in range(1, 10)]
    end = generator.choice(
        ["", "sources: *a9", "blends: {nd: {weights: *a9}}", "name: *a9", "licenses: *a9", "size: *a9"]
    )
    return "\n".join([*lines, end])


def _deep(generator: random.Random) -> str:
    depth = generator.choice([50, 300, 1_000, 5_000])
    return generator.choice(
        ["[" * depth, "[" * depth + "]" * depth, "{a: " * depth, "- " * depth, "? " * depth, "!!set " * depth]
    )


def changed(data: Any, generator: random.Random) -> Any:
    """A copy with one to three places changed: another value, none, a copy of another place, or one more key."""
    data = deepcopy(data)
    for _ in range(generator.randrange(1, 4)):
        places = _places(data)
        if not places:
            return data
        parent, key = generator.choice(places)
        kind = generator.randrange(6)
        if kind == 0:
            del parent[key]
        elif kind == 1:
            other, at = generator.choice(places)
            parent[key] = deepcopy(other[at])
        elif kind == 2 and isinstance(parent, dict):
            parent[generator.choice([odd.text(generator), "size", "columns", "path", "license"])] = odd.value(generator)
        elif kind == 3 and isinstance(parent, dict):
            parent[odd.text(generator)] = parent.pop(key)
        else:
            parent[key] = odd.value(generator)
    return data


def _places(data: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value inside."""
    if not isinstance(data, dict | list):
        return []
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    return [(data, key) for key in keys] + [place for key in keys for place in _places(data[key])]


# ---- training configs, manifests, phrases


_CONFIG = {
    "model_name_or_path": "a/b",
    "dataset": "c",
    "blend": "nd",
    "max_steps": 2,
    "learning_rate": 1e-6,
    "env": {"COLOUR": 7},
}
_TABLE = {"kind": "difficulty", "settings": {}, "hash": "ab", "files": {ROWS_FILE: {"sha256": "00"}}}


def config(generator: random.Random, folder: Path) -> str | None:
    """A training config."""
    path = folder / f"{NAME}.yaml"
    path.write_bytes(_yaml([_CONFIG], generator))
    with patch.dict(os.environ):
        try:
            words, read = read_config(["--config", str(path), *generator.choice([[], ["--seed", "3"]])])
            check_types(read, (CorpusArguments, RewardArguments, RunArguments))
        except CrossthinkError as error:
            if "in the config" in str(error):  # it names the option, and there is one config
                return None
            raise
    return None if isinstance(read, dict) and "--config" not in words else f"{words} {read}"


def manifest(generator: random.Random, folder: Path) -> str | None:
    """A manifest of a run and of a side table."""
    inside = folder / NAME
    inside.mkdir()
    (inside / ROWS_FILE).write_bytes(b"x")
    content = manifest_of(inside) | _TABLE if generator.random() < 0.5 else manifest_of(inside)
    (inside / MANIFEST).write_bytes(json_bytes(content, generator))
    for read in (read_manifest, lambda where: open_table(where, "difficulty")):
        try:
            read(inside)
        except CrossthinkError as error:
            if NAME not in str(error):
                return str(error)
    return None


def json_bytes(data: Any, generator: random.Random) -> bytes:
    """A value changed and written as JSON, mostly whole."""
    if generator.randrange(20) == 0:
        return generator.choice(
            [b"", b"[" * 100_000, b'{"a":' * 5_000, b"9" * 5_000, b'{"files": ' + b"9" * 5_000 + b"}", b"NaN", b"[]"]
        )
    written = json.dumps(changed(data, generator), ensure_ascii=bool(generator.randrange(2))).encode(
        "utf-8", "surrogatepass"
    )
    return odd.mutated(odd.recoded(written, generator), generator) if generator.randrange(3) == 0 else written


def phrases(generator: random.Random, folder: Path) -> str | None:
    """A list of personas or skills, and the name of a prompt."""
    path = folder / f"{NAME}{generator.choice(['.txt', '.jsonl'])}"
    data = "\n".join(json.dumps({"persona": odd.value(generator)}) for _ in range(3)).encode()
    path.write_bytes(odd.mutated(odd.recoded(data, generator), generator) if generator.randrange(2) else data)
    name = f"{NAME}{odd.text(generator)}"[:100]
    try:
        if not isinstance(prompt_file(name), PromptFile):
            return name
    except CrossthinkError as error:
        if repr(name) not in str(error):
            return str(error)
    found = read_phrases(path, "persona")
    return None if found and all(isinstance(one, str) for one in found) else f"{found!r}"


# ---- results


def results(generator: random.Random, folder: Path) -> str | None:
    """Results and samples of lm-eval, one of the two changed."""
    inside = folder / NAME
    inside.mkdir()
    kind = generator.choice(["results", "samples"])
    target = generator.choice([name for name in result_files() if name.startswith(kind)])
    for name, data in result_files().items():
        (inside / name).write_bytes(changed_lines(data, generator) if name == target else data)
    models = read_results([inside])
    return None if models and all(model.tasks for model in models) else f"{models!r}"


def changed_lines(data: bytes, generator: random.Random) -> bytes:
    """A file of JSON or of JSON lines with one line changed."""
    lines = data.splitlines()
    at = generator.randrange(len(lines))
    if data.startswith(b"{\n"):  # one object over many lines
        return json_bytes(json.loads(data), generator)
    lines[at] = json_bytes(json.loads(lines[at]), generator)
    return b"\n".join(lines)


@cache
def result_files() -> Mapping[str, bytes]:
    """Results and samples of two tasks, by the names of their files."""
    tasks = {
        "crossthink_math500": [said(question(n, level="Level 1"), True, False) for n in range(3)],
        "crossthink_corpus": [said(choice(n), True) for n in range(2)],
    }
    with TemporaryDirectory() as folder:
        inside = write_results(Path(folder), tasks).parent
        return {path.name: path.read_bytes() for path in sorted(inside.iterdir())}


# ---- one case

TARGETS: dict[runner.Target, int] = {  # and how many of a hundred cases each has
    recipe_file: 45,
    settings: 15,
    config: 10,
    manifest: 10,
    phrases: 5,
    results: 15,
}


def check(generator: random.Random) -> str | None:
    """A file, and what is wrong with how it is read."""
    return runner.one_of(TARGETS, generator, NAME)


if __name__ == "__main__":
    sys.exit(runner.main(check, __doc__))
