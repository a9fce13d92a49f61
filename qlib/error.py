"""How far the quantized reals are from the reals, r' from r.

    mse   = mean (r - r')^2                            (1)
    sqnr  = 10 log10(sum r^2 / sum (r - r')^2)  in dB  (2)
    r - r' = (c - r') + (r - c),  c = clamp(r)         (3)
             rounding    clipping

In (3) c is r clamped to the reals of the grid, [rmin, rmax].  Of each r at
most one part is not 0, so that any power of the error splits as it does:
sum |r - r'|^p = sum |c - r'|^p + sum |r - c|^p.

Chapter: affine
"""

import numpy as np

from qlib.affine import fake_quantize
from qlib.arrays import Real, as_finite
from qlib.qparams import QParams
from qlib.rounding import Rounding, half_even


def _difference(r: Real, approximation: Real) -> Real:
    """r - r', of one shape, finite, not empty."""
    a, b = as_finite(r), as_finite(approximation, "approximation")
    if a.shape != b.shape or a.size == 0:
        raise ValueError(
            "two arrays of one shape, not empty, are needed, "
            f"got shapes {a.shape} and {b.shape}"
        )
    return a - b


def mse(r: Real, approximation: Real) -> float:
    """Mean squared error, eq. (1), in squared units of r.

    Shapes: both (...), the same.
    Raises: ValueError for other shapes, no values, infinities or NaN.

    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    0.5
    """
    return float(np.mean(_difference(r, approximation) ** 2))


def sqnr(r: Real, approximation: Real) -> float:
    """Signal to quantization noise ratio, eq. (2), in dB.

    An error of zero gives infinity.
    Shapes: both (...), the same.
    Raises: ValueError as `mse`, and if every r is 0.

    >>> sqnr(np.array([10.0, 0.0]), np.array([9.0, 0.0]))
    20.0
    """
    noise = np.sum(_difference(r, approximation) ** 2)
    signal = np.sum(as_finite(r) ** 2)
    if signal == 0:
        raise ValueError("sqnr needs a signal, got zeros only")
    return float(10 * np.log10(signal / noise)) if noise else float("inf")


def max_error(r: Real, approximation: Real) -> float:
    """The largest |r - r'|, in units of r.

    Shapes: both (...), the same.   Raises: as `mse`.

    >>> max_error(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    0.5
    """
    return float(np.max(np.abs(_difference(r, approximation))))


def split_error(
    r: Real, qp: QParams, rounding: Rounding = half_even
) -> tuple[Real, Real]:
    """The rounding part and the clipping part of r - r', eq. (3).

    Shapes: r (...) -> (...) and (...), in units of r.
    Raises: ValueError for infinite r, and as `quantize`.

    >>> from qlib.grid import UINT8
    >>> split_error(np.array([0.2, 130.0]), QParams(0.5, 3, UINT8))
    (array([0.2, 0. ]), array([0., 4.]))
    """
    r = as_finite(r)
    S, Z = qp.over(r)
    c = np.clip(r, S * (qp.grid.qmin - Z), S * (qp.grid.qmax - Z))
    return c - fake_quantize(r, qp, rounding), r - c
