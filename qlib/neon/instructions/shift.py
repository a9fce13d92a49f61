"""Shifts, by a number or by the low byte of each lane; negative is right.

    n << k = n 2^k      n >> k = floor(n / 2^k)
    rounded(n, k) = floor(n / 2^k + 1/2), half up, also of negatives
    SRA, RSRA     the shifted lanes are added to Vd

numpy shifts by too much as Arm does: to 0, or to the sign.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, both, lanes, wide
from qlib.neon.views import Lanes

ALL = f"{INTEGERS} 2d"
LEFT = ("T T #<", f"{ALL} d")
RIGHT = ("T T #>", f"{ALL} d")
BY = ("T T T", f"{ALL} d")
LEFTS = ("T T #<", f"{ALL} b h s d")
SATURATING = ("T T T", f"{ALL} b h s d")


def rounded(n: Lanes, k: int) -> Lanes:
    """floor(n / 2^k + 1/2), k > 0, without a carry that is lost.

    >>> rounded(np.int8([127, -6, -128]), 2)
    array([ 32,  -1, -32], dtype=int8)
    """
    return (n >> k) + (n >> k - 1 & 1)


lanes("shl", *LEFT, "i", "shift")(lambda n, k: n << k)
both("shr", *RIGHT, "shift")(lambda n, k: n >> k)
both("sra", *RIGHT, "shift", into=np.add)(lambda n, k: n >> k)
both("rshr", *RIGHT, "shift-round")(rounded)
both("rsra", *RIGHT, "shift-round", into=np.add)(rounded)


@lanes("sli", *LEFT, "u", "shift", reads=True)
def sli(d: Lanes, n: Lanes, k: int) -> Lanes:
    """Vn[i] << k, its low k bits from Vd[i]."""
    return n << k | d & (1 << k) - 1


@lanes("sri", *RIGHT, "u", "shift", reads=True)
def sri(d: Lanes, n: Lanes, k: int) -> Lanes:
    """Vn[i] >> k, its high k bits from Vd[i]."""
    ones = int(np.iinfo(n.dtype).max)
    return n >> k | d & (ones ^ ones >> k)


both("qshl", *LEFTS, "shift-round", saturates=True)(lambda n, k: wide(n) << k)
lanes("sqshlu", *LEFTS, "ui", "shift-round", saturates=True)(
    lambda n, k: wide(n) << k
)


def _counts(n: Lanes, m: Lanes) -> list[Lanes]:
    """How far left and right: at most what still tells results apart."""
    bits = 8 * m.dtype.itemsize
    by = np.clip(m.astype(np.int8), -bits - 1, bits)
    return [np.maximum(k, 0).astype(n.dtype) for k in (by, -by)]


def _shl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i]."""
    left, right = _counts(n, m)
    return n << left >> right


def _rshl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i]; rounded if to the right."""
    left, right = _counts(n, m)
    n = n << left
    carry: Lanes = n >> np.maximum(right, 1) - 1 & (right > 0)
    return (n >> right) + carry


for _sign, _kinds in {"s": "i", "u": "uui"}.items():
    lanes(f"{_sign}shl", *BY, _kinds, "shift")(_shl_by)
    lanes(f"{_sign}rshl", *BY, _kinds, "shift-round")(_rshl_by)
    _how = _kinds, "shift-round"
    lanes(f"{_sign}qshl", *SATURATING, *_how, saturates=True)(
        lambda n, m: _shl_by(wide(n), m)
    )
    lanes(f"{_sign}qrshl", *SATURATING, *_how, saturates=True)(
        lambda n, m: _rshl_by(wide(n), m)
    )
