"""How well an integer and a shift hold M.   Chapter: requantization"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from qlib.arrays import Real
from qlib.plots.marks import say
from qlib.plots.style import CODE, ERR, PAPER, PX, Look, number
from qlib.requant import Requant

OCTAVES, DRAWS = 30, 100  # M from 2^-30 to 1; how many in each octave

Way = Callable[[float], Requant]


def relative_error(way: Way, M: float) -> float:
    """|M' / M - 1| of the M' that a way stores for M."""
    return abs(float(way(M).real) / M - 1)


def worst(way: Way, seed: int = 0) -> tuple[Real, Real]:
    """The largest relative error in each octave, and the octave's middle.

    Shapes: -> M, error (OCTAVES,).
    """
    k = np.arange(-OCTAVES, 0)
    rng = np.random.default_rng(seed)
    drawn = 2 ** (k + rng.uniform(0, 1, (DRAWS, OCTAVES)))
    errors = [[relative_error(way, M) for M in row] for row in drawn.tolist()]
    return 2 ** (k + 0.5), np.max(errors, axis=0)


def multiplier_errors(
    without_shift: Way,
    with_shift: Mapping[str, Way],
    ax: Axes,
    marked: Sequence[float] = (1e-7, 1e-9),
) -> Axes:
    """The largest relative error of the multiplier, in each octave of M.

    without_shift stores M as an integer alone, with_shift maps a name to a
    way that has a shift for each M.  The rings are the errors of
    without_shift at the `marked` M.  Both scales are logarithmic.
    """
    ax.set(xscale="log", yscale="log", xlim=(1e-10, 1), ylim=(1e-11, 2))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(1000))
        axis.set_minor_locator(NullLocator())
    M, e = worst(without_shift)
    ax.plot(M, e, color=ERR, lw=1.75 * PX)
    at = 4 * OCTAVES // 7
    below: Look = {"color": ERR, "ha": "right", "va": "top"}
    words = "without $n$: round($M$ $2^{31}$)"
    say(ax, M[at] / 2, e[at], words, **below)
    for name, way in with_shift.items():
        level = worst(way)[1]
        ax.plot(M, level, color=CODE, lw=1.75 * PX)
        end, ha = (-1, "right") if level[-1] > 9 * e[-1] else (0, "left")
        say(ax, M[end], level.max() * 2, name, color=CODE, ha=ha)
    for x in marked:
        ring(x, relative_error(without_shift, x), ax)
    ax.set_xlabel("multiplier $M$")
    return ax


def ring(M: float, e: float, ax: Axes) -> None:
    """The error at one M, in percent."""
    look: Look = {"mfc": PAPER, "mec": ERR, "mew": 1.5 * PX, "ms": 7 * PX}
    ax.plot([M], [e], "o", zorder=4, **look)
    words = f"{number(100 * e, '.2g')} %"
    say(ax, M / 1.7, e / 1.2, words, color=ERR, ha="right", va="top")
