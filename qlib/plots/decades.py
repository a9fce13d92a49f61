"""Log scales with two to four labels: counts, and errors."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
)

from qlib.arrays import Real

POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count_scale(ax: Axes, floor: float, most: float) -> None:
    """From floor up to the decade above the largest count."""
    roof = 10.0 ** np.ceil(np.log10(most) + 0.1)
    ax.set(yscale="log", ylim=(floor, roof))
    labels(ax, 10.0 ** np.arange(0, 16, 2), thousands)


def value_scale(ax: Axes, values: Real) -> None:
    """Room for positive values, with some below for a mark on the axis."""
    low, high = np.log(np.min(values)), np.log(np.max(values))
    span = max(high - low, 0.1)
    floor, roof = np.exp([low - 0.25 * span, high + 0.25 * span])
    ax.set(yscale="log", ylim=(floor, roof))
    labels(ax, ticks(floor, roof), plain)


def ticks(floor: float, roof: float) -> Real:
    """Two to four numbers in between: decades, or 1 and 3, or 1, 2 and 5.

    Where there are no two of these, equal steps.
    """
    first, last = np.floor(np.log10([floor, roof]))
    decades = 10.0 ** np.arange(first, last + 1)
    steps = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(floor, roof)
    choices = [np.outer(decades, of) for of in ([1], [1, 3], [1, 2, 5])]
    for some in map(np.ravel, [*choices, np.array(steps)]):
        found = some[(some >= floor) & (some <= roof)]
        if len(found) > 1:
            break
    return found[:: -(-len(found) // 4)]


def labels(ax: Axes, places: Real, words: Callable[..., str]) -> None:
    """These labels and no others."""
    ax.yaxis.set_major_locator(FixedLocator(places.tolist()))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(words))


def thousands(count: float, _: object = None) -> str:
    """1, 100, 10 k, 1 M.

    >>> thousands(100), thousands(1e4), thousands(1e6)
    ('100', '10 k', '1 M')
    """
    power = min(round(np.log10(count)) // 3, 3)
    return f"{count / 1000**power:g} {['', 'k', 'M', 'G'][power]}".strip()


def plain(y: float, _: object = None) -> str:
    """0.001, but 10⁻⁴.

    >>> plain(0.5), plain(1e-5)
    ('0.5', '10⁻⁵')
    """
    if y >= 0.001:
        return f"{y:g}"
    digits, power = f"{y:.0e}".split("e")
    ten = f"10{str(int(power)).translate(POWERS)}"
    return ten if digits == "1" else f"{digits} × {ten}"
