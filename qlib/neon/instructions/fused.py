"""FMLA and FMLS of floats: one rounding.

    s = fl(x + y)      x + y = s + e, exactly                          (1)

The product of halves or singles is exact in double.  Their sum is rounded
to odd: where e is not 0, the last bit of s becomes 1 towards e.  Double
has two bits more than that needs, so the second rounding is right.
Fractions of Python are exact for doubles.

Source: Arm Architecture Reference Manual, section J1.1 (FPMulAdd); Knuth,
The Art of Computer Programming 2, 4.2.2 (1); Boldo and Melquiond 2008
(rounding to odd).   Chapter: neon
"""

from fractions import Fraction
from math import inf, isfinite
from typing import Any

import numpy as np

from qlib.neon.instructions.float import (
    FLOATS,
    VECTORS,
    bits,
    fneg,
    is_quiet,
    nans,
)
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

SAME = ("T T T", VECTORS, "f", "float-multiply")
BY = ("T T E", FLOATS, "f", "float-multiply")


@lanes("fmla", *SAME, reads=True)
@lanes("fmla", *BY, reads=True)
def fmla(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vd[i] + Vn[i] Vm[i], rounded once."""
    exact = _fused_double if d.dtype == np.float64 else _fused
    invalid = np.isinf(n) & (m == 0) | (n == 0) & np.isinf(m)
    d = np.where(invalid & is_quiet(d), d.dtype.type(np.nan), d)
    return nans(exact(d, n, m).astype(d.dtype), d, n, m)


@lanes("fmls", *SAME, reads=True)
@lanes("fmls", *BY, reads=True)
def fmls(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vd[i] - Vn[i] Vm[i], rounded once."""
    return fmla(d, fneg(bits(n)).view(n.dtype), m)


def _fused(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """d + n m in double, rounded to odd.

    >>> _fused(*np.float32([[1], [2**-40], [2**-40]])) - 1
    array([2.22044605e-16])
    """
    x, y = np.multiply(n, m, dtype=np.float64), d.astype(np.float64)
    s = x + y
    rest = s - x
    e = (x - (s - rest)) + (y - rest)
    even = np.isfinite(e) & (e != 0) & (bits(s) & 1 == 0)
    return np.where(even, np.nextafter(s, np.copysign(np.inf, e)), s)


def _one(d: float, n: float, m: float) -> float:
    """d + n m of doubles, rounded once.

    >>> _one(-1.0, 1 + 2**-30, 1 - 2**-30) == -(2**-60)
    True
    """
    if not (isfinite(n) and isfinite(m)):
        return d + n * m
    if not isfinite(d):
        return d
    exact = Fraction(d) + Fraction(n) * Fraction(m)
    try:
        return float(exact) if exact else d + n * m
    except OverflowError:
        return inf if exact > 0 else -inf


_fused_double: Any = np.frompyfunc(_one, 3, 1)
