"""What the widget `where_to_clip` shows of each tensor, and how it travels.

One network, digits-0, folded; thresholds T = k / 64 max |r|, k = 1 .. 64,
which is the upper edge of bin i - 1, i = 32 k, of the 2048 bins of |r|.
Accuracies and errors are those of `qlib.surface`; the last place clips all
inner tensors together, and its |r| is in units of each tensor's max |r|.

Chapter: calibration
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from qlib.arrays import Real
from qlib.calibrate.half_axis import half_levels
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import kl
from qlib.calibrate.mse import mse
from qlib.calibrate.percentile import percentile
from qlib.grid import Grid
from qlib.net.collect import collect_magnitudes
from qlib.stats import Rate, mcnemar
from qlib.surface.settings import BITS, SHARES, grid_of, places, subject
from qlib.surface.store import load

BINS, CUTS = 2048, range(1, 65)
PER = BINS // len(CUTS)  # bins from one threshold to the next
NETWORK = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A place of the surface: its name, and the histogram of |r|."""

    name: str
    h: Histogram
    signed: bool

    @property
    def energy(self) -> float:
        """mean(r^2), bin by bin."""
        return float(np.average(self.h.centres**2, weights=self.h.counts))

    def grid(self, bits: int) -> Grid:
        """The grid on which the surface clips it."""
        return grid_of((-self.h.rmax * self.signed, self.h.rmax), bits)

    def levels(self, bits: int) -> int:
        """The codes for |r|."""
        return half_levels(self.h, self.grid(bits))

    def beyond(self, k: int) -> int:
        """How many values lie beyond threshold k."""
        return int(self.h.counts[PER * k :].sum())


def readable(name: str) -> str:
    """A tensor's name as readers see it.

    >>> readable("block1.depthwise.relu6")
    'block 1 depthwise'
    """
    known = {"x": "input", "dense": "logits"}
    name = re.sub(r"\.(relu6|norm)$", "", known.get(name, name))
    return name.replace("block", "block ").replace(".", " ")


@cache
def table() -> tuple[Tensor, ...]:
    """All places, in order."""
    s = subject(NETWORK)
    h = collect_magnitudes(s.net, [s.calibration], BINS)
    each = [
        Tensor(readable(name), h[name], s.ranges[name][0] < 0)
        for name, *_ in places()[:-1]
    ]
    total = np.sum([it.h.counts for it in each[1:-1]], 0)
    together = Histogram(total, 0.0, 1.0)
    return *each, Tensor("all inner layers", together, False)


def inner() -> range:
    """The places that the last one is made of."""
    return range(1, len(table()) - 2)


def is_all(place: int) -> bool:
    """Whether this is the last place."""
    return place == len(table()) - 1


def threshold(place: int, k: int) -> float:
    """T, in units of r, or of max |r|."""
    return float(SHARES[k - 1] * table()[place].h.rmax)


def upper(place: int) -> float:
    """What 99.99 % of all |r| do not exceed."""
    it = table()[place]
    return percentile(it.h, it.grid(8))[1]


@cache
def choices(place: int, bits: int) -> tuple[float, float, float]:
    """T by qlib, of all its candidates: MSE, KL, KL with bin 0 counted."""
    h, grid = table()[place].h, table()[place].grid(bits)
    counted, ignored = (kl(h, grid, ignore_zeros=z)[1] for z in (False, True))
    return mse(h, grid)[1], ignored, counted


def answers(place: int, bits: int) -> list[tuple[int, int]]:
    """Images lost and won at each threshold."""
    s, at = load(), (NETWORK, place, BITS.index(bits))
    return list(zip(s.lost[at].tolist(), s.won[at].tolist(), strict=True))


def reference() -> Rate:
    """The accuracy in reals, on images that the network never saw."""
    return Rate(int(load().right[NETWORK]), int(load().n[NETWORK]))


def rate(place: int, bits: int, k: int) -> Rate:
    """The accuracy at threshold k."""
    lost, won = answers(place, bits)[k - 1]
    return Rate(reference().k - lost + won, reference().n)


@cache
def unseen(place: int, bits: int) -> tuple[int, int] | None:
    """First and last of the widest run at which McNemar's p > 0.05."""
    best: list[int] = []
    run: list[int] = []
    for k, (b, c) in zip(CUTS, answers(place, bits), strict=True):
        first = np.repeat([True, False], [b, c])
        same = b + c == 0 or mcnemar(first, ~first) > 0.05
        run = [*run, k] if same else []
        best = max(best, run, key=len)
    return (best[0], best[-1]) if best else None


def logits_errors(place: int, bits: int) -> Real:
    """rms error of the logits, as it travels.   Shapes: (64,)."""
    rms = load().rms[NETWORK, place, BITS.index(bits)]
    return np.array(rms, "<f4").astype(float)


def varints(numbers: Iterable[int]) -> bytes:
    """LEB128: seven bits a byte, the lowest first, 128 says more follow.

    >>> varints([5, 300]).hex()
    '05ac02'
    """
    out = bytearray()
    for n in map(int, numbers):
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
    return bytes(out)


@cache
def tables() -> dict[str, Any]:
    """What the browser needs; the rows of `answers` and `rms` by place, bits
    and threshold."""
    s = load()
    described = [
        {"name": it.name, "signed": it.signed, "max": it.h.rmax,
         "upper": upper(k),
         "picks": None if is_all(k) else [choices(k, b) for b in BITS]}
        for k, it in enumerate(table())
    ]  # fmt: skip
    counts = np.concatenate([it.h.counts for it in table()[:-1]])
    both = np.concatenate([s.lost[NETWORK].ravel(), s.won[NETWORK].ravel()])
    return {
        "layers": described,
        "counts": varints(counts),
        "answers": varints(both),
        "rms": s.rms[NETWORK].astype("<f4").tobytes(),
        "right": reference().k,
        "images": reference().n,
        "scale": float(s.scale[NETWORK]),
    }
