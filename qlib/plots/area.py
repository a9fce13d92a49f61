"""The error of a grid as an area under the line.   Chapter: affine"""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from qlib.arrays import Real
from qlib.plots.marks import TICK, baseline, hang, name_row, pixels
from qlib.plots.style import CODE, ERR, HATCH, PX, Look
from qlib.qparams import QParams

LINE = 16  # where the number line lies, in pixels from the top


def error_area(
    r: Real,
    e_rounding: Real,
    e_clipping: Real,
    ax: Axes,
    *,
    vmax: float | None = None,
    codes: ArrayLike = (),
    name: str = "",
    note: str = "",
) -> Axes:
    """The distance from each real to its code, hanging below the line.

    Rounding error is a solid area, clipping error a hatched one; signs are
    dropped.  Panels that share vmax, the error at their lower edge, can be
    compared.  The reals of the codes stand on the line as ticks; name and
    note are written to the left.  With r from `bends` the corners are exact.
    Shapes: r, e_rounding, e_clipping (n,), r ascending; codes (m,).
    """
    rounding, clipping = np.abs(e_rounding), np.abs(e_clipping)
    vmax = vmax or max(rounding.max(), clipping.max())
    ax.set_xlim(r[0], r[-1])
    depth = (pixels(ax)[1] - LINE) / vmax
    area(r, depth * rounding, ax, {"color": ERR, "alpha": 0.8, "lw": 0})
    hatched = {"fc": "none", "ec": ERR, "lw": PX, "hatch": HATCH}
    area(r, depth * clipping, ax, hatched)
    baseline(r[0], r[-1], ax, LINE)
    if np.size(codes):
        hang(codes, ax, LINE - TICK)
    name_row(ax, LINE, name, note, CODE)
    return ax


def area(r: Real, e: Real, ax: Axes, look: Look) -> None:
    """One area per stretch where e, in pixels, is not 0.  Shapes: (n,)."""
    beside = np.convolve(e > 0, [1, 1, 1], mode="same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], beside, [0]])))
    for start, end in edges.reshape(-1, 2):
        x, y = corners(r[start:end], e[start:end])
        ax.fill_between(x, LINE + y, LINE, **look)


def corners(x: Real, y: Real) -> tuple[Real, Real]:
    """Drop the points on a straight line between their neighbours.

    Shapes: x, y (n,) -> (m,), (m,), m <= n.
    """
    if len(x) < 3:
        return x, y
    slope = np.diff(y) / np.diff(x)
    bent = np.abs(np.diff(slope)) > 1e-9 * np.abs(slope).max()
    keep = np.concatenate([[True], bent, [True]])
    return x[keep], y[keep]


def bends(qp: QParams, rmin: float, rmax: float) -> Real:
    """The reals in [rmin, rmax] where the error of a grid has a corner.

    These are its codes, the middles between them, and the two ends.
    Shapes: -> (n,), ascending.
    """
    S, Z = qp.along(0)
    halves = np.arange(2 * qp.grid.qmin, 2 * qp.grid.qmax + 1) / 2
    r = S * (halves - Z)
    inside = r[(r > rmin) & (r < rmax)]
    return np.concatenate([[rmin], inside, [rmax]])
