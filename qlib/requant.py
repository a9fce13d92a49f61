"""Multiplying an int32 accumulator by a real number, with integers alone.

    M = M0 2^(-31 - n)                                      (1)
    high(a, b) = floor((a b + 2^30) / 2^31)                 (2)
    shift(x, n) = sign(x) floor((|x| + 2^(n-1)) / 2^n)      (3)
    two roundings:  shift(high(x, M0), n)                   (4)
    one rounding:   floor((x M0 + 2^(30+n)) / 2^(31+n))     (5)
    q = clamp(scaled accumulator + Z, qmin, qmax)           (6)

Ties go up in (2) and (5), away from zero in (3).  For n < 0, that is
M >= 1, (4) first multiplies x by 2^-n.  A multiplier with fewer fraction
bits has its number in the place of 31.  This file is ON DEVICE: integers.

Source: Jacob et al. 2018 (arXiv:1712.05877), section 2.2 and appendix B;
gemmlowp 16e8662c, fixedpoint/fixedpoint.h; tflite-micro 90b983c2,
tensorflow/lite/kernels/internal/common.cc.   Chapter: requantization
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from qlib.arrays import Acc, Code, as_code
from qlib.grid import INT32
from qlib.multiplier import Requant, requant_from_real
from qlib.qparams import QParams

__all__ = [
    "Requant",
    "multiply",
    "multiply_single_rounding",
    "multiply_ties_up",
    "requant_from_real",
    "requantize",
    "rounding_shift_right",
    "rounding_shift_right_up",
    "saturating_rounding_doubling_high_mul",
]


Scaling: TypeAlias = Callable[[Acc, Requant], Acc]


def saturating_rounding_doubling_high_mul(a: Acc, b: Acc) -> Acc:
    """The upper half of 2ab, floor((ab + 2^30) / 2^31), eq. (2).

    Ties go up; (-2^31)^2 saturates to 2^31 - 1.  Arm: SQRDMULH.
    Shapes: a, b int32, broadcast.   Raises: ValueError beyond int32.

    >>> saturating_rounding_doubling_high_mul([3, -3], 2**30)  # halves
    array([ 2, -1], dtype=int32)
    """
    high = _high(_int32(a, "a"), _int32(b, "b"), 31)
    return np.minimum(high, INT32.qmax).astype(np.int32)


def rounding_shift_right(x: Acc, n: Acc) -> Acc:
    """x / 2^n to the nearest, ties away from zero, eq. (3).

    Source: RoundingDivideByPOT, gemmlowp fixedpoint.h.
    Shapes: x int32, n, broadcast.
    Raises: ValueError for x beyond int32 or n outside [0, 31].

    >>> rounding_shift_right([12, -12], 3)
    array([ 2, -2], dtype=int32)
    """
    return _shift_away(_int32(x, "x"), _shift(n))


def rounding_shift_right_up(x: Acc, n: Acc) -> Acc:
    """x / 2^n to the nearest, ties up: floor((x + 2^(n-1)) / 2^n).

    Arm: SRSHL with a negative count; ruy's kernels.
    Shapes and errors: as `rounding_shift_right`.

    >>> rounding_shift_right_up([12, -12], 3)
    array([ 2, -1], dtype=int32)
    """
    return _shift_up(_int32(x, "x"), _shift(n))


def multiply(acc: Acc, rq: Requant) -> Acc:
    """M acc with two roundings, eq. (4): gemmlowp, TFLite by default.

    Shapes: acc int32 and rq broadcast -> int32.
    Raises: ValueError where acc 2^left leaves int32.

    >>> multiply(1, requant_from_real(0.25))  # 1/4 -> 1/2 -> 1
    np.int32(1)
    """
    high = _high(_shifted_left(acc, rq), rq.m0, rq.bits)
    return _shift_away(high, np.maximum(rq.shift, 0))


def multiply_ties_up(acc: Acc, rq: Requant) -> Acc:
    """`multiply` with ties up in the shift too: ruy on x86.

    >>> rq = requant_from_real(0.25)
    >>> multiply(-2, rq), multiply_ties_up(-2, rq)  # -1/2
    (np.int32(-1), np.int32(0))
    """
    high = _high(_shifted_left(acc, rq), rq.m0, rq.bits)
    return _shift_up(high, np.maximum(rq.shift, 0))


def multiply_single_rounding(acc: Acc, rq: Requant) -> Acc:
    """M acc with one rounding, eq. (5): the nearest, ties up.

    Source: TFLITE_SINGLE_ROUNDING, CMSIS_NN_USE_SINGLE_ROUNDING.
    Shapes: acc int32 and rq broadcast -> int32.
    Raises: ValueError unless bits + n > 0 (M < 2^30) and the result fits.

    >>> multiply_single_rounding(1, requant_from_real(0.25))
    array(0, dtype=int32)
    """
    right = rq.bits + rq.shift
    if np.any(right < 1):
        raise ValueError(
            f"one rounding needs a left shift below {rq.bits}, got {-rq.shift}"
        )
    product = _int32(acc, "acc") * rq.m0
    scaled = (product + (np.int64(1) << (right - 1))) >> right
    return _int32(scaled, "the scaled accumulator").astype(np.int32)


def requantize(
    acc: Acc, rq: Requant, qp: QParams, scale_by: Scaling = multiply
) -> Code:
    """The codes of an accumulator: scale, add Z, clamp, eq. (6).

    Shapes: acc (...) and rq broadcast -> (...), stored as qp.grid.dtype.
    Raises: ValueError as `scale_by`, and for a wrong axis of qp.

    >>> from qlib.grid import INT8
    >>> requantize([-400, 10], requant_from_real(0.3), QParams(1.0, 5, INT8))
    array([-115,    8], dtype=int8)
    """
    scaled = scale_by(acc, rq)
    _, Z = qp.over(scaled)
    q = (scaled + Z).clip(qp.grid.qmin, qp.grid.qmax)
    return q.astype(qp.grid.dtype)


def _high(a: Acc, b: int | Code, bits: int) -> Acc:
    """Eq. (2) in int64, where |a b| <= 2^62 fits; 2^31 if all are -2^31."""
    high: Acc = (a * b + (1 << (bits - 1))) >> bits
    return high


def _shift_away(x: Acc, n: Acc) -> Acc:
    """Eq. (3) of int64 that fit int32."""
    half = (1 << n) >> 1
    nearest: Acc = np.sign(x) * ((np.abs(x) + half) >> n)
    return nearest.astype(np.int32)


def _shift_up(x: Acc, n: Acc) -> Acc:
    """x / 2^n to the nearest, ties up, of int64 that fit int32."""
    return ((x + ((1 << n) >> 1)) >> n).astype(np.int32)


def _shifted_left(acc: Acc, rq: Requant) -> Acc:
    """acc 2^-n where n < 0, else acc; as int64, known to fit int32."""
    x, left = _int32(acc, "acc"), np.clip(-rq.shift, 0, 32)
    if not left.any():
        return x
    shifted: Acc = x << left
    if _leaves_int32(shifted):
        raise ValueError(
            f"acc 2^left must fit int32, got acc {x} and left {left}"
        )
    return shifted


def _leaves_int32(a: Code) -> bool:
    """Whether any of a is beyond int32."""
    low, high = a.min(initial=0), a.max(initial=0)
    return bool(low < INT32.qmin or high > INT32.qmax)


def _int32(x: npt.ArrayLike, name: str) -> Acc:
    """Let int32 values in, as int64: products must not wrap."""
    a = as_code(x, name)
    if _leaves_int32(a):
        raise ValueError(f"{name} must fit int32, got {a}")
    return a.astype(np.int64)


def _shift(n: npt.ArrayLike) -> Acc:
    """Let a right shift in."""
    a = as_code(n, "n")
    if ((a < 0) | (a > 31)).any():
        raise ValueError(f"n must be in [0, 31], got {a}")
    return a.astype(np.int64)
