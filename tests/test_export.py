"""`crossthink export`: each trainer's columns, golds that its reward takes, equal bytes, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import shake_128
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from crossthink_data import rewards
from crossthink_data.errors import CrossthinkError
from crossthink_data.export import FORMATS, export, target, user_text
from crossthink_data.prompts import prompt_text
from crossthink_data.rewards import GOLD_COLUMNS, compute_score, reward_func, score
from crossthink_data.row_files import BATCH_ROWS
from crossthink_data.schema import ARROW_SCHEMA, SCHEMA_VERSION
from tests.command import Crossthink
from tests.hub_fixture import Hub
from tests.small import Small
from tests.test_cli_errors import mounted
from tests.test_manifest import manifest_of

Row = dict[str, Any]
DOCS = Path(__file__).parents[1] / "docs" / "export.md"


def row(name: str, answer: str, answer_type: str, **changes: Any) -> Row:
    """A row of the corpus; lists may be null, as other writers leave them."""
    options = changes.get("options") or []
    question = f"Was gilt für {name}, »größer« or 大?"
    return {
        **dict.fromkeys(ARROW_SCHEMA.names),
        "id": name,
        "prompt": [{"role": "user", "content": prompt_text(question, options)}],
        "question": question,
        "options": options,
        "answer": answer,
        "answer_aliases": [],
        "answer_type": answer_type,
        "question_type": "mcq" if options else "open",
        "domain": "law",
        "source": "own",
        "schema_version": SCHEMA_VERSION,
    } | changes


ROWS = [
    row("mcq", "Zürich", "choice", options=["Genf", "Zürich", 'a "b" \\c'], answer_label="B", rationale="Am See."),
    row("number", "1,260", "number", source="sums", domain="math", rationale="Line\u2028one\nline two"),
    row("math", r"\frac{1}{2}", "math", answer_aliases=["0.5"]),
    row("text", "New York", "text", answer_aliases=["NYC", "Großer Apfel"], rationale=" "),
    row("nulls", "大", "text", options=None, answer_aliases=None, rationale="a </think> b"),
]
RIGHT = {"mcq": "B", "number": "1260", "math": "0.5", "text": "NYC", "nulls": "大"}
WRONG = {"mcq": "A", "number": "1261", "math": "0.6", "text": "Boston", "nulls": "小"}


def reply(box: str) -> str:
    return rf"<think>so</think> \boxed{{{box}}}"


def write_run(folder: Path, rows: Sequence[Row], split: str = "train", files: int = 1, **changes: Any) -> Path:
    """A finished run of one blend, `nd`, its rows in order over so many files."""
    at = [len(rows) * i // files for i in range(files + 1)]
    written = []
    for i in range(files):
        path = f"data/nd/{split}-{i:05d}-of-{files:05d}.parquet"
        table = pa.Table.from_pylist(list(rows[at[i] : at[i + 1]]), ARROW_SCHEMA)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / path)
        written.append(folder / path)
    blend: Row = {"weights": {"own": 1.0}, "rows": {"train": {"own": len(rows)}}, "repeated": {}}
    manifest = manifest_of(folder, written, blends={"nd": blend}) | changes
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), ROWS, files=2)


def exported(corpus: Path, format_name: str, folder: Path) -> list[Row]:
    """The trainer's rows, read as each of these trainers reads them: through `datasets`."""
    file = Path(export(str(corpus), format_name, folder).file)
    kind = "parquet" if file.suffix == ".parquet" else "json"
    return list(load_dataset(kind, data_files=str(file), split="train", cache_dir=str(folder / "cache")))


# ---- what each trainer reads


def test_verl(corpus: Path, tmp_path: Path) -> None:
    rows = exported(corpus, "verl", tmp_path)
    assert rows[1] == {
        "data_source": "crossthink/sums",
        "prompt": ROWS[1]["prompt"],
        "ability": "math",
        "reward_model": {
            "style": "rule",
            "ground_truth": '{"answer":"1,260","answer_type":"number","options":[],"answer_label":null,'
            '"answer_aliases":[]}',
        },
        "extra_info": {"split": "train", "index": 1, "id": "number"},
    }
    assert [one["extra_info"]["index"] for one in rows] == [0, 1, 2, 3, 4]


