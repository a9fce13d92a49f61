"""Roundings as staircases: where each step breaks.   Chapter: affine"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from qlib.arrays import Real
from qlib.plots.marks import strokes
from qlib.plots.style import CODE, ERR, PAPER, PX, REAL, Look
from qlib.rounding import Rounding


def staircases(
    roundings: Mapping[str, Rounding], axs: Sequence[Axes], end: int = 3
) -> Sequence[Axes]:
    """One staircase per rounding, all to one scale.

    roundings maps the name to the rounding; axs are as many panels.
    """
    for (name, rounding), ax in zip(roundings.items(), axs, strict=True):
        staircase(rounding, ax, end)
        ax.set_title(name)
    return axs


def staircase(rounding: Rounding, ax: Axes, end: int = 3) -> Axes:
    """y = round(x) on [-end, end] against the line y = x.

    A filled disc is the value taken where the staircase breaks, an open one
    the value not taken; the area between stairs and line is the error.
    """
    x = np.arange(-2 * end, 2 * end + 1) / 2
    left, at, right = (rounding(x + d) for d in (-1e-6, 0, 1e-6))
    ax.plot([-end, end], [-end, end], color=REAL, lw=1.25 * PX, clip_on=False)
    fill_to_identity(x, left, right, ax)
    strokes([x[:-1], right[:-1], x[1:], left[1:]], ax, CODE, 2.5)
    inner = (left != right) & (np.abs(x) < end)
    other = np.where(at == left, right, left)
    disc: Look = {"ls": "", "marker": "o", "mec": CODE, "mew": 1.5 * PX}
    ax.plot(x[inner], other[inner], mfc=PAPER, ms=6 * PX, zorder=4, **disc)
    ax.plot(x[inner], at[inner], mfc=CODE, ms=6.5 * PX, zorder=5, **disc)
    limits = -end - 0.25, end + 0.25
    ticks = range(1 - end, end, 2)
    ax.set(xlim=limits, ylim=limits, xticks=ticks, yticks=ticks)
    ax.set_aspect("equal", anchor="NW")
    return ax


def fill_to_identity(x: Real, left: Real, right: Real, ax: Axes) -> None:
    """The area between the stairs and the line y = x.

    Shapes: x, left, right (n,); the stairs reach left before x and leave
    from right.
    """
    x, y = np.repeat(x, 2), np.stack([left, right], -1).ravel()
    ax.fill_between(x, y, x, color=ERR, alpha=0.3, lw=0)
