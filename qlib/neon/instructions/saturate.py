"""Results that saturate, and set QC where they do.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes, wide
from qlib.neon.views import Lanes, product

ALL = f"{INTEGERS} 2d b h s d"
SAME = ("T T T", ALL)
HIGH = ("T T T | T T E", "4h 8h 2s 4s h s")
LONG = ("W T T | W T E", "4h 2s h s")
FROM = (*HIGH, "i", "multiply-accumulate")
SUM = (*LONG, "i", "multiply-accumulate")


def signed(x: Lanes) -> Lanes:
    """Lanes in twice the bits, signed: a difference fits.

    >>> signed(np.uint8([0])) - np.uint8([255])
    array([-255], dtype=int16)
    """
    x = wide(x)
    return x if x.dtype == object else x.astype(f"i{x.dtype.itemsize}")


@lanes("sqadd", *SAME, "i", "simd", saturates=True)
@lanes("uqadd", *SAME, "u", "simd", saturates=True)
def qadd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i]."""
    return wide(n) + m


@lanes("sqsub", *SAME, "i", "simd", saturates=True)
@lanes("uqsub", *SAME, "u", "simd", saturates=True)
def qsub(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i]."""
    return signed(n) - m


@lanes("suqadd", "T T", ALL, "iu", "simd", reads=True, saturates=True)
@lanes("usqadd", "T T", ALL, "ui", "simd", reads=True, saturates=True)
def accumulate(d: Lanes, n: Lanes) -> Lanes:
    """Vd[i] = Vd[i] + Vn[i]; one is signed."""
    return signed(d) + signed(n)


@lanes("sqabs", "T T", ALL, "i", "simd", saturates=True)
def qabs(n: Lanes) -> Lanes:
    """Vd[i] = |Vn[i]|."""
    return np.maximum(wide(n), -wide(n))


@lanes("sqneg", "T T", ALL, "i", "simd", saturates=True)
def qneg(n: Lanes) -> Lanes:
    """Vd[i] = -Vn[i]."""
    return -wide(n)


@lanes("sqdmulh", *HIGH, "i", "multiply", saturates=True)
def qdmulh(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = floor(2 Vn[i] Vm[i] / 2^bits)."""
    bits = 8 * n.dtype.itemsize
    return product(n, m) >> bits - 1


@lanes("sqrdmulh", *HIGH, "i", "multiply", saturates=True)
def qrdmulh(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = floor((2 Vn[i] Vm[i] + 2^(bits-1)) / 2^bits): half up."""
    bits = 8 * n.dtype.itemsize
    return product(n, m) + (1 << bits - 2) >> bits - 1


@lanes("sqrdmlah", *FROM, reads=True, saturates=True)
def qrdmlah(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """SQRDMULH of Vn and Vm, added to Vd before it is rounded."""
    bits = 8 * n.dtype.itemsize
    exact = (wide(d) << bits - 1) + product(n, m)
    return exact + (1 << bits - 2) >> bits - 1


@lanes("sqrdmlsh", *FROM, reads=True, saturates=True)
def qrdmlsh(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """SQRDMULH of Vn and Vm, taken from Vd before it is rounded."""
    bits = 8 * n.dtype.itemsize
    exact = (wide(d) << bits - 1) - product(n, m)
    return exact + (1 << bits - 2) >> bits - 1


@lanes("sqdmull", *LONG, "i", "multiply", saturates=True)
@lanes("sqdmlal", *SUM, into=np.add, saturates=True)
@lanes("sqdmlsl", *SUM, into=np.subtract, saturates=True)
def qdmull(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = 2 Vn[i] Vm[i], twice as wide; MLAL adds, MLSL subtracts.

    The product saturates, then the sum does.
    """
    return wide(product(n, m)) * 2
