"""Widget: one pixel's journey, from nine products to a code.

The reader picks an output pixel and steps through what the chip does:

    1 to 9   acc = acc + (q - Z) w      one tap of the window each
    10       acc = acc + b
    11, 12   M acc: the doubling high multiply by M0, the shift by n
    13, 14   + Z of the output; clamp, the fused ReLU

Padded with code 0 instead of Z, each tap outside adds -Z w, which is no zero.

Chapter: int8-convolution
"""

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from traitlets import Bool, Dict, Int, Unicode

from qlib.plots.marks import bar, baseline, pixels, say, strokes
from qlib.plots.style import CODE, EDGE, INK, MUTED, PX, TOUCH, axes
from qlib.widgets.kit import MINUS, SUPERSCRIPT, Widget, fixed
from qlib.widgets.one_filter import (
    BIAS,
    SHIFT,
    SIDE,
    STEPS,
    layer,
    padded,
    place,
    shipped,
    trace,
    values,
)


def signed(x: int) -> str:
    """A number as an operand."""
    return f"({fixed(x)})" if x < 0 else fixed(x)


def product(pixel: int, step: int, zeros: bool) -> tuple[str, str]:
    """Steps 1 to 9: what is added, and where it was read."""
    q, w, Z = layer().q[0, 0], layer().w, int(layer().inputs.zero_point)
    tap = step - 1
    corner, (i, j) = place(pixel), divmod(tap, 3)
    row, column = corner[0] + i - 1, corner[1] + j - 1
    inside = min(row, column) >= 0 and max(row, column) < SIDE
    code = int(q[row, column]) if inside else 0 if zeros else Z
    before, after = values(pixel, zeros)[tap : step + 1]
    factors = (
        f"({fixed(code)} {MINUS} {signed(Z)}) · {signed(int(w.flat[tap]))}"
    )
    where = f"input row {row}, column {column}"
    pad = "code 0 instead of Z" if zeros else "the code is Z"
    return (
        f"{factors} = {fixed(after - before)}",
        where if inside else f"padding: {pad}",
    )


def cut(v: int) -> str:
    """What the clamp did to v."""
    grid = layer().outputs.grid
    if v < grid.qmin:
        return "below the range: the fused ReLU"
    over = "above the range: saturated"
    return over if v > grid.qmax else "in the range: nothing is cut"


def spoken(pixel: int, step: int, zeros: bool) -> tuple[str, str]:
    """What a step computes, and a remark on it."""
    it, steps = layer(), values(pixel, zeros)
    before, after = fixed(steps[max(0, step - 1)]), fixed(steps[step])
    m0, n, Z = int(it.rq.m0), int(it.rq.shift), int(it.outputs.zero_point)
    power = str(n).translate(SUPERSCRIPT)
    match step:
        case 0:
            return "acc = 0", "an int32 accumulator, empty"
        case 10:
            said = f"{before} + {signed(int(it.bias[0]))} = {after}"
            return said, "the bias, an int32 at scale S₁ S₂"
        case 11:
            said = f"{before} · M₀ / 2³¹ → {after}"
            return said, f"M₀ = {fixed(m0)}, ties up"
        case 12:
            said = f"{before} / 2{power} → {after}"
            return said, f"shift by n = {n}, ties away from zero"
        case 13:
            said = f"{before} + {signed(Z)} = {after}"
            return said, "the zero point of the output"
        case 14:
            return f"clamp({before}) = {after}", cut(steps[-2])
    return product(pixel, step, zeros)


def notice(pixel: int, zeros: bool) -> str:
    """The finding, with the present numbers."""
    right, bad = values(pixel, False), values(pixel, True)
    n, Z = padded(pixel), int(layer().inputs.zero_point)
    wrong = np.count_nonzero(trace(False)[-1] != trace(True)[-1])
    every = f"{wrong} of the {4 * (SIDE - 1)} border pixels are wrong."
    image = "All nine taps of this pixel lie on the image"
    if not n:
        choose = f"{image}. Choose one at the border."
        return f"{image}: it stays right. {every}" if zeros else choose
    if not zeros:
        return (
            f"{n} taps read padding. Its code is Z = {fixed(Z)}, so q {MINUS} "
            "Z is 0 and they add nothing, whatever the weights are."
        )
    moved = fixed(bad[BIAS - 1] - right[BIAS - 1])
    end = f"the code is {fixed(bad[-1])}, not {fixed(right[-1])}"
    end = end if bad[-1] != right[-1] else "the clamp hides it"
    return (
        f"{n} taps read {fixed(-Z)} instead of 0 and move the sum by {moved}: "
        f"{end}. {every}"
    )


