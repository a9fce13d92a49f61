"""Which world an array lives in, and the check at the border.

    Real    offline: real numbers, computed in float64
    Code    on device: integers of a grid, stored in its smallest dtype
    Acc     on device: sums of products of codes, wider than a code

Chapter: affine
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Real: TypeAlias = npt.NDArray[np.floating[Any]]
Code: TypeAlias = npt.NDArray[np.integer[Any]]
Acc: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Range: TypeAlias = tuple[float, float]  # rmin, rmax


def as_array(x: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Let an array in, but no mask: numpy would drop it or apply it halfway.

    Raises: ValueError for a masked array.

    >>> as_array([1, 2], "r")
    array([1, 2])
    """
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(f"{name} must have no mask, got {x!r}")
    return np.asarray(x)


def as_real(x: npt.ArrayLike, name: str = "r") -> Real:
    """Let real numbers in: any integer or float dtype, as float64.

    Shapes: x (...) -> (...).   Infinities may pass, NaN may not.
    Raises: ValueError for complex, boolean or non-numeric x, for NaN, and as
    `as_array`.

    >>> as_real([1, 2])
    array([1., 2.])
    """
    a = as_array(x, name)
    if a.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be real numbers, got dtype {a.dtype}")
    a = np.asarray(a, np.float64)
    if np.isnan(a).any():
        raise ValueError(f"{name} must not be NaN, got {a}")
    return a


def as_finite(x: npt.ArrayLike, name: str = "r") -> Real:
    """Let real numbers in, but no infinity.

    Shapes: x (...) -> (...), float64.
    Raises: ValueError as `as_real`, and for infinite x.

    >>> as_finite(0.5)
    array(0.5)
    """
    a = as_real(x, name)
    if np.isinf(a).any():
        raise ValueError(f"{name} must be finite, got {a}")
    return a


def as_code(x: npt.ArrayLike, name: str = "q") -> Code:
    """Let integers in, with the dtype they have.

    Shapes: x (...) -> (...).
    Raises: ValueError unless the dtype of x is an integer one, and as
    `as_array`.

    >>> as_code(np.uint8([0, 255]))
    array([  0, 255], dtype=uint8)
    """
    a = as_array(x, name)
    if a.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got dtype {a.dtype}")
    return a
