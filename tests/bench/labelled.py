"""How well near-duplicates and copies are told: the labelled pairs, and benchmark items edited as copies are.

    python -m tests.bench.labelled

Prints precision and recall with Wilson intervals (of the half that nothing was tuned on), what each kind of shingle
makes of the other half, and how many edited copies of benchmark items are found. Needs the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from crossthink_data.grading import wilson
from crossthink_data.likeness import FILLERS
from crossthink_data.near_dedup import NearDedup
from crossthink_data.words import words_of
from tests.contamination_labelled import COPIES, OTHERS, clean_rows, edited, found_in
from tests.near_labelled import Judged, judge, pair_texts, read_pairs, score

ENOUGH = 0.6  # Jaccard similarity at which five bands of four hashes meet with even chances
Shingles = Callable[[str], set[object]]


def rate(hits: int, of: int) -> str:
    """A share with its Wilson interval at 95 %."""
    if not of:
        return "none"
    low, high = wilson(hits, of)
    return f"{hits / of:.4f} ({low:.4f} to {high:.4f}), {hits} of {of}"


def telling_words(text: str) -> set[object]:
    """The words that the step's own signatures are made of."""
    hashes = words_of(pl.Series([text])).hashes
    return set(hashes[~FILLERS.mask(hashes)].tolist())


def word_grams(n: int) -> Shingles:
    """Every n words in a row."""

    def shingles(text: str) -> set[object]:
        words = words_of(pl.Series([text])).hashes.tolist()
        return {tuple(words[at : at + n]) for at in range(len(words) - n + 1)}

    return shingles


def char_grams(n: int) -> Shingles:
    """Every n letters and digits in a row, whatever stands between them."""

    def shingles(text: str) -> set[object]:
        bare = "".join(filter(str.isalnum, text.lower()))
        return {bare[at : at + n] for at in range(len(bare) - n + 1)}

    return shingles


SHINGLES: dict[str, Shingles] = {
    "telling words": telling_words,
    **{f"{n} words": word_grams(n) for n in (1, 2, 3)},
    **{f"{n} letters": char_grams(n) for n in (4, 6)},
}


def jaccard(a: set[object], b: set[object]) -> float:
    """The similarity of two sets; of two empty ones 0, for they can never meet."""
    return len(a & b) / len(a | b) if a | b else 0.0


def shingle_table(judged: Iterable[Judged]) -> Table:
    """How similar the labelled pairs are by each kind of shingle."""
    table = Table("shingles", "same, median", "same, lowest tenth", f"same at {ENOUGH}", f"different at {ENOUGH}")
    pairs = [(one.same, *pair_texts(one.pair)) for one in judged]
    for name, shingles in SHINGLES.items():
        found = [(same, jaccard(shingles(a), shingles(b))) for same, a, b in pairs]
        alike = np.array([value for same, value in found if same])
        other = np.array([value for same, value in found if not same])
        shares = [f"{(values >= ENOUGH).mean():.3f}" for values in (alike, other)]
        table.add_row(name, f"{np.median(alike):.2f}", f"{np.quantile(alike, 0.1):.2f}", *shares)
    return table


def pair_table(judged: list[Judged]) -> Table:
    """Precision and recall of the step, by kind of pair."""
    table = Table("labelled pairs", "pairs", "precision", "recall")
    for kind in ("made", "passage", "wild"):
        of_kind = [one for one in judged if one.kind == kind]
        found = score(of_kind)
        precision, recall = rate(found.hits, found.hits + found.false), rate(found.hits, found.hits + found.misses)
        table.add_row(kind, str(len(of_kind)), precision, recall)
    return table


def copy_table() -> Table:
    """Edited copies of benchmark items that are found, and clean rows that are flagged."""
    table = Table("copies of benchmark items", "8 words or more", "fewer")
    for name, made in {**COPIES, **OTHERS}.items():
        table.add_row(name, *("{} of {}".format(*edited(made, short)) for short in (False, True)))
    totals = [np.sum([edited(made, short) for made in COPIES.values()], axis=0) for short in (False, True)]
    table.add_row("all copies", *(rate(int(hits), int(of)) for hits, of in totals))
    flagged = sum(map(bool, found_in(clean_rows().to_dicts())))
    copies = int(totals[0][0] + totals[1][0])
    table.add_row("precision, with the clean rows", rate(copies, copies + flagged), "")
    return table


def main() -> None:
    """Prints the tables."""
    console = Console(width=140)
    console.print(pair_table(judge(read_pairs("report"), NearDedup())))
    console.print(shingle_table(judge(read_pairs("tune"), NearDedup())))
    console.print(copy_table())


if __name__ == "__main__":
    main()
