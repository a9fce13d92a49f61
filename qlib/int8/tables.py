"""What the steps of a program hold: multipliers, clamps, tables.

    clamp     relu   [Z, qmax]   relu6  [Z, Z + round(6 / S)]           (1)
    mean      M0' = floor(M0 2^s / count),  n' = n + s,
              s = floor(log2 count), at most 31 - n                     (2)
    sigmoid   table[q - qmin] = round(1 / (1 + exp(-S (q - Z))) / Sy) + Zy
    softmax   exps[d] = round(2^30 exp(-S d)),
              shares[d] = round(2^30 exp(-S d) / Sy)                    (3)

Ties go away from zero.  (1) and the table of sigmoid are computed in
float32, as TFLite does; numpy's own exp of float32 is off by an ulp at
times, which moves a code in a million.  This file is OFFLINE.

Source: LiteRT, tflite/kernels/kernel_util.cc, activations.cc and
internal/reference/reduce.h.   Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Acc, Code, Real
from qlib.multiplier import Requant, requant_from_real
from qlib.qparams import QParams
from qlib.rounding import half_away


def clamp(fused: str, qp: QParams) -> tuple[int, int]:
    """The codes that an activation lets pass, eq. (1).

    >>> from qlib.grid import INT8
    >>> clamp("relu6", QParams(0.1, -100, INT8))
    (-100, -40)
    """
    (qmin, qmax), Z = (qp.grid.qmin, qp.grid.qmax), int(qp.zero_point)
    six = Z + int(half_away(np.divide(6, qp.scale, dtype=np.float32)))
    return (
        qmin if fused == "none" else max(qmin, Z),
        min(qmax, six) if fused == "relu6" else qmax,
    )


def mean_multiplier(M: float | Real, count: int) -> Requant:
    """M / count as `reduce.h` makes it, eq. (2): a quotient cut off.

    >>> mean_multiplier(1.0, 3)  # 2/3 of 1/2
    Requant(m0=715827882, shift=0, bits=31)
    """
    rq = requant_from_real(M)
    n = int(rq.shift)
    s = min(count.bit_length() - 1, 31 - n)
    return Requant((int(rq.m0) << s) // count, n + s)


def sigmoid_table(x: QParams, y: QParams) -> Code:
    """The code of sigmoid for each code of x, in order.

    >>> from qlib.grid import INT8
    >>> x, y = QParams(0.1, 0, INT8), QParams(1 / 256, -128, INT8)
    >>> sigmoid_table(x, y)[[0, 128, 255]]
    array([-128,    0,  127], dtype=int8)
    """
    f32, one = np.float32, np.float32(1)
    q = np.arange(x.grid.qmin, x.grid.qmax + 1) - x.zero_point
    with np.errstate(over="ignore"):  # exp(89) is infinite, and r is 0
        e = np.exp(-np.float64(f32(x.scale) * q.astype(f32))).astype(f32)
    r = one / (one + e)
    codes = half_away(r * (one / f32(y.scale))) + y.zero_point
    return codes.clip(y.grid.qmin, y.grid.qmax).astype(y.grid.dtype)


def softmax_tables(x: QParams, y: QParams) -> tuple[Acc, Acc]:
    """exps and shares for d = 0 .. levels - 1, eq. (3), int64.

    Raises: ValueError for an output scale below 2^-29.

    >>> from qlib.grid import INT8
    >>> x, y = QParams(0.1, 0, INT8), QParams(1 / 256, -128, INT8)
    >>> [int(table[0]) for table in softmax_tables(x, y)]
    [1073741824, 274877906944]
    """
    if y.scale < 2**-29:
        raise ValueError(f"softmax needs a scale from 2^-29 on, got {y.scale}")
    exps = 2**30 * np.exp(-x.scale * np.arange(x.grid.levels))
    first, second = (
        half_away(e).astype(np.int64) for e in (exps, exps / y.scale)
    )
    return first, second
