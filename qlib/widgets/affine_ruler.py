"""Widget: where does 0.0 land?   Chapter: affine

The reader drags the ends of a range and sees the codes of its grid, the
error of every real, and what becomes of 0.0.  Nudged, Z is rounded to a
code and 0.0 is exact; not nudged, the grid begins exactly at rmin:

    r = S (q - Z),                nudged
    r = S (q - qmin) + rmin,      not nudged

In the second grid 0.0 stands at q = qmin - rmin / S, which is no integer.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from traitlets import Bool, Enum, Float, TraitError, Unicode, validate

from qlib.affine import affine_qparams, dequantize, quantize
from qlib.grid import signed, unsigned
from qlib.plots.marks import baseline, hang, number_codes, pixels, ring, say
from qlib.plots.style import ERR, HATCH, PX, TOUCH, axes
from qlib.widgets.kit import Widget, digits, fixed

FIRST, LAST = -6.0, 6.0
SAME = 1e-5  # nearer than float32 scales can tell
TOP = {2: 2.0, 3: 1.0, 4: 0.5, 8: 0.03}  # the highest rounding error
BASE = 170  # where the ruler lies in the picture, in pixels from the top
GRIDS = {"int": signed, "uint": unsigned}


@dataclass
class Ruler:
    """One setting of the controls, and what qlib makes of it."""

    rmin: float
    rmax: float
    bits: int
    grid: str
    nudge: bool

    def __post_init__(self) -> None:
        grid = GRIDS[self.grid](self.bits)
        shift = 0.0 if self.nudge else self.rmin  # the real at code Z
        low, high = np.asarray(self.rmin), np.asarray(self.rmax)
        qp = affine_qparams(low - shift, high - shift, grid)
        code = quantize(np.asarray(-shift), qp)
        codes = np.arange(grid.qmin, grid.qmax + 1)
        self.qp, self.S = qp, float(qp.scale)
        self.reals = dequantize(codes, qp) + shift  # what the codes mean
        self.code = int(code)  # what 0.0 is stored as
        self.back = float(dequantize(code, qp)) + shift  # what it becomes
        self.zero = int(qp.zero_point) - shift / self.S  # its place in codes
        self.low = min(self.rmin, 0.0)  # where a grid that holds 0 begins
        self.places = 4 if self.bits == 8 else 3  # enough to show each gap


def notice(s: Ruler) -> str:
    """The finding, with the present numbers."""
    outside = s.rmin > 0 or s.rmax < 0
    becomes = fixed(s.back, s.places)
    on_code = f"0.0 lands exactly on code {fixed(s.code)}"
    if s.nudge and outside:
        return f"{on_code}. {widened(s)}"
    if outside:
        return (
            f"0.0 lies outside the grid. Its nearest code, {fixed(s.code)}, "
            f"means {becomes}: every zero becomes {becomes}."
        )
    if abs(s.back) >= SAME:
        return (
            f"0.0 falls between codes {fixed(math.floor(s.zero))} and "
            f"{fixed(math.ceil(s.zero))} and becomes {becomes}. "
            "So does every zero of a padded border."
        )
    moved = float(s.qp.rmin) - s.low if s.nudge else 0.0
    if abs(moved) < SAME:
        return f"{on_code}, and no end had to move."
    return (
        f"{on_code}. The price: both ends of the range moved by "
        f"{fixed(moved, s.places)}, at most half a step."
    )


def widened(s: Ruler) -> str:
    """What it costs to hold 0.0."""
    ends = (s.rmin, s.rmax), (s.low, max(s.rmax, 0.0))
    before, after = (f"({fixed(a, 1)}, {fixed(b, 1)})" for a, b in ends)
    times = s.S / replace(s, nudge=False).S
    return (
        f"To hold it, the range grew from {before} to {after}; every step "
        f"is now {digits(times)} times as long."
    )


class AffineRuler(Widget):
    """Drag the ends of a range: the grid, its error, and the fate of 0.0.

    rmin, rmax  multiples of 0.1 in [-6, 6], rmin < rmax
    bits        2, 3, 4 or 8
    grid        "int" or "uint"
    nudge       whether Z is rounded to a code, so that 0.0 is exact
    """

    title = Unicode("Where does 0.0 land?").tag(sync=True)
    rmin = Float(-1.0).tag(sync=True, control=True)
    rmax = Float(3.0).tag(sync=True, control=True)
    bits = Enum([2, 3, 4, 8], 4).tag(sync=True, control=True)
    grid = Enum(["int", "uint"], "int").tag(sync=True, control=True)
    nudge = Bool(True).tag(sync=True, control=True)
    heights: ClassVar[tuple[int, int]] = (488, 662)

    @validate("rmin", "rmax")
    def _on_the_axis(self, proposal: Any) -> float:
        name, r = proposal.trait.name, proposal.value
        tenths = round(10 * r) if math.isfinite(r) else 1000
        if abs(tenths - 10 * r) > 1e-6 or not FIRST <= r <= LAST:
            raise TraitError(
                f"{name} must be a multiple of 0.1 in [-6, 6], got {r}"
            )
        rmin = tenths / 10 if name == "rmin" else self.rmin
        rmax = tenths / 10 if name == "rmax" else self.rmax
        if rmin >= rmax:
            raise TraitError(
                f"rmin < rmax must hold, got {rmin:g} and {rmax:g}"
            )
        return tenths / 10

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        s = Ruler(**traits)
        exact = abs(s.back) < SAME
        Z = fixed(s.zero, 0 if s.nudge else 2)
        off = f"off by {fixed(abs(s.back), s.places)}"
        spoken = (
            f"min {fixed(s.rmin, 1)}, max {fixed(s.rmax, 1)}, Z {Z}, "
            f"zero {'exact' if exact else off}"
        )
        return {
            "scale": digits(s.S),
            "zero_point": Z,
            "zero": "0.0" if exact else fixed(s.back, s.places),
            "notice": notice(s),
            "valuetext:rmin": spoken,
            "valuetext:rmax": spoken,
        }

    def picture(self, width: int) -> Figure:
        """The error over r, the ruler of codes below it, and the two ends."""
        s = Ruler(**self.state())
        fig, (ax,) = axes(width, 310, bottom=44)
        ax.set(xlim=(FIRST, LAST), xlabel="real value $r$")
        ax.set_title("Error: how far $r$ moves")
        bottom = pixels(ax)[1]
        draw_error(s, ax)
        draw_ruler(s, ax)
        for r in (s.rmin, s.rmax):
            ax.plot([r, r], [0, bottom], color=TOUCH, lw=1.75 * PX)
            ax.plot([r], [bottom], "o", color=TOUCH, ms=12 * PX, clip_on=False)
        return fig


def draw_error(s: Ruler, ax: Axes) -> None:
    """Teeth between the codes, hatched walls outside, both up from BASE."""
    slope = BASE / TOP[s.bits]  # pixels per real
    r = np.linspace(s.reals[0], s.reals[-1], 2 * len(s.reals) - 1)
    tooth = BASE - slope * s.S / 2 * (np.arange(len(r)) % 2)
    line: dict[str, Any] = {"ec": ERR, "lw": 1.25 * PX}
    ax.fill(r, tooth, fc=to_rgba(ERR, 0.3), **line)
    for edge, end in ((r[0], FIRST - 1), (r[-1], LAST + 1)):
        up = BASE - slope * abs(edge - end)
        corners = [edge, end, end], [BASE, up, BASE]
        ax.fill(*corners, fc="none", hatch=HATCH, **line)
    say(ax, (r[0] + r[-1]) / 2, tooth.min() - 6, "rounding", color=ERR)
    say(ax, (FIRST + r[0]) / 2, BASE / 2, "clipping", color=ERR)


def draw_ruler(s: Ruler, ax: Axes) -> None:
    """The codes as ticks below BASE, and a ring at 0.0."""
    grid = s.qp.grid
    baseline(FIRST, LAST, ax, BASE)
    hang(s.reals, ax, BASE)
    number_codes(s.reals, range(grid.qmin, grid.qmax + 1), ax, BASE)
    ring(0.0, ax, BASE)
