"""Where to clip: a histogram, what each rule picks, and the rules' curves.

The panels are stacked and share x, the threshold T: `panels`, and then
`qlib.plots.marks.one_axis`.  A triangle is a choice; each curve has its own.

Chapter: calibration
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from qlib.arrays import Code, Real
from qlib.calibrate.histogram import Histogram
from qlib.plots.accuracy_stairs import DASH
from qlib.plots.choices import (
    BESIDE,
    ROW,
    Box,
    across,
    down,
    leader,
    middle,
    name_choices,
    say_at,
    threshold,
    width_of,
)
from qlib.plots.decades import count_scale, value_scale
from qlib.plots.marks import bar, baseline, per_pixel
from qlib.plots.style import ERR, FLOAT, INK, PX, REAL, RULE, Look, axes, size

FLOOR = 0.6  # of a count: 1 stands a little above the line
SPIKE = 3  # pixels: the width of the first bin, drawn alone
STRIP = 7  # pixels: the height of the strip where a curve is infinite
CARET = 10  # a triangle that stands on its base


def panels(
    width: float, curves: int, each: float = 76
) -> tuple[Figure, list[Axes]]:
    """A panel for a histogram, and one of `each` pixels for every curve."""
    rows, gap = curves + 2, 42
    height = rows * (each + gap) - gap + 68
    fig, (top, second, *rest) = axes(width, height, rows, gap=(gap, 0))
    upper, lower = top.get_position(), second.get_position()
    second.remove()
    top.set_position((lower.x0, lower.y0, lower.width, upper.y1 - lower.y0))
    return fig, [top, *rest]


def histogram_with_choices(
    h: Histogram,
    choices: Mapping[str, float],
    ax: Axes,
    *,
    zero_share: bool = True,
    form: str = ".1f",
) -> Axes:
    """Counts of |r| on a log scale, and the threshold of each rule.

    h           its bins are drawn several together, but the first alone
    choices     rule -> T: "MSE picks 3.2"
    zero_share  say which share of the values is in the first bin
    Raises: ValueError for bins that do not start at 0.
    """
    if h.rmin != 0:
        raise ValueError(f"the bins of |r| must start at 0, got {h.rmin}")
    edges, counts = wider(h, int(min(160, size(ax)[0] / 3)))
    end = max(h.rmax, *choices.values(), 0)
    ax.set_xlim(0, end)
    count_scale(ax, FLOOR, counts.max())
    seen = np.maximum(counts, FLOOR)
    look: Look = {"baseline": FLOOR, "color": REAL}
    ax.stairs(seen, edges, fill=True, alpha=0.3, lw=0, **look)
    ax.stairs(seen, edges, lw=1.25 * PX, **look)
    spike = SPIKE * per_pixel(ax)
    bar(0, spike, ax, FLOOR, seen[0] - FLOOR, fc=REAL, lw=0)
    baseline(0, end, ax, FLOOR)
    taken = [name_first(ax, counts)] if zero_share else []
    name_choices(ax, choices, form, taken)
    return ax


def wider(h: Histogram, bins: int) -> tuple[Real, Code]:
    """Edges and counts of about as many bins as asked; the first as it was."""
    n = len(h.counts)
    starts = np.r_[0, 1 : n : max(1, round(n / bins))]
    return h.width * np.r_[starts, n], np.add.reduceat(h.counts, starts)


def name_first(ax: Axes, counts: Code) -> Box:
    """Say what the first bin holds, in the row above its top; the room."""
    words = f"{100 * counts[0] / counts.sum():.0f} % in the first bin"
    top = float(down(ax, max(counts[0], 1)))
    y = middle(max(int(top - middle(0)) // ROW, 0))
    said = say_at(ax, BESIDE * per_pixel(ax), y, words)
    return BESIDE, BESIDE + width_of(said, ax), y - ROW / 2, y + ROW / 2


def curve_with_choice(
    T: Real,
    values: Real,
    ax: Axes,
    title: str,
    pick: float | None = None,
    *,
    rule: str = "",
    end: float | None = None,
    reference: tuple[str, float] | None = None,
    form: str = ".1f",
) -> Axes:
    """A curve over T on a log scale, and where its own minimum is.

    pick       the threshold to be marked; None: of the least value
    rule       whose choice that is: "MSE picks 3.2"; "": "least at 3.2"
    end        where x ends, as in the other panels; None: at the last T
    reference  a level, dashed: what it is called, and where it lies
    Where values are infinite there is a strip at the top.
    Shapes: T, values (n,), T ascending.
    Raises: ValueError for values not positive, and if all are infinite.
    """
    T, v = np.asarray(T, float), np.asarray(values, float)
    finite = np.isfinite(v)
    if not (v > 0).all() or not finite.any():
        raise ValueError(
            f"values must be positive, some of them finite, got {values}"
        )
    level = [reference[1]] if reference else []
    ax.set(xlim=(0, end or T[-1]), title=title)
    value_scale(ax, np.append(v[finite], level))
    ax.axhline(ax.get_ylim()[0], color=RULE, lw=PX)
    if reference:
        name_level(T[finite], v[finite], ax, *reference)
    strip(T, ~finite, ax)
    trace(T, v, ax)
    at = float(T[v.argmin()]) if pick is None else pick
    words = f"{rule} picks" if rule else "least at"
    mark(T[finite], v[finite], at, ax, f"{words} {threshold(at, form)}")
    return ax


def name_level(T: Real, v: Real, ax: Axes, name: str, level: float) -> None:
    """A dashed line, and its name at an end where the curve leaves room."""
    ax.axhline(level, color=FLOAT, lw=1.75 * PX, ls=DASH)
    said = say_at(ax, 0, 0, name, color=FLOAT)
    wide, right = (width_of(said, ax) + 6) * per_pixel(ax), ax.get_xlim()[1]
    for above, left in ((1, 1), (1, 0), (0, 1), (0, 0)):
        x = 0 if left else right
        y = float(down(ax, level)) + (-9 if above else 9)
        ends = (0, wide) if left else (right - wide, right)
        if all(abs(heights(T, v, ends, ax) - y) > 9):
            break
    said.set(ha="left" if left else "right")
    said.set_position((x, 1 - y / size(ax)[1]))


def heights(T: Real, v: Real, ends: Sequence[float], ax: Axes) -> Real:
    """Of the curve between these ends, in pixels below the panel's top."""
    near = slice(*np.searchsorted(T, sorted(ends)))
    return down(ax, np.append(v[near], np.interp(ends, T, v)))


