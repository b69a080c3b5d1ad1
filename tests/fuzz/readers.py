"""Files that nobody would write, put before every reader of sources, of completions and of documents.

Either rows come out, in the schema's types and as many as there are lines, or a CrossthinkError that names the file.
`python -m tests.fuzz.readers --cases 100000 --seed 1`, or `--seconds 60`.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import tarfile
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.benchmark_reading import NUMBERS, TEXTS
from crossthink_data.benchmarks import ALL_SETS, benchmark_source
from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.book_modules import book_modules
from crossthink_data.llm.found import Found
from crossthink_data.llm.text_tables import table_rows
from crossthink_data.llm.web_pages import _records
from crossthink_data.plan import PlannedSource
from crossthink_data.read import UNREADABLE, complete_rows
from crossthink_data.recipe import Columns, SourceEntry
from crossthink_data.rewards import completion_text
from crossthink_data.row_files import read_batches, row_writer
from crossthink_data.schema import MAPPED
from crossthink_data.sources import SOURCES, raw
from crossthink_data.sources.base import CHOICES, Source
from crossthink_data.sources.inline import inline_source
from crossthink_data.sources.openstax import read_archive
from crossthink_data.sources.raw import plan_units, read_unit
from crossthink_data.verify import Gold, Item
from crossthink_data.verify.grade import decide
from tests.fuzz import odd, runner, tables

NAME = "odd"  # in the name of every file here: an error must say which file it is about

_PLAIN = Source(
    name="plain",
    category="gpr",
    question_type="open",
    domain="general",
    license="mit",
    attribution="",
    to_rows=lambda frame: frame.select(question=pl.col("q"), options=pl.col("l")),
    columns={"q": pl.String(), "n": pl.Int64(), "l": pl.List(pl.String())},
    optional={"f": pl.Float64(), "b": pl.Boolean(), "c": CHOICES, "d": pl.List(pl.List(pl.Int64()))},
)
_INLINE = [
    Columns(question="q", answer="a"),
    Columns(question="q", answer="a", options="o", passage="p", rationale="r", source_id="i"),
    Columns(question="q", answer_index="n", options="o"),
    Columns(question="q", answer_label="l", options=["x", "y", "z"]),
]
_MADE = [inline_source(f"inline{i}", SourceEntry(columns=one, files=("a",))) for i, one in enumerate(_INLINE)]
_MAPPED = [_PLAIN, *_MADE, *(source for source in SOURCES.values() if source.columns)]
_ITEMS = {"question": pl.String(), "passage": pl.String(), "options": TEXTS, "source_id": pl.String()}
_GOLDS = {"right": NUMBERS, "answer": pl.String()}

# ---- sources


def source_file(generator: random.Random, folder: Path) -> str | None:
    """Any source's columns, in a file of any kind."""
    source = generator.choice(_MAPPED)
    path = folder / f"{NAME}{generator.choice(tables.SUFFIXES)}"
    rows = [odd.row(source.all_columns, generator) for _ in range(generator.randrange(6))]
    whole = tables.write(path, rows, generator)
    planned = PlannedSource(source, SourceEntry(), "r", ())
    count = 0
    for one in _raw(path, source, generator):
        mapped = complete_rows(one, planned, path.name, 0)
        count += mapped.height
        if {name: mapped.schema[name] for name in MAPPED} != MAPPED:
            return f"{source.name} gives {mapped.schema}"
        if (mapped["reason"] == UNREADABLE).sum() != len(one.bad):
            return f"{source.name}: {len(one.bad)} bad lines, {mapped['reason'].to_list()}"
    expected = expected_rows(path, len(rows) if whole else None)
    return (
        None
        if expected in (None, count)
        else f"{source.name}: {count} rows of {expected} in {path.read_bytes()!r:.500}"
    )


def benchmark_file(generator: random.Random, folder: Path) -> str | None:
    """A benchmark's columns: its items and golds."""
    name = generator.choice(list(ALL_SETS))
    source, one = benchmark_source(name, golds=True), ALL_SETS[name]
    path = folder / f"{NAME}{generator.choice(tables.SUFFIXES)}"
    tables.write(path, [odd.row(source.all_columns, generator) for _ in range(generator.randrange(6))], generator)
    for raw_frame in _raw(path, source, generator):
        items, golds = one.read(raw_frame.frame), one.gold(raw_frame.frame)
        if (dict(items.select(list(_ITEMS)).schema), dict(golds.schema)) != (_ITEMS, _GOLDS):
            return f"{name} gives {items.schema} and {golds.schema}"
        if not items.height == golds.height == raw_frame.frame.height:
            return f"{name} gives {items.height} items and {golds.height} golds of {raw_frame.frame.height} rows"
    return None


