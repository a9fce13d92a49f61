"""Widget: what if only this layer becomes codes?   Chapter: mobilenet

The reader drags along the layers of the running network and sees how many
digits are still read if the weights of that layer alone stand on a grid:
one step for all filters, or a step for each, before or after batch norm is
folded into them.  Below, why: how far the filters lie apart, and where the
weights fall on the grid.

All counts are recorded (`sensitivity.py`); JavaScript draws and looks up.
"""

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from traitlets import (
    Bool,
    Bytes,
    Enum,
    Float,
    Int,
    List,
    TraitError,
    Unicode,
    validate,
)

from qlib.plots.accuracy_stairs import accuracy_dots
from qlib.plots.marks import say, strokes
from qlib.plots.style import CODE, ERR, PX, REAL, TOUCH, axes
from qlib.widgets.kit import Widget, digits, fixed, percent
from qlib.widgets.layer_table import (
    FULL,
    Cell,
    cell,
    qmax,
    rate,
    reference,
    table,
    tables,
)
from qlib.widgets.sensitivity import BITS, GRIDS, filter_ranges

LAYERS = len(table())  # and the place of all of them together


def verdict(c: Cell) -> str:
    """McNemar's test on a cell."""
    if 20 * c.p >= FULL:
        return f"no difference is seen, p = {fixed(c.p / FULL, 2)}"
    return f"p = {fixed(c.p / FULL, 3)}" if c.p else "p < 0.001"


def loss(place: int, c: Cell) -> str:
    """What this layer alone costs."""
    name = f"{table()[place].name} alone"
    if not c.lost + c.won:
        return f"{name} changes no answer"
    most = f", {c.most} of them in digits-{c.where}" if c.most > 9 else ""
    return (
        f"{name} loses {c.lost} digit{'s' * (c.lost != 1)}{most}, and wins "
        f"{c.won} (McNemar: {verdict(c)})"
    )


def reason(place: int, bits: int, grid: str, c: Cell, folded: bool) -> str:
    """What its filters have to do with it."""
    it = table()[place]
    K, net = len(it.dead), f"In digits-{it.network}"
    if grid == "channel":
        return "Each filter has a step of its own: folding moves no code."
    if it.dead[0] and folded:
        return (
            f"There a filter that never sees anything but 0 sets the step, "
            f"and {c.empty} of {K} filters become 0."
        )
    if c.empty:
        return f"{net}, {c.empty} of its {K} filters become 0."
    return f"{net}, its narrowest filter keeps {c.kept} of {qmax(bits)} codes."


class OneLayer(Widget):
    """Drag along the layers: the accuracy if one of them is in codes.

    layer   its place, from 0
    bits    of the weights
    grid    one step per "tensor" or per "channel", that is, per filter
    folded  whether batch norm is folded in first
    """

    title = Unicode("Which layer hurts?").tag(sync=True)
    layer = Int(7).tag(sync=True, control=True)
    bits = Enum(BITS, 6).tag(sync=True, control=True)
    grid = Enum(list(GRIDS), "tensor").tag(sync=True, control=True)
    folded = Bool(True).tag(sync=True, control=True)
    layers: Any = List(read_only=True).tag(sync=True)
    cells: Any = Bytes(read_only=True).tag(sync=True)  # int16
    rates: Any = Bytes(read_only=True).tag(sync=True)  # float32: p, low, high
    ranges: Any = Bytes(read_only=True).tag(sync=True)  # float32
    counts: Any = Bytes(read_only=True).tag(sync=True)  # int16
    real: Any = Float(read_only=True).tag(sync=True)
    heights: ClassVar[tuple[int, int]] = (640, 919)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        for name, value in tables().items():
            self.set_trait(name, value)

    @validate("layer")
    def _is_a_layer(self, proposal: Any) -> int:
        if not 0 <= proposal.value < LAYERS:
            raise TraitError(
                f"layer must be in [0, {LAYERS - 1}], got {proposal.value}"
            )
        return int(proposal.value)

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        place, bits = traits["layer"], traits["bits"]
        grid, folded = traits["grid"], traits["folded"]
        it, at = table()[place], (folded, bits, grid)
        c, alone = cell(place, *at), percent(rate(place, *at).p)
        ratio = f"{digits(it.ratio(folded), 2)} times"
        when = "after" if folded else "before"
        return {
            "alone": alone,
            "all": percent(rate(LAYERS, *at).p),
            "ratio": ratio,
            "notice": f"At {bits} bits, {when} folding, {loss(place, c)}. "
            + reason(place, bits, grid, c, folded),
            "valuetext:layer": f"{it.name}: {alone[:-2]} percent if only "
            f"this one, filters {ratio} apart",
        }

    def picture(self, width: int) -> Figure:
        """The accuracies of all layers, and the filters of the chosen one."""
        at = self.folded, self.bits, self.grid
        fig, axs = axes(width, 330, rows=2, top=28, bottom=12, gap=(56, 0))
        rates = [rate(k, *at) for k in range(LAYERS)]
        accuracy_dots(rates, axs[0], reference())
        name = table()[self.layer].name
        axs[0].axvline(self.layer, color=TOUCH, lw=1.75 * PX)
        axs[0].set_title("Accuracy, this layer alone in codes")
        axs[0].set_xticks([self.layer], [name], color=TOUCH, weight="bold")
        draw_filters(self.layer, self.folded, self.bits, self.grid, axs[1])
        return fig


def draw_filters(
    place: int, folded: bool, bits: int, grid: str, ax: Axes
) -> None:
    """Each filter a line up to its max |w|; its first code in orange."""
    it = table()[place]
    top = filter_ranges(it.w[folded])
    step = (top if grid == "channel" else top.max() + 0 * top) / qmax(bits)
    x, foot = np.arange(len(top)), np.full(len(top), 1e-3)
    for part, color in ((top >= step / 2, REAL), (top < step / 2, ERR)):
        ends = [x[part], foot[part], x[part], top[part]]
        strokes(ends, ax, color, 2)
    strokes([x - 0.5, step, x + 0.5, step], ax, CODE, 1.5)
    ax.set(yscale="log", ylim=(1e-3, 200), xlim=(-0.5, len(top) - 0.5))
    ax.set(xticks=[], yticks=[0.01, 1, 100])
    ax.set_yticklabels(["0.01", "1", "100"])
    lost = f"{np.sum(top < step / 2)} of {len(top)} filters become 0"
    ax.set_title(f"max |w| in digits-{it.network}: {lost}")
    say(ax, len(top) - 1, step[-1] * 1.3, "code 1", color=CODE, ha="right")
