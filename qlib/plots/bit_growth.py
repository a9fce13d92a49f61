"""How many bits the numbers of a 3 x 3 convolution need, in the worst case.

    bits(n) = the digits of |n| in base 2, without a sign
    |sum over C channels| <= 9 C |q| |w|     direct: nine taps
    |sum over C channels| <= C |V| |U|       F(m, 3), in one place of a tile

Chapter: int8-convolution
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from qlib.grid import INT32
from qlib.int8.winograd import Tile, bounds
from qlib.plots.marks import (
    ROOM_FOR_NAMES,
    margin,
    per_pixel,
    pixels,
    say,
    strokes,
)
from qlib.plots.style import CODE, ERR, HATCH, MUTED, PX, Look

TYPES = {"int8": 7, "int16": 15, "int32": 31}  # bits beside the sign
BITS = 40  # where the axis ends
LANE, DEEP = 18, 11  # from lane to lane; how deep a bit is; in pixels
HEAD, GROUP, TITLE = 26, 72, 18  # room for the types, a way, its title
FEET = np.array([0, 0, 1, 1, 0])  # which corners of a square are its feet
RECTANGLE = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]


@dataclass(frozen=True)
class Way:
    """A tile, or no tile: direct; and the largest |w| and |q|."""

    name: str
    tile: Tile | None = None
    w: int = 127
    q: int = 127

    @property
    def largest(self) -> tuple[int, int, int]:
        """|V|, |U|, and the sum in one channel."""
        if self.tile is None:
            return self.q, self.w, 9 * self.q * self.w
        V, U, _ = bounds(self.tile, self.q, self.w)
        return V, U, V * U

    @property
    def safe(self) -> int:
        """How many channels fit int32, whatever the input."""
        return INT32.qmax // self.largest[2]


def bit_growth(ways: Sequence[Way], ax: Axes, channels: int = 64) -> Axes:
    """One square for each bit of each way's numbers, and of its sum.

    Solid are the bits of the codes and weights themselves, pale those that
    the way adds, hatched those beyond int32.  The panel needs HEAD + GROUP
    pixels for each way; where the left margin has no room for names, each
    way has a title and needs TITLE more.
    """
    _, height = pixels(ax)
    ax.set(xlim=(0, BITS), xticks=[0, *TYPES.values()])
    ax.set_xlabel(f"bits beside the sign; sums over {channels} channels")
    for name, bits in TYPES.items():
        dots: Look = {} if name == "int32" else {"ls": (0, (1, 3))}
        strokes([[bits], [HEAD - 8], [bits], [height]], ax, MUTED, 1, **dots)
        say(ax, bits, 12, name, color=MUTED)
    titled = margin(ax) < ROOM_FOR_NAMES
    for i, way in enumerate(ways):
        y = HEAD + i * (GROUP + titled * TITLE)
        (title if titled else beside)(way, ax, y)
        lanes(way, channels, ax, y + titled * TITLE)
    return ax


def lanes(way: Way, channels: int, ax: Axes, y: float) -> None:
    """Bits of V, bits of U, bits of the sum."""
    V, U, one = way.largest
    letters = ("$q$", "$w$") if way.tile is None else ("$V$", "$U$")
    for letter, n, own in zip(letters, (V, U), (way.q, way.w), strict=True):
        lane(letter, own.bit_length(), n.bit_length(), ax, y)
        value = f"{n:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        after(n.bit_length(), value, ax, y, color=MUTED)
        y += LANE
    bits = (channels * one).bit_length()
    lane("sum", 0, bits, ax, y)
    over: Look = {"color": ERR} if bits > TYPES["int32"] else {}
    after(bits, f"{bits} bits", ax, y, weight="bold", **over)


def lane(name: str, own: int, bits: int, ax: Axes, y: float) -> None:
    """The first bits solid, the others pale, those beyond int32 hatched."""
    fits = min(bits, TYPES["int32"])
    squares(0, own, ax, y, fc=CODE)
    squares(own, fits, ax, y, fc=to_rgba(CODE, 0.3))
    squares(fits, bits, ax, y, ec=ERR, hatch=2 * HATCH, fc="none")
    say(ax, -8 * per_pixel(ax), y + DEEP - 1, name, ha="right")


def squares(first: int, end: int, ax: Axes, y: float, **look: Any) -> None:
    """The bits from first up to end, as one path."""
    left = np.arange(first, end) + 0.1
    x = np.stack([left, left + 0.8, left + 0.8, left, left], -1)
    points = np.stack([x, y + 0 * x + DEEP * FEET], -1)
    path = Path(points.reshape(-1, 2), RECTANGLE * len(left))
    look = {"ec": CODE, "lw": PX, "clip_on": False} | look
    ax.add_patch(PathPatch(path, **look))


def after(bits: int, words: str, ax: Axes, y: float, **look: Any) -> None:
    """Words behind the last bit of a lane."""
    x = bits + 6 * per_pixel(ax)
    say(ax, x, y + DEEP - 1, words, ha="left", **look)


def beside(way: Way, ax: Axes, y: float) -> None:
    """Name and weights in the left margin, what is safe in the right."""
    x, right = -104 * per_pixel(ax), BITS + 12 * per_pixel(ax)
    say(ax, x, y + DEEP - 1, way.name, ha="left", weight="bold")
    say(ax, x, y + LANE + DEEP - 1, weights(way), ha="left", color=MUTED)
    foot = y + 2 * LANE + DEEP - 1
    say(ax, right, foot - LANE, fitting(way), ha="left", weight="bold")
    say(ax, right, foot, "fit int32", ha="left", color=MUTED)


def title(way: Way, ax: Axes, y: float) -> None:
    """The same above the lanes."""
    x, y = -26 * per_pixel(ax), y + 10
    say(ax, x, y, way.name, ha="left", weight="bold")
    say(ax, x + 60 * per_pixel(ax), y, weights(way), ha="left", color=MUTED)
    say(ax, BITS, y, f"{fitting(way)} fit", ha="right", weight="bold")


def weights(way: Way) -> str:
    return f"|$w$| ≤ {way.w}"


def fitting(way: Way) -> str:
    count = f"{way.safe:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{count} channels"
