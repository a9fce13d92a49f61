"""Floats to integers and back, to whole numbers, to other precisions.

    FCVT, FRINT:  N nearest, ties to even   A nearest, ties away from zero
                  M down   P up   Z towards zero

To an integer saturates, NaN to 0 (QC is not set).

Source: Arm Architecture Reference Manual, sections C7.2 and J1.1 (FPToFixed,
FixedToFP, FPConvertNaN).   Chapter: neon
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from qlib.neon.addresses import get, put
from qlib.neon.instructions.float import (
    FLOATS,
    VECTORS,
    bits,
    quiet_bit,
    sound,
)
from qlib.neon.machine import Machine
from qlib.neon.operands import SIZES, Register
from qlib.neon.table import Step, instruction
from qlib.neon.vector import lanes
from qlib.neon.views import Lanes

PLAIN = ("T T", FLOATS)
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
    """Whole doubles as integers, saturated; NaN is 0."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    beyond = x >= float(high)
    inside = np.where(x < float(high), np.maximum(x, low), 0)
    return np.where(beyond, high, inside.astype(dtype))


def whole(of: Callable[[Lanes], Lanes], kind: str) -> Callable[..., Lanes]:
    """Vd[i] = Vn[i] 2^k, rounded, as an integer."""
    return lambda n, k=0: fitted(
        of(n.astype("f8") * 2.0**k), f"{kind}{n.dtype.itemsize}"
    )


for _letter, _of in ROUNDINGS.items():
    _same = " frinti frintx" if _letter == "n" else ""
    lanes(f"frint{_letter}{_same}", *PLAIN, "f", "convert")(sound(_of))
    lanes(f"fcvt{_letter}s", *PLAIN, "if", "convert")(whole(_of, "i"))
    lanes(f"fcvt{_letter}u", *PLAIN, "uf", "convert")(whole(_of, "u"))
for _kind, _sign in ("is", "uu"):
    _fixed = whole(np.trunc, _kind)
    lanes(f"fcvtz{_sign}", *FIXED, f"{_kind}f", "convert")(_fixed)
    lanes(f"{_sign}cvtf", *PLAIN, f"f{_kind}", "convert")(lambda n: n)
    lanes(f"{_sign}cvtf", *SCALED, f"f{_kind}", "convert")(
        lambda n, k: n.astype(np.float64) * 2.0**-k
    )


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


lanes("fcvtn", "N T", "4s 2d", "f", "convert")(
    lambda n: precise(n, f"f{n.dtype.itemsize // 2}")
)
lanes("fcvtl", "W T", "4h 2s", "f", "convert")(
    lambda n: precise(n, f"f{n.dtype.itemsize * 2}")
)


def _read(machine: Machine, n: Register, kind: str) -> Callable[[], Lanes]:
    """Reads a register as one lane.   Shapes: -> (T or 1, 1)."""
    size = SIZES[n.form]
    data = get(machine, n, size)
    return lambda: machine.plain(data()).copy().view(f"{kind}{size}")


def scalar(
    of: Callable[[Lanes, str], Lanes],
    kinds: str,
    machine: Machine,
    d: Register,
    n: Register,
) -> Step:
    """Rd = the number in Rn; `of` gets it and the dtype of Rd."""
    source, write = _read(machine, n, kinds[1]), put(machine, d, 0)
    dtype = f"{kinds[0]}{SIZES[d.form]}"

    def step() -> None:
        x = of(source(), dtype).astype(dtype)
        write(machine.cells(x.view(np.uint8)))

    return step


def _whole(rounding: Callable[[Lanes], Lanes], n: Lanes, dtype: str) -> Lanes:
    return fitted(rounding(n.astype(np.float64)), dtype)


for _kind, _sign in ("is", "uu"):
    for _letter, _of in ROUNDINGS.items():
        instruction(f"fcvt{_letter}{_sign}", "W|X, H|S|D", cost="convert")(
            partial(scalar, partial(_whole, _of), f"{_kind}f")
        )
    instruction(f"{_sign}cvtf", "H|S|D, W|X", cost="convert")(
        partial(scalar, np.ndarray.astype, f"f{_kind}")
    )
instruction("fcvt", "H, S|D", "S, H|D", "D, H|S", cost="convert")(
    partial(scalar, precise, "ff")
)