def test_nemo_rl(corpus: Path, tmp_path: Path) -> None:
    rows = exported(corpus, "nemo-rl", tmp_path)
    assert [list(one) for one in rows] == [["input", "output", "id"]] * 5
    assert [one["input"] for one in rows] == [one["prompt"][0]["content"] for one in ROWS]
    assert json.loads(rows[0]["output"]) == {name: ROWS[0][name] for name in GOLD_COLUMNS}


def test_openrlhf(corpus: Path, tmp_path: Path) -> None:
    rows = exported(corpus, "openrlhf", tmp_path)
    assert [list(one) for one in rows] == [["input", "label", "datasource", "id"]] * 5
    assert [one["input"] for one in rows] == [one["prompt"][0]["content"] for one in ROWS]
    assert [one["datasource"] for one in rows] == ["own", "sums", "own", "own", "own"]
    assert [json.loads(one["label"]) for one in rows] == [{name: one[name] for name in GOLD_COLUMNS} for one in ROWS]


def test_sft(corpus: Path, tmp_path: Path) -> None:
    """No row without a rationale, nor one whose rationale has a tag of thinking."""
    done = export(str(corpus), "sft", tmp_path / "out")
    assert (done.rows, done.left_out) == (2, 3)
    assert exported(corpus, "sft", tmp_path / "again") == [
        {
            "messages": [*ROWS[0]["prompt"], {"role": "assistant", "content": r"<think>Am See.</think> \boxed{B}"}],
            "id": "mcq",
        },
        {
            "messages": [
                *ROWS[1]["prompt"],
                {"role": "assistant", "content": "<think>Line\u2028one\nline two</think> \\boxed{1,260}"},
            ],
            "id": "number",
        },
    ]


# ---- and the reward that it asks


def verl_reward(made: Row, prompt: str, text: str) -> float:
    truth = made["reward_model"]["ground_truth"]
    found = compute_score(made["data_source"], text, truth, made["extra_info"])
    assert found["ungradable"] == 0.0
    return found["score"]


def openrlhf_reward(made: Row, prompt: str, text: str) -> float:
    [reward] = reward_func([f"<s>{prompt}{text}</s>"], [prompt], [made["label"]])["rewards"]
    return float(reward)


def nemo_rl_reward(made: Row, prompt: str, text: str) -> float:
    """By the environment that the docs tell to write."""
    log = [{"role": "user", "content": prompt}, {"role": "assistant", "content": text}]
    step = documented_environment()({}).step([log], [{"ground_truth": made["output"]}])
    assert (step.terminateds, step.next_stop_strings, len(step.observations)) == ([1.0], [None], 1)
    return float(step.rewards[0])


class EnvironmentReturn(NamedTuple):
    """NeMo RL's, field by field."""

    observations: Any
    metadata: Any
    next_stop_strings: Any
    rewards: Any
    terminateds: Any
    answers: Any = None


