"""The recorded answers as parquet, in the order of row and request: what a side table follows from.

Read from the recording a batch at a time, for completions of a whole corpus fit into no memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crossthink_data.llm.recording import Answer, recorded

SCHEMA = pa.schema(
    [
        ("member", pa.int32()),  # of an ensemble, in its order; 0 where there is one model
        ("id", pa.string()),
        ("request", pa.string()),  # hash of the request's body
        ("text", pa.string()),
        ("reasoning", pa.string()),
        ("finish_reason", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("error", pa.string()),  # of a request that the server will never take
    ]
)
BATCH = 4_096


def write_responses(recordings: Sequence[Path], path: Path) -> dict[str, int]:
    """Writes the recordings' answers aside, then renames; returns how many there are, and their tokens.

    Requests that the server will never take are in the file too, and counted as refused.
    """
    totals: Counter[str] = Counter(answers=0, refused=0, prompt_tokens=0, completion_tokens=0)
    aside = path.with_suffix(".tmp")
    with pq.ParquetWriter(aside, SCHEMA, compression="zstd", compression_level=1, store_schema=False) as writer:
        for member, recording in enumerate(recordings):
            for rows in _batches(recording):
                writer.write_table(pa.Table.from_pylist([{"member": member, **row} for row in rows], SCHEMA), BATCH)
                totals["refused"] += (refused := sum(row["error"] is not None for row in rows))
                totals["answers"] += len(rows) - refused
                for name in ("prompt_tokens", "completion_tokens"):
                    totals[name] += sum(row[name] or 0 for row in rows)
    aside.replace(path)
    return dict(totals)


def _batches(recording: Path) -> Iterator[list[Answer]]:
    answers = recorded(recording)
    while batch := list(islice(answers, BATCH)):
        yield batch
