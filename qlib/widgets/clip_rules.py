"""What each rule makes of a tensor at the 64 thresholds of `clip_table`.

Where all inner tensors are clipped together, a curve is the median over them,

    KL = median(KL[l]),   noise / signal = median(MSE[l] / mean(r[l]^2))  (1)

A KL rule has a smoothing, counts bin 0 or does not, and has or has not the
bug `stop = -1`: the last bin kept of Q gets nothing, and the other bins of
its level get its counts (`qlib.calibrate.wild`).

Chapter: calibration
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from qlib.affine import fake_quantize
from qlib.arrays import Code, Real
from qlib.calibrate.half_axis import qparams
from qlib.calibrate.kl import clip, divergence, kl_at
from qlib.calibrate.mse import mse_curve
from qlib.calibrate.smoothing import (
    Smoothing,
    add_epsilon,
    move_epsilon,
    unsmoothed,
)
from qlib.surface.settings import SHARES
from qlib.widgets.clip_table import (
    CUTS,
    PER,
    choices,
    inner,
    is_all,
    logits_errors,
    table,
    threshold,
)

SMOOTHINGS: dict[str, Smoothing] = {
    "none": unsmoothed,
    "ncnn": add_epsilon,
    "MXNet": move_epsilon,
}


class Rule(NamedTuple):
    """How KL is computed."""

    smoothing: str = "none"
    zeros: bool = False
    bug: bool = False


def spread(kept: Real, levels: int, lost: int) -> Real:
    """Q as `qlib.calibrate.kl.share` has it; its last bins get nothing."""
    k = np.arange(len(kept))
    level, filled = k * levels // len(kept), (kept > 0) & (k < len(k) - lost)
    total, bins = np.bincount(level, kept), np.bincount(level, filled)
    Q: Real = (total / np.maximum(bins, 1))[level]
    return np.where(filled, Q, 0)


def kl_value(counts: Code, i: int, levels: int, rule: Rule) -> float:
    """D(P || Q) in nats, the first i bins kept."""
    smooth, c = SMOOTHINGS[rule.smoothing], counts.astype(float)
    c[: not rule.zeros] = 0
    if not rule.bug:
        return kl_at(c, i, levels, smooth)
    return divergence(smooth(clip(c, i)), smooth(spread(c[:i], levels, 1)))


def middle(curve: Callable[[int], Real]) -> Real:
    """The median over the inner tensors, threshold by threshold."""
    found: Real = np.median([curve(k) for k in inner()], 0)
    return found


@cache
def kl_curve(place: int, bits: int, rule: Rule) -> Real:
    """KL at each threshold, or its median.   Shapes: (64,)."""
    if is_all(place):
        return middle(lambda k: kl_curve(k, bits, rule))
    h, levels = table()[place].h, table()[place].levels(bits)
    return np.array([kl_value(h.counts, PER * k, levels, rule) for k in CUTS])


def candidates(place: int, bits: int) -> range:
    """The thresholds with as many bins as levels, but not the full range."""
    each = inner() if is_all(place) else [place]
    levels = max(table()[k].levels(bits) for k in each)
    return range(max(1, -(-levels // PER)), CUTS[-1])


def kl_pick(place: int, bits: int, rule: Rule) -> int | None:
    """The first minimum, unless KL is infinite at all candidates."""
    D = kl_curve(place, bits, rule)
    k = min(candidates(place, bits), key=lambda k: float(D[k - 1]))
    return k if np.isfinite(D[k - 1]) else None


def kl_choice(place: int, bits: int, rule: Rule) -> float | None:
    """T by KL: of all candidates for the plain rule and one tensor, else of
    the thresholds that are measured."""
    if rule.bug or rule.smoothing != "none" or is_all(place):
        k = kl_pick(place, bits, rule)
        return k and threshold(place, k)
    return choices(place, bits)[1 + rule.zeros]


def mse_choice(place: int, bits: int) -> float:
    """T by MSE: of 256 candidates, or of the 64 for all tensors."""
    if is_all(place):
        return threshold(place, mse_pick(place, bits))
    return choices(place, bits)[0]


@cache
def errors(place: int, bits: int) -> Real:
    """MSE, or noise / signal.   Shapes: (64,)."""
    if is_all(place):
        return middle(lambda k: errors(k, bits) / table()[k].energy)
    it = table()[place]
    return mse_curve(it.h, it.grid(bits), SHARES)


def rounding(place: int, bits: int) -> Real:
    """The part of `errors` of the values within T; the rest is clipping.

    Shapes: (64,).
    """
    if is_all(place):
        return middle(lambda k: rounding(k, bits) / table()[k].energy)
    it, c, found = table()[place], table()[place].h.centres, []
    for k in CUTS:
        T, grid = threshold(place, k), it.grid(bits)
        e = c - fake_quantize(c, qparams(-T * it.signed, T, grid))
        kept = np.where(np.arange(len(c)) < PER * k, it.h.counts, 0)
        found.append(np.sum(e * e * kept) / it.h.counts.sum())
    return np.array(found)


def mse_pick(place: int, bits: int) -> int:
    """The first of the smallest."""
    return CUTS[int(np.argmin(errors(place, bits)))]


def logits_pick(place: int, bits: int) -> int:
    """Where the logits are least wrong."""
    return CUTS[int(np.argmin(logits_errors(place, bits)))]
