"""Windows become columns: a convolution laid out as a matrix product.

    columns[:, p] = the codes of window p, row by row
    sums = filter row @ columns

Chapter: int8-convolution
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from qlib.arrays import Code
from qlib.net.window import around, padded, windows
from qlib.plots.hops import blank
from qlib.plots.marks import say
from qlib.plots.style import CODE, EDGE, INK, MUTED, PAPER, PX, Look, number

WIDE = 520  # a panel from here on has the matrix beside the image
HEIGHT, STACKED = 276, 396  # what a wide and a narrow panel need
OUTSIDE = -1  # the place that padding comes from
RECTANGLE = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]


@dataclass(frozen=True)
class Cells:
    """Where a table stands: its corner, the size of a cell; in pixels."""

    x: float
    y: float
    w: float
    h: float

    def at(self, row: Any, col: Any) -> Any:
        """The upper left corner of a cell, or of many."""
        return self.x + col * self.w, self.y + row * self.h


@dataclass(frozen=True)
class Places:
    """Where the four tables stand, and in the same order their names."""

    image: Cells
    columns: Cells
    taps: Cells
    sums: Cells
    names: tuple[tuple[float, float], ...]
    note: tuple[float, float]


def im2col(
    x: Code,
    w: Code,
    Z: int,
    ax: Axes,
    marked: tuple[int, int] = (0, 10),
    followed: int = 5,
) -> Axes:
    """A padded image, its windows as columns, the filter row, the product.

    A code is filled by its value, padding is dashed.  Two windows are
    `marked`, one of the first row and one of a later; the code at place
    `followed`, in reading order, is solid in each of its copies.  The panel
    needs HEIGHT pixels, or STACKED if it is narrower than WIDE.
    Shapes: x (4, 4), codes of one digit; w (3, 3).
    """
    if x.shape != (4, 4) or w.shape != (3, 3):
        raise ValueError(
            f"x must be 4 x 4 and w 3 x 3, got {x.shape} and {w.shape}"
        )
    width = blank(ax)
    places = beside(width) if width >= WIDE else stacked(width)
    indices = np.arange(x.size).reshape(x.shape)
    values, sources = laid_out(x, Z), laid_out(indices, OUTSIDE)
    table(values[0], sources[0], followed, places.image, ax)
    table(values[1], sources[1], followed, places.columns, ax)
    taps = w.reshape(1, -1)
    plain(taps, places.taps, ax)
    plain(taps @ values[1], places.sums, ax)
    for p in marked:
        mark(p, x.shape[1], places, ax)
    copies = np.count_nonzero(sources[1] == followed)
    name(places, Z, f"the {x.flat[followed]} is copied {copies} times", ax)
    return ax


def beside(width: float) -> Places:
    """Image and filter on the left, matrix and sums on the right."""
    x = width - 16 * 24
    return Places(
        image=Cells(0, 38, 27, 27),
        columns=Cells(x, 38, 24, 18),
        taps=Cells(0, 228, 22, 20),
        sums=Cells(x, 228, 24, 20),
        names=((0, 12), (x, 12), (0, 264), (x, 264)),
        note=(width, 12),
    )


def stacked(width: float) -> Places:
    """Image and filter above the matrix, the sums below it."""
    x = width - 9 * 20
    return Places(
        image=Cells(24, 22, 20, 20),
        columns=Cells(0, 186, width / 16, 18),
        taps=Cells(x, 22, 20, 20),
        sums=Cells(0, 356, width / 16, 20),
        names=((0, 12), (24, 172), (x, 12), (0, 392)),
        note=(width, 66),
    )


def laid_out(x: Code, outside: int) -> tuple[Code, Code]:
    """x with its padding, and its windows as columns.

    Shapes: x (H, W) -> (H + 2, W + 2), (9, H W).
    """
    wide = padded(x[None, None].astype(int), around(1), outside)
    return wide[0, 0], windows(wide, (3, 3)).reshape(-1, 9).T


def table(
    q: Code, source: Code, followed: int, cells: Cells, ax: Axes
) -> None:
    """Codes filled by value, padding dashed, one code solid."""
    inside, solid = source != OUTSIDE, source == followed
    for value in np.unique(q[inside & ~solid]):
        fill = CODE, 0.04 + 0.36 * (value - q.min()) / max(np.ptp(q), 1)
        boxes(inside & ~solid & (q == value), cells, ax, fc=fill)
    boxes(solid, cells, ax, fc=CODE)
    boxes(~inside, cells, ax, ec=EDGE, ls=(0, (3, 3)))
    write(q, cells, ax, np.where(inside, np.where(solid, PAPER, INK), MUTED))


def plain(q: Code, cells: Cells, ax: Axes) -> None:
    """Numbers in outlined cells."""
    boxes(np.full(q.shape, True), cells, ax)
    write(q, cells, ax, np.full(q.shape, INK))


def boxes(which: Any, cells: Cells, ax: Axes, **look: Any) -> None:
    """Some cells of a table, as one path.  Shapes: which (rows, cols)."""
    x, y = cells.at(*np.nonzero(which))
    left, right = x + 1, x + cells.w - 1
    top, foot = y + 1, y + cells.h - 1
    corners = [left, top, right, top, right, foot, left, foot, left, top]
    points = np.stack(corners, -1).reshape(-1, 2)
    look = {"fc": "none", "ec": CODE, "lw": PX} | look
    path = Path(points, RECTANGLE * len(x))
    ax.add_patch(PathPatch(path, clip_on=False, **look))


def write(q: Code, cells: Cells, ax: Axes, colors: Any) -> None:
    """A number in the middle of each cell."""
    for at, value in np.ndenumerate(q):
        x, y = cells.at(*at)
        place = x + cells.w / 2, y + cells.h / 2 + 4.5
        words = number(int(value), "d")
        ax.text(*place, words, ha="center", color=colors[at])


def mark(p: int, cols: int, places: Places, ax: Axes) -> None:
    """Outline window p, its column and its sum; join the first two."""
    row, col = divmod(p, cols)
    image, columns = places.image, places.columns
    window = image.at(row, col), image.at(row + 3, col + 3)
    column = columns.at(0, p), columns.at(9, p + 1)
    total = places.sums.at(0, p), places.sums.at(1, p + 1)
    look: Look = {"color": INK, "lw": 2 * PX, "clip_on": False, "zorder": 4}
    for (x0, y0), (x1, y1) in window, column, total:
        ax.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], **look)
    look |= {"lw": 1.25 * PX, "ls": (0, (1, 2))}
    ax.plot(*way(window, column, row == 0), **look)


def way(window: Any, column: Any, above: bool) -> Any:
    """From a window to its column, so that no two ways cross."""
    (x0, y0), (x1, y1) = window
    (left, top), (right, foot) = column
    to = (left + right) / 2
    x, y = x0 + (x1 - x0) / 3, y0 + (y1 - y0) / 3  # between two cells
    if top > y1:  # the matrix is below the image
        return [x0 if above else x1, to, to], [y, y, top]
    if above:
        return [x, x, to, to], [y0, top - 10, top - 10, top]
    return [x, x, to, to], [y1, foot + 14, foot + 14, foot]


def name(places: Places, Z: int, note: str, ax: Axes) -> None:
    """What each table is."""
    image = f"Image, padded with $Z_1$ = {number(Z, 'd')}"
    names = image, "Windows, as columns", "Filter, as a row"
    product = "Filter row × columns: a sum for each window"
    said = zip((*names, product), places.names, strict=True)
    for words, (x, y) in said:
        say(ax, x, y, words, ha="left", weight="bold")
    say(ax, *places.note, note, ha="right", color=MUTED)