class PixelJourney(Widget):
    """Pick a pixel, step through its journey, pad with 0 instead of Z.

    pixel   0 to 35, row by row
    step    0 to 14
    zeros   whether the border is padded with code 0
    """

    title = Unicode("One pixel's journey").tag(sync=True)
    pixel = Int(33, min=0, max=SIDE**2 - 1).tag(sync=True, control=True)
    step = Int(7, min=0, max=STEPS).tag(sync=True, control=True)
    zeros = Bool(False).tag(sync=True, control=True)
    layer = Dict(read_only=True).tag(sync=True)
    heights: ClassVar[tuple[int, int]] = (838, 938)

    def __init__(self, **traits: Any) -> None:
        self.set_trait("layer", shipped())
        super().__init__(**traits)

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        pixel, step, zeros = (traits[k] for k in ("pixel", "step", "zeros"))
        value = fixed(values(pixel, zeros)[step])
        formula, remark = spoken(pixel, step, zeros)
        wrong = np.count_nonzero(trace(zeros)[-1] != trace(False)[-1])
        name = "accumulator" if step <= BIAS else "scaled"
        name = name if step < STEPS else "output code"
        row, column = place(pixel)
        return {
            "accumulator": value,
            "code": value if step == STEPS else "\N{EN DASH}",
            "wrong": f"{wrong} of {SIDE**2}",
            "formula": formula,
            "remark": remark,
            "notice": notice(pixel, zeros),
            "valuetext:step": f"step {step} of {STEPS}, {name} {value}",
            "valuetext:pixel": f"output row {row}, column {column}, "
            f"{padded(pixel)} of 9 taps on padding",
        }

    def picture(self, width: int) -> Figure:
        """Input and output, and below them the value after each step."""
        fig, (ax,) = axes(width, 420, left=6, right=6, top=26, bottom=6)
        ax.set(xlim=(0, width - 12), xticks=[])
        ax.spines["bottom"].set_visible(False)
        ax.set_title("Input, padded")
        draw_maps(self, ax)
        draw_fall(self, ax, 240, 124)
        return fig


def draw_maps(s: PixelJourney, ax: Axes) -> None:
    """Input with its padding and the window, and the output."""
    width, n = pixels(ax)[0], SIDE
    ring = 0 if s.zeros else int(layer().inputs.zero_point)
    q = np.pad(layer().q[0, 0], 1, constant_values=ring)
    (i, j), out = place(s.pixel), trace(s.zeros)[-1].copy()
    if s.step < STEPS:
        out[i, j] = -128  # not known yet
    c = min(24.0, (width - 24) / (2 * n + 2))
    right = min(width - n * c, (n + 5) * c)
    for x, y, codes in ((0.0, 0.0, q), (right, c, out)):
        for (a, b), code in np.ndenumerate(codes):
            fill = to_rgba(CODE, (int(code) + 128) / 255)
            box: dict[str, Any] = {"fc": fill, "ec": EDGE, "lw": 0.5 * PX}
            bar(x + b * c, x + (b + 1) * c, ax, y + a * c, c, **box)
    frame = {"fc": "none", "ec": TOUCH, "lw": 2 * PX}
    bar(j * c, (j + 3) * c, ax, i * c, 3 * c, **frame)
    x, y = right + j * c, (i + 1) * c
    bar(x, x + c, ax, y, c, **frame, zorder=3)
    say(ax, right, c - 8, "Output", ha="left", weight="bold")


def draw_fall(s: PixelJourney, ax: Axes, top: float, height: float) -> None:
    """The value after each step, each bar from the last one to the next."""
    width, n = pixels(ax)[0], 2 ** int(layer().rq.shift)
    scale = [n if k >= SHIFT else 1 for k in range(STEPS + 1)]
    every = trace(False).reshape(STEPS + 1, -1).T * scale
    low, high = every.min(), every.max()
    v = np.array(values(s.pixel, s.zeros)) * scale
    y, zero = top + (high - [v, 0 * v]) / (high - low) * height
    x = np.linspace(10, width - 10, STEPS + 1)
    baseline(0, width, ax, zero[0])
    for k in range(1, STEPS + 1):
        fill = to_rgba(CODE, 0.3 if k <= s.step else 0.1)
        up, down = sorted((y[k - 1], y[k]))
        box: dict[str, Any] = {"fc": fill, "lw": PX}
        box["ec"] = CODE if k <= s.step else "none"
        bar(x[k] - 6, x[k] + 6, ax, up, down - up, **box)
    strokes([x[:-1] + 6, y[:-1], x[1:] - 6, y[:-1]], ax, INK, 1)
    now = x[s.step]
    strokes([[now], [top], [now], [top + height]], ax, TOUCH, 1.75)
    for k, words in enumerate(map(str, range(STEPS + 1))):
        say(ax, x[k], top + height + 18, words, color=MUTED)
    said = f"step {s.step}: {spoken(s.pixel, s.step, s.zeros)[0]}"
    say(ax, 0, top - 14, said, ha="left", weight="bold")
