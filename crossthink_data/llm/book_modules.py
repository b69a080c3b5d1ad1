"""The prose of OpenStax's textbooks, a document a module: its title, and the paragraphs under their headings.

Exercises, glossaries, references and what needs a picture stay out: the exercises are the source `openstax`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.found import Found
from crossthink_data.sources.archives import read_members
from crossthink_data.sources.base import UNKNOWN_LICENSE
from crossthink_data.sources.cnxml import CNX, local, plain
from crossthink_data.sources.openstax import ARCHIVE, COLLECTION, LICENSE_URL, MODULE, module_root

URL = "https://openstax.org"
_PROSE = {"para", "list", "equation", "quote"}
_LEFT_OUT = {"title", "metadata", "exercise", "problem", "solution", "glossary", "figure", "table", "media", "footnote"}
# Sections that only name other works or people, or repeat the chapter as a list.
_NO_PROSE = re.compile(r"references|further-research|suggested-reading|contrib-auth|learning-objectives|key-equations")
_LISTED = re.compile(r'<(?:\w+:)?module document="([^"]+)"')
_SLUG = re.compile(r"([^/]+)\.collection\.xml$")


def book_modules(path: Path) -> Iterator[Found]:
    """The modules of the archive in its order, with the book's licence where it names one and only one.

    A module's address is that of the first book that lists it. Raises CrossthinkError for a damaged archive and for one
    that is no textbook.
    """
    name = ARCHIVE.fullmatch(path.name)
    book = name[1] if name else path.name.removesuffix(".tar.gz")
    licenses: set[str] = set()
    books: dict[str, str] = {}
    modules: list[tuple[str, str]] = []
    for member, data in read_members(path, lambda name: bool(MODULE.fullmatch(name) or COLLECTION.fullmatch(name))):
        module = MODULE.fullmatch(member)
        if module is not None:
            modules.append((module[1], prose(module_root(path, member, data))))
            continue
        text = data.decode("utf-8", "replace")
        licenses |= set(map("-".join, LICENSE_URL.findall(text)))
        slug = _SLUG.search(member)
        if slug is not None:
            for one in _LISTED.findall(text):
                books.setdefault(one, slug[1])
    if not modules:
        raise CrossthinkError(f"{path} holds no modules/…/index.cnxml: give an archive of an OpenStax book")
    license_ = f"cc-{licenses.pop()}" if len(licenses) == 1 else UNKNOWN_LICENSE
    for module_id, text in modules:
        url = f"{URL}/details/books/{books[module_id]}" if module_id in books else URL
        yield Found(f"{book}/{module_id}", text, url, license_)


def prose(root: Element) -> str:
    """A module's text, a paragraph or a heading a line."""
    return "\n".join(line for line in (_title(root), *_lines(root)) if line)


def _lines(element: Element) -> Iterator[str]:
    for child in element:
        name = local(child)
        if name in _LEFT_OUT or _NO_PROSE.search(child.get("class", "")):
            continue
        if name in _PROSE:
            yield plain(child)
            continue
        inside = [line for line in _lines(child) if line]
        yield from [_title(child), *inside] if inside else []


def _title(element: Element) -> str:
    title = element.find(f"{CNX}title")
    return plain(title) if title is not None else ""
