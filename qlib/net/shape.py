"""The shape that an op makes of the shapes of its inputs, without the batch.

    Conv, pools    (C, H, W) -> (K, P, Q), window.py eq. (1)
    Dense          (C,) -> (K,)
    Concat         channels add up
    Flatten        (C, H, W) -> (C H W,)
    the others     as they were

Chapter: int8-convolution
"""

import math
from typing import assert_never

from qlib.net.fields import Shape
from qlib.net.layers import BatchNorm, Conv, Dense
from qlib.net.ops import (
    Add,
    Concat,
    Flatten,
    Op,
    Quantized,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    label,
)
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.window import Pair, outputs


def after(op: Op | Quantized, *xs: Shape) -> Shape:
    """The shape of y, given the shapes of what the op reads.

    Raises: ValueError, naming the op, for shapes that it cannot take.

    >>> after(GlobalAveragePool("x", "y"), (1280, 7, 7))
    (1280, 1, 1)
    """
    match op:
        case Conv() | QConv():
            return _after_conv(op, *xs)
        case MaxPool() | AveragePool():
            return _after_pool(op, *xs)
        case GlobalAveragePool():
            return _image(op, *xs)[0], 1, 1
        case Dense(w=w) | QDense(w=w):
            _need(op, xs[0] == w.shape[1:], f"{w.shape[1]} features", xs)
            return w.shape[:1]
        case BatchNorm(gamma=g):
            _need(op, xs[0][:1] == g.shape, f"{g.shape[0]} channels", xs)
            return xs[0]
        case Add() | QAdd():
            _need(op, len({*xs}) == 1, "two tensors of one shape", xs)
            return xs[0]
        case Concat():
            one = len({x[1:] for x in xs}) == 1
            _need(op, one, "images of one size, or features", xs)
            return sum(x[0] for x in xs), *xs[0][1:]
        case Flatten():
            return (math.prod(xs[0]),)
        case Relu() | Relu6() | Sigmoid() | Softmax():
            return xs[0]
    assert_never(op)


def _need(
    op: Op | Quantized, fits: bool, what: str, xs: tuple[Shape, ...]
) -> None:
    """Complain, naming the op, unless what it reads fits."""
    if not fits:
        got = " and ".join(map(str, xs))
        raise ValueError(f"{label(op)}: must read {what}, got {got}")


def _image(op: Op | Quantized, x: Shape) -> tuple[int, int, int]:
    """(C, H, W), as three numbers."""
    _need(op, len(x) == 3, "an image (C, H, W)", (x,))
    return x[0], x[1], x[2]


def _after_conv(op: Conv | QConv, x: Shape) -> Shape:
    """(K, P, Q), if w has the channels of x."""
    (C, H, W), (K, each, kh, kw) = _image(op, x), op.w.shape
    what = f"{each} x {op.groups} channels, as w and groups say"
    _need(op, each * op.groups == C, what, (x,))
    return K, *_positions(op, (H, W), (kh, kw), op.dilation)


def _after_pool(op: MaxPool | AveragePool, x: Shape) -> Shape:
    """(C, P, Q)."""
    C, H, W = _image(op, x)
    return C, *_positions(op, (H, W), op.kernel)


def _positions(
    op: Conv | QConv | MaxPool | AveragePool,
    size: Pair,
    kernel: Pair,
    dilation: Pair = (1, 1),
) -> Pair:
    """(P, Q); an error of `outputs` with the op's label."""
    try:
        return outputs(size, kernel, op.stride, op.pad, dilation)
    except ValueError as error:
        raise ValueError(f"{label(op)}: {error}") from None
