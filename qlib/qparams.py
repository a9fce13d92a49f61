"""The parameters of a quantized array: scale, zero point, grid.

    r = S (q - Z)                             (1)
    rmin = S (qmin - Z),  rmax = S (qmax - Z) (2)

Chapter: affine
"""

from dataclasses import dataclass

import numpy as np

from qlib.arrays import Code, Real, as_real
from qlib.grid import Grid, as_index


@dataclass(frozen=True, eq=False)
class QParams:
    """One (S, Z) for a whole array, or one per channel along an axis.

    scale       S, reals per code: a float, or (channels,) with an axis
    zero_point  Z, the code of r = 0: an int, or (channels,); a single Z
                serves all channels
    grid        the codes
    axis        the axis of the channels, or None; -1 is the last one

    S is rounded to float32 here, because TFLite, ONNX and ncnn store float32,
    and kept as float64, so that products of scales are computed in float64.
    Arrays are copied and locked.  Two QParams are equal only if they are one
    object.

    Raises: ValueError unless S is finite and positive, also as float32; Z is
    whole and on the grid; and the shapes fit the axis.

    >>> QParams(0.5, 3, Grid(0, 255))
    QParams(scale=0.5, zero_point=3, grid=Grid(qmin=0, qmax=255), axis=None)
    """

    scale: float | Real
    zero_point: int | Code
    grid: Grid
    axis: int | None = None

    def __post_init__(self) -> None:
        S = _checked_scale(self.scale)
        Z = _checked_zero_point(self.zero_point, self.grid)
        if self.axis is None:
            if S.ndim or Z.ndim:
                raise ValueError(
                    "axis=None needs one scale and one zero_point, "
                    f"got shapes {S.shape} and {Z.shape}"
                )
            return self._set(scale=S.item(), zero_point=Z.item())
        if S.ndim != 1 or S.size == 0 or Z.shape not in ((), S.shape):
            raise ValueError(
                "with an axis, scale must be (channels,) and zero_point "
                f"one or (channels,), got shapes {S.shape} and {Z.shape}"
            )
        Z = np.broadcast_to(Z, S.shape).copy()
        S.flags.writeable = Z.flags.writeable = False
        self._set(scale=S, zero_point=Z, axis=as_index(self.axis, "axis"))

    def _set(self, **fields: object) -> None:
        """Write to a frozen dataclass, while it is being made."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def rmin(self) -> float | Real:
        """The lowest real of the grid, eq. (2).

        >>> QParams(0.5, 3, Grid(0, 255)).rmin
        -1.5
        """
        return self.scale * (self.grid.qmin - self.zero_point)

    @property
    def rmax(self) -> float | Real:
        """The highest real of the grid, eq. (2).

        >>> QParams(0.5, 3, Grid(0, 255)).rmax
        126.0
        """
        return self.scale * (self.grid.qmax - self.zero_point)

    def along(self, ndim: int) -> tuple[Real, Code]:
        """S and Z, float64 and int64, to broadcast over ndim axes.

        Raises: ValueError if ndim axes do not include `axis`.

        >>> qp = QParams(np.array([0.5, 2.0]), 0, Grid(-127, 127), axis=0)
        >>> qp.along(2)[0]
        array([[0.5],
               [2. ]])
        """
        S, Z = np.asarray(self.scale), np.asarray(self.zero_point)
        if self.axis is None:
            return S, Z
        if not -ndim <= self.axis < ndim:
            raise ValueError(f"axis {self.axis} must be one of {ndim} axes")
        shape = [1] * ndim
        shape[self.axis] = S.size
        return S.reshape(shape), Z.reshape(shape)

    def over(self, x: Real | Code) -> tuple[Real, Code]:
        """S and Z to broadcast over x: `along`, and x has as many channels.

        Raises: ValueError for a wrong axis or another number of channels.

        >>> QParams(0.5, 3, Grid(0, 255)).over(np.zeros((2, 2)))
        (array(0.5), array(3))
        """
        S, Z = self.along(x.ndim)
        if self.axis is not None and x.shape[self.axis] != S.size:
            raise ValueError(
                f"axis {self.axis} must have {S.size} channels, "
                f"got shape {x.shape}"
            )
        return S, Z


def _checked_scale(scale: float | Real) -> Real:
    """S as float32 will store it, held in float64."""
    S = as_real(scale, "scale")
    with np.errstate(over="ignore"):
        stored = S.astype(np.float32).astype(np.float64)
    if not (np.isfinite(stored) & (stored > 0)).all():
        raise ValueError(
            f"scale must be positive and finite in float32, got {S}"
        )
    return stored


def _checked_zero_point(zero_point: int | Code, grid: Grid) -> Code:
    """Z as int64, on the grid."""
    Z = as_real(zero_point, "zero_point")
    if not ((np.rint(Z) == Z) & (grid.qmin <= Z) & (grid.qmax >= Z)).all():
        raise ValueError(
            "zero_point must be an integer in "
            f"[{grid.qmin}, {grid.qmax}], got {Z}"
        )
    return Z.astype(np.int64)
