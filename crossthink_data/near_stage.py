"""Near-duplicates across buckets: bands on disk, links from tasks, keepers from links.

    a bucket's task deals the bands of its rows out by ranges of their keys (in the dedup stage)
    a task for each range brings equal keys together, compares the rows and writes links
    one task decides by the links alone which rows stay

A task holds the keys of its range and the texts of rows that may be near-duplicates, never all rows; the last one
holds links. A row's place is one number: its bucket in the upper half, its position there in the lower.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from datatrove.pipeline.base import PipelineStep

from crossthink_data.clusters import keepers
from crossthink_data.exchange import REMOVED, bucket_path, part_file, read_frame, read_part, rows_at, write_frame
from crossthink_data.hashing import UInt64
from crossthink_data.near_dedup import NearDedup, few_changes, near_duplicates, neighbours, questions_of, signatures
from crossthink_data.words import Bool, Int64

NEAR_DUPLICATE = "near_duplicate"

_ROW = np.uint64(32)  # bits of a place that tell the row
_BAND: dict[str, pl.DataType] = {"key": pl.UInt64(), "row": pl.UInt32()}
_GONE = {"row": pl.UInt32(), **REMOVED}
_COMPARED = ["question", "passage", "options"]
_REMOVED = ["id", "group_key", "source", "question_type"]


def write_bands(rows: pl.DataFrame, bucket: int, folder: Path, buckets: int, settings: NearDedup) -> None:
    """Writes the band keys of a bucket's rows: row by row to be looked up, and by range to meet those of others."""
    keys = signatures(rows, settings)
    write_frame(pl.DataFrame({f"key{i}": keys[:, i] for i in range(keys.shape[1])}), _signatures_path(folder, bucket))
    flat = keys.ravel()
    order = np.argsort(flat, kind="stable")
    band = pl.DataFrame({"key": flat[order], "row": (order // keys.shape[1]).astype(np.uint32)}, schema=_BAND)
    starts = np.array([(part << 64) // buckets for part in range(buckets)], np.uint64)
    ends = [*np.searchsorted(band["key"].to_numpy(), starts).tolist(), len(band)]
    with part_file(_bands_path(folder, bucket), _BAND) as file:
        file.write(band[start:stop] for start, stop in pairwise(ends))


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
            first, second = self._meetings(rank)
            same = self._compare(first, second)
            write_frame(pl.DataFrame({"a": first[same], "b": second[same]}), _links_path(self.folder, rank))
        yield from ()

    def _meetings(self, part: int) -> tuple[UInt64, UInt64]:
        """Places of rows that meet in this range of keys and in no earlier band, so that a pair is met in one task."""
        keys, places = self._range(part)
        order = np.lexsort((places, keys))
        keys, places = keys[order], places[order]
        first, second = neighbours(keys)
        a, b = self._signatures(places[first]), self._signatures(places[second])
        is_first_band = a[np.arange(len(a)), (a == b).argmax(axis=1)] == keys[first]
        return places[first[is_first_band]], places[second[is_first_band]]

    def _range(self, part: int) -> tuple[UInt64, UInt64]:
        """The band keys of a range, and the places of their rows."""
        bands = [read_part([_bands_path(self.before, bucket)], part, self.buckets) for bucket in range(self.buckets)]
        places = [_places(bucket, band["row"].to_numpy()) for bucket, band in enumerate(bands)]
        return pl.concat(bands)["key"].to_numpy(), np.concatenate(places)

    def _signatures(self, places: UInt64) -> UInt64:
        """The band keys of rows, of shape (rows, bands)."""
        return _rows_at([_signatures_path(self.before, bucket) for bucket in range(self.buckets)], places).to_numpy()

    def _compare(self, first: UInt64, second: UInt64) -> Bool:
        """Which of the pairs are one question."""
        places, index = np.unique(np.concatenate([first, second]), return_inverse=True)
        a, b = index[: len(first)], index[len(first) :]
        rows = _rows_at([bucket_path(self.before, bucket, "rows") for bucket in range(self.buckets)], places, _COMPARED)
        same = few_changes(rows["question"], a, b, self.settings)
        wanted, number = np.unique(np.concatenate([a[same], b[same]]), return_inverse=True)
        questions = questions_of(rows[wanted])
        pairs = zip(*(part.tolist() for part in np.split(number, 2)), strict=True)
        same[same] = [near_duplicates(questions[one], questions[other], self.settings) for one, other in pairs]
        return same


class KeepOne(PipelineStep):  # type: ignore[misc]
    """One task: of rows that are linked it writes which go, each with the id of the row that is kept for it.

    Rows are asked in the order of their source, then those with a label first, then by id. A row stays unless it is
    linked to one that stays: a chain of small changes leads to another question in the end.
    """

    name = "keep one"
    type = "🧮 - FRAMES"

    def __init__(self, before: Path, folder: Path, buckets: int) -> None:
        super().__init__()
        self.before = before
        self.folder = folder  # with the links
        self.buckets = buckets

    def run(
        self, data: Iterable[pl.DataFrame] | None = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[pl.DataFrame]:
        """Writes the rows that go, bucket by bucket; yields nothing."""
        gone, kept = self._choose()
        files = [bucket_path(self.before, bucket, "rows") for bucket in range(self.buckets)]
        keeper = _rows_at(files, kept, ["id"])["id"].alias("keeper")
        rows = _rows_at(files, gone, _REMOVED).with_columns(keeper, reason=pl.lit(NEAR_DUPLICATE))
        rows = rows.select(pl.Series("row", gone, pl.UInt64) & 0xFFFFFFFF, *REMOVED).cast({"row": pl.UInt32})
        starts = np.searchsorted(gone, _places(np.arange(self.buckets + 1), 0))
        with part_file(gone_path(self.folder), _GONE) as file:
            file.write(rows[int(start) : int(stop)] for start, stop in pairwise(starts))
        yield from ()

    def _choose(self) -> tuple[UInt64, UInt64]:
        """The places of rows that go, in order, and of the rows kept for them."""
        links = pl.concat([read_frame(_links_path(self.folder, part)) for part in range(self.buckets)])
        places, index = np.unique(np.concatenate([links["a"].to_numpy(), links["b"].to_numpy()]), return_inverse=True)
        by_rank = np.lexsort(self._ranks(places))
        number = np.empty(len(places), np.int64)
        number[by_rank] = np.arange(len(places))
        a, b = np.split(number[index], 2)
        keeper = keepers(np.minimum(a, b), np.maximum(a, b), len(places))[number]
        goes = keeper != number
        return places[goes], places[by_rank[keeper[goes]]]

    def _ranks(self, places: UInt64) -> tuple[UInt64, Bool, Int64]:
        """What rows are asked by, the most important last."""
        files = [bucket_path(self.before, bucket, "keys") for bucket in range(self.buckets)]
        about = _rows_at(files, places, ["source", "labelled"])
        return places, ~about["labelled"].to_numpy(), about["source"].to_numpy().astype(np.int64)


def gone_path(folder: Path) -> Path:
    """The file of parts, one a bucket, that says which rows are near-duplicates: `row` and the removed columns."""
    return folder / "gone.arrow"


def _signatures_path(folder: Path, bucket: int) -> Path:
    return bucket_path(folder, bucket, "signatures")


def _bands_path(folder: Path, bucket: int) -> Path:
    return bucket_path(folder, bucket, "bands")


def _links_path(folder: Path, part: int) -> Path:
    return bucket_path(folder, part, "links")


def _places(buckets: Int64 | int, rows: Int64 | int) -> UInt64:
    return np.asarray(buckets, np.uint64) << _ROW | np.asarray(rows, np.uint64)


def _rows_at(files: list[Path], places: UInt64, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows at these places, in their order; `files` has one for each bucket, and only what is asked for is read."""
    order = np.argsort(places, kind="stable")
    sorted_ = places[order]
    ends = np.searchsorted(sorted_, _places(np.arange(len(files) + 1), 0)).tolist()
    frames = [
        rows_at(files[bucket], sorted_[start:stop] & np.uint64(0xFFFFFFFF), columns)
        for bucket, (start, stop) in enumerate(pairwise(ends))
        if stop > start or bucket == 0  # for the schema
    ]
    return pl.concat(frames)[np.argsort(order)]
