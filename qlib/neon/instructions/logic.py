"""Bits, selections, comparisons, counts of bits.

    BSL  bits of Vn where Vd is 1, of Vm where it is 0
    BIT  bits of Vn where Vm is 1, of Vd where it is 0; BIF the reverse

A comparison gives a lane of ones where it holds, of zeros where not.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from collections.abc import Callable

import numpy as np

from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes

BYTES = ("8b 16b", "u", "simd")
BITS = ("T T T", *BYTES)
ALL = f"{INTEGERS} 2d d"
COMPARE = ("T T T", ALL)
ZERO = ("T T #0", ALL)
EITHER = ("T T T | T T #0", ALL)

lanes("and", *BITS)(np.bitwise_and)
lanes("orr", *BITS)(np.bitwise_or)
lanes("eor", *BITS)(np.bitwise_xor)
lanes("bic", *BITS)(lambda n, m: n & ~m)
lanes("orn", *BITS)(lambda n, m: n | ~m)
lanes("not mvn", "T T", *BYTES)(np.invert)
lanes("bsl", *BITS, reads=True)(lambda d, n, m: m ^ d & (n ^ m))
lanes("bit", *BITS, reads=True)(lambda d, n, m: d ^ m & (n ^ d))
lanes("bif", *BITS, reads=True)(lambda d, n, m: d ^ ~m & (n ^ d))
lanes("cnt", "T T", *BYTES)(np.bitwise_count)


def mask(holds: Callable[[Lanes, Lanes], Lanes]) -> Callable[..., Lanes]:
    """-1, all ones, where a condition holds; else 0."""
    return lambda n, m: -holds(n, m).astype(np.int8)


lanes("cmgt", *EITHER, "i", "simd")(mask(np.greater))
lanes("cmhi", *COMPARE, "u", "simd")(mask(np.greater))
lanes("cmge", *EITHER, "i", "simd")(mask(np.greater_equal))
lanes("cmhs", *COMPARE, "u", "simd")(mask(np.greater_equal))
lanes("cmlt", *ZERO, "i", "simd")(mask(np.less))
lanes("cmle", *ZERO, "i", "simd")(mask(np.less_equal))
lanes("cmeq", *EITHER, "i", "simd")(mask(np.equal))
lanes("cmtst", *COMPARE, "u", "simd")(mask(lambda n, m: n & m != 0))


@lanes("clz", "T T", INTEGERS, "u", "simd")
def clz(n: Lanes) -> Lanes:
    """Zeros before the first one."""
    length = np.frexp(n.astype(np.float64))[1]
    return 8 * n.dtype.itemsize - length


@lanes("cls", "T T", INTEGERS, "u", "simd")
def cls(n: Lanes) -> Lanes:
    """Bits after the sign bit that equal it, before the first other."""
    return clz((n ^ n << 1) >> 1) - 1


@lanes("rbit", "T T", *BYTES)
def rbit(n: Lanes) -> Lanes:
    """Bits of a lane in reverse."""
    return np.packbits(np.unpackbits(n, axis=1), axis=1, bitorder="little")
