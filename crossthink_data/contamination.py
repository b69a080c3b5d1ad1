"""`crossthink contamination`: any data set against all benchmarks, with a report and the evidence.

The question's column is found among the usual names. Nothing of the data set is changed, and nothing is published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.benchmark_index import ITEMS, BenchmarkIndex, build_index
from crossthink_data.benchmarks import BENCHMARKS, sets_of
from crossthink_data.decontaminate import EVIDENCE, Decontamination, find_items
from crossthink_data.errors import CrossthinkError
from crossthink_data.plan import plan_benchmarks
from crossthink_data.read import read_items
from crossthink_data.show import Table
from crossthink_data.sources.base import PolarsType, Source
from crossthink_data.sources.hub import fetch, pin
from crossthink_data.sources.raw import SEPARATORS, SUFFIXES, plan_units, polars_type, read_unit

QUESTION_NAMES = (
    *("question", "problem", "query", "prompt", "instruction", "problem_text", "question_stem", "messages"),
    *("conversations", "input", "text"),
)
OPTION_NAMES = ("options", "choices")
OPTION_GROUPS = (("opa", "opb", "opc", "opd"), ("A", "B", "C", "D"), ("option_a", "option_b", "option_c", "option_d"))
_NOT_DATA = {"dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json", "manifest.json"}
LOOKED_AT = 100  # rows of a JSON file, for the types of its columns
LOOKED_INTO = 3  # lists and objects of a value there: a chat whose content is in parts has as many

_TEXTS = pl.List(pl.String())
_CHATS: dict[PolarsType, tuple[str, str]] = {  # type of a chat -> its fields for who speaks and what is said
    pl.List(pl.Struct({"role": pl.String(), "content": pl.String()})): ("role", "content"),
    pl.List(pl.Struct({"from": pl.String(), "value": pl.String()})): ("from", "value"),
}
_LABELLED = pl.Struct({"text": _TEXTS, "label": _TEXTS})


@dataclass(frozen=True)
class DataFile:
    """A file of a data set: its name there, where it lies, and which columns are looked at."""

    name: str
    path: Path
    question: str
    options: tuple[str, ...]
    columns: dict[str, PolarsType]


@dataclass(frozen=True)
class Report:
    """What was found: rows read, and for each benchmark the rows with its questions (None: not checked) and these."""

    dataset: str
    revision: str | None
    rows: int
    unreadable: int  # lines that are no JSON objects, not among the rows
    hits: dict[str, int | None]
    items: dict[str, int]
    checked: list[str]
    not_checked: dict[str, str]
    skipped: list[str]
    evidence: Path


def check_dataset(
    name: str,
    out: Path,
    revision: str | None = None,
    question: str | None = None,
    options: tuple[str, ...] = (),
    files: str | None = None,
    on_progress: Callable[[str], None] = lambda what: None,
) -> Report:
    """Compares every row of a Hub data set, a file or a folder with all benchmarks that can be read.

    Writes `evidence.jsonl` and `report.json` into `out`. Raises CrossthinkError where there is no such data, no
    question column, or no benchmark can be read.
    """
    found, commit, skipped = data_files(name, revision, question, options, files)
    index, not_checked = _index(on_progress)
    settings = Decontamination()
    out.mkdir(parents=True, exist_ok=True)
    rows = unreadable = 0
    parts = [pl.DataFrame(schema={"file": pl.String(), "row": pl.Int64(), **EVIDENCE})]
    for file in found:
        for at, frame, bad in _frames(file):
            on_progress(f"{rows:,} rows")
            unreadable += bad
            hits = find_items(frame, index, settings)
            parts.append(hits.select(pl.lit(file.name).alias("file"), at.gather(hits["row"]).alias("row"), *EVIDENCE))
            rows += len(frame)
    evidence = pl.concat(parts)
    report = Report(
        dataset=name,
        revision=commit,
        rows=rows,
        unreadable=unreadable,
        hits=_rows_by_benchmark(evidence, not_checked),
        items=_items_by_benchmark(evidence),
        checked=[one for one in sets_of(BENCHMARKS) if one not in not_checked],
        not_checked=not_checked,
        skipped=skipped,
        evidence=out / "evidence.jsonl",
    )
    _without_secrets(evidence).write_ndjson(report.evidence)
    (out / "report.json").write_text(json.dumps(report_json(report), indent=1) + "\n")
    return report


def report_json(report: Report) -> dict[str, Any]:
    """The report as one JSON object."""
    return {**vars(report), "evidence": str(report.evidence)}


def report_table(report: Report) -> Table:
    """Rows with questions of each benchmark, and how many of its questions they are."""
    rows = [
        [name, "not checked" if hits is None else hits, report.items.get(name, 0)] for name, hits in report.hits.items()
    ]
    return Table(f"{report.dataset}: {report.rows:,} rows", ["benchmark", "rows", "questions"], rows)


def _index(on_progress: Callable[[str], None]) -> tuple[BenchmarkIndex, dict[str, str]]:
    planned, missing = plan_benchmarks(sets_of(BENCHMARKS), allow_missing=True, warnings=[], on_source=on_progress)
    if not planned:
        raise CrossthinkError(f"no benchmark can be read: {next(iter(missing.values()))}")
    settings = Decontamination()
    items = pl.concat([ITEMS, *map(read_items, planned.values())])
    return build_index(items, settings.ngram, settings.max_shared), missing


def _rows_by_benchmark(evidence: pl.DataFrame, not_checked: dict[str, str]) -> dict[str, int | None]:
    counts = dict(evidence.group_by("benchmark").agg(pl.struct("file", "row").n_unique()).iter_rows())
    return {name: None if set(sets_of((name,))) <= not_checked.keys() else counts.get(name, 0) for name in BENCHMARKS}


def _items_by_benchmark(evidence: pl.DataFrame) -> dict[str, int]:
    return dict(evidence.group_by("benchmark").agg(pl.struct("set", "item").n_unique()).sort("benchmark").iter_rows())


def _without_secrets(evidence: pl.DataFrame) -> pl.DataFrame:
    """Of a benchmark that may not be published, neither its text nor where it stands."""
    secret = pl.col("matched").is_null()
    return evidence.with_columns(pl.when(~secret).then(pl.col(name)).alias(name) for name in ("file", "row"))


# ---- which files and columns


def data_files(
    name: str, revision: str | None, question: str | None, options: tuple[str, ...], files: str | None
) -> tuple[list[DataFile], str | None, list[str]]:
    """The data set's files with their columns, its commit (None: local), and the files that hold no question."""
    paths, commit = _paths(name, revision, files)
    found: list[DataFile] = []
    skipped: list[str] = []
    columns: dict[str, PolarsType] = {}
    wanted = _wanted(question, options)
    for file, path in paths:
        columns = _columns(path, wanted)
        asked = _choose(columns, (question,) if question else QUESTION_NAMES, _is_question)
        if asked is None:
            skipped.append(file)
            continue
        given = options or _usual_options(columns)
        if absent := [one for one in given if one not in columns]:
            raise CrossthinkError(f"{file} has no column {absent[0]!r}; it has {', '.join(columns)}")
        types = _option_types(file, given, columns)
        found.append(DataFile(file, path, asked, given, {asked: columns[asked]} | types))
    if not found:
        raise CrossthinkError(
            f"{name}: no column of text among {question or ', '.join(QUESTION_NAMES)}; {skipped[-1]} has "
            f"{', '.join(columns) or 'no columns'}: name one with --question"
        )
    return found, commit, skipped


