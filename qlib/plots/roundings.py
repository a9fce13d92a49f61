"""One rounding or two: what becomes of one number, and how often they part.

Chapter: requantization
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from qlib.plots.hops import blank, hop_line
from qlib.plots.marks import per_pixel, say, strokes
from qlib.plots.style import CODE, INK, MUTED, PX, REAL, Look, number
from qlib.requant import Requant, multiply, multiply_single_rounding

LINE = 84  # where the number line lies, in pixels from the top


def hops(
    x: int, rq: Requant, axs: Sequence[Axes], zoom: float = 0.22
) -> Sequence[Axes]:
    """M x on its way to an integer: with two roundings, and with one.

    axs are two panels of 116 pixels.  Where the first hop is short, a
    smaller zoom magnifies the middle; see `hop_line`.
    """
    acc, n = np.asarray(x), int(rq.shift)
    high = multiply(acc, Requant(rq.m0, min(n, 0), rq.bits))
    exact = float(acc * rq.real)
    two = exact, float(high) / 2 ** max(n, 0), float(multiply(acc, rq))
    one = exact, float(multiply_single_rounding(acc, rq))
    ways = {"Two roundings": two, "One rounding": one}
    for ax, (name, stops) in zip(axs, ways.items(), strict=True):
        blank(ax)
        way = " \N{RIGHTWARDS ARROW} ".join(number(s, ".6g") for s in stops)
        say(ax, 0, 12, name, ha="left", weight="bold")
        say(ax, 0, 28, way, ha="left", color=MUTED)
        hop_line(stops, zoom, ax, LINE)
    return axs


def parting(
    shares: Mapping[int, float],
    ax: Axes,
    named: Mapping[str, int] | None = None,
) -> Axes:
    """The share of accumulators that one and two roundings tell apart.

    shares maps a right shift n, ascending, to the share that was counted;
    the line is 2^-(n+1).  named maps words to the n where they stand.  The
    scale is logarithmic.
    """
    n, y = np.array([*shares]), np.array([*shares.values()])
    ends = np.array([n[0] - 0.5, n[-1] + 0.5])
    ax.set(xlim=ends, ylim=(2.0 ** -(n[-1] + 4), 1), yscale="log")
    ax.plot(ends, 2.0 ** -(ends + 1), color=REAL, lw=1.25 * PX)
    strokes([n - 0.3, y, n + 0.3, y], ax, CODE, 3)
    above: Look = {"ha": "left", "va": "bottom"}
    below: Look = {"ha": "right", "va": "top", "color": CODE}
    first, last = (percent(float(f"{y[k]:.2g}")) for k in (0, -1))
    say(ax, n[0] - 0.3, y[0] * 1.2, first, color=CODE, **above)
    say(ax, n[-1] + 0.3, y[-1] / 1.4, last, **below)
    at = n[len(n) // 2]
    x = at + 8 * per_pixel(ax)
    say(ax, x, 1.4 * 2.0 ** -(at + 1), "$2^{-(n+1)}$", color=REAL, **above)
    for words, at in (named or {}).items():
        pointer(words, at, ax)
    ax.yaxis.set_major_locator(FixedLocator([10.0**k for k in range(-6, 1)]))
    ax.yaxis.set_major_formatter(FuncFormatter(percent))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set(xticks=n, xlabel="right shift $n$")
    return ax


def pointer(words: str, n: int, ax: Axes) -> None:
    """A triangle on the axis, and beside it what stands there."""
    floor, middle = ax.get_ylim()[0], sum(ax.get_xlim()) / 2
    look: Look = {"color": INK, "clip_on": False, "ms": 8 * PX, "zorder": 5}
    ax.plot([n], [floor], "^", **look)
    side = 1 if n < middle else -1
    x, ha = n + side * 8 * per_pixel(ax), "left" if side > 0 else "right"
    say(ax, x, floor * 1.1, words, weight="bold", ha=ha, va="bottom")


def percent(y: float, _: object = None) -> str:
    """A share as a percentage, without needless zeros."""
    return f"{100 * y:.6g} %"
