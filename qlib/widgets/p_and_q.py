"""Widget: P and Q by hand.   Chapter: calibration

The reader drags the cut i along a histogram of 16 bins and builds, in the
order in which the hand works, P (all values, the clipped ones on the last
bin kept), the 4 levels, Q (the kept values only, each level shared among
its bins that are not empty) and the terms P log(P / Q), which add up to KL.
Below stands KL for every cut, and what the rule picks.

Two mistakes can be made and undone.  The arithmetic is `kl_by_hand.py`.
"""

import math
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from traitlets import Dict, Enum, Int, Unicode

from qlib.plots.marks import say
from qlib.plots.style import CODE, ERR, HATCH, INK, PX, REAL, TOUCH, Look, axes
from qlib.widgets.kit import GLUE, Widget, fixed, percent
from qlib.widgets.kl_by_hand import (
    BINS,
    CUTS,
    LEVELS,
    MISTAKES,
    SETS,
    Hand,
    curve,
    fewer,
    largest,
    nats,
    pick,
    values,
    why,
)

HIGH = 48  # counts that the panel holds; a higher pile is cut off


def built(h: Hand, step: int) -> str:
    """What the present step did."""
    n, kept = h.beyond, int(h.counts[: h.i].sum())
    match step:
        case 1 if n:
            out = f"{values(n)} of {n + kept} lie{'s' * (n == 1)}"
            return f"{h.i} of {BINS} bins are kept; {out} beyond the cut."
        case 1:
            return f"All {BINS} bins are kept, nothing lies beyond the cut."
        case 2 if n:
            to = f"bin {h.i - 1}, which now counts {fewer(h.P[-1])}"
            return f"P loses nothing: what lies beyond the cut goes to {to}."
        case 2:
            return "P is the histogram: nothing lies beyond the cut."
    if step == 3:
        rest = f", without the {n} clipped" if n else ""
        held = n + kept if h.mistake == "clipped" else kept
        rest = rest if held == kept else f", the {n} clipped among them"
        to = f"Bin k goes to level floor({LEVELS} k / {h.i})"
        return f"{to}. The {LEVELS} sums hold {values(held)}{rest}."
    return largest(h)


def mistaken(h: Hand) -> str:
    """What the mistake does, here and to the choice."""
    was, n = Hand(h.data, h.i).kl, len(h.filled)
    kl = f"KL is {nats(h.kl)}, " + (
        f"not {nats(was)}" if was != h.kl else "as without it"
    )
    match h.mistake:
        case "clipped" if h.beyond:
            here = f"Q has the clipped values too, and clipping is cheap: {kl}"
        case "clipped":
            here = "Nothing is clipped, and the mistake does not show"
        case "empty" if n:
            bins = "1 empty bin gets" if n == 1 else f"{n} empty bins get"
            here = f"{bins} a share: {kl}"
        case _:
            here = "No empty bin gets a share here"
    m, best = pick(h.data, h.mistake) + 0.5, pick(h.data) + 0.5
    rule = f"still picks {m}" if m == best else f"now picks {m}, not {best}"
    return f"{here}. The rule {rule}."


def verdict(h: Hand, step: int) -> str:
    """What the rule makes of the present cut."""
    m = pick(h.data)
    best, T = curve(h.data)[m - LEVELS], f"T{GLUE}={GLUE}{m + 0.5}"
    if step < 4:
        return f"KL is infinite: {why(h)}." if math.isinf(h.kl) else ""
    if h.i == m:
        return f"No other candidate has less: KL picks {T}."
    if h.i < BINS:
        return f"KL picks {T}, where it is {nats(best)}."
    less = "less" if h.kl < best else "more"
    end = f"its KL is {less} than the {nats(best)} of the pick"
    return f"The full range is no candidate; {end}, {T}."


