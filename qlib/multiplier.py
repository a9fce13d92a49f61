"""A multiplier as an integer and a shift: what is left of M on the device.

    M = M0 2^(-bits - n),  2^(bits-1) <= M0 < 2^bits        (1)

M0 is an integer with 31 fraction bits (15 on a small chip), n a RIGHT
shift; TFLite stores -n.  This file is OFFLINE: it may use floats.

Source: Jacob et al. 2018 (arXiv:1712.05877), section 2.2, eq. (6);
tflite-micro 90b983c2, tensorflow/lite/kernels/internal/
quantization_util.cc.   Chapter: requantization
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qlib.arrays import Code, Real, as_code, as_finite
from qlib.grid import as_index
from qlib.rounding import half_away


@dataclass(frozen=True, eq=False)
class Requant:
    """M as an integer and a right shift, eq. (1).

    m0     integers in [0, 2^bits); 0 stands for M = 0
    shift  n, of the shape of m0; 31 at most
    bits   the fraction bits of m0, 1 to 31

    `requant_from_real` gives m0 its highest bit; a smaller one is legal and
    less precise.  Per channel, m0 and shift have the shape that broadcasts
    over the accumulator: (K, 1, 1) for K filters of (N, K, P, Q).
    Raises: ValueError for values out of range or shapes that differ.

    >>> Requant(3, 1, bits=2)  # 3/4 of 1/2
    Requant(m0=3, shift=1, bits=2)
    """

    m0: int | Code
    shift: int | Code
    bits: int = 31

    def __post_init__(self) -> None:
        m0, n = as_code(self.m0, "m0"), as_code(self.shift, "shift")
        bits = _fraction_bits(self.bits)
        if ((m0 < 0) | (m0 >= 2**bits)).any():
            raise ValueError(f"m0 must be in [0, 2^{bits}), got {m0}")
        if m0.shape != n.shape or (n > 31).any():
            raise ValueError(
                "shift must be 31 at most and have the shape of m0, "
                f"got {n} for shape {m0.shape}"
            )
        object.__setattr__(self, "m0", _locked(m0))
        object.__setattr__(self, "shift", _locked(n))
        object.__setattr__(self, "bits", bits)

    @property
    def real(self) -> float | Real:
        """The M that m0 and shift stand for, eq. (1), exact in float64.

        >>> float(Requant(3, 1, bits=2).real)
        0.375
        """
        return np.ldexp(np.float64(self.m0), -self.bits - self.shift)


def requant_from_real(
    M: npt.ArrayLike, bits: int = 31, max_left: int | None = None
) -> Requant:
    """Split M into M0 and n, eq. (1); M0 is rounded, ties away from zero.

    M = 0 and what rounds to less than 2^-32 give m0 = 0 and shift = 0.
    A left shift (M >= 1, n < 0) may be of any size, unless `max_left` bounds
    it and larger M become the largest: TFLite built for one rounding has 30.
    Shapes: M (...) -> m0, shift (...).
    Raises: ValueError for M negative, infinite or NaN, bits as `Requant`.
    Source: QuantizeMultiplier, quantization_util.cc.

    >>> requant_from_real(0.3)
    Requant(m0=1288490189, shift=1, bits=31)
    """
    M, bits = as_finite(M, "M"), _fraction_bits(bits)
    if (M < 0).any():
        raise ValueError(f"M must not be negative, got {M}")
    fraction, left = np.frexp(M)
    m0 = half_away(np.ldexp(fraction, bits)).astype(np.int64)
    full = m0 == 2**bits
    m0, left = np.where(full, m0 // 2, m0), left + full
    if max_left is not None:
        m0 = np.where(left > max_left, 2**bits - 1, m0)
        left = np.minimum(left, max_left)
    return Requant(m0 * (left >= -31), -left * (left >= -31), bits)


def _fraction_bits(bits: int) -> int:
    """Let the number of fraction bits in."""
    b = as_index(bits, "bits")
    if not 1 <= b <= 31:
        raise ValueError(f"bits must be in [1, 31], got {b}")
    return b


def _locked(a: Code) -> int | Code:
    """A copy in int64 that nobody writes to; a number if it is one."""
    a = a.astype(np.int64)
    a.flags.writeable = False
    return a if a.ndim else a.item()
