"""Archives that lie about themselves, and downloads that fail."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.sources import archives
from crossthink_data.sources.archives import fetch_archives, read_members
from crossthink_data.sources.base import Source
from tests.archives import header, pax, peak_bytes, raw_tar_gz, tar_gz

URL = "https://example.org/book.tar.gz"
SOURCE = Source("shelf", "gpr", "open", "general", "mit", "us", lambda frame: frame, archives={"book.tar.gz": URL})


def _everything(name: str) -> bool:
    return True


def _names(path: Path, wanted: Callable[[str], bool] = _everything) -> list[str]:
    return [name for name, _ in read_members(path, wanted)]


def test_reads_what_is_wanted_in_order(tmp_path: Path) -> None:
    path = tar_gz(tmp_path / "a.tar.gz", {"top/b.xml": b"b", "top/a.xml": b"a", "top/c.jpg": b"c"})
    assert list(read_members(path, lambda name: name.endswith(".xml"))) == [
        ("top/b.xml", b"b"),
        ("top/a.xml", b"a"),
    ]


@pytest.mark.parametrize("name", ["../evil.xml", "a/../../evil.xml", "/etc/evil.xml", "..\\evil.xml"])
def test_refuses_names_outside(tmp_path: Path, name: str) -> None:
    path = tar_gz(tmp_path / "a.tar.gz", {"ok.xml": b"", name: b"x"})
    with pytest.raises(CrossthinkError, match="lies outside it"):
        _names(path, lambda name: name == "ok.xml")  # even where the name is not asked for


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_follows_no_link(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("a.xml")
        link.type, link.linkname = kind, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(CrossthinkError, match=r"a\.xml is a link or a device"):
        _names(path)
    assert _names(path, lambda name: name == "b.xml") == []  # nobody asked for it


def test_folders_are_not_files(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        folder = tarfile.TarInfo("modules")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert _names(path) == []


@pytest.mark.parametrize("wanted", [True, False])
def test_stops_at_a_large_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER", 100_000)
    path = tar_gz(tmp_path / "bomb.tar.gz", {"a.xml": bytes(5_000_000)})
    assert path.stat().st_size < 10_000
    with pytest.raises(CrossthinkError, match="100,000"):
        _names(path, lambda name: wanted)


def test_stops_at_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL", 1_000_000)
    path = tar_gz(tmp_path / "bomb.tar.gz", {f"{i}.xml": bytes(90_000) for i in range(20)})
    with pytest.raises(CrossthinkError, match=r"more than 1,000,000 in all"):
        _names(path)


def test_stops_at_a_large_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER", 100_000)
    path = tar_gz(tmp_path / "bomb.tar.gz", {"a" * 1_000_000: b""})
    with pytest.raises(CrossthinkError, match="100,000"):
        _names(path)


def test_stops_after_the_last_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL", 1_000_000)
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(bytes(5_000_000)))  # an empty archive, and zeros
    with pytest.raises(CrossthinkError, match="in all"):
        _names(path)


def test_stops_at_a_member_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 20)
    path = tar_gz(tmp_path / "bomb.tar.gz", {f"{i}.jpg": b"" for i in range(20)})
    assert _names(path, lambda name: False) == []
    path = tar_gz(tmp_path / "bomb.tar.gz", {f"{i}.jpg": b"" for i in range(21)})
    with pytest.raises(CrossthinkError, match=r"bomb\.tar\.gz holds more than 20 files.*download it again"):
        _names(path, lambda name: False)


def test_many_members_are_not_kept(tmp_path: Path) -> None:
    path = raw_tar_gz(tmp_path / "a.tar.gz", (header(f"{i}.jpg") for i in range(5_000)))
    assert peak_bytes(lambda: _names(path, lambda name: False)) < 2 << 20


def test_stops_at_more_than_readers_can_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_READ", 1_000_000)
    files = {f"{i}.xml": bytes(90_000) for i in range(20)}
    path = tar_gz(tmp_path / "bomb.tar.gz", files)
    with pytest.raises(CrossthinkError, match="more than 1,000,000 bytes of what is read of it"):
        _names(path)
    assert _names(path, lambda name: name < "1.xml") == ["0.xml"]  # what nobody asked for is not kept


def test_stops_at_many_large_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers that hold for all later members are kept to the end."""
    monkeypatch.setattr(archives, "MAX_HEADERS", 1_000_000)
    record = pax(b"100012 x=" + b"y" * 100_002 + b"\n", tarfile.XGLTYPE)
    path = raw_tar_gz(tmp_path / "bomb.tar.gz", [record + header(f"{i}.xml") for i in range(20)])
    with pytest.raises(CrossthinkError, match="headers of more than 1,000,000 bytes"):
        _names(path)
    large = tar_gz(tmp_path / "a.tar.gz", {f"{i}.jpg": bytes(300_000) for i in range(9)})
    assert _names(large, lambda name: False) == []  # content is no header


