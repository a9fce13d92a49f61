"""Four products of bytes in one lane of 32 bits; 2x2 matrix products.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import lanes
from qlib.neon.views import Lanes, pairs, product

DOT = ("D T T | D T G", "8b 16b")
MATRIX = ("D T T", "16b")


@lanes("sdot", *DOT, "i", "dot", into=np.add)
@lanes("udot", *DOT, "u", "dot", into=np.add)
@lanes("usdot", *DOT, "iui", "dot", into=np.add)
@lanes("sudot", "D T G", "8b 16b", "iiu", "dot", into=np.add)
def dot(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] += sum over j < 4 of Vn[4i+j] Vm[4i+j]."""
    return pairs(pairs(product(n, m)), wider=False)


@lanes("smmla", *MATRIX, "i", "matrix", into=np.add)
@lanes("ummla", *MATRIX, "u", "matrix", into=np.add)
@lanes("usmmla", *MATRIX, "iui", "matrix", into=np.add)
def mmla(n: Lanes, m: Lanes) -> Lanes:
    """Vd[2i+j] += sum over k < 8 of Vn[8i+k] Vm[8j+k]."""
    rows, columns = [0, 0, 1, 1], [0, 1, 0, 1]
    n, m = (x.reshape(-1, 2, 8) for x in (n, m))
    p = product(n[:, rows], m[:, columns]).reshape(-1, 32)
    return pairs(pairs(pairs(p), wider=False), wider=False)
