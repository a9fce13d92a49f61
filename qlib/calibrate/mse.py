"""MSE: the range with the smallest mean squared error.

    E(T) = sum_k n_k (c_k - fq_T(c_k))^2 / sum_k n_k                    (1)

n_k values are counted in the bin with centre c_k; fq_T quantizes to the grid
over |r| <= T and back.  Bins much narrower than a step of the grid are
needed: a value stands at the centre of its bin.

Source: Nagel et al. 2021 (arXiv:2106.08295), section 3.1, "MSE".
Chapter: calibration
"""

import numpy as np

from qlib.affine import affine_qparams, fake_quantize, symmetric_qparams
from qlib.arrays import Real, as_finite
from qlib.calibrate.half_axis import Range, cut, symmetric
from qlib.calibrate.histogram import Histogram
from qlib.grid import Grid
from qlib.qparams import QParams

SHARES = np.arange(1, 257) / 256  # of max |r|: the thresholds that are tried


def qparams(rmin: float, rmax: float, grid: Grid) -> QParams:
    """S and Z of a range: Z = 0 on a symmetric grid, TFLite's rule on others.

    >>> qparams(-1.0, 127.0, Grid(-127, 127)).scale
    1.0
    """
    if symmetric(grid):
        return symmetric_qparams(np.maximum(-rmin, rmax), grid)
    return affine_qparams(np.array(rmin), np.array(rmax), grid)


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
    """E(T) for T = shares * max |r|.

    Shapes: shares (n,) -> (n,).

    >>> h = Histogram(np.array([1, 0, 2, 1]), 0.0, 4.0)
    >>> mse_curve(h, Grid(0, 6), np.array([0.75, 1.0]))[0]
    np.float64(0.0625)
    """
    top = max(-h.rmin, h.rmax)
    T = as_finite(shares, "shares") * top
    return np.array([mse_at(h, *cut(h, t, grid), grid) for t in T])


def mse(h: Histogram, grid: Grid, shares: Real = SHARES) -> Range:
    """The range with the smallest error, eq. (1); the first of equals.

    >>> h = Histogram(np.array([1, 0, 2, 1]), 0.0, 4.0)
    >>> mse(h, Grid(0, 7))
    (0.0, 3.5)
    """
    best = np.argmin(mse_curve(h, grid, shares))
    return cut(h, shares[best] * max(-h.rmin, h.rmax), grid)
