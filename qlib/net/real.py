"""Run a network in real arithmetic.

    run(net, x)        every tensor, by name
    result(net, x)     only the last one; the others are forgotten early
    apply(op, *xs)     one operation

Computed in the dtype of x: float32 in, float32 throughout; anything else in,
float64.  Weights are rounded to that dtype, if theirs is wider.

Chapter: int8-convolution
"""

from typing import assert_never

import numpy as np

from qlib.arrays import Real
from qlib.net.fields import present
from qlib.net.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Net,
    Op,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    inputs,
    label,
)
from qlib.net.real_conv import conv, dense, depthwise
from qlib.net.real_pointwise import (
    batch_norm,
    relu,
    relu6,
    sigmoid,
    softmax,
)
from qlib.net.real_pool import average_pool, global_average_pool, max_pool
from qlib.net.shape import after


def run(net: Net, x: Real) -> dict[str, Real]:
    """Every tensor of the net, the input included, in order.

    Shapes: x (N, *net.shape) -> name: (N, *shapes(net)[name]).
    Raises: ValueError for x of another shape, empty, not real or not finite,
    and for ops whose weights are absent.

    >>> net = Net((2,), (Relu("x", "h"), Softmax("h", "y")))
    >>> run(net, np.array([[-1.0, 0.0]]))["y"]
    array([[0.5, 0.5]])
    """
    known = {net.input: _entering(net, x)}
    for op in net.ops:
        known[op.y] = _applied(op, *(known[name] for name in inputs(op)))
    return known


def result(net: Net, x: Real) -> Real:
    """The output of the net; tensors are dropped after their last use.

    Shapes: x (N, *net.shape) -> (N, *shapes(net)[net.output]).
    Raises: as `run`.

    >>> net = Net((2,), (Relu("x", "h"), Softmax("h", "y")))
    >>> result(net, np.array([[-1.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    last = {name: i for i, op in enumerate(net.ops) for name in inputs(op)}
    known = {net.input: _entering(net, x)}
    for i, op in enumerate(net.ops):
        known[op.y] = _applied(op, *(known[name] for name in inputs(op)))
        for name in set(inputs(op)) - {net.output}:
            if last[name] == i:
                del known[name]
    return known[net.output]


def apply(op: Op, *xs: Real) -> Real:
    """One operation on the tensors that it reads.

    Shapes: each x (N, ...) -> (N, ...), as `shape.after` says.
    Raises: ValueError for shapes that do not fit, and as `run`.

    >>> apply(Add("a", "b", "y"), np.ones((1, 2)), np.ones((1, 2)))
    array([[2., 2.]])
    """
    if len(xs) != len(inputs(op)):
        raise ValueError(
            f"{label(op)}: must read {len(inputs(op))} tensors, got {len(xs)}"
        )
    held = [_real(f"{label(op)}: input", x) for x in xs]
    after(op, *(x.shape[1:] for x in held))
    if len({x.shape[:1] for x in held}) != 1:
        got = " and ".join(str(x.shape) for x in held)
        raise ValueError(f"{label(op)}: N must be the same, got {got}")
    return _applied(op, *held)


def _real(what: str, x: Real) -> Real:
    """Finite reals, as float32 or float64."""
    a = np.asarray(x)
    if a.dtype.kind not in "iuf":
        raise ValueError(f"{what} must be real numbers, got dtype {a.dtype}")
    if not np.isfinite(a).all():
        raise ValueError(f"{what} must be finite, got {a[~np.isfinite(a)][0]}")
    return a if a.dtype == np.float32 else a.astype(np.float64, copy=False)


def _entering(net: Net, x: Real) -> Real:
    """The input of a net: a batch of its shape."""
    a = _real(f"input {net.input}", x)
    if a.shape[1:] != net.shape or a.size == 0:
        want = ", ".join(map(str, ("N", *net.shape)))
        raise ValueError(
            f"input {net.input} must have shape ({want}), N > 0, got {a.shape}"
        )
    return a


def _bias(op: Conv | Dense) -> Real:
    """b; no bias is a bias of zeros."""
    K = op.w.shape[0]
    return np.zeros(K) if op.b is None else present(label(op), op.b)


def _applied(op: Op, x: Real, *more: Real) -> Real:
    """One op on tensors that fit."""
    match op:
        case Conv() | Dense() | BatchNorm():
            return _weighted(op, x)
        case MaxPool(kernel=kernel, stride=stride, pad=pad):
            return max_pool(x, kernel, stride, pad)
        case AveragePool(kernel=kernel, stride=stride, pad=pad):
            return average_pool(x, kernel, stride, pad, op.count_pad)
        case GlobalAveragePool():
            return global_average_pool(x)
        case Add():
            return x + more[0]
        case Concat():
            return np.concatenate((x, *more), 1)
        case Flatten():
            return x.reshape(len(x), -1)
        case Relu():
            return relu(x)
        case Relu6():
            return relu6(x)
        case Sigmoid():
            return sigmoid(x)
        case Softmax():
            return softmax(x)
    assert_never(op)


def _weighted(op: Conv | Dense | BatchNorm, x: Real) -> Real:
    """One op with parameters; depthwise differs from conv by rounding only."""
    match op:
        case Conv(w=w, stride=stride, pad=pad, dilation=dilation):
            w, b = present(label(op), w), _bias(op)
            if op.groups == x.shape[1] > 1:
                return depthwise(x, w, b, stride, pad, dilation)
            return conv(x, w, b, stride, pad, dilation, op.groups)
        case Dense(w=w):
            return dense(x, present(label(op), w), _bias(op))
        case BatchNorm():
            arrays = op.gamma, op.beta, op.mean, op.var
            gamma, beta, mean, var = (present(label(op), a) for a in arrays)
            return batch_norm(x, gamma, beta, mean, var, op.eps)
    assert_never(op)
