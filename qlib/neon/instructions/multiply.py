"""Products: twice as wide, in the same width, of bytes into 32 bits.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, both, lanes
from qlib.neon.views import Lanes, pairs, product

LONG = ("W T T | W T E", "8b 4h 2s")
SAME = ("T T T | T T E", INTEGERS)
DOT = ("D T T | D T G", "8b 16b")
MATRIX = ("D T T", "16b")
SUM = "multiply-accumulate"


@both("mull", *LONG, "multiply")
@both("mlal", *LONG, SUM, into=np.add)
@both("mlsl", *LONG, SUM, into=np.subtract)
def mull(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] Vm[i], twice as wide; MLAL adds it, MLSL subtracts."""
    return product(n, m)


@lanes("mul", *SAME, "i", "multiply", wraps=True)
@lanes("mla", *SAME, "i", SUM, into=np.add, wraps=True)
@lanes("mls", *SAME, "i", SUM, into=np.subtract, wraps=True)
def mul(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] Vm[i], lower half; MLA adds it, MLS subtracts."""
    return n * m


@both("dot", *DOT, "dot", into=np.add)
@lanes("usdot", *DOT, "iui", "dot", into=np.add)
@lanes("sudot", "D T G", "8b 16b", "iiu", "dot", into=np.add)
def dot(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] += sum over j < 4 of Vn[4i+j] Vm[4i+j]."""
    return pairs(pairs(product(n, m)), wider=False)


@both("mmla", *MATRIX, "matrix", into=np.add)
@lanes("usmmla", *MATRIX, "iui", "matrix", into=np.add)
def mmla(n: Lanes, m: Lanes) -> Lanes:
    """Vd[2i+j] += sum over k < 8 of Vn[8i+k] Vm[8j+k]."""
    rows, columns = [0, 0, 1, 1], [0, 1, 0, 1]
    n, m = (x.reshape(-1, 2, 8) for x in (n, m))
    p = product(n[:, rows], m[:, columns]).reshape(-1, 32)
    return pairs(pairs(pairs(p), wider=False), wider=False)
