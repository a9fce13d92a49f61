"""Triangles at chosen places, with words that do not collide.

Places across are data values; y counts pixels from the top of the panel, but
does not change the panel's own scale.   Chapter: calibration
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import ArrayLike

from qlib.arrays import Real
from qlib.plots.marks import per_pixel, say
from qlib.plots.style import INK, PX, Look, number, size

ROW = 15  # pixels from label to label
BESIDE = 9  # pixels from a triangle to its words
DOTS = (0, (1, 3))
Box = tuple[float, float, float, float]  # x0, x1, y0, y1, in pixels


def name_choices(
    ax: Axes,
    choices: Mapping[str, float],
    form: str,
    taken: Sequence[Box] = (),
) -> None:
    """Triangles with words, in rows, over dotted lines to the axis.

    taken  where other words are already
    """
    unit = per_pixel(ax)
    said = [
        say_at(ax, T, 0, f"{rule} picks {threshold(T, form)}")
        for rule, T in choices.items()
    ]
    x = (np.array([*choices.values()]) - ax.get_xlim()[0]) / unit
    widths = [BESIDE + width_of(text, ax) for text in said]
    found = places(x, widths, size(ax)[0], taken)
    for text, T, (row, side) in zip(
        said, choices.values(), found, strict=True
    ):
        y = 1 - middle(row) / size(ax)[1]
        text.set(ha="left" if side > 0 else "right")
        text.set_position((T + side * BESIDE * unit, y))
        leader(ax, T, y)
        ax.plot(T, y, "v", ms=8 * PX, zorder=5, **across(ax))


def places(
    x: Real, widths: Sequence[float], room: float, taken: Sequence[Box] = ()
) -> list[tuple[int, int]]:
    """Row and side of the words at each x: 1 right, -1 left of it; in pixels.

    Words turn to the left at the right edge, and before such words.  They go
    below what is in their way, and below words that lie over their own line.
    """
    side, limit = np.ones(len(x), int), room
    for i in np.argsort(x)[::-1]:
        end = x[i] + widths[i]
        if end > room or (end > limit and x[i] > widths[i]):
            side[i], limit = -1, x[i]
    ends = np.sort([x - 5 * side, x + side * np.array(widths)], 0)
    boxes, rows = list(taken), np.zeros(len(x), int)
    for i in np.lexsort([side * x, side]):
        while any(hits(x[i], ends[:, i], rows[i], box) for box in boxes):
            rows[i] += 1
        y = middle(rows[i])
        boxes.append((*ends[:, i], y - ROW / 2, y + ROW / 2))
    return [(int(row), int(s)) for row, s in zip(rows, side, strict=True)]


def hits(x: float, ends: Real, row: int, box: Box) -> bool:
    """Would words in this row, or the line from there down, touch the box?"""
    (a, b), (x0, x1, y0, y1), y = ends, box, middle(row)
    beside = b <= x0 or x1 <= a or y - ROW / 2 >= y1 or y + ROW / 2 <= y0
    over = x0 <= x <= x1 and y < y1
    return over or not beside


def middle(row: int) -> int:
    """Of a row of labels, in pixels below the panel's top."""
    return ROW * row + 8


def threshold(T: float, form: str) -> str:
    """T as text; small ones keep two digits."""
    return number(T, form if T >= 0.1 else ".2g")


def leader(ax: Axes, x: float, top: float) -> None:
    """A dotted line from the axis up to a share of the panel's height."""
    ax.plot([x, x], [0, top], lw=PX, ls=DOTS, **across(ax))


def across(ax: Axes) -> Look:
    """In ink; x is a data value, y a share of the height."""
    place: Look = {"transform": ax.get_xaxis_transform(), "clip_on": False}
    return place | {"color": INK}


def say_at(ax: Axes, x: float, y: float, words: str, **look: Any) -> Text:
    """Words to the right of x, their middle y pixels below the top."""
    place = {"transform": ax.get_xaxis_transform(), "ha": "left"}
    place |= {"va": "center_baseline"} | look
    return say(ax, x, 1 - y / size(ax)[1], words, **place)


def width_of(said: Text, ax: Axes) -> float:
    """Of words in this panel, in pixels of the page."""
    return float(said.get_window_extent().width) * 96 / ax.figure.dpi


def down(ax: Axes, y: ArrayLike) -> Real:
    """How many pixels below the top y lies, on a log scale."""
    low, high = ax.get_ylim()
    share: Real = np.log(high / np.asarray(y, float)) / np.log(high / low)
    return size(ax)[1] * share
