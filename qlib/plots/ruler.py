"""Number lines: which reals an integer grid can name.   Chapter: affine"""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from qlib.affine import dequantize, quantize
from qlib.arrays import Real
from qlib.plots.marks import (
    baseline,
    gap,
    hang,
    number_codes,
    per_pixel,
    pixels,
    ring,
    say,
    spread,
)
from qlib.plots.style import INK, MUTED, PX, REAL, number
from qlib.qparams import QParams
from qlib.rounding import Rounding, half_even

REALS_AT = 26  # where the reals stand, in pixels from the top
CODES_UP = 44  # how far the ruler stands above the axis


def number_line(
    qp: QParams,
    ax: Axes,
    reals: ArrayLike = (),
    rounding: Rounding = half_even,
) -> Axes:
    """The ruler of all codes, and given reals falling onto it.

    Codes hang from the line as ticks, numbered; a ring marks 0.0.  Each
    real is a disc above the line with an arrow to its code; the foot of the
    arrow is its error, solid where it was rounded, hatched where clipped.
    Shapes: reals (n,), n small; without reals 60 pixels of height do.
    """
    r = np.asarray(reals, float)
    codes = np.arange(qp.grid.qmin, qp.grid.qmax + 1)
    ticks = dequantize(codes, qp)
    half = float(qp.scale) / 2
    ends = np.concatenate([ticks, r])
    ax.set_xlim(ends.min() - half, ends.max() + half)
    y = pixels(ax)[1] - CODES_UP
    baseline(*ax.get_xlim(), ax, y)
    hang(ticks, ax, y)
    number_codes(ticks, codes, ax, y)
    ring(0.0, ax, y)
    r_hat = dequantize(quantize(r, qp, rounding), qp)
    fall(r, r_hat, ax, y, clipped=(r < ticks[0]) | (r > ticks[-1]))
    ax.set_xlabel("real value $r$")
    return ax


def fall(r: Real, r_hat: Real, ax: Axes, y: float, clipped: Real) -> None:
    """Reals r above, arrows down to the ticks r_hat.  Shapes: all (n,)."""
    names = [number(x) for x in r]
    widths = [6 * len(name) + 8 for name in names]
    places = spread(r, np.array(widths) * per_pixel(ax))
    look = {"arrowstyle": "-|>", "color": INK, "lw": 1.75 * PX}
    for i, (x, to) in enumerate(zip(r, r_hat, strict=True)):
        gap(x, to, ax, y, clipped[i])
        ax.plot([x, x], [REALS_AT, y], color=MUTED, lw=PX, ls=(0, (1, 3)))
        ax.annotate("", (to, y - 1), (x, REALS_AT), arrowprops=look)
        ax.plot([x], [REALS_AT], "o", color=REAL, ms=7 * PX, zorder=4)
        say(ax, places[i], REALS_AT - 12, names[i])
