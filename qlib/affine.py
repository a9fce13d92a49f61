"""The affine map between reals and codes, and the choice of S and Z.

    r = S (q - Z)                                       (1)
    q = clamp(round(r / S) + Z, qmin, qmax)             (2)
    rmin <= 0 <= rmax,  after widening                  (3)
    S = (rmax - rmin) / (qmax - qmin)                   (4)
    Z = round(qmin - rmin / S)                          (5)
    Z = round(qmax - rmax / S)                          (6)

In real arithmetic (5) and (6) are one number, because of (4); in floating
point they differ in the last bits, and by one code where that number is next
to a tie.  Three rules found in the wild: `tflite`, `gemmlowp`, `fbgemm`.

Source: Jacob et al. 2018 (arXiv:1712.05877), sections 2.1 and 3.
Chapter: affine
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from qlib.arrays import Code, Real, as_code, as_finite, as_real
from qlib.grid import INT8, INT8_NARROW, Grid
from qlib.qparams import QParams
from qlib.rounding import Rounding, half_away, half_even

ZeroPointRule: TypeAlias = Callable[[Real, Real, Grid], tuple[Real, Real]]

FBGEMM_FLOOR = np.float32(6.1e-5)  # about the smallest normal float16


def quantize(r: Real, qp: QParams, rounding: Rounding = half_even) -> Code:
    """Map reals to codes, q = clamp(round(r / S) + Z, qmin, qmax), eq. (2).

    Any integer or float dtype may come in.  r / S is one float64 division;
    the codes are those of exact arithmetic for grids of 28 bits at most,
    where every tie S (k + 1/2) is a float64.  Infinities are clamped.
    Shapes: r (...) -> q (...), stored as qp.grid.dtype.
    Raises: ValueError for NaN, complex or non-numeric r, and a wrong axis.

    >>> from qlib.grid import UINT8
    >>> quantize(np.array([-1.0, 0.25, 200.0]), QParams(0.5, 3, UINT8))
    array([  1,   3, 255], dtype=uint8)
    """
    r = as_real(r)
    S, Z = qp.over(r)
    with np.errstate(over="ignore"):  # r / S may be infinite: it is clamped
        q = rounding(r / S) + Z
    return q.clip(qp.grid.qmin, qp.grid.qmax).astype(qp.grid.dtype)


def dequantize(q: Code, qp: QParams) -> Real:
    """Map codes to reals, r = S (q - Z), eq. (1).

    Exact in float64 while q - Z has 29 bits at most.
    Shapes: q (...) -> r (...), float64.
    Raises: ValueError for codes off the grid or not integers.

    >>> from qlib.grid import UINT8
    >>> dequantize(np.array([1, 3, 255]), QParams(0.5, 3, UINT8))
    array([ -1.,   0., 126.])
    """
    q = as_code(q)
    S, Z = qp.over(q)
    qmin, qmax = qp.grid.qmin, qp.grid.qmax
    if ((q < qmin) | (q > qmax)).any():
        raise ValueError(f"codes must be in [{qmin}, {qmax}], got {q}")
    return S * (q.astype(np.int64) - Z)


def fake_quantize(
    r: Real, qp: QParams, rounding: Rounding = half_even
) -> Real:
    """The reals that survive: eq. (2), then eq. (1).

    Shapes: r (...) -> (...), float64.   Raises: as `quantize`.

    >>> from qlib.grid import UINT8
    >>> fake_quantize(np.array([-1.2, 0.2, 200.0]), QParams(0.5, 3, UINT8))
    array([ -1.,   0., 126.])
    """
    return dequantize(quantize(r, qp, rounding), qp)


def tflite(rmin: Real, rmax: Real, grid: Grid) -> tuple[Real, Real]:
    """Float64; (5) or (6), whichever adds smaller terms; ties away from 0.

    [0, 0]: TFLite stores S = 0 and Z = 0; here S = 1, and Z = 0 or the code
    next to it.  Source: tflite-micro 90b983c2, ChooseQuantizationParams
    in tensorflow/lite/kernels/internal/quantization_util.h:30-98.

    >>> S, Z = tflite(np.float64(-1), np.float64(1), INT8)
    >>> float(Z)  # exactly -1/2 before rounding
    -1.0
    """
    empty = rmin == rmax
    S = np.where(empty, 1.0, (rmax - rmin) / (grid.qmax - grid.qmin))
    Z = np.where(empty, 0.0, half_away(_zero_point(rmin, rmax, S, grid)))
    return S, np.clip(Z, grid.qmin, grid.qmax)


def gemmlowp(rmin: Real, rmax: Real, grid: Grid) -> tuple[Real, Real]:
    """S in float32, then (5) in float64; ties away from 0.

    [0, 0]: undefined in the source, 0 / 0 cast to an integer; here S = 1,
    and Z = 0 or the code next to it.  Source: gemmlowp 16e8662c,
    doc/quantization_example.cc:71-113, which knows uint8 only.

    >>> S, Z = gemmlowp(np.float64(-1), np.float64(1), INT8)
    >>> float(Z)  # -0.5000047 before rounding: S grew in float32
    -1.0
    """
    rmin, rmax = rmin.astype(np.float32), rmax.astype(np.float32)
    empty = rmin == rmax
    S = (rmax - rmin) / np.float32(grid.qmax - grid.qmin)
    S = np.where(empty, 1.0, S.astype(np.float64))
    Z = np.where(empty, 0.0, half_away(grid.qmin - rmin / S))
    return S, np.clip(Z, grid.qmin, grid.qmax)


def fbgemm(rmin: Real, rmax: Real, grid: Grid) -> tuple[Real, Real]:
    """S in float32 and at least 6.1e-5; Z as tflite, but ties to even.

    [0, 0], and any range so small that 1 / S is infinite: S = 0.1, and Z is
    the end of the grid with the smaller |q|, 0 in uint8 and 127 in int8.
    Another S below the floor is raised to it, and the range with it.
    Source: FBGEMM 71d6f8b2, src/QuantUtils.cc:39-142.

    >>> S, Z = fbgemm(np.float64(0), np.float64(1e-6), INT8)
    >>> float(S), float(Z)
    (6.0999998822808266e-05, -128.0)
    """
    rmin, rmax = rmin.astype(np.float32), rmax.astype(np.float32)
    S = (rmax.astype(np.float64) - rmin) / (grid.qmax - grid.qmin)
    S = S.astype(np.float32)
    S = np.where(np.isinf(1 / S), np.float32(0.1), S)
    gain = np.maximum(FBGEMM_FLOOR / S, np.float32(1))
    rmin, rmax = rmin * gain, rmax * gain
    S = np.maximum(S, FBGEMM_FLOOR).astype(np.float64)
    Z = half_even(_zero_point(rmin, rmax, S, grid))
    return S, np.clip(Z, grid.qmin, grid.qmax)


def _zero_point(rmin: Real, rmax: Real, S: Real, grid: Grid) -> Real:
    """Eq. (5) or (6) before rounding: the one with smaller |q| + |r / S|."""
    low, high = rmin / S, rmax / S
    near = abs(grid.qmin) + np.abs(low) < abs(grid.qmax) + np.abs(high)
    return np.where(near, grid.qmin - low, grid.qmax - high)


def affine_qparams(
    rmin: Real,
    rmax: Real,
    grid: Grid = INT8,
    axis: int | None = None,
    zero_point: ZeroPointRule = tflite,
) -> QParams:
    """S and Z for a range, eq. (3)-(6): r = 0 becomes the code Z, exactly.

    The range is first widened to hold 0, so (2.1, 3.5) becomes (0, 3.5).
    The grid's own range, qp.rmin to qp.rmax, differs from it by S / 2 at most
    (but see `fbgemm` for small ranges).
    Shapes: rmin, rmax () without an axis, (channels,) with one.
    Raises: ValueError unless rmin <= rmax, both finite, of one shape, and S
    is a positive float32.

    >>> from qlib.grid import UINT8
    >>> affine_qparams(-10, 30, UINT8).zero_point  # Z = 63.75, rounded
    64
    """
    rmin, rmax = as_finite(rmin, "rmin"), as_finite(rmax, "rmax")
    if rmin.shape != rmax.shape or (rmin > rmax).any():
        raise ValueError(f"rmin <= rmax must hold, got {rmin} and {rmax}")
    with np.errstate(all="ignore"):  # what overflows, QParams refuses
        S, Z = zero_point(np.minimum(rmin, 0.0), np.maximum(rmax, 0.0), grid)
        return QParams(S, Z.astype(np.int64), grid, axis)


def symmetric_qparams(
    absmax: Real, grid: Grid = INT8_NARROW, axis: int | None = None
) -> QParams:
    """Z = 0 and S = absmax / qmax: absmax becomes the highest code.

    absmax = 0 gives S = 1, as TFLite's SymmetricQuantizeFloats does.
    Shapes: absmax () without an axis, (channels,) with one.
    Raises: ValueError for absmax negative, infinite or NaN, and for a grid
    without 0 or without positive codes.

    >>> symmetric_qparams(127.0).scale
    1.0
    """
    absmax = as_finite(absmax, "absmax")
    if (absmax < 0).any():
        raise ValueError(f"absmax must not be negative, got {absmax}")
    if not grid.qmin <= 0 < grid.qmax:
        raise ValueError(f"the grid must hold 0 and more, got {grid}")
    S = np.where(absmax == 0, 1.0, absmax / grid.qmax)
    return QParams(S, 0, grid, axis)
