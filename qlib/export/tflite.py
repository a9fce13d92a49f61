"""A quantized network as a .tflite file.

TensorFlow Lite keeps images as (N, H, W, C); qlib as (N, C, H, W).  The
caller transposes inputs and outputs.  One op of qlib becomes one operator
or a few: `tflite_layers` writes those with weights,
`tflite_ops` the others.

Source: tensorflow/lite/schema/schema.fbs, as ai-edge-litert ships it.
Chapter: requantization
"""

import numpy as np

from qlib.export.tflite_file import Node, Tensor, pack
from qlib.export.tflite_layers import convolution, dense
from qlib.export.tflite_ops import operators
from qlib.grid import INT8
from qlib.net.fields import Shape
from qlib.net.graph import shapes
from qlib.net.ops import inputs
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.qparams import QParams


def to_tflite(qnet: QNet) -> bytes:
    """The file; its input and output are (1, H, W, C) or (1, C), int8.

    Raises: NotImplementedError, naming the op or the tensor, for what
    TensorFlow Lite cannot say or this module does not write yet; ValueError
    for a bias beyond int32.

    >>> from qlib.grid import INT8_NARROW
    >>> qp = QParams(0.5, 3, INT8)
    >>> w = np.ones((2, 4), np.int8)
    >>> op = QDense("x", "y", w, QParams(0.25, 0, INT8_NARROW))
    >>> to_tflite(QNet((4,), (op,), {"x": qp, "y": qp}))[4:8]
    b'TFL3'
    """
    made = {
        name: _activation(name, shape, qnet.qparams[name])
        for name, shape in shapes(qnet).items()
    }
    nodes = [node for op in qnet.ops for node in _nodes(op, made)]
    return pack(nodes, made[qnet.input], made[qnet.output])


def _nodes(op: QOp, made: dict[str, Tensor]) -> list[Node]:
    """The operators of one op, in the order they run."""
    match op:
        case QConv():
            return convolution(op, made[op.x], made[op.y])
        case QDense():
            return [dense(op, made[op.x], made[op.y])]
    return operators(op, [made[x] for x in inputs(op)], made[op.y])


def _activation(name: str, shape: Shape, qp: QParams) -> Tensor:
    """A tensor between ops, channels last."""
    if qp.grid != INT8:
        raise NotImplementedError(
            f"{name!r} must be on [-128, 127] in TensorFlow Lite, "
            f"got {qp.grid}"
        )
    return Tensor(name, (1, *shape[1:], *shape[:1]), np.int8, qp)
