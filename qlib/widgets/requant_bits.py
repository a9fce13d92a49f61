"""Widget: one rounding or two?   Chapter: requantization

The reader drags an int32 accumulator x, and sees the bits of x M0, the two
cuts through them, and both pipelines of `qlib.requant`:

    two roundings:  shift(high(x, M0), n)
    one rounding:   floor((x M0 + 2^(30+n)) / 2^(31+n))

Below the slider stands a mark for each x at which they differ.  Whatever
the widget can show is below 2^53, so float64 holds x M0 2^(-31-n) exactly.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from traitlets import (
    Enum,
    Int,
    List,
    TraitError,
    Unicode,
    default,
    validate,
)

from qlib.plots.hops import bit_row, blank, hop_line
from qlib.plots.marks import baseline, say, strokes
from qlib.plots.style import ERR, MUTED, PX, TOUCH, Look, axes
from qlib.requant import (
    multiply,
    multiply_single_rounding,
    requant_from_real,
    saturating_rounding_doubling_high_mul,
)
from qlib.widgets.kit import THIN, Widget, fixed

CHOICES = {  # M: its name, and how far the line goes
    0.001440270393: ("0.00144…", 20_000),
    0.00725: ("0.00725", 20_000),
    0.3: ("0.3", 64),
    0.25: ("0.25", 64),
}


@cache
def marks(M: float) -> tuple[int, ...]:
    """The accumulators on M's line at which the two pipelines differ."""
    _, limit = CHOICES[M]
    x, rq = np.arange(-limit, limit + 1), requant_from_real(M)
    differ = multiply(x, rq) != multiply_single_rounding(x, rq)
    return tuple(x[differ].tolist())


def choices() -> list[dict[str, Any]]:
    """What the browser needs of each M; marks as int32, little-endian."""
    return [
        {
            "multiplier": M,
            "name": name,
            "m0": requant_from_real(M).m0,
            "shift": requant_from_real(M).shift,
            "limit": limit,
            "marks": np.array(marks(M), "<i4").tobytes(),
        }
        for M, (name, limit) in CHOICES.items()
    ]


@dataclass
class Pipelines:
    """One accumulator through both pipelines, by qlib."""

    multiplier: float
    acc: int

    def __post_init__(self) -> None:
        rq, x = requant_from_real(self.multiplier), np.asarray(self.acc)
        self.n, self.m0 = int(rq.shift), int(rq.m0)
        self.product = self.acc * self.m0
        self.exact = self.product / 2 ** (31 + self.n)
        high = saturating_rounding_doubling_high_mul(x, np.asarray(rq.m0))
        self.mid = int(high) / 2**self.n  # after the first rounding
        self.two = int(multiply(x, rq))
        self.one = int(multiply_single_rounding(x, rq))
        self.tie = 2 * self.mid % 2 == 1
        self.moved = abs(self.mid - self.exact)  # by the first rounding
        self.zoom = 1.5 / 2**self.n if self.n > 3 else 0.22
        while self.n > 3 and self.tie and 0 < self.moved < self.zoom / 8:
            self.zoom /= 2  # half of what is magnified: see the first hop


def real(v: float) -> str:
    """Five decimals; twelve where five would hide its side of a tie."""
    off = abs(2 * v - round(2 * v))
    if off == 0:
        return fixed(v, 0 if v.is_integer() else 1)
    return fixed(v, 12 if off < 2e-5 else 5)


def why(p: Pipelines) -> str:
    """The reason of the verdict, in one sentence."""
    exact, agree = real(p.exact), p.two == p.one
    if p.exact.is_integer():
        return f"{exact} is an integer: nothing is rounded."
    if p.tie and not p.moved:
        up = f"{exact} is a tie, and both pipelines round it up."
        away = "two roundings end away from zero, one rounding goes up."
        return up if agree else f"{exact} is a tie: {away}"
    if not p.tie:
        return "Both pipelines give the nearest integer."
    right = "away from zero was the right way."
    wrong = "the second cannot know from which side."
    moved = f"The first rounding moved {exact} onto the tie {fixed(p.mid, 1)}"
    return f"{moved}; {right if agree else wrong}"


