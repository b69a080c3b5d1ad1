"""XML that would take the machine's memory, its time, its stack or its files."""

from __future__ import annotations

import pytest

from crossthink_data.sources import cnxml
from crossthink_data.sources.cnxml import MAX_BYTES, MAX_DEPTH, parse, plain

MATH = "http://www.w3.org/1998/Math/MathML"
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
REFUSED = {
    "a billion laughs": (f'<!DOCTYPE d [<!ENTITY l0 "lol">{LAUGHS}]><d>&l9;</d>', "declares entities"),
    "a file": ('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "declares entities"),
    "an address": ('<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]><d>&x;</d>', "declares entities"),
    "entities of an address": (
        '<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]><d/>',
        "declares entities",
    ),
    "an entity that is not declared": ("<d>&x;</d>", "undefined entity"),
    "large default attributes": (f'<!DOCTYPE d [<!ATTLIST e a CDATA "{"x" * 9999}">]><d/>', "declares attributes"),
    "elements without end": ("<d>" * (MAX_DEPTH + 1) + "</d>" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} deep"),
    "a deep formula": (f'<d><math xmlns="{MATH}">{"<mrow>" * 5000}{"</mrow>" * 5000}</math></d>', "deep"),
    "too many bytes": ("<d>" + "<e/>" * (MAX_BYTES // 4) + "</d>", f"at most {MAX_BYTES:,} are read"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_refuses(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text.encode())


def test_a_document_type_elsewhere_is_not_fetched() -> None:
    assert plain(parse(b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d>Tides.</d>')) == "Tides."


def test_as_deep_as_allowed_has_its_text() -> None:
    deep = MAX_DEPTH - 1
    for name, around in (("para", "d"), ("mrow", "math")):
        markup = f'<{around} xmlns="{MATH}">{f"<{name}>" * deep}<mi>x</mi>{f"</{name}>" * deep}</{around}>'
        with pytest.raises(ValueError, match="deep"):
            parse(markup.encode())
        assert plain(parse(markup.replace(f"<{name}>", "", 1).replace(f"</{name}>", "", 1).encode())) == "x"


def test_only_the_end_of_a_text_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a module of a megabyte, all of it subscripts, takes minutes."""
    seen: list[int] = []
    found = cnxml._FORMULA_PART

    class Noting:
        def search(self, text: str) -> object:
            seen.append(len(text))
            return found.search(text)

    monkeypatch.setattr(cnxml, "_FORMULA_PART", Noting())
    assert plain(parse(b"<d>x" + b"H<sub>2</sub>" * 500 + b"</d>")) == "x" + "H2" * 500
    assert len(seen) == 500
    assert max(seen) <= 3
