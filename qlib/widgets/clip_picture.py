"""The widget `where_to_clip` on paper, panel by panel.

Chapter: calibration
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from qlib.arrays import Real
from qlib.plots.accuracy_stairs import float_line
from qlib.plots.marks import one_axis, per_pixel, say
from qlib.plots.style import (
    ERR,
    HATCH,
    INK,
    PX,
    REAL,
    TOUCH,
    Look,
    axes,
    size,
)
from qlib.widgets.clip_rules import (
    Rule,
    errors,
    kl_choice,
    kl_curve,
    logits_pick,
    mse_choice,
    rounding,
)
from qlib.widgets.clip_table import (
    BINS,
    CUTS,
    PER,
    is_all,
    logits_errors,
    rate,
    reference,
    table,
    threshold,
    unseen,
    upper,
)
from qlib.widgets.kit import fixed

LETTER = 6.9  # of the page's font, in pixels


def draw(width: int, place: int, bits: int, cut: int, rule: Rule) -> Figure:
    """Counts, KL, squared error, accuracy and logits over the threshold."""
    fig, axs = axes(width, 660, rows=5, gap=(50, 0), bottom=56)
    T = np.array([threshold(place, k) for k in CUTS])
    it, now = table()[place], T[cut - 1]
    for ax in axs:
        ax.set_xlim(0, it.h.rmax)
        ax.axvline(now, color=TOUCH, lw=1.75 * PX)
    histogram(place, cut, axs[0])
    axs[0].set_title(f"Counts of |r|: {it.name}, {bits} bits")
    kl, mse = kl_curve(place, bits, rule), errors(place, bits)
    curve(T, kl, axs[1], kl_choice(place, bits, rule), "KL picks")
    axs[1].set_title("KL divergence")
    within = rounding(place, bits)
    curve(T, mse, axs[2], mse_choice(place, bits), "MSE picks", 0.2)
    parts(T, within, mse - within, axs[2])
    axs[2].set_title("Squared error: rounding and clipping")
    accuracy(place, bits, T, axs[3])
    rms = logits_errors(place, bits)
    best = threshold(place, logits_pick(place, bits))
    curve(T, rms, axs[4], best, "smallest at", 0.3)
    axs[4].set_title("Error of the logits")
    one_axis(axs, "|r|" if not is_all(place) else "|r|, as a share of its max")
    axs[-1].tick_params(axis="x", pad=14)
    return fig


def histogram(place: int, cut: int, ax: Axes) -> None:
    """Log counts, what lies beyond T hatched; two picks."""
    it, each = table()[place], BINS // 128
    n = it.h.counts.reshape(-1, each).sum(1)
    edges = it.h.width * each * np.arange(len(n) + 1)
    at = cut * PER // each
    look: Look = {"baseline": 0.6, "lw": PX}
    ax.stairs(n[:at], edges[: at + 1], fill=True, fc=REAL, alpha=0.3, **look)
    ax.stairs(n[:at], edges[: at + 1], ec=REAL, **look)
    if at < len(n):
        look |= {"fill": True, "fc": "none", "ec": ERR, "hatch": HATCH}
        ax.stairs(n[at:], edges[at:], **look)
    top = 10 ** np.ceil(np.log10(n.max()))
    log(ax, 0.6, top)
    now = threshold(place, cut)
    said, look = f"T = {fixed(now, 2)}", {"color": TOUCH, "weight": "bold"}
    beside(ax, now, below(ax), said, **look)
    for T, y, words in (
        (it.h.rmax, top, "min-max"),
        (upper(place), top / 8, "99.99 %"),
    ):
        ax.plot(T, y, "v", color=INK, clip_on=False, ms=8 * PX)
        beside(ax, T, y, f"{words} picks {fixed(T, 2)}", va="center")


def curve(
    T: Real,
    y: Real,
    ax: Axes,
    pick: float | None,
    words: str,
    room: float = 0.6,
) -> None:
    """A curve on a log scale, and the threshold that is picked."""
    seen = y[np.isfinite(y) & (y > 0)]
    seen = seen if len(seen) > 1 else np.array([0.1, 1.0])
    log(ax, room * seen[:-1].min(), 1.2 * seen.max())
    shown = np.where(np.isfinite(y), y, np.nan)
    ax.plot(T, shown, color=INK, lw=1.75 * PX, solid_capstyle="round")
    if pick:
        foot, near = ax.get_ylim()[0], np.abs(T - pick).argmin()
        ax.plot([pick] * 2, [foot, shown[near]], color=INK, lw=PX)
        look: Look = {"color": INK, "clip_on": False, "zorder": 5}
        ax.plot(pick, foot, "^", ms=8 * PX, **look)
        beside(ax, pick, below(ax), f"{words} {fixed(pick, 2)}")


def parts(T: Real, within: Real, beyond: Real, ax: Axes) -> None:
    """Rounding solid, clipping dotted."""
    for y, ls in ((within, "-"), (beyond, (0, (1.5, 1.5)))):
        shown = np.where(y > ax.get_ylim()[0], y, np.nan)
        ax.plot(T, shown, color=ERR, lw=1.25 * PX, ls=ls)


def accuracy(place: int, bits: int, T: Real, ax: Axes) -> None:
    """What was measured, and where no difference from float is seen."""
    rates = [rate(place, bits, k) for k in CUTS]
    p, low, high = np.array([(it.p, it.low, it.high) for it in rates]).T
    floor = 0.88 if np.sum(p > 0.9) > 16 else 0.0
    ax.fill_between(T, low, high, color=REAL, alpha=0.28, lw=0)
    ax.plot(T, p, color=INK, lw=1.75 * PX)
    ticks = [0.9, 1.0] if floor else [0.0, 0.5, 1.0]
    ax.set(ylim=(floor, 1), yticks=ticks, title="Measured accuracy")
    ax.set_yticklabels([f"{100 * tick:g} %" for tick in ticks])
    float_line(ax, reference())
    if run := unseen(place, bits):
        a, b = (T[k - 1] for k in run)
        y = floor + 0.3 * (1 - floor)
        ax.plot([a, b], [y, y], "|-", color=INK, lw=PX, ms=6)
        words = "no difference from float seen (McNemar)"
        say(ax, a, y - 0.22 * (1 - floor), words, ha="left")


def log(ax: Axes, low: float, high: float) -> None:
    """A log scale with a few decades."""
    ax.set(yscale="log", ylim=(low, high))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(10, numticks=4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: count(y)))


def count(y: float) -> str:
    """10000, 1 M."""
    return f"{y / 1e6:g} M" if y >= 1e6 else f"{y:g}"


def below(ax: Axes, pixels: float = 14) -> float:
    """A place under the floor of a log scale."""
    low, high = ax.get_ylim()
    return float(low * (low / high) ** (pixels / size(ax)[1]))


def beside(ax: Axes, x: float, y: float, words: str, **look: str) -> None:
    """Words to the right of x, or to its left where there is no room."""
    unit, right = per_pixel(ax), ax.get_xlim()[1]
    left = x + (8 + LETTER * len(words)) * unit > right
    at = x + (-8 if left else 8) * unit
    say(ax, at, y, words, ha="right" if left else "left", **look)
