"""Pooling in integers.

    max       y = max of the codes of a window                       (1)
    average   y = (sum + sign(sum) (count // 2)) / count, cut off    (2)
    total     acc = sum over rows and columns of q - Z               (3)

(2) is the mean, rounded half away from zero on the codes, not on q - Z: so
does AVERAGE_POOL_2D of TFLite, which keeps (S, Z).  The count is that of the
codes inside x; given Z, padding has the code Z and counts.  (3) belongs to
MEAN: its M has 1 / count in it, and (S, Z) may change.

Shapes: q (N, C, H, W) -> (N, C, P, Q), total (N, C, 1, 1).
This file is ON DEVICE: integers.

Source: LiteRT, tflite/kernels/internal/reference/integer_ops/pooling.h, and
reduce.h beside it.   Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Acc, Code
from qlib.net.window import Padding, Pair, outputs, padded, windows


def max_pool_loops(q: Code, kernel: Pair, stride: Pair, pad: Padding) -> Code:
    """Eq. (1), to read; padding is never the maximum.

    >>> max_pool_loops(np.int8([[[[1, 2]]]]), (1, 2), (1, 1), ((0, 0), (0, 0)))
    array([[[[2]]]], dtype=int8)
    """
    (N, C), size = q.shape[:2], outputs(q.shape[2:], kernel, stride, pad)
    y = np.empty((N, C, *size), q.dtype)
    for n, c, *at in np.ndindex(y.shape):
        y[n, c, *at] = max(_seen(q[n, c], at, kernel, stride, pad))
    return y


def max_pool(q: Code, kernel: Pair, stride: Pair, pad: Padding) -> Code:
    """Eq. (1): the largest of kh kw shifted images.

    >>> max_pool(np.int8([[[[1, 2]]]]), (1, 2), (1, 1), ((0, 0), (0, 0)))
    array([[[[2]]]], dtype=int8)
    """
    lowest = int(np.iinfo(q.dtype).min)
    view = windows(padded(q, pad, lowest), kernel, stride)
    y = view[..., 0, 0].copy()
    for i, j in np.ndindex(kernel):
        np.maximum(y, view[..., i, j], out=y)
    return y


def average_pool_loops(
    q: Code, kernel: Pair, stride: Pair, pad: Padding, Z: int | None = None
) -> Code:
    """Eq. (2), to read.

    >>> q, none = np.int8([[[[-1, -2, -2]]]]), ((0, 0), (0, 0))
    >>> average_pool_loops(q, (1, 2), (1, 1), none)  # -1.5, -2
    array([[[[-2, -2]]]], dtype=int8)
    """
    (N, C), size = q.shape[:2], outputs(q.shape[2:], kernel, stride, pad)
    y = np.empty((N, C, *size), q.dtype)
    for n, c, *at in np.ndindex(y.shape):
        seen = _seen(q[n, c], at, kernel, stride, pad)
        if Z is not None:
            seen += [Z] * (kernel[0] * kernel[1] - len(seen))
        total, count = sum(seen), len(seen)
        nearest = (abs(total) + count // 2) // count
        y[n, c, *at] = nearest if total > 0 else -nearest
    return y


def average_pool(
    q: Code, kernel: Pair, stride: Pair, pad: Padding, Z: int | None = None
) -> Code:
    """Eq. (2): the sum of kh kw shifted images over that of shifted ones.

    >>> q, none = np.int8([[[[-1, -2, -2]]]]), ((0, 0), (0, 0))
    >>> average_pool(q, (1, 2), (1, 1), none)
    array([[[[-2, -2]]]], dtype=int8)
    """
    wide = padded(q.astype(np.int32), pad, Z or 0)
    ones = np.ones((1, 1, *q.shape[2:]), np.int32)
    view = windows(wide, kernel, stride)
    inside = windows(padded(ones, pad, Z is not None), kernel, stride)
    total, count = np.zeros_like(view[..., 0, 0]), inside.sum((-2, -1))
    for i, j in np.ndindex(kernel):
        total += view[..., i, j]
    nearest: Acc = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return nearest.astype(q.dtype)


def total_loops(q: Code, Z: int) -> Acc:
    """Eq. (3), to read.

    >>> total_loops(np.int8([[[[1, 2, 3]]]]), 1)
    array([[[[3]]]], dtype=int32)
    """
    acc = np.zeros((*q.shape[:2], 1, 1), np.int32)
    for n, c, i, j in np.ndindex(q.shape):
        acc[n, c, 0, 0] += int(q[n, c, i, j]) - Z
    return acc


def total(q: Code, Z: int) -> Acc:
    """Eq. (3).

    >>> total(np.int8([[[[1, 2, 3]]]]), 1)
    array([[[[3]]]], dtype=int32)
    """
    acc: Acc = (q - np.int32(Z)).sum((2, 3), np.int32, keepdims=True)
    return acc


def _seen(
    image: Code, at: list[int], kernel: Pair, stride: Pair, pad: Padding
) -> list[int]:
    """The codes of an image (H, W) that a window has, without padding."""
    first = [at[i] * stride[i] - pad[i][0] for i in (0, 1)]
    rows, columns = (
        slice(max(n, 0), n + k) for n, k in zip(first, kernel, strict=True)
    )
    return [int(code) for code in image[rows, columns].flat]