def test_a_gigabyte_that_was_packed_into_less_takes_no_memory(tmp_path: Path) -> None:
    path = raw_tar_gz(tmp_path / "bomb.tar.gz", [header(size=1 << 30), *[bytes(1 << 20)] * 200])
    assert path.stat().st_size < 1_000_000

    def refused() -> None:
        for wanted in (_everything, lambda name: False):
            with pytest.raises(CrossthinkError, match=r"a file of more than 134,217,728 bytes"):
                _names(path, wanted)

    assert peak_bytes(refused) < 8 << 20


def test_a_name_twice(tmp_path: Path) -> None:
    path = raw_tar_gz(tmp_path / "a.tar.gz", [header("a/b.xml"), header("c.jpg"), header("c.jpg"), header("a//b.xml")])
    with pytest.raises(CrossthinkError, match=r"holds a//b\.xml twice"):
        _names(path, lambda name: name.endswith(".xml"))
    assert _names(path, lambda name: name == "a/b.xml") == ["a/b.xml"]  # the other spelling was not asked for


def _chain(kind: bytes) -> list[bytes]:
    return [header("././@LongLink", 4, kind) + b"abc\0" + bytes(508)] * 2_000


STRANGE = {
    "a chain of long names": [*_chain(tarfile.GNUTYPE_LONGNAME), header()],
    "a chain of long links": [*_chain(tarfile.GNUTYPE_LONGLINK), header()],
    "a chain of pax headers": [*[pax(b"10 path=x\n")] * 2_000, header()],
    "a size below 0": [header("b.xml"), header(size=-1), header("c.xml")],
    "a size that leads back to the start": [header("b.xml"), header(size=-1024), header("c.xml")],
    "a size of years": [header(size=1 << 60)],
    "a size below 0 in pax": [pax(b"17 size=-10000000\n"), header()],
    "a record without length": [pax(b"0 path=x\n"), header()],
    "a sparse map without numbers": [pax(b"22 GNU.sparse.map=a,b\n"), header()],
    "a sparse map that is not there": [pax(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"), header()],
    "a size of years behind a small one": [pax(b"21 GNU.sparse.size=1\n"), header(size=1 << 60)],
    "a size of years of no known kind": [header(size=1 << 60, kind=b"Z")],
    "a sparse file of holes": [pax(b"32 GNU.sparse.size=999999999999\n"), header()],
}


@pytest.mark.parametrize("blocks", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("wanted", [True, False])
def test_strange_headers_are_an_error_never_a_crash(tmp_path: Path, blocks: list[bytes], wanted: bool) -> None:
    path = raw_tar_gz(tmp_path / "a.tar.gz", blocks)
    try:
        assert _names(path, lambda name: wanted) == []
    except CrossthinkError as error:
        assert str(path) in str(error)


def test_a_byte_changed_is_an_error_never_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    blocks = b"".join([pax(b"10 path=x\n"), header("b.xml", 3), b"abc" + bytes(509), header("c.xml")])
    for place in range(0, len(blocks), 7):
        raw_tar_gz(path, [blocks[:place] + b"\xb8" + blocks[place + 1 :]])
        try:
            list(read_members(path, _everything))
        except CrossthinkError as error:
            assert str(path) in str(error)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even of an archive in an archive, or of a name that can be had."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    inner = tar_gz(tmp_path / "inner.tar.gz", {"evil.xml": b"x"}).read_bytes()
    path = tar_gz(tmp_path / "a.tar.gz", {"b.xml": b"x", "inner.tar.gz": inner})
    assert _names(path) == ["b.xml", "inner.tar.gz"]
    assert list(here.iterdir()) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tar.gz", "here", "inner.tar.gz"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.99])
def test_cut_off_archive(tmp_path: Path, share: float) -> None:
    files = {f"{i}.xml": str(i**99).encode() * 50 for i in range(50)}
    whole = tar_gz(tmp_path / "whole.tar.gz", files).read_bytes()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CrossthinkError, match=r"a\.tar\.gz is not a whole tar\.gz archive.*download it again"):
        _names(path)


def test_damaged_archive(tmp_path: Path) -> None:
    path = tar_gz(tmp_path / "a.tar.gz", {"a.xml": b"a" * 5_000})
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # of the checksum
    path.write_bytes(data)
    with pytest.raises(CrossthinkError, match=r"not a whole tar\.gz"):
        _names(path)
    path.write_bytes(b"<html>Not found</html>")
    with pytest.raises(CrossthinkError, match=r"not a whole tar\.gz"):
        _names(path)


class _Answer(io.BytesIO):
    """What `urlopen` gives, as far as it is looked at."""

    url = URL
    headers = Message()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "crossthink" / "archives" / "shelf"


def _serve(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], io.BytesIO]) -> list[str]:
    asked: list[str] = []

    def urlopen(request: Request, timeout: float) -> io.BytesIO:
        assert timeout == archives.STALL_SECONDS
        asked.append(request.full_url)
        return answer()

    monkeypatch.setattr(archives, "urlopen", urlopen)
    return asked