def _raw(path: Path, source: Source, generator: random.Random) -> list[raw.RawFrame]:
    """The file's raw frames, cut at any place, each with the source's columns in their types."""
    small = path.stat().st_size < 2_000  # else it takes long
    with (
        patch.object(raw, "UNIT_BYTES", generator.choice([1, 30, 300, 32 << 20] if small else [300, 32 << 20])),
        patch.object(raw, "BATCH_ROWS", generator.choice([1, 2, 16_384]) if small else 16_384),
    ):
        frames = [one for unit in plan_units(source, path, path.name, 0) for one in read_unit(unit, source)]
    for one in frames:
        assert dict(one.frame.schema) == source.all_columns, one.frame.schema
        assert one.frame.height == len(one.at)
    return frames


def expected_rows(path: Path, written: int | None) -> int | None:
    """How many rows a file that could be read holds; None where only its reader can say. `written`: it is whole."""
    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    if path.suffix in raw.SEPARATORS:
        return written
    data = path.read_bytes()
    if path.suffix == ".json" and data[:64].lstrip()[:1] == b"[":
        return len(json.loads(data))
    return sum(1 for line in data.removeprefix(raw.BOM).split(b"\n") if line.strip())


# ---- completions


def completions(generator: random.Random, folder: Path) -> str | None:
    """Files of completions, read and written again."""
    suffix = generator.choice([".jsonl", ".json", ".ndjson", ".jsonl.gz", ".parquet"])
    path = folder / f"{NAME}{suffix}"
    columns = {
        "completion": pl.String(),
        "answer": pl.String(),
        "options": pl.List(pl.String()),
        "answer_label": pl.String(),
    }
    rows = [odd.row(columns, generator) for _ in range(generator.randrange(1, 6))]
    if suffix == ".parquet":
        tables.write(path, rows, generator)
    else:
        data = tables.lines(rows, generator)
        data = odd.mutated(odd.recoded(data, generator), generator) if generator.randrange(3) == 0 else data
        path.write_bytes(_packed(data, path, generator))
    out = folder / f"{NAME}-out{generator.choice(['.jsonl', '.jsonl.gz', '.parquet'])}"
    count = 0
    with row_writer(path, out, ("verdict",)) as write_rows:
        for batch in read_batches(path, ("completion", "answer"), ("options", "answer_label")):
            write_rows(batch, [{"verdict": "wrong"} for _ in batch.rows])
            count += len(batch.rows)
    again = sum(len(batch.rows) for batch in read_batches(out, ("verdict",), ())) if count else 0
    expected = expected_rows(path, None) if suffix in (".jsonl", ".ndjson", ".parquet") else count
    return None if count == again == expected else f"{count} read, {again} written, {expected} there"


def gold_row(generator: random.Random, folder: Path) -> str | None:
    """One row to grade: what it says of its gold, and the completion."""
    given = {
        "answer": odd.typed(pl.String, generator),
        "answer_type": generator.choice([None, "text", "number", "math", "choice", odd.value(generator)]),
        "options": odd.typed(TEXTS, generator),
        "answer_label": generator.choice([None, "A", "b", "AC", odd.value(generator)]),
        "answer_aliases": odd.typed(TEXTS, generator),
    }
    given[generator.choice(list(given))] = odd.value(generator)
    completion = (
        odd.value(generator) if generator.randrange(2) else f"<think>a</think> \\boxed{{{odd.text(generator)}}}"
    )
    try:
        decide(Item(completion_text(completion), Gold.from_row(given), flexible=bool(generator.randrange(2))))
    except CrossthinkError as error:  # the caller names the file
        return None if str(error).startswith("answer") or str(error).startswith("options") else str(error)
    return None


# ---- archives


