"""From a quantized network to a program of integers, once, on a workstation.

    b' = round(b / (Sx Sw)) - Zx sum w,   w = q2 - Z2       (1)
    M  = Sx Sw / Sy                                         (2)

(1) is exact because padding has the code Zx: every window, also one that
hangs over the border, has as many codes as the filter has taps, so that the
same Zx sum w comes off.  Padding with the code 0 would need another b' at
each border.  This file is OFFLINE: it may use floats, what it makes has none.

    op                   step
    Conv, Dense          products in int32, then M, per filter
    Add                  both sides to a common scale, 2^20 finer: TFLite ADD
    Concat               a copy; other (S, Z) are requantized first: QUANTIZE
    Relu, Relu6          M and a clamp
    GlobalAveragePool    the sum, then M with 1 / count in it: TFLite MEAN
    Sigmoid, Softmax     tables
    MaxPool, AveragePool, Flatten     keep (S, Z)

Source: Jacob et al. 2018 (arXiv:1712.05877), section 2; LiteRT, tflite/
kernels/add.cc, activations.cc, quantize.cc, reduce.cc.
Chapter: int8-convolution
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any, TypeAlias, assert_never

import numpy as np

from qlib.int8 import conv, pointwise, pool
from qlib.int8.proof import accumulator_bounds, bias_codes, prove
from qlib.int8.step import Kernel, Output, Program, Step
from qlib.int8.tables import (
    clamp,
    mean_multiplier,
    sigmoid_table,
    softmax_tables,
)
from qlib.multiplier import Requant, requant_from_real
from qlib.net.graph import shapes
from qlib.net.ops import Concat, Flatten, Relu, Relu6, Sigmoid, Softmax, label
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet, QOp, of
from qlib.qparams import QParams
from qlib.requant import Scaling, multiply

Out: TypeAlias = Callable[..., Output]


def lower(qnet: QNet, scale_by: Scaling = multiply) -> Program:
    """The steps of a network, proven not to overflow.

    scale_by  how M is applied on the device

    Raises: ValueError, naming the op and the tensor or the filter, if an
    accumulator could leave int32, a bias does, an op that keeps (S, Z) has
    others, or a tensor has more than 256 codes or no code 0.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.5, 0, INT8)
    >>> op = QDense("x", "y", np.array([[64]]), qp)
    >>> lower(QNet((1,), (op,), {"x": qp, "y": qp}))[0].ints["w"]
    array([[64]], dtype=int8)
    """
    for name in shapes(qnet):
        grid = qnet.qparams[name].grid
        if grid.levels > 256 or not grid.qmin <= 0 <= grid.qmax:
            raise ValueError(
                f"{name!r} must have at most 256 codes, 0 among them, "
                f"got {grid}"
            )
    return tuple(s for op in qnet.ops for s in steps(qnet, op, scale_by))


def steps(qnet: QNet, op: QOp, scale_by: Scaling = multiply) -> Iterator[Step]:
    """The steps of one op of a network.   Raises: as `lower`.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.5, 0, INT8)
    >>> op = Flatten("x", "y")
    >>> [s.y for s in steps(QNet((1,), (op,), {"x": qp, "y": qp}), op)]
    ['y']
    """
    xs, y = of(qnet, op)
    x, out = xs[0], partial(_output, y, scale_by)
    match op:
        case QConv() | QDense():
            yield _products(op, x, y, out)
        case QAdd():
            yield _sum(op, x, xs[1], y, out, scale_by)
        case Concat():
            yield from _joined(op, xs, y, out)
        case Relu() | Relu6():
            rq = requant_from_real(np.float32(x.scale) / np.float32(y.scale))
            end = out(rq, type(op).__name__.lower())
            yield _moved(op, pointwise.centred, op.x, op.y, x, end)
        case GlobalAveragePool():
            count = prod(shapes(qnet)[op.x][1:])
            end = out(mean_multiplier(x.scale / y.scale, count))
            yield _moved(op, pool.total, op.x, op.y, x, end, count)
        case Sigmoid() | Softmax():
            yield _tabled(op, x, y)
        case MaxPool() | AveragePool() | Flatten():
            yield _keeping(op, x, y)
        case _:
            assert_never(op)


def _output(
    y: QParams, scale_by: Scaling, rq: Requant, fused: str = "none"
) -> Output:
    """`step` eq. (1), with what is known of y."""
    Z = int(y.zero_point)
    return Output(rq, Z, *clamp(fused, y), y.grid.dtype, scale_by)


def _products(op: QConv | QDense, x: QParams, y: QParams, out: Out) -> Step:
    """Eq. (1) and (2), and the proof."""
    Z, (_, Z2) = int(x.zero_point), op.w_qp.along(op.w.ndim)
    w = (op.w - Z2).astype(np.int32) if np.any(Z2) else op.w
    b, each = bias_codes(op, x), (-1, *[1] * (op.w.ndim - 2))
    rq = requant_from_real(x.scale * np.reshape(op.w_qp.scale, each) / y.scale)
    prove(label(op), *accumulator_bounds(w, b, x.grid, Z), rq)
    sums = w.reshape(len(w), -1).sum(1, np.int64)
    ints: dict[str, Any] = {"w": w, "b": (b - Z * sums).astype(np.int32)}
    end = out(rq, op.fused)
    if isinstance(op, QDense):
        return Step(conv.dense, (op.x,), op.y, ints, end)
    ints |= {"Z": Z, "stride": op.stride, "pad": op.pad}
    ints |= {"dilation": op.dilation}
    if op.groups > 1 == w.shape[1]:
        return Step(conv.depthwise, (op.x,), op.y, ints, end)
    return Step(conv.conv, (op.x,), op.y, ints | {"groups": op.groups}, end)


def _sum(
    op: QAdd, a: QParams, b: QParams, y: QParams, out: Out, scale_by: Scaling
) -> Step:
    """TFLite's ADD: LEFT more bits, then the larger scale, twice."""
    wide = 2 * max(a.scale, b.scale)
    Ma, Mb = (requant_from_real(side.scale / wide) for side in (a, b))
    ints: dict[str, Any] = {"Za": int(a.zero_point), "Zb": int(b.zero_point)}
    ints |= {"Ma": Ma, "Mb": Mb, "scale_by": scale_by}
    rq = requant_from_real(wide / (2**pointwise.LEFT * y.scale))
    lows, highs = np.array([[g.qmin, g.qmax] for g in (a.grid, b.grid)]).T
    prove(
        label(op),
        pointwise.add(*lows, **ints),
        pointwise.add(*highs, **ints),
        rq,
    )
    return Step(pointwise.add, (op.a, op.b), op.y, ints, out(rq, op.fused))


