"""Bits, selections, comparisons, counts of bits.

A comparison gives a lane of ones where it holds, of zeros where not.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes

BITS = ("T T T", "8b 16b", "u", "simd")
ALL = f"{INTEGERS} 2d d"
COMPARE = ("T T T", ALL)
ZERO = ("T T #0", ALL)
EITHER = ("T T T | T T #0", ALL)


@lanes("and", *BITS)
def and_(n: Lanes, m: Lanes) -> Lanes:
    """Vd = Vn AND Vm."""
    return n & m


@lanes("orr", *BITS)
def orr(n: Lanes, m: Lanes) -> Lanes:
    """Vd = Vn OR Vm."""
    return n | m


@lanes("eor", *BITS)
def eor(n: Lanes, m: Lanes) -> Lanes:
    """Vd = Vn XOR Vm."""
    return n ^ m


@lanes("bic", *BITS)
def bic(n: Lanes, m: Lanes) -> Lanes:
    """Vd = Vn AND NOT Vm."""
    return n & ~m


@lanes("orn", *BITS)
def orn(n: Lanes, m: Lanes) -> Lanes:
    """Vd = Vn OR NOT Vm."""
    return n | ~m


@lanes("not mvn", "T T", "8b 16b", "u", "simd")
def not_(n: Lanes) -> Lanes:
    """Vd = NOT Vn."""
    return ~n


@lanes("bsl", *BITS, reads=True)
def bsl(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Bits of Vn where Vd is 1, of Vm where it is 0."""
    return m ^ d & (n ^ m)


@lanes("bit", *BITS, reads=True)
def bit(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Bits of Vn where Vm is 1, of Vd where it is 0."""
    return d ^ m & (n ^ d)


@lanes("bif", *BITS, reads=True)
def bif(d: Lanes, n: Lanes, m: Lanes) -> Lanes:
    """Bits of Vn where Vm is 0, of Vd where it is 1."""
    return d ^ ~m & (n ^ d)


def mask(holds: Lanes) -> Lanes:
    """-1, all ones, where a condition holds; else 0.

    >>> mask(np.array([True, False]))
    array([-1,  0], dtype=int8)
    """
    return -holds.astype(np.int8)


@lanes("cmgt", *EITHER, "i", "simd")
@lanes("cmhi", *COMPARE, "u", "simd")
def greater(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] > Vm[i], or > 0."""
    return mask(n > m)


@lanes("cmge", *EITHER, "i", "simd")
@lanes("cmhs", *COMPARE, "u", "simd")
def greater_or_equal(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] >= Vm[i], or >= 0."""
    return mask(n >= m)


@lanes("cmlt", *ZERO, "i", "simd")
def less(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] < 0."""
    return mask(n < m)


@lanes("cmle", *ZERO, "i", "simd")
def less_or_equal(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] <= 0."""
    return mask(n <= m)


@lanes("cmeq", *EITHER, "i", "simd")
def equal(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] = Vm[i], or = 0."""
    return mask(n == m)


@lanes("cmtst", *COMPARE, "u", "simd")
def cmtst(n: Lanes, m: Lanes) -> Lanes:
    """Vn[i] AND Vm[i] is not 0."""
    return mask(n & m != 0)


@lanes("clz", "T T", INTEGERS, "u", "simd")
def clz(n: Lanes) -> Lanes:
    """Zeros before the first one."""
    length = np.frexp(n.astype(np.float64))[1]
    return 8 * n.dtype.itemsize - length


@lanes("cls", "T T", INTEGERS, "u", "simd")
def cls(n: Lanes) -> Lanes:
    """Bits after the sign bit that equal it, before the first other."""
    return clz((n ^ n << 1) >> 1) - 1


@lanes("cnt", "T T", "8b 16b", "u", "simd")
def cnt(n: Lanes) -> Lanes:
    """Ones of a lane."""
    return np.bitwise_count(n)


@lanes("rbit", "T T", "8b 16b", "u", "simd")
def rbit(n: Lanes) -> Lanes:
    """Bits of a lane in reverse."""
    return np.packbits(np.unpackbits(n, axis=1), axis=1, bitorder="little")
