"""`crossthink export`: a blend's rows in the schema of a trainer, and how that trainer is pointed at the reward.

Each format is one function from a row to the trainer's row. The gold goes with the row as JSON text of GOLD_COLUMNS,
since trainers carry one text from the row to the reward and ours needs the options and the type as well. Files are
written batch by batch, so memory holds a batch; equal rows are equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data import rewards
from crossthink_data.card import config_names
from crossthink_data.completions import worked_completion
from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.manifest import built_files
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.publication import CARD
from crossthink_data.rewards import GOLD_COLUMNS
from crossthink_data.row_files import BATCH_ROWS, LINE_SUFFIXES, Row
from crossthink_data.schema import ARROW_SCHEMA, SCHEMA_VERSION
from crossthink_data.show import open_run

PARQUET, LINES = ".parquet", ".jsonl"
FILES = (PARQUET, *LINE_SUFFIXES, ".gz", ".csv")  # a name that ends so is meant as a file's

# ---- a row of each trainer

VERL_SCHEMA = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", ARROW_SCHEMA.field("prompt").type),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        ("extra_info", pa.struct([("split", pa.string()), ("index", pa.int64()), ("id", pa.string())])),
    ]
)


def verl_row(row: Row) -> Row:
    """What verl's RLHFDataset reads, in VERL_SCHEMA.

    No `data_source` is one that verl has a grader of its own for: where ours is not named, it stops.
    """
    return {
        "data_source": f"crossthink/{row['source']}",
        "prompt": row["prompt"],
        "ability": row["domain"],
        "reward_model": {"style": "rule", "ground_truth": ground_truth(row)},
        "extra_info": {"split": row["split"], "index": row["index"], "id": row["id"]},
    }


def nemo_rl_row(row: Row) -> Row:
    """What NeMo RL's ResponseDataset reads: `input` is the prompt, `output` comes to the environment as the truth."""
    return {"input": user_text(row), "output": ground_truth(row), "id": row["id"]}


def openrlhf_row(row: Row) -> Row:
    """What OpenRLHF's PromptDataset reads: `input` is asked, `label` comes to the reward, `datasource` to the log."""
    return {"input": user_text(row), "label": ground_truth(row), "datasource": row["source"], "id": row["id"]}


def sft_row(row: Row) -> Row | None:
    """A chat with the row's own worked reply; None where it has none."""
    completion = worked_completion(row)
    if completion is None:
        return None
    return {"messages": [*row["prompt"], {"role": "assistant", "content": completion}], "id": row["id"]}


def ground_truth(row: Row) -> str:
    """The gold columns as JSON text, as `rewards.compute_score` and `rewards.reward_func` read it."""
    return orjson.dumps({name: row[name] for name in GOLD_COLUMNS}).decode()


def user_text(row: Row) -> str:
    """The prompt as one text. Raises CrossthinkError where it is more than one message of the user's."""
    if [message["role"] for message in row["prompt"]] != ["user"]:
        raise CrossthinkError(
            f"the prompt of row {row['id']} is not one message of the user's, which is all that NeMo RL and OpenRLHF "
            "read: export it for verl, or leave such rows out of the recipe"
        )
    return str(row["prompt"][0]["content"])


@dataclass(frozen=True, slots=True)
class Format:
    """What a trainer reads: the file's kind, the columns that its rows are made of, and how it finds the reward.

    `to_row` is given those columns with `split` and `index`, and gives None for a row that is left out.
    """

    suffix: str
    columns: tuple[str, ...]
    to_row: Callable[[Row], Row | None]
    reward: str  # {rewards}: the file of crossthink_data.rewards
    schema: pa.Schema | None = None  # of parquet


_PROMPTED = ("id", "prompt", "source", "domain", *GOLD_COLUMNS)
FORMATS = {
    "verl": Format(
        PARQUET,
        _PROMPTED,
        verl_row,
        "verl: reward.custom_reward_function.path={rewards} reward.custom_reward_function.name=compute_score",
        VERL_SCHEMA,
    ),
    "nemo-rl": Format(
        LINES,
        _PROMPTED,
        nemo_rl_row,
        "NeMo RL: no option names a reward function; register the environment that docs/export.md has, around "
        "crossthink_data.rewards.crossthink_reward",
    ),
    "openrlhf": Format(
        LINES,
        _PROMPTED,
        openrlhf_row,
        "OpenRLHF: --data.input_key input --data.label_key label --data.apply_chat_template "
        "--reward.remote_url {rewards}",
    ),
    "sft": Format(
        LINES,
        (*_PROMPTED, "rationale"),
        sft_row,
        "SFT: no reward; `messages` is a chat, as TRL's SFTTrainer reads it",
    ),
}

