"""Min-max: nothing is clipped.

    (rmin, rmax) = the extremes of the data, widened to hold 0          (1)

Source: Jacob et al. 2018 (arXiv:1712.05877), section 3.1, for the extremes;
Krishnamoorthi 2018 (arXiv:1806.08342), section 2.1, for 0.
Chapter: calibration
"""

from qlib.arrays import Range
from qlib.calibrate.half_axis import fit
from qlib.calibrate.histogram import Histogram
from qlib.grid import Grid


def minmax(h: Histogram, grid: Grid) -> Range:
    """The extremes, eq. (1); made symmetric for a symmetric grid.

    >>> import numpy as np
    >>> minmax(Histogram.of(np.array([2.0, 3.5])), Grid(0, 255))
    (0.0, 3.5)
    """
    return fit(h.rmin, h.rmax, grid)
