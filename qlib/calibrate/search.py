"""What the searches of `qlib.calibrate.wild` share.

Chapter: calibration
"""

from typing import NamedTuple

import numpy as np

from qlib.arrays import Code, Real
from qlib.calibrate.histogram import Histogram
from qlib.grid import as_index


class Choice(NamedTuple):
    """What a search chose, and D of all its candidates.

    m     the bins kept, of |r| or on either side of the middle bin
    rmin  the range
    curve D of the candidates, in the order of the search

    >>> Choice(128, -1.0, 1.0, np.array([0.5])).m
    128
    """

    m: int
    rmin: float
    rmax: float
    curve: Real


def check(h: Histogram, levels: int, middle: bool = False) -> None:
    """Let a histogram in: bins from 0 on, or as far on either side of it.

    Raises: ValueError for other bins, and for fewer than levels.

    >>> check(Histogram(np.array([2, 1]), 0.0, 1.0), 1)
    """
    start = -h.rmax if middle else 0.0
    if h.rmin != start:
        raise ValueError(f"bins must go from {start} on, got {h.rmin}")
    n = len(h.counts) + middle  # around a middle bin no more are needed
    if not 0 < as_index(levels, "levels") < n:
        raise ValueError(
            f"there must be more bins than levels, got {len(h.counts)} bins "
            f"and {levels} levels"
        )


def first_minimum(D: list[float], start: int) -> int:
    """Which candidate has the smallest D; numbers go from `start`.

    Raises: ValueError if there is none.

    >>> first_minimum([0.5, 0.2, 0.2], 4)
    5
    """
    if not D:
        raise ValueError(f"more than {start} bins must be searched, got none")
    return start + int(np.argmin(D))


def merged(
    kept: Real | Code, filled: Real | Code, levels: int, reach: int
) -> Real:
    """Counts of equal levels, the rest in the last, shared by filled bins.

    reach  bins from here on get nothing

    Shapes: kept, filled (bins,) -> (bins,).

    >>> merged(np.array([4, 2, 3, 3, 9]), np.ones(5), 2, 5)
    array([3., 3., 5., 5., 5.])
    """
    level = np.arange(len(kept)) // (len(kept) // levels)
    level = np.minimum(level, levels - 1)
    total = np.bincount(level, kept)
    bins = np.bincount(level[:reach], filled[:reach], levels)
    Q: Real = np.where(bins > 0, total / np.maximum(bins, 1), 0)[level]
    Q[reach:] = 0
    return Q
