"""Results half as wide; the `2` forms write the upper half.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from qlib.neon.instructions.shift import rounded
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

WIDE = "8h 4s 2d"
ALL = f"{WIDE} h s d"
HIGH = ("N T T", WIDE)
CUT = ("N T #>", WIDE)
FIT = ("N T #>", ALL)


@lanes("xtn", "N T", WIDE, "i", "narrow")
@lanes("sqxtn", "N T", ALL, "i", "narrow", saturates=True)
@lanes("uqxtn", "N T", ALL, "u", "narrow", saturates=True)
@lanes("sqxtun", "N T", ALL, "ui", "narrow", saturates=True)
def xtn(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i]; XTN its lower half, the others saturated."""
    return n


@lanes("shrn", *CUT, "u", "narrow")
@lanes("sqshrn", *FIT, "i", "narrow", saturates=True)
@lanes("uqshrn", *FIT, "u", "narrow", saturates=True)
@lanes("sqshrun", *FIT, "ui", "narrow", saturates=True)
def shrn(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] >> k; SHRN its lower half, the others saturated."""
    return n >> k


@lanes("rshrn", *CUT, "u", "narrow")
@lanes("sqrshrn", *FIT, "i", "narrow", saturates=True)
@lanes("uqrshrn", *FIT, "u", "narrow", saturates=True)
@lanes("sqrshrun", *FIT, "ui", "narrow", saturates=True)
def rshrn(n: Lanes, k: int) -> Lanes:
    """Like SHRN, rounded half up."""
    return rounded(n, k)


@lanes("addhn", *HIGH, "u", "narrow")
def addhn(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = the upper half of Vn[i] + Vm[i]."""
    return n + m >> 4 * n.dtype.itemsize


@lanes("raddhn", *HIGH, "u", "narrow")
def raddhn(n: Lanes, m: Lanes) -> Lanes:
    """Like ADDHN, rounded half up."""
    return rounded(n + m, 4 * n.dtype.itemsize)


@lanes("subhn", *HIGH, "u", "narrow")
def subhn(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = the upper half of Vn[i] - Vm[i]."""
    return n - m >> 4 * n.dtype.itemsize


@lanes("rsubhn", *HIGH, "u", "narrow")
def rsubhn(n: Lanes, m: Lanes) -> Lanes:
    """Like SUBHN, rounded half up."""
    return rounded(n - m, 4 * n.dtype.itemsize)
