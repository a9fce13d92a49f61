"""Convolution and dense layers in integers: products of codes, in int32.

    acc[n, k, p, q] = b[k] + sum over c, i, j of
                      (q1[n, C', p', q'] - Z1) (q2[k, c, i, j] - Z2)     (1)
    C' = (C / groups) g + c,   g = k // (K / groups)
    p' = p stride - top + i dilation,   q' likewise with left            (2)
    sum (q1 - Z1)(q2 - Z2)
        = sum q1 q2 - Z2 sum q1 - Z1 sum q2 + (count) Z1 Z2              (3)

Outside its borders q1 has the code Z1, which stands for 0.  The last two
terms of (3) do not depend on q1, padding included, so `lower` folds them
into b; then the kernels below compute

    acc[n, k, p, q] = b[k] + sum w[k, c, i, j] q[n, C', p', q']          (4)

Each reads as loops and runs as numpy: `conv` by im2col, a matrix product per
image and group; `depthwise` tap by tap; `dense`.

Shapes: q (N, C, H, W), w (K, C / groups, kh, kw), b (K,) -> (N, K, P, Q);
computed and returned in the dtype of b.  This file is ON DEVICE: integers.

Source: Jacob et al. 2018 (arXiv:1712.05877), sections 2.3 and 2.4, eq. (7).
Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Acc, Code, as_code
from qlib.grid import INT32, as_index
from qlib.net.fields import Shape, padding, pair, whole
from qlib.net.window import (
    NO_PAD,
    Padding,
    Pair,
    around,
    outputs,
    padded,
    windows,
)


def accumulate(
    q1: Code,
    Z1: int,
    q2: Code,
    bias: Acc | None,
    Z2: int | Code = 0,
    stride: int | Pair = 1,
    pad: int | Padding = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Acc:
    """Eq. (1): the int32 accumulators of a convolution, exact.

    q1 (N, C, H, W), q2 (K, C / groups, kh, kw), bias (K,) or None; Z2 one,
    or (K,) for one per filter -> (N, K, P, Q) int32.
    Raises: ValueError for what are no integers, shapes that do not fit, a
    kernel larger than the padded input, and accumulators beyond int32.

    >>> q1, q2 = np.uint8([[[[200, 90]]]]), np.uint8([[[[10]]], [[[30]]]])
    >>> accumulate(q1, 100, q2, None, Z2=20)[0, :, 0]
    array([[-1000,   100],
           [ 1000,  -100]], dtype=int32)
    """
    x, w, Z2 = as_code(q1, "q1"), as_code(q2, "q2"), as_code(Z2, "Z2")
    b = as_code(np.zeros(w.shape[:1], int) if bias is None else bias, "bias")
    at, sides = "accumulate", pad if isinstance(pad, tuple) else around(pad)
    sides, groups = padding(at, sides), whole(at, "groups", groups, 1)
    _check_shapes(x.shape, w.shape, b.shape, Z2.shape, groups)
    apart = pair(at, "stride", _twice(stride))
    near = pair(at, "dilation", _twice(dilation))
    outputs(x.shape[2:], w.shape[2:], apart, sides, near)
    x = x.astype(np.int64) - as_index(Z1, "Z1")
    w = w.astype(np.int64) - np.broadcast_to(Z2, len(w))[:, None, None, None]
    acc = conv(x, w, b.astype(np.int64), 0, apart, sides, near, groups)
    if acc.size and (acc.min() < INT32.qmin or acc.max() > INT32.qmax):
        raise ValueError(
            f"accumulators must fit int32, got {acc.min()} to {acc.max()}"
        )
    return acc.astype(np.int32)


def conv_loops(
    q: Code,
    w: Code,
    b: Acc,
    Z: int,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Acc:
    """Eq. (4), to read; q has the code Z outside its borders.

    >>> q, w = np.int8([[[[1, 2]]]]), np.int8([[[[3, 4]]]])
    >>> conv_loops(q, w, np.int32([0]), 9, pad=((0, 0), (1, 0)))  # 9 1 2
    array([[[[31, 11]]]], dtype=int32)
    """
    (N, _, H, W), (K, each, kh, kw) = q.shape, w.shape
    P, Q = outputs((H, W), (kh, kw), stride, pad, dilation)
    acc = np.empty((N, K, P, Q), b.dtype)
    for n, k, p, r in np.ndindex(acc.shape):
        first, total = k // (K // groups) * each, int(b[k])
        for c, i, j in np.ndindex(each, kh, kw):
            row = p * stride[0] - pad[0][0] + i * dilation[0]
            column = r * stride[1] - pad[1][0] + j * dilation[1]
            inside = 0 <= row < H and 0 <= column < W
            code = q[n, first + c, row, column] if inside else Z
            total += int(w[k, c, i, j]) * int(code)
        acc[n, k, p, r] = total
    return acc


def conv(
    q: Code,
    w: Code,
    b: Acc,
    Z: int,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Acc:
    """Eq. (4) by im2col: one matrix product per image and group.

    Shapes: see above; columns (N, groups, C kh kw / groups, P Q).

    >>> q, w = np.int8([[[[1, 2]]]]), np.int8([[[[3, 4]]]])
    >>> conv(q, w, np.int32([0]), 9, pad=((0, 0), (1, 0)))
    array([[[[31, 11]]]], dtype=int32)
    """
    N, (K, _, kh, kw) = len(q), w.shape
    view = windows(padded(q, pad, Z), (kh, kw), stride, dilation)
    P, Q = view.shape[2:4]
    columns = view.transpose(0, 1, 4, 5, 2, 3)
    columns = columns.reshape(N, groups, w[0].size, P * Q).astype(b.dtype)
    rows = w.reshape(groups, K // groups, w[0].size).astype(b.dtype)
    acc: Acc = np.einsum("gkc,ngcp->ngkp", rows, columns)
    return acc.reshape(N, K, P, Q) + b[:, None, None]


def depthwise(
    q: Code,
    w: Code,
    b: Acc,
    Z: int,
    stride: Pair = (1, 1),
    pad: Padding = NO_PAD,
    dilation: Pair = (1, 1),
) -> Acc:
    """Eq. (4) with groups = C: a filter sees one channel.

    Shapes: q (N, C, H, W), w (m C, 1, kh, kw), b (m C,) -> (N, m C, P, Q).

    >>> q, w = np.int8([[[[1, 2]]]]), np.int8([[[[3, 4]]]])
    >>> depthwise(q, w, np.int32([0]), 9, pad=((0, 0), (1, 0)))
    array([[[[31, 11]]]], dtype=int32)
    """
    m, (kh, kw) = len(w) // q.shape[1], w.shape[2:]
    taps = w.astype(b.dtype)[..., None, None]
    view = windows(padded(q, pad, Z), (kh, kw), stride, dilation)
    N, _, P, Q = view.shape[:4]
    acc = np.tile(b[:, None, None], (N, 1, P, Q))
    for i, j in np.ndindex(kh, kw):
        acc += np.repeat(view[..., i, j], m, 1) * taps[:, 0, i, j]
    return acc


def dense_loops(q: Code, w: Code, b: Acc) -> Acc:
    """acc[n, k] = b[k] + sum over c of w[k, c] q[n, c], to read.

    Shapes: q (N, C), w (K, C), b (K,) -> (N, K), in the dtype of b.

    >>> dense_loops(np.int8([[1, 2]]), np.int8([[3, 4]]), np.int32([5]))
    array([[16]], dtype=int32)
    """
    acc = np.empty((len(q), len(w)), b.dtype)
    for n, k in np.ndindex(acc.shape):
        total = int(b[k])
        for c in range(w.shape[1]):
            total += int(w[k, c]) * int(q[n, c])
        acc[n, k] = total
    return acc


def dense(q: Code, w: Code, b: Acc) -> Acc:
    """W q + b.   Shapes: q (N, C), w (K, C), b (K,) -> (N, K).

    >>> dense(np.int8([[1, 2]]), np.int8([[3, 4]]), np.int32([5]))
    array([[16]], dtype=int32)
    """
    acc: Acc = np.einsum("kc,nc->nk", w.astype(b.dtype), q.astype(b.dtype))
    return acc + b


def _twice(n: int | Pair) -> Pair:
    return n if isinstance(n, tuple) else (n, n)


def _check_shapes(
    x: Shape, w: Shape, b: Shape, Z2: Shape, groups: int
) -> None:
    """Images, filters of their channels, one bias and one Z2 per filter."""
    if len(x) != 4 or len(w) != 4 or x[1] != w[1] * groups or w[0] % groups:
        raise ValueError(
            "q1 must be (N, C, H, W), q2 (K, C / groups, kh, kw) and groups "
            f"divide K, got {x}, {w} and {groups} groups"
        )
    if b != w[:1] or Z2 not in ((), w[:1]):
        raise ValueError(
            f"bias must be {w[:1]} and Z2 one number or {w[:1]}, "
            f"got shapes {b} and {Z2}"
        )
