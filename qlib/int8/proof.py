"""No int32 accumulator can overflow: a proof per filter, before anything runs.

    hi = b + sum over taps of max(w (qmin - Z), w (qmax - Z))       (1)
    lo = b + sum over taps of min(w (qmin - Z), w (qmax - Z))       (2)

The code qmax where w > 0 and qmin where w < 0 attains (1), where the window
lies inside the image; a tap on padding adds 0, which is between the two.
Every partial sum lies in [lo, hi] too: taps that are not yet added have the
code Z or, once Z sum w is folded into b, the code 0, and both are on the
grid.  With M >= 1 the accumulator is first shifted left, and must still fit.

This file is OFFLINE.   Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Acc, Code, as_code
from qlib.grid import INT32, Grid
from qlib.multiplier import Requant
from qlib.net.ops import label
from qlib.net.qlayers import QConv, QDense
from qlib.qparams import QParams
from qlib.rounding import half_away


def accumulator_bounds(w: Code, b: Acc, grid: Grid, Z: int) -> tuple[Acc, Acc]:
    """The least and the greatest accumulator of each filter, eq. (1), (2).

    Shapes: w (K, ...) with its zero point taken off, b (K,) -> (K,), (K,),
    int64.

    >>> from qlib.grid import INT8
    >>> accumulator_bounds(np.array([[2, -1]]), np.array([5]), INT8, 0)
    (array([-378]), array([387]))
    """
    rows = as_code(w).reshape(len(w), -1).astype(np.int64)
    ends = rows * (grid.qmin - Z), rows * (grid.qmax - Z)
    return b + np.minimum(*ends).sum(1), b + np.maximum(*ends).sum(1)


def prove(at: str, lo: int | Acc, hi: int | Acc, rq: Requant) -> None:
    """Complain unless all accumulators fit int32, shifted left as well.

    Shapes: lo, hi one, or (K,) per filter; rq likewise.
    Raises: ValueError, naming the op and the filter.

    >>> prove("y", -(2**31), 2**31 - 1, Requant(2**30, 0))
    """
    left = np.ravel(-np.minimum(rq.shift, 0))
    ends = np.stack(np.broadcast_arrays(lo, hi, left), 1)
    for k, (low, high, n) in enumerate(ends.tolist()):
        if low << n < INT32.qmin or high << n > INT32.qmax:
            raise ValueError(
                f"{at}: filter {k}: accumulators must fit int32 after a left "
                f"shift of {n}, got {low} to {high}"
            )


def bias_codes(op: QConv | QDense, x: QParams) -> Acc:
    """The bias on the grid of the accumulator, round(b / (Sx Sw)).

    Ties away from zero.   Shapes: -> (K,) int32.
    Raises: ValueError, naming the op and the filter, beyond int32.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.5, 0, INT8)
    >>> op = QDense("x", "y", np.ones((1, 1), int), qp, np.array([0.625]))
    >>> bias_codes(op, qp)  # 2.5
    array([3], dtype=int32)
    """
    codes = half_away(np.asarray(op.b) / (x.scale * np.asarray(op.w_qp.scale)))
    for k in np.flatnonzero((codes < INT32.qmin) | (codes > INT32.qmax)):
        raise ValueError(
            f"{label(op)}: filter {k}: the bias must fit int32 at the scale "
            f"Sx Sw, got {codes[k]:.0f}"
        )
    return codes.astype(np.int32)
