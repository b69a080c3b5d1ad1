"""A disk that fills up: one clear message, and the same command goes on once there is room."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kills import LIMIT, Kills, crossthink, ended, started, undisturbed
from tests.publishing import publication_of, wanted_files
from tests.small import Small, build_tiny
from tests.test_publish_faults import files_of

PAGE = 4096
ROOM = 1 << 30
LARGE = f"size={ROOM}"


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return undisturbed(tmp_path_factory.mktemp("disk"))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of this many bytes, mounted there until the end."""
    folder.mkdir()
    _mount(folder, f"size={size}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True, timeout=60)


def _mount(folder: Path, options: str) -> None:
    if not shutil.which("mount") or not shutil.which("umount"):
        pytest.skip("no command mount here")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")


def make_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,{LARGE}", disk], check=True, timeout=60)


@pytest.fixture(scope="module")
def peak(kills: Kills, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The most bytes that a build has on its disk at once."""
    most = 0
    with (
        small_disk(tmp_path_factory.mktemp("peak") / "disk", ROOM) as disk,
        started(kills.command(disk / "runs")) as driver,
    ):
        while driver.poll() is None:
            most = max(most, shutil.disk_usage(disk).used)
        assert ended(driver, LIMIT).code == 0
    return most


def assert_says_so(said: str, disk: Path) -> None:
    """Which disk, and what to do."""
    assert "the disk is full: make space" in said, said
    assert "run the same command again" in said, said
    assert str(disk) in said, said


SHARES = (0.02, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the room it needs: this decides in which stage it ends


@pytest.mark.parametrize(
    ("workers", "share"),
    [(1, 0.3), (2, 0.85), *(pytest.param(n, share, marks=pytest.mark.long) for n in (1, 2) for share in SHARES)],
)
def test_a_build(kills: Kills, peak: int, tmp_path: Path, workers: int, share: float) -> None:
    with small_disk(tmp_path / "disk", max(PAGE, int(share * peak) // PAGE * PAGE)) as disk:
        said = crossthink(kills.command(disk / "runs", workers)).refusal()
        kills.assert_not_half(disk / "runs")
        make_room(disk)
        kills.resume(disk / "runs", workers, tasks=4)
    assert_says_so(said, disk)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def publish(small: Small, folder: Path) -> list[str]:
    return [sys.executable, "-m", "crossthink_data.cli", "publish", str(small.folder), "--to", str(folder)]


@pytest.mark.parametrize("pages", [1, 4, 9])
def test_a_publish_to_a_folder(tiny: Small, tmp_path: Path, pages: int) -> None:
    with small_disk(tmp_path / "disk", pages * PAGE) as disk:
        assert_says_so(crossthink(publish(tiny, disk / "folder")).refusal(), disk / "folder")
        assert list(disk.iterdir()) == []
        make_room(disk)
        assert crossthink(publish(tiny, disk / "folder")).code == 0
        assert files_of(disk / "folder") == wanted_files(publication_of(tiny, str(disk / "folder")))


def test_a_publish_over_an_earlier_one(small: Small, tiny: Small, tmp_path: Path) -> None:
    """There must be room for both; what was there stays until then."""
    with small_disk(tmp_path / "disk", 20 * PAGE) as disk:
        folder = disk / "folder"
        assert crossthink(publish(tiny, folder)).code == 0
        before = files_of(disk)
        assert_says_so(crossthink(publish(small, folder)).refusal(), folder)
        assert files_of(disk) == before
        make_room(disk)
        assert crossthink(publish(small, folder)).code == 0
        assert files_of(folder) == wanted_files(publication_of(small, str(folder)))
