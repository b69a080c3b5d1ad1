"""The peers that decontamination and near-dedup are measured beside, each in seconds of one processor.

    open_r1             in this process: the form of open-r1's decontamination, written from its description
    datatrove_filter    datatrove's `NGramsDecontFilter` as it stands. Its indexer wants lighteval, to load tasks that
                        are not needed here; so the indexer's own `compute_hashes` is called without one, and the
                        hashes are written in its own file format
    datatrove_minhash   datatrove's four MinHash stages with their defaults, one task, called one after another
    rensa               rensa's MinHash of words, once given as text and once as hashes

    polars_words, polars_least
                        in this process: words and their hashes, and the least of some hashes, as polars has them

Those in the middle need packages that are none of ours (datatrove with spaCy, xxhash, regex and tokenizers; rensa).
They run in an environment of their own: `ask` starts its Python on this module, which reads a job as JSON and answers
in JSON. What they load and what they are given is ready before their clock starts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

Job = dict[str, Any]
Cells = list[str]  # of a line: what, ours and, where there is a peer, the peer's and the ratio

ROOT = Path(__file__).parents[2]
HUB = ROOT.parent / "shared" / "hub" / "datasets"
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PEER_ROWS = 3_000
NGRAM = 8  # words, as open-r1 has it
PASSES = 5  # of what is quick
QUIET = {"LOGURU_LEVEL": "WARNING", "TQDM_DISABLE": "1"}


def ask(python: Path, peer: str, job: Job) -> Job | None:
    """The peer's answer, from a process of its own; None where its environment is missing."""
    if not python.exists():
        return None
    command = [str(python.absolute()), "-m", "tests.bench.dedup_peers", peer]
    done = subprocess.run(
        command, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=os.environ | QUIET
    )
    return dict(json.loads(done.stdout))


def open_r1(texts: list[str], items: dict[str, list[str]]) -> Job:
    """Flags texts by sets of joined n-grams, one pass for each benchmark; `items` are texts by benchmark."""
    found: set[int] = set()
    grams = {name: {gram for text in of_one for gram in _joined(text)} for name, of_one in items.items()}
    started = time.process_time()
    for of_one in grams.values():
        found.update(at for at, text in enumerate(texts) if not of_one.isdisjoint(_joined(text)))
    return {"seconds": time.process_time() - started, "flagged": len(found)}


def _joined(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)}


def datatrove_filter(job: Job) -> Job:
    """Of `texts`, how many hold an n-gram of `items` (texts by benchmark)."""
    module = import_module("datatrove.pipeline.decont.n_grams")
    config = module.NGramsDecontConfig(n_grams=NGRAM, find_query_ngrams=True, find_overlap_ngrams=False)
    with TemporaryDirectory() as folder:
        step = module.NGramsDecontFilter(folder, config)
        indexer = SimpleNamespace(config=config, tokenizer=step.tokenizer, hash_func=step.hash_func)
        for name, texts in job["items"].items():
            hashes = {one for text in texts for one in module.NGramsDecontIndexer.compute_hashes(indexer, "", text)}
            (Path(folder) / f"{name}.index.hashes").write_bytes(array("Q", hashes).tobytes())
        step.load_index_hashes()
        documents = _documents(job["texts"])
        started = time.process_time()
        kept = sum(1 for _ in step.run(iter(documents)))
    return {"seconds": time.process_time() - started, "flagged": len(documents) - kept}


def datatrove_minhash(job: Job) -> Job:
    """Of `texts`, how many go; `parts` are the stages' seconds."""
    module = import_module("datatrove.pipeline.dedup.minhash")
    documents, parts = _documents(job["texts"]), {}
    with TemporaryDirectory() as folder:
        signed, met, gone = (str(Path(folder) / name) for name in ("signatures", "buckets", "removed"))
        signature = module.MinhashDedupSignature(signed)
        signature.get_shingles("the words of a text make the tokenizer load")
        buckets, tasks = module.MinhashDedupBuckets(signed, met), signature.config.num_buckets
        parts["signature"] = _seconds(lambda: signature.run(iter(documents)))
        parts["buckets"] = _seconds(lambda: [buckets.run(None, rank, tasks) for rank in range(tasks)])
        parts["cluster"] = _seconds(lambda: module.MinhashDedupCluster(met, gone).run())
        kept: list[Any] = []
        parts["filter"] = _seconds(lambda: kept.extend(module.MinhashDedupFilter(gone).run(iter(documents))))
    return {"seconds": sum(parts.values()), "removed": len(documents) - len(kept), "parts": parts}


def rensa(job: Job) -> Job:
    """Signatures of `hashes` numbers: of each row's words (`rows`), and of their hashes (`numbers`, by `offsets`)."""
    make, hashes = import_module("rensa").RMinHash, job["hashes"]
    flat, offsets = array("Q", job["numbers"]), array("Q", job["offsets"])
    text = min(_seconds(lambda: make.digest_matrix_from_token_sets(job["rows"], hashes, 1)) for _ in range(PASSES))
    hashed = min(
        _seconds(lambda: make.digest_matrix_from_flat_token_hashes(flat, offsets, hashes, 1)) for _ in range(PASSES)
    )
    return {"text": text, "hashed": hashed}


def polars_words(texts: pl.Series) -> pl.DataFrame:
    """`row` and `word`, the hash of every word of the texts, as polars finds and hashes them."""
    import polars as pl

    words = texts.str.to_lowercase().str.extract_all(r"[a-z]+|[0-9]|[^\x00-\x7f]+")
    found = pl.DataFrame({"row": pl.arange(len(texts), eager=True), "word": words})
    return found.explode("word").with_columns(pl.col("word").hash())


def polars_least(words: pl.DataFrame, hashes: int) -> pl.DataFrame:
    """For each row the least of each of `hashes` hashes of its words."""
    import polars as pl

    least = [pl.col("word").hash(seed=seed).min().alias(str(seed)) for seed in range(hashes)]
    return words.group_by("row", maintain_order=True).agg(least)


def _documents(texts: Iterable[str]) -> list[Any]:
    document = import_module("datatrove.data").Document
    return [document(text=text, id=str(number)) for number, text in enumerate(texts)]


def _seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


# ---- what both benches are given and print


def arguments(about: str | None, rows: int) -> argparse.Namespace:
    """What both benches of deduplication are given."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--hub", type=Path, default=HUB)
    parser.add_argument("--peer-rows", type=int, default=PEER_ROWS)
    parser.add_argument("--peers", type=Path, default=PYTHON)
    return parser.parse_args()


def beside(what: str, size: float, ours: float, their: float | None) -> Cells:
    """What, our speed, a peer's (None: it is not here) and the ratio, from seconds."""
    if their is None:
        return [what, speed(size, ours), "left out: no Python at --peers", ""]
    return [what, speed(size, ours), speed(size, their), f"{their / ours:.1f}"]


def speed(size: float, seconds: float) -> str:
    """MB a second."""
    return f"{size / seconds:.2f} MB/s"


PEERS: dict[str, Callable[[Job], Job]] = {one.__name__: one for one in (datatrove_filter, datatrove_minhash, rensa)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(PEERS[sys.argv[1]](json.load(sys.stdin))))
