"""From a histogram to |r|, from a threshold T on |r| to a range, to S and Z.

    (rmin, rmax) -> (-T, T),  T = max(-rmin, rmax),  if qmin = -qmax    (1)
    (rmin, rmax) -> (min(rmin, 0), max(rmax, 0)),  on other grids       (2)
    levels = ceil((qmax - qmin + 1) top / (top + other))                (3)

A grid with qmin = -qmax is used symmetrically, any other with a zero point.
In (3) the data reach `top` on the longer half axis and `other` on the
shorter one; on a symmetric grid both are `top`.  So (3) is qmax + 1 for a
symmetric grid, all codes for data on one side of 0, and half of them for
data that reach as far on either side.

Chapter: calibration
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from qlib.affine import affine_qparams, symmetric_qparams
from qlib.arrays import Code, Range, Real
from qlib.calibrate.histogram import Histogram
from qlib.grid import Grid
from qlib.qparams import QParams

Half: TypeAlias = Callable[[Histogram], Histogram]


def symmetric(grid: Grid) -> bool:
    """Whether 0 is in the middle of the grid.

    >>> symmetric(Grid(-127, 127)), symmetric(Grid(-128, 127))
    (True, False)
    """
    return grid.qmin == -grid.qmax


def fit(rmin: float, rmax: float, grid: Grid) -> Range:
    """A range that holds 0, eq. (1) or (2).

    Raises: ValueError unless rmin <= rmax are finite.

    >>> fit(1.0, 2.0, Grid(0, 255)), fit(1.0, 2.0, Grid(-127, 127))
    ((0.0, 2.0), (-2.0, 2.0))
    """
    if not -np.inf < rmin <= rmax < np.inf:
        raise ValueError(f"rmin <= rmax must be finite, got {rmin} and {rmax}")
    low, high = min(rmin, 0.0), max(rmax, 0.0)
    T = max(-low, high)
    return (0.0 - T, T) if symmetric(grid) else (low, high)


def cut(rmin: float, rmax: float, T: float, grid: Grid) -> Range:
    """What of a range has |r| <= T; eq. (1) or (2).

    Raises: ValueError unless T >= 0 is finite, and as `fit`.

    >>> cut(-1.0, 3.0, 2.0, Grid(0, 255))
    (-1.0, 2.0)
    """
    if not 0 <= T < np.inf:
        raise ValueError(f"T must be finite and not negative, got {T}")
    low, high = (float(min(max(r, -T), T)) for r in (rmin, rmax))
    return fit(low, high, grid)


def qparams(
    rmin: Real | float, rmax: Real | float, grid: Grid, axis: int | None = None
) -> QParams:
    """S and Z of a range: Z = 0 on a symmetric grid, TFLite's rule on others.

    Shapes: rmin, rmax () without an axis, (channels,) with one.

    >>> qparams(-1.0, 127.0, Grid(-127, 127)).scale
    1.0
    """
    if symmetric(grid):
        return symmetric_qparams(np.maximum(-rmin, rmax), grid, axis)
    return affine_qparams(np.array(rmin), np.array(rmax), grid, axis)


def half_levels(h: Histogram, grid: Grid) -> int:
    """The codes for |r| on the longer half axis, 0 included, eq. (3).

    >>> h = Histogram(np.array([1, 2]), 0.0, 3.0)
    >>> half_levels(h, Grid(0, 255)), half_levels(h, Grid(-127, 127))
    (256, 128)
    """
    top = h.absmax
    other = top if symmetric(grid) else max(min(-h.rmin, h.rmax), 0.0)
    share = top / (top + other) if top else 1.0
    return int(np.ceil(grid.levels * share))


def both(h: Histogram) -> Histogram:
    """|r|: both half axes, one on top of the other.

    A value moves by half a bin at most: 0 is taken to be at the bin edge
    next to it.  To be exact, count |r|, as `collect_magnitudes` does.  There
    are no more bins than h has, and where h reaches as far on either side,
    half as many.  Raises: ValueError for bins of width 0.

    >>> both(Histogram(np.array([1, 2, 3, 4]), -1.0, 3.0)).counts
    array([3, 3, 4])
    """
    i = _outwards(h)
    return _from_zero(h, np.maximum(i, -1 - i), h.counts)


def positive(h: Histogram) -> Histogram:
    """The half axis r >= 0.   Raises: as `both`, and if nothing is there.

    >>> positive(Histogram(np.array([1, 2, 3, 4]), -1.0, 3.0)).counts
    array([2, 3, 4])
    """
    i = _outwards(h)
    return _from_zero(h, i[i >= 0], h.counts[i >= 0])


def negative(h: Histogram) -> Histogram:
    """The half axis r < 0, turned over.   Raises: as `positive`.

    >>> negative(Histogram(np.array([1, 2, 3, 4]), -2.0, 2.0)).counts
    array([2, 1])
    """
    i = _outwards(h)
    return _from_zero(h, -1 - i[i < 0], h.counts[i < 0])


def _outwards(h: Histogram) -> Real:
    """Numbers of the bins: 0, 1, ... above 0 and -1, -2, ... below it."""
    if h.width == 0:
        raise ValueError(f"bins must be wider than 0, got all at {h.rmin}")
    i: Real = np.arange(len(h.counts)) + np.rint(h.rmin / h.width)
    return i


def _from_zero(h: Histogram, i: Real, counts: Code) -> Histogram:
    """Counts in bins i from 0 on; some bins make one if they are too many."""
    if h.rmin == 0 and len(i) == len(h.counts):
        return h
    if len(i) == 0:
        raise ValueError(f"the half axis must hold values, got {h}")
    some = np.ceil((i.max() + 1) / len(h.counts))
    total = np.bincount((i // some).astype(np.intp), counts).astype(np.int64)
    return Histogram(total, 0.0, len(total) * some * h.width)
