from __future__ import annotations

from tests.eval_tasks.scripted import TASKS


def test_every_folder_says_what_its_tasks_are() -> None:
    for path in sorted(TASKS.rglob("*.yaml")):
        name = path.stem if path.stem.startswith("crossthink") else f"crossthink_{path.stem}"
        assert f"`{name}`" in (path.parent / "README.md").read_text(), path
        assert "## Changelog" in (path.parent / "README.md").read_text()
