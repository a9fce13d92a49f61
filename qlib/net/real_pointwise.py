"""Activations, softmax and batch norm in real arithmetic.

    relu      y = max(x, 0)                                         (1)
    relu6     y = min(max(x, 0), 6)                                 (2)
    sigmoid   y = 1 / (1 + exp(-x))                                 (3)
    softmax   y[c] = exp(x[c] - m) / sum over c of exp(x[c] - m)    (4)
    batch norm   y = gamma (x - mean) / sqrt(var + eps) + beta      (5)

No m changes (4) in real arithmetic; m = max x keeps exp from overflowing.
For the same reason (3) is computed from exp(-|x|).

Shapes: x (N, C, ...) -> the same, in the dtype of x; channels are axis 1.
Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Real


def relu(x: Real) -> Real:
    """Eq. (1).

    >>> relu(np.array([-1.0, 7.0]))
    array([0., 7.])
    """
    y: Real = np.maximum(x, 0)
    return y


def relu6(x: Real) -> Real:
    """Eq. (2).

    >>> relu6(np.array([-1.0, 7.0]))
    array([0., 6.])
    """
    return np.clip(x, 0, 6)


def sigmoid(x: Real) -> Real:
    """Eq. (3).

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    y: Real = np.where(x < 0, e, 1) / (1 + e)
    return y


def softmax_loops(x: Real) -> Real:
    """Eq. (4), to read.

    >>> softmax_loops(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    y = np.zeros(x.shape)
    for n, *at in np.ndindex(len(x), *x.shape[2:]):
        channels = (n, slice(None), *at)
        total = 0.0
        for c in range(x.shape[1]):
            y[n, c, *at] = np.exp(x[n, c, *at] - x[channels].max())
            total += y[n, c, *at]
        y[channels] /= total
    return y.astype(x.dtype)


def softmax(x: Real) -> Real:
    """Eq. (4), over the channels.

    >>> softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    e = np.exp(x - x.max(1, keepdims=True))
    y: Real = e / e.sum(1, keepdims=True)
    return y


def batch_norm_loops(
    x: Real, gamma: Real, beta: Real, mean: Real, var: Real, eps: float
) -> Real:
    """Eq. (5), to read.   Shapes: x (N, C, ...), the others (C,).

    >>> one, zero = np.ones(1), np.zeros(1)
    >>> batch_norm_loops(np.array([[2.0]]), 3 * one, one, one, one, 3.0)
    array([[2.5]])
    """
    y = np.zeros(x.shape)
    for n, c, *at in np.ndindex(x.shape):
        normal = (x[n, c, *at] - mean[c]) / np.sqrt(var[c] + eps)
        y[n, c, *at] = gamma[c] * normal + beta[c]
    return y.astype(x.dtype)


def batch_norm(
    x: Real, gamma: Real, beta: Real, mean: Real, var: Real, eps: float
) -> Real:
    """Eq. (5): one factor and two shifts per channel.

    Shapes: x (N, C, ...), the others (C,) -> as x.

    >>> one, zero = np.ones(1), np.zeros(1)
    >>> batch_norm(np.array([[2.0]]), 3 * one, one, one, one, 3.0)
    array([[2.5]])
    """
    channels = (-1, *[1] * (x.ndim - 2))
    factor = gamma / np.sqrt(var.astype(np.float64) + eps)
    f, b, m = (
        a.astype(x.dtype).reshape(channels) for a in (factor, beta, mean)
    )
    return (x - m) * f + b
