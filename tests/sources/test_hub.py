"""Files of Hub data sets: exact revisions, globs, the cache, and what a mirror of the Hub lacks."""

from __future__ import annotations

from collections.abc import Callable

import huggingface_hub
import pytest
from huggingface_hub import HfApi

from crossthink_data.errors import CrossthinkError
from crossthink_data.plan import make_plan
from crossthink_data.recipe import Recipe
from crossthink_data.sources import hub as module
from crossthink_data.sources.hub import Pinned, fetch, fetch_all, pin
from tests.hub_client import commit
from tests.hub_fixture import Hub

FILES = ["README.md", "data/test-0.parquet", "data/train-0.parquet", "data/train-1.parquet", "data/old/train-2.parquet"]


@pytest.mark.parametrize("address", ["http://alice:zyzzyva@127.0.0.1:9", "https://zyzzyva@hub.example/path"])
@pytest.mark.parametrize("ask", [pin, lambda name, _: fetch_all(Pinned(name, "main", ()))])
def test_a_password_in_the_hubs_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str, ask: Callable[[str, None], object]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    with pytest.raises(CrossthinkError, match=r"^HF_ENDPOINT has a user or password in it.*HF_TOKEN$") as error:
        ask("org/name", None)
    assert "zyzzyva" not in str(error.value)


@pytest.fixture
def repo(hub: Hub, request: pytest.FixtureRequest) -> str:
    name = f"files/{request.node.originalname.replace('_', '-')}"
    HfApi().create_repo(name, repo_type="dataset", exist_ok=True)
    commit(HfApi(), name, {file: file.encode() for file in FILES})
    return name


def test_a_branch_becomes_a_commit(repo: str) -> None:
    first = HfApi().dataset_info(repo).sha
    assert pin(repo, None) == pin(repo, "main") == pin(repo, first)
    assert pin(repo, None).revision == first
    second = commit(HfApi(), repo, {"new.txt": b"new"})
    assert pin(repo, None).revision == second
    old = pin(repo, first)
    assert (old.revision, "new.txt" in old.names, old.warning) == (first, False, None)


GLOBS = [
    (("data/*.parquet",), ["data/test-0.parquet", "data/train-0.parquet", "data/train-1.parquet"]),
    (("data/train-*.parquet",), ["data/train-0.parquet", "data/train-1.parquet"]),
    (("*/old/*",), ["data/old/train-2.parquet"]),
    (("*.md", "data/test-*"), ["README.md", "data/test-0.parquet"]),
    (("data/test-*", "*.md"), ["data/test-0.parquet", "README.md"]),  # in the order of the globs
    (("data/train-*", "data/*-0.parquet"), ["data/train-0.parquet", "data/train-1.parquet", "data/test-0.parquet"]),
]


@pytest.mark.parametrize(("globs", "names"), GLOBS)
def test_globs(repo: str, globs: tuple[str, ...], names: list[str]) -> None:
    found = fetch(pin(repo, None), globs)
    assert [name for name, _ in found] == names
    assert [path.read_bytes() for _, path in found] == [name.encode() for name in names]


def test_no_file_like_it(repo: str) -> None:
    with pytest.raises(CrossthinkError, match=r"has no file like x/\*\.csv, y; it has \.gitattributes, README\.md"):
        fetch(pin(repo, None), ("x/*.csv", "y"))


def test_files_come_from_the_cache_the_second_time(hub: Hub, repo: str) -> None:
    pinned = pin(repo, None)
    fetch(pinned, ("data/*",))
    before = len(hub.requests)
    fetch(pinned, ("data/*",))
    assert hub.requests[before:] == []


def test_files_are_of_the_pinned_commit(repo: str) -> None:
    pinned = pin(repo, None)
    commit(HfApi(), repo, {"README.md": b"changed since"})
    [(_, path)] = fetch(pinned, ("README.md",))
    assert path.read_bytes() == b"README.md"


def test_a_whole_data_set(repo: str) -> None:
    folder = fetch_all(pin(repo, None))
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == sorted(
        [*FILES, ".gitattributes"]
    )


def test_a_mirror_without_the_commit_gives_its_main(hub: Hub, repo: str) -> None:
    wanted = "0" * 40
    pinned = pin(repo, wanted, or_main=True)
    assert pinned.revision == HfApi().dataset_info(repo).sha
    assert pinned.warning == f"{hub.url} has no commit {wanted} of {repo}: its main was read instead"


def test_the_hub_itself_without_the_commit_is_an_error(hub: Hub, repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HUB", hub.url)
    with pytest.raises(CrossthinkError, match=f"{repo} has no revision never: name one that it has"):
        pin(repo, "never", or_main=True)


def test_a_revision_that_a_user_named_is_never_another(repo: str) -> None:
    with pytest.raises(CrossthinkError, match=f"{repo} has no revision never: name one that it has"):
        pin(repo, "never")
    columns = {"question": "q", "answer": "a"}
    source = {"repo": repo, "revision": "never", "files": ["*.md"], "columns": columns}
    recipe = Recipe.model_validate({"name": "r", "sources": {"mine": source}, "blends": {"b": {"weights": "count"}}})
    with pytest.raises(CrossthinkError, match=f"source 'mine': {repo} has no revision never"):
        make_plan(recipe)


def test_a_file_that_is_gone_from_the_list(repo: str) -> None:
    pinned = Pinned(repo, pin(repo, None).revision, ("never.txt",))
    with pytest.raises(CrossthinkError, match=r"refused .* with 404"):
        fetch(pinned, ("never.txt",))


def test_a_missing_data_set_says_the_same_without_a_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub answers 401 where nobody is logged in, 404 to those who are."""
    monkeypatch.delenv("HF_TOKEN")
    hub.fail_next("GET /api/datasets/files/never", "401")
    with pytest.raises(CrossthinkError, match=f"no data set files/never at {hub.url} that you may see"):
        pin("files/never", None)


def test_offline(repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = pin(repo, None)
    fetch(pinned, ("README.md",))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    [(_, path)] = fetch(pinned, ("README.md",))  # it is in the cache
    assert path.read_bytes() == b"README.md"
    with pytest.raises(CrossthinkError, match=r"cannot reach .*: check the network"):
        fetch(pinned, ("data/test-0.parquet",))
