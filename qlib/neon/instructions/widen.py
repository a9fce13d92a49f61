"""Results twice as wide; the `2` forms read the upper half.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, both, lanes, wide
from qlib.neon.views import Lanes, pairs

HALF = "8b 4h 2s"
LONG = ("W T T", HALF)
WIDE = ("W W T", HALF)
PAIRS = ("P T", INTEGERS)

both("xtl", "W T", HALF, "shift")(lambda n: n)
both("addw", *WIDE, "simd", wraps=True)(np.add)
both("subw", *WIDE, "simd", wraps=True)(np.subtract)


@both("shll", "W T #<", HALF, "shift")
@lanes("shll", "W T #=", HALF, "i", "shift")
def shll(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] << k."""
    return wide(n) << k


@both("addl", *LONG, "simd")
def addl(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i]."""
    return np.add(n, m, dtype=f"{n.dtype.kind}{2 * n.dtype.itemsize}")


@lanes("ssubl", *LONG, "i", "simd")
@lanes("usubl", *LONG, "iuu", "simd")
def subl(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i], also negative."""
    return np.subtract(n, m, dtype=f"i{2 * n.dtype.itemsize}")


@both("addlp", *PAIRS, "pairwise")
@both("adalp", *PAIRS, "pairwise-accumulate", into=np.add)
def addlp(n: Lanes) -> Lanes:
    """Vd[i] = Vn[2i] + Vn[2i+1]; ADALP adds it to Vd[i]."""
    return pairs(n)
