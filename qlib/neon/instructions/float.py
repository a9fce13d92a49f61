"""Arithmetic of floats: half, single and double, rounded half to even.

A NaN results from NaN operands by Arm's rule: the first that signals, else
the first; it is made quiet.  Other NaNs are the default one, positive.

Source: Arm Architecture Reference Manual, sections C7.2 and J1.1
(FPProcessNaNs, FPMax, FPMaxNum).   Chapter: neon
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from qlib.neon.instructions.arithmetic import of_pairs
from qlib.neon.instructions.logic import mask
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

VECTORS = "4h 8h 2s 4s 2d"
FLOATS = f"{VECTORS} h s d"
SAME = ("T T T", FLOATS, "f", "float")
PAIRS = ("T T T", VECTORS, "f", "pairwise")
ACROSS = ("S T", "4h 8h 4s", "f", "pairwise")
BY = ("T T T | T T E", FLOATS, "f", "float-multiply")


def bits(x: Lanes) -> Lanes:
    """The bits of floats, as unsigned numbers."""
    return x.view(f"u{x.dtype.itemsize}")


def quiet_bit(x: Lanes) -> int:
    """The bit of a NaN that is 0 in one that signals."""
    return 1 << np.finfo(x.dtype).nmant - 1


def is_quiet(x: Lanes) -> Lanes:
    """NaN that does not signal."""
    quiet: Lanes = bits(x) & quiet_bit(x) != 0
    return np.isnan(x) & quiet


def nans(result: Lanes, *operands: Lanes) -> Lanes:
    """The result, its NaNs as Arm makes them of the operands.

    >>> a, b = np.uint32([0x7FC00001]), np.uint32([0xFF800002])
    >>> x = nans(np.float32([np.nan]), a.view("f4"), b.view("f4"))
    >>> hex(bits(x)[0])
    '0xffc00002'
    """
    bad = np.isnan(result)
    if not bad.any():
        return result
    quiet = quiet_bit(result)
    sign = 1 << 8 * result.dtype.itemsize - 1
    chosen: Any = sign - quiet  # the default NaN
    for x in reversed(operands):
        chosen = np.where(np.isnan(x), bits(x) | quiet, chosen)
    for x in reversed(operands):
        signals = np.isnan(x) & ~is_quiet(x)
        chosen = np.where(signals, bits(x) | quiet, chosen)
    return np.where(bad, chosen, bits(result)).view(result.dtype)


def sound(of: Callable[..., Lanes]) -> Callable[..., Lanes]:
    """A function of floats whose NaNs are Arm's."""
    return lambda *x: nans(of(*x), *x)


def fneg(n: Lanes) -> Lanes:
    """The bits of Vn[i] with the other sign."""
    return n ^ 1 + int(np.iinfo(n.dtype).max) // 2


def fmax(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = max(Vn[i], Vm[i]); +0 is above -0; NaN if either is."""
    equal = (bits(n) & bits(m)).view(n.dtype)
    return nans(np.where(n == m, equal, np.maximum(n, m)), n, m)


def fmin(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = min(Vn[i], Vm[i]); -0 is below +0; NaN if either is."""
    equal = (bits(n) | bits(m)).view(n.dtype)
    return nans(np.where(n == m, equal, np.minimum(n, m)), n, m)


def numbers(n: Lanes, m: Lanes, instead: float) -> tuple[Lanes, Lanes]:
    """For FMAXNM and FMINNM: a quiet NaN is replaced unless both are."""
    lost, gone = is_quiet(n), is_quiet(m)
    other = n.dtype.type(instead)
    return np.where(lost & ~gone, other, n), np.where(gone & ~lost, other, m)


def reduced(of: Callable[..., Lanes]) -> Callable[[Lanes], Lanes]:
    """The lanes of a register in one, pair by pair."""

    def across(n: Lanes) -> Lanes:
        while n.shape[1] > 1:
            n = of(n[:, ::2], n[:, 1::2])
        return n

    return across


lanes("fsub", *SAME)(sound(np.subtract))
lanes("fmul", *BY)(sound(np.multiply))
lanes("fdiv", *SAME)(sound(np.divide))
lanes("fsqrt", "T T", FLOATS, "f", "float")(sound(np.sqrt))
lanes("fabs", "T T", FLOATS, "u", "float")(
    lambda n: n & int(np.iinfo(n.dtype).max) // 2
)
lanes("fneg", "T T", FLOATS, "u", "float")(fneg)
for _name, _of in {
    "fadd": sound(np.add),
    "fmax": fmax,
    "fmin": fmin,
    "fmaxnm": lambda n, m: fmax(*numbers(n, m, -np.inf)),
    "fminnm": lambda n, m: fmin(*numbers(n, m, np.inf)),
}.items():
    lanes(_name, *SAME)(_of)
    lanes(f"{_name}p", *PAIRS)(of_pairs(_of))
    lanes(f"{_name}p", "S T", "2s 2d", "f", "pairwise")(reduced(_of))
    if _name != "fadd":
        lanes(f"{_name}v", *ACROSS)(reduced(_of))
for _name, _holds, _shapes in [
    ("fcmgt", np.greater, "T T T | T T #0"),
    ("fcmge", np.greater_equal, "T T T | T T #0"),
    ("fcmeq", np.equal, "T T T | T T #0"),
    ("fcmlt", np.less, "T T #0"),
    ("fcmle", np.less_equal, "T T #0"),
]:
    lanes(_name, _shapes, FLOATS, "iff", "float")(mask(_holds))
