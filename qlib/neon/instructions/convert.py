"""Floats to integers and back, to whole numbers, to other precisions.

    FCVT, FRINT:  N nearest, ties to even   A nearest, ties away from zero
                  M down   P up   Z towards zero

To an integer saturates, NaN to 0 (QC is not set).

Source: Arm Architecture Reference Manual, sections C7.2 and J1.1 (FPToFixed,
FixedToFP, FPConvertNaN).   Chapter: neon
"""

from collections.abc import Callable

import numpy as np

from qlib.neon.instructions.float import FLOATS, VECTORS, bits, nans, quiet_bit
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

SCALED = ("T T #>", FLOATS)
FIXED = ("T T #>", f"{VECTORS} s d")


def ties_away(x: Lanes) -> Lanes:
    """The nearest whole number; of two, the one away from zero.

    >>> ties_away(np.array([-2.5, 0.5, 0.49999999999999994]))
    array([-3.,  1.,  0.])
    """
    whole: Lanes = np.trunc(x)
    step: Lanes = np.copysign(np.abs(x - whole) >= 0.5, x)
    return whole + step


ROUNDINGS: dict[str, Callable[[Lanes], Lanes]] = {
    "n": np.rint,
    "a": ties_away,
    "m": np.floor,
    "p": np.ceil,
    "z": np.trunc,
}


def fitted(x: Lanes, dtype: str) -> Lanes:
    """Whole doubles as integers, saturated; NaN is 0.

    >>> fitted(np.array([-3.0, 1e30, np.nan]), "u8")
    array([                   0, 18446744073709551615,                    0],
          dtype=uint64)
    """
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    beyond = x >= float(high)
    inside = np.where(x < float(high), np.maximum(x, low), 0)
    return np.where(beyond, high, inside.astype(dtype))


def _rows(letter: str, rounding: Callable[[Lanes], Lanes]) -> None:
    """The rows of one rounding."""

    def signed(n: Lanes) -> Lanes:
        x = rounding(n.astype(np.float64))
        return fitted(x, f"i{n.dtype.itemsize}")

    def unsigned(n: Lanes) -> Lanes:
        x = rounding(n.astype(np.float64))
        return fitted(x, f"u{n.dtype.itemsize}")

    def whole(n: Lanes) -> Lanes:
        return nans(rounding(n), n)

    same = " frinti frintx" if letter == "n" else ""
    lanes(f"frint{letter}{same}", "T T", FLOATS, "f", "convert")(whole)
    lanes(f"fcvt{letter}s", "T T", FLOATS, "if", "convert")(signed)
    lanes(f"fcvt{letter}u", "T T", FLOATS, "uf", "convert")(unsigned)


for _letter, _rounding in ROUNDINGS.items():
    _rows(_letter, _rounding)


@lanes("fcvtzs", *FIXED, "if", "convert")
def fcvtzs(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] 2^k, towards zero."""
    return fitted(np.trunc(n.astype("f8") * 2.0**k), f"i{n.dtype.itemsize}")


@lanes("fcvtzu", *FIXED, "uf", "convert")
def fcvtzu(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] 2^k, towards zero."""
    return fitted(np.trunc(n.astype("f8") * 2.0**k), f"u{n.dtype.itemsize}")


@lanes("scvtf", "T T", FLOATS, "fi", "convert")
@lanes("ucvtf", "T T", FLOATS, "fu", "convert")
def cvtf(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i], to nearest even."""
    return n


@lanes("scvtf", *SCALED, "fi", "convert")
@lanes("ucvtf", *SCALED, "fu", "convert")
def cvtf_scaled(n: Lanes, k: int) -> Lanes:
    """Vd[i] = Vn[i] / 2^k, to nearest even."""
    return n.astype(np.float64) * 2.0**-k


def precise(n: Lanes, dtype: str) -> Lanes:
    """Floats in another precision, to nearest even.

    NaNs keep their high bits and become quiet.

    >>> precise(np.float32([1 + 2**-11, 65504]), "f2")
    array([1.00e+00, 6.55e+04], dtype=float16)
    """
    result = n.astype(dtype)
    bad = np.isnan(n)
    if not bad.any():
        return result
    ours, theirs = np.finfo(n.dtype).nmant, np.finfo(dtype).nmant
    fraction = bits(n).astype(np.uint64) & (1 << ours) - 1
    fraction = fraction << max(theirs - ours, 0) >> max(ours - theirs, 0)
    sign = np.signbit(n).astype(np.uint64) << 8 * result.itemsize - 1
    ones = bits(np.array(np.inf, dtype)) | quiet_bit(result)
    nan = (sign | fraction).astype(ones.dtype) | ones
    return np.where(bad, nan, bits(result)).view(dtype)


@lanes("fcvtn", "N T", "4s 2d", "f", "convert")
def fcvtn(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i], half as wide, to nearest even."""
    return precise(n, f"f{n.dtype.itemsize // 2}")


@lanes("fcvtl", "W T", "4h 2s", "f", "convert")
def fcvtl(n: Lanes) -> Lanes:
    """Vd[i] = Vn[i], twice as wide."""
    return precise(n, f"f{n.dtype.itemsize * 2}")
