"""The S3 server that the tests start, through the client that fsspec has for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.s3_server import running_s3

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'crossthink[s3]'")
pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[s3,server]'")

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

PUT = "import s3fs, sys; s3fs.S3FileSystem().pipe(sys.argv[1], b'1')"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An S3 file system with one empty bucket, named bucket, that asks the server every time."""
    with running_s3(tmp_path_factory.mktemp("s3")) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        opened = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
        opened.mkdir("bucket")
        yield opened


def test_put_get_list_delete(files: Any, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"hello world")
    files.put(str(tmp_path / "sent"), "bucket/a/one")
    files.get("bucket/a/one", str(tmp_path / "received"))
    assert (tmp_path / "received").read_bytes() == b"hello world"
    assert files.cat_file("bucket/a/one", start=6, end=11) == b"world"
    assert files.ls("bucket/a") == ["bucket/a/one"]
    files.rm("bucket/a/one")
    assert not files.exists("bucket/a/one")


def test_a_file_in_parts(files: Any) -> None:
    part = bytes(range(256)) * (20 << 10)  # 5 MiB
    with files.open("bucket/parts", "wb", block_size=len(part)) as file:
        for _ in range(4):
            file.write(part)
    assert files.info("bucket/parts")["ETag"].endswith('-4"')  # the number of parts
    assert files.cat("bucket/parts") == part * 4


def test_what_another_process_wrote_is_listed(files: Any) -> None:
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", PUT, f"bucket/other/{name}"], check=True, timeout=60, env=os.environ)
        assert f"bucket/other/{name}" in files.ls("bucket/other")


def test_only_the_first_creates(files: Any) -> None:
    files.pipe_file("bucket/lock", b"mine", mode="create")
    with pytest.raises(FileExistsError):
        files.pipe_file("bucket/lock", b"yours", mode="create")
    assert files.cat("bucket/lock") == b"mine"


def test_parquet_through_a_file_object(files: Any) -> None:
    frame = pl.DataFrame({"n": [1, 2, 3]})
    with files.open("bucket/rows.parquet", "wb") as file:
        frame.write_parquet(file)
    with files.open("bucket/rows.parquet", "rb") as file:
        assert pl.read_parquet(file).equals(frame)
