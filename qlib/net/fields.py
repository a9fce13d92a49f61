"""The fields of an op, checked once, when the op is made.

Each check takes the op's label, so that an error says which op it was.
Chapter: int8-convolution
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, TypeAlias

import numpy as np

from qlib.arrays import Code, Real, as_finite
from qlib.grid import as_index
from qlib.net.window import Padding, Pair

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Absent:
    """The place of an array whose numbers are not there: only its shape.

    Raises: ValueError unless all sizes are positive integers.

    >>> Absent((64, 3, 7, 7)).size
    9408
    """

    shape: Shape

    def __post_init__(self) -> None:
        hold(self, shape=sizes("Absent", "shape", self.shape))

    @property
    def size(self) -> int:
        """The number of elements.

        >>> Absent((10, 64)).size
        640
        """
        return math.prod(self.shape)


Weights: TypeAlias = Real | Absent


def present(label: str, w: Weights) -> Real:
    """The numbers, if they are there.

    Raises: ValueError, naming the op, for `Absent`.

    >>> present("Dense x -> y", np.ones(2))
    array([1., 1.])
    """
    if isinstance(w, Absent):
        raise ValueError(f"{label}: weights must be present, got {w}")
    return w


def named(op: object, y: str, *xs: str) -> str:
    """The label of an op, after a look at its names.

    Raises: ValueError for empty names, no input, and y among the inputs.

    >>> from qlib.net.ops import Relu
    >>> named(Relu("x", "y"), "y", "x")
    'Relu x -> y'
    """
    label = f"{type(op).__name__} {', '.join(map(str, xs))} -> {y}"
    if not xs or not all(isinstance(n, str) and n for n in (y, *xs)):
        raise ValueError(f"{label}: tensors need names, got {xs} and {y!r}")
    if y in xs:
        raise ValueError(f"{label}: an op must make a new tensor, got {y!r}")
    return label


def hold(op: object, **fields: object) -> None:
    """Write checked fields to a frozen op, while it is being made.

    >>> absent = Absent((1,))
    >>> hold(absent, shape=(2,))
    >>> absent
    Absent(shape=(2,))
    """
    for name, value in fields.items():
        object.__setattr__(op, name, value)


def array(
    label: str,
    name: str,
    w: Weights | Code,
    axes: str,
    first: int | None = None,
) -> Weights:
    """Parameters, copied and locked; whole numbers become float64.

    axes   in words, such as "K, C": there must be as many
    first  the size of the first axis, if it is known

    Raises: ValueError for another shape, an empty one, dtypes that are not
    real, NaN and infinities.

    >>> array("Dense x -> y", "w", np.ones((10, 64)), "K, C").shape
    (10, 64)
    """
    if not isinstance(w, Absent):
        w = _locked(f"{label}: {name}", w)
    names = axes.split(", ")
    fits = len(w.shape) == len(names) and first in (None, w.shape[0])
    if not fits or 0 in w.shape:
        known = "" if first is None else f", {names[0]} = {first}"
        raise ValueError(
            f"{label}: {name} must have shape ({axes}){known}, got {w.shape}"
        )
    return w


def _locked(what: str, w: Real | Code) -> Real:
    """A copy that nobody can write to: finite, floating."""
    a: Any = np.array(w)
    if a.dtype.kind not in "iuf":
        raise ValueError(f"{what} must be real numbers, got dtype {a.dtype}")
    if a.dtype not in (np.float32, np.float64):
        a = a.astype(np.float64)
    if not np.isfinite(a).all():
        raise ValueError(f"{what} must be finite, got {a[~np.isfinite(a)][0]}")
    a.flags.writeable = False
    locked: Real = a
    return locked


def whole(label: str, name: str, n: SupportsIndex, low: int) -> int:
    """An integer that is not too low.

    Raises: ValueError for anything else.

    >>> whole("Conv x -> y", "groups", np.int64(2), 1)
    2
    """
    i = as_index(n, f"{label}: {name}")
    if i < low:
        raise ValueError(f"{label}: {name} must be at least {low}, got {i}")
    return i


def sizes(label: str, name: str, shape: Sequence[SupportsIndex]) -> Shape:
    """A shape: positive integers, in a tuple or a list.

    Raises: ValueError for anything else.

    >>> sizes("Net", "shape", [3, 8, 8])
    (3, 8, 8)
    """
    if not isinstance(shape, tuple | list):
        raise ValueError(f"{label}: {name} must be a tuple, got {shape!r}")
    return tuple(whole(label, name, n, 1) for n in shape)


def pair(label: str, name: str, numbers: Pair, low: int = 1) -> Pair:
    """(rows, columns), two integers.

    Raises: ValueError for another number of them, and as `whole`.

    >>> pair("Conv x -> y", "stride", (2, 1))
    (2, 1)
    """
    if not isinstance(numbers, tuple) or len(numbers) != 2:
        raise ValueError(
            f"{label}: {name} must be a pair (rows, columns), got {numbers!r}"
        )
    rows, columns = (whole(label, name, n, low) for n in numbers)
    return rows, columns


def positive(label: str, name: str, number: float) -> float:
    """A finite number above zero.

    Raises: ValueError for anything else.

    >>> positive("BatchNorm x -> y", "eps", 1e-5)
    1e-05
    """
    a = as_finite(number, f"{label}: {name}")
    if a.ndim or a <= 0:
        raise ValueError(f"{label}: {name} must be positive, got {number}")
    return float(a)


def padding(label: str, pad: Padding) -> Padding:
    """((top, bottom), (left, right)), four integers from 0 on.

    Raises: ValueError for anything else.

    >>> padding("Conv x -> y", ((0, 1), (0, 1)))
    ((0, 1), (0, 1))
    """
    if not isinstance(pad, tuple) or len(pad) != 2:
        raise ValueError(
            f"{label}: pad must be ((top, bottom), (left, right)), got {pad!r}"
        )
    return pair(label, "pad", pad[0], 0), pair(label, "pad", pad[1], 0)
