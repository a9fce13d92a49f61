"""The twin in reals of a quantized network, and where the two part.

    run_fake     reals throughout, each tensor fake-quantized               (1)
    divergence   op by op, from the integer network's own inputs:
                 codes of the engine against codes of the twin's op         (2)

Under (2) an error is seen where it is made; under (1) it has travelled.

Chapter: mobilenet
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qlib.affine import dequantize, fake_quantize, quantize
from qlib.arrays import Code, Real
from qlib.net.layers import Conv, Dense
from qlib.net.ops import Add, inputs, label
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.net.real import apply
from qlib.net.real_pointwise import relu, relu6
from qlib.rounding import Rounding, half_away


def in_reals(op: QOp, *xs: Real) -> Real:
    """What the op makes of reals, before its output meets a grid.

    Shapes: as the op.

    >>> op = QAdd("a", "b", "y", "relu")
    >>> in_reals(op, np.array([[1.0, 2.0]]), np.array([[-3.0, 1.0]]))
    array([[0., 3.]])
    """
    match op:
        case QConv(x, y, w, w_qp, b):
            where = op.stride, op.pad, op.dilation, op.groups
            r = apply(Conv(x, y, dequantize(w, w_qp), b, *where), *xs)
        case QDense(x, y, w, w_qp, b):
            r = apply(Dense(x, y, dequantize(w, w_qp), b), *xs)
        case QAdd(a, b, y):
            r = apply(Add(a, b, y), *xs)
        case _:
            return apply(op, *xs)
    match op.fused:
        case "relu":
            return relu(r)
        case "relu6":
            return relu6(r)
    return r


def run_fake(
    qnet: QNet, r: Real, rounding: Rounding = half_away
) -> dict[str, Real]:
    """Every tensor, fake-quantized, eq. (1).

    Shapes: r (N, *qnet.shape) -> name: (N, *shapes(qnet)[name]), float64.

    >>> from qlib.grid import INT8
    >>> from qlib.qparams import QParams
    >>> from qlib.net.ops import Relu
    >>> qp = QParams(0.5, 0, INT8)
    >>> qnet = QNet((2,), (Relu("x", "y"),), {"x": qp, "y": qp})
    >>> run_fake(qnet, np.array([[-1.0, 0.3]]))["y"]
    array([[0. , 0.5]])
    """
    start = fake_quantize(r, qnet.qparams[qnet.input], rounding)
    known = {qnet.input: start}
    for op in qnet.ops:
        made = in_reals(op, *(known[name] for name in inputs(op)))
        known[op.y] = fake_quantize(made, qnet.qparams[op.y], rounding)
    return known


@dataclass(frozen=True)
class Divergence:
    """One op: the share of codes that differ, and the largest difference.

    >>> Divergence("Relu x -> y", "y", 0.25, 1).largest
    1
    """

    op: str
    y: str
    share: float
    largest: int


def divergence(
    qnet: QNet, codes: Mapping[str, Code], rounding: Rounding = half_away
) -> list[Divergence]:
    """Each op of the engine beside its twin, eq. (2), in the order they run.

    codes  every tensor of the engine: `qlib.int8.program.run`

    >>> from qlib.grid import INT8
    >>> from qlib.qparams import QParams
    >>> from qlib.net.ops import Relu
    >>> qp = QParams(0.5, 0, INT8)
    >>> qnet = QNet((2,), (Relu("x", "y"),), {"x": qp, "y": qp})
    >>> divergence(qnet, {"x": np.int8([[-2, 1]]), "y": np.int8([[0, 2]])})
    [Divergence(op='Relu x -> y', y='y', share=0.5, largest=1)]
    """
    rows = []
    for op in qnet.ops:
        names, y = inputs(op), qnet.qparams[op.y]
        reals = [dequantize(codes[n], qnet.qparams[n]) for n in names]
        twin = quantize(in_reals(op, *reals), y, rounding).astype(np.int64)
        gap = np.abs(twin - codes[op.y])
        share = float(np.mean(gap > 0))
        rows.append(Divergence(label(op), op.y, share, int(gap.max())))
    return rows
