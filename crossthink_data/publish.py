"""Publishing a finished run: one commit on the Hub, or one folder that `load_dataset` reads alike.

Either all of it is there or nothing is. What was written is read back and compared by sha256 before the commit is
tagged; doing it again is safe.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    constants,
    get_session,
    get_token,
    hf_hub_download,
)
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RevisionNotFoundError

from crossthink_data.errors import CrossthinkError
from crossthink_data.hashing import file_sha256
from crossthink_data.manifest import read_manifest
from crossthink_data.manifest_file import MANIFEST
from crossthink_data.publication import CARD, RECIPE, Publication
from crossthink_data.sources.hub import hub_errors

KEPT = {".gitattributes"}  # of a repository, whatever is published
TEXTS = {CARD, RECIPE, MANIFEST}
PATIENCE = 300.0  # seconds without a byte of an answer; a commit of many files takes the Hub long


@dataclass(frozen=True)
class Published:
    """Where a run is now: a folder, or a repository at a commit."""

    where: str
    commit: str | None
    tag: str
    files: int


def publish_to_folder(publication: Publication, folder: Path) -> Published:
    """Writes the publication aside and swaps it in; an earlier publication in its place is replaced.

    What a killed publish left is cleared away. Raises CrossthinkError where the folder holds anything else, and while
    another process publishes to it.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _full_disk_named(folder), _aside(folder) as aside:
        _put_back(folder)
        if folder.exists() and not _may_replace(folder):
            raise CrossthinkError(f"{folder} holds more than an earlier publication: name a new or empty folder")
        _copy(publication, aside)
        _swap_in(aside, folder)
    return Published(str(folder), None, publication.tag, len(publication.data) + len(publication.texts))


@contextmanager
def _full_disk_named(folder: Path) -> Iterator[None]:
    """A copy's error names what was read, though the disk of what was written is full."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(error.errno, error.strerror, str(folder)) from error


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """An empty folder beside this one, locked; the system releases it when the process ends, however it ends."""
    aside = folder.with_name(f".{folder.name}-new")
    aside.mkdir(exist_ok=True)
    handle = os.open(aside, os.O_RDONLY)
    try:
        if not _lock(handle) or not _is_still(aside, handle):
            raise CrossthinkError(f"another publish to {folder} is running: wait for it, then run this again")
        for left in aside.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield aside
        finally:
            if _is_still(aside, handle):
                shutil.rmtree(aside)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the lock is now ours."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, handle: int) -> bool:
    """Whether the open folder still has this name: another publish may have swapped it in."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(handle))


def _may_replace(folder: Path) -> bool:
    """Whether a folder is empty, or holds an earlier publication and nothing else."""
    if not folder.is_dir():
        return False
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if MANIFEST not in there or CARD not in there:
        return not there
    try:
        return there <= {*read_manifest(folder)["files"], *TEXTS}
    except CrossthinkError:  # somebody else's manifest.json
        return False


def _copy(publication: Publication, folder: Path) -> None:
    folder.chmod(0o755)
    for path, built in publication.data.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, folder / path)
    for path, text in publication.texts.items():
        (folder / path).write_bytes(text)
    for path, digest in publication.sha256.items():
        _compare(path, digest, file_sha256(folder / path))


def _old(folder: Path) -> Path:
    """Where the earlier publication is while the new one takes its place."""
    return folder.with_name(f".{folder.name}-old")


def _put_back(folder: Path) -> None:
    """Ends what a publish began that was killed while it swapped."""
    old = _old(folder)
    if not old.exists():
        return
    if folder.exists():
        shutil.rmtree(old)
        return
    old.rename(folder)


def _swap_in(aside: Path, folder: Path) -> None:
    if not folder.exists():
        aside.rename(folder)
        return
    old = _old(folder)
    folder.rename(old)
    try:
        aside.rename(folder)
    finally:
        if not folder.exists():
            old.rename(folder)
    shutil.rmtree(old)


def publish_to_hub(publication: Publication, repo_id: str, private: bool = False, revision: str = "main") -> Published:
    """One commit on `revision` of the data set `repo_id`, which is created where it is missing.

    It replaces an earlier publication; other files beside that stay as they are. Raises CrossthinkError: no token, no
    rights, a repository of somebody else's files, a commit of somebody else in between, the network, or files that
    read back otherwise than they were written. The repository is then as it was, or holds the whole commit.
    """
    if repo_id.count("/") != 1:
        raise CrossthinkError(f"{repo_id!r} does not say whose data set it is: write it as ORG/NAME")
    if get_token() is None:
        raise CrossthinkError("publishing needs a token: log in with `hf auth login` or set HF_TOKEN")
    api = HfApi()
    get_session().timeout = PATIENCE  # the client's own waits for ever
    with _publish_errors(repo_id):
        api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        if revision != "main":
            api.create_branch(repo_id, repo_type="dataset", branch=revision, exist_ok=True)
        info = api.dataset_info(repo_id, revision=revision, timeout=PATIENCE)
        if private and not info.private:
            raise CrossthinkError(f"{repo_id} is there and public: make it private on its page, or drop --private")
        parent = str(info.sha)
        there = set(api.list_repo_files(repo_id, repo_type="dataset", revision=parent))
        earlier = _earlier_files(repo_id, parent, there)
        foreign = there - earlier - KEPT
        _check_foreign(publication, repo_id, foreign, MANIFEST in earlier)
        commit = api.create_commit(
            repo_id,
            _operations(publication, there & earlier),
            commit_message=f"Publish {publication.manifest['name']}",
            repo_type="dataset",
            revision=revision,
            parent_commit=parent,
        ).oid
        holds = set(api.list_repo_files(repo_id, repo_type="dataset", revision=commit))
        _read_back(publication, repo_id, commit, holds - foreign)
        _tag(api, repo_id, publication.tag, commit)
    return Published(repo_id, commit, publication.tag, len(publication.data) + len(publication.texts))


