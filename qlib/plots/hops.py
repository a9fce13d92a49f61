"""An integer in bits, and a real's way to the nearest integer.

Both stand in a panel whose x counts pixels, as y does (`blank`).
Chapter: requantization
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from qlib.plots.marks import bar, baseline, hang, pixels, ring, say, strokes
from qlib.plots.style import CODE, ERR, MUTED, PX, REAL, Look, number


def blank(ax: Axes) -> float:
    """No axes: x and y count pixels from the top left.  Gives the width."""
    width, _ = pixels(ax)
    ax.set_xlim(0, width)
    ax.axis("off")
    return width


def bit_row(
    value: int,
    cuts: Sequence[tuple[int, str]],
    ax: Axes,
    y: float,
    bits: int = 64,
) -> None:
    """The bits of value, the highest on the left, in named parts.

    cuts holds (number of bits, name) from the left; the first part is the
    integer, the others are its fraction.  value < 0: two's complement.
    """
    step, whole, first = ax.get_xlim()[1] / bits, cuts[0][0], 0
    for k, bit in enumerate(f"{value % 2**bits:0{bits}b}"):
        color = CODE if k < whole else REAL
        look: Look = {"fc": color if bit == "1" else "none", "ec": color}
        bar(k * step, (k + 0.7) * step, ax, y, step + 2, lw=PX, **look)
    y += step + 8
    for count, name in cuts:
        a, b = first * step, (first + count - 0.3) * step
        strokes(
            [[a, a, b], [y, y + 4, y], [a, b, b], [y + 4] * 3], ax, MUTED, 1
        )
        say(ax, (a + b) / 2, y + 18, name, color=MUTED)
        first += count


def hop_line(stops: Sequence[float], zoom: float, ax: Axes, y: float) -> None:
    """From a real, stops[0], over the other stops to an integer beside it.

    The line runs between two integers; its middle, where the tie is, from
    zoom before to zoom behind it, fills 0.44 of the line (0.22: as it is).
    The hops are numbered.
    """
    floor, w = np.floor(stops[0]), ax.get_xlim()[1]
    at = [0, 0.5 - zoom, 0.5 + zoom, 1]
    x = np.interp(np.array(stops) - floor, at, [0, 0.28 * w, 0.72 * w, w])
    said = number(floor + 0.5, ".1f")
    if zoom < 0.22:
        bar(0.28 * w, 0.72 * w, ax, y, 26, fc=MUTED, alpha=0.1, lw=0)
        said += f", magnified {0.22 / zoom:.0f} times"
    baseline(0, w, ax, y)
    hang([0, w], ax, y)
    strokes([[w / 2], [y], [w / 2], [y + 8]], ax, MUTED, 1.25)
    say(ax, w / 2, y + 21, said, color=MUTED)
    look: Look = {"color": CODE, "family": "monospace", "weight": "bold"}
    for end in (0, 1):
        say(ax, end * w, y + 26, number(floor + end, ".0f"), **look)
    for k, (a, b) in enumerate(pairwise(x), 1):
        bend = np.sign(a - b) * min(0.5, 50 / max(abs(b - a), 1))
        look = {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 0}
        look |= {"arrowstyle": "-|>", "color": ERR, "lw": 2 * PX, "shrinkB": 0}
        ax.annotate("", (b, y - 2), (a, y - 2), arrowprops=look)
        top = y - 8 - abs(bend * (b - a)) / 2
        say(ax, (a + b) / 2, top, str(k), weight="bold")
    ring(x[0], ax, y)
