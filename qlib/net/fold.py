"""Batch norm disappears into the layer before it.

    y = gamma (W x + b - mean) / sqrt(var + eps) + beta      (1)
      = W' x + b'                                            (2)
    W' = gamma / sqrt(var + eps) W                           (3)
    b' = gamma / sqrt(var + eps) (b - mean) + beta           (4)

Filter by filter.  Folded first and quantized after, or the integer network
would round twice; and W' can need a range per channel where W did not.

Source: Jacob et al. 2018 (arXiv:1712.05877), eq. (14); Krishnamoorthi 2018
(arXiv:1806.08342), eq. (20) and (21).   Chapter: mobilenet
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from qlib.arrays import Real, as_finite
from qlib.net.fields import Absent, present
from qlib.net.graph import BatchNorm, Conv, Dense, Net, Op, inputs, label


def fold_batchnorm(
    w: Real,
    b: Real | None,
    gamma: Real,
    beta: Real,
    mean: Real,
    var: Real,
    eps: float,
) -> tuple[Real, Real]:
    """The weights and the bias of (2), eq. (3) and (4).

    Computed in float64, returned in the dtype of w.
    Shapes: w (K, ...), b (K,) or None for zeros, the others (K,) -> w', b'.
    Raises: ValueError for other shapes, NaN, infinities, and var + eps <= 0.

    >>> w, one = np.array([[2.0]]), np.ones(1)
    >>> fold_batchnorm(w, None, 3 * one, one, one, one, 3.0)
    (array([[3.]]), array([-0.5]))
    """
    W, K = as_finite(w, "w"), len(w)
    rows = {
        "b": np.zeros(K) if b is None else b,
        "gamma": gamma,
        "beta": beta,
        "mean": mean,
        "var": var,
    }
    b, gamma, beta, mean, var = (_row(n, a, K) for n, a in rows.items())
    squared = var + eps
    if not (squared > 0).all():
        raise ValueError(f"var + eps must be positive, got {squared}")
    factor = gamma / np.sqrt(squared)
    folded = factor.reshape(-1, *[1] * (W.ndim - 1)) * W
    bias = factor * (b - mean) + beta
    dtype = np.float32 if np.asarray(w).dtype == np.float32 else np.float64
    return folded.astype(dtype), bias.astype(dtype)


def fold(net: Net) -> Net:
    """The net without the batch norms that follow a convolution or a dense.

    One stays where another op, or the output, needs the tensor before it, or
    where there is nothing to fold into.  The folded op makes the tensor that
    batch norm made; the one between is gone.

    >>> one = np.ones(1)
    >>> norm = BatchNorm("h", "y", 3 * one, one, one, one, eps=3.0)
    >>> net = fold(Net((1,), (Dense("x", "h", np.array([[2.0]])), norm)))
    >>> [(type(op).__name__, op.x, op.y, op.w, op.b) for op in net.ops]
    [('Dense', 'x', 'y', array([[3.]]), array([-0.5]))]
    """
    makers = {op.y: op for op in net.ops}
    readers = Counter(name for op in net.ops for name in inputs(op))
    readers[net.output] += 1
    norms = {
        op.x: op
        for op in net.ops
        if isinstance(op, BatchNorm)
        and isinstance(makers.get(op.x), Conv | Dense)
        and readers[op.x] == 1
    }
    gone = {id(norm) for norm in norms.values()}
    kept = (op for op in net.ops if id(op) not in gone)
    ops = tuple(_folded(op, norms.get(op.y)) for op in kept)
    return replace(net, ops=ops)


def _row(name: str, a: Real, K: int) -> Real:
    """One number per filter, in float64."""
    row = as_finite(a, name)
    if row.shape != (K,):
        raise ValueError(f"{name} must have shape ({K},), got {row.shape}")
    return row


def _folded(op: Op, norm: BatchNorm | None) -> Op:
    """The op with the batch norm in its weights, if there is one."""
    if norm is None or not isinstance(op, Conv | Dense):
        return op
    arrays = op.w, norm.gamma, norm.beta, norm.mean, norm.var
    if any(isinstance(a, Absent) for a in (*arrays, op.b)):
        w, b = Absent(op.w.shape), Absent(op.w.shape[:1])
        return replace(op, y=norm.y, w=w, b=b)
    W, gamma, beta, mean, var = (present(label(op), a) for a in arrays)
    old = None if op.b is None else present(label(op), op.b)
    W, bias = fold_batchnorm(W, old, gamma, beta, mean, var, norm.eps)
    return replace(op, y=norm.y, w=W, b=bias)
