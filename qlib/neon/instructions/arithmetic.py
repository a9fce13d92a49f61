"""Sums, differences, extremes: lane by lane, of pairs, across lanes.

    HADD   floor((n + m) / 2)      RHADD  floor((n + m + 1) / 2)
    HSUB   floor((n - m) / 2)      ABD    |n - m|; ABA adds it to Vd
    ADDV, MAXV, MINV               over all lanes of Vn

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from collections.abc import Callable

import numpy as np

from qlib.neon.vector import INTEGERS, both, lanes, wide
from qlib.neon.views import Lanes

SAME = ("T T T", INTEGERS)
ALL = f"{INTEGERS} 2d"
ACROSS = "8b 16b 4h 8h 4s"
LONG = ("W T T", "8b 4h 2s")
WRAPS = ("i", "simd")


def joined(n: Lanes, m: Lanes) -> Lanes:
    """The lanes of n, then those of m."""
    return np.concatenate((n, m), axis=1)


def of_pairs(of: Callable[[Lanes, Lanes], Lanes]) -> Callable[..., Lanes]:
    """of(x[2i], x[2i+1]), where x is Vn, then Vm."""

    def pairwise(n: Lanes, m: Lanes) -> Lanes:
        x = joined(n, m)
        return of(x[:, ::2], x[:, 1::2])

    return pairwise


lanes("add", "T T T", f"{ALL} d", *WRAPS, wraps=True)(np.add)
lanes("sub", "T T T", f"{ALL} d", *WRAPS, wraps=True)(np.subtract)
lanes("neg", "T T", f"{ALL} d", *WRAPS, wraps=True)(np.negative)
lanes("abs", "T T", f"{ALL} d", *WRAPS, wraps=True)(
    lambda n: np.maximum(n, -n)
)
both("max", *SAME, "simd")(np.maximum)
both("min", *SAME, "simd")(np.minimum)
both("hadd", *SAME, "simd")(lambda n, m: wide(n) + m >> 1)
both("rhadd", *SAME, "simd")(lambda n, m: wide(n) + m + 1 >> 1)
both("hsub", *SAME, "simd")(lambda n, m: wide(n) - m >> 1)


@both("abd", *SAME, "simd")
@both("aba", *SAME, "simd", into=np.add)
@both("abdl", *LONG, "simd")
@both("abal", *LONG, "simd", into=np.add)
def abd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = |Vn[i] - Vm[i]|; ABA adds it to Vd[i]; ABDL is wider."""
    return wide(np.maximum(n, m)) - np.minimum(n, m)


@lanes("addp", "S T", "2d", "i", "pairwise", wraps=True)
@lanes("addv", "S T", ACROSS, "i", "pairwise", wraps=True)
def addv(n: Lanes) -> Lanes:
    """Vd = sum of Vn[i], modulo 2^bits."""
    return np.sum(n, axis=1, keepdims=True, dtype=n.dtype)


lanes("addp", "T T T", ALL, "i", "pairwise", wraps=True)(of_pairs(np.add))
both("addlv", "L T", ACROSS, "pairwise")(
    lambda n: np.sum(n, axis=1, keepdims=True)
)
for _name, _of in {"max": np.maximum, "min": np.minimum}.items():
    both(f"{_name}p", *SAME, "pairwise")(of_pairs(_of))
    both(f"{_name}v", "S T", ACROSS, "pairwise")(
        lambda n, of=_of: of.reduce(n, axis=1, keepdims=True)
    )
