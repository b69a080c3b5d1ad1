"""Hashes that never change: of texts (blake2b) and of numbers (a splitmix64 finaliser).

polars' own `hash` is free to change between versions, and ids, samples and orders must not.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

UInt64 = npt.NDArray[np.uint64]

KEY_CHARS = 24  # 96 bits: at 10^10 rows the chance of any collision is below 10^-9


def text_keys(texts: Iterable[str]) -> list[str]:
    """One hexadecimal key of KEY_CHARS characters per text."""
    return [blake2b(text.encode(), digest_size=KEY_CHARS // 2).hexdigest() for text in texts]


def text_numbers(texts: Iterable[str]) -> UInt64:
    """One 64-bit number per text."""
    joined = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def key_numbers(keys: Iterable[str]) -> UInt64:
    """The first 64 bits of hexadecimal keys, as numbers."""
    joined = bytes.fromhex("".join([key[:16] for key in keys]))
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


def salt(*parts: object) -> np.uint64:
    """A 64-bit number made from the parts, in order; parts are told apart by a separator."""
    text = "\x1f".join(map(str, parts))
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def mix(numbers: UInt64, with_salt: np.uint64 | UInt64) -> UInt64:
    """A fresh, uniform 64-bit number for each number under this salt, or under one of its own."""
    x = numbers ^ with_salt
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
