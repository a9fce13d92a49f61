"""From a network in reals to one in codes.

    fuse      Conv, Dense or Add, then Relu or Relu6: one op with a clamp
    weights   a scale per filter, or one per tensor                      (1)
    tensors   (S, Z) from a range; in common for the tensors of ops that
              keep (S, Z): MaxPool, AveragePool, Flatten, Concat         (2)
    Sigmoid, Softmax   the range [0, 255/256], so that S = 1/256         (3)

Under (2) the range is that of all of them together.  The batch norms must be
folded (`qlib.net.fold`), and the ranges belong to that net.

Source: Jacob et al. 2018 (arXiv:1712.05877), sections 2.4 and 3; TFLite's
int8 specification for (2) and (3).   Chapter: mobilenet
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from qlib.affine import affine_qparams, quantize, symmetric_qparams
from qlib.arrays import Range, Real
from qlib.net.fields import present
from qlib.net.graph import Add, BatchNorm, Conv, Dense, Net, Relu, Relu6
from qlib.net.ops import Concat, Flatten, Op, Sigmoid, Softmax, inputs, label
from qlib.net.pools import AveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.qparams import QParams

Granularity: TypeAlias = Callable[[Real], QParams]
Activation: TypeAlias = Callable[[float, float], QParams]


def per_channel(w: Real) -> QParams:
    """Symmetric, one scale per filter, codes in [-127, 127].

    Shapes: w (K, ...) -> scale (K,).

    >>> per_channel(np.array([[127.0], [-254.0]])).scale
    array([1., 2.])
    """
    return symmetric_qparams(np.abs(w).reshape(len(w), -1).max(1), axis=0)


def per_tensor(w: Real) -> QParams:
    """Symmetric, one scale for all filters, codes in [-127, 127].

    >>> per_tensor(np.array([[127.0], [-254.0]])).scale
    2.0
    """
    return symmetric_qparams(np.abs(w).max())


def affine(rmin: float, rmax: float) -> QParams:
    """int8 [-128, 127] over the range, with TFLite's rule for Z.

    >>> affine(0.0, 255.0).zero_point
    -128
    """
    return affine_qparams(np.array(rmin), np.array(rmax))


def symmetric(rmin: float, rmax: float) -> QParams:
    """Z = 0 for the tensors too: for engines that have no zero point.

    >>> symmetric(-127.0, 254.0).scale
    2.0
    """
    return symmetric_qparams(np.array(max(-rmin, rmax)))


def quantize_net(
    net: Net,
    ranges: Mapping[str, Range],
    weights: Granularity = per_channel,
    activation: Activation = affine,
) -> QNet:
    """The net in codes: see the head of this file.

    ranges      (rmin, rmax) of every tensor that stays, the input included
    weights     per_channel or per_tensor
    activation  the qparams of a range: affine or symmetric

    Raises: ValueError, naming the op or the tensor, for a batch norm, a
    missing range, absent weights.

    >>> net = Net((1,), (Dense("x", "h", np.array([[2.0]])), Relu("h", "y")))
    >>> qnet = quantize_net(net, {"x": (-1, 1), "h": (-2, 2), "y": (0, 2)})
    >>> qnet.ops[0].fused, qnet.qparams["y"].zero_point
    ('relu', -128)
    """
    ops = tuple(_quantized(op, fused, weights) for op, fused in _fused(net))
    known = dict(ranges)
    for op in ops:
        if isinstance(op, Sigmoid | Softmax):
            known[op.y] = 0.0, 255 / 256
    qparams: dict[str, QParams] = {}
    for names in _tied(net, ops):
        for name in names:
            if name not in known:
                raise ValueError(
                    f"every tensor must have a range, got none for {name!r}"
                )
        lows, highs = zip(*(known[name] for name in names), strict=True)
        qp = activation(min(lows), max(highs))
        qparams |= dict.fromkeys(names, qp)
    return QNet(net.shape, ops, qparams, net.output, net.input)


def _fused(net: Net) -> Iterator[tuple[Op, str]]:
    """The ops that stay, each with the activation it takes in."""
    readers = Counter(name for op in net.ops for name in inputs(op))
    readers[net.output] += 1
    clamps = {
        op.x: op
        for op in net.ops
        if isinstance(op, Relu | Relu6) and readers[op.x] == 1
    }
    taken = set()
    for op in net.ops:
        clamp = clamps.get(op.y)
        if clamp is not None and isinstance(op, Conv | Dense | Add):
            taken.add(clamp.y)
            yield replace(op, y=clamp.y), type(clamp).__name__.lower()
        elif op.y not in taken:
            yield op, "none"


def _quantized(op: Op, fused: str, weights: Granularity) -> QOp:
    """The same op in codes."""
    match op:
        case BatchNorm():
            raise ValueError(f"{label(op)}: fold batch norms first")
        case Add():
            return QAdd(op.a, op.b, op.y, fused)
        case Conv() | Dense():
            w = present(label(op), op.w)
            b = None if op.b is None else present(label(op), op.b)
            qp = weights(w)
            q = quantize(w, qp)
            if isinstance(op, Dense):
                return QDense(op.x, op.y, q, qp, b, fused)
            where = op.stride, op.pad, op.dilation, op.groups
            return QConv(op.x, op.y, q, qp, b, *where, fused)
        case _:
            return op


def _tied(net: Net, ops: tuple[QOp, ...]) -> list[set[str]]:
    """Which tensors have (S, Z) in common, eq. (2); not those of eq. (3)."""
    fixed = {op.y for op in ops if isinstance(op, Sigmoid | Softmax)}
    groups = {net.input: {net.input}}
    for op in ops:
        group = {op.y}
        if isinstance(op, MaxPool | AveragePool | Flatten | Concat):
            free = not isinstance(op, Concat)
            for name in inputs(op):
                if free or name not in fixed:
                    group |= groups[name]
        for name in group:
            groups[name] = group
    return list({id(group): group for group in groups.values()}.values())