def _joined(
    op: Concat, xs: list[QParams], y: QParams, out: Out
) -> Iterator[Step]:
    """A copy of all, after QUANTIZE of those with another (S, Z)."""
    parts = []
    for name, x in zip(op.xs, xs, strict=True):
        parts += [name if _same(x, y) else f"{name} -> {op.y}"]
        if parts[-1] != name:
            end = out(requant_from_real(x.scale / y.scale))
            yield _moved(op, pointwise.centred, name, parts[-1], x, end)
    yield Step(pointwise.concat, tuple(parts), op.y, {})


def _moved(
    op: QOp,
    kernel: Kernel,
    x: str,
    y: str,
    qp: QParams,
    out: Output,
    count: int = 1,
) -> Step:
    """`centred`, or the `total` of count codes, to another (S, Z)."""
    Z, (qmin, qmax) = int(qp.zero_point), (qp.grid.qmin, qp.grid.qmax)
    prove(label(op), count * (qmin - Z), count * (qmax - Z), out.rq)
    return Step(kernel, (x,), y, {"Z": Z}, out)


def _tabled(op: Sigmoid | Softmax, x: QParams, y: QParams) -> Step:
    """A table of codes, or two of integers and a quotient, where M is 1."""
    if isinstance(op, Sigmoid):
        ints = {"table": sigmoid_table(x, y), "qmin": x.grid.qmin}
        return Step(pointwise.lookup, (op.x,), op.y, ints)
    exps, shares = softmax_tables(x, y)
    one = _output(y, multiply, requant_from_real(1.0))
    ints = {"exps": exps, "shares": shares}
    return Step(pointwise.softmax, (op.x,), op.y, ints, one)


def _keeping(
    op: MaxPool | AveragePool | Flatten, x: QParams, y: QParams
) -> Step:
    """Ops whose output has the (S, Z) of their input."""
    if not _same(x, y):
        raise ValueError(
            f"{label(op)}: {op.y!r} must have the scale, zero point and grid "
            f"of {op.x!r}, got {y} and {x}"
        )
    if isinstance(op, Flatten):
        return Step(pointwise.flatten, (op.x,), op.y, {})
    ints = {"kernel": op.kernel, "stride": op.stride, "pad": op.pad}
    if isinstance(op, MaxPool):
        return Step(pool.max_pool, (op.x,), op.y, ints)
    taps, Z = prod(op.kernel), int(x.zero_point) if op.count_pad else None
    prove(label(op), taps * x.grid.qmin, taps * x.grid.qmax, Requant(0, 0))
    return Step(pool.average_pool, (op.x,), op.y, ints | {"Z": Z})


def _same(a: QParams, b: QParams) -> bool:
    """One (S, Z), one grid."""
    return (a.scale, a.zero_point, a.grid) == (b.scale, b.zero_point, b.grid)
