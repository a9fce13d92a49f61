"""Sums of neighbouring lanes, twice as wide.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes, pairs


@lanes("saddlp", "P T", INTEGERS, "i", "pairwise")
@lanes("uaddlp", "P T", INTEGERS, "u", "pairwise")
@lanes("sadalp", "P T", INTEGERS, "i", "pairwise-accumulate", into=np.add)
@lanes("uadalp", "P T", INTEGERS, "u", "pairwise-accumulate", into=np.add)
def addlp(n: Lanes) -> Lanes:
    """Vd[i] = Vn[2i] + Vn[2i+1], twice as wide; ADALP adds it to Vd[i]."""
    return pairs(n)