def test_fetches_once(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tar_gz(tmp_path / "a.tar.gz", {"a.xml": b"a"}).read_bytes()
    asked = _serve(monkeypatch, lambda: _Answer(data))
    assert fetch_archives(SOURCE) == fetch_archives(SOURCE) == [("book.tar.gz", home / "book.tar.gz")]
    assert asked == [URL]
    assert (home / "book.tar.gz").read_bytes() == data
    assert [path.name for path in home.iterdir()] == ["book.tar.gz"]


def _unreachable() -> io.BytesIO:
    raise URLError("no route to host")


def _insecure() -> io.BytesIO:
    answer = _Answer(b"")
    answer.url = "http://example.org/book.tar.gz"
    return answer


FAILURES: list[tuple[Callable[[], io.BytesIO], str]] = [
    (_unreachable, "no route to host"),
    (_insecure, "not an https address"),  # a redirect
    (lambda: _Answer(b"<html>"), "not a whole tar.gz"),
    (lambda: _Answer(bytes(2_000)), "more than 1,000 bytes"),
]


@pytest.mark.parametrize(("answer", "why"), FAILURES)
def test_says_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], io.BytesIO], why: str
) -> None:
    monkeypatch.setattr(archives, "MAX_DOWNLOAD", 1_000)
    _serve(monkeypatch, answer)
    with pytest.raises(CrossthinkError, match=rf"(?s){why}.*--set sources\.shelf\.path=FOLDER"):
        fetch_archives(SOURCE)
    assert list(home.iterdir()) == []  # nothing half done stays


def test_slow_download(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "DOWNLOAD_SECONDS", -1)
    _serve(monkeypatch, lambda: _Answer(b"x"))
    with pytest.raises(CrossthinkError, match="not done after -1 seconds"):
        fetch_archives(SOURCE)