def archive(generator: random.Random, folder: Path) -> str | None:
    """Textbooks as tar.gz: odd names, links, members cut short, CNXML of any shape."""
    path = folder / f"osbooks-{NAME}.tar.gz"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=generator.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])) as book:
        for i in range(generator.randrange(4)):
            _add(book, i, generator)
    data = out.getvalue()
    if generator.randrange(3) == 0:
        data = odd.mutated(data, generator)
    path.write_bytes(_packed(data, path, generator))
    for frame in read_archive(path):
        if not frame.schema.items() <= MAPPED.items():
            return f"columns {frame.schema}"
    found = list(book_modules(path))
    return None if all(map(_is_found, found)) else f"{found!r}"


def _add(book: tarfile.TarFile, number: int, generator: random.Random) -> None:
    names = [f"a/modules/m{number}/index.cnxml"] * 6 + [
        "a/collections/a.collection.xml",
        "../a",
        "/a",
        "a\\b",
        "é",
        "a" * 300,
    ]
    member = tarfile.TarInfo(generator.choice(names))
    kinds = [tarfile.REGTYPE] * 12 + [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
    member.type = generator.choice(kinds)
    data = cnxml(generator)
    if generator.randrange(4) == 0:
        data = odd.mutated(odd.recoded(data, generator), generator)
    member.size = len(data) if member.type == tarfile.REGTYPE else 0
    book.addfile(member, io.BytesIO(data))


_BLOCKS = [
    "para",
    "list",
    "item",
    "section",
    "title",
    "note",
    "exercise",
    "problem",
    "solution",
    "media",
    "link",
    "sub",
    "sup",
]
_FORMULAS = [
    "mi",
    "mn",
    "mo",
    "mrow",
    "mfrac",
    "msqrt",
    "mroot",
    "msub",
    "msup",
    "munder",
    "mover",
    "msubsup",
    "mtable",
    "mtr",
]
_KEYS = [
    'list-type="enumerated"',
    'number-style="upper-alpha"',
    'id="a"',
    'class="references"',
    'url="http://a"',
    'document="m1"',
]
_WORDS = [
    "A",
    "B. x",
    "A and B",
    "7 cm",
    "true",
    "(a) 1 (b) 2",
    "a; b",
    "+",
    "−",
    "=",
    "&lt;",
    "&#x1D54A;",
    "Answers will vary",
]


def cnxml(generator: random.Random) -> bytes:
    """A module's markup: elements in any order inside one another, now and then very deep."""
    if generator.randrange(12) == 0:
        name = generator.choice(["para", "m:mrow", "m:msqrt", "list", "section", "item", "emphasis"])
        depth = generator.choice([50, 500, 3_000, 30_000])
        return _document(f"<{name}>" * depth + "x" + f"</{name}>" * depth, generator)
    return _document("".join(_element(generator, 4) for _ in range(generator.randrange(4))), generator)


def _document(inside: str, generator: random.Random) -> bytes:
    where = generator.choice(["para", "exercise", "problem", "m:math", "list"])
    exercise = (
        f'<exercise id="e1"><problem>{inside}</problem><solution><{where}>{inside}</{where}></solution></exercise>'
    )
    body = generator.choice([exercise, f"<content>{inside}</content>", inside])
    space = 'xmlns="http://cnx.rice.edu/cnxml" xmlns:m="http://www.w3.org/1998/Math/MathML"'
    head = generator.choice(
        ["", "", "", '<?xml version="1.0" encoding="latin-1"?>', '<!DOCTYPE a [<!ENTITY b "c">]>', "<?b?>"]
    )
    return f"{head}<document {space}><title>T</title><!-- c -->{body}</document>".encode()


def _element(generator: random.Random, depth: int) -> str:
    if not depth or generator.randrange(4) == 0:
        return generator.choice(_WORDS)
    name = generator.choice([*_BLOCKS, "m:math", *(f"m:{one}" for one in _FORMULAS)])
    keys = "".join(f" {key}" for key in set(generator.choices(_KEYS, k=generator.randrange(3))))
    return f"<{name}{keys}>{''.join(_element(generator, depth - 1) for _ in range(generator.randrange(5)))}</{name}>"


# ---- documents


def web_archive(generator: random.Random, folder: Path) -> str | None:
    """Records of a web archive, up to what is taken out of a page's HTML."""
    path = folder / f"{NAME}.warc"
    data = b"".join(_record(i, generator) for i in range(generator.randrange(1, 4)))
    if generator.randrange(2):
        data = odd.mutated(data, generator)
    path.write_bytes(_packed(data, path.with_suffix(".gz"), generator) if generator.randrange(2) else data)
    found = [one for one, _ in _records(path)]
    return None if all(map(_is_found, found)) else f"{found!r}"


_STATUS = [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Gone", b"HTTP/1.1", b"", b"200", b"HTTP/9 \xff 200"]
_HTTP = [
    b"Content-Type: text/html",
    b"Transfer-Encoding: chunked",
    b"Content-Encoding: gzip",
    b"Content-Encoding: br",
    b":",
    b"a",
]
_WARC = [
    b"WARC-Record-ID: <urn:uuid:1>",
    b"WARC-Target-URI: http://a/",
    b"WARC-Date: 2020-01-01T00:00:00Z",
    b"X: \xff",
    b"WARC-Target-URI: \xed\xa0\x80",
]
_CONTENT = [
    "<html><body><p>Some words of a page.</p></body></html>",
    "",
    "\x00" * 50,
    "<p>" * 2000,
    "{}",
    "5\r\nhello\r\n0\r\n\r\n",
]


def _record(number: int, generator: random.Random) -> bytes:
    kind = generator.choice([b"response", b"response", b"conversion", b"request", b"warcinfo", b"revisit", b"\xff"])
    content = generator.choice(_CONTENT).encode(generator.choice(["utf-8", "utf-16", "latin-1"]))
    if generator.randrange(6) == 0:
        content = gzip.compress(content)
    if kind != b"conversion":
        sent = [generator.choice(_STATUS), *generator.choices(_HTTP, k=generator.randrange(3))]
        content = b"\r\n".join(sent) + b"\r\n\r\n" + content
    length = generator.choice([len(content)] * 8 + [0, len(content) + 7, 2**70, -1])
    heads = [b"WARC/1.0", b"WARC-Type: " + kind, b"WARC-Record-ID: <urn:%d>" % number]
    heads += [*generator.choices(_WARC, k=generator.randrange(4)), b"Content-Length: %d" % length]
    return b"\r\n".join(heads) + b"\r\n\r\n" + content + b"\r\n\r\n"


def document_table(generator: random.Random, folder: Path) -> str | None:
    """Documents in tables, packed or not."""
    path = folder / f"{NAME}{generator.choice(['.jsonl', '.json', '.parquet'])}"
    columns = {"text": pl.String(), "id": pl.String(), "url": pl.String(), "license": pl.String()}
    tables.write(path, [odd.row(columns, generator) for _ in range(generator.randrange(6))], generator)
    packing = generator.choice(["", "", ".gz", ".zst"]) if path.suffix != ".parquet" else ""
    packed = path.with_name(path.name + packing)
    if packing:
        packed.write_bytes(_packed(path.read_bytes(), packed, generator))
    found = list(table_rows(packed, "0" * 64, "text"))
    if not all(map(_is_found, found)):
        return f"{found!r}"
    expected = None if packing else expected_rows(path, None)
    return (
        None if expected in (None, len(found)) else f"{len(found)} documents of {expected}: {path.read_bytes()!r:.500}"
    )


def _is_found(one: Found) -> bool:
    texts = (one.url, one.license, one.reason)
    return isinstance(one.id, str) and isinstance(one.text, str) and all(isinstance(text, str | None) for text in texts)


def _packed(data: bytes, path: Path, generator: random.Random) -> bytes:
    """The bytes as the path's end says; one in five is damaged once packed, or not packed at all."""
    if path.suffix == ".gz":
        packed = gzip.compress(data, 1)
    elif path.suffix == ".zst":
        packed = pa.compress(data, "zstd", asbytes=True)
    else:
        return data
    kind = generator.randrange(10)
    return odd.mutated(packed, generator) if kind == 0 else data if kind == 1 else packed


# ---- one case

TARGETS: dict[runner.Target, int] = {  # and how many of a hundred cases each has
    source_file: 45,
    benchmark_file: 10,
    completions: 12,
    gold_row: 8,
    archive: 8,
    web_archive: 7,
    document_table: 10,
}


def check(generator: random.Random) -> str | None:
    """A file, and what is wrong with how it is read."""
    return runner.one_of(TARGETS, generator, NAME)


if __name__ == "__main__":
    sys.exit(runner.main(check, __doc__))
