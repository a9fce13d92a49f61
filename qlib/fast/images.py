"""Images as the fast path holds them: channels last in memory.

    q[n, c, h, w] lies at  ((n H + h) W + w) C + c                  (1)

A window is a few runs of codes then, and channels are neighbours.  The shape
stays (N, C, H, W): only the order in memory is another one.
"""

from dataclasses import dataclass

import numpy as np

from qlib.arrays import Code
from qlib.net.window import NO_PAD, Padding, Pair, outputs


@dataclass(frozen=True)
class Window:
    """Where a filter looks; q has the code Z outside its borders."""

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    pad: Padding = NO_PAD
    dilation: Pair = (1, 1)
    Z: int = 0

    def outputs(self, q: Code) -> Pair:
        """P and Q.   Shapes: q (N, C, H, W)."""
        where = self.kernel, self.stride, self.pad, self.dilation
        return outputs((q.shape[2], q.shape[3]), *where)


def last(q: Code) -> Code:
    """Eq. (1) as a shape, writable.   (N, C, ...) -> (N, ..., C)."""
    x = q.transpose(0, *range(2, q.ndim), 1)
    return np.require(x, requirements=["C", "W"])


def first(x: Code) -> Code:
    """The other way, a view.   (N, ..., C) -> (N, C, ...)."""
    return x.transpose(0, -1, *range(1, x.ndim - 1))


def bordered(q: Code, window: Window, apart: int = 1) -> Code:
    """Channels last, with the border; every apart-th column in one piece.

    Shapes: q (N, C, H, W) -> (N, rows, apart, columns / apart, C).

    >>> q = np.int8([[[[1, 2, 3]]]])
    >>> bordered(q, Window(pad=((0, 0), (1, 0))), 2)[0, 0, :, :, 0]  # 0 1 2 3
    array([[0, 2],
           [1, 3]], dtype=int8)
    """
    if window.pad == NO_PAD and apart == 1:
        return last(q)[:, :, None]
    (N, C, H, W), ((top, bottom), (left, right)) = q.shape, window.pad
    wide = -(-(left + W + right) // apart)
    shape = N, top + H + bottom, apart, wide, C
    full, x = np.full(shape, window.Z, q.dtype), q.transpose(0, 2, 3, 1)
    for f in range(apart):
        skip = (f - left) % apart
        part, at = x[:, :, skip::apart], (left + skip) // apart
        full[:, top:, f, at:][:, :H, : part.shape[2]] = part
    return full
