"""Results that saturate, and set QC where they do.

    SQDMULH   floor(2 n m / 2^bits)     SQRDMULH  the same, half up
    SQRDMLAH  SQRDMULH added to Vd before it is rounded; MLSH: subtracted

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, both, lanes, wide
from qlib.neon.views import Lanes, product

ALL = f"{INTEGERS} 2d b h s d"
SAME = ("T T T", ALL)
HIGH = ("T T T | T T E", "4h 8h 2s 4s h s", "i")
LONG = ("W T T | W T E", "4h 2s h s", "i")
SUM = "multiply-accumulate"


def signed(x: Lanes) -> Lanes:
    """Lanes in twice the bits, signed: a difference fits."""
    x = wide(x)
    return x if x.dtype == object else x.astype(f"i{x.dtype.itemsize}")


both("qadd", *SAME, "simd", saturates=True)(lambda n, m: wide(n) + m)
both("qsub", *SAME, "simd", saturates=True)(lambda n, m: signed(n) - m)
for _name, _kinds in {"suqadd": "iu", "usqadd": "ui"}.items():
    lanes(_name, "T T", ALL, _kinds, "simd", reads=True, saturates=True)(
        lambda d, n: signed(d) + signed(n)
    )
lanes("sqabs", "T T", ALL, "i", "simd", saturates=True)(
    lambda n: np.maximum(wide(n), -wide(n))
)
lanes("sqneg", "T T", ALL, "i", "simd", saturates=True)(lambda n: -wide(n))


def high(exact: Lanes, n: Lanes, half: int) -> Lanes:
    """floor(2 exact / 2^bits), or half up with half = 1."""
    bits = 8 * n.dtype.itemsize
    return exact + (half << bits - 2) >> bits - 1


def above(d: Lanes) -> Lanes:
    """Vd where SQRDMLAH adds the product: d 2^(bits-1)."""
    return wide(d) << 8 * d.dtype.itemsize - 1


lanes("sqdmulh", *HIGH, "multiply", saturates=True)(
    lambda n, m: high(product(n, m), n, 0)
)
lanes("sqrdmulh", *HIGH, "multiply", saturates=True)(
    lambda n, m: high(product(n, m), n, 1)
)
lanes("sqrdmlah", *HIGH, SUM, reads=True, saturates=True)(
    lambda d, n, m: high(above(d) + product(n, m), n, 1)
)
lanes("sqrdmlsh", *HIGH, SUM, reads=True, saturates=True)(
    lambda d, n, m: high(above(d) - product(n, m), n, 1)
)


@lanes("sqdmull", *LONG, "multiply", saturates=True)
@lanes("sqdmlal", *LONG, SUM, into=np.add, saturates=True)
@lanes("sqdmlsl", *LONG, SUM, into=np.subtract, saturates=True)
def qdmull(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = 2 Vn[i] Vm[i], twice as wide; MLAL adds, MLSL subtracts.

    The product saturates, then the sum does.
    """
    return wide(product(n, m)) * 2
