"""Convolutions as products of matrices, then codes.

Accumulators are made and scaled tile by tile, so that they stay in the
cache.  The products are those of `product`.

Shapes: q (N, C, H, W) -> codes (N, K, P, Q), channels last in memory.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from qlib.arrays import Code
from qlib.fast import kernels
from qlib.fast.images import Window, bordered, first
from qlib.fast.product import Product
from qlib.fast.scaling import Scaled

Rows: TypeAlias = Callable[[int, int], Code]

TILE = 2**20  # bytes: accumulators, and windows as rows


def dense(q: Code, product: Product, scaled: Scaled) -> Code:
    """A convolution of one pixel.   Shapes: q (N, C) -> (N, K)."""
    return conv(q[..., None, None], product, scaled, Window())[..., 0, 0]


def conv(q: Code, product: Product, scaled: Scaled, window: Window) -> Code:
    """Windows as rows, their product with the filters, codes."""
    K = scaled.filters
    y = np.empty((len(q), *window.outputs(q), K), scaled.dtype)
    image = y.reshape(-1, K)
    rows, size = _rows(bordered(q, window)[:, :, 0], window, y)
    n = max(1, TILE // (size + 4 * K))
    tile = torch.empty((min(n, len(image)), K), dtype=torch.int32)
    for at in range(0, len(image), n):
        to = image[at : at + n]
        acc = tile[: len(to)]
        product(torch.from_numpy(rows(at, len(to))), acc)
        flat, codes = acc.numpy().reshape(-1), to.reshape(-1)
        kernels.rescale(flat, scaled.b, scaled.table, scaled.ends, codes)
    return first(y)


def _rows(x: Code, window: Window, y: Code) -> tuple[Rows, int]:
    """How to get the windows of n outputs as rows, and bytes for a row.

    1 x 1 has its rows already.

    Shapes: x (N, H, W, C), with its border, y (N, P, Q, K).
    """
    (_, H, W, C), (_, P, Q, _), (sh, sw) = x.shape, y.shape, window.stride
    flat, (kh, kw), (dh, dw) = x.reshape(-1), window.kernel, window.dilation
    if (kh, kw, sh, sw) == (1, 1, 1, 1):
        return (lambda at, n: flat[at * C :][: n * C].reshape(n, C)), 0
    joined = kw if dw == 1 else 1  # taps of a row in one run
    taps = np.arange(kh) * dh * W, np.arange(0, kw, joined) * dw
    begin = np.add.outer(*taps).ravel() * C
    steps = Q, P * Q, sw * C, sh * W * C, H * W * C

    def rows(at: int, n: int) -> Code:
        to = np.empty((n, kh * kw * C), x.dtype)
        kernels.columns(flat, begin, steps, joined * C, at, to)
        return to

    return rows, kh * kw * C
