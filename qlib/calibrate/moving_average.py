"""A moving average of the extremes of batches.

    x <- x + c (batch - x)          for rmin and for rmax               (1)

Sources disagree on c and on the first x.  tensorflow-model-optimization:
c = 0.001, from (-6, 6), whatever the data are, and batches widened to hold
0.  After t batches 0.999^t of the first x is still there: 94 % after 64.
PyTorch's MovingAverageMinMaxObserver: c = 0.01, from the first batch.

Source: tensorflow_model_optimization/python/core/quantization/keras/,
MovingAvgQuantize in quant_ops.py and the first x in quantizers.py;
torch/ao/quantization/observer.py.
Chapter: calibration
"""

from collections.abc import Sequence

import numpy as np

from qlib.arrays import Range, Real, as_finite
from qlib.calibrate.half_axis import fit
from qlib.grid import Grid


def moving_average(start: Range, batches: Real, c: float) -> Range:
    """Eq. (1) over (rmin, rmax) of each batch.

    Shapes: batches (n, 2).   Raises: ValueError for NaN and infinities.

    >>> moving_average((0.0, 4.0), np.array([[0.0, 8.0], [-2.0, 6.0]]), 0.5)
    (-1.0, 6.0)
    """
    x = as_finite(start, "start")
    for batch in as_finite(batches, "batches"):
        x = x + c * (batch - x)
    return float(x[0]), float(x[1])


def tfmot(batches: Sequence[Range], grid: Grid) -> Range:
    """The convention of tensorflow-model-optimization.

    Raises: ValueError for no batch, rmin > rmax, NaN and infinities.

    >>> rmin, rmax = tfmot([(0.0, 2.0)] * 64, Grid(0, 255))
    >>> round(rmin, 3)  # the data are positive
    -5.628
    """
    r = _checked(batches)
    wide = np.stack((np.minimum(r[:, 0], 0), np.maximum(r[:, 1], 0)), 1)
    return fit(*moving_average((-6.0, 6.0), wide, 0.001), grid)


def from_first_batch(batches: Sequence[Range], grid: Grid) -> Range:
    """PyTorch's convention.   Raises: as `tfmot`.

    >>> from_first_batch([(0.0, 2.0), (0.0, 3.0)], Grid(0, 255))
    (0.0, 2.01)
    """
    r = _checked(batches)
    return fit(*moving_average((r[0, 0], r[0, 1]), r, 0.01), grid)


def _checked(batches: Sequence[Range]) -> Real:
    """(n, 2), n > 0, each rmin <= rmax."""
    r = as_finite(batches, "batches")
    if r.ndim != 2 or r.shape[1] != 2 or len(r) == 0:
        raise ValueError(
            f"batches must be one (rmin, rmax) at least, got shape {r.shape}"
        )
    if (r[:, 0] > r[:, 1]).any():
        raise ValueError(f"rmin <= rmax must hold, got {r.tolist()}")
    return r
