"""FMLA and FMLS of halves and singles: one rounding.

    s = fl(x + y)      x + y = s + e, exactly                          (1)

The product of halves or singles is exact in double.  Their sum is rounded
to odd: where e is not 0, the last bit of s becomes 1 towards e.  Double
has two bits more than that needs, so the second rounding is right.

Source: Arm Architecture Reference Manual, section J1.1 (FPMulAdd); Knuth,
The Art of Computer Programming 2, 4.2.2 (1); Boldo and Melquiond 2008
(rounding to odd).   Chapter: neon
"""

import numpy as np

from qlib.neon.instructions.float import bits, fneg, is_quiet, nans
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

SAME = ("T T T", "4h 8h 2s 4s", "f", "float-multiply")
BY = ("T T E", "4h 8h 2s 4s h s", "f", "float-multiply")


@lanes("fmla", *SAME, reads=True)
@lanes("fmla", *BY, reads=True)
def fmla(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vd[i] + Vn[i] Vm[i], rounded once."""
    invalid = np.isinf(n) & (m == 0) | (n == 0) & np.isinf(m)
    d = np.where(invalid & is_quiet(d), d.dtype.type(np.nan), d)
    return nans(_fused(d, n, m).astype(d.dtype), d, n, m)


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