def _paths(name: str, revision: str | None, files: str | None) -> tuple[list[tuple[str, Path]], str | None]:
    path = Path(name)
    if path.is_dir():
        local = sorted(one for one in path.rglob(files or "*") if one.is_file())
        found, commit = [(one.relative_to(path).as_posix(), one) for one in local], None
    elif path.exists():
        found, commit = [(path.name, path)], None
    elif name.count("/") != 1:
        raise CrossthinkError(f"{name!r} is no file or folder here; a data set on the Hub is ORG/NAME")
    else:
        pinned = pin(name, revision)
        found, commit = fetch(pinned, (files,) if files else pinned.names), pinned.revision
    data = [(one, where) for one, where in found if _is_data(one)]
    if not data:
        raise CrossthinkError(
            f"{name} has no file of {', '.join(SUFFIXES)}: convert one, or name others by --files GLOB"
        )
    return data, commit


def _is_data(name: str) -> bool:
    path = Path(name)
    return path.suffix in SUFFIXES and path.name not in _NOT_DATA and not name.startswith(".")


def _choose(columns: dict[str, PolarsType], names: Iterable[str], fits: Callable[[PolarsType], bool]) -> str | None:
    """The first of the names, whatever its case, that is a column of a type that fits."""
    there = {column.lower(): column for column in reversed(columns) if fits(columns[column])}
    return next((there[name.lower()] for name in names if name.lower() in there), None)


