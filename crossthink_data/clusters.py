"""Which of linked rows stay: rows are asked in the order of their rank, and one stays unless a row beside it does.

Links are arrays, and all rows are asked at once, round after round: whoever has no better row beside it that may yet
stay, stays, and those beside it go. So memory goes by the links, and rounds are few where ranks lie at random.
"""

from __future__ import annotations

import numpy as np

from crossthink_data.words import Bool, Int64


def keepers(better: Int64, worse: Int64, rows: int) -> Int64:
    """Of each of `rows` rows, which are numbered by rank, itself where it stays, else the first that stays beside it.

    `better` and `worse` are the two ends of each link, the smaller number and the larger.

    >>> keepers(np.array([0, 1]), np.array([1, 2]), 3).tolist()
    [0, 0, 2]
    """
    goes = _going(better, worse, rows)
    first = np.full(rows, rows)
    np.minimum.at(first, worse[~goes[better]], better[~goes[better]])
    return np.where(goes, first, np.arange(rows))


def _going(better: Int64, worse: Int64, rows: int) -> Bool:
    goes = np.zeros(rows, np.bool_)
    while len(better):
        asked = np.zeros(rows, np.bool_)
        asked[worse] = True  # after a row that may yet stay
        stays = ~asked[better]
        goes[worse[stays]] = True
        undecided = ~stays & ~goes[better] & ~goes[worse]
        better, worse = better[undecided], worse[undecided]
    return goes
