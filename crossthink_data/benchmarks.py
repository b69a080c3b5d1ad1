"""One table of the benchmarks: where each lies, how an item is read, and what may be published of it.

A benchmark is one data set, or several that are scored as one (AGIEval): then each is a line of its own here, and
`benchmark` names what they belong to. Training data is checked against all of them; the evaluation tasks score them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from crossthink_data.errors import unknown
from crossthink_data.hashing import text_keys
from crossthink_data.sources.base import PolarsType, Source

_TEXTS = pl.List(pl.String)


@dataclass(frozen=True)
class BenchmarkSet:
    """A data set on the Hub that a benchmark is, or is a part of.

    `read` maps a raw frame of `columns` to `source_id` (the item's id, or null: its file and row), `question`,
    `passage` and `options`. `no_publish`: nothing but item hashes and counts may be written anywhere.
    """

    benchmark: str
    repo: str
    revision: str | None  # the pinned commit; None where none was found in public text: `main`
    config: str
    split: str
    files: tuple[str, ...]
    columns: Mapping[str, PolarsType]
    read: Callable[[pl.DataFrame], pl.DataFrame]
    id_column: str | None = None
    no_publish: bool = False


def _items(
    frame: pl.DataFrame, question: str, options: str | None = None, id_: str | None = None, hashed: bool = False
) -> pl.DataFrame:
    """Items whose question stands in a column of its own."""
    rows = frame.select(
        question=pl.col(question).str.strip_chars(),
        passage=pl.lit(None, pl.String),
        options=pl.col(options) if options else pl.lit([], _TEXTS),
        source_id=pl.col(id_) if id_ else pl.lit(None, pl.String),
    )
    keys = pl.Series(text_keys(rows["question"].fill_null("")), dtype=pl.String)
    return rows.with_columns(source_id=keys) if hashed else rows


def _gpqa(frame: pl.DataFrame) -> pl.DataFrame:
    """GPQA's options stand in four columns; the item's id is a hash, as nothing of it may be written."""
    options = pl.concat_list(pl.col(name).str.strip_chars() for name in _GPQA_OPTIONS)
    return _items(frame.with_columns(options=options), "Question", "options", hashed=True)


_GPQA_OPTIONS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def _agieval(frame: pl.DataFrame) -> pl.DataFrame:
    """AGIEval's own prompt: an optional passage, `Q:`, the question, the options or the line that asks for `A:`."""
    parts = pl.col("query").str.extract_groups(r"(?s)^(?<passage>.*?)Q:\s*(?<question>.*)$").struct
    question = parts.field("question").str.replace(r"(?s)\s*(?:Answer Choices:.*|\nA:[^\n]*)$", "")
    passage = parts.field("passage").str.strip_chars()
    choices = pl.col("choices") if "choices" in frame.columns else pl.lit([], _TEXTS)
    return frame.select(
        question=question.fill_null(pl.col("query")).str.strip_chars(),
        passage=pl.when(passage != "").then(passage),
        options=choices.list.eval(pl.element().str.replace(r"^\([A-Z]\)\s*", "")),
        source_id=pl.lit(None, pl.String),
    )


def _agieval_set(name: str, revision: str | None, options: bool = True) -> BenchmarkSet:
    columns = {"query": pl.String(), "choices": _TEXTS} if options else {"query": pl.String()}
    files = ("data/test-*.parquet",)
    return BenchmarkSet("agieval", f"hails/agieval-{name}", revision, "default", "test", files, columns, _agieval)


BENCHMARK_SETS: dict[str, BenchmarkSet] = {
    "math500": BenchmarkSet(
        "math500",
        "HuggingFaceH4/MATH-500",
        "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
        "default",
        "test",
        ("test.jsonl",),
        {"problem": pl.String()},
        partial(_items, question="problem", id_="unique_id"),
        "unique_id",
    ),
    "amc23": BenchmarkSet(
        "amc23",
        "math-ai/amc23",
        None,
        "default",
        "test",
        ("test-*.parquet",),
        {"question": pl.String()},
        partial(_items, question="question", id_="id"),
        "id",
    ),
    "mmlu": BenchmarkSet(
        "mmlu",
        "cais/mmlu",
        "c30699e8356da336a370243923dbaf21066bb9fe",
        "all",
        "test",
        ("all/test-*.parquet",),
        {"question": pl.String(), "choices": _TEXTS},
        partial(_items, question="question", options="choices"),
    ),
    "mmlu_pro": BenchmarkSet(
        "mmlu_pro",
        "TIGER-Lab/MMLU-Pro",
        "b189ec765aa7ed75c8acfea42df31fdae71f97be",
        "default",
        "test",
        ("data/test-*.parquet",),
        {"question": pl.String(), "options": _TEXTS},
        partial(_items, question="question", options="options", id_="question_id"),
        "question_id",
    ),
    "gpqa_diamond": BenchmarkSet(
        "gpqa_diamond",
        "Idavidrein/gpqa",
        "633f5ee89ab8ad4522a9f850766b73f62147ffdd",
        "gpqa_diamond",
        "train",
        ("gpqa_diamond.csv",),
        {"Question": pl.String(), **dict.fromkeys(_GPQA_OPTIONS, pl.String())},
        _gpqa,
        no_publish=True,
    ),
    "agieval_aqua_rat": _agieval_set("aqua-rat", None),
    "agieval_logiqa_en": _agieval_set("logiqa-en", "e01aa0f040456cd8d58ee9986a58b64e26c1b782"),
    "agieval_lsat_ar": _agieval_set("lsat-ar", "052cc636b612f5563329dd182fb6c2cad56681c8"),
    "agieval_lsat_lr": _agieval_set("lsat-lr", "d876c675a8d47aa4d8a6d682ca8400b7d2ffe1c4"),
    "agieval_lsat_rc": _agieval_set("lsat-rc", "432868ea4fa7b50db66d14524d42472dd052b53c"),
    "agieval_sat_en": _agieval_set("sat-en", "848ee12cf003124f5a1e33446fa3cc6d2ec028e4"),
    "agieval_sat_math": _agieval_set("sat-math", "51ab661f5a2e48370671c87c29d037b5b2b4853e"),
    "agieval_math": _agieval_set("math", "c29655ec5d31268835333d5df45aae65773fea78", options=False),
    "supergpqa": BenchmarkSet(
        "supergpqa",
        "m-a-p/SuperGPQA",
        "4430d4458112c7d4497fdcf94d7cc223313d6acf",
        "default",
        "train",
        ("SuperGPQA-all.jsonl",),
        {"question": pl.String(), "options": _TEXTS},
        partial(_items, question="question", options="options", id_="uuid"),
        "uuid",
    ),
}
BENCHMARKS = tuple(dict.fromkeys(one.benchmark for one in BENCHMARK_SETS.values()))


def sets_of(benchmarks: tuple[str, ...]) -> list[str]:
    """The names of the sets that these benchmarks are. Raises CrossthinkError for one that is not known."""
    for name in benchmarks:
        if name not in BENCHMARKS:
            raise unknown("benchmark", name, BENCHMARKS)
    return [name for name, one in BENCHMARK_SETS.items() if one.benchmark in benchmarks]


def benchmark_source(name: str) -> Source:
    """A set as a source of questions, for finding its items in training data."""
    if name not in BENCHMARK_SETS:
        raise unknown("benchmark", name, BENCHMARK_SETS)
    one = BENCHMARK_SETS[name]
    return Source(
        name=name,
        category="gpr",
        question_type="open",
        domain="general",
        license="unknown",
        attribution=one.repo,
        to_rows=one.read,
        columns=one.columns,
        optional={one.id_column: pl.String()} if one.id_column else {},
        repo=one.repo,
        revision=one.revision or "main",
        files=one.files,
    )