def _usual_options(columns: dict[str, PolarsType]) -> tuple[str, ...]:
    one = _choose(columns, OPTION_NAMES, _is_options)
    return (one,) if one else next((group for group in OPTION_GROUPS if set(group) <= columns.keys()), ())


def _option_types(file: str, given: tuple[str, ...], columns: dict[str, PolarsType]) -> dict[str, PolarsType]:
    """What the columns of options are read as: of several, each is the text of one option."""
    if len(given) > 1:
        return dict.fromkeys(given, pl.String())
    for name in given:
        if not _is_options(columns[name]):
            raise CrossthinkError(
                f"{file}: column {name!r} is of {columns[name]}, not a list of texts: name another, or a column for "
                "each option (--options A,B,C)"
            )
    return {name: columns[name] for name in given}


def _is_question(dtype: PolarsType) -> bool:
    return dtype in (pl.String(), *_CHATS)


def _is_options(dtype: PolarsType) -> bool:
    if isinstance(dtype, pl.Struct):
        return bool(dtype.fields) and all(field.dtype in (pl.String(), _TEXTS) for field in dtype.fields)
    return dtype == _TEXTS


def _wanted(question: str | None, options: tuple[str, ...]) -> set[str]:
    """The names, in lower case, of columns that may be looked at."""
    named = options or (*OPTION_NAMES, *chain.from_iterable(OPTION_GROUPS))
    return {name.lower() for name in (*((question,) if question else QUESTION_NAMES), *named)}


def _columns(path: Path, wanted: Container[str]) -> dict[str, PolarsType]:
    """The columns of a file: those that are wanted by the types that they are read as, the others of Null."""
    types: dict[str, Callable[[], PolarsType]]
    if path.suffix == ".parquet":
        types = {field.name: partial(_arrow_type, field.type) for field in _parquet_schema(path)}
    elif path.suffix in SEPARATORS:
        types = dict.fromkeys(_header(path), pl.String)
    else:
        rows = list(islice(_first_rows(path), LOOKED_AT))
        types = {name: partial(_json_type, rows, name) for row in rows for name in row}
    return {name: _read_as(found()) if name.lower() in wanted else pl.Null() for name, found in types.items()}


def _parquet_schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CrossthinkError(f"{path.name} is not a whole parquet file ({error}): download it again") from error


def _arrow_type(found: pa.DataType) -> PolarsType:
    dtype = polars_type(found)
    return pl.Object() if dtype is None else dtype


def _header(path: Path) -> list[str]:
    try:
        return pl.read_csv(path, separator=SEPARATORS[path.suffix], infer_schema=False, n_rows=0).columns
    except pl.exceptions.NoDataError:
        return []
    except (pl.exceptions.PolarsError, OSError) as error:  # of what begins as gzip does, it unpacks what it can
        kind = path.suffix[1:].upper()
        raise CrossthinkError(f"{path.name} is not whole {kind} ({error}): download it again") from error


