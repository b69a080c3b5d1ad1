from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.exchange import (
    PREPARED_SCHEMA,
    ROWS_PER_BUCKET,
    STORE_BATCH,
    WORK_SCHEMA,
    WriteBuckets,
    bucket_count,
    bucket_of,
    part_file,
    prepared_paths,
    read_frame,
    read_part,
    removed_columns,
    rows_at,
    write_frame,
)
from crossthink_data.storage import folder_at
from tests.support import work_frame


def prepared(n: int, gone: int = 0) -> pl.DataFrame:
    """n rows, the first `gone` of them with a reason."""
    rows = work_frame(*({"question": f"Q{i}?", "reason": "why" if i < gone else None, "order": i} for i in range(n)))
    return rows.with_columns(filled=pl.lit(value=False))


def bucket(folder: Path, number: int, buckets: int, kind: str, tasks: int = 1) -> pl.DataFrame:
    return read_part(prepared_paths(folder, kind, tasks), number, buckets)


def buckets_of(keys: list[str], buckets: int) -> list[int]:
    return pl.DataFrame({"id": [f"{key}-open-s" for key in keys]}).select(bucket_of(buckets)).to_series().to_list()


@pytest.mark.parametrize(
    ("rows", "buckets"),
    [(0, 1), (1, 1), (ROWS_PER_BUCKET, 1), (ROWS_PER_BUCKET + 1, 2), (588_645, 9), (10**8, 1_526), (10**10, 8_192)],
)
def test_the_number_of_buckets_follows_from_the_rows(rows: int, buckets: int) -> None:
    assert bucket_count(rows) == buckets


def test_first_and_last_bucket() -> None:
    assert buckets_of(["0000" + "f" * 20, "7fff" + "f" * 20, "8000" + "0" * 20, "ffff" + "f" * 20], 2) == [0, 0, 1, 1]
    assert buckets_of(["f" * 24], 65_536) == [65_535]


@given(st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), min_size=1), st.integers(1, 65_536))
def test_buckets_in_order_are_keys_in_order(keys: list[str], buckets: int) -> None:
    found = buckets_of(sorted(keys), buckets)
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] < buckets


def test_buckets_of_real_keys_are_about_equal() -> None:
    sizes = prepared(4_000).select(bucket_of(8).value_counts()).unnest("id")["count"]
    sigma = (4_000 / 8 * 7 / 8) ** 0.5
    assert len(sizes) == 8
    assert all(abs(size - 500) < 6 * sigma for size in sizes)


def test_every_row_is_in_its_bucket_once(tmp_path: Path) -> None:
    frame = prepared(100, gone=20)
    list(WriteBuckets(tmp_path, 4).run(iter([frame[:60], frame[60:]])))
    for number in range(4):
        mine = frame.filter(bucket_of(4) == number)
        rows, removed = (bucket(tmp_path, number, 4, kind) for kind in ("rows", "removed"))
        assert rows.equals(mine.filter(pl.col("reason").is_null()).select(list(PREPARED_SCHEMA)))
        assert removed.equals(mine.drop_nulls("reason").pipe(removed_columns))
        assert rows.schema == PREPARED_SCHEMA


def test_tasks_write_two_files_each_whatever_the_number_of_buckets(tmp_path: Path) -> None:
    frame = prepared(100)
    for rank in range(3):
        list(WriteBuckets(tmp_path, 40).run(iter([frame[rank::3]]), rank=rank, world_size=3))
    assert sum(len(bucket(tmp_path, number, 40, "rows", tasks=3)) for number in range(40)) == 100
    assert len(list(tmp_path.iterdir())) == 6


def test_a_task_without_rows_writes_empty_files(tmp_path: Path) -> None:
    list(WriteBuckets(tmp_path, 2).run(iter(())))
    assert bucket(tmp_path, 1, 2, "rows").schema == PREPARED_SCHEMA
    assert len(bucket(tmp_path, 0, 2, "removed")) == 0


def test_rows_are_gathered_before_they_are_written(tmp_path: Path) -> None:
    frame = prepared(100, gone=10)
    list(WriteBuckets(tmp_path / "one", 2).run(iter([frame])))
    list(WriteBuckets(tmp_path / "many", 2, flush_rows=7).run(frame[at : at + 3] for at in range(0, 100, 3)))
    for number in range(2):
        for kind in ("rows", "removed"):
            one, many = (bucket(tmp_path / name, number, 2, kind) for name in ("one", "many"))
            assert one.equals(many)


def test_a_task_that_fails_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    def broken() -> object:
        yield prepared(10)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(WriteBuckets(tmp_path, 2).run(broken()))  # type: ignore[arg-type]
    assert not list(tmp_path.rglob("*.arrow"))


def test_a_frame_there_and_back(tmp_path: Path) -> None:
    frame = prepared(5).select(list(WORK_SCHEMA))
    write_frame(frame, tmp_path / "a" / "rows.arrow")
    assert read_frame(tmp_path / "a" / "rows.arrow").equals(frame)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["rows.arrow"]


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=3, max_size=9).filter(lambda one: len(one) % 3 == 0))
def test_a_part_is_what_each_round_had_for_it(frames: list[list[int]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "parts.arrow"
        with part_file(path, {"n": pl.Int64()}) as file:
            for start in range(0, len(frames), 3):
                file.write(pl.DataFrame({"n": frame}, {"n": pl.Int64()}) for frame in frames[start : start + 3])
        for part in range(3):
            mine = [number for frame in frames[part::3] for number in frame]
            assert read_part([path, path], part, 3)["n"].to_list() == mine * 2


@pytest.mark.parametrize("store", [False, True])
@pytest.mark.parametrize("rows", [[], [0], [3, 1, 2], [STORE_BATCH, STORE_BATCH - 1], [2 * STORE_BATCH + 4, 0, 0]])
def test_rows_are_found_by_their_positions(rows: list[int], store: bool, tmp_path: Path) -> None:
    path = (folder_at(f"memory://{tmp_path.name}") if store else tmp_path) / "rows.arrow"
    numbers = range(2 * STORE_BATCH + 5)
    frame = pl.DataFrame({"n": numbers, "text": [str(i) for i in numbers]})
    write_frame(pl.concat([frame[:7], frame[7:]], rechunk=False), path)
    found = rows_at(path, np.array(rows, np.uint64), ["text"])
    assert found.equals(frame.select("text")[rows])


def test_no_rows_of_an_empty_file(tmp_path: Path) -> None:
    write_frame(pl.DataFrame({"n": []}, {"n": pl.Int64()}), tmp_path / "none.arrow")
    assert rows_at(tmp_path / "none.arrow", np.array([], np.uint64)).schema == {"n": pl.Int64()}
