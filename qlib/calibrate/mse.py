"""MSE: the range with the smallest mean squared error.

    E(T) = sum_k h_k (c_k - fq_T(c_k))^2 / sum_k h_k                    (1)

h_k values are counted in the bin with centre c_k; fq_T quantizes to the grid
over |r| <= T and back.  Bins much narrower than a step of the grid are
needed: a value stands at the centre of its bin.

Source: Nagel et al. 2021 (arXiv:2106.08295), section 3.1, "MSE".
Chapter: calibration
"""

import numpy as np

from qlib.affine import fake_quantize
from qlib.arrays import Range, Real, as_finite
from qlib.calibrate.half_axis import cut, qparams
from qlib.calibrate.histogram import Histogram
from qlib.grid import Grid

SHARES = np.arange(1, 257) / 256  # of max |r|: the thresholds that are tried
AT_ONCE = 16  # thresholds: what they need stays in the cache


def mse_at(h: Histogram, rmin: float, rmax: float, grid: Grid) -> float:
    """The mean squared error for one range, eq. (1), in squared units of r.

    >>> h = Histogram(np.array([1, 0, 2, 1]), 0.0, 4.0)  # 0.5, 2.5, 3.5
    >>> mse_at(h, 0.0, 3.0, Grid(0, 6))  # only 3.5 is off, by 0.5
    0.0625
    """
    c = h.centres
    e = c - fake_quantize(c, qparams(rmin, rmax, grid))
    return float(np.average(e * e, weights=h.counts))


def mse_curve(h: Histogram, grid: Grid, shares: Real = SHARES) -> Real:
    """`mse_at` for T = shares * max |r|, many T at once.

    Shapes: shares (n,) -> (n,).
    Raises: ValueError unless shares are in (0, 1], one at least, and if a
    threshold is too small for a float32 scale.

    >>> h = Histogram(np.array([1, 0, 2, 1]), 0.0, 4.0)
    >>> mse_curve(h, Grid(0, 6), np.array([0.75, 1.0]))[0]
    np.float64(0.0625)
    """
    s, found = as_finite(shares, "shares"), []
    if s.ndim != 1 or s.size == 0 or (s <= 0).any() or (s > 1).any():
        raise ValueError(f"shares must be (n,), in (0, 1], got {shares}")
    for some in np.split(s * h.absmax, range(AT_ONCE, len(s), AT_ONCE)):
        ends = [cut(h.rmin, h.rmax, T, grid) for T in some]
        rmin, rmax = np.transpose(ends)
        c = np.tile(h.centres, (len(some), 1))
        e = c - fake_quantize(c, qparams(rmin, rmax, grid, axis=0))
        found.append(np.average(e * e, 1, np.tile(h.counts, (len(some), 1))))
    return np.concatenate(found)


def mse(h: Histogram, grid: Grid, shares: Real = SHARES) -> Range:
    """The range with the smallest error, eq. (1); the first of equals.

    Raises: as `mse_curve`.

    >>> h = Histogram(np.array([1, 0, 2, 1]), 0.0, 4.0)
    >>> mse(h, Grid(0, 7))
    (0.0, 3.5)
    """
    best = np.argmin(mse_curve(h, grid, shares))
    return cut(h.rmin, h.rmax, shares[best] * h.absmax, grid)
