"""What `show` and `build` say of a run, as data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crossthink_data.decontaminate import EVIDENCE, EVIDENCE_FILE
from crossthink_data.errors import CrossthinkError
from crossthink_data.pipeline import Run
from crossthink_data.publish import publish_to_folder, publish_to_hub
from crossthink_data.show import build_summary, evidence, open_run, run_tables, sample_rows
from tests.hub_fixture import Hub
from tests.publishing import copy_run, publication_of
from tests.small import Small


def test_summary(small: Small) -> None:
    summary = build_summary(Run(small.folder, small.manifest, cached=False))
    assert summary["rows_read"] + summary["derived"] == 903
    assert summary["pool"] + summary["not_sampled"] + sum(summary["removed"].values()) == 903
    assert summary["run"] == str(small.folder)
    assert summary["refused_blends"].keys() == {"score"}


def test_tables(small: Small) -> None:
    funnel, removed, blends, licenses = run_tables(small.manifest)
    assert funnel.dicts()[0] == {
        "source": "codes", "read": 603, "derived": 0, "removed": 3, "not sampled": 0, "pool": 600
    }  # fmt: skip
    assert funnel.rows[-1] == ["all", 903, 0, 3, 0, 900]
    assert removed.rows == [["codes", reason, 1] for reason in (
        "answer_not_in_options", "missing_figure", "options_duplicate"
    )]  # fmt: skip
    assert [row[:5] for row in blends.rows] == [
        ["nd", "codes", "0.7500", "0.7500", 750],
        ["nd", "sums", "0.2500", "0.2500", 250],
        ["even", "codes", "0.5000", "0.5000", 400],
        ["even", "sums", "0.5000", "0.5000", 400],
    ]
    assert licenses.rows == [["mit", 600], ["cc-by-4.0", 300]]


def test_rows_of_a_blend_are_its_first(small: Small) -> None:
    first = pl.read_parquet(small.folder / "data/even/train-00000-of-00001.parquet")["id"][:7].to_list()
    assert [row["id"] for row in sample_rows(small.folder, small.manifest, "even", 7)] == first
    assert sample_rows(small.folder, small.manifest, "even", 0) == []


def test_one_row_per_domain(small: Small) -> None:
    assert [row["domain"] for row in sample_rows(small.folder, small.manifest, None, 1)] == ["law", "math"]
    assert sample_rows(small.folder, small.manifest, None, 0) == []


def test_the_pool_can_be_shown(small: Small) -> None:
    assert len(sample_rows(small.folder, small.manifest, "pool", 4)) == 4


def test_open_a_run_a_folder_and_a_repository(hub: Hub, small: Small, tmp_path: Path) -> None:
    publish_to_folder(publication_of(small, "x"), tmp_path / "folder")
    done = publish_to_hub(publication_of(small, "acme/opened"), "acme/opened")
    for name, revision in (
        (str(small.folder), None),
        (str(tmp_path / "folder"), None),
        ("acme/opened", None),
        ("acme/opened", done.tag),
        ("acme/opened", done.commit),
    ):
        folder, manifest = open_run(name, revision)
        assert manifest == small.manifest
        assert (folder / "data/pool").is_dir()


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "./acme/x", "/acme"])
def test_what_is_neither_a_folder_nor_a_name(name: str) -> None:
    with pytest.raises(CrossthinkError, match=f"no folder {name}, and it is no ORG/NAME"):
        open_run(name)


@pytest.mark.parametrize(("config", "blend"), [("pool", None), ("nd", "nd")])
def test_rows_of_a_file_that_was_cut_off(small: Small, tmp_path: Path, config: str, blend: str | None) -> None:
    run = copy_run(small, tmp_path / "run").folder
    path = run / "data" / config / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CrossthinkError, match=f"^{path} is damaged: .*; build it or download it again$"):
        sample_rows(run, small.manifest, blend, 1)


def test_evidence_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / EVIDENCE_FILE
    pl.DataFrame(schema={"id": pl.String(), "source": pl.String(), **EVIDENCE}).write_parquet(path)
    assert evidence(tmp_path, {"contamination": {}}) == []
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CrossthinkError, match=f"^{path} is damaged .*: delete {tmp_path} and build it again$"):
        evidence(tmp_path, {"contamination": {}})
