"""One filter over a piece of one scan: what pixel_journey shows.

    acc = b + sum (q - Z) w                                     (1)
    code = clamp(shift(high(acc, M0), n) + Z', qmin, qmax)      (2)

Chapter: int8-convolution
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from qlib import zoo
from qlib.affine import affine_qparams, quantize, symmetric_qparams
from qlib.arrays import Acc, Code
from qlib.data import load
from qlib.int8.conv import accumulate
from qlib.multiplier import Requant, requant_from_real
from qlib.net.fold import fold
from qlib.net.graph import Conv
from qlib.qparams import QParams
from qlib.requant import (
    requantize,
    rounding_shift_right,
    saturating_rounding_doubling_high_mul,
)

SCAN, FILTER, SIDE = 36, 8, 6  # which digit, which of 16 filters, its middle
BIAS, HIGH, SHIFT, STEPS = 10, 11, 12, 14  # 1 to 9 are products


class Layer(NamedTuple):
    """One input, one filter, and everything the chip must know."""

    q: Code  # (1, 1, 6, 6)
    w: Code  # (1, 1, 3, 3)
    bias: Acc
    rq: Requant
    inputs: QParams
    outputs: QParams


@cache
def layer() -> Layer:
    """Filter 8 of the running network over the middle of a handwritten 0."""
    conv = fold(zoo.load("digits-0")).ops[0]
    assert isinstance(conv, Conv)
    W, b = (np.asarray(a)[FILTER : FILTER + 1] for a in (conv.w, conv.b))
    r = load("digits").x[SCAN : SCAN + 1, :, 1:7, 1:7]
    inputs = affine_qparams(np.asarray(0.0), np.asarray(1.0))
    kernel = symmetric_qparams(np.abs(W).max())
    S = inputs.scale * kernel.scale
    bias = np.rint(b / S).astype(np.int32)
    q, w = quantize(r, inputs), quantize(W, kernel)
    acc = accumulate(q, int(inputs.zero_point), w, bias, pad=1)
    outputs = affine_qparams(np.asarray(0.0), np.asarray(S * acc.max()))
    rq = requant_from_real(S / outputs.scale)
    return Layer(q, w, bias, rq, inputs, outputs)


@cache
def trace(zeros: bool) -> Acc:
    """The value of each pixel after each step.   Shapes: (15, 6, 6)."""
    q, w, bias, rq, inputs, outputs = layer()
    m0, n = np.asarray(rq.m0, np.int64), np.asarray(rq.shift, np.int64)
    edge = 0 if zeros else inputs.zero_point
    q = np.pad(q, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=edge)
    taps = np.arange(w.size).reshape(w.shape)
    steps = [
        accumulate(q, int(inputs.zero_point), w * (taps < k), None)
        for k in range(BIAS)
    ]
    steps.append(accumulate(q, int(inputs.zero_point), w, bias))
    steps.append(saturating_rounding_doubling_high_mul(steps[BIAS], m0))
    steps.append(rounding_shift_right(steps[HIGH], n))
    steps.append(steps[SHIFT] + outputs.zero_point)
    steps.append(requantize(steps[BIAS], rq, outputs).astype(np.int32))
    return np.stack(steps)[:, 0, 0]


def place(pixel: int) -> tuple[int, int]:
    """Row and column of a pixel."""
    return pixel // SIDE, pixel % SIDE


def values(pixel: int, zeros: bool) -> list[int]:
    """The value of one pixel after each step."""
    steps: list[int] = trace(zeros)[:, *place(pixel)].tolist()
    return steps


def padded(pixel: int) -> int:
    """How many of its nine taps read padding."""
    inside = [3 - (i in (0, SIDE - 1)) for i in place(pixel)]
    return 9 - inside[0] * inside[1]


def shipped() -> dict[str, Any]:
    """What the browser needs to compute the same."""
    q, w, bias, rq, inputs, outputs = layer()
    return {
        "side": SIDE,
        "codes": q.flatten().tolist(),
        "w": w.flatten().tolist(),
        "bias": int(bias[0]),
        "Z": int(inputs.zero_point),
        "m0": int(rq.m0),
        "shift": int(rq.shift),
        "Zout": int(outputs.zero_point),
        "low": outputs.grid.qmin,
        "high": outputs.grid.qmax,
    }
