"""Results half as wide; the `2` forms write the upper half.

XTN, SHRN and RSHRN keep the lower half; those with a Q saturate.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from qlib.neon.instructions.shift import rounded
from qlib.neon.vector import both, lanes
from qlib.neon.views import Lanes

WIDE = "8h 4s 2d"
ALL = f"{WIDE} h s d"
HIGH = ("N T T", WIDE, "u", "narrow")
CUT = ("N T #>", WIDE, "u", "narrow")
FIT = ("N T #>", ALL)


@lanes("xtn", "N T", WIDE, "i", "narrow")
@both("qxtn", "N T", ALL, "narrow", saturates=True)
@lanes("sqxtun", "N T", ALL, "ui", "narrow", saturates=True)
def xtn(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i]."""
    return n


@lanes("shrn", *CUT)
@both("qshrn", *FIT, "narrow", saturates=True)
@lanes("sqshrun", *FIT, "ui", "narrow", saturates=True)
def shrn(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] >> k."""
    return n >> k


@lanes("rshrn", *CUT)
@both("qrshrn", *FIT, "narrow", saturates=True)
@lanes("sqrshrun", *FIT, "ui", "narrow", saturates=True)
def rshrn(n: Lanes, k: int) -> Lanes:
    """Like SHRN, rounded half up."""
    return rounded(n, k)


def half(n: Lanes) -> int:
    """Half the bits of a lane: ADDHN and SUBHN keep the upper half."""
    return 4 * n.dtype.itemsize


lanes("addhn", *HIGH)(lambda n, m: n + m >> half(n))
lanes("subhn", *HIGH)(lambda n, m: n - m >> half(n))
lanes("raddhn", *HIGH)(lambda n, m: rounded(n + m, half(n)))
lanes("rsubhn", *HIGH)(lambda n, m: rounded(n - m, half(n)))
