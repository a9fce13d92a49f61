"""Sums, differences, extremes: lane by lane, of pairs, across lanes.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes, wide
from qlib.neon.views import Lanes, pairs

SAME = ("T T T", INTEGERS)
ALL = f"{INTEGERS} 2d"
ACROSS = "8b 16b 4h 8h 4s"
LONG = ("W T T", "8b 4h 2s")


@lanes("add", "T T T", f"{ALL} d", "i", "simd", wraps=True)
def add(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i], modulo 2^bits."""
    return n + m


@lanes("sub", "T T T", f"{ALL} d", "i", "simd", wraps=True)
def sub(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i], modulo 2^bits."""
    return n - m


@lanes("neg", "T T", f"{ALL} d", "i", "simd", wraps=True)
def neg(n: Lanes) -> Lanes:
    """Vd[i] = -Vn[i]; the lowest number stays."""
    return -n


@lanes("abs", "T T", f"{ALL} d", "i", "simd", wraps=True)
def absolute(n: Lanes) -> Lanes:
    """Vd[i] = |Vn[i]|; the lowest number stays."""
    return np.maximum(n, -n)


@lanes("smax", *SAME, "i", "simd")
@lanes("umax", *SAME, "u", "simd")
def maximum(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = max(Vn[i], Vm[i])."""
    return np.maximum(n, m)


@lanes("smin", *SAME, "i", "simd")
@lanes("umin", *SAME, "u", "simd")
def minimum(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = min(Vn[i], Vm[i])."""
    return np.minimum(n, m)


@lanes("sabd", *SAME, "i", "simd")
@lanes("uabd", *SAME, "u", "simd")
@lanes("saba", *SAME, "i", "simd", into=np.add)
@lanes("uaba", *SAME, "u", "simd", into=np.add)
@lanes("sabdl", *LONG, "i", "simd")
@lanes("uabdl", *LONG, "u", "simd")
@lanes("sabal", *LONG, "i", "simd", into=np.add)
@lanes("uabal", *LONG, "u", "simd", into=np.add)
def abd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = |Vn[i] - Vm[i]|; ABA adds it to Vd[i]; ABDL is wider."""
    return wide(np.maximum(n, m)) - np.minimum(n, m)


@lanes("shadd", *SAME, "i", "simd")
@lanes("uhadd", *SAME, "u", "simd")
def hadd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = floor((Vn[i] + Vm[i]) / 2)."""
    return wide(n) + m >> 1


@lanes("srhadd", *SAME, "i", "simd")
@lanes("urhadd", *SAME, "u", "simd")
def rhadd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = floor((Vn[i] + Vm[i] + 1) / 2)."""
    return wide(n) + m + 1 >> 1


@lanes("shsub", *SAME, "i", "simd")
@lanes("uhsub", *SAME, "u", "simd")
def hsub(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = floor((Vn[i] - Vm[i]) / 2)."""
    return wide(n) - m >> 1


def joined(n: Lanes, m: Lanes) -> Lanes:
    """The lanes of n, then those of m.

    >>> joined(np.array([[1, 2]]), np.array([[3, 4]]))
    array([[1, 2, 3, 4]])
    """
    return np.concatenate((n, m), axis=1)


@lanes("addp", "T T T", ALL, "i", "pairwise", wraps=True)
def addp(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = x[2i] + x[2i+1], modulo 2^bits; x is Vn, then Vm."""
    return pairs(joined(n, m), wider=False)


@lanes("addp", "S T", "2d", "i", "pairwise", wraps=True)
@lanes("addv", "S T", ACROSS, "i", "pairwise", wraps=True)
def addv(n: Lanes) -> Lanes:
    """Vd = sum of Vn[i], modulo 2^bits."""
    return np.sum(n, axis=1, keepdims=True, dtype=n.dtype)


@lanes("saddlv", "L T", ACROSS, "i", "pairwise")
@lanes("uaddlv", "L T", ACROSS, "u", "pairwise")
def addlv(n: Lanes) -> Lanes:
    """Vd = sum of Vn[i], twice as wide."""
    total: Lanes = np.sum(n, axis=1, keepdims=True)
    return total


@lanes("smaxp", *SAME, "i", "pairwise")
@lanes("umaxp", *SAME, "u", "pairwise")
def maxp(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = max(x[2i], x[2i+1]); x is Vn, then Vm."""
    x = joined(n, m)
    return np.maximum(x[:, ::2], x[:, 1::2])


@lanes("sminp", *SAME, "i", "pairwise")
@lanes("uminp", *SAME, "u", "pairwise")
def minp(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = min(x[2i], x[2i+1]); x is Vn, then Vm."""
    x = joined(n, m)
    return np.minimum(x[:, ::2], x[:, 1::2])


@lanes("smaxv", "S T", ACROSS, "i", "pairwise")
@lanes("umaxv", "S T", ACROSS, "u", "pairwise")
def maxv(n: Lanes) -> Lanes:
    """Vd = the largest Vn[i]."""
    return np.maximum.reduce(n, axis=1, keepdims=True)


@lanes("sminv", "S T", ACROSS, "i", "pairwise")
@lanes("uminv", "S T", ACROSS, "u", "pairwise")
def minv(n: Lanes) -> Lanes:
    """Vd = the smallest Vn[i]."""
    return np.minimum.reduce(n, axis=1, keepdims=True)
