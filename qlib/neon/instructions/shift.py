"""Shifts, by a number or by the low byte of each lane; negative is right.

    n << k = n 2^k      n >> k = floor(n / 2^k)
    rounded(n, k) = floor(n / 2^k + 1/2), half up, also of negatives

numpy shifts by too much as Arm does: to 0, or to the sign.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes, wide
from qlib.neon.views import Lanes

ALL = f"{INTEGERS} 2d"
LEFT = ("T T #<", f"{ALL} d")
RIGHT = ("T T #>", f"{ALL} d")
BY = ("T T T", f"{ALL} d")
SATURATING = ("T T T", f"{ALL} b h s d")


def rounded(n: Lanes, k: int) -> Lanes:
    """floor(n / 2^k + 1/2), k > 0, without a carry that is lost.

    >>> rounded(np.int8([127, -6, -128]), 2)
    array([ 32,  -1, -32], dtype=int8)
    """
    return (n >> k) + (n >> k - 1 & 1)


@lanes("shl", *LEFT, "i", "shift")
def shl(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] << k, modulo 2^bits."""
    return n << k


@lanes("sshr", *RIGHT, "i", "shift")
@lanes("ushr", *RIGHT, "u", "shift")
@lanes("ssra", *RIGHT, "i", "shift", into=np.add)
@lanes("usra", *RIGHT, "u", "shift", into=np.add)
def shr(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] >> k; SRA adds it to Vd[i]."""
    return n >> k


@lanes("srshr", *RIGHT, "i", "shift-round")
@lanes("urshr", *RIGHT, "u", "shift-round")
@lanes("srsra", *RIGHT, "i", "shift-round", into=np.add)
@lanes("ursra", *RIGHT, "u", "shift-round", into=np.add)
def rshr(n: Lanes, k: int) -> Lanes:
    """Vd[i] = rounded(Vn[i], k); RSRA adds it to Vd[i]."""
    return rounded(n, k)


@lanes("sli", *LEFT, "u", "shift", reads=True)
def sli(d: Lanes, n: Lanes, k: int) -> Lanes:
    """Vn[i] << k, its low k bits from Vd[i]."""
    return n << k | d & (1 << k) - 1


@lanes("sri", *RIGHT, "u", "shift", reads=True)
def sri(d: Lanes, n: Lanes, k: int) -> Lanes:
    """Vn[i] >> k, its high k bits from Vd[i]."""
    ones = int(np.iinfo(n.dtype).max)
    return n >> k | d & (ones ^ ones >> k)


LEFTS = ("T T #<", f"{ALL} b h s d")


@lanes("sqshl", *LEFTS, "i", "shift-round", saturates=True)
@lanes("uqshl", *LEFTS, "u", "shift-round", saturates=True)
@lanes("sqshlu", *LEFTS, "ui", "shift-round", saturates=True)
def qshl_by_number(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] << k, saturated; SQSHLU to an unsigned lane."""
    return wide(n) << k


def counts(n: Lanes, m: Lanes) -> list[Lanes]:
    """How far left and right: at most what still tells results apart.

    >>> counts(np.int8([1, 1]), np.int8([3, -100]))
    [array([3, 0], dtype=int8), array([0, 9], dtype=int8)]
    """
    bits = 8 * n.dtype.itemsize
    by = np.clip(m.astype(np.int8), -bits - 1, bits)
    return [np.maximum(k, 0).astype(n.dtype) for k in (by, -by)]


def round_by(n: Lanes, k: Lanes) -> Lanes:
    """Like rounded, by lanes; k >= 0.

    >>> round_by(np.int8([-6, -5, 7]), np.int8([2, 1, 0]))
    array([-1, -2,  7], dtype=int8)
    """
    carry: Lanes = n >> np.maximum(k, 1) - 1 & (k > 0)
    return (n >> k) + carry


@lanes("sshl", *BY, "i", "shift")
@lanes("ushl", *BY, "uui", "shift")
def shl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i], modulo 2^bits."""
    left, right = counts(n, m)
    return n << left >> right


@lanes("srshl", *BY, "i", "shift-round")
@lanes("urshl", *BY, "uui", "shift-round")
def rshl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i], modulo 2^bits; rounded if to the right."""
    left, right = counts(n, m)
    return round_by(n << left, right)


@lanes("sqshl", *SATURATING, "i", "shift-round", saturates=True)
@lanes("uqshl", *SATURATING, "uui", "shift-round", saturates=True)
def qshl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i], saturated."""
    left, right = counts(n, m)
    return wide(n) << left >> right


@lanes("sqrshl", *SATURATING, "i", "shift-round", saturates=True)
@lanes("uqrshl", *SATURATING, "uui", "shift-round", saturates=True)
def qrshl_by(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] << Vm[i], saturated; rounded if to the right."""
    left, right = counts(n, m)
    return round_by(wide(n) << left, right)
