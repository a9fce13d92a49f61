"""Arithmetic of floats: half, single and double, rounded half to even.

A NaN results from NaN operands by Arm's rule: the first that signals, else
the first; it is made quiet.  Other NaNs are the default one, positive.

Source: Arm Architecture Reference Manual, sections C7.2 and J1.1
(FPProcessNaNs, FPMax, FPMaxNum).   Chapter: neon
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from qlib.neon.instructions.arithmetic import joined
from qlib.neon.instructions.logic import mask
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

VECTORS = "4h 8h 2s 4s 2d"
FLOATS = f"{VECTORS} h s d"
SAME = ("T T T", FLOATS, "f", "float")
PAIRS = ("T T T", VECTORS, "f", "pairwise")
ACROSS = ("S T", "4h 8h 4s", "f", "pairwise")
BY = ("T T T | T T E", FLOATS, "f", "float-multiply")
EITHER = ("T T T | T T #0", FLOATS, "iff", "float")


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


@lanes("fadd", *SAME)
def fadd(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] + Vm[i]."""
    return nans(n + m, n, m)


@lanes("fsub", *SAME)
def fsub(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] - Vm[i]."""
    return nans(n - m, n, m)


@lanes("fmul", *BY)
def fmul(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] Vm[i]."""
    return nans(n * m, n, m)


@lanes("fdiv", *SAME)
def fdiv(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = Vn[i] / Vm[i]."""
    return nans(n / m, n, m)


@lanes("fsqrt", "T T", FLOATS, "f", "float")
def fsqrt(n: Lanes) -> Lanes:
    """Vd[i] = the square root of Vn[i]."""
    return nans(np.sqrt(n), n)


@lanes("fabs", "T T", FLOATS, "u", "float")
def fabs(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i] with sign 0."""
    return n & int(np.iinfo(n.dtype).max) // 2


@lanes("fneg", "T T", FLOATS, "u", "float")
def fneg(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i] with the other sign."""
    return n ^ 1 + int(np.iinfo(n.dtype).max) // 2


@lanes("fmax", *SAME)
def fmax(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = max(Vn[i], Vm[i]); +0 is above -0; NaN if either is."""
    equal = (bits(n) & bits(m)).view(n.dtype)
    return nans(np.where(n == m, equal, np.maximum(n, m)), n, m)


@lanes("fmin", *SAME)
def fmin(n: Lanes, m: Lanes) -> Lanes:
    """Vd[i] = min(Vn[i], Vm[i]); -0 is below +0; NaN if either is."""
    equal = (bits(n) | bits(m)).view(n.dtype)
    return nans(np.where(n == m, equal, np.minimum(n, m)), n, m)


def numbers(n: Lanes, m: Lanes, instead: float) -> tuple[Lanes, Lanes]:
    """A quiet NaN is replaced unless both are."""
    lost, gone = is_quiet(n), is_quiet(m)
    other = n.dtype.type(instead)
    return np.where(lost & ~gone, other, n), np.where(gone & ~lost, other, m)


@lanes("fmaxnm", *SAME)
def fmaxnm(n: Lanes, m: Lanes) -> Lanes:
    """Like FMAX; of a number and a quiet NaN, the number."""
    return fmax(*numbers(n, m, -np.inf))


@lanes("fminnm", *SAME)
def fminnm(n: Lanes, m: Lanes) -> Lanes:
    """Like FMIN; of a number and a quiet NaN, the number."""
    return fmin(*numbers(n, m, np.inf))


def _rows_of_pairs(
    name: str, of: Callable[[Lanes, Lanes], Lanes], across: bool = True
) -> None:
    """The pairwise rows of an operation, and those across lanes."""

    def pairwise(n: Lanes, m: Lanes) -> Lanes:
        x = joined(n, m)
        return of(x[:, ::2], x[:, 1::2])

    def reduced(n: Lanes) -> Lanes:
        while n.shape[1] > 1:
            n = of(n[:, ::2], n[:, 1::2])
        return n

    lanes(f"{name}p", *PAIRS)(pairwise)
    lanes(f"{name}p", "S T", "2s 2d", "f", "pairwise")(reduced)
    if across:
        lanes(f"{name}v", *ACROSS)(reduced)


for _name, _of in [
    ("fmax", fmax),
    ("fmin", fmin),
    ("fmaxnm", fmaxnm),
    ("fminnm", fminnm),
]:
    _rows_of_pairs(_name, _of)
_rows_of_pairs("fadd", fadd, across=False)


@lanes("fcmgt", *EITHER)
def fcmgt(n: Lanes, m: Lanes) -> Lanes:
    """Ones where Vn[i] > Vm[i], or > 0; NaN is neither."""
    return mask(n > m)


@lanes("fcmge", *EITHER)
def fcmge(n: Lanes, m: Lanes) -> Lanes:
    """Ones where Vn[i] >= Vm[i], or >= 0."""
    return mask(n >= m)


@lanes("fcmeq", *EITHER)
def fcmeq(n: Lanes, m: Lanes) -> Lanes:
    """Ones where Vn[i] = Vm[i], or = 0."""
    return mask(n == m)


@lanes("fcmlt", "T T #0", FLOATS, "iff", "float")
def fcmlt(n: Lanes, m: Lanes) -> Lanes:
    """Ones where Vn[i] < 0."""
    return mask(n < m)


@lanes("fcmle", "T T #0", FLOATS, "iff", "float")
def fcmle(n: Lanes, m: Lanes) -> Lanes:
    """Ones where Vn[i] <= 0."""
    return mask(n <= m)
