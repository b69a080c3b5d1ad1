"""A published repository through `load_dataset`, plain and streaming: features, counts and mixes."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from math import sqrt
from pathlib import Path

import pytest
from datasets import Features, IterableDataset, load_dataset, load_dataset_builder

from crossthink_data.errors import CrossthinkError
from crossthink_data.load import load_blend
from crossthink_data.publish import Published, publish_to_hub
from crossthink_data.schema import ARROW_SCHEMA, REMOVED_SCHEMA
from tests import session_hub
from tests.publishing import publication_of
from tests.small import RECIPE, Small, build_tiny
from tests.train.blends import blend_row, write_corpus

CONFIGS = ["nd", "even", "pool", "removed"]
REPO = "acme/loaded"


@pytest.fixture(scope="module")
def published(small: Small) -> Published:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", session_hub.HUB.write_token)
        return publish_to_hub(publication_of(small, REPO), REPO)


def expected(small: Small, config: str) -> dict[str, Counter[str]]:
    """split -> source -> rows, from the manifest."""
    manifest = small.manifest
    if config == "removed":
        return {"train": Counter({name: sum(one["removed"].values()) for name, one in manifest["sources"].items()})}
    rows = manifest["pool"] if config == "pool" else manifest["blends"][config]["rows"]
    return {split: Counter(counts) for split, counts in rows.items()}


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "streaming"])
@pytest.mark.parametrize("config", CONFIGS)
def test_features_and_counts(published: Published, small: Small, config: str, streaming: bool) -> None:
    loaded = load_dataset(REPO, config, streaming=streaming)
    schema = REMOVED_SCHEMA if config == "removed" else ARROW_SCHEMA
    assert {split: data.features for split, data in loaded.items()} == dict.fromkeys(
        expected(small, config), Features.from_arrow_schema(schema)
    )
    counts = {split: Counter(row["source"] for row in data) for split, data in loaded.items()}
    assert counts == expected(small, config)


def test_the_card_says_the_sizes(published: Published, small: Small) -> None:
    for config in CONFIGS:
        splits = load_dataset_builder(REPO, config).info.splits or {}
        told = {name: split.num_examples for name, split in splits.items()}
        assert told == {name: counts.total() for name, counts in expected(small, config).items()}


@pytest.mark.parametrize(("blend", "weight"), [("nd", 0.75), ("even", 0.5)])
def test_a_stretch_of_a_stream_has_the_mix(published: Published, blend: str, weight: float) -> None:
    rows, stretch = load_dataset(REPO, blend, split="train", streaming=True), 200
    assert isinstance(rows, IterableDataset)
    for start in (0, 300, 600):
        got = sum(row["source"] == "codes" for row in islice(rows.skip(start), stretch)) / stretch
        assert abs(got - weight) < 4 * sqrt(weight * (1 - weight) / stretch), start


def test_plain_and_streaming_are_the_same_rows_in_order(published: Published) -> None:
    plain = load_dataset(REPO, "nd", split="validation")
    assert list(load_dataset(REPO, "nd", split="validation", streaming=True)) == list(plain)


def test_no_item_is_in_two_splits(published: Published) -> None:
    groups = {config: load_dataset(REPO, config) for config in ("nd", "even", "pool")}
    seen = {
        split: {group for data in groups.values() for group in data[split]["group_key"][:]}
        for split in ("train", "validation", "test")
    }
    assert sum(map(len, seen.values())) == len(set().union(*seen.values()))


def test_removed_rows_have_no_text(published: Published, small: Small) -> None:
    removed = load_dataset(REPO, "removed", split="train")
    assert removed.column_names == ["id", "group_key", "source", "question_type", "reason", "keeper"]
    assert sorted(removed["reason"][:]) == ["answer_not_in_options", "missing_figure", "options_duplicate"]
    assert sorted(removed["group_key"][:]) == ["codes:b0", "codes:b1", "codes:b2"]


def test_files_without_rows_do_no_harm(tmp_path: Path) -> None:
    """Of a run with many buckets, one may hold no row of a split; an empty row group would break the loader."""
    run = build_tiny(tmp_path, splits={"test": 0.000001}, sources={"sums": RECIPE["sources"]["sums"]})
    empty = [path for path, about in run.manifest["files"].items() if not about["rows"]]
    assert [path.split("/")[1:] for path in empty] == [
        ["nd", "test-00000-of-00001.parquet"],
        ["pool", "test-00000-of-00001.parquet"],
        ["removed", "train-00000-of-00001.parquet"],
    ]
    for name in ("nd", "pool"):
        files = [str(path) for path in sorted((run.folder / "data" / name).iterdir())]
        for streaming in (False, True):
            loaded = load_dataset("parquet", data_files=files, split="train", streaming=streaming)
            assert sum(1 for _ in loaded) == (8 if name == "nd" else 2)
            assert loaded.features == Features.from_arrow_schema(ARROW_SCHEMA)


def test_a_tag_and_a_branch_load(published: Published) -> None:
    rows = {
        revision: load_dataset(REPO, "even", split="test", revision=revision)["id"][:]
        for revision in ("main", published.tag, published.commit)
    }
    assert rows["main"] == rows[published.tag] == rows[published.commit]


# ---- what is not there


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    splits = {"train": [blend_row(0)]}
    return write_corpus(tmp_path_factory.mktemp("published") / "starter", {"gpr_up": splits, "only_mr": splits})


def test_a_blend_of_a_folder(corpus: Path) -> None:
    assert load_blend(str(corpus), "only_mr")["id"][:] == ["metals:0000"]


NOT_THERE = [
    ({"blend": "gpr_upp"}, r"cannot load .*, blend gpr_upp, split train: .* not found.*; did you mean 'gpr_up'\?"),
    ({"blend": "zzz"}, r"cannot load .*, blend zzz, .* Available: \['gpr_up', 'only_mr'\]$"),
    (
        {"blend": "gpr_up", "split": "holdout"},
        r"cannot load .*, blend gpr_up, split holdout: Unknown split[^?]*$",
    ),
    ({"revision": "nope"}, r"starter is a folder, which has no revision 'nope': leave the revision out"),
]


@pytest.mark.parametrize(("asked", "said"), NOT_THERE)
def test_what_a_folder_does_not_have(corpus: Path, asked: dict[str, str], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        load_blend(str(corpus), **asked)


def test_a_folder_that_is_not_there_has_near_names(corpus: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"cannot load .*/startr, .*; did you mean '.*/starter'\?"):
        load_blend(str(corpus.with_name("startr")))


def test_a_blend_that_a_repository_does_not_have(published: Published) -> None:
    with pytest.raises(CrossthinkError, match=r"cannot load acme/loaded, blend evn, .*; did you mean 'even'"):
        load_blend(REPO, "evn")


def test_a_repository_that_is_not_there() -> None:
    with pytest.raises(CrossthinkError, match="cannot load acme/nothing, split train"):
        load_blend("acme/nothing")