def notice(p: Pipelines) -> str:
    """The finding, with the present numbers."""
    count, every = len(marks(p.multiplier)), 2 * CHOICES[p.multiplier][1] + 1
    if p.exact.is_integer():
        here = f"Here both give {fixed(p.one)}, exactly."
    elif p.tie and not p.moved:
        here = "Here both neighbours are equally near."
    else:
        who = "both give" if p.two == p.one else "one rounding gives"
        here = f"Here {who} the nearest integer, {fixed(p.one)}."
    return (
        f"The two differ at {fixed(count)} of {fixed(every)} values, about "
        f"1 in {fixed(every / count)}, and never by more than 1. {here}"
    )


class RequantBits(Widget):
    """Drag an accumulator through both ways to multiply it by M.

    multiplier  M, one of CHOICES
    acc         the accumulator, an integer on M's line
    """

    title = Unicode("One rounding or two?").tag(sync=True)
    multiplier = Enum(list(CHOICES), next(iter(CHOICES))).tag(
        sync=True, control=True
    )
    acc = Int(7984).tag(sync=True, control=True)
    choices: Any = List(read_only=True).tag(sync=True)
    heights: ClassVar[tuple[int, int]] = (714, 1225)

    @default("choices")
    def _choices(self) -> list[dict[str, Any]]:
        return choices()

    @validate("multiplier", "acc")
    def _on_the_line(self, proposal: Any) -> Any:
        new = self.state() | {proposal.trait.name: proposal.value}
        M, acc = new["multiplier"], new["acc"]
        limit = CHOICES[M][1]
        if abs(acc) > limit:
            raise TraitError(
                f"acc must be in [-{limit}, {limit}] for M = {M}, got {acc}"
            )
        return proposal.value

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        p = Pipelines(**traits)
        two, one = fixed(p.two), fixed(p.one)
        x = fixed(p.acc).replace(THIN, "")
        return {
            "exact": real(p.exact),
            "two": two,
            "one": one,
            "verdict": why(p),
            "notice": notice(p),
            "valuetext:acc": f"{x}: two roundings give {two}, one gives {one}",
        }

    def picture(self, width: int) -> Figure:
        """The line with its marks, the product's bits, the hops of both."""
        p = Pipelines(**self.state())
        fig, (ax,) = axes(width, 372, left=16, right=16, top=8, bottom=8)
        blank(ax)
        draw_marks(p, ax)
        words = f"{fixed(p.acc)} × {fixed(p.m0)} = {fixed(p.product)}"
        say(ax, 0, 72, words, ha="left")
        whole = f"whole part {fixed(math.floor(p.exact))}"
        cuts = (
            (33 - p.n, whole),
            (p.n, f"{p.n} bit{'s' * (p.n > 1)}"),
            (31, "31 bits"),
        )
        bit_row(p.product, cuts, ax, 82)
        names = "Two roundings", "One rounding"
        ways = [p.exact, p.mid, float(p.two)], [p.exact, float(p.one)]
        for k, (name, stops) in enumerate(zip(names, ways, strict=True)):
            words = f"{name}: {' → '.join(map(real, stops))}"
            say(ax, 0, 156 + 116 * k, words, ha="left", weight="bold")
            hop_line(stops, p.zoom, ax, 210 + 116 * k)
        return fig


def draw_marks(p: Pipelines, ax: Axes) -> None:
    """The accumulator on its line, and below it the disagreements."""
    limit, at = CHOICES[p.multiplier][1], np.array(marks(p.multiplier))
    w = ax.get_xlim()[1]
    x, none = (at / limit + 1) * w / 2, np.zeros(len(at))
    baseline(0, w, ax, 14)
    strokes([x, none + 15, x, none + 25], ax, ERR, 1.25)
    look: Look = {"color": TOUCH, "ms": 12 * PX, "clip_on": False}
    ax.plot([(p.acc / limit + 1) * w / 2], [14], "o", **look)
    for end, v, ha in ((0, -limit, "left"), (w, limit, "right")):
        say(ax, end, 40, fixed(v), color=MUTED, ha=ha)
    say(ax, w / 2, 40, f"{len(at)} disagreements", color=ERR)
