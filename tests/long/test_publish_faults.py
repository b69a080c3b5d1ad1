"""Every call of a publish, by its number, answered in every wrong way; and a kill at every step of one to a folder."""

from __future__ import annotations

import itertools
from pathlib import Path

import huggingface_hub
import pytest
from datasets import load_dataset

from tests.hub_fixture import Hub
from tests.small import Small
from tests.test_publish_faults import HOWS, calls, earlier, folder_survives, quick, survives, tiny

__all__ = ["earlier", "quick", "tiny"]  # fixtures

pytestmark = pytest.mark.long


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("protocol", ["xet", "lfs"])
def test_every_call(
    hub: Hub, tiny: Small, earlier: Small, how: str, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", protocol == "lfs")
    base = f"faults/{protocol}-{how.replace(' ', '-')}"
    made = calls(hub, tiny, earlier, base)
    assert len(made) > 20
    shown = []
    for number in range(len(made)):
        repo_id = f"{base}-{number}"
        shown.append(survives(hub, tiny, earlier, repo_id, number, how, tmp_path / "home"))
        rows = load_dataset(repo_id, "nd", split="train", cache_dir=str(tmp_path / "cache"))
        assert len(rows) == 8, repo_id  # after the next publish
    committed = next(i for i, call in enumerate(made) if "/commit/" in call)
    if how != "timeout":  # an impatient client may break off earlier
        assert shown[committed + 1 :] == ["new"] * (len(made) - committed - 1)
    if how.startswith("killed"):
        assert shown[:committed] == ["old"] * committed


@pytest.mark.parametrize("replaces", [False, True])
def test_every_step_of_a_publish_to_a_folder(tiny: Small, earlier: Small, tmp_path: Path, replaces: bool) -> None:
    for number in itertools.count(1):
        (tmp_path / str(number)).mkdir()
        if not folder_survives(tiny, earlier if replaces else None, tmp_path / str(number) / "folder", number):
            break
    assert number > 20
