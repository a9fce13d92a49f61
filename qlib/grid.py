"""A grid: the integers that a code may take.

    qmin <= q <= qmax                             (1)
    signed:    [-2^(b-1), 2^(b-1) - 1]            (2)
    unsigned:  [0, 2^b - 1]                       (3)
    narrow:    [qmin + 1, qmax]                   (4)

A narrow signed grid is symmetric, and the product of a code in [-127, 127]
and one in [-128, 127] stays within 127 * 128 < 2^14, so that two of them add
up in 16 bits.   Source: Jacob et al. 2018 (arXiv:1712.05877), appendix B;
Krishnamoorthi 2018 (arXiv:1806.08342), eq. (7)-(11).   Chapter: affine
"""

from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

DTYPES = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32)


def as_index(x: SupportsIndex, name: str) -> int:
    """Let one Python or numpy integer in.

    Raises: ValueError for anything else, whole floats such as 8.0 included.

    >>> as_index(np.int8(7), "bits")
    7
    """
    try:
        return x.__index__()
    except (AttributeError, TypeError):
        raise ValueError(f"{name} must be an integer, got {x!r}") from None


@dataclass(frozen=True)
class Grid:
    """All integers qmin <= q <= qmax, eq. (1).

    Raises: ValueError unless qmin < qmax are integers of 32 bits at most.

    >>> Grid(0, 255).levels
    256
    """

    qmin: int
    qmax: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "qmin", as_index(self.qmin, "qmin"))
        object.__setattr__(self, "qmax", as_index(self.qmax, "qmax"))
        ends = f"got [{self.qmin}, {self.qmax}]"
        if self.qmin >= self.qmax:
            raise ValueError(f"a grid needs qmin < qmax, {ends}")
        if not any(_holds(dtype, self) for dtype in DTYPES):
            raise ValueError(f"a grid must fit 32 bits, {ends}")

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The smallest numpy integer that holds every code.

        >>> Grid(0, 15).dtype, Grid(-127, 127).dtype, Grid(-128, 128).dtype
        (dtype('uint8'), dtype('int8'), dtype('int16'))
        """
        return np.dtype(next(d for d in DTYPES if _holds(d, self)))

    @property
    def levels(self) -> int:
        """How many codes there are, qmax - qmin + 1.

        >>> INT8_NARROW.levels
        255
        """
        return self.qmax - self.qmin + 1


def _holds(dtype: type[np.integer[Any]], grid: Grid) -> bool:
    """Whether every code of the grid is a number of this dtype."""
    info = np.iinfo(dtype)
    return int(info.min) <= grid.qmin and grid.qmax <= int(info.max)


def signed(bits: int) -> Grid:
    """The two's complement grid of a number of bits (1 to 32), eq. (2).

    Raises: ValueError for another number of bits.

    >>> signed(4)
    Grid(qmin=-8, qmax=7)
    """
    half = unsigned(bits).levels // 2
    return Grid(-half, half - 1)


def unsigned(bits: int) -> Grid:
    """The unsigned grid of a number of bits (1 to 32), eq. (3).

    Raises: ValueError for another number of bits.

    >>> unsigned(4)
    Grid(qmin=0, qmax=15)
    """
    b = as_index(bits, "bits")
    if not 1 <= b <= 32:
        raise ValueError(f"a grid has 1 to 32 bits, got {b}")
    return Grid(0, 2**b - 1)


def narrow(grid: Grid) -> Grid:
    """The grid without its lowest code, eq. (4); TensorFlow's narrow_range.

    Raises: ValueError for a grid of two codes.

    >>> narrow(signed(8)), narrow(unsigned(8))
    (Grid(qmin=-127, qmax=127), Grid(qmin=1, qmax=255))
    """
    return Grid(grid.qmin + 1, grid.qmax)


INT4, UINT4 = signed(4), unsigned(4)
INT8, UINT8 = signed(8), unsigned(8)
INT16, INT32 = signed(16), signed(32)
INT8_NARROW = narrow(INT8)  # [-127, 127]: weights, every source
UINT8_NARROW = narrow(UINT8)  # [1, 255]: weights, Jacob et al., TensorFlow
UINT8_SIMD = Grid(0, 254)  # [0, 254]: weights, Krishnamoorthi eq. (11)
