"""The roundings of `qlib.requant` as one formula.

    t = x m
    M x = (t + c + (f if t + r < 0 else 0)) >> s                    (1)

    two roundings   m = M0 2^left,  r = 2^(bits-1),  s = bits + n,
                    c = r + 2^(n-1+bits),  f = -2^bits              (2)
    ties up, twice  the same, with f = 0                            (3)
    one rounding    m = M0,  c = 2^(s-1),  f = 0,  s = bits + n     (4)

In (2) and (3) n is 0 where the shift is to the left; where n is 0, f and the
second term of c are.  Bits dropped in two shifts are bits dropped in one, so
M x needs one.  With h = (t + r) >> bits, ties away from zero are

    sign(h) ((|h| + 2^(n-1)) >> n) = (h + 2^(n-1) - [h < 0]) >> n   (5)

All of it fits int64: |t| <= 2^62, and c < 2^62.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qlib import requant
from qlib.arrays import Acc
from qlib.fast.kernels import Ends
from qlib.int8.step import Output
from qlib.multiplier import Requant
from qlib.requant import Scaling

LONG = 512


@dataclass(frozen=True, eq=False)
class Scaled:
    """From the accumulators of K filters to codes, eq. (1).

    filters  K
    b        (L,) int32: the bias, added first; `repeated`
    table    (4, L) int64: m, c, f and s; `repeated`
    ends     r, Z, qmin - Z, qmax - Z
    dtype    of the codes
    """

    filters: int
    b: Acc
    table: Acc
    ends: Ends
    dtype: np.dtype[np.integer[Any]]


def scaled(b: Acc, out: Output) -> Scaled | None:
    """Eq. (1) for an output stage; None if it is none of (2) to (4).

    Shapes: b (K,).

    >>> out = Output(Requant(2**30, 1), 5, 5, 127, np.dtype(np.int8))
    >>> scaled(np.zeros(1, np.int32), out).table[:, 0]
    array([ 1073741824,  3221225472, -2147483648,          32])
    """
    rows = _rows(out.rq, out.scale_by)
    if rows is None:
        return None
    table = np.array([np.broadcast_to(a, b.shape) for a in rows])
    Z, r = out.zero_point, 1 << (out.rq.bits - 1)
    ends = r, Z, out.qmin - Z, out.qmax - Z
    b = b.astype(np.int32)
    return Scaled(len(b), repeated(b), repeated(table), ends, out.dtype)


def repeated(a: Acc) -> Acc:
    """The last axis over and over: loops are long where filters are few.

    Shapes: (..., K) -> (..., L), L a multiple of K and near LONG.

    >>> repeated(np.array([1, 2])).shape
    (512,)
    """
    times = max(1, LONG // a.shape[-1])
    return np.ascontiguousarray(np.tile(a, times))


def _rows(rq: Requant, scale_by: Scaling) -> tuple[Acc, ...] | None:
    """m, c, f and s of eq. (2), (3) or (4)."""
    m0, n = np.array([np.ravel(rq.m0), np.ravel(rq.shift)])
    bits, one, none = rq.bits, np.ones_like(n), 0 * n
    right, m = np.maximum(n, 0), m0 << np.clip(-n, 0, 32)
    half = (one << right) >> 1
    c, f = (1 << (bits - 1)) + (half << bits), -(np.sign(right) << bits)
    match scale_by:
        case requant.multiply:
            return m, c, f, bits + right
        case requant.multiply_ties_up:
            return m, c, none, bits + right
        case requant.multiply_single_rounding:
            return m0, one << (bits + n - 1), none, bits + n
    return None
