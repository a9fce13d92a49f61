"""Percentile: clip the largest |r|, a fixed share of them.

    p / 100 of all |r| are at most T; the smallest such T               (1)

Source: `compute_percentile` of ONNX Runtime 1.31.1, and pytorch-quantization
(NVIDIA/TensorRT 1637a26, calib/histogram.py), which take the lower edge of
the bin that T is in.   Chapter: calibration
"""

from numbers import Real

import numpy as np

from qlib.arrays import Range
from qlib.calibrate.half_axis import Half, both, cut
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.minmax import minmax
from qlib.grid import Grid

ULPS = 1e-15  # a share that is meant to be whole is up to this much off


def percentile(
    h: Histogram, grid: Grid, p: float = 99.99, half: Half = both
) -> Range:
    """The range up to T of eq. (1), found by a line within its bin.

    Raises: ValueError unless p is a number in (0, 100], and as `half`.

    >>> h = Histogram(np.array([6, 2, 1, 1]), 0.0, 8.0)
    >>> percentile(h, Grid(0, 255), 80)
    (0.0, 4.0)
    """
    if not isinstance(p, Real) or not 0 < p <= 100:
        raise ValueError(f"p must be a number in (0, 100], got {p!r}")
    if h.width == 0:
        return minmax(h, grid)
    a = half(h)
    below = np.cumsum(a.counts)
    wanted = p * below[-1] / 100
    k = np.searchsorted(below, wanted * (1 - ULPS))
    inside = 1 - max(below[k] - wanted, 0) / a.counts[k]
    return cut(h.rmin, h.rmax, (k + inside) * a.width, grid)
