"""What the widget `one_layer` shows of each layer, in numbers.

Accuracies are pooled over the five networks `digits`.  Weights can be drawn
of one network only: of that in which the folded filters of the layer lie
furthest apart,

    ratio = max_k a[k] / min_k a[k],   a[k] = max |w[k]|           (1)

A filter is dead if batch norm saw no variance behind it in training.

Chapter: mobilenet
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.affine import quantize
from qlib.arrays import Code, Real
from qlib.grid import narrow, signed
from qlib.net.fields import present
from qlib.net.fold import fold
from qlib.net.graph import BatchNorm
from qlib.stats import Rate, mcnemar
from qlib.widgets.sensitivity import (
    BITS,
    GRIDS,
    filter_ranges,
    layers,
    recorded,
    weights,
)
from qlib.zoo import folds

BINS = 61  # of a histogram, an odd number: 0 lies in the middle of one
DEAD = 1e-12  # a variance that is no variance
FULL = 1000  # p values travel in thousandths, cut off


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer, and its weights in one network, widest filter first.

    name     as readers see it
    network  of the five, from 0
    w        before and after folding, (K, ...) each, sorted alike
    dead     which of the filters are dead, (K,)
    """

    name: str
    network: int
    w: tuple[Real, Real]
    dead: npt.NDArray[np.bool]

    def ratio(self, folded: bool) -> float:
        """Eq. (1), in float32 as it is drawn."""
        a = filter_ranges(self.w[folded]).astype(np.float32)
        return float(a.max() / a.min())


@dataclass(frozen=True)
class Cell:
    """One layer at one setting.

    lost, won, p  pooled, against the real networks; McNemar's p by FULL
    most, where   the network that loses most: how many, and which
    zeros, empty  weights and whole filters that become 0
    kept          codes above 0 that the narrowest filter reaches
    """

    lost: int
    won: int
    p: int
    most: int
    where: int
    zeros: int
    empty: int
    kept: int


def rate(place: int, folded: bool, bits: int, grid: str) -> Rate:
    """The pooled accuracy with this layer in codes; the last place is all."""
    c, at = recorded(), (place, int(folded), *_at(bits, grid))
    k = c.right.sum() - c.lost[:, *at].sum() + c.won[:, *at].sum()
    return Rate(int(k), int(c.n.sum()))


def reference() -> Rate:
    """The pooled accuracy in reals."""
    return Rate(int(recorded().right.sum()), int(recorded().n.sum()))


def _at(bits: int, grid: str) -> tuple[int, int]:
    return BITS.index(bits), list(GRIDS).index(grid)


@cache
def table() -> tuple[Layer, ...]:
    """Every layer, in order."""
    nets = folds("digits")
    real = [layers(net) for net in nets]
    folded = [layers(fold(net)) for net in nets]
    norms = [{op.x: op for op in net.ops if isinstance(op, BatchNorm)}
             for net in nets]  # fmt: skip
    found = []
    for k, op in enumerate(real[0]):
        ranges = [filter_ranges(weights(ops[k])) for ops in folded]
        i = int(np.argmax([a.max() / a.min() for a in ranges]))
        order = np.argsort(-ranges[i], kind="stable")
        w = (weights(ops[i][k])[order] for ops in (real, folded))
        norm = norms[i].get(op.y)
        var = np.ones(len(order)) if norm is None else norm.var
        dead = (present(op.y, var) < DEAD)[order]
        name = op.y.removesuffix(".conv").replace(".", " ")
        name = name.replace("block", "block ")
        before, after = w
        found.append(Layer(name, i, (before, after), dead))
    return tuple(found)


@cache
def cell(place: int, folded: bool, bits: int, grid: str) -> Cell:
    """A layer at a setting, by qlib."""
    c, at = recorded(), (place, int(folded), *_at(bits, grid))
    lost, won = c.lost[:, *at], c.won[:, *at]
    b, c_ = int(lost.sum()), int(won.sum())
    first = np.repeat([True, False], [b, c_])
    p = int(FULL * mcnemar(first, ~first)) if b + c_ else FULL
    w = table()[place].w[folded]
    q = np.abs(quantize(w, GRIDS[grid](w, bits)).astype(int))
    tops = filter_ranges(q)
    return Cell(
        lost=b,
        won=c_,
        p=p,
        most=int(lost.max()),
        where=int(lost.argmax()),
        zeros=int(np.sum(q == 0)),
        empty=int(np.sum(tops == 0)),
        kept=int(tops[filter_ranges(w).argmin()]),
    )


def qmax(bits: int) -> int:
    """The highest code."""
    return narrow(signed(bits)).qmax


def settings() -> list[tuple[bool, int, str]]:
    """folded, bits, grid: all of them, the last one changing first."""
    return list(product((False, True), BITS, GRIDS))


def histogram(place: int, folded: bool, grid: str) -> Code:
    """Weights by w / (their step times the highest code), in BINS bins.

    Shapes: (BINS,), from -1 to 1.
    """
    w = table()[place].w[folded]
    a = filter_ranges(w).reshape(-1, *[1] * (w.ndim - 1))
    top = a if grid == "channel" else a.max()
    return np.histogram(w / top, BINS, (-1, 1))[0]


def described(it: Layer) -> dict[str, Any]:
    """A layer without its weights."""
    return {
        "name": it.name,
        "network": it.network,
        "filters": len(it.dead),
        "weights": it.w[0].size,
        "dead": int(it.dead.sum()),
        "ratio": [it.ratio(False), it.ratio(True)],
    }


@cache
def tables() -> dict[str, Any]:
    """What the browser needs, little-endian; rows as `settings` has them."""
    every = range(len(table()))
    cells = [
        list(vars(cell(k, *at)).values()) for k in every for at in settings()
    ]
    rates = [
        (it.p, it.low, it.high)
        for k in [*every, len(every)]
        for it in (rate(k, *at) for at in settings())
    ]
    ranges = [filter_ranges(w) for it in table() for w in it.w]
    both = product(every, (False, True), GRIDS)
    counts = [histogram(*at) for at in both]
    return {
        "layers": [described(it) for it in table()],
        "cells": np.array(cells, "<i2").tobytes(),
        "rates": np.array(rates, "<f4").tobytes(),
        "ranges": np.concatenate(ranges).astype("<f4").tobytes(),
        "counts": np.array(counts, "<i2").tobytes(),
        "real": reference().p,
    }