def strip(T: Real, infinite: NDArray[np.bool], ax: Axes) -> None:
    """At the top: as wide as the thresholds whose value is infinite."""
    ends = np.flatnonzero(np.diff(np.r_[0, infinite, 0])).reshape(-1, 2)
    if not len(ends):
        return
    middles = (T[1:] + T[:-1]) / 2
    edges, foot = np.r_[T[0], middles, T[-1]], 1 - STRIP / size(ax)[1]
    boxes = [
        Path([(a, foot), (b, foot), (b, 1), (a, 1), (a, foot)], closed=True)
        for a, b in edges[ends]
    ]
    look: Look = across(ax) | {"color": ERR, "lw": 0}
    ax.add_patch(PathPatch(Path.make_compound_path(*boxes), **look))
    first = edges[ends[0, 0]] / per_pixel(ax)
    words = say_at(ax, 0, STRIP / 2, "infinite", color=ERR)
    if first > width_of(words, ax) + 6:
        words.set(x=(first - 6) * per_pixel(ax), ha="right")
    else:
        words.set(x=first * per_pixel(ax), y=foot - 8 / size(ax)[1])


def trace(T: Real, v: Real, ax: Axes) -> None:
    """The finite values; the line breaks where no pixel has one."""
    seen = np.flatnonzero(np.isfinite(v))
    far = (np.diff(T[seen]) > 2 * per_pixel(ax)) & (np.diff(seen) > 1)
    gaps = np.flatnonzero(far) + 1
    x, y = (np.insert(each[seen], gaps, np.nan) for each in (T, v))
    ax.plot(x, y, color=INK, lw=1.75 * PX)
    edge = np.r_[True, far, True]
    alone = seen[edge[1:] & edge[:-1]]
    if len(alone):
        ax.plot(T[alone], v[alone], "o", color=INK, ms=1.75 * PX, mew=0)


def mark(T: Real, v: Real, at: float, ax: Axes, words: str) -> None:
    """A triangle on the axis, and words above the curve, or else below."""
    unit, (room, height) = per_pixel(ax), size(ax)
    said = say_at(ax, at, 0, words)
    wide = width_of(said, ax) + BESIDE
    side = 1 if at / unit + wide < room else -1
    ends = [at + side * unit * d for d in (BESIDE - 3, wide + 3)]
    curve = heights(T, v, ends, ax)
    y, foot = curve.min() - 12, height - 9
    if y < STRIP + 8:
        y = foot if curve.max() < foot - 10 else max(y, 8)
    said.set(ha="left" if side > 0 else "right")
    said.set_position((at + side * BESIDE * unit, 1 - y / height))
    leader(ax, at, 1 - y / height)
    ax.plot(at, 0, marker=CARET, ms=8 * PX, zorder=5, **across(ax))
