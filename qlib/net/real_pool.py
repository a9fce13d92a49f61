"""Pooling in real arithmetic.

    max       y[n, c, p, q] = max over (i, j) of x[n, c, p', q']          (1)
    average   y[n, c, p, q] = sum over (i, j) of x[n, c, p', q'] / count  (2)
    p' = p stride - top + i,   q' = q stride - left + j

Padding is never the maximum, and 0 in the sum.  In (2) the count is that of
the (i, j) inside x, or kh kw if `count_pad`.

Shapes: x (N, C, H, W) -> (N, C, P, Q), in the dtype of x.
Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Real
from qlib.net.window import NO_PAD, Padding, Pair, outputs, padded, windows


def max_pool_loops(
    x: Real, kernel: Pair, stride: Pair, pad: Padding = NO_PAD
) -> Real:
    """Eq. (1), to read.

    >>> max_pool_loops(np.arange(4.0).reshape(1, 1, 2, 2), (2, 2), (1, 1))
    array([[[[3.]]]])
    """
    N, C, H, W = x.shape
    P, Q = outputs((H, W), kernel, stride, pad)
    y = np.full((N, C, P, Q), -np.inf, x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        for i, j in np.ndindex(kernel):
            row = p * stride[0] - pad[0][0] + i
            column = q * stride[1] - pad[1][0] + j
            if 0 <= row < H and 0 <= column < W:
                y[n, c, p, q] = max(y[n, c, p, q], x[n, c, row, column])
    return y


def max_pool(
    x: Real, kernel: Pair, stride: Pair, pad: Padding = NO_PAD
) -> Real:
    """Eq. (1): the largest of kh kw shifted images.

    >>> max_pool(np.arange(4.0).reshape(1, 1, 2, 2), (2, 2), (1, 1))
    array([[[[3.]]]])
    """
    view = windows(padded(x, pad, -np.inf), kernel, stride)
    y = np.array(view[..., 0, 0])
    for i, j in np.ndindex(kernel):
        np.maximum(y, view[..., i, j], out=y)
    return y


def average_pool_loops(
    x: Real,
    kernel: Pair,
    stride: Pair,
    pad: Padding = NO_PAD,
    count_pad: bool = False,
) -> Real:
    """Eq. (2), to read.

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> average_pool_loops(x, (2, 2), (1, 1))
    array([[[[1.5]]]])
    """
    N, C, H, W = x.shape
    y = np.zeros((N, C, *outputs((H, W), kernel, stride, pad)))
    for n, c, p, q in np.ndindex(y.shape):
        count = 0
        for i, j in np.ndindex(kernel):
            row = p * stride[0] - pad[0][0] + i
            column = q * stride[1] - pad[1][0] + j
            if 0 <= row < H and 0 <= column < W:
                y[n, c, p, q] += x[n, c, row, column]
                count += 1
        y[n, c, p, q] /= kernel[0] * kernel[1] if count_pad else count
    return y.astype(x.dtype)


def average_pool(
    x: Real,
    kernel: Pair,
    stride: Pair,
    pad: Padding = NO_PAD,
    count_pad: bool = False,
) -> Real:
    """Eq. (2): the sum of kh kw shifted images over that of shifted ones.

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> average_pool(x, (2, 2), (1, 1))
    array([[[[1.5]]]])
    """
    inside = padded(np.ones((1, 1, *x.shape[2:]), x.dtype), pad, count_pad)
    view = windows(padded(x, pad), kernel, stride)
    count = windows(inside, kernel, stride).sum((-2, -1))
    y = np.zeros(view.shape[:4], x.dtype)
    for i, j in np.ndindex(kernel):
        y += view[..., i, j]
    mean: Real = y / count
    return mean


def global_average_pool(x: Real) -> Real:
    """Eq. (2) with one window that is the image.

    Shapes: x (N, C, H, W) -> (N, C, 1, 1).

    >>> global_average_pool(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """
    y: Real = x.mean((2, 3), keepdims=True)
    return y
