"""Results twice as wide; the `2` forms read the upper half.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import lanes, wide
from qlib.neon.views import Lanes

HALF = "8b 4h 2s"
LONG = ("W T T", HALF)
WIDE = ("W W T", HALF)


@lanes("sxtl", "W T", HALF, "i", "shift")
@lanes("uxtl", "W T", HALF, "u", "shift")
def xtl(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i]."""
    return n


@lanes("sshll", "W T #<", HALF, "i", "shift")
@lanes("ushll", "W T #<", HALF, "u", "shift")
@lanes("shll", "W T #=", HALF, "i", "shift")
def shll(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] << k."""
    return wide(n) << k


@lanes("saddl", *LONG, "i", "simd")
@lanes("uaddl", *LONG, "u", "simd")
def addl(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i]."""
    return np.add(n, m, dtype=f"{n.dtype.kind}{2 * n.dtype.itemsize}")


@lanes("ssubl", *LONG, "i", "simd")
@lanes("usubl", *LONG, "iuu", "simd")
def subl(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i], also negative."""
    return np.subtract(n, m, dtype=f"i{2 * n.dtype.itemsize}")


@lanes("saddw", *WIDE, "i", "simd", wraps=True)
@lanes("uaddw", *WIDE, "u", "simd", wraps=True)
def addw(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i], modulo 2^bits; Vn is wide."""
    return n + m


@lanes("ssubw", *WIDE, "i", "simd", wraps=True)
@lanes("usubw", *WIDE, "u", "simd", wraps=True)
def subw(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i], modulo 2^bits; Vn is wide."""
    return n - m
