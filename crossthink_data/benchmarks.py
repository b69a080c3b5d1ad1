"""One table of the benchmarks: where each lies, how an item and its gold are read, what may be published of it.

A benchmark is one data set, or several that are scored as one (AGIEval): then each is a line of its own here, and
`benchmark` names what they belong to. Training data is checked against BENCHMARK_SETS, which are the seven; the
evaluation tasks score them, and MORE_SETS besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from crossthink_data.benchmark_reading import (
    GPQA_OPTIONS,
    MMLU_AREA,
    NUMBERS,
    TEXTS,
    agieval_items,
    gold_first,
    gold_index,
    gold_indices,
    gold_letter,
    gold_number,
    gold_text,
    gpqa_items,
    plain_items,
)
from crossthink_data.errors import unknown
from crossthink_data.sources.base import PolarsType, Source

Reader = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class BenchmarkSet:
    """A data set on the Hub that a benchmark is, or is a part of.

    `read` maps a raw frame of `columns` to items, `gold` one of `gold_columns` to golds (see `benchmark_reading`).
    `breakdowns`: what accuracy is broken down by, from columns that a row may lack. `shuffled`: the options come in an
    order that tells the answer. `several`: more than one option may be right. `no_publish`: nothing but item hashes and
    counts may be written anywhere.
    """

    benchmark: str
    repo: str
    revision: str | None  # the pinned commit; None where none was found in public text: `main`
    config: str
    split: str
    files: tuple[str, ...]
    columns: Mapping[str, PolarsType]
    read: Reader
    gold_columns: Mapping[str, PolarsType]
    gold: Reader
    id_column: str | None = None
    breakdowns: Mapping[str, pl.Expr] = field(default_factory=dict)
    shuffled: bool = False
    several: bool = False
    no_publish: bool = False


def _agieval_set(
    name: str, revision: str | None = None, open_: bool = False, several: bool = False, benchmark: str = "agieval"
) -> BenchmarkSet:
    return BenchmarkSet(
        benchmark,
        f"hails/agieval-{name}",
        revision,
        "default",
        "test",
        ("data/test-*.parquet",),
        {"query": pl.String()} if open_ else {"query": pl.String(), "choices": TEXTS},
        agieval_items,
        {"answer": pl.String()} if open_ else {"gold": NUMBERS},
        gold_text if open_ else gold_indices,
        several=several,
    )


BENCHMARK_SETS: dict[str, BenchmarkSet] = {
    "math500": BenchmarkSet(
        "math500",
        "HuggingFaceH4/MATH-500",
        "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
        "default",
        "test",
        ("test.jsonl",),
        {"problem": pl.String()},
        partial(plain_items, question="problem", id_="unique_id"),
        {"answer": pl.String()},
        gold_text,
        "unique_id",
        {"subject": pl.col("subject"), "level": pl.col("level")},
    ),
    "amc23": BenchmarkSet(
        "amc23",
        "math-ai/amc23",
        None,
        "default",
        "test",
        ("test-*.parquet",),
        {"question": pl.String()},
        partial(plain_items, question="question", id_="id"),
        {"answer": pl.String()},
        gold_number,
        "id",
    ),
    "mmlu": BenchmarkSet(
        "mmlu",
        "cais/mmlu",
        "c30699e8356da336a370243923dbaf21066bb9fe",
        "all",
        "test",
        ("all/test-*.parquet",),
        {"question": pl.String(), "choices": TEXTS},
        partial(plain_items, question="question", options="choices"),
        {"answer": pl.Int64()},
        partial(gold_index, column="answer"),
        breakdowns={"area": MMLU_AREA, "subject": pl.col("subject")},
    ),
    "mmlu_pro": BenchmarkSet(
        "mmlu_pro",
        "TIGER-Lab/MMLU-Pro",
        "b189ec765aa7ed75c8acfea42df31fdae71f97be",
        "default",
        "test",
        ("data/test-*.parquet",),
        {"question": pl.String(), "options": TEXTS},
        partial(plain_items, question="question", options="options", id_="question_id"),
        {"answer_index": pl.Int64()},
        partial(gold_index, column="answer_index"),
        "question_id",
        {"category": pl.col("category")},
    ),
    "gpqa_diamond": BenchmarkSet(
        "gpqa_diamond",
        "Idavidrein/gpqa",
        "633f5ee89ab8ad4522a9f850766b73f62147ffdd",
        "gpqa_diamond",
        "train",
        ("gpqa_diamond.csv",),
        {"Question": pl.String(), **dict.fromkeys(GPQA_OPTIONS, pl.String())},
        gpqa_items,
        {},
        gold_first,
        breakdowns={"domain": pl.col("High-level domain")},
        shuffled=True,
        no_publish=True,
    ),
    "agieval_aqua_rat": _agieval_set("aqua-rat"),
    "agieval_logiqa_en": _agieval_set("logiqa-en", "e01aa0f040456cd8d58ee9986a58b64e26c1b782"),
    "agieval_lsat_ar": _agieval_set("lsat-ar", "052cc636b612f5563329dd182fb6c2cad56681c8"),
    "agieval_lsat_lr": _agieval_set("lsat-lr", "d876c675a8d47aa4d8a6d682ca8400b7d2ffe1c4"),
    "agieval_lsat_rc": _agieval_set("lsat-rc", "432868ea4fa7b50db66d14524d42472dd052b53c"),
    "agieval_sat_en": _agieval_set("sat-en", "848ee12cf003124f5a1e33446fa3cc6d2ec028e4"),
    "agieval_sat_math": _agieval_set("sat-math", "51ab661f5a2e48370671c87c29d037b5b2b4853e"),
    "agieval_math": _agieval_set("math", "c29655ec5d31268835333d5df45aae65773fea78", open_=True),
    "supergpqa": BenchmarkSet(
        "supergpqa",
        "m-a-p/SuperGPQA",
        "4430d4458112c7d4497fdcf94d7cc223313d6acf",
        "default",
        "train",
        ("SuperGPQA-all.jsonl",),
        {"question": pl.String(), "options": TEXTS},
        partial(plain_items, question="question", options="options", id_="uuid"),
        {"answer_letter": pl.String()},
        partial(gold_letter, column="answer_letter"),
        "uuid",
        {name: pl.col(name) for name in ("discipline", "field", "subfield", "difficulty", "is_calculation")},
    ),
}
BENCHMARKS = tuple(dict.fromkeys(one.benchmark for one in BENCHMARK_SETS.values()))

# AGIEval's other sets, which no score of the paper is of; no training data is checked against them.
_more = partial(_agieval_set, benchmark="agieval_more")
MORE_SETS: dict[str, BenchmarkSet] = {
    "agieval_sat_en_without_passage": _more("sat-en-without-passage"),
    "agieval_gaokao_biology": _more("gaokao-biology"),
    "agieval_gaokao_chemistry": _more("gaokao-chemistry"),
    "agieval_gaokao_chinese": _more("gaokao-chinese"),
    "agieval_gaokao_english": _more("gaokao-english"),
    "agieval_gaokao_geography": _more("gaokao-geography"),
    "agieval_gaokao_history": _more("gaokao-history"),
    "agieval_gaokao_mathcloze": _more("gaokao-mathcloze", open_=True),
    "agieval_gaokao_mathqa": _more("gaokao-mathqa", several=True),
    "agieval_gaokao_physics": _more("gaokao-physics", several=True),
    "agieval_jec_qa_ca": _more("jec-qa-ca", several=True),
    "agieval_jec_qa_kd": _more("jec-qa-kd", several=True),
    "agieval_logiqa_zh": _more("logiqa-zh"),
}
ALL_SETS = BENCHMARK_SETS | MORE_SETS


def sets_of(benchmarks: tuple[str, ...]) -> list[str]:
    """The names of the sets that these benchmarks are. Raises CrossthinkError for one that is not known."""
    for name in benchmarks:
        if name not in BENCHMARKS:
            raise unknown("benchmark", name, BENCHMARKS)
    return [name for name, one in BENCHMARK_SETS.items() if one.benchmark in benchmarks]


def benchmark_set(name: str) -> BenchmarkSet:
    """The set of this name. Raises CrossthinkError for one that is not known."""
    if name not in ALL_SETS:
        raise unknown("benchmark", name, ALL_SETS)
    return ALL_SETS[name]


def benchmark_source(name: str, golds: bool = False) -> Source:
    """A set as a source of questions: for finding its items in training data or, with `golds`, for scoring it."""
    one = benchmark_set(name)
    roots = [root for expr in one.breakdowns.values() for root in expr.meta.root_names()]
    optional = {one.id_column: pl.String()} if one.id_column else {}
    return Source(
        name=name,
        category="gpr",
        question_type="open",
        domain="general",
        license="unknown",
        attribution=one.repo,
        to_rows=one.read,
        columns={**one.columns, **one.gold_columns} if golds else one.columns,
        optional={**optional, **dict.fromkeys(roots, pl.String())} if golds else optional,
        repo=one.repo,
        revision=one.revision or "main",
        files=one.files,
    )
