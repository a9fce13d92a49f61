"""Depthwise convolution without im2col, then codes.

A row of outputs and the channels of each are one long row of numbers, and so
is what a tap reads for them, once every stride-th column lies in one piece.
So each tap is a sum of products of rows, whatever kernel, stride, dilation.

Shapes: q (N, C, H, W) -> codes (N, m C, P, Q), channels last in memory.
"""

import numpy as np

from qlib.arrays import Acc, Code
from qlib.fast import kernels
from qlib.fast.images import Window, bordered, first
from qlib.fast.scaling import Scaled, repeated


def depthwise(q: Code, w: Code, scaled: Scaled, window: Window) -> Code:
    """Taps times channels.   Shapes: w (T, L), `thirds` of the weights."""
    K, (P, Q), (sh, sw) = scaled.filters, window.outputs(q), window.stride
    x, y = bordered(q, window, sw), np.empty((len(q), P, Q, K), scaled.dtype)
    if x.shape[-1] < K:  # m filters per channel
        x = np.repeat(x, K // x.shape[-1], -1)
    row, image = x[0, 0].size, x[0].size
    begin = _begin(window, x.shape[-2], len(w)) * K
    kernels.depthwise(
        x.reshape(-1), begin, (P, sh * row, image), w,
        scaled.b, scaled.table, scaled.ends, y.reshape(len(q) * P, Q * K),
    )  # fmt: skip
    return first(y)


def thirds(w: Code) -> Code:
    """Taps first, zeros up to a multiple of three, the columns `repeated`.

    Shapes: w (K, 1, kh, kw) -> (T, L).

    >>> thirds(np.int8([[[[1, 2]]]])).shape
    (3, 512)
    """
    taps = w.reshape(len(w), -1).T
    return repeated(np.pad(taps, ((0, -len(taps) % 3), (0, 0))))


def _begin(window: Window, columns: int, taps: int) -> Acc:
    """The pixel where each tap begins, in images of `bordered`; or 0."""
    (kh, kw), (dh, dw), sw = window.kernel, window.dilation, window.stride[1]
    rows, across = np.arange(kh) * dh * sw * columns, np.arange(kw) * dw
    begin = np.zeros(taps, np.int64)
    pixels = np.add.outer(rows, across % sw * columns + across // sw)
    begin[: pixels.size] = pixels.ravel()
    return begin
