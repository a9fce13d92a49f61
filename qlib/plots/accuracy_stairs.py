"""Accuracy, measured: one tread per fix, one dot per layer, with intervals.

Whatever lies below the frame is drawn at its foot with an arrow and its
number: a frame that reached so deep would show nothing else.

Chapter: mobilenet
"""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from qlib.plots.marks import per_pixel, strokes
from qlib.plots.style import CODE, FLOAT, INK, MUTED, PX, Look, size

LETTER = 6.9  # of the page's font at 12 px, in pixels
DASH = (0, (5, 3))


class Measured(Protocol):
    """A share with its interval, as `qlib.stats.Rate`."""

    @property
    def p(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def accuracy_stairs(
    steps: Mapping[str, Measured],
    ax: Axes,
    reference: Measured | None = None,
    floor: float = 0.9,
) -> Axes:
    """One tread per fix, in the order they are made.

    steps      what was changed -> the accuracy then
    reference  in floats, a dashed line
    floor      where the frame ends, as a share of 1
    """
    rates = list(steps.values())
    frame(ax, len(rates), floor)
    edges = np.arange(len(rates) + 1) - 0.5
    p = np.maximum([rate.p for rate in rates], floor)
    for i, rate in enumerate(rates):
        low, high = (max(end, floor) for end in (rate.low, rate.high))
        ax.fill_between(
            edges[i : i + 2], low, high, color=CODE, alpha=0.28, lw=0
        )
    seen = p > floor
    treads = [edges[:-1][seen], p[seen], edges[1:][seen], p[seen]]
    strokes(treads, ax, CODE, 2.5)
    strokes([edges[1:-1], p[:-1], edges[1:-1], p[1:]], ax, MUTED, 1)
    if reference is not None:
        float_line(ax, reference)
    for i, rate in enumerate(rates):
        number(ax, i, rate, floor)
    names(ax, list(steps))
    return ax


def accuracy_dots(
    rates: Sequence[Measured],
    ax: Axes,
    reference: Measured,
    floor: float = 0.9,
) -> Axes:
    """One square per layer and its interval; the reference is dashed."""
    frame(ax, len(rates), floor)
    x = np.arange(len(rates))
    p, low, high = (
        np.array([max(getattr(rate, end), floor) for rate in rates])
        for end in ("p", "low", "high")
    )
    strokes([x, low, x, high], ax, CODE, 1.25)
    look: Look = {"ls": "", "marker": "s", "color": CODE, "ms": 7 * PX}
    ax.plot(x, p, clip_on=False, **look)
    float_line(ax, reference)
    for i, rate in enumerate(rates):
        if rate.p < floor:
            number(ax, i, rate, floor)
    return ax


def frame(ax: Axes, n: int, floor: float) -> None:
    """n places side by side, from floor to 100 %."""
    ticks = [floor, (1 + floor) / 2, 1.0]
    ax.set(xlim=(-0.5, n - 0.5), ylim=(floor, 1), xticks=[], yticks=ticks)
    ax.set_yticklabels([f"{100 * tick:g} %" for tick in ticks])


def float_line(ax: Axes, reference: Measured) -> None:
    """What the network does in floats."""
    ax.axhline(reference.p, color=FLOAT, lw=1.75 * PX, ls=DASH)
    said = f"float {100 * reference.p:.1f} %"
    place = (ax.get_xlim()[1], reference.p)
    look: Look = {"textcoords": "offset points", "ha": "right", "gid": "halo"}
    ax.annotate(said, place, (0, 8 * PX), color=FLOAT, **look)


def number(ax: Axes, x: float, rate: Measured, floor: float) -> None:
    """The accuracy beside its tread: below it, or above where it is low."""
    said, place = f"{100 * rate.p:.1f} %", max(rate.low, floor)
    room = (place - floor) / (1 - floor) * size(ax)[1]
    look: Look = {"textcoords": "offset points", "ha": "center", "gid": "halo"}
    look |= {"color": INK, "weight": "bold"}
    if rate.p < floor:
        ax.annotate(f"↓ {said}", (x, floor), (0, 8 * PX), **look)
    elif room >= 24:
        ax.annotate(said, (x, place), (0, -15 * PX), **look)
    else:
        ax.annotate(said, (x, rate.high), (0, 6 * PX), **look)


def names(ax: Axes, words: Sequence[str]) -> None:
    """What was done, below each tread, in lines that fit it."""
    letters = int((1 / per_pixel(ax) - 6) / LETTER)
    lines = [fill(each, max(letters, 4), break_long_words=False)
             for each in words]  # fmt: skip
    ax.set_xticks(range(len(lines)), lines)
    ax.tick_params(axis="x", length=0)
