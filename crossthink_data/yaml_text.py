"""YAML that somebody else wrote, as plain values, within bounds.

A few lines of it can stand for very many values (an alias of aliases of aliases), for a value inside itself, or for
one that Python refuses late; all that is an error here, before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

MAX_CHARS = 1_000_000  # which the parser reads one by one; the longest recipe has 2,300
MAX_VALUES = 100_000  # a recipe of a thousand sources has a tenth of that
MAX_DEPTH = 50  # the deepest recipe has 5
# What the parser says of a value such as `!!int a`, `2020-13-45` or one nested too deep, beside its own errors.
_REFUSALS = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)


def load_yaml(text: str) -> Any:
    """The values of the one document in a text. Raises yaml.YAMLError, which says what is wrong with it."""
    if len(text) > MAX_CHARS:
        raise yaml.YAMLError(f"{len(text):,} characters, at most {MAX_CHARS:,} are read: write fewer")
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node)
        return loader.construct_document(node)
    except _REFUSALS as error:
        raise yaml.YAMLError(f"a value cannot be read ({type(error).__name__}: {error})") from error
    finally:
        loader.dispose()


def _check(root: yaml.Node) -> None:
    """Raises yaml.YAMLError where the document, its aliases written out, is too large, too deep or no text."""
    values, left = 0, [(root, 0)]
    while left:
        node, depth = left.pop()
        values += 1
        if values > MAX_VALUES or depth > MAX_DEPTH:
            raise yaml.YAMLError(
                f"more than {MAX_VALUES:,} values, or values nested more than {MAX_DEPTH} deep, aliases written out: "
                "write fewer"
            )
        if isinstance(node, yaml.ScalarNode):
            node.value.encode()  # half of a character has no bytes, and could not be written anywhere
        left += [(inner, depth + 1) for inner in _inside(node)]


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (part for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
