"""Values and bytes that nobody would write into a file, from a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from crossthink_data.sources.base import PolarsType

_TEXTS = ["", " ", "\x00", "\r\n", "\u2028", "é", "𝕊", "﻿", "\ud800", "nan", "null", "true", "-1", "1e999", "0x10"]
_TEXTS += [
    "[",
    "{",
    "}",
    '"',
    "'",
    "\\",
    "$",
    "\\boxed{",
    "\\boxed{2}",
    "####",
    "#### 1,2",
    "<<1>>",
    "(a)",
    "B",
    "A, C",
]
_TEXTS += ['{"content": 1}', '[{"role": "user", "content": "A. x\nB. y"}]', '{"ground_truth": "A"}', "[" * 3000]
_TEXTS += [
    "Q: a Answer Choices: b\nA: c",
    "问题：a 选项：b",
    "yes",
    "No",
    "Level 3",
    "proof",
    "A. x\nB. y\nC. z",
    "10^6 m",
]
_NUMBERS = [
    0,
    1,
    3,
    -1,
    25,
    26,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    0.5,
    -0.0,
    1e308,
    1e-320,
]
_NUMBERS += [float("nan"), float("inf"), -float("inf")]
_BITS = [
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
    b"\n",
    b"\r",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
]
_BITS += [
    b"null",
    b"NaN",
    b"1e999",
    b"-",
    b"9" * 400,
    b"\\ud800",
    b"\\u0000",
    b"\xed\xa0\x80",
    b"\t",
    b"'",
    b"&",
    b"<",
    b">",
]
_BITS += [b"0", b"\\", b"PAR1", b"\x1f\x8b", b"WARC/1.0\r\n", b"Content-Length: 99999999999999999999\r\n"]


def text(generator: random.Random) -> str:
    """A text of one to three odd pieces, or of any letters."""
    if generator.randrange(4) == 0:
        return "".join(
            chr(generator.choice([generator.randrange(128), generator.randrange(0x11000)])) for _ in range(4)
        )
    return "".join(generator.choices(_TEXTS, k=generator.randrange(1, 4)))


def value(generator: random.Random, depth: int = 3) -> Any:
    """A value of JSON, now and then with a number that JSON has not."""
    kind = generator.randrange(8)
    if kind < 3:
        return text(generator)
    if kind < 5:
        return generator.choice(_NUMBERS)
    if kind < 6 or not depth:
        return generator.choice([None, True, False])
    if generator.randrange(30) == 0:
        deep: Any = 1
        for _ in range(generator.choice([100, 260])):
            deep = [deep]
        return deep
    inner = [value(generator, depth - 1) for _ in range(generator.randrange(4))]
    return inner if kind == 6 else {text(generator): one for one in inner}


def typed(dtype: PolarsType, generator: random.Random) -> Any:
    """A value of a column's type, odd as it may be in itself; null at times."""
    if generator.randrange(10) == 0:
        return None
    if isinstance(dtype, pl.List):
        return [typed(dtype.inner, generator) for _ in range(generator.choice([0, 1, 2, 4, 4, 5, 30]))]
    if isinstance(dtype, pl.Struct):
        return {one.name: typed(one.dtype, generator) for one in dtype.fields if generator.randrange(10)}
    if dtype == pl.String:
        return text(generator)
    if dtype == pl.Binary:
        return generator.randbytes(4).hex()
    return generator.choice([0, 1, 3, -1, 25, 2**31, 2**63 - 1, 0.5, "2", " 1 "])


def row(columns: Mapping[str, PolarsType], generator: random.Random) -> dict[str, Any]:
    """A row of these columns: most values of their type, some of another, some missing, some of other columns."""
    found = {name: typed(dtype, generator) for name, dtype in columns.items() if generator.randrange(30)}
    if found and generator.randrange(6) == 0:
        found[generator.choice(list(found))] = value(generator)
    if generator.randrange(10) == 0:
        found[text(generator)] = value(generator)
    return found


def mutated(data: bytes, generator: random.Random, bits: Sequence[bytes] = _BITS) -> bytes:
    """The bytes after one to four slips: cut, flipped, doubled, moved, or with others put in."""
    for _ in range(generator.randrange(1, 5)):
        at = generator.randrange(len(data) + 1)
        end = min(len(data), at + generator.choice([0, 1, 1, 2, 8, 100]))
        kind = generator.randrange(12)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[at:]
        elif kind == 2:
            data = data[:at] + data[at:end] * 2 + data[end:]
        elif kind == 3:
            data = data[:at] + generator.randbytes(end - at) + data[end:]
        elif kind == 4:
            data = data[:at] + data[end:]
        elif kind == 5:
            data = data[:at] + (generator.choice(bits) * generator.choice([1, 1, 50, 5000]))[:50_000] + data[end:]
        else:
            data = data[:at] + generator.choice(bits) + data[end:]
    return data


def recoded(data: bytes, generator: random.Random) -> bytes:
    """The bytes of a text in another encoding, with other line ends or a mark of byte order; mostly as they are."""
    kind = generator.randrange(20)
    if kind == 0:
        return b"\xef\xbb\xbf" + data
    if kind == 1:
        return data.replace(b"\n", b"\r\n")
    if kind == 2:
        return data.replace(b"\n", b"\r")
    if kind == 3:
        return data.decode("utf-8", "replace").encode(generator.choice(["utf-16", "utf-32-le", "utf-7"]), "replace")
    if kind == 4:
        return data.decode("utf-8", "replace").encode("latin-1", "replace")
    return data
