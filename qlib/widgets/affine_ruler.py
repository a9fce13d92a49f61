"""Widget: where does 0.0 land?   Chapter: affine

The reader drags the ends of a range and sees the codes of its grid, the
error of every real, and what becomes of 0.0.  Nudged, Z is rounded to a
code and 0.0 is exact; not nudged, the grid begins exactly at rmin:

    r = S (q - Z),                nudged
    r = S (q - qmin) + rmin,      not nudged

In the second grid 0.0 stands at q = qmin - rmin / S, which is no integer.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from traitlets import (
    Bool,
    Enum,
    Float,
    HasTraits,
    TraitError,
    Unicode,
    validate,
)

from qlib.affine import affine_qparams, dequantize, quantize
from qlib.grid import signed, unsigned
from qlib.plots.marks import baseline, hang, number_codes, ring, say
from qlib.plots.style import ERR, HATCH, TOUCH, axes
from qlib.qparams import QParams
from qlib.widgets.kit import Widget, digits, fixed

FIRST, LAST = -6.0, 6.0
SAME = 1e-5  # nearer than float32 scales can tell
TOP = {2: 2.0, 3: 1.0, 4: 0.5, 8: 0.03}  # the highest rounding error
GRIDS = {"int": signed, "uint": unsigned}


@dataclass(frozen=True)
class Ruler:
    """One setting of the controls, and the grid that qlib makes of it."""

    rmin: float
    rmax: float
    bits: int
    grid: str
    nudge: bool

    @property
    def qp(self) -> QParams:
        """S and Z; of r - rmin where the grid begins at rmin."""
        grid = GRIDS[self.grid](self.bits)
        if self.nudge:
            return affine_qparams(self.rmin, self.rmax, grid)
        return affine_qparams(0.0, self.rmax - self.rmin, grid)

    @property
    def shift(self) -> float:
        """The real that stands at code Z."""
        return 0.0 if self.nudge else self.rmin

    @property
    def code(self) -> int:
        """What 0.0 is stored as."""
        return int(quantize(-self.shift, self.qp))

    @property
    def back(self) -> float:
        """What 0.0 becomes."""
        return float(dequantize(self.code, self.qp)) + self.shift

    @property
    def zero(self) -> float:
        """Where 0.0 stands, in codes."""
        return self.qp.zero_point - self.shift / self.qp.scale

    @property
    def low(self) -> float:
        """Where a grid that holds 0 begins, before its zero is nudged."""
        return min(self.rmin, 0.0)

    @property
    def places(self) -> int:
        """Decimals that show every gap at 0.0."""
        return 4 if self.bits == 8 else 3


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
    moved = s.qp.rmin - s.low if s.nudge else 0.0
    if abs(moved) < SAME:
        return f"{on_code}, and no end had to move."
    return (
        f"{on_code}. The price: both ends of the grid moved by "
        f"{fixed(moved, s.places)}, at most half a step."
    )


def widened(s: Ruler) -> str:
    """What it costs to hold 0.0."""
    ends = (s.rmin, s.rmax), (s.low, max(s.rmax, 0.0))
    before, after = (f"{fixed(a, 1)} to {fixed(b, 1)}" for a, b in ends)
    grid = s.qp.grid
    step = affine_qparams(0.0, s.rmax - s.rmin, grid).scale
    return (
        f"To hold it, the range grew from {before} to {after}, and every "
        f"step with it, {digits(s.qp.scale / step)} times."
    )


class AffineRuler(Widget):
    """Drag the ends of a range: the grid, its error, and the fate of 0.0.

    rmin, rmax  multiples of 0.1 in [-6, 6], rmin < rmax
    bits        2, 3, 4 or 8
    grid        "int" or "uint"
    nudge       whether Z is rounded to a code, so that 0.0 is exact
    """

    title = Unicode("Where does 0.0 land?").tag(sync=True)
    number = Unicode("5.1").tag(sync=True)
    rmin = Float(-1.0).tag(sync=True, control=True)
    rmax = Float(3.0).tag(sync=True, control=True)
    bits = Enum([2, 3, 4, 8], 4).tag(sync=True, control=True)
    grid = Enum(["int", "uint"], "int").tag(sync=True, control=True)
    nudge = Bool(True).tag(sync=True, control=True)
    heights: ClassVar[tuple[int, int]] = (474, 660)

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
            "scale": digits(s.qp.scale),
            "zero_point": Z,
            "zero": "0.0" if exact else fixed(s.back, s.places),
            "notice": notice(s),
            "valuetext:rmin": spoken,
            "valuetext:rmax": spoken,
        }

    def picture(self, width: int) -> Figure:
        """The error over r, the ruler of codes below it, and the two ends."""
        s = Ruler(**self.state())
        fig, (ax,) = axes(width, 280, left=46, right=16, bottom=92)
        return fig


def draw(s: Ruler, ax: Axes) -> None:
    pass
