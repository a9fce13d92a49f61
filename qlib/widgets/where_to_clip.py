"""Widget: where should I clip?   Chapter: calibration

The reader drags the threshold along the histogram of one tensor, or of all
inner tensors at once, and sees on one axis what each rule would choose, and
what was measured there: the accuracy of digits-0 with this tensor clipped,
and the error of its logits.

Counts are computed and recorded by qlib (`clip_table.py`); JavaScript
computes KL and the squared error from them anew.  `clip_table.js`,
`clip_rules.js` and `clip_picture.js` are the other halves of the modules.
"""

import math
from typing import Any, ClassVar

from matplotlib.figure import Figure
from traitlets import Bool, Bytes, Enum, Float, Int, List, Unicode

from qlib.surface.settings import BITS
from qlib.widgets import clip_picture, clip_rules, clip_table
from qlib.widgets.clip_rules import (
    SMOOTHINGS,
    Rule,
    errors,
    kl_choice,
    kl_curve,
    mse_choice,
)
from qlib.widgets.clip_table import (
    CUTS,
    PER,
    inner,
    is_all,
    logits_errors,
    rate,
    reference,
    table,
    tables,
    threshold,
    unseen,
    upper,
)
from qlib.widgets.kit import GLUE, Widget, digits, fixed, percent


def said(place: int, k: int) -> str:
    """A threshold."""
    return fixed(threshold(place, k), 2)


def share(n: int, total: int) -> str:
    """A share in percent, with two digits."""
    small = n / total < 1e-4
    return "less than 0.01" if small else digits(100 * n / total, 2)


def why(place: int, bits: int, k: int, rule: Rule) -> str:
    """Why KL is infinite."""
    it, i = table()[place], PER * k
    if is_all(place):
        here = [kl_curve(each, bits, rule)[k - 1] for each in inner()]
        return f"in {sum(map(math.isinf, here))} of {len(here)} layers"
    if not it.h.counts[not rule.zeros : i].any():
        return "no bin that is kept holds a value"
    if rule.bug:
        return f"the bug leaves bin {fixed(i - 1)} of Q empty"
    n = it.beyond(k)
    are = " is" if n == 1 else "s are"
    return f"bin {fixed(i - 1)} is empty, {fixed(n)} value{are} clipped"


def picks(place: int, bits: int, rule: Rule) -> str:
    """What each rule picks."""
    T = kl_choice(place, bits, rule)
    kl = fixed(T, 2) if T else "nothing: it is infinite at every candidate"
    return (
        f"{'In shares of max |r|, min' if is_all(place) else 'Min'}-max picks "
        f"{said(place, CUTS[-1])}, the 99.99{GLUE}% point "
        f"{fixed(upper(place), 2)}, MSE "
        f"{fixed(mse_choice(place, bits), 2)}, KL"
        f"{' with the bug' * rule.bug}{GLUE}{kl}."
    )


def measured(place: int, bits: int) -> str:
    """Where no difference from float is seen."""
    run, n = unseen(place, bits), reference().n
    if run is None:
        return f"At every threshold, {n} digits show a difference from float."
    first, last = (said(place, k) for k in run)
    return (
        f"From {first} to {last}, {n} digits show no difference from float "
        "(McNemar)."
    )


class WhereToClip(Widget):
    """Drag the threshold: KL, squared error and measured accuracy.

    layer      its place; the last one is all inner tensors together
    bits       of a code
    cut        the threshold, in 64ths of max |r|
    smoothing  of KL: "none", "ncnn" or "MXNet"
    zeros      whether KL counts bin 0
    bug        whether the last bin kept of Q gets nothing
    """

    title = Unicode("Where should I clip?").tag(sync=True)
    layer = Int(6, min=0, max=21).tag(sync=True, control=True)
    bits = Enum(BITS, 3).tag(sync=True, control=True)
    cut = Int(16, min=CUTS[0], max=CUTS[-1]).tag(sync=True, control=True)
    smoothing = Enum(list(SMOOTHINGS), "none").tag(sync=True, control=True)
    zeros = Bool(False).tag(sync=True, control=True)
    bug = Bool(False).tag(sync=True, control=True)
    layers: Any = List(read_only=True).tag(sync=True)
    counts: Any = Bytes(read_only=True).tag(sync=True)  # LEB128
    answers: Any = Bytes(read_only=True).tag(sync=True)  # LEB128
    rms: Any = Bytes(read_only=True).tag(sync=True)  # float32
    right: Any = Int(read_only=True).tag(sync=True)
    images: Any = Int(read_only=True).tag(sync=True)
    scale: Any = Float(read_only=True).tag(sync=True)  # rms of the logits
    heights: ClassVar[tuple[int, int]] = (1078, 1287)
    parts = clip_table, clip_rules, clip_picture

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        for name, value in tables().items():
            self.set_trait(name, value)

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout must say, computed with qlib."""
        place, bits, k = traits["layer"], traits["bits"], traits["cut"]
        rule = Rule(*(traits[name] for name in Rule._fields))
        it, D = table()[place], float(kl_curve(place, bits, rule)[k - 1])
        n, total = it.beyond(k), int(it.h.counts.sum())
        kl = digits(D) if math.isfinite(D) else "infinite"
        reason = why(place, bits, k, rule) if math.isinf(D) else ""
        part = share(n, total)
        here = f"{part}{GLUE}% of the values are" if n else "nothing is"
        end = f"; KL is infinite: {reason}" if reason else ""
        accuracy = percent(rate(place, bits, k).p)
        return {
            "kl": kl,
            "mse": digits(float(errors(place, bits)[k - 1])),
            "accuracy": accuracy,
            "logits": digits(float(logits_errors(place, bits)[k - 1])),
            "notice": f"{picks(place, bits, rule)} {measured(place, bits)} "
            f"At T{GLUE}={GLUE}{said(place, k)}, {here} clipped{end}.",
            "valuetext:cut": f"T = {said(place, k)}"
            f"{' of max |r|' * is_all(place)}, "
            f"{f'{part} percent' if n else 'nothing'} clipped, KL "
            f"{f'infinite: {reason}' if reason else f'{kl} nats'}, "
            f"accuracy {accuracy[:-2]} percent",
        }

    def picture(self, width: int) -> Figure:
        """The histogram, and what depends on T."""
        rule = Rule(self.smoothing, self.zeros, self.bug)
        return clip_picture.draw(width, self.layer, self.bits, self.cut, rule)
