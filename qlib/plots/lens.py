"""One range, two grids: with and without an exact zero.   Chapter: affine"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from qlib.arrays import Real
from qlib.plots.marks import (
    ROOM_FOR_NAMES,
    TICK,
    bar,
    baseline,
    gap,
    hang,
    margin,
    name_row,
    number_codes,
    per_pixel,
    pixels,
    ring,
    say,
)
from qlib.plots.style import ERR, INK, MUTED, PX, RULE, SHEET, number, size

HALF = 0.4  # a lens shows so many reals to each side
WIDE = 420  # from this width on, the lenses stand side by side
OVERVIEW = 4  # where the whole range lies, in pixels from the top
TOP = 84  # where the lenses begin
FIRST = 54  # where the first ruler of a lens lies
ROW = 74  # from one ruler to the next
ROOM = 40  # between lenses side by side
AXIS = 48  # between lenses one above the other

Box = tuple[float, float, float, float]


def two_rulers(
    scale: float,
    zero_points: Mapping[str, float],
    ax: Axes,
    code: int = 128,
    qmax: int = 255,
) -> Axes:
    """Grids of one scale whose zero points differ, magnified in two places.

    On top lies the whole range.  The lens around 0.0 shows the gap between
    0.0 and the nearest code, the other one where `code` lands.  zero_points
    maps a name to Z, whole or not; the codes are 0 to qmax.  The lenses
    stand side by side, or in a narrow panel one above the other.
    """
    Z = np.array([*zero_points.values()], float)
    ax.set_xlim(scale * (0 - Z.max()), scale * (qmax - Z.min()))
    pixels(ax)
    ax.set_axis_off()
    overview(scale * (np.arange(qmax + 1) - Z[0]), ax)
    centres = 0.0, float(np.rint(scale * (code - Z[0])))
    for centre, box in zip(centres, boxes(*size(ax)), strict=True):
        inner = magnify(centre, box, ax)
        above = 0 if margin(ax) >= ROOM_FOR_NAMES else 16
        for i, (name, z) in enumerate(zero_points.items()):
            y = FIRST + above + i * (ROW + above)
            ruler(scale, z, inner, y)
            if centre == 0:
                gap_at_zero(scale, z, inner, y)
            else:
                place_of(code, scale, z, inner, y)
            if box[0] == 0:
                name_row(inner, y - above, name, f"$Z$ = {z:g}")
    return ax


def overview(reals: Real, ax: Axes) -> None:
    """All codes of the first grid, and the range in numbers."""
    baseline(reals[0], reals[-1], ax, OVERVIEW)
    hang(reals, ax, OVERVIEW)
    for r in MaxNLocator(4).tick_values(reals[0], reals[-1]):
        if reals[0] <= r <= reals[-1]:
            look = {"color": MUTED, "zorder": 6}
            say(ax, r, OVERVIEW + TICK + 16, number(r, "g"), **look)


def boxes(width: float, height: float) -> list[Box]:
    """Left, top, width and height of the two lenses, in pixels."""
    if width >= WIDE:
        w, h = (width - ROOM) / 2, height - TOP
        return [(0, TOP, w, h), (w + ROOM, TOP, w, h)]
    h = (height - TOP - AXIS) / 2
    return [(0, TOP, width, h), (0, height - h, width, h)]


def magnify(centre: float, box: Box, ax: Axes) -> Axes:
    """A panel for the reals around centre, tied to their place above."""
    left, top, w, h = box
    width, height = size(ax)
    inner = ax.inset_axes(
        (left / width, 1 - (top + h) / height, w / width, h / height)
    )
    inner.set_xlim(centre - HALF, centre + HALF)
    inner.set_xticks(centre + HALF * np.arange(-2, 3) / 2)
    inner.xaxis.set_major_formatter(lambda r, _: number(round(r, 9), ".1f"))
    pixels(inner)
    inner.patch.set_visible(False)
    times = per_pixel(ax) / per_pixel(inner)
    words = f"around {centre:g}, magnified {times:.0f} times"
    say(inner, centre - HALF, 12, words, color=MUTED, ha="left")
    look = {"fc": "none", "ec": INK, "lw": 1.25 * PX, "zorder": 5}
    bar(centre - HALF, centre + HALF, ax, OVERVIEW - 4, TICK + 8, **look)
    if top == TOP:
        tie(centre, left, left + w, ax)
    return inner


def tie(centre: float, left: float, right: float, ax: Axes) -> None:
    """The light that falls from a piece of the range into its lens."""
    x0, unit = ax.get_xlim()[0], per_pixel(ax)
    above, below = OVERVIEW + TICK + 22, TOP - 4
    corners = [
        (centre - HALF, above),
        (centre + HALF, above),
        (x0 + right * unit, below),
        (x0 + left * unit, below),
    ]
    ax.add_patch(Polygon(corners, fc=SHEET, ec=RULE, lw=PX, zorder=0))


def ruler(scale: float, z: float, inner: Axes, y: float) -> None:
    """The codes of one grid that the lens shows."""
    low, high = inner.get_xlim()
    edge = 14 * per_pixel(inner)  # half a code number
    first, last = (low + edge) / scale + z, (high - edge) / scale + z
    codes = np.arange(np.ceil(first), last).astype(int)
    reals = scale * (codes - z)
    baseline(low, high, inner, y)
    hang(reals, inner, y)
    number_codes(reals, codes, inner, y)


def gap_at_zero(scale: float, z: float, inner: Axes, y: float) -> None:
    """The ring at 0.0, and how far the nearest code is away."""
    code = int(np.rint(z))
    off = scale * (code - z)
    ring(0.0, inner, y)
    words, color = f"0.0 is code {code}", INK
    if abs(off) > 1e-9:
        gap(0.0, off, inner, y, clipped=False)
        words = f"0.0 is {number(abs(off), '.3f')} off code {code}"
        color = ERR
    say(inner, 0.0, y - 14, words, color=color)


def place_of(code: int, scale: float, z: float, inner: Axes, y: float) -> None:
    """A triangle on the tick of a code, and its real."""
    r = scale * (code - z)
    inner.plot([r], [y - 5], "v", color=INK, ms=6 * PX)
    say(inner, r, y - 14, f"code {code} is {number(r, '.3f')}")
