"""What clipping costs and what it saves.   Chapter: affine"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from qlib.arrays import Real
from qlib.plots.marks import per_pixel, say
from qlib.plots.style import ERR, INK, PAPER, PX, Look, number


def trade_off(
    thresholds: Real,
    rounding: Real,
    clipping: Real,
    ax: Axes,
    form: str = ".2f",
) -> Axes:
    """Rounding error, clipping error and their sum over the threshold.

    The scale is logarithmic.  The triangle on the axis is the threshold with
    the least sum, the ring is where the two parts come closest.
    Shapes: thresholds, rounding, clipping (n,), thresholds ascending.
    """
    T, total = np.asarray(thresholds), np.add(rounding, clipping)
    floor, roof = total.min() / 8, 1.5 * total.max()
    ax.set(yscale="log", xlim=(T[0], T[-1]), ylim=(floor, roof))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    part(T, rounding, ax, "rounding", ls="-")
    part(T, clipping, ax, "clipping", ls=(0, (1.5, 1.5)))
    ax.plot(T, total, color=INK, lw=1.75 * PX)
    crossing(T, rounding, clipping, ax, form)
    least(T, total, ax, form)
    return ax


def part(T: Real, e: Real, ax: Axes, name: str, ls: object) -> None:
    """One part of the error, named where it enters the panel."""
    floor = ax.get_ylim()[0]
    ax.plot(T, np.maximum(e, floor / 99), color=ERR, lw=1.5 * PX, ls=ls)
    at = np.where(e > floor, e, np.inf).argmin()
    unit = per_pixel(ax)
    left = e[-1] > e[0] and T[at] - T[0] > 70 * unit
    right = 14 if e[-1] > e[0] else 8
    x = T[at] + (-8 if left else right) * unit
    say(ax, x, floor * 1.2, name, color=ERR, ha="right" if left else "left")


def crossing(
    T: Real, rounding: Real, clipping: Real, ax: Axes, form: str
) -> None:
    """A ring where the two parts are equal, as nearly as measured."""
    with np.errstate(divide="ignore"):
        at = np.abs(np.log(rounding) - np.log(clipping)).argmin()
    look: Look = {"mfc": PAPER, "mec": ERR, "mew": 1.5 * PX, "ms": 7 * PX}
    ax.plot(T[at], rounding[at], "o", zorder=4, **look)
    x = T[at] - 16 * per_pixel(ax)
    words = f"equal at {number(T[at], form)}"
    say(ax, x, rounding[at], words, color=ERR, ha="right", va="center")


def least(T: Real, total: Real, ax: Axes, form: str) -> None:
    """A triangle on the axis under the least sum, and its threshold."""
    at, floor = total.argmin(), ax.get_ylim()[0]
    near = np.abs(T - T[at]) < 45 * per_pixel(ax)
    top = 1.1 * total[near].max()
    ax.plot([T[at]] * 2, [floor, top], color=INK, lw=PX, ls=(0, (1, 3)))
    look: Look = {"color": INK, "clip_on": False, "zorder": 5, "ms": 8 * PX}
    ax.plot(T[at], floor, "^", **look)
    words = f"least at {number(T[at], form)}"
    say(ax, T[at], top, words, weight="bold")
