"""Convolution and dense layers in real arithmetic.

    y[n, k, p, q] = b[k] + sum over c, i, j of
                    w[k, c, i, j] x[n, g C / groups + c, p', q']          (1)
    p' = p stride - top + i dilation,   q' likewise with left             (2)
    g = k // (K / groups);   x is 0 outside its borders

Three ways to compute (1): `conv_loops` reads like it; `conv` copies each
window into a column, so that (1) becomes a matrix product per image and group
(im2col); `depthwise`, where every channel is a group and its matrix one row,
takes all images at once, a channel at a time.

Shapes: x (N, C, H, W), w (K, C / groups, kh, kw), b (K,) -> (N, K, P, Q);
computed and returned in the dtype of x.  Sizes are checked in `shape.py`.

Source: Chellapilla et al. 2006 (im2col).   Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Real
from qlib.net.window import NO_PAD, Padding, Pair, outputs, padded, windows


def conv_loops(
    x: Real,
    w: Real,
    b: Real,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Real:
    """Eq. (1), to read.   Shapes: see above.

    >>> x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> conv_loops(x, w, np.zeros(1))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    (N, _, H, W), (K, each, kh, kw) = x.shape, w.shape
    P, Q = outputs((H, W), (kh, kw), stride, pad, dilation)
    y = np.zeros((N, K, P, Q))
    for n, k, p, q in np.ndindex(y.shape):
        first = k // (K // groups) * each
        y[n, k, p, q] = b[k]
        for c, i, j in np.ndindex(each, kh, kw):
            row = p * stride[0] - pad[0][0] + i * dilation[0]
            column = q * stride[1] - pad[1][0] + j * dilation[1]
            if 0 <= row < H and 0 <= column < W:
                y[n, k, p, q] += w[k, c, i, j] * x[n, first + c, row, column]
    return y.astype(x.dtype)


def conv(
    x: Real,
    w: Real,
    b: Real,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Real:
    """Eq. (1) by im2col: one matrix product per image and group.

    Shapes: see above; columns (N, groups, C kh kw / groups, P Q).

    >>> x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> conv(x, w, np.zeros(1))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    N, (K, _, kh, kw) = len(x), w.shape
    view = windows(padded(x, pad), (kh, kw), stride, dilation)
    P, Q = view.shape[2:4]
    columns = view.transpose(0, 1, 4, 5, 2, 3).reshape(N, groups, -1, P * Q)
    rows = w.astype(x.dtype).reshape(groups, K // groups, -1)
    y = (rows @ columns).reshape(N, K, P, Q)
    y += b.astype(x.dtype)[:, None, None]
    return y


def depthwise(
    x: Real,
    w: Real,
    b: Real,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
) -> Real:
    """Eq. (1) with groups = C: one row of weights per channel, all images.

    Shapes: x (N, C, H, W), w (m C, 1, kh, kw), b (m C,) -> (N, m C, P, Q).

    >>> x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> depthwise(x, w, np.zeros(1))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    (N, C), (K, _, kh, kw) = x.shape[:2], w.shape
    view = windows(padded(x, pad), (kh, kw), stride, dilation)
    P, Q = view.shape[2:4]
    rows = w.astype(x.dtype).reshape(K, kh * kw)
    y = np.empty((N, K, P, Q), x.dtype)
    for k in range(K):
        one = view[:, k // (K // C)]
        columns = one.transpose(3, 4, 0, 1, 2).reshape(kh * kw, -1)
        y[:, k] = (rows[k] @ columns + x.dtype.type(b[k])).reshape(N, P, Q)
    return y


def dense_loops(x: Real, w: Real, b: Real) -> Real:
    """y[n, k] = b[k] + sum over c of w[k, c] x[n, c], to read.

    Shapes: x (N, C), w (K, C), b (K,) -> (N, K).

    >>> dense_loops(np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([0.5]))
    array([[3.5]])
    """
    y = np.zeros((len(x), len(w)))
    for n, k in np.ndindex(y.shape):
        y[n, k] = b[k]
        for c in range(w.shape[1]):
            y[n, k] += w[k, c] * x[n, c]
    return y.astype(x.dtype)


def dense(x: Real, w: Real, b: Real) -> Real:
    """y = x W^T + b.   Shapes: x (N, C), w (K, C), b (K,) -> (N, K).

    >>> dense(np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([0.5]))
    array([[3.5]])
    """
    return x @ w.astype(x.dtype).T + b.astype(x.dtype)
