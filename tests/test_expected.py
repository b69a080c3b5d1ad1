from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crossthink_data import exchange
from crossthink_data.expected import expected_stages
from tests.test_pipeline import plan_of, write_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    write_data(folder)
    return folder


def test_each_stage_comes_after_the_one_before(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ROWS_PER_BUCKET", 150)
    plan = plan_of(data)
    found = expected_stages(plan, data / "runs", 7)
    assert [one.stage for one in found] == [
        *("prepare", "check", "dedup", "near", "keep", "select", "draw", "pool", "blends", "removed", "finish")
    ]
    assert [one.after for one in found] == ["", *(one.stage for one in found[:-1])]
    buckets = exchange.bucket_count(plan.rows)
    assert [one.tasks for one in found] == [7, 1, buckets, buckets, 1, 1, 6, buckets, 6, 1, 1]  # two blends of 3 splits
    assert not (data / "runs").exists()


def test_a_recipe_without_near_duplicates_has_fewer_stages(data: Path) -> None:
    found = [one.stage for one in expected_stages(plan_of(data, near_dedup=None), data, 7)]
    assert "near" not in found
    assert "keep" not in found


def test_rows_make_more_tasks_and_bytes_and_no_larger_task(data: Path) -> None:
    plan = plan_of(data)
    many, more = (
        expected_stages(replace(plan, units=[replace(plan.units[0], rows=rows)]), data, 100)
        for rows in (5 * 10**7, 5 * 10**8)
    )
    for one, ten in zip(many, more, strict=True):
        assert ten.memory_mb == pytest.approx(one.memory_mb, rel=0.01), one.stage
        if one.stage in ("dedup", "near", "pool"):
            assert ten.tasks == pytest.approx(10 * one.tasks, rel=0.01)
            assert ten.read_mb == pytest.approx(10 * one.read_mb, rel=0.01)