def _earlier_files(repo_id: str, commit: str, there: set[str]) -> set[str]:
    """The files of the earlier publication at this commit; where there is none, a card that may be replaced."""
    if MANIFEST not in there:
        return {CARD}
    with tempfile.TemporaryDirectory(prefix="crossthink-") as folder:
        got = hf_hub_download(repo_id, MANIFEST, repo_type="dataset", revision=commit, cache_dir=folder)
        try:
            return {*read_manifest(Path(got).parent)["files"], *TEXTS}
        except CrossthinkError:  # somebody else's manifest.json
            return {CARD}


def _check_foreign(publication: Publication, repo_id: str, foreign: set[str], published_before: bool) -> None:
    """Files of others are neither deleted nor written over, and only an earlier publication may stand among them."""
    if in_the_way := sorted(foreign & publication.sha256.keys() if published_before else foreign):
        raise CrossthinkError(
            f"{repo_id} holds files that are not of a crossthink publication ({', '.join(in_the_way[:5])}): publish "
            "to another repository"
        )


def _operations(publication: Publication, earlier: set[str]) -> list[CommitOperationAdd | CommitOperationDelete]:
    """Adds every file of the publication and deletes what the earlier one leaves."""
    added: dict[str, Path | bytes] = {**publication.data, **publication.texts}
    stale = sorted(earlier - set(added))
    return [
        *(CommitOperationAdd(path, content) for path, content in added.items()),
        *(CommitOperationDelete(path) for path in stale),
    ]


def _read_back(publication: Publication, repo_id: str, commit: str, there: set[str]) -> None:
    """Downloads every file of the commit afresh and compares it with what was built; `there` is all of ours there."""
    wanted = publication.sha256 | {path: sha256(text).hexdigest() for path, text in publication.texts.items()}
    if extra := sorted(there - set(wanted) - KEPT):
        raise CrossthinkError(
            f"{repo_id}@{commit[:8]} also holds {', '.join(extra[:5])}: somebody else committed; look at it, "
            "then publish again"
        )
    with tempfile.TemporaryDirectory(prefix="crossthink-") as folder:
        for path, digest in wanted.items():
            got = Path(hf_hub_download(repo_id, path, repo_type="dataset", revision=commit, cache_dir=folder))
            _compare(f"{repo_id}@{commit[:8]}/{path}", digest, file_sha256(got))
            got.resolve().unlink()


def _compare(path: str, built: str, got: str) -> None:
    if got != built:
        raise CrossthinkError(
            f"{path} reads back with sha256 {got[:12]}…, it was built with {built[:12]}…: publish again; if it stays, "
            "the storage is at fault"
        )


def _tag(api: HfApi, repo_id: str, tag: str, commit: str) -> None:
    """Tags the commit; a tag of the same run from before moves to it."""
    refs = api.list_repo_refs(repo_id, repo_type="dataset")
    tagged = {one.name: one.target_commit for one in refs.tags}
    if tagged.get(tag) == commit:
        return
    if tag in tagged:
        api.delete_tag(repo_id, repo_type="dataset", tag=tag)
    api.create_tag(repo_id, repo_type="dataset", tag=tag, revision=commit)


@contextmanager
def _publish_errors(repo_id: str) -> Iterator[None]:
    try:
        with hub_errors(repo_id):
            try:
                yield
            except RevisionNotFoundError as error:
                raise CrossthinkError(f"{repo_id} has no such revision; create the branch first") from error
            except HfHubHTTPError as error:
                _raise_clearly(repo_id, error)
                raise
            except HTTPError as error:
                raise CrossthinkError(
                    f"the connection to {constants.ENDPOINT} broke while publishing to {repo_id} ({error}): publish "
                    "again, what has arrived is not sent twice"
                ) from error
    except ValueError as error:  # the client's own checks, of names and of the card's front matter
        raise CrossthinkError(f"{repo_id}: {error}") from error


def _raise_clearly(repo_id: str, error: HfHubHTTPError) -> None:
    status = error.response.status_code if error.response is not None else None
    if status == 403:
        raise CrossthinkError(
            f"this token may not write to {repo_id}: use one with write access to {repo_id.split('/')[0]}"
        ) from error
    if status == 412:
        raise CrossthinkError(
            f"{repo_id} got another commit while this one was made: look at it, then publish again; nothing was changed"
        ) from error
