"""Each HTTP call of a publish failing in turn: the repository is as it was or whole, and a repeat completes it.

The same for a client that is killed at a call, and for one that publishes to a folder and is killed at any step.
`tests/long/test_publish_faults.py` takes every call by its number.
"""

from __future__ import annotations

import itertools
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from crossthink_data import publish
from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.publication import Publication
from crossthink_data.publish import publish_to_folder, publish_to_hub
from tests import hub_server
from tests.hub_fixture import Hub
from tests.hub_git import Change
from tests.hub_store import Settings
from tests.publishing import head, publication_of, stored_files, tags, titles, wanted_files
from tests.small import Small, build_small, build_tiny

COMMIT_ID = "[0-9a-f]{40}"
SLOW = "xet-write-token"  # the client's own hf_xet asks for it again for minutes
BEFORE = {"README.md": "6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090"}  # sha256 of "abc123"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """What was published before: other rows, and fewer of them in the blend."""
    blends = {"nd": {"weights": "count"}}
    return build_small(tmp_path_factory.mktemp("earlier"), codes=5, sums=3, splits={}, size=6, blends=blends)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits seconds between its tries; hf_xet waits for an answer until the server hangs up."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(hub_server, "STALL", 4)


def refusal(hub: Hub, publication: Publication, repo_id: str, how: str) -> str | None:
    """What the client says of a publish that meets a fault; None where it succeeds."""
    with pytest.MonkeyPatch.context() as patch:
        if how == "timeout":  # else it waits for minutes
            patch.setattr(publish, "PATIENCE", 2.0)
            patch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 2.0)
            patch.setattr(huggingface_hub.constants, "HF_HUB_ETAG_TIMEOUT", 2.0)
        try:
            publish_to_hub(publication, repo_id)
        except CrossthinkError as error:
            assert hub.url in str(error), error  # it says where
            assert repo_id in str(error), error
            return str(error)
    return None


def with_old_card(hub: Hub, repo_id: str) -> str:
    """A data set that was there before with no more than a card, made on the server."""
    repo = hub.store.repo("datasets", repo_id)
    hub.store.create(repo, Settings(created=0), "alice", [Change("README.md", b"abc123")])
    return repo_id


def calls_of_a_publish(hub: Hub, tiny: Small, repo_id: str) -> list[str]:
    """A pattern for each kind of call of a good publish, with REPO for the repository."""
    before = len(hub.requests)
    publication = publication_of(tiny, repo_id)
    forget_objects(hub, publication)
    publish_to_hub(publication, with_old_card(hub, repo_id))
    lines = [re.escape(line.replace(repo_id, "REPO")) for line in hub.requests[before:]]
    lines = [re.sub(r"(?<=/objects/)[0-9a-f]{64}.*", "", line) for line in lines]
    lines = [re.sub(r"(?<=[/:])[0-9a-f]{40}", lambda _: COMMIT_ID, line) for line in lines]
    data = [re.sub(r"(?<=/data/).*", lambda _: "nd/.*", line) for line in lines]  # one data file stands for all
    return list(dict.fromkeys(line for line in data if "recipe" not in line and "manifest" not in line))


def forget_objects(hub: Hub, publication: Publication) -> None:
    """Large files are shared by all repositories: what an earlier publish sent would not be sent again."""
    for digest in publication.sha256.values():
        hub.store.objects.path(digest).unlink(missing_ok=True)


def failing(hub: Hub, tiny: Small, how: str, times: int, repo_id: str, only: str = "") -> dict[str, str | None]:
    """call -> what publishing said (None for success), with each call failing that way, checked as it goes."""
    outcomes = {}
    for i, call in enumerate(calls_of_a_publish(hub, tiny, repo_id)):
        if not re.search(only, call.replace("\\", "")):
            continue
        name = with_old_card(hub, f"{repo_id}-{i}")
        publication = publication_of(tiny, name)
        forget_objects(hub, publication)
        hub.fail_next(call.replace("REPO", re.escape(name)), how, times)
        said = refusal(hub, publication, name, how)
        assert hub.server.faults[-1].times < times, f"{call} was not asked again"
        hub.server.faults.clear()
        assert stored_files(hub, name) in (BEFORE, wanted_files(publication)), call
        published = publish_to_hub(publication, name)
        assert stored_files(hub, name) == wanted_files(publication), call
        assert titles(name) == [f"Publish {tiny.manifest['name']}", "initial commit"], call
        assert tags(name) == {published.tag: head(hub, name)}, call
        outcomes[call.replace("\\", "")] = said
    return outcomes


