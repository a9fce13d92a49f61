"""Layers with weights as operators of a .tflite file.

    convolution     (K, C / groups, kh, kw) -> (K, kh, kw, C / groups)
    depthwise       (K, 1, kh, kw)          -> (1, kh, kw, K)
    dense           (K, C)                  -> (K, C)
    bias            round(b / (Sx Sw)), int32, scale Sx Sw

Padding is SAME or VALID there; any other is an operator PAD of its own.

Source: LiteRT 8-bit quantization specification; tensorflow/lite/tools/
versioning/op_version.cc.   Chapter: requantization
"""

from dataclasses import replace
from typing import Any

import numpy as np

from qlib.export.tflite_file import Node, Tensor, constant, schema
from qlib.grid import INT32
from qlib.int8.proof import bias_codes
from qlib.net.ops import label
from qlib.net.qlayers import QConv, QDense
from qlib.net.window import NO_PAD, Padding, Pair, extent
from qlib.qparams import QParams

ACTIVATIONS = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}


def convolution(op: QConv, x: Tensor, y: Tensor) -> list[Node]:
    """CONV_2D or DEPTHWISE_CONV_2D, after a PAD if they cannot pad so."""
    _, H, W, C = x.shape
    taps = extent(op.w.shape[2:], op.dilation)
    said = op.pad in (NO_PAD, same_padding((H, W), taps, op.stride))
    before, x = ([], x) if said else padded(op.y, x, op.pad)
    valid = not said or op.pad == NO_PAD
    options: dict[str, Any] = {
        "padding": schema.Padding.VALID if valid else schema.Padding.SAME,
        "strideH": op.stride[0],
        "strideW": op.stride[1],
        "dilationHFactor": op.dilation[0],
        "dilationWFactor": op.dilation[1],
        "fusedActivationFunction": ACTIVATIONS[op.fused],
    }
    if op.groups == C > 1:
        options["depthMultiplier"] = op.w.shape[0] // C
        deep = schema.DepthwiseConv2DOptionsT(**options)
        xs = x, _weights(op, (1, 2, 3, 0)), _bias(op, x)
        return [*before, Node("DEPTHWISE_CONV_2D", 3, deep, xs, y)]
    plain = schema.Conv2DOptionsT(**options)
    xs = x, _weights(op, (0, 2, 3, 1)), _bias(op, x)
    version = 3 if op.groups == 1 else 6
    return [*before, Node("CONV_2D", version, plain, xs, y)]


def dense(op: QDense, x: Tensor, y: Tensor) -> Node:
    """FULLY_CONNECTED."""
    options = schema.FullyConnectedOptionsT(
        fusedActivationFunction=ACTIVATIONS[op.fused]
    )
    xs = x, _weights(op, (0, 1)), _bias(op, x)
    return Node("FULLY_CONNECTED", 4, options, xs, y)


def same_padding(size: Pair, taps: Pair, stride: Pair) -> Padding:
    """The padding of SAME: ceil(size / stride) outputs, the odd one last."""
    short = [
        max((-(-n // s) - 1) * s + e - n, 0)
        for n, e, s in zip(size, taps, stride, strict=True)
    ]
    (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in short)
    return (top, bottom), (left, right)


def padded(
    name: str, x: Tensor, pad: Padding, code: int | None = None
) -> tuple[list[Node], Tensor]:
    """PAD, which fills with Zx, or PADV2 with a code; and what it makes.

    >>> nodes, y = padded("y", Tensor("x", (1, 2, 2, 3)), ((1, 0), (0, 0)))
    >>> nodes[0].operator, y.shape
    ('PAD', (1, 3, 2, 3))
    """
    rows, columns = pad
    _, H, W, C = x.shape
    shape = (1, H + sum(rows), W + sum(columns), C)
    y = replace(x, name=f"{name}/padded", shape=shape)
    pads = np.array([(0, 0), rows, columns, (0, 0)], np.int32)
    xs = x, constant(f"{name}/pad", pads)
    if code is None:
        return [Node("PAD", 2, schema.PadOptionsT(), xs, y)], y
    fill = constant(f"{name}/fill", np.array([code], np.int8), x.qp)
    return [Node("PADV2", 2, schema.PadV2OptionsT(), (*xs, fill), y)], y


def _weights(op: QConv | QDense, axes: tuple[int, ...]) -> Tensor:
    """w with its axes in this order."""
    qp = op.w_qp
    if np.any(qp.zero_point) or op.w.dtype != np.int8:
        raise NotImplementedError(
            f"{label(op)}: w must be int8 with zero point 0 in TensorFlow "
            f"Lite, got {qp}"
        )
    if qp.axis is not None:
        qp = replace(qp, axis=axes.index(0))
    return constant(f"{op.y}/w", op.w.transpose(axes), qp)


def _bias(op: QConv | QDense, x: Tensor) -> Tensor:
    """b on the grid of the accumulator: S = Sx Sw, Z = 0."""
    assert x.qp is not None
    S = x.qp.scale * np.asarray(op.w_qp.scale)
    qp = QParams(S, 0, INT32, 0 if S.ndim else None)
    return constant(f"{op.y}/b", bias_codes(op, x.qp), qp)