def documented_environment() -> Any:
    """The class of docs/export.md, made with what stands in for NeMo RL."""
    [code] = [block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL) if "class " in block]
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - our own docs
    return namespace["CrossthinkEnvironment"]


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists for tensors, and as much of Ray and NeMo RL as an environment names."""
    interfaces = SimpleNamespace(EnvironmentInterface=object, EnvironmentReturn=EnvironmentReturn)
    tensors = SimpleNamespace(tensor=list, ones_like=lambda values: [1.0] * len(values))
    for name, module in {
        "torch": tensors,
        "ray": SimpleNamespace(remote=lambda cls: cls),
        "nemo_rl": ModuleType("nemo_rl"),
        "nemo_rl.environments": ModuleType("nemo_rl.environments"),
        "nemo_rl.environments.interfaces": interfaces,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("format_name", "reward"),
    [("verl", verl_reward), ("openrlhf", openrlhf_reward), ("nemo-rl", nemo_rl_reward)],
)
def test_each_gold_is_worth_one_and_others_nothing(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format_name: str,
    reward: Callable[[Row, str, str], float],
) -> None:
    rows = exported(corpus, format_name, tmp_path)
    stand_in(monkeypatch)
    for made, asked in zip(rows, ROWS, strict=True):
        prompt = f"<|user|>{asked['prompt'][0]['content']}<|assistant|>\n"
        for box in (asked["answer"], RIGHT[asked["id"]]):
            assert reward(made, prompt, reply(box)) == 1.0, asked["id"]
        assert reward(made, prompt, reply(WRONG[asked["id"]])) == 0.0, asked["id"]


@pytest.mark.parametrize("reward", [openrlhf_reward, nemo_rl_reward])
def test_a_prompt_that_opens_the_thinking(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reward: Callable[[Row, str, str], float]
) -> None:
    format_name = "openrlhf" if reward is openrlhf_reward else "nemo-rl"
    made = exported(corpus, format_name, tmp_path)[0]
    stand_in(monkeypatch)
    said = reply("B").removeprefix("<think>")
    assert reward(made, "<|user|>?<|assistant|>\n<think>\n", said) == 1.0
    assert reward(made, "<|user|>?<|assistant|>\n", said) == 0.0


def test_each_worked_reply_is_worth_one(corpus: Path, tmp_path: Path) -> None:
    by_id = {one["id"]: one for one in ROWS}
    for made in exported(corpus, "sft", tmp_path):
        assert score(made["messages"], by_id[made["id"]]) == 1.0


# ---- files


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_rows_are_the_same_bytes(corpus: Path, tmp_path: Path, format_name: str) -> None:
    other = write_run(tmp_path / "other", ROWS, files=3)
    files = [
        Path(export(str(one), format_name, tmp_path / name).file).read_bytes()
        for one, name in ((corpus, "a"), (corpus, "b"), (other, "c"))
    ]
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("format_name", ["verl", "openrlhf"])
def test_more_rows_than_a_batch(tmp_path: Path, format_name: str) -> None:
    """Each stands once and in order; the index goes on from batch to batch and from file to file."""
    rows = [row(f"r{i}", str(i), "number") for i in range(BATCH_ROWS + 10)]
    read: list[int] = []
    corpus = write_run(tmp_path / "run", rows, files=2)
    done = export(str(corpus), format_name, tmp_path / "out", progress=read.append)
    made = exported(corpus, format_name, tmp_path / "again")
    assert done.rows == len(made) == read[-1] == len(rows)
    assert read == sorted(read)
    if format_name == "verl":
        assert [(one["extra_info"]["index"], one["extra_info"]["id"]) for one in made] == [
            (i, f"r{i}") for i in range(len(rows))
        ]
    else:
        assert [one["id"] for one in made] == [one["id"] for one in rows]


def test_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "taken.jsonl").write_text("{}")
    assert target(tmp_path / "new", ".jsonl", "test") == tmp_path / "new" / "test.jsonl"
    assert target(tmp_path / "full" / "y.jsonl", ".jsonl", "test") == tmp_path / "full" / "y.jsonl"
    assert target(tmp_path / "v1.2", ".jsonl", "test") == tmp_path / "v1.2" / "test.jsonl"
    assert target(tmp_path / "empty.jsonl", ".jsonl", "test") == tmp_path / "empty.jsonl"
    for name, said in {
        "full": r"full is not empty: name a new or empty folder, or a new file in it \(.*/full/NAME\.jsonl\)$",
        "taken.jsonl": r"taken\.jsonl is there already: name a new file, or delete it$",
        "out.parquet": r"ends in \.parquet, and this format is \.jsonl: name it out\.jsonl$",
        "out.jsonl.gz": r"ends in \.gz, and this format is \.jsonl: name it out\.jsonl$",
    }.items():
        with pytest.raises(CrossthinkError, match=said):
            target(tmp_path / name, ".jsonl", "test")


def test_a_prompt_of_several_messages(tmp_path: Path) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "?"}]
    rows = [row("a", "1", "number", prompt=chat)]
    with pytest.raises(CrossthinkError, match="the prompt of row a is not one message of the user's"):
        user_text(rows[0])
    corpus = write_run(tmp_path / "run", rows)
    assert exported(corpus, "verl", tmp_path / "verl")[0]["prompt"] == chat
    with pytest.raises(CrossthinkError, match="export it for verl"):
        export(str(corpus), "nemo-rl", tmp_path / "nemo")
    assert list((tmp_path / "nemo").iterdir()) == []  # nothing half written stays


# ---- the command


def test_what_is_said(crossthink: Crossthink, small: Small, tmp_path: Path) -> None:
    rows = sum(small.manifest["blends"]["nd"]["rows"]["train"].values())
    ran = crossthink("export", small.folder, "--format", "verl", "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"exported {rows:,} rows of nd, split train, to {tmp_path}/out/train.parquet\n"
        f"verl: reward.custom_reward_function.path={rewards.__file__} "
        "reward.custom_reward_function.name=compute_score\n"
    )


def test_what_is_left_out_is_said(crossthink: Crossthink, corpus: Path, tmp_path: Path) -> None:
    said = crossthink("export", corpus, "--format", "sft", "--out", tmp_path).out.splitlines()
    assert said[0].startswith("exported 2 rows of nd, split train, to ")
    assert said[0].endswith("; 3 left out, without a rationale that can be thought")
    assert said[1].startswith("SFT: no reward;")


@pytest.mark.parametrize(
    ("format_name", "said"),
    [
        ("nemo-rl", "crossthink_data.rewards.crossthink_reward"),
        (
            "openrlhf",
            "--data.input_key input --data.label_key label --data.apply_chat_template "
            f"--reward.remote_url {rewards.__file__}",
        ),
    ],
)
def test_how_the_reward_is_named(
    crossthink: Crossthink, corpus: Path, tmp_path: Path, format_name: str, said: str
) -> None:
    assert crossthink("export", corpus, "--format", format_name, "--out", tmp_path).out.rstrip().endswith(said)


def test_one_object(crossthink: Crossthink, small: Small, tmp_path: Path) -> None:
    out = tmp_path / "val.jsonl"
    told = crossthink(
        *("export", small.folder, "--format", "openrlhf", "--blend", "even", "--split", "validation"),
        *("--out", out, "--json"),
    ).json()
    rows = sum(small.manifest["blends"]["even"]["rows"]["validation"].values())
    assert {name: told[name] for name in ("file", "format", "blend", "split", "rows", "left_out")} == {
        "file": str(out), "format": "openrlhf", "blend": "even", "split": "validation", "rows": rows, "left_out": 0,
    }  # fmt: skip
    assert len(out.read_text().splitlines()) == rows


def test_a_run_a_folder_and_a_repository_are_one(
    crossthink: Crossthink, hub: Hub, small: Small, tmp_path: Path
) -> None:
    crossthink("publish", small.folder, "acme/exported")
    crossthink("publish", small.folder, "--to", tmp_path / "folder")
    plain = tmp_path / "plain"  # a card and data, as one has it who downloads by hand
    shutil.copytree(tmp_path / "folder", plain)
    (plain / "manifest.json").unlink()
    for format_name, suffix in (("verl", "parquet"), ("nemo-rl", "jsonl")):
        files = []
        for i, corpus in enumerate((small.folder, tmp_path / "folder", plain, "acme/exported")):
            out = tmp_path / f"{format_name}-{i}.{suffix}"
            told = crossthink(
                "export", corpus, "--format", format_name, "--split", "test", "--out", out, "--json"
            ).json()
            assert told["blend"] == "nd"
            files.append(out.read_bytes())
        assert files[0] == files[1] == files[2] == files[3]


def test_a_revision(crossthink: Crossthink, hub: Hub, small: Small, tmp_path: Path) -> None:
    tag = crossthink("publish", small.folder, "acme/exported-tag", "--json").json()["tag"]
    ask = ("export", "acme/exported-tag", "--format", "nemo-rl", "--split", "test")
    assert crossthink(*ask, "--revision", tag, "--out", tmp_path / "a", "--json").json()["rows"] > 0
    said = crossthink(*ask, "--revision", "nope", "--out", tmp_path / "b").refusal()
    assert said.startswith("cannot load acme/exported-tag, split test: ")


# ---- what is refused


def refused(crossthink: Crossthink, corpus: object, out: Path, *more: object, format_name: str = "verl") -> str:
    """What an export is refused with; it leaves no file."""
    said = crossthink("export", corpus, "--format", format_name, "--out", out, *more).refusal()
    assert [path for path in out.rglob("*") if path.is_file()] == []
    return said


def test_bad_input(crossthink: Crossthink, small: Small, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def said(*more: object, corpus: object = small.folder, format_name: str = "verl") -> str:
        return refused(crossthink, corpus, out, *more, format_name=format_name)

    assert said(format_name="verll") == "unknown format 'verll': did you mean 'verl' or 'nemo-rl'?"
    assert said(format_name="x") == "unknown format 'x': there are: nemo-rl, openrlhf, sft, verl"
    assert said("--blend", "eve") == "unknown blend 'eve': did you mean 'even'?"
    assert said("--blend", "zzz") == "unknown blend 'zzz': there are: even, nd, pool"
    assert said("--blend", "score") == small.manifest["refused_blends"]["score"]
    assert said("--split", "trian") == "unknown split of nd 'trian': did you mean 'train'?"
    assert said("--revision", "main").endswith("has no revision 'main': leave --revision out")
    assert said(corpus="nope") == "no folder nope, and it is no ORG/NAME on the Hub either"
    assert said(corpus=tmp_path / "nope").endswith("and it is no ORG/NAME on the Hub either")
    assert said(format_name="sft").startswith("none of the ")
    assert "has a rationale, so there is nothing for sft: name a blend" in said(format_name="sft")


def test_an_unfinished_run(crossthink: Crossthink, small: Small, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(small.folder, run)
    (run / "manifest.json").unlink()
    said = refused(crossthink, run, tmp_path / "out")
    assert said == f"{run} is not a finished run: it has no manifest.json; build it with `crossthink build`"


def test_a_run_that_is_not_whole(crossthink: Crossthink, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", ROWS)
    [file] = (run / "data" / "nd").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert refused(crossthink, run, tmp_path / "out").startswith(f"{file} is damaged: ")
    file.unlink()
    assert "which its manifest.json names: build or publish it again" in refused(crossthink, run, tmp_path / "out")


def test_another_schema(crossthink: Crossthink, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", ROWS, schema_version=7)
    assert refused(crossthink, run, tmp_path / "out") == (
        f"{run} is of schema version 7, this is {SCHEMA_VERSION}: build it again"
    )


def test_no_such_repository_or_blend(crossthink: Crossthink, hub: Hub, small: Small, tmp_path: Path) -> None:
    said = refused(crossthink, "acme/nowhere", tmp_path / "out")
    assert said.startswith("cannot load acme/nowhere, split train: ")
    crossthink("publish", small.folder, "acme/exported-blend")
    for more, where in ((("--blend", "eve"), "blend eve, split train"), (("--split", "trian"), "split trian")):
        said = refused(crossthink, "acme/exported-blend", tmp_path / "out", *more)
        assert said.startswith(f"cannot load acme/exported-blend, {where}: ")


def test_a_place_that_is_taken(crossthink: Crossthink, corpus: Path, tmp_path: Path) -> None:
    for _ in range(2):
        ran = crossthink("export", corpus, "--format", "verl", "--out", tmp_path / "out")
    assert ran.refusal().startswith(f"{tmp_path}/out is not empty: ")
    kept = (tmp_path / "out" / "train.parquet").read_bytes()
    taken = crossthink("export", corpus, "--format", "verl", "--out", tmp_path / "out" / "train.parquet").refusal()
    assert taken == f"{tmp_path}/out/train.parquet is there already: name a new file, or delete it"
    assert (tmp_path / "out" / "train.parquet").read_bytes() == kept
    (tmp_path / "file").write_text("mine")
    said = crossthink("export", corpus, "--format", "verl", "--out", tmp_path / "file").refusal()
    assert said == f"{tmp_path}/file: a file is in the way: name another folder"


@pytest.mark.parametrize("format_name", ["verl", "openrlhf"])
def test_a_full_disk(crossthink: Crossthink, tmp_path: Path, format_name: str) -> None:
    noise = [row(f"r{i}", str(i), "number", source=shake_128(b"%d" % i).hexdigest(1_000)) for i in range(300)]
    corpus = write_run(tmp_path / "run", noise)
    disk = mounted(tmp_path / "disk", "size=100k")
    try:
        said = refused(crossthink, corpus, disk / "out", format_name=format_name)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
    assert said.endswith("the disk is full: make space, then run the same command again to resume")
