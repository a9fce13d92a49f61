"""KL: keep the bins whose clipped histogram the quantized one codes best.

    P_i   bins 0 .. i-1, and in the last of them all that lie beyond     (1)
    Q_i   bins 0 .. i-1 without those; level floor(k levels / i) shares
          its counts equally among its bins k that are not empty         (2)
    D(P || Q) = sum_k P_k log(P_k / Q_k), both normalized                (3)
    m = argmin_i D(P_i || Q_i),  T = (m + 1/2) width                     (4)

i goes from `levels` to the number of bins - 1: the full range is no
candidate.  D is infinite where P > 0 and Q = 0, so where the last bin kept
is empty and values lie beyond it.  Of equal minima the first one counts.
The source leaves open how bins go to levels, the infinity, and the ties.

Source: Migacz, 8-bit Inference with TensorRT, GTC 2017 (s7310), backup
slides.   Chapter: calibration
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from qlib.arrays import Code, Range, Real, as_finite
from qlib.calibrate.half_axis import Half, both, cut, half_levels
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.minmax import minmax
from qlib.calibrate.smoothing import Smoothing, unsmoothed
from qlib.grid import Grid, as_index

Counts: TypeAlias = Real | Code
Curve: TypeAlias = Callable[[Counts, int, bool], Real]
NEAR = 1e-10  # nats: far above what rounding does to `kl_curve_prefix`


def clip(counts: Real, i: int) -> Real:
    """P of eq. (1), as counts.

    >>> clip(np.array([4, 2, 0, 1, 3]), 3)
    array([4, 2, 4])
    """
    P: Real = counts[:i].copy()
    P[-1] += counts[i:].sum()
    return P


def share(kept: Real, levels: int) -> Real:
    """Q of eq. (2), as counts.   Source: the example of the slides.

    >>> share(np.array([1, 0, 2, 3, 5, 3, 1, 7]), 2)
    array([2., 0., 2., 2., 4., 4., 4., 4.])
    """
    level = np.arange(len(kept)) * levels // len(kept)
    total = np.bincount(level, kept)
    bins = np.bincount(level, kept > 0)
    Q: Real = (total / np.maximum(bins, 1))[level]
    return np.where(kept > 0, Q, 0)


def divergence(P: Real, Q: Real) -> float:
    """D(P || Q) of eq. (3), in nats, of two arrays of counts; never below 0.

    >>> divergence(np.array([1, 0]), np.array([1, 1]))  # one bit: log 2
    0.6931471805599453
    """
    P, Q = P / P.sum(), Q / (Q.sum() or 1)
    P, Q = P[P > 0], Q[P > 0]
    return max(0.0, float(np.sum(P * np.log(P / Q)))) if Q.all() else np.inf


def kl_at(
    counts: Counts, i: int, levels: int = 128, smooth: Smoothing = unsmoothed
) -> float:
    """D(P || Q) in nats when the first i bins are kept, eq. (1)-(3).

    Shapes: counts (bins,).
    Raises: ValueError for counts not whole, negative or all 0, fewer bins
    than levels, and i outside [1, bins].

    >>> round(kl_at([1, 0, 2, 3, 5, 3, 1, 7], 8, levels=2), 6)
    0.150315
    """
    c, i = _checked(counts, levels), as_index(i, "i")
    if not 1 <= i <= len(c):
        raise ValueError(f"i must be in [1, {len(c)}], got {i}")
    return divergence(smooth(clip(c, i)), smooth(share(c[:i], levels)))


def kl_curve(
    counts: Counts,
    levels: int = 128,
    ignore_zeros: bool = False,
    smooth: Smoothing = unsmoothed,
) -> Real:
    """`kl_at` for i = levels .. bins - 1: the definition, for reading.

    ignore_zeros  counts[0] = 0 in P and in Q; the others keep their place

    Shapes: counts (bins,) -> (bins - levels,), not empty.  Raises: as `kl_at`.

    >>> kl_curve([4, 2, 0, 1, 3], levels=3).round(4)
    array([   inf, 0.2318])
    """
    c = _checked(counts, levels, ignore_zeros, 1)
    D = [kl_at(c, i, levels, smooth) for i in range(levels, len(c))]
    return np.array(D)


def kl_curve_prefix(
    counts: Counts, levels: int = 128, ignore_zeros: bool = False
) -> Real:
    """The twin of `kl_curve`: all candidates at once, from prefix sums.

    A level adds (its counts) log(its share), and candidates have most of
    their levels in common.  Those within `NEAR` of the minimum are computed
    by `kl_at`: the argmin is the same.   Shapes and errors as `kl_curve`.

    >>> kl_curve_prefix([4, 2, 0, 1, 3], levels=3).round(4)
    array([   inf, 0.2318])
    """
    c = _checked(counts, levels, ignore_zeros, 1)
    start, stop, where = _intervals(len(c), levels)
    i = np.arange(levels, len(c))
    sums = np.cumsum([c, np.sign(c), _times_log(c, c)], axis=1)
    below, filled, entropy = np.pad(sums, ((0, 0), (1, 0)))
    s = below[stop] - below[start]
    Q = s / np.maximum(filled[stop] - filled[start], 1)
    beyond = np.cumsum(c[::-1])[::-1][i]
    last, Q_last = c[i - 1] + beyond, Q[where[-1]]
    cross = _times_log(s, Q).take(where).sum(0) + _times_log(beyond, Q_last)
    D: Real = entropy[i - 1] + _times_log(last, last) - cross
    D = D / below[-1] + np.log(np.maximum(below[i], 1) / below[-1])
    D[(c[i - 1] == 0) & (beyond > 0)] = np.inf
    for k in np.flatnonzero(np.isfinite(D) & (D.min() + NEAR >= D)):
        D[k] = kl_at(c, levels + int(k), levels)
    return D


def kl_threshold(
    counts: Counts,
    width: float,
    levels: int = 128,
    ignore_zeros: bool = False,
    curve: Curve = kl_curve_prefix,
) -> tuple[int, float]:
    """m and T of eq. (4); the first minimum.

    Raises: as `kl_curve`, and unless the width is positive and finite.

    >>> kl_threshold([40, 30, 20, 12, 8, 5, 3, 2, 1, 1, 1, 0, 1], 0.5, 4)
    (8, 4.25)
    """
    if not 0 < width < np.inf:
        raise ValueError(f"width must be positive and finite, got {width}")
    m = levels + int(np.argmin(curve(counts, levels, ignore_zeros)))
    return m, (m + 0.5) * width


def kl(
    h: Histogram,
    grid: Grid,
    ignore_zeros: bool = False,
    half: Half = both,
    curve: Curve = kl_curve_prefix,
) -> Range:
    """The range up to T of eq. (4), for as many levels as |r| has codes.

    Nothing is clipped where no D is finite or no counts are left.  Where the
    last bin kept is the only filled one, P = Q and D = 0, whatever is clipped:
    of no use for data away from 0, or few.
    A smoothing: `curve=partial(kl_curve, smooth=add_epsilon)`.
    Raises: ValueError as `half` and `kl_curve`.

    >>> h = Histogram(np.array([20, 9, 5, 1, 0, 1]), 0.0, 6.0)
    >>> kl(h, Grid(-1, 1)), kl(h, Grid(0, 2))
    ((-2.5, 2.5), (0.0, 3.5))
    """
    if h.width == 0:
        return minmax(h, grid)
    a, levels = half(h), half_levels(h, grid)
    if ignore_zeros and not a.counts[1:].any():
        return minmax(h, grid)
    D = curve(a.counts, levels, ignore_zeros)
    m = levels + np.argmin(D)
    T = (m + 0.5) * a.width if np.isfinite(D).any() else h.absmax
    return cut(h.rmin, h.rmax, T, grid)


def _checked(
    counts: Counts, levels: int, ignore_zeros: bool = False, spare: int = 0
) -> Real:
    """As float64; less than 2^53 in all, so that their sums are exact."""
    c = as_finite(counts, "counts").copy()
    if c.ndim != 1 or (c < 0).any() or (c % 1).any() or c.sum() >= 2**53:
        must = "be (bins,), whole, not negative, and less than 2^53 in all"
        raise ValueError(f"counts must {must}, got {c}")
    n = len(c) - spare
    if not 1 <= as_index(levels, "levels") <= n:
        raise ValueError(f"levels must be in [1, {n}], got {levels}")
    c[0] *= not ignore_zeros
    if not c.any():
        raise ValueError(f"counts to be used must not all be 0, got {counts}")
    return c


def _times_log(x: Real, y: Real) -> Real:
    """x log y, 0 where x or y is 0."""
    return x * np.log(np.where(y > 0, y, 1))


@lru_cache(maxsize=16)
def _intervals(bins: int, levels: int) -> tuple[Code, Code, Code]:
    """Where the levels of all candidates start and stop, each interval once,
    and (levels, candidates): which of them it is."""
    j, i = np.arange(levels + 1)[:, None], np.arange(levels, bins)
    edges = -(-i * j // levels)  # the first bin of level j: ceil(i j / levels)
    pair = edges[:-1] * (bins + 1) + edges[1:]
    unique, where = np.unique(pair, return_inverse=True)
    start, stop = np.divmod(unique, bins + 1)
    return start, stop, where.reshape(pair.shape)
