"""Windows: where the kernel of a convolution or a pool lies on its input.

    P = floor((H + top + bottom - dilation (kh - 1) - 1) / stride) + 1    (1)
    window p covers rows  p stride - top + i dilation,  i = 0 .. kh - 1   (2)

and the same for columns, with Q, W, left, right, kw.  The remainder that
floor drops are rows at the bottom that no window reaches.

Chapter: int8-convolution
"""

from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Pair: TypeAlias = tuple[int, int]  # (rows, columns)
Padding: TypeAlias = tuple[Pair, Pair]  # ((top, bottom), (left, right))

Scalar = TypeVar("Scalar", bound=np.generic)  # reals or codes

NO_PAD: Padding = ((0, 0), (0, 0))


def around(n: int) -> Padding:
    """The same padding on all four sides.

    >>> around(1)
    ((1, 1), (1, 1))
    """
    return (n, n), (n, n)


def extent(kernel: Pair, dilation: Pair) -> Pair:
    """Rows and columns from the first to the last tap, d (k - 1) + 1.

    >>> extent((3, 3), (2, 1))
    (5, 3)
    """
    (kh, kw), (dh, dw) = kernel, dilation
    return dh * (kh - 1) + 1, dw * (kw - 1) + 1


def outputs(
    size: Pair,
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
) -> Pair:
    """How many windows fit, (P, Q), eq. (1).

    Raises: ValueError if the kernel is larger than the padded input.

    >>> outputs((224, 224), (7, 7), (2, 2), around(3))
    (112, 112)
    """
    (H, W), ((top, bottom), (left, right)) = size, pad
    rows, columns = H + top + bottom, W + left + right
    eh, ew = extent(kernel, dilation)
    if eh > rows or ew > columns:
        raise ValueError(
            f"the kernel must fit the padded input, {rows} x {columns}, "
            f"got {eh} x {ew}"
        )
    return (rows - eh) // stride[0] + 1, (columns - ew) // stride[1] + 1


def padded(
    x: npt.NDArray[Scalar], pad: Padding, value: float = 0
) -> npt.NDArray[Scalar]:
    """x with a border of one value; x itself if there is no border.

    Shapes: x (N, C, H, W) -> (N, C, H + top + bottom, W + left + right).

    >>> padded(np.ones((1, 1, 1, 1)), ((0, 0), (1, 2)))
    array([[[[0., 1., 0., 0.]]]])
    """
    if pad == NO_PAD:
        return x
    return np.pad(x, ((0, 0), (0, 0), *pad), constant_values=value)


def windows(
    x: npt.NDArray[Scalar],
    kernel: Pair,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
) -> npt.NDArray[Scalar]:
    """Every window of a padded input, eq. (2): a view, nothing is copied.

    Shapes: x (N, C, H, W) -> (N, C, P, Q, kh, kw), read-only.

    >>> windows(np.arange(4.0).reshape(1, 1, 1, 4), (1, 2), (1, 2))
    array([[[[[[0., 1.]],
    <BLANKLINE>
              [[2., 3.]]]]]])
    """
    (sh, sw), (dh, dw) = stride, dilation
    view = sliding_window_view(x, extent(kernel, dilation), axis=(2, 3))
    return view[:, :, ::sh, ::sw, ::dh, ::dw]
