"""Files on a disk or in an object store: the same few operations on both.

A folder is a `pathlib.Path`, or for a URL such as s3://bucket/runs a `UPath`, which has a Path's methods over fsspec. A
file is written aside and put in its place at the end, so that a file that exists is whole, however a writer ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, cast

import pyarrow as pa
from datatrove.io import DataFolder, get_datafolder

from crossthink_data.errors import CrossthinkError

ASIDE = ".tmp"  # ends the name of a file that is being written


def folder_at(where: str) -> Path:
    """The folder at a path or a URL. Raises CrossthinkError for a URL that no installed library reads."""
    if "://" not in where:
        return Path(where)
    try:
        from upath import UPath

        folder = UPath(where, use_listings_cache=False)  # other processes write there too
        folder.fs  # noqa: B018 - it is made when it is asked for, and may be missing
        return cast("Path", folder)
    except (ImportError, ValueError) as error:
        raise CrossthinkError(
            f"cannot use {where}: {error}; for s3:// install crossthink[s3], for others the library that fsspec names"
        ) from error


def is_local(path: Path) -> bool:
    """Whether a path is on this machine's file system."""
    return isinstance(path, Path)


def datafolder(path: Path) -> DataFolder:
    """The folder as datatrove takes it; as with ours, what other processes write there is seen at once."""
    return get_datafolder(str(path) if is_local(path) else (str(path), {"use_listings_cache": False}))


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A local path to write a file to; it is at `path` once all has gone well."""
    if is_local(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}{ASIDE}")  # one writer's alone
        try:
            yield aside
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)  # half of it would only take room
        return
    with TemporaryDirectory() as folder:
        aside = Path(folder) / path.name
        yield aside
        _fs(path).put_file(str(aside), _key(path))


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole."""
    with written(path) as aside:
        aside.write_text(text, encoding="utf-8")


@contextmanager
def arrow_file(path: Path, mapped: bool = False) -> Iterator[pa.ipc.RecordBatchFileReader]:
    """An arrow file whose batches are read when they are asked for; `mapped`: only the pages that are touched."""
    if not is_local(path):
        source = pa.PythonFile(_fs(path).open(_key(path), "rb", cache_type="none"), mode="r")
    elif mapped:
        source = pa.memory_map(str(path))
    else:
        source = pa.OSFile(str(path), "rb")
    with source, pa.ipc.open_file(source) as reader:
        yield reader


@lru_cache(maxsize=4)
def fetched(folder: Path) -> Path:
    """The folder itself where it is local, else a copy of it that lasts as long as this process.

    Raises CrossthinkError where there is nothing at a URL.
    """
    if is_local(folder):
        return folder
    if not _fs(folder).exists(_key(folder)):
        raise CrossthinkError(f"there is nothing at {folder}: check the URL")
    copy = Path(mkdtemp(prefix="crossthink-"))
    Finalize(None, shutil.rmtree, (copy, True), exitpriority=0)  # also at the end of a worker, which runs no atexit
    _fs(folder).get(f"{_key(folder)}/", f"{copy}/", recursive=True)
    return copy


def sweep(folder: Path) -> None:
    """Deletes what writers that were killed have left aside in a folder; an object store has nothing of the kind."""
    if is_local(folder):
        for path in folder.rglob(f".*{ASIDE}"):
            path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Deletes a folder with all that is in it; one that is not there is as good."""
    if is_local(folder) and folder.exists():
        shutil.rmtree(folder)
    elif not is_local(folder) and _fs(folder).exists(_key(folder)):
        _fs(folder).rm(_key(folder), recursive=True)


def _fs(path: Path) -> Any:
    return cast("Any", path).fs


def _key(path: Path) -> str:
    return str(cast("Any", path).path)
