"""Near-duplicates across buckets: bands on disk, links from tasks, clusters in the driver.

    a bucket's task writes the bands of its rows in order of their keys (in the dedup stage)
    a task for each range of keys brings equal keys together, compares the rows and writes links
    the driver joins links to clusters, keeps one row of each, and adds the others to the removed

A task holds the keys of its range and the texts of rows that may be near-duplicates, never all rows. A row's place is
one number: its bucket in the upper half, its position there in the lower.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from datatrove.pipeline.base import PipelineStep

from crossthink_data.clusters import clusters, keepers, neighbours_of
from crossthink_data.exchange import read_frame, removed_path, rows_path, write_frame
from crossthink_data.hashing import UInt64
from crossthink_data.near_dedup import NearDedup, few_changes, near_duplicates, neighbours, questions_of, signatures
from crossthink_data.words import Bool, Int64

NEAR_DUPLICATE = "near_duplicate"

_ROW = np.uint64(32)  # bits of a place that tell the row
_COMPARED = ["question", "passage", "options"]
_REMOVED = ["id", "group_key", "source", "question_type"]


def write_bands(rows: pl.DataFrame, bucket: int, folder: Path, settings: NearDedup) -> None:
    """Writes the band keys of a bucket's rows: row by row to be looked up, and in order to meet those of others."""
    keys = signatures(rows, settings)
    columns = {f"key{i}": keys[:, i] for i in range(keys.shape[1])}
    write_frame(pl.DataFrame(columns), _signatures_path(folder, bucket))
    flat = keys.ravel()
    order = np.argsort(flat, kind="stable")
    met = pl.DataFrame({"key": flat[order], "row": (order // keys.shape[1]).astype(np.uint32)})
    write_frame(met, _bands_path(folder, bucket))


class FindNearDuplicates(PipelineStep):  # type: ignore[misc]
    """A range of band keys a task: rows that meet there are compared, and those that are one question linked."""

    name = "near dedup"
    type = "🧮 - FRAMES"

    def __init__(self, before: Path, folder: Path, buckets: int, settings: NearDedup) -> None:
        super().__init__()
        self.before = before  # the folder of the dedup stage
        self.folder = folder
        self.buckets = buckets
        self.settings = settings

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the links of range `rank`; yields nothing."""
        with self.track_time("range"):
            first, second = self._meetings(rank, world_size)
            same = self._compare(first, second)
            write_frame(pl.DataFrame({"a": first[same], "b": second[same]}), _links_path(self.folder, rank))
        yield from ()

    def _meetings(self, rank: int, parts: int) -> tuple[UInt64, UInt64]:
        """Places of rows that meet in this range of keys and in no earlier band, so that a pair is met in one task."""
        found = [_keys_in_range(self.before, bucket, rank, parts) for bucket in range(self.buckets)]
        keys, places = (np.concatenate(one) for one in zip(*found, strict=True))
        order = np.lexsort((places, keys))
        keys, places = keys[order], places[order]
        first, second = neighbours(keys)
        a, b = self._signatures(places[first]), self._signatures(places[second])
        is_first_band = a[np.arange(len(a)), (a == b).argmax(axis=1)] == keys[first]
        return places[first[is_first_band]], places[second[is_first_band]]

    def _signatures(self, places: UInt64) -> UInt64:
        """The band keys of rows, of shape (rows, bands)."""
        frame = _rows_at([_signatures_path(self.before, bucket) for bucket in range(self.buckets)], places)
        return frame.to_numpy()

    def _compare(self, first: UInt64, second: UInt64) -> Bool:
        """Which of the pairs are one question."""
        places, index = np.unique(np.concatenate([first, second]), return_inverse=True)
        a, b = index[: len(first)], index[len(first) :]
        rows = _rows_at([rows_path(self.before, bucket) for bucket in range(self.buckets)], places, _COMPARED)
        same = few_changes(rows["question"], a, b, self.settings)
        wanted, number = np.unique(np.concatenate([a[same], b[same]]), return_inverse=True)
        questions = questions_of(rows[wanted])
        pairs = zip(*(part.tolist() for part in np.split(number, 2)), strict=True)
        same[same] = [near_duplicates(questions[one], questions[other], self.settings) for one, other in pairs]
        return same


def remove_near_duplicates(before: Path, folder: Path, buckets: int, keys: pl.DataFrame) -> Bool:
    """Which rows of `keys` go. They are added to the removed, each with the id of the row that is kept for it.

    A cluster's rows are asked in the order of their source, then those with a label first, then by id. A row stays
    unless it is linked to one that stays: a chain of small changes leads to another question in the end. `keys` has
    bucket, row (both in order of id), source (its priority) and labelled.
    """
    links = pl.concat([read_frame(_links_path(folder, part)) for part in range(buckets)]).rows()
    places = _places(keys["bucket"].to_numpy(), keys["row"].to_numpy())
    linked = np.isin(places, np.array(links, np.uint64).ravel())
    ranks = dict(zip(places[linked].tolist(), keys.filter(linked).select("source", "labelled").rows(), strict=True))

    def rank(place: int) -> tuple[int, bool, int]:
        source, labelled = ranks[place]
        return source, not labelled, place

    beside = neighbours_of(links)
    ordered = [sorted(cluster, key=rank) for cluster in clusters(links)]
    keeper_of = {gone: kept for cluster in ordered for gone, kept in keepers(cluster, beside).items()}
    gone = np.array(sorted(keeper_of), np.uint64)
    kept = np.array([keeper_of[place] for place in gone.tolist()], np.uint64)
    _write_removed(before, buckets, gone, kept)
    return np.isin(places, gone)


def _write_removed(before: Path, buckets: int, gone: UInt64, kept: UInt64) -> None:
    files = [rows_path(before, bucket) for bucket in range(buckets)]
    ids = _rows_at(files, kept, ["id"])["id"].alias("keeper")
    removed = _rows_at(files, gone, _REMOVED).with_columns(pl.lit(NEAR_DUPLICATE).alias("reason"), ids)
    for bucket in range(buckets):
        write_frame(removed.filter(gone >> _ROW == bucket), removed_path(before, bucket, rank=1))


# ---- files and places


def _signatures_path(folder: Path, bucket: int) -> Path:
    return folder / f"{bucket:05d}" / "signatures.arrow"


def _bands_path(folder: Path, bucket: int) -> Path:
    return folder / f"{bucket:05d}" / "bands.arrow"


def _links_path(folder: Path, part: int) -> Path:
    return folder / f"links-{part:05d}.arrow"


def _places(buckets: Int64, rows: Int64) -> UInt64:
    return buckets.astype(np.uint64) << _ROW | rows.astype(np.uint64)


def _keys_in_range(folder: Path, bucket: int, part: int, parts: int) -> tuple[UInt64, UInt64]:
    """The band keys of a bucket in one of `parts` equal ranges, in order, and the places of their rows."""
    with pa.memory_map(str(_bands_path(folder, bucket))) as file:
        table = pa.ipc.open_file(file).read_all()
        keys = table["key"].to_numpy()
        ends = [np.uint64((part << 64) // parts), np.uint64(((part + 1 << 64) - 1) // parts)]
        start, stop = np.searchsorted(keys, ends[0], "left"), np.searchsorted(keys, ends[1], "right")
        rows = table["row"].slice(start, stop - start).to_numpy()
        return keys[start:stop].copy(), _places(np.full(len(rows), bucket), rows)


def _rows_at(files: list[Path], places: UInt64, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows at these places, in their order; `files` has one for each bucket, and only what is asked for is read."""
    frames, order = [], []
    for bucket, path in enumerate(files):
        at = np.flatnonzero(places >> _ROW == bucket)
        if len(at) or bucket == 0:  # for the schema
            frames.append(_take(path, places[at].astype(np.uint32), columns))
            order.append(at)
    return pl.concat(frames)[np.argsort(np.concatenate(order))]


def _take(path: Path, rows: Int64, columns: list[str] | None) -> pl.DataFrame:
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
        frame = pl.from_arrow(table.select(columns or table.column_names).take(pa.array(rows)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame
    return frame