@pytest.mark.parametrize("how", ["500", "cut", "lost"])
def test_one_call_fails_once(hub: Hub, tiny: Small, how: str) -> None:
    outcomes = failing(hub, tiny, how, 1, f"faults/{how}")
    assert any(SLOW in call for call in outcomes)
    assert len(outcomes) >= 13
    refused = [said for said in outcomes.values() if said]
    assert len(refused) >= 5  # what the client does not try again by itself


def test_a_call_that_never_works(hub: Hub, tiny: Small) -> None:
    outcomes = failing(hub, tiny, "500", 99, "faults/ever", only=f"^(?!.*{SLOW})")
    assert [call for call, said in outcomes.items() if not said] == []


def test_an_answer_that_never_comes(hub: Hub, tiny: Small) -> None:
    outcomes = failing(hub, tiny, "timeout", 1, "faults/timeout", only="create|/commit/|/tag/|HEAD")
    assert len(outcomes) >= 4
    assert len([said for said in outcomes.values() if said]) >= 3  # what the client does not try again by itself


@pytest.mark.parametrize("how", ["500", "cut", "lost", "timeout"])
def test_uploads_by_lfs(hub: Hub, tiny: Small, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    outcomes = failing(hub, tiny, how, 1, f"faults/lfs-{how}", only="objects|xet")
    assert [call.split()[0] for call in outcomes] == ["POST", "PUT"]  # the batch that asks for links, and one upload


# ---- the n-th call of a publish that replaces an earlier one


KILLS = {
    "killed before": "500",
    "killed after": "lost",
}  # what becomes of the call that the client does not live to see
HOWS = ["500", "cut", "lost", "timeout", *KILLS]


@contextmanager
def at_call(hub: Hub, number: int, act: Callable[[], str]) -> Iterator[None]:
    """Lets the call of this number, from now on, meet what `act` does and says (see `Fault`)."""
    note, calls = hub.server.note, itertools.count()

    def counted(line: str) -> str:
        how = note(line)
        return act() if next(calls) == number else how

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub.server, "note", counted)
        yield


def replaced(hub: Hub, small: Small, earlier: Small, repo_id: str) -> Publication:
    """The publication of a run, for a repository where an earlier one is."""
    publication = publication_of(small, repo_id)
    forget_objects(hub, publication)
    publish_to_hub(publication_of(earlier, repo_id), repo_id)
    return publication


def calls(hub: Hub, small: Small, earlier: Small, repo_id: str) -> list[str]:
    """Every call of a publish that nothing disturbs."""
    publication = replaced(hub, small, earlier, repo_id)
    before = len(hub.requests)
    publish_to_hub(publication, repo_id)
    return hub.requests[before:]


def survives(hub: Hub, small: Small, earlier: Small, repo_id: str, number: int, how: str, home: Path) -> str:
    """A publish meets a fault at a call; checks the repository then, and after a repeat. Gives what it showed."""
    publication = replaced(hub, small, earlier, repo_id)
    states = {"old": wanted_files(publication_of(earlier, repo_id)), "new": wanted_files(publication)}
    if how in KILLS:
        kill_client(hub, small, repo_id, number, how, home)
    else:
        with at_call(hub, number, lambda: how):
            refusal(hub, publication, repo_id, how)
    stored = stored_files(hub, repo_id)
    [shown] = [name for name, files in states.items() if files == stored]
    published = publish_to_hub(publication, repo_id)
    assert stored_files(hub, repo_id) == states["new"]
    runs = [one.manifest["name"] for one in (small, earlier)]
    assert titles(repo_id) == [*(f"Publish {name}" for name in runs), "initial commit"]
    assert tags(repo_id)[published.tag] == published.commit == head(hub, repo_id)
    return shown


def kill_client(hub: Hub, small: Small, repo_id: str, number: int, how: str, home: Path) -> None:
    """A client in a process of its own, which ends with that call."""
    command = [sys.executable, "-m", "crossthink_data.cli", "publish", str(small.folder), repo_id, "--quiet"]
    xet = {"HF_HUB_DISABLE_XET": "1"} if huggingface_hub.constants.HF_HUB_DISABLE_XET else {}
    due, respond = threading.Event(), hub_server.respond

    def end() -> str:
        client.kill()
        client.wait(10)
        return "500"

    def act() -> str:
        if how == "killed before":
            return end()
        due.set()
        return ""

    def respond_and_end(*args: Any) -> Any:
        reply = respond(*args)
        if due.is_set():
            end()
        return reply

    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, env=hub.client_env(home) | xet, stderr=subprocess.PIPE, text=True) as client,
    ):
        patch.setattr(hub_server, "respond", respond_and_end)
        with at_call(hub, number, act):
            _, said = client.communicate(timeout=60)
    assert client.returncode == -signal.SIGKILL, said


