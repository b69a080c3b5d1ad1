"""What the test Hub keeps on disk: repositories with their settings, and the large files they share.

ROOT/datasets/ORG/NAME.git    a bare git repository, with its settings beside HEAD
ROOT/objects/aa/bb/SHA256     large files
ROOT/xet/datasets/ORG/NAME    what clients uploaded by xet, until a commit names it
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.hub_git import Change, Draft, GitRepo
from tests.hub_lfs import GITATTRIBUTES, Objects, is_large, lfs_patterns

SAMPLE = 512  # bytes at the start of a file that decide whether it looks binary
SEED_TIME = 1_767_225_600  # 2026-01-01: the same seed gives the same commit ids on every machine
SETTINGS_FILE = "hub.json"


@dataclass(frozen=True)
class Settings:
    """What an owner sets on a repository; `created` in seconds since the epoch."""

    created: int
    private: bool = False
    gated: str | bool = False


@dataclass(frozen=True)
class Repo:
    """One repository: `kind` is datasets or models, `id` is ORG/NAME, `xet` is where uploads wait."""

    kind: str
    id: str
    git: GitRepo
    xet: Path

    @property
    def settings(self) -> Settings:
        return Settings(**json.loads((self.git.path / SETTINGS_FILE).read_text()))

    def save(self, settings: Settings) -> None:
        (self.git.path / SETTINGS_FILE).write_text(json.dumps(asdict(settings)))

    def exists(self) -> bool:
        return self.git.path.is_dir()


@dataclass(frozen=True)
class Store:
    """All repositories under one folder; hold `lock` while changing one."""

    root: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def objects(self) -> Objects:
        return Objects(self.root / "objects")

    def repo(self, kind: str, repo_id: str) -> Repo:
        """The repository of that name, whether or not it exists yet."""
        git = GitRepo(self.root / kind / f"{repo_id}.git")
        return Repo(kind, repo_id, git, self.root / "xet" / kind / repo_id)

    def repositories(self) -> set[Path]:
        """The git repositories of every kind."""
        return set(self.root.glob("*/*/*.git"))

    def create(self, repo: Repo, settings: Settings, author: str, files: Sequence[Change] = ()) -> None:
        """A new repository with one commit; made aside and renamed, so it is never seen half made."""
        parent = repo.git.path.parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as aside:
            git = GitRepo(Path(aside) / "new.git")
            git.init()
            changes = [Change(".gitattributes", GITATTRIBUTES.encode()), *files]
            git.commit("main", None, Draft("initial commit", author, settings.created, changes))
            Repo(repo.kind, repo.id, git, repo.xet).save(settings)
            git.path.rename(repo.git.path)


def open_store(root: Path) -> Store:
    """The store in a folder, which is made if absent."""
    store = Store(root.resolve())
    store.objects.root.mkdir(parents=True, exist_ok=True)
    return store


def seed(store: Store, folder: Path, author: str = "seed") -> list[str]:
    """Each folder ORG/NAME becomes a dataset of one commit; what exists is left as it is.

    Returns the ids of the datasets made.
    """
    made = []
    for source in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        repo = store.repo("datasets", source.relative_to(folder).as_posix())
        if not repo.exists():
            store.create(repo, Settings(created=SEED_TIME), author, _files(source, store.objects))
            made.append(repo.id)
    return made


def now() -> int:
    """Whole seconds since the epoch."""
    return int(time.time())


def _files(source: Path, objects: Objects) -> list[Change]:
    files = sorted(path for path in source.rglob("*") if path.is_file())
    patterns = lfs_patterns(GITATTRIBUTES)
    return [Change(path.relative_to(source).as_posix(), _content(path, objects, patterns)) for path in files]


def _content(path: Path, objects: Objects, patterns: list[str]) -> bytes:
    """What git holds of a local file: its bytes, or a pointer to the object that it becomes."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    if is_large(path.name, path.stat().st_size, sample, patterns):
        return objects.link(path).text
    return path.read_bytes()