# ---- where the rows are


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one split of one blend; `batches` gives them with these columns, in order, a few thousand a time."""

    where: str  # for messages
    blend: str
    batches: Callable[[Sequence[str]], Iterator[list[Row]]]


def open_source(corpus: str, blend: str | None, split: str, revision: str | None) -> Source:
    """A finished run or a published folder as it lies; else what `load_blend` loads.

    Raises CrossthinkError where there is no such thing, blend or split, or where it is of another schema.
    """
    folder = Path(corpus)
    if not folder.exists():
        if corpus.count("/") != 1 or corpus.startswith((".", "/")):
            raise CrossthinkError(f"no folder {corpus}, and it is no ORG/NAME on the Hub either")
        return _repository(corpus, blend, split, revision)
    if revision is not None:
        raise CrossthinkError(f"{corpus} is a folder, which has no revision {revision!r}: leave --revision out")
    if (folder / CARD).is_file() and not (folder / MANIFEST).is_file():
        return _repository(corpus, blend, split, None)
    return _run(corpus, blend, split)


def _run(corpus: str, blend: str | None, split: str) -> Source:
    folder, manifest = open_run(corpus)
    names = config_names(manifest)
    blend = blend or names[0]
    if blend in manifest["refused_blends"]:
        raise CrossthinkError(manifest["refused_blends"][blend])
    if blend not in names:
        raise unknown("blend", blend, names)
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise CrossthinkError(
            f"{corpus} is of schema version {manifest['schema_version']}, this is {SCHEMA_VERSION}: build it again"
        )
    splits = {
        path.split("/")[2].partition("-")[0]
        for path, about in manifest["files"].items()
        if path.startswith(f"data/{blend}/") and about["rows"]
    }
    if split not in splits:
        raise unknown(f"split of {blend}", split, splits)
    where = f"{corpus}, blend {blend}, split {split}"
    files = partial(built_files, folder, manifest, blend, split)
    return Source(where, blend, lambda columns: _whole_batches(_parquet_rows(files(), columns)))


def _parquet_rows(paths: Iterable[Path], columns: Sequence[str]) -> Iterator[list[Row]]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
                yield batch.to_pylist()


def _whole_batches(batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The same rows with BATCH_ROWS in every batch but the last, wherever files end: the bytes go by batches."""
    held: list[Row] = []
    for batch in batches:
        held += batch
        while len(held) >= BATCH_ROWS:
            yield held[:BATCH_ROWS]
            del held[:BATCH_ROWS]
    if held:
        yield held


def _repository(corpus: str, blend: str | None, split: str, revision: str | None) -> Source:
    from crossthink_data.load import load_blend  # `datasets` takes a second to load, and a run does without

    with _without_bars():
        loaded = load_blend(corpus, blend, split, revision)
    blend = blend or str(loaded.info.config_name)

    def batches(columns: Sequence[str]) -> Iterator[list[Row]]:
        tables = loaded.select_columns(list(columns)).with_format("arrow").iter(BATCH_ROWS)
        return (table.to_pylist() for table in tables)

    return Source(f"{corpus}, blend {blend}, split {split}", blend, batches)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keeps `datasets` from drawing bars of its own on stderr, which is for messages and for our progress."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were_off = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            enable_progress_bars()


# ---- the file


@dataclass(frozen=True)
class Exported:
    """What was written, and how the trainer is pointed at the reward; `left_out` rows gave none."""

    file: str
    format: str
    blend: str
    split: str
    rows: int
    left_out: int
    reward: str


def export(
    corpus: str,
    format_name: str,
    out: Path,
    blend: str | None = None,
    split: str = "train",
    revision: str | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Exported:
    """Writes a split of a blend for a trainer, aside first, renamed at the end; no blend is the default one.

    `progress` is told how many rows are read. Raises CrossthinkError for an unknown format, blend or split, a corpus
    that cannot be read, a place that is taken, or where no row is left.
    """
    if format_name not in FORMATS:
        raise unknown("format", format_name, FORMATS)
    form = FORMATS[format_name]
    file = target(out, form.suffix, split)
    source = open_source(corpus, blend, split, revision)
    read = written = 0
    with _writing(file, form.schema) as write:
        for batch in source.batches(form.columns):
            placed = ({**row, "split": split, "index": read + i} for i, row in enumerate(batch))
            rows = [made for made in map(form.to_row, placed) if made is not None]
            write(rows)
            read, written = read + len(batch), written + len(rows)
            progress(read)
        if not written:
            raise CrossthinkError(
                f"none of the {read} rows of {source.where} has a rationale, so there is nothing for {format_name}: "
                "name a blend whose sources give worked solutions, or a format that needs none"
            )
    reward = form.reward.format(rewards=rewards.__file__)
    return Exported(str(file), format_name, source.blend, split, written, read - written, reward)


def target(out: Path, suffix: str, split: str) -> Path:
    """The file to write: `out` itself where it is named as one, else SPLIT.suffix in the folder.

    Raises CrossthinkError where the name is of another kind of file, or where something is there already.
    """
    if out.suffix not in FILES:
        if out.is_dir() and any(out.iterdir()):
            raise CrossthinkError(
                f"{out} is not empty: name a new or empty folder, or a new file in it ({out / f'NAME{suffix}'})"
            )
        return out / f"{split}{suffix}"
    if out.suffix != suffix:
        name = Path(out.name.removesuffix(".gz")).stem
        raise CrossthinkError(f"{out} ends in {out.suffix}, and this format is {suffix}: name it {name}{suffix}")
    if out.is_dir() or (out.exists() and out.stat().st_size):
        raise CrossthinkError(f"{out} is there already: name a new file, or delete it")
    return out


@contextmanager
def _writing(file: Path, schema: pa.Schema | None) -> Iterator[Callable[[list[Row]], None]]:
    """Writes batches of rows beside `file`, which takes their place when all is written; nothing stays of an error."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f"{file.name}.tmp")
    try:
        with _lines(aside) if schema is None else _parquet(aside, schema) as write:
            yield write
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Callable[[list[Row]], None]]:
    def write(rows: list[Row]) -> None:
        if rows:  # `load_dataset` fails on an empty row group
            writer.write_table(pa.Table.from_pylist(rows, schema))

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield write


@contextmanager
def _lines(path: Path) -> Iterator[Callable[[list[Row]], None]]:
    with path.open("wb") as file:
        yield lambda rows: file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
