"""What the plots share: rulers, gaps, rings, and words beside them.

Across, marks stand at data values; downwards, y counts pixels from the top
of the panel (`pixels`), because a tick is as long as a tick is long.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from numpy.typing import ArrayLike

from qlib.arrays import Real
from qlib.plots.style import CODE, ERR, HATCH, INK, MUTED, PX, Look, size

TICK = 12  # length of a code's tick, in pixels
APART = 24  # the least distance between two code numbers
ROOM_FOR_NAMES = 72  # a left margin that takes the names of rulers
DENSE = 3  # ticks closer than this become a band


def pixels(ax: Axes) -> tuple[float, float]:
    """Let y run downwards in pixels; width and height of the panel."""
    width, height = size(ax)
    ax.set(ylim=(height, 0), yticks=[])
    return width, height


def per_pixel(ax: Axes) -> float:
    """How much of x one pixel is."""
    low, high = ax.get_xlim()
    return (high - low) / size(ax)[0]


def baseline(x0: float, x1: float, ax: Axes, y: float) -> None:
    """The ink line of a ruler, from x0 to x1."""
    ax.plot([x0, x1], [y, y], color=INK, lw=PX, clip_on=False)


def hang(x: ArrayLike, ax: Axes, y: float, color: str = CODE) -> None:
    """One tick per representable real, hanging from y.  Shapes: x (n,)."""
    x = np.sort(np.asarray(x, float))
    step = np.diff(x).min() / per_pixel(ax) if len(x) > 1 else np.inf
    if step < DENSE:
        bar(x[0], x[-1], ax, y, TICK, facecolor=color, alpha=0.4, lw=0)
        return
    top, foot = np.full_like(x, y), np.full_like(x, y + TICK)
    strokes([x, top, x, foot], ax, color, 2 if step >= 6 else 1.5)


def strokes(
    ends: Sequence[ArrayLike], ax: Axes, color: str, width: float, **look: Any
) -> None:
    """Straight lines (x0, y0) to (x1, y1) as one path; width in pixels.

    Shapes: ends is [x0, y0, x1, y1], (n,) each.
    """
    points = np.stack(ends, -1).reshape(-1, 2)
    path = Path(points, [Path.MOVETO, Path.LINETO] * (len(points) // 2))
    look = {"clip_on": False, "capstyle": "butt"} | look
    ax.add_patch(PathPatch(path, fill=False, ec=color, lw=width * PX, **look))


def bar(
    x0: float, x1: float, ax: Axes, y: float, height: float, **look: Any
) -> None:
    """A rectangle from x0 to x1, height pixels deep from y."""
    box = Rectangle((min(x0, x1), y), abs(x1 - x0), height, **look)
    box.set_clip_on(False)
    ax.add_patch(box)


def gap(x: float, code: float, ax: Axes, y: float, clipped: bool) -> None:
    """The error, from a real to the code that stands for it.

    Standing on y: solid where rounding made it, hatched where clipping did.
    """
    if clipped:
        look = {"fc": "none", "ec": ERR, "hatch": HATCH + "/", "lw": PX}
        bar(x, code, ax, y - 8, 8, **look)
    else:
        bar(x, code, ax, y - 5, 5, fc=ERR, lw=0)


def ring(x: float, ax: Axes, y: float) -> None:
    """An open circle around a place, for instance 0.0."""
    look: Look = {"mfc": "none", "mec": INK, "mew": 1.75 * PX, "ms": 11 * PX}
    ax.plot([x], [y], "o", clip_on=False, zorder=5, **look)


def say(ax: Axes, x: float, y: float, words: str, **look: Any) -> Text:
    """Words at data value x, y pixels down, centred unless told."""
    look = {"color": INK, "ha": "center", "va": "baseline"} | look
    return ax.text(x, y, words, gid="halo", **look)


def number_codes(x: ArrayLike, codes: ArrayLike, ax: Axes, y: float) -> None:
    """Code numbers under their ticks: every 1, 2, 4 ..., and the last.

    Shapes: x (n,), codes (n,).
    """
    x, codes = np.asarray(x), np.asarray(codes)
    step = abs(x[1] - x[0]) / per_pixel(ax) if len(x) > 1 else APART
    every = 1
    while every * step < APART:
        every *= 2
    last = len(x) - 1
    shown = [i for i in range(0, last, every) if (last - i) * step >= APART]
    for i in [*shown, last]:
        words = f"{codes[i]:d}".replace("-", "−")
        look = {"color": CODE, "family": "monospace", "weight": "bold"}
        say(ax, x[i], y + TICK + 14, words, **look)


def spread(x: ArrayLike, widths: ArrayLike) -> Real:
    """Places near x for things of these widths, in the same order.

    Shapes: x, widths (n,) -> (n,).
    """
    x, widths = np.asarray(x, float), np.asarray(widths, float)
    order = np.argsort(x, kind="stable")
    place, width = x[order], widths[order]
    apart = (width[1:] + width[:-1]) / 2
    for _ in range(200):
        lack = np.maximum(apart - np.diff(place), 0) / 2
        place[:-1] -= lack
        place[1:] += lack
    out = np.empty_like(place)
    out[order] = place
    return out


def name_row(
    ax: Axes, y: float, name: str, note: str = "", color: str = INK
) -> None:
    """Name and note of a ruler at y, in the left margin.

    Where there is no margin for them they stand above the ruler, name to the
    left and note to the right.
    """
    left, right = ax.get_xlim()
    if margin(ax) >= ROOM_FOR_NAMES:
        x = left - 12 * per_pixel(ax)
        say(ax, x, y + 4, name, ha="right", weight="bold", color=color)
        say(ax, x, y + 20, note, ha="right", color=MUTED)
    else:
        up = y - TICK - 8
        say(ax, left, up, name, ha="left", weight="bold", color=color)
        say(ax, right, up, note, ha="right", color=MUTED)


def margin(ax: Axes) -> float:
    """The room between the page's edge and the panel, in pixels."""
    return float(ax.get_window_extent().x0) * 96 / ax.figure.dpi


def one_axis(axs: Sequence[Axes], words: str = "") -> None:
    """Stacked panels share the axis of the last one, which gets a name."""
    for ax in axs[:-1]:
        ax.xaxis.set_visible(False)
        ax.spines["bottom"].set_visible(False)
    axs[-1].set_xlabel(words)
