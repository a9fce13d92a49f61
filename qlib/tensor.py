"""Codes with their parameters: what travels between quantized layers.

    r = S (q - Z)    (1)

No operators: arithmetic on codes belongs to the chapters that define it.
Chapter: affine
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from qlib.affine import dequantize, quantize
from qlib.arrays import Code, Real
from qlib.qparams import QParams
from qlib.rounding import Rounding, half_even


@dataclass(frozen=True, eq=False)
class QTensor:
    """An array of codes q and the parameters that give them a meaning.

    q   any shape, stored as qp.grid.dtype; copied and locked
    qp  one (S, Z), or one per channel of q

    Raises: ValueError unless q has the grid's dtype, lies on the grid and has
    the channels of qp.

    >>> from qlib.grid import UINT8
    >>> QTensor(np.array([1, 3, 255], np.uint8), QParams(0.5, 3, UINT8)).r
    array([ -1.,   0., 126.])
    """

    q: Code
    qp: QParams

    def __post_init__(self) -> None:
        q, dtype = np.array(self.q), self.qp.grid.dtype
        if q.dtype != dtype:
            raise ValueError(f"codes must be stored as {dtype}, got {q.dtype}")
        dequantize(q, self.qp)
        q.flags.writeable = False
        object.__setattr__(self, "q", q)

    @classmethod
    def of(cls, r: Real, qp: QParams, rounding: Rounding = half_even) -> Self:
        """Quantize r.   Raises: as `quantize`.

        >>> from qlib.grid import UINT8
        >>> QTensor.of(np.array([0.2, 200.0]), QParams(0.5, 3, UINT8)).q
        array([  3, 255], dtype=uint8)
        """
        return cls(quantize(r, qp, rounding), qp)

    @property
    def r(self) -> Real:
        """The reals that the codes stand for, eq. (1), in float64.

        >>> from qlib.grid import UINT8
        >>> QTensor(np.array([4], np.uint8), QParams(0.5, 3, UINT8)).r
        array([0.5])
        """
        return dequantize(self.q, self.qp)
