"""How real engines bring an accumulator to codes: the same signature each.

    q = clamp(round(acc Sx Sw / Sy) + Z, qmin, qmax)        (1)

They differ in the rounding, in the order of the float operations, and in
where Z is added.  All are called `(acc, S_in, S_w, S_out, qp)`; qp holds Z
and the grid of the output.  Per channel, S_w has the shape that broadcasts
over acc: (K, 1, 1) for (N, K, P, Q).  Floats are used here: `run` never
calls these.  Who does what: `qlib.int8.dialects`.

Shapes: acc (...) int32 -> (...), stored as qp.grid.dtype.
Raises: ValueError for acc that is not int32, scales that are not positive.
Chapter: requantization
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from qlib.arrays import Acc, Code, Real, as_code, as_finite
from qlib.grid import INT32
from qlib.multiplier import requant_from_real
from qlib.qparams import QParams
from qlib.requant import (
    Scaling,
    multiply,
    multiply_single_rounding,
    multiply_ties_up,
    requantize,
)
from qlib.rounding import half_away

Scale: TypeAlias = npt.ArrayLike
Rescale: TypeAlias = Callable[[Acc, Scale, Scale, Scale, QParams], Code]


def two_roundings(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """Integers; ties up, then away from zero.  M in float64.

    >>> from qlib.grid import INT8
    >>> two_roundings([1, -2], 0.5, 0.5, 1.0, QParams(1.0, 0, INT8))
    array([ 1, -1], dtype=int8)
    """
    return _integers(acc, S_in, S_w, S_out, qp, multiply)


def two_roundings_ties_up(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """Integers; ties up, both times.  M in float64.

    >>> from qlib.grid import INT8
    >>> two_roundings_ties_up([1, -2], 0.5, 0.5, 1.0, QParams(1.0, 0, INT8))
    array([1, 0], dtype=int8)
    """
    return _integers(acc, S_in, S_w, S_out, qp, multiply_ties_up)


def one_rounding(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """Integers; ties up, once.  M in float64.

    >>> from qlib.grid import INT8
    >>> one_rounding([1, -2], 0.5, 0.5, 1.0, QParams(1.0, 0, INT8))
    array([0, 0], dtype=int8)
    """
    return _integers(acc, S_in, S_w, S_out, qp, multiply_single_rounding)


def float64_half_away(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """acc (Sx Sw / Sy) in float64; ties away from zero.

    >>> from qlib.grid import INT8
    >>> float64_half_away([1, -2], 0.5, 0.5, 1.0, QParams(1.0, 0, INT8))
    array([ 0, -1], dtype=int8)
    """
    a, (x, w, y) = _acc(acc), _scales(np.float64, S_in, S_w, S_out)
    return _clamped(half_away(a * (x * w / y)), qp)


def float32_half_even(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """acc ((Sx Sw) / Sy) in float32; ties to even; then Z.

    >>> from qlib.grid import INT8
    >>> float32_half_even([2, 6], 0.5, 0.5, 1.0, QParams(1.0, 1, INT8))
    array([1, 3], dtype=int8)
    """
    a, (x, w, y) = _acc(acc), _scales(np.float32, S_in, S_w, S_out)
    return _clamped(np.rint(a.astype(np.float32) * (x * w / y)), qp)


def float32_reciprocal(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """acc ((Sx Sw) (1 / Sy)) in float32; ties to even; then Z.

    The multiplier is an ulp off `float32_half_even` at times: it shows where
    acc Sx Sw / Sy is a tie in the reals and no scale is a power of two.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.6, 0, INT8)
    >>> float32_half_even([15], 0.2, 0.7, 0.6, qp)  # 3.5 in the reals
    array([3], dtype=int8)
    >>> float32_reciprocal([15], 0.2, 0.7, 0.6, qp)
    array([4], dtype=int8)
    """
    a, (x, w, y) = _acc(acc), _scales(np.float32, S_in, S_w, S_out)
    M = x * w * (np.float32(1) / y)
    return _clamped(np.rint(a.astype(np.float32) * M), qp)


def float32_half_even_after_z(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """((acc Sx) Sw) (1 / Sy) + Z in float32, then the rounding, to even.

    With odd Z a tie goes the other way than in `float32_half_even`.

    >>> from qlib.grid import INT8
    >>> float32_half_even_after_z([2, 6], 0.5, 0.5, 1.0, QParams(1.0, 1, INT8))
    array([2, 2], dtype=int8)
    """
    a, (x, w, y) = _acc(acc), _scales(np.float32, S_in, S_w, S_out)
    _, Z = qp.over(a)
    r = a.astype(np.float32) * x * w * (np.float32(1) / y)
    return _clamped(np.rint(r + Z.astype(np.float32)) - Z, qp)


def float32_half_away(
    acc: Acc, S_in: Scale, S_w: Scale, S_out: Scale, qp: QParams
) -> Code:
    """acc / (1/Sx 1/Sw) (1/Sy) in float32; ties away from zero; then Z.

    The engine stores the inverse of each scale, and inverts the product.

    >>> from qlib.grid import INT8_NARROW
    >>> qp = QParams(1.0, 0, INT8_NARROW)
    >>> float32_half_away([2, -6], 0.5, 0.5, 1.0, qp)
    array([ 1, -2], dtype=int8)
    """
    a, (x, w, y) = _acc(acc), _scales(np.float32, S_in, S_w, S_out)
    one = np.float32(1)
    r = a.astype(np.float32) * (one / ((one / x) * (one / w)))
    return _clamped(half_away(r * (one / y)), qp)


def _integers(
    acc: Acc,
    S_in: Scale,
    S_w: Scale,
    S_out: Scale,
    qp: QParams,
    scale_by: Scaling,
) -> Code:
    """`requantize` with M = Sx Sw / Sy."""
    x, w, y = _scales(np.float64, S_in, S_w, S_out)
    return requantize(acc, requant_from_real(x * w / y), qp, scale_by)


def _clamped(scaled: Real, qp: QParams) -> Code:
    """Whole numbers plus Z, on the grid."""
    q = scaled.astype(np.float64) + qp.zero_point
    return q.clip(qp.grid.qmin, qp.grid.qmax).astype(qp.grid.dtype)


def _scales(dtype: type[np.floating], *scales: Scale) -> list[Real]:
    """Scales as float32 stores them, in the dtype to compute with."""
    held = [as_finite(S, "scale").astype(np.float32) for S in scales]
    if not all((S > 0).all() for S in held):
        raise ValueError(f"scales must be positive, got {scales}")
    return [S.astype(dtype) for S in held]


def _acc(acc: Acc) -> Acc:
    """Let int32 accumulators in."""
    a = as_code(acc, "acc")
    if ((a < INT32.qmin) | (a > INT32.qmax)).any():
        raise ValueError(f"acc must fit int32, got {a}")
    return a.astype(np.int64)
