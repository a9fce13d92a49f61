"""Products: twice as wide, or in the same width.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes, product

LONG = ("W T T | W T E", "8b 4h 2s")
SAME = ("T T T | T T E", INTEGERS)


@lanes("smull", *LONG, "i", "multiply")
@lanes("umull", *LONG, "u", "multiply")
@lanes("smlal", *LONG, "i", "multiply-accumulate", into=np.add)
@lanes("umlal", *LONG, "u", "multiply-accumulate", into=np.add)
@lanes("smlsl", *LONG, "i", "multiply-accumulate", into=np.subtract)
@lanes("umlsl", *LONG, "u", "multiply-accumulate", into=np.subtract)
def mull(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] Vm[i], twice as wide; MLAL adds it, MLSL subtracts."""
    return product(n, m)


@lanes("mul", *SAME, "i", "multiply", wraps=True)
@lanes("mla", *SAME, "i", "multiply-accumulate", into=np.add, wraps=True)
@lanes("mls", *SAME, "i", "multiply-accumulate", into=np.subtract, wraps=True)
def mul(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] Vm[i], lower half; MLA adds it, MLS subtracts."""
    return n * m
