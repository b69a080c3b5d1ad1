"""The YAML file behind `--config`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.train.config_file import check_types, read_config


def written(folder: Path, text: str) -> str:
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return str(folder / "c.yaml")


def test_the_file_and_the_words_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLOUR", raising=False)
    config = written(tmp_path, "blend: nd\nmax_steps: 2\nenv:\n  COLOUR: 7\n1: 2\n")
    read = (["--seed", "3", "--json"], {"blend": "nd", "max_steps": 2, "1": 2})
    assert read_config(["--seed", "3", "--config", config, "--json"]) == read
    assert read_config(["--seed", "3", f"--config={config}", "--json"]) == read
    assert os.environ.pop("COLOUR") == "7"


def test_without_a_file_there_is_nothing() -> None:
    assert read_config(["--seed", "3"]) == (["--seed", "3"], {})


BAD = [
    ("env: 5", "env is 5 in the config: write `NAME: value` lines"),
    ("a: [", "is not YAML"),
    ("a: " + "[" * 5_000, "is not YAML"),
    ("a: 2020-13-45", "is not YAML"),
    ('env:\n  "A=B": 1', "env holds 'A=B': '1' in the config, which no environment can: change it"),
    ('env:\n  "": 1', "env holds '': '1' in the config"),
    ('env:\n  A: "x\\0"', r"env holds 'A': 'x\x00' in the config"),
    ("- a", "holds no options: write `name: value` lines"),
    ("", "holds no options"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_what_holds_no_options(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError) as raised:
        read_config(["--config", written(tmp_path, text)])
    assert said in str(raised.value)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes("blend: ü".encode("latin-1"))
    with pytest.raises(CrossthinkError, match=r"c\.yaml is not YAML: 'utf-8' codec"):
        read_config(["--config", str(tmp_path / "c.yaml")])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--config", "a.yaml", "--config=b.yaml"], "--config is given twice"),
        (["--config"], "--config names no file"),
        (["--config", "nope.yaml"], "no file nope.yaml"),
    ],
)
def test_what_is_no_file(options: list[str], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        read_config(options)


@dataclass
class Options:
    steps: int
    rate: float
    blend: str | None
    weights: list[float] | None
    more: dict[str, Any] | str | None
    push: bool


WRONG = [
    ("steps", 2.5, "steps is 2.5 in the config, of type float: give int"),
    ("steps", 4.0, "of type float: give int"),
    ("steps", True, "of type bool: give int"),
    ("rate", [1], "of type list: give float"),
    ("blend", ["nd"], r"blend is \['nd'\] in the config, of type list: give str"),
    ("weights", 1.0, "of type float: give list"),
    ("push", 1, "of type int: give bool"),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_a_value_of_another_type_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        check_types({name: value}, [Options])


RIGHT = [
    ("steps", 2),
    ("steps", "2"),  # argparse reads texts
    ("rate", 1),
    ("rate", 1e-6),
    ("rate", "1e-6"),  # which YAML takes for a text
    ("blend", None),
    ("blend", False),  # an unquoted `no`
    ("weights", [1.0, 2]),
    ("more", {"a": 1}),
    ("push", True),
    ("of another class", 1),
]


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_value_of_its_type_is_taken(name: str, value: object) -> None:
    check_types({name: value}, [Options])
