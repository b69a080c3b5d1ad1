"""Files that nobody would write, given to the command in this process: it ends with 0, or with 2 and one message.

`python -m tests.fuzz.cli --cases 2000 --seed 1`, or `--seconds 60`.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import polars as pl
import yaml

from crossthink_data import contamination
from crossthink_data.benchmark_index import ITEMS, BenchmarkIndex, build_index
from crossthink_data.cli import main
from crossthink_data.decontaminate import Decontamination
from crossthink_data.manifest_file import MANIFEST
from tests.command import Ran
from tests.fuzz import odd, recipes, runner, tables
from tests.small import RECIPE, build_tiny, code_rows, sum_rows, write_lines

_ODD = "odd"


def ran(*arguments: object) -> Ran:
    """The command with these arguments. What is no exit goes through."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    argv = ["crossthink", *map(str, arguments)]
    with patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def fault(given: Ran) -> str | None:
    """What is wrong with how the command ended, or None."""
    if given.code == 0:
        return None
    told = given.err.strip()
    if given.code != 2 or "Traceback" in told or "crossthink: " not in told:
        return f"exit {given.code}: {told[-1500:]}"
    return None


# ---- commands


def grade(generator: random.Random, folder: Path) -> Ran:
    """Completions of any form, in a file of any kind."""
    path = folder / f"{_ODD}{generator.choice(['.jsonl', '.json', '.parquet'])}"
    columns = {
        "completion": pl.String(),
        "answer": pl.String(),
        "options": pl.List(pl.String()),
        "answer_label": pl.String(),
    }
    rows = [odd.row(columns, generator) for _ in range(generator.randrange(1, 5))]
    for row in rows:
        if generator.randrange(2):
            row["completion"] = f"\\boxed{{{row.get('answer')}}}"
    tables.write(path, rows, generator)
    out = ["--out", folder / f"out{generator.choice(['.jsonl', '.parquet'])}"] if generator.randrange(2) else []
    more = generator.choice([[], ["--json"], ["--explain"], ["--flexible"], ["--policy", "any"]])
    return ran("grade", path, "--workers", 1, "--quiet", *out, *more)


def build(generator: random.Random, folder: Path) -> Ran:
    """A small recipe, or the files that it names, changed."""
    data = recipes.changed(RECIPE, generator) if generator.randrange(3) == 0 else RECIPE
    write_lines(folder / "sums.jsonl", sum_rows(4))
    path = write_lines(folder / "codes.jsonl", code_rows(4))
    if generator.randrange(2):
        lines = [
            *code_rows(2),
            *(
                odd.row({"ask": pl.String(), "choices": pl.List(pl.String()), "right": pl.Int64()}, generator)
                for _ in range(3)
            ),
        ]
        path.write_bytes(tables.lines(lines, generator))
    if generator.randrange(3) == 0:
        path.write_bytes(odd.mutated(path.read_bytes(), generator))
    recipe = folder / f"{_ODD}.yaml"
    recipe.write_text(
        json.dumps(data) if generator.randrange(2) else yaml.safe_dump(data, sort_keys=False),
        encoding="utf-8",
        errors="surrogatepass",
    )
    more = generator.choice([[], ["--json"], ["--limit", "2"], ["--set", recipes.setting(generator)]])
    return ran("build", recipe, "--out", folder / "runs", "--workers", 1, "--tasks", 1, "--quiet", *more)


def run_folder(generator: random.Random, folder: Path) -> Ran:
    """A run, one of its files changed, for every command that reads runs."""
    where = shutil.copytree(_run(), folder / _ODD)
    files = sorted(path for path in where.rglob("*") if path.is_file())
    path = where / MANIFEST if generator.randrange(2) else generator.choice(files)
    if path.suffix == ".json" and generator.randrange(4):
        path.write_bytes(recipes.json_bytes(json.loads(path.read_bytes()), generator))
    elif generator.randrange(8) == 0:
        path.unlink()
    elif path.suffix == ".parquet" and generator.randrange(3) == 0:
        tables.write_parquet(path, [odd.row({"id": pl.String(), "question": pl.String()}, generator)], generator)
    else:
        path.write_bytes(odd.mutated(path.read_bytes(), generator))
    form = generator.choice(["verl", "nemo-rl", "openrlhf", "sft"])
    commands: list[list[object]] = [
        ["show", where],
        ["show", where, "--blend", "nd", "--json"],
        ["show", where, "--contamination"],
        ["diff", where, _run()],
        ["diff", _run(), where, "--json"],
        ["export", where, "--format", form, "--out", folder / "out"],
    ]
    return ran(*generator.choice(commands))


@cache
def _run() -> Path:
    """A finished run; read it, do not change it."""
    return build_tiny(Path(_kept().name)).folder


@cache
def _kept() -> TemporaryDirectory[str]:
    """A folder until the process ends."""
    return TemporaryDirectory(prefix="fuzz-run-")


def report(generator: random.Random, folder: Path) -> Ran:
    """Results of lm-eval, one file of them changed."""
    inside = folder / _ODD
    inside.mkdir()
    names = list(recipes.result_files())
    target = generator.choice(names)
    for name, data in recipes.result_files().items():
        (inside / name).write_bytes(recipes.changed_lines(data, generator) if name == target else data)
    more = generator.choice([[], ["--json"], ["--md", f"{folder}/a.md"], ["--paper", "none"]])
    return ran("report", inside, *more)


def contaminated(generator: random.Random, folder: Path) -> Ran:
    """Any data set, against an index of one question."""
    path = folder / f"{_ODD}{generator.choice(tables.SUFFIXES)}"
    columns = {generator.choice(["question", "prompt", "problem"]): pl.String(), "options": pl.List(pl.String())}
    tables.write(path, [odd.row(columns, generator) for _ in range(generator.randrange(1, 5))], generator)
    more = generator.choice(
        [[], ["--json"], ["--question", "question"], ["--options", "options"], ["--options", "A,B"]]
    )
    with patch.object(contamination, "_index", lambda on_progress: (_index(), {})):
        return ran("contamination", generator.choice([path, folder]), "--out", folder / "out", "--quiet", *more)


@cache
def _index() -> BenchmarkIndex:
    items = pl.DataFrame(
        {
            "benchmark": ["math500"],
            "set": ["math500"],
            "item": ["1"],
            "no_publish": [False],
            "question": ["How many roads must a man walk down before you call him a man in the end?"],
            "passage": [None],
            "options": [[]],
        },
        schema=ITEMS.schema,
    )
    settings = Decontamination()
    return build_index(items, settings.ngram, settings.max_shared)


# ---- one case

Target = Callable[[random.Random, Path], Ran]
TARGETS: dict[Target, int] = {  # and how many of a hundred cases each has
    grade: 25,
    run_folder: 30,
    report: 15,
    contaminated: 20,
    build: 10,
}


def check(generator: random.Random) -> str | None:
    """A command on a file, and what is wrong with how it ends."""
    target = generator.choices(list(TARGETS), list(TARGETS.values()))[0]
    with TemporaryDirectory() as folder, _inside(Path(folder)):
        found = fault(target(generator, Path(folder)))
    return found and f"{target.__name__}: {found}"


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """In a folder of its own, out of reach of the Hub."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with patch.dict(os.environ, {"CROSSTHINK_DEBUG": ""}):
            yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    sys.exit(runner.main(check, __doc__))
