"""Where in an image the error sits.   Chapter: affine"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from qlib.arrays import Real
from qlib.plots.marks import strokes
from qlib.plots.style import (
    ERR,
    INK,
    MUTED,
    PAPER,
    PX,
    RULE,
    Look,
    number,
    size,
)

LINE = 18  # from the map to the words under it, and to the next line
SCALE = 80  # length of the scale; both in pixels


def error_map(
    e: Real, ax: Axes, vmax: float | None = None, form: str = ".3f"
) -> Axes:
    """The error of each pixel as a square; the larger, the fuller.

    The square's opacity is |e| / vmax; two maps with the same vmax can be
    compared.  The largest error is outlined and written down, with its sign.
    Shapes: e (H, W), in reals.
    """
    e = np.asarray(e, float)
    vmax = np.abs(e).max() if vmax is None else vmax
    H, W = e.shape
    rgba = np.empty((H, W, 4))
    rgba[..., :3] = to_rgb(ERR)
    rgba[..., 3] = np.abs(e) / vmax if vmax else 0
    ax.imshow(rgba.clip(0, 1), interpolation="none")
    mesh(H, W, ax)
    ax.set(xticks=[], yticks=[], anchor="NW")
    ax.spines[:].set(visible=True, color=RULE, linewidth=PX)
    mesh(H, W, ax)
    name_largest(e, ax, form)
    if vmax:
        scale(vmax, ax, form)
    return ax


def mesh(H: int, W: int, ax: Axes) -> None:
    """Paper lines between the squares."""
    rows, cols = np.arange(1, H) - 0.5, np.arange(1, W) - 0.5
    across = [0 * rows - 0.5, rows, 0 * rows + W - 0.5, rows]
    down = [cols, 0 * cols - 0.5, cols, 0 * cols + H - 0.5]
    both = [np.concatenate(pair) for pair in zip(across, down, strict=True)]
    strokes(both, ax, PAPER, 1)


def name_largest(e: Real, ax: Axes, form: str) -> None:
    """Outline the largest error and write it under the map."""
    row, col = np.unravel_index(np.abs(e).argmax(), e.shape)
    if not e[row, col]:
        under(ax, 0, "no error anywhere", ha="left")
        return
    look: Look = {"fc": "none", "ec": INK, "lw": 2 * PX, "clip_on": False}
    ax.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, **look, zorder=5))
    words = f"largest {number(e[row, col], form)}"
    under(ax, 0, words, ha="left", color=INK)


def scale(vmax: float, ax: Axes, form: str) -> None:
    """What an opacity means: ten squares from 0 to vmax, under the map."""
    ax.apply_aspect()
    width, height = size(ax)
    line = 1 if width >= 240 else 2
    words = number(vmax, form)
    end = width - 8 * len(words) if line == 1 else 14 + SCALE
    for i in range(10):
        corner = (end - SCALE + 8 * i) / width, -(line * LINE + 1) / height
        square = Rectangle(corner, 7 / width, 7 / height, fc=ERR, lw=0)
        square.set(alpha=(i + 1) / 10, clip_on=False, transform=ax.transAxes)
        ax.add_patch(square)
    under(ax, end - SCALE - 6, "0", line, ha="right")
    under(ax, end + 4, words, line, ha="left")


def under(ax: Axes, x: float, words: str, line: int = 1, **look: Any) -> None:
    """Words under the map, x pixels from its left edge."""
    at = x * PX, -line * LINE * PX
    look = {"color": MUTED, "textcoords": "offset points"} | look
    ax.annotate(words, (0, 0), at, xycoords="axes fraction", **look)
