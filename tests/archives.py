"""Small archives for the tests that read them."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path


def tar_gz(path: Path, files: Mapping[str, bytes]) -> Path:
    """Writes a tar.gz of these names and contents, in their order."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def raw_tar_gz(path: Path, blocks: Iterable[bytes]) -> Path:
    """Writes a tar.gz of these blocks, headers among them, which no writer would write."""
    with gzip.open(path, "wb", compresslevel=1) as archive:
        archive.writelines(blocks)
        archive.write(bytes(1024))
    return path


def header(name: str = "a.xml", size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A header of 512 bytes, with a right checksum and any size."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def pax(record: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A header that says more of the next member, or of all, with its record."""
    return header("pax", len(record), kind) + record + bytes(-len(record) % 512)


def peak_bytes(read: Callable[[], object]) -> int:
    """The most memory that Python's objects took at once while this was read."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
