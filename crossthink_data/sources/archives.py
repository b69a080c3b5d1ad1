"""Archives of sources that are not on the Hub: fetched once into a cache, read without unpacking.

What an archive says of itself is not trusted: names must stay inside it, links are never followed, nothing is written,
and a member, the headers, what is read and the whole are limited in size, so that neither a bomb nor a crafted name
does harm.
"""

from __future__ import annotations

import gzip
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from urllib.request import Request, urlopen

from huggingface_hub import constants

from crossthink_data.errors import CrossthinkError
from crossthink_data.sources.base import Source

MAX_MEMBER = 128 << 20  # bytes of one member, its headers included
MAX_TOTAL = 4 << 30  # bytes of all members: pictures of a textbook take up to about one GiB
MAX_MEMBERS = 50_000  # a textbook without its pictures has up to 400
MAX_HEADERS = 128 << 20  # bytes of all headers, which tarfile keeps: 2 KiB for each of as many members
MAX_READ = 256 << 20  # bytes of all members that are asked for, which readers keep: the largest textbook has 9 MB
MAX_DOWNLOAD = 2 << 30  # bytes
STALL_SECONDS = 30  # without a byte
DOWNLOAD_SECONDS = 600  # for one archive
_CHUNK = 1 << 20


# The last two are tarfile's for a header that is no number, and for headers that extend one another without end.
_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError)


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the files in a tar.gz whose name is `wanted`, in the archive's order.

    Raises CrossthinkError for an archive that is damaged, too large, or names anything outside itself, or twice.
    """
    try:
        with gzip.open(path) as unzipped:
            limited = _Limited(unzipped, path)
            counted = _Counted(path)
            with tarfile.open(fileobj=limited, mode="r|") as archive:  # type: ignore[call-overload]
                for member in iter(archive.next, None):
                    archive.members.clear()  # tarfile would keep them all
                    counted.add(member, archive.offset - member.offset_data, limited.total)
                    limited.next_member()
                    if _is_wanted(member, path, wanted):
                        counted.take(member)
                        yield member.name, _content(archive, member, path)
            limited.drain()
    except _DAMAGE as error:
        raise CrossthinkError(
            f"{path} is not a whole tar.gz archive ({error}); delete it and download it again"
        ) from error


class _Limited:
    """A stream that refuses to give more than a member, or the whole archive, may hold."""

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        self.stream = stream
        self.path = path
        self.member = self.total = 0

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.member += len(data)
        self.total += len(data)
        if self.member > MAX_MEMBER or self.total > MAX_TOTAL:
            raise CrossthinkError(
                f"{self.path} holds a file of more than {MAX_MEMBER:,} bytes, or more than {MAX_TOTAL:,} in "
                "all: it is not the archive that it should be; delete it and download it again"
            )
        return data

    def next_member(self) -> None:
        self.member = 0

    def drain(self) -> None:
        """Reads to the end, where gzip checks the sum: tarfile takes a cut-off archive for a short one."""
        while self.read(_CHUNK):
            self.next_member()


class _Counted:
    """The members so far: neither their number, nor their headers, nor what is read of them grows without end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = self.content = self.taken = 0
        self.names: set[PurePosixPath] = set()

    def add(self, member: tarfile.TarInfo, stored: int, read: int) -> None:
        """One more member, of which as many bytes are `stored`, and whose header ends after `read` bytes in all.

        A member's own size may be another number: that of a sparse file with its holes.
        """
        self.number += 1
        if self.number > MAX_MEMBERS:
            raise self._refusal(f"more than {MAX_MEMBERS:,} files")
        if read - self.content > MAX_HEADERS:
            raise self._refusal(f"headers of more than {MAX_HEADERS:,} bytes")
        if member.size < 0 or stored < 0:
            raise tarfile.ReadError(f"{member.name} has a size below 0")
        if stored > MAX_MEMBER:  # tarfile would look for its end, even past that of the archive
            raise self._refusal(f"{member.name}, a file of more than {MAX_MEMBER:,} bytes")
        self.content += stored

    def take(self, member: tarfile.TarInfo) -> None:
        """One more member that is read."""
        name = PurePosixPath(member.name)
        if name in self.names:
            raise self._refusal(f"{member.name} twice, and which of them counts is a guess")
        self.names.add(name)
        self.taken += member.size
        if self.taken > MAX_READ:
            raise self._refusal(f"more than {MAX_READ:,} bytes of what is read of it")

    def _refusal(self, what: str) -> CrossthinkError:
        return CrossthinkError(
            f"{self.path} holds {what}: it is not the archive that it should be; delete it and download it again"
        )


def _is_wanted(member: tarfile.TarInfo, path: Path, wanted: Callable[[str], bool]) -> bool:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise CrossthinkError(f"{path} names {member.name!r}, which lies outside it: do not use this archive")
    if not wanted(member.name) or member.isdir():
        return False
    if not member.isfile():
        raise CrossthinkError(f"{path}: {member.name} is a link or a device; links in an archive are not followed")
    if member.issparse():
        raise CrossthinkError(
            f"{path}: {member.name} is a sparse file, which no textbook holds: do not use this archive"
        )
    return True


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    if member.size > MAX_MEMBER:
        raise CrossthinkError(f"{path}: {member.name} has {member.size:,} bytes; at most {MAX_MEMBER:,} are read")
    handle = archive.extractfile(member)
    assert handle is not None  # noqa: S101 - a regular file has content
    return handle.read()


def fetch_archives(source: Source) -> list[tuple[str, Path]]:
    """(file name, local path) of the source's archives, downloaded where the cache has them not.

    The cache is `HF_HOME`/crossthink. Raises CrossthinkError where an archive cannot be had.
    """
    folder = Path(constants.HF_HOME) / "crossthink" / "archives" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    return [(name, _cached(source, url, folder / name)) for name, url in source.archives.items()]


def _cached(source: Source, url: str, path: Path) -> Path:
    if path.is_file():
        return path
    try:
        _download(url, path)
    except (OSError, HTTPException, CrossthinkError) as error:
        raise CrossthinkError(
            f"cannot download {url} ({error}): check the network and run it again, or put the archives of "
            f"{source.name} into a folder and name it with --set sources.{source.name}.path=FOLDER"
        ) from error
    return path


def _download(url: str, path: Path) -> None:
    """Writes aside, checks that the archive is whole, renames."""
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        aside = Path(part.name)
        try:
            for chunk in _chunks(url):
                part.write(chunk)
            part.flush()
            for _ in read_members(aside, lambda name: False):
                pass
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def _chunks(url: str) -> Iterator[bytes]:
    """The body of an https answer, bounded in time and size."""
    deadline, size = time.monotonic() + DOWNLOAD_SECONDS, 0
    request = Request(_secure(url), headers={"User-Agent": "crossthink"})  # noqa: S310 - https only
    with urlopen(request, timeout=STALL_SECONDS) as answer:  # noqa: S310
        _secure(answer.url)  # where redirects led to
        while chunk := answer.read1(_CHUNK):  # what has come, so that the deadline is looked at
            size += len(chunk)
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {DOWNLOAD_SECONDS} seconds")
            if size > MAX_DOWNLOAD:
                raise CrossthinkError(f"more than {MAX_DOWNLOAD:,} bytes")
            yield chunk


def _secure(url: str) -> str:
    if not url.startswith("https://"):
        raise CrossthinkError(f"{url} is not an https address")
    return url