def _json_type(rows: list[dict[str, Any]], name: str) -> PolarsType:
    """The type of all values of a column; Object where they have none in common."""
    values = [{name: _shallow(row.get(name), LOOKED_INTO)} for row in rows]
    try:
        return pl.DataFrame(values, infer_schema_length=None, strict=False).schema[name]
    except pl.exceptions.PolarsError:
        return pl.Object()


def _shallow(value: Any, levels: int) -> Any:
    """A value without what lies deeper in it: polars takes minutes over a list of a thousand levels."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [_shallow(one, levels - 1) for one in value]
    return {name: _shallow(one, levels - 1) for name, one in value.items()}


def _first_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array or of JSON lines; what is no object is passed over."""
    with path.open("rb") as file:
        is_array = file.read(64).lstrip().startswith(b"[")
        file.seek(0)
        values = _array(path.name, file.read()) if is_array else filter(None, map(_object, file))
        yield from (value for value in values if isinstance(value, dict))


def _array(name: str, text: bytes) -> list[Any]:
    try:
        return list(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise CrossthinkError(f"{name} is not JSON ({error}): mend it, or leave it out by --files") from error


def _object(line: bytes) -> Any:
    """A line of JSON, or None for one that is none: it is counted when the file is read."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _read_as(dtype: PolarsType) -> PolarsType:
    """A chat as one of _CHATS, options as texts, and anything else as it is."""
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        names = {field.name for field in dtype.inner.fields}
        return next((chat for chat, fields_ in _CHATS.items() if set(fields_) <= names), dtype)
    if isinstance(dtype, pl.Struct):
        return pl.Struct(
            {field.name: pl.String() if _is_plain(field.dtype) else _read_as(field.dtype) for field in dtype.fields}
        )
    return _TEXTS if isinstance(dtype, pl.List) and _is_plain(dtype.inner) else dtype


def _is_plain(dtype: PolarsType) -> bool:
    """Whether each value is a text, or has one that everybody would write."""
    return isinstance(dtype, pl.String | pl.Null | pl.Boolean) or dtype.is_numeric()


def _frames(file: DataFile) -> Iterator[tuple[pl.Series, pl.DataFrame, int]]:
    """(row numbers, rows with question, passage and options, unreadable lines), a few thousand at a time."""
    source = Source(
        name=file.name,
        category="gpr",
        question_type="open",
        domain="general",
        license="unknown",
        attribution="",
        to_rows=lambda frame: frame,
        columns=file.columns,
        nested_as_json=True,
    )
    for unit in plan_units(source, file.path, file.name, 0):
        for raw in read_unit(unit, source):
            columns = {"question": _question(file), "passage": pl.lit(None, pl.String), "options": _options(file)}
            yield raw.at, raw.frame.select(**columns), len(raw.bad)


def _question(file: DataFile) -> pl.Expr:
    """The text; of a chat, what was said to the model."""
    chat = _CHATS.get(file.columns[file.question])
    if chat is None:
        return pl.col(file.question)
    who, what = (pl.element().struct.field(field) for field in chat)
    said = pl.when(~who.is_in(["assistant", "gpt"])).then(what)
    return pl.col(file.question).list.eval(said).list.drop_nulls().list.join("\n")


def _options(file: DataFile) -> pl.Expr:
    if not file.options:
        return pl.lit([], _TEXTS)
    if len(file.options) > 1:
        return pl.concat_list(pl.col(name) for name in file.options).list.drop_nulls()
    (name,) = file.options
    dtype = file.columns[name]
    if dtype == _LABELLED:
        return pl.col(name).struct.field("text")
    if isinstance(dtype, pl.Struct):  # {"A": text, "B": text}
        return pl.concat_list(pl.col(name).struct.field(field.name) for field in dtype.fields).list.drop_nulls()
    return pl.col(name)