@pytest.mark.parametrize("how", KILLS)
@pytest.mark.parametrize("call", ["/commit/", "/tag/", "seeded"])
def test_the_client_is_killed_at_a_call(
    hub: Hub, tiny: Small, earlier: Small, tmp_path: Path, how: str, call: str
) -> None:
    made = calls(hub, tiny, earlier, "faults/calls")
    seeded = random.Random(how).randrange(len(made))  # noqa: S311 (picks a call)
    number = next((i for i, line in enumerate(made) if call in line), seeded)
    shown = survives(hub, tiny, earlier, f"faults/{how.replace(' ', '-')}-{call.strip('/')}", number, how, tmp_path)
    committed = next(i for i, line in enumerate(made) if "/commit/" in line)
    done = number > committed or (number == committed and how == "killed after")
    assert shown == ("new" if done else "old")


# ---- a folder


KILLED = """
import os, signal, sys
from pathlib import Path
from crossthink_data.publication import prepare_publication
from crossthink_data.publish import publish_to_folder

run, folder, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
publication = prepare_publication(run, "folder")
steps = 0

def count(event, args):
    global steps
    if any(str(folder.parent) in str(arg) and str(run) != str(arg) for arg in args if isinstance(arg, (str, Path))):
        steps += 1
        if steps == number:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
publish_to_folder(publication, folder)
sys.stdout.write(str(steps))
"""


def publish_killed(small: Small, folder: Path, number: int) -> subprocess.CompletedProcess[str]:
    """Publishes in a process that is killed before its n-th look at or change of something where the folder is."""
    command = [sys.executable, "-c", KILLED, str(small.folder), str(folder), str(number)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def files_of(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in folder.rglob("*") if path.is_file()}


def folder_survives(small: Small, earlier: Small | None, folder: Path, number: int) -> bool:
    """A publish killed at a step: old, new, or, between two renames, the old one beside. Whether it was killed."""
    publication = publication_of(small, "folder")
    states = [wanted_files(publication)]
    if earlier is None:
        states.append({})
    else:
        publish_to_folder(publication_of(earlier, "folder"), folder)
        states.append(wanted_files(publication_of(earlier, "folder")))
    done = publish_killed(small, folder, number)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    beside = folder.with_name(f".{folder.name}-old")
    assert files_of(folder if folder.exists() or earlier is None else beside) in states
    publish_to_folder(publication, folder)
    assert files_of(folder) == states[0]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return done.returncode != 0


@pytest.mark.parametrize("replaces", [False, True])
def test_killed_while_publishing_to_a_folder(tiny: Small, earlier: Small, tmp_path: Path, replaces: bool) -> None:
    steps = int(publish_killed(tiny, tmp_path / "counted" / "folder", 0).stdout)
    assert steps > 20
    for number in random.Random(3).sample(range(1, steps + 1), 3):  # noqa: S311 (picks steps)
        (tmp_path / str(number)).mkdir()
        assert folder_survives(tiny, earlier if replaces else None, tmp_path / str(number) / "folder", number), number


def test_killed_between_the_two_renames(tiny: Small, earlier: Small, tmp_path: Path) -> None:
    """The earlier publication is put back first, so that it is there when the next publish fails as well."""
    folder = tmp_path / "folder"
    publish_to_folder(publication_of(earlier, "folder"), folder)
    folder.rename(tmp_path / ".folder-old")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CrossthinkError, match="reads back"):
        patch.setattr(publish, "file_sha256", lambda path: "")
        publish_to_folder(publication_of(tiny, "folder"), folder)
    assert files_of(folder) == wanted_files(publication_of(earlier, "folder"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_two_publish_to_one_folder(tiny: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused and disturbs nothing."""
    folder = tmp_path / "folder"
    publication = publication_of(tiny, "folder")
    copy, refused = publish._copy, []

    def copy_and_meet(*args: Path) -> None:
        with pytest.raises(CrossthinkError, match=f"another publish to {folder} is running: wait for it, then") as said:
            publish_to_folder(publication, folder)
        refused.append(said)
        copy(publication, args[-1])

    monkeypatch.setattr(publish, "_copy", copy_and_meet)
    publish_to_folder(publication, folder)
    assert len(refused) == 1
    assert files_of(folder) == wanted_files(publication)
