"""Percentile: clip the largest |r|, a fixed share of them.

    p / 100 of all |r| are at most T                                    (1)

Source: `compute_percentile` of ONNX Runtime 1.31.1, and pytorch-quantization
(NVIDIA/TensorRT 1637a26, calib/histogram.py), which take the lower edge of
the bin that T is in.   Chapter: calibration
"""

import numpy as np

from qlib.calibrate.half_axis import Half, Range, both, cut
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.minmax import minmax
from qlib.grid import Grid


def percentile(
    h: Histogram, grid: Grid, p: float = 99.99, half: Half = both
) -> Range:
    """The range up to T of eq. (1), found by a line within its bin.

    Raises: ValueError unless 0 < p <= 100, and as `half`.

    >>> h = Histogram(np.array([6, 2, 1, 1]), 0.0, 8.0)
    >>> percentile(h, Grid(0, 255), 80)
    (0.0, 4.0)
    """
    if not 0 < p <= 100:
        raise ValueError(f"p must be in (0, 100], got {p}")
    if h.width == 0:
        return minmax(h, grid)
    a = half(h)
    below = np.cumsum([0, *a.counts])
    edges = a.width * np.arange(len(below))
    return cut(h, np.interp(p / 100 * below[-1], below, edges), grid)
