"""Accuracy against bits, one line per rule, each named at its right end.

Lines of one family share a hue; squares and dashes tell them apart.  At the
same bits the rules stand a few pixels apart, so that all intervals are seen.
A line that goes below the frame ends there in an arrow; its number stands
beside its name.

Chapter: calibration
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from qlib.arrays import Real
from qlib.plots.accuracy_stairs import DASH, Measured, frame
from qlib.plots.choices import DOTS, across, say_at
from qlib.plots.marks import per_pixel, spread, strokes
from qlib.plots.style import CODE, FLOAT, INK, MUTED, PAPER, PX, Look, size

DODGE = 9  # pixels between the squares of two rules
ROW = 15  # pixels from one line of words to the next
AWAY = 22  # pixels from the last square to the names
TIP = 7  # matplotlib's triangle that stands on its tip
LINES = "-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2))
SQUARES: tuple[Look, ...] = (
    {"mfc": CODE},
    {"mfc": PAPER},
    {"mfc": CODE, "mfcalt": PAPER, "fillstyle": "bottom"},
    {"mfc": CODE, "mfcalt": PAPER, "fillstyle": "left"},
)
SQUARE: Look = {"marker": "s", "mec": CODE, "ms": 7 * PX, "mew": 1.25 * PX}


class End(NamedTuple):
    """What is said at the right end of a line, and where that end is."""

    name: str
    p: float
    x: float
    color: str = INK
    square: Look | None = None  # of a line that ends below the frame


def accuracy_lines(
    results: Mapping[str, Mapping[int, Measured]],
    ax: Axes,
    reference: float,
    floor: float = 0.9,
) -> Axes:
    """One line per rule, over the bits in the order they have there.

    results    rule -> bits -> the accuracy; the same bits in each rule
    reference  the accuracy in floats, a dashed line
    floor      where the frame ends, as a share of 1
    The names stand right of the panel; where its margin is less than the
    longest name, each takes two lines.
    Raises: ValueError for unlike bits, and for more rules than `LINES`.
    """
    bits = checked(results)
    frame(ax, len(bits), floor)
    ax.set_xticks(range(len(bits)), [str(b) for b in bits])
    ax.set_xlabel("bits")
    apart = DODGE * per_pixel(ax)
    offset = apart * (len(results) - 1) / 2
    last = len(bits) - 1 + offset
    ax.plot([-0.5, last], [reference] * 2, color=FLOAT, lw=1.75 * PX, ls=DASH)
    ends = [End("float", reference, last, FLOAT)]
    for k, (rule, rates) in enumerate(results.items()):
        x, p = np.arange(len(bits)) + k * apart - offset, rates[bits[-1]].p
        line(ax, x, [*rates.values()], floor, k)
        square = SQUARES[k] if p < floor else None
        ends.append(End(rule, p, x[-1], square=square))
    numbers_below(ax, [*results.values()], floor)
    say_ends(ax, ends, last + AWAY * per_pixel(ax), floor)
    return ax


def checked(results: Mapping[str, Mapping[int, Measured]]) -> list[int]:
    """The bits, the same in every rule, or a ValueError."""
    kinds = {tuple(rates) for rates in results.values()}
    if len(kinds) != 1 or len(results) > len(LINES):
        raise ValueError(
            f"1 to {len(LINES)} rules over the same bits are needed, "
            f"got {len(results)} over {sorted(kinds)}"
        )
    return [*kinds.pop()]


def line(
    ax: Axes, x: Real, rates: Sequence[Measured], floor: float, k: int
) -> None:
    """The line of rule k, its squares, and bars for the intervals.

    Shapes: x, rates (n,).
    """
    p, low, high = (
        np.array([getattr(rate, of) for rate in rates])
        for of in ("p", "low", "high")
    )
    bar = high > floor
    ends = [x, np.maximum(low, floor), x, high]
    strokes([end[bar] for end in ends], ax, CODE, 1.25)
    look: Look = {"color": CODE, "clip_on": False}
    X, Y, exits = above(x, p, floor)
    ax.plot(X, Y, lw=1.5 * PX, ls=LINES[k], **look)
    for at in exits:
        ax.plot(at, floor, marker=TIP, ms=8 * PX, **look)
    look |= {"ls": "", "zorder": 4} | SQUARE | SQUARES[k]
    if (p >= floor).any():
        ax.plot(x[p >= floor], p[p >= floor], **look)


def above(x: Real, p: Real, floor: float) -> tuple[Real, Real, Real]:
    """The line down to the floor, NaN below it, and where it goes there."""
    over = p >= floor
    (i,) = np.nonzero(over[:-1] != over[1:])
    at = x[i] + (floor - p[i]) / (p[i + 1] - p[i]) * (x[i + 1] - x[i])
    X = np.append(x, at)
    Y = np.append(np.where(over, p, np.nan), 0 * at + floor)
    order = np.argsort(X, kind="stable")
    return X[order], Y[order], at[over[i]]


def numbers_below(
    ax: Axes, rules: Sequence[Mapping[int, Measured]], floor: float
) -> None:
    """At all bits but the last: what lies below the frame, best on top.

    Above those at the bits before, where there is no room beside them.
    """
    foot = size(ax)[1] - 16  # above the arrows
    look: Look = {"ha": "center", "weight": "bold"}
    wide, row = 1 / per_pixel(ax) > 64, 0
    for i, bits in enumerate([*rules[0]][:-1]):
        below = sorted(r[bits].p for r in rules if r[bits].p < floor)
        row = 0 if wide or not below else row
        for p in below:
            say_at(ax, i, foot - ROW * row, f"↓ {percent(p)}", **look)
            row += 1


def percent(p: float) -> str:
    """As 96.8 %."""
    return f"{100 * p:.1f} %"


def say_ends(ax: Axes, ends: Sequence[End], x: float, floor: float) -> None:
    """The names at x, the best on top, apart, and none below the panel."""
    unit, height = per_pixel(ax), size(ax)[1]
    ends = sorted(ends, key=lambda end: -end.p)
    said = [say_end(ax, end, x) for end in ends]
    rows = [1 + text.get_text().count("\n") for text in said]
    at = [height * min((1 - end.p) / (1 - floor), 1) for end in ends]
    y = 1 - stacked(np.array(at), ROW * np.array(rows), height) / height
    for text, end, a, b in zip(said, ends, at, y, strict=True):
        text.set_y(b)
        if end.square:
            look = across(ax) | SQUARE | end.square
            ax.plot(x + 4 * unit, b, **look)
        else:
            look = across(ax) | {"color": MUTED, "lw": PX, "ls": DOTS}
            ends_x = [end.x + 6 * unit, x - 3 * unit]
            ax.plot(ends_x, [1 - a / height, b], **look)


def say_end(ax: Axes, end: End, x: float) -> Text:
    """Name and number, in two lines where the page has no room for one."""
    value = percent(end.p)
    if end.square:
        x, value = x + 14 * per_pixel(ax), f"↓ {value}"
    said = say_at(ax, x, 0, f"{end.name} {value}", color=end.color)
    if said.get_window_extent().x1 > ax.figure.bbox.x1:
        said.set_text(f"{end.name}\n{value}")
    return said


def stacked(y: Real, tall: Real, height: float) -> Real:
    """Middles near y, in order and apart, from the panel's top to its foot."""
    y, top, foot = spread(y, tall), 0.0, height
    for i in range(len(y)):
        y[i] = max(y[i], top + tall[i] / 2)
        top = y[i] + tall[i] / 2
    for i in reversed(range(len(y))):
        y[i] = min(y[i], foot - tall[i] / 2)
        foot = y[i] - tall[i] / 2
    return y
