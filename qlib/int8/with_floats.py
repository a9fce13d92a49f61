"""The notes' other schemes, which go through floats: two dialects.

    float_between (ncnn)      r = act(acc / (sx sw) + b),  s = 1 / S stored
                              q = clamp(round(r s), -127, 127) where a
                              convolution reads r                       (1)
    float_inside              q = clamp(round(act(M acc + b / Sy)))     (2)

In (1) floats pass from layer to layer: any op may stand between two
convolutions, at four bytes per number.  If every reader of a convolution is
one too, it gives codes itself: ncnn calls that requantize.  In (2) codes
pass, and the float lives for one output only.

Neither is needed for ReLU: it commutes with a positive scale, relu(S acc) =
S relu(acc), so the clamp of codes does it exactly.  A sigmoid does not,
sigmoid(S acc) != S sigmoid(acc): it takes reals, or a table.

Rounding: half away from zero.  Activations and weights are symmetric: Z = 0,
codes in [-127, 127].  In float32; M and b / Sy are rounded to it once.

Source: Tencent/ncnn a4d2ea1d, src/layer/convolution.cpp (forward_int8),
tools/quantize/ncnn2int8.cpp.   Chapter: int8-convolution
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.affine import dequantize, quantize
from qlib.arrays import Code, Real
from qlib.int8.conv import accumulate
from qlib.net import real
from qlib.net.ops import Add, inputs, label
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.qparams import QParams
from qlib.rounding import half_away


def requantized(qnet: QNet) -> frozenset[str]:
    """The tensors that ncnn passes as codes: convolution to convolution.

    >>> from qlib.grid import INT8_NARROW
    >>> qp, w = QParams(0.5, 0, INT8_NARROW), np.ones((1, 1, 1, 1), int)
    >>> ops = QConv("x", "h", w, qp), QConv("h", "y", w, qp)
    >>> [*requantized(QNet((1, 1, 1), ops, dict.fromkeys("xhy", qp)))]
    ['h']
    """
    readers: dict[str, list[QOp]] = {op.y: [] for op in qnet.ops}
    for op in qnet.ops:
        for name in set(inputs(op)) & readers.keys():
            readers[name].append(op)
    return frozenset(
        op.y
        for op in qnet.ops
        if isinstance(op, QConv)
        and op.y != qnet.output
        and readers[op.y]
        and all(isinstance(reader, QConv) for reader in readers[op.y])
    )


def float_between(
    qnet: QNet, r: Real, codes: Collection[str] = ()
) -> dict[str, Real | Code]:
    """Every tensor under eq. (1), float32; those named in `codes`, int8.

    codes  such as `requantized(qnet)`
    Shapes: r (N, *qnet.shape) -> name: (N, *shapes(qnet)[name]).
    Raises: ValueError, naming the op and the tensor, unless Z = 0 and codes
    are in [-127, 127]; where an accumulator leaves int32.

    >>> from qlib.grid import INT8_NARROW
    >>> qp, w = QParams(0.5, 0, INT8_NARROW), np.ones((1, 1), int)
    >>> op = QDense("x", "y", w, qp, np.array([0.25]), "relu")
    >>> qnet = QNet((1,), (op,), {"x": qp, "y": qp})
    >>> float_between(qnet, np.array([[1.8], [-9.0]]))["y"]  # 4 x 1/4 + 1/4
    array([[1.25],
           [0.  ]], dtype=float32)
    """
    known: dict[str, Any] = {qnet.input: np.asarray(r, np.float32)}
    for op in qnet.ops:
        xs = [(known[name], qnet.qparams[name]) for name in inputs(op)]
        if isinstance(op, QConv | QDense):
            (q, x), y = xs[0], qnet.qparams[op.y]
            q = q if q.dtype == np.int8 else _codes(q, x)
            S = np.float32(1) / (_stored(x) * _stored(op.w_qp))
            reals = _activated(op, _scaled(op, q, x, S, op.b), 6)
            known[op.y] = _codes(reals, y) if op.y in codes else reals
        else:
            known[op.y] = _in_reals(op, xs)
    return known


def float_inside(qnet: QNet, q: Code) -> dict[str, Code]:
    """Every tensor under eq. (2), int8.

    Shapes and errors: as `float_between`, with codes for reals.

    >>> from qlib.grid import INT8_NARROW
    >>> qp, w = QParams(0.5, 0, INT8_NARROW), np.ones((1, 1), int)
    >>> op = QDense("x", "y", w, qp, np.array([0.25]), "relu")
    >>> qnet = QNet((1,), (op,), {"x": qp, "y": qp})
    >>> float_inside(qnet, np.int8([[4], [-9]]))["y"]  # 2 + 1/2
    array([[3],
           [0]], dtype=int8)
    """
    known = {qnet.input: q}
    for op in qnet.ops:
        xs = [(known[name], qnet.qparams[name]) for name in inputs(op)]
        y = qnet.qparams[op.y]
        if isinstance(op, QConv | QDense):
            (q, x), S = xs[0], y.scale
            M, b = (
                x.scale * np.asarray(op.w_qp.scale) / S,
                np.asarray(op.b) / S,
            )
            steps = _activated(op, _scaled(op, q, x, M, b), 6 / S)
            codes = half_away(steps).clip(y.grid.qmin, y.grid.qmax)
            known[op.y] = codes.astype(y.grid.dtype)
        else:
            known[op.y] = quantize(_in_reals(op, xs), y, half_away)
    return known


def _scaled(
    op: QConv | QDense,
    q: Code,
    x: QParams,
    S: npt.ArrayLike,
    b: npt.ArrayLike | None,
) -> Real:
    """int8 times int8 in int32, then S acc + b in float32, per filter."""
    for name, qp in ((op.x, x), ("w", op.w_qp)):
        ends = min(qp.grid.qmin, -127), max(qp.grid.qmax, 127)
        if np.any(qp.zero_point) or ends != (-127, 127):
            raise ValueError(
                f"{label(op)}: {name!r} must have zero point 0 and codes in "
                f"[-127, 127], got {qp}"
            )
    if isinstance(op, QDense):
        image, w = q[..., None, None], op.w[..., None, None]
        acc = accumulate(image, 0, w, None)[..., 0, 0]
    else:
        where = op.stride, op.pad, op.dilation, op.groups
        acc = accumulate(q, 0, op.w, None, 0, *where)
    each = (-1, *[1] * (acc.ndim - 2))
    S, b = (np.asarray(a, np.float32).reshape(each) for a in (S, b))
    return acc.astype(np.float32) * S + b


def _in_reals(op: QOp, xs: list[tuple[Any, QParams]]) -> Real:
    """An op without weights, on reals; codes among them are reals first."""
    reals = (dequantize(x, qp) if x.dtype == np.int8 else x for x, qp in xs)
    floats = (np.asarray(r, np.float32) for r in reals)
    if isinstance(op, QAdd):
        return _activated(op, real.apply(Add(op.a, op.b, op.y), *floats), 6)
    assert not isinstance(op, QConv | QDense)
    return real.apply(op, *floats)


def _activated(op: QConv | QDense | QAdd, r: Real, six: npt.ArrayLike) -> Real:
    """The fused activation."""
    match op.fused:
        case "relu":
            return np.maximum(r, np.float32(0))
        case "relu6":
            return np.clip(r, np.float32(0), np.asarray(six, np.float32))
    return r


def _codes(r: Real, qp: QParams) -> Code:
    """clamp(round(r s), -127, 127)."""
    return half_away(r * _stored(qp)).clip(-127, 127).astype(np.int8)


def _stored(qp: QParams) -> Real:
    """s = 1 / S, in float32."""
    return np.float32(1) / np.asarray(qp.scale, np.float32)
