"""Ops without weights as operators of a .tflite file.

    Add                  ADD
    Concat               CONCATENATION, after QUANTIZE of other (S, Z)
    MaxPool              MAX_POOL_2D, after PADV2 with -128 if need be
    AveragePool          AVERAGE_POOL_2D; with count_pad, after PAD
    GlobalAveragePool    MEAN over rows and columns
    Flatten              TRANSPOSE to channels first, RESHAPE
    Relu, Relu6          RELU, RELU6
    Sigmoid, Softmax     LOGISTIC, SOFTMAX

Source: LiteRT 8-bit quantization specification; tensorflow/lite/tools/
versioning/op_version.cc.   Chapter: int8-convolution
"""

from dataclasses import replace
from typing import Any

import numpy as np

from qlib.export.tflite_file import Node, Tensor, constant, schema
from qlib.export.tflite_layers import ACTIVATIONS, padded, same_padding
from qlib.net.ops import (
    Concat,
    Flatten,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    label,
)
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd
from qlib.net.quantized import QOp
from qlib.net.window import NO_PAD

NAMES = {Relu: "RELU", Relu6: "RELU6", Sigmoid: "LOGISTIC"}


def operators(op: QOp, xs: list[Tensor], y: Tensor) -> list[Node]:
    """The operators of an op without weights, in the order they run.

    Raises: NotImplementedError, naming the op, for a sigmoid whose output is
    not (1/256, -128), for an average over padding that is neither SAME nor
    counted, and for other ops.

    >>> x, y = Tensor("x", (1, 3)), Tensor("y", (1, 3))
    >>> [node.operator for node in operators(Relu("x", "y"), [x], y)]
    ['RELU']
    """
    match op:
        case QAdd(fused=fused):
            options = schema.AddOptionsT(ACTIVATIONS[fused], False)
            return [Node("ADD", 2, options, tuple(xs), y)]
        case Concat():
            return _concat(op, xs, y)
        case MaxPool() | AveragePool():
            return _pool(op, xs[0], y)
        case GlobalAveragePool():
            options = schema.ReducerOptionsT(keepDims=True)
            axes = constant(f"{op.y}/axes", np.array([1, 2], np.int32))
            return [Node("MEAN", 2, options, (xs[0], axes), y)]
        case Flatten():
            return _flatten(op, xs[0], y)
        case Relu() | Relu6() | Sigmoid():
            _check_sigmoid(op, y)
            return [Node(NAMES[type(op)], 2, None, tuple(xs), y)]
        case Softmax():
            options = schema.SoftmaxOptionsT(beta=1.0)
            return [Node("SOFTMAX", 2, options, tuple(xs), y)]
    raise NotImplementedError(f"{label(op)}: to_tflite has no rule for it")


def _check_sigmoid(op: QOp, y: Tensor) -> None:
    """LOGISTIC has one (S, Z) for its output."""
    qp = y.qp
    at = (1 / 256, -128)
    if isinstance(op, Sigmoid) and qp and (qp.scale, qp.zero_point) != at:
        raise NotImplementedError(
            f"{label(op)}: {op.y!r} must have scale 1/256 and zero point -128 "
            f"in TensorFlow Lite, got {qp}"
        )


def _concat(op: Concat, xs: list[Tensor], y: Tensor) -> list[Node]:
    """CONCATENATION copies; QUANTIZE brings what it reads to (S, Z) of y."""
    nodes, parts = [], []
    for x in xs:
        part = replace(x, name=f"{x.name} -> {op.y}", qp=y.qp)
        if _grid(x) == _grid(y):
            part = x
        else:
            nodes += [
                Node("QUANTIZE", 2, schema.QuantizeOptionsT(), (x,), part)
            ]
        parts += [part]
    options = schema.ConcatenationOptionsT(axis=len(y.shape) - 1)
    return [*nodes, Node("CONCATENATION", 2, options, tuple(parts), y)]


def _grid(tensor: Tensor) -> tuple[Any, ...]:
    """(S, Z)."""
    assert tensor.qp is not None
    return tensor.qp.scale, tensor.qp.zero_point


def _pool(op: MaxPool | AveragePool, x: Tensor, y: Tensor) -> list[Node]:
    """SAME or VALID, or padding as an operator of its own."""
    _, H, W, _ = x.shape
    mean = isinstance(op, AveragePool)
    counted = isinstance(op, AveragePool) and op.count_pad
    same = op.pad == same_padding((H, W), op.kernel, op.stride)
    said = op.pad == NO_PAD or (same and not counted)
    if mean and not said and not counted:
        raise NotImplementedError(
            f"{label(op)}: pad must be SAME or nothing in TensorFlow Lite, "
            f"got {op.pad}"
        )
    before: list[Node] = []
    if not said:
        before, x = padded(op.y, x, op.pad, None if mean else -128)
    valid = not said or op.pad == NO_PAD
    options = schema.Pool2DOptionsT(
        padding=schema.Padding.VALID if valid else schema.Padding.SAME,
        strideH=op.stride[0],
        strideW=op.stride[1],
        filterHeight=op.kernel[0],
        filterWidth=op.kernel[1],
    )
    kind = "AVERAGE_POOL_2D" if mean else "MAX_POOL_2D"
    return [*before, Node(kind, 2, options, (x,), y)]


def _flatten(op: Flatten, x: Tensor, y: Tensor) -> list[Node]:
    """RESHAPE, of channels first; any batch."""
    shape = constant(f"{op.y}/shape", np.array([-1, y.shape[1]], np.int32))
    options = schema.ReshapeOptionsT(newShape=[-1, y.shape[1]])
    before = []
    if len(x.shape) == 4:
        axes = constant(f"{op.y}/axes", np.array([0, 3, 1, 2], np.int32))
        moved = tuple(x.shape[i] for i in (0, 3, 1, 2))
        first = replace(x, name=f"{op.y}/first", shape=moved)
        before = [
            Node("TRANSPOSE", 2, schema.TransposeOptionsT(), (x, axes), first)
        ]
        x = first
    return [*before, Node("RESHAPE", 1, options, (x, shape), y)]