class PAndQ(Widget):
    """Drag the cut, build P and Q step by step, make a mistake.

    data     one of SETS
    cut      i, the number of bins kept
    step     1 counts, 2 P, 3 levels, 4 Q
    mistake  one of MISTAKES
    """

    title = Unicode("P and Q by hand").tag(sync=True)
    data = Enum(list(SETS), "tail").tag(sync=True, control=True)
    cut = Int(6, min=CUTS[0], max=CUTS[-1]).tag(sync=True, control=True)
    step = Enum([1, 2, 3, 4], 4).tag(sync=True, control=True)
    mistake = Enum(list(MISTAKES), "none").tag(sync=True, control=True)
    sets = Dict(read_only=True).tag(sync=True)
    heights: ClassVar[tuple[int, int]] = (887, 998)

    def __init__(self, **traits: Any) -> None:
        self.set_trait("sets", {name: list(c) for name, c in SETS.items()})
        super().__init__(**traits)

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        h = Hand(traits["data"], traits["cut"], traits["mistake"])
        step, T = traits["step"], fixed(h.i + 0.5, 1)
        share = percent(h.beyond / h.counts.sum())
        end = mistaken(h) if h.mistake != "none" else verdict(h, step)
        said = f"KL {nats(h.kl)}"
        said += f": {why(h)}" if math.isinf(h.kl) else " nats"
        return {
            "kl": nats(h.kl),
            "threshold": T,
            "clipped": f"{h.beyond} ({share})",
            "notice": f"{built(h, step)} {end}".strip(),
            "valuetext:cut": f"{h.i} of {BINS} bins kept, T = {T}, "
            f"{share[:-2]} percent clipped, {said}",
        }

    def picture(self, width: int) -> Figure:
        """P and Q, and KL for every cut."""
        h = Hand(self.data, self.cut, self.mistake)
        fig, axs = axes(width, 420, rows=2, top=28, bottom=40, gap=(72, 0))
        draw_pile(h, self.step, axs[0])
        draw_curve(h, axs[1])
        for ax in axs:
            ax.axvline(h.i, color=TOUCH, lw=1.75 * PX)
        axs[1].set_xlabel("|r|, and the cut i")
        return fig


def draw_pile(h: Hand, step: int, ax: Axes) -> None:
    """The histogram with the pile on the last bin kept, and Q as steps."""
    k, kept = [bin + 0.5 for bin in range(BINS)], h.counts[: h.i]
    clipped: Look = {"fc": "none", "ec": ERR, "hatch": HATCH, "lw": PX}
    solid: Look = {"fc": to_rgba(REAL, 0.3), "ec": REAL, "lw": 1.25 * PX}
    ax.bar(k[: h.i], kept, 0.9, **solid)
    ax.bar(k[h.i :], h.counts[h.i :], 0.9, **clipped)
    if step > 1:
        ax.bar(k[h.i - 1], h.beyond, 0.9, kept[-1], **clipped)
    if step == 4:
        ax.stairs(h.Q, range(h.i + 1), color=CODE, lw=2 * PX, baseline=None)
    ax.set(ylim=(0, HIGH), yticks=(20, 40), xlim=(0, BINS))
    ax.set_xticks(k, [fixed(c) for c in h.counts])
    ax.tick_params(axis="x", length=0, labelcolor=INK)
    P = "P, data" + ", and Q, 4 levels" * (step == 4)
    ax.set_title(P if step > 1 else "Counts")


def draw_curve(h: Hand, ax: Axes) -> None:
    """KL for every cut; the full range hollow, infinite ones on top."""
    kl, m = curve(h.data, h.mistake), pick(h.data, h.mistake)
    top = 1.3 * max(v for v in kl if not math.isinf(v))
    ax.plot(CUTS[:-1], kl[:-1], "o-", color=INK, ms=6 * PX, lw=PX)
    full: Look = {"mfc": "none", "mec": INK, "ms": 7 * PX}
    ax.plot(CUTS[-1:], kl[-1:], "o", clip_on=False, **full)
    for i, v in zip(CUTS, kl, strict=True):
        if math.isinf(v):
            say(ax, i, 0.95 * top, "\N{INFINITY}", color=ERR, va="top")
    ax.plot([m + 0.5], [-0.06 * top], "^", color=INK, ms=8 * PX)
    look = {"ha": "right" if m > BINS / 2 else "left", "va": "center"}
    x = m + 0.5 + (0.4 if m <= BINS / 2 else -0.4)
    say(ax, x, -0.06 * top, f"KL picks {m + 0.5}", **look)
    ax.set(ylim=(-0.15 * top, top), xlim=(0, BINS))
    ax.set_xticks(range(0, BINS + 1, 2))
    ax.set_title("KL for every cut i (hollow: no candidate)")
