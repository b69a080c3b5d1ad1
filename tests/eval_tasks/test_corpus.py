"""A published blend as a task: from a folder and from the Hub, and what cannot be loaded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.publication import prepare_publication
from crossthink_data.publish import publish_to_folder, publish_to_hub
from tests.eval_tasks.scripted import Scripted, metrics, right, run, wrong
from tests.hub_fixture import Hub
from tests.publishing import publication_of
from tests.small import Small

TASK = "crossthink_corpus"


@pytest.fixture
def folder(small: Small, tmp_path: Path) -> Path:
    publish_to_folder(prepare_publication(small.folder, "acme/small"), tmp_path / "published")
    return tmp_path / "published"


def test_a_folder(folder: Path) -> None:
    result = run(Scripted(right), TASK, metadata={"corpus": str(folder), "blend": "nd"}, log_samples=True)
    assert metrics(result, TASK)["acc"] == 1.0
    rows = pl.read_parquet(folder / "data" / "nd" / "test-*.parquet")
    samples = result["samples"][TASK]
    assert [one["doc"]["id"] for one in samples] == rows["id"].to_list()
    assert [one["arguments"][0][0] for one in samples] == [prompt[-1]["content"] for prompt in rows["prompt"]]
    by = Counter(pair["value"] for one in samples for pair in one["doc"]["breakdowns"] if pair["by"] == "domain")
    assert by == Counter(rows["domain"].to_list())


def test_the_hub_and_the_other_split(hub: Hub, small: Small) -> None:
    publish_to_hub(publication_of(small, "acme/asked"), "acme/asked")
    asked = {"corpus": "acme/asked", "blend": "even", "split": "validation"}
    assert metrics(run(Scripted(wrong), TASK, metadata=asked), TASK)["acc"] == 0.0
    assert metrics(run(Scripted(right), TASK, metadata=asked), TASK)["acc"] == 1.0


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, 'error: crossthink_corpus scores a published blend: name it, as in --metadata \'{"corpus": "ORG/NAME"'),
        ({"corpus": "FOLDER", "blend": "nope"}, "blend nope, split test: BuilderConfig 'nope' not found"),
        ({"corpus": "FOLDER", "split": "dev"}, 'split dev: Unknown split "dev"'),
        ({"corpus": "FOLDER/none", "blend": "nd"}, "error: cannot load"),
        ({"corpus": "acme/none"}, "error: cannot load acme/none, split test"),
    ],
)
def test_what_cannot_be_loaded(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str], metadata: dict[str, Any], message: str
) -> None:
    named = {key: value.replace("FOLDER", str(folder)) for key, value in metadata.items()}
    with pytest.raises(SystemExit) as stopped:
        run(Scripted(right), TASK, metadata=named)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_rows_that_are_none_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    pl.DataFrame({"question": ["Why?"]}).write_parquet(tmp_path / "data" / "test.parquet")
    with pytest.raises(SystemExit):
        run(Scripted(right), TASK, metadata={"corpus": str(tmp_path)})
    assert "has no column id, question_key" in capsys.readouterr().err


def test_rows_of_another_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = folder.rename(folder.with_name("later"))  # `datasets` keeps by a folder's name and card, not by its rows
    (path,) = (later / "data" / "nd").glob("test-*.parquet")
    pl.read_parquet(path).with_columns(schema_version=pl.lit(99, pl.Int32)).write_parquet(path)
    with pytest.raises(SystemExit):
        run(Scripted(right), TASK, metadata={"corpus": str(later), "blend": "nd"})
    assert "has rows of schema version 99, this is 1" in capsys.readouterr().err
