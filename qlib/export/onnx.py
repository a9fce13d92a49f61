"""A quantized network as an ONNX file; codes go in, codes come out.

    qdq        y = Q(op(DQ(x), DQ(w), DQ(b)))                       (1)
    qlinear    y = QLinearConv(x, Sx, Zx, w, Sw, Zw, Sy, Zy, b)     (2)

(1) is the network in reals, between DequantizeLinear and QuantizeLinear; an
engine may fuse that to integers, or compute it as it stands.  (2) names the
integers.  A fused activation is a Clip of the codes of y, in both.  The same
network gives the same bytes.

Source: ONNX operators, opset 21.   Chapter: requantization
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

from qlib.int8.proof import bias_codes
from qlib.int8.tables import clamp
from qlib.net.graph import shapes
from qlib.net.ops import label
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.qparams import QParams

OPSET, IR_VERSION = 21, 10
Part: TypeAlias = NodeProto | TensorProto
Form: TypeAlias = Callable[[QNet, QOp], Iterator[Part]]


def qdq(qnet: QNet, op: QOp) -> Iterator[Part]:
    """One operation in reals, between DQ and Q, eq. (1).

    Raises: NotImplementedError for an op that is no QConv and no QDense.
    """
    attributes: dict[str, Any]
    match op:
        case QConv():
            kind, attributes = "Conv", _window(op)
        case QDense():
            kind, attributes = "Gemm", {"transB": 1}
        case _:
            raise NotImplementedError(f"{label(op)}: no QDQ form is written")
    w, b, real = f"{op.y}.w", f"{op.y}.b", f"{op.y}.real"
    yield from _parameters(qnet, op)
    yield from _bias_scale(qnet, op)
    reals = [f"{real}.x", f"{w}.real", f"{b}.real"]
    for name, out in zip((op.x, w, b), reals, strict=True):
        axis = {} if name == op.x or op.w_qp.axis is None else {"axis": 0}
        yield _node("DequantizeLinear", _coded(name), out, **axis)
    yield _node(kind, reals, real, **attributes)
    yield from _output(qnet, op, "QuantizeLinear", _coded(op.y, real))


def qlinear(qnet: QNet, op: QOp) -> Iterator[Part]:
    """One operation on integers, eq. (2).

    Raises: NotImplementedError for an op that is no QConv: QLinearMatMul
    takes no bias.
    """
    match op:
        case QConv():
            w, b = f"{op.y}.w", f"{op.y}.b"
            names = [*_coded(op.x), *_coded(w), *_coded(op.y)[1:], b]
            yield from _parameters(qnet, op)
            yield from _output(qnet, op, "QLinearConv", names, **_window(op))
        case _:
            raise NotImplementedError(f"{label(op)}: no QLinear form")


def to_onnx(qnet: QNet, form: Form = qdq) -> bytes:
    """The network as a serialized ModelProto, with its batch left open.

    form   how an operation is said: `qdq` or `qlinear`
    Raises: NotImplementedError as `form`, and for codes that are neither
    int8 nor uint8; ValueError for a bias beyond int32.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.5, 3, INT8)
    >>> op = QDense("x", "y", [[1, 2]], QParams(0.5, 0, INT8))
    >>> len(to_onnx(QNet((2,), (op,), {"x": qp, "y": qp}))) < 1000
    True
    """
    held = {name: qnet.qparams[name] for name in shapes(qnet)}
    tensors = [part for name in held for part in _qparams(name, held[name])]
    parts = [*tensors, *(part for op in qnet.ops for part in form(qnet, op))]
    graph = helper.make_graph(
        [part for part in parts if isinstance(part, NodeProto)],
        "qnet",
        [_codes(qnet, qnet.input)],
        [_codes(qnet, qnet.output)],
        [part for part in parts if isinstance(part, TensorProto)],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="qlib",
    )
    return bytes(model.SerializeToString(deterministic=True))


def _codes(qnet: QNet, name: str) -> Any:
    """The graph's input or output: codes, any batch."""
    kind = helper.np_dtype_to_tensor_dtype(qnet.qparams[name].grid.dtype)
    return helper.make_tensor_value_info(
        name, kind, ["N", *shapes(qnet)[name]]
    )


def _qparams(name: str, qp: QParams) -> Iterator[Part]:
    """S in float32, Z as a code."""
    if qp.grid.dtype not in (np.int8, np.uint8):
        raise NotImplementedError(f"{name}: no ONNX type holds {qp.grid}")
    yield _tensor(f"{name}.scale", qp.scale, np.float32)
    yield _tensor(f"{name}.zero_point", qp.zero_point, qp.grid.dtype)


def _parameters(qnet: QNet, op: QConv | QDense) -> Iterator[Part]:
    """Weights, and the bias on the grid of the accumulator."""
    bias = bias_codes(op, qnet.qparams[op.x])
    yield _tensor(f"{op.y}.w", op.w, op.w.dtype)
    yield from _qparams(f"{op.y}.w", op.w_qp)
    yield _tensor(f"{op.y}.b", bias, np.int32)


def _bias_scale(qnet: QNet, op: QConv | QDense) -> Iterator[Part]:
    """The grid of the accumulator: S = Sx Sw, Z = 0."""
    S = np.asarray(qnet.qparams[op.x].scale) * op.w_qp.scale
    yield _tensor(f"{op.y}.b.scale", S, np.float32)
    yield _tensor(f"{op.y}.b.zero_point", np.zeros(np.shape(S)), np.int32)


def _output(
    qnet: QNet,
    op: QConv | QDense,
    kind: str,
    names: list[str],
    **attributes: Any,
) -> Iterator[Part]:
    """The node that makes the codes of y, and a Clip where y has fewer."""
    qp, wide = qnet.qparams[op.y], f"{op.y}.wide"
    low, high = clamp(op.fused, qp)
    all_of = np.iinfo(qp.grid.dtype)
    if (low, high) == (all_of.min, all_of.max):
        yield _node(kind, names, op.y, **attributes)
        return
    yield _node(kind, names, wide, **attributes)
    yield _tensor(f"{op.y}.low", low, qp.grid.dtype)
    yield _tensor(f"{op.y}.high", high, qp.grid.dtype)
    yield _node("Clip", [wide, f"{op.y}.low", f"{op.y}.high"], op.y)


def _window(op: QConv) -> dict[str, Any]:
    """The attributes of a convolution."""
    (top, bottom), (left, right) = op.pad
    return {
        "dilations": op.dilation,
        "group": op.groups,
        "kernel_shape": op.w.shape[2:],
        "pads": (top, left, bottom, right),
        "strides": op.stride,
    }


def _coded(name: str, value: str = "") -> list[str]:
    """The three names of an array of codes: itself, its S and its Z."""
    return [value or name, f"{name}.scale", f"{name}.zero_point"]


def _node(kind: str, names: list[str], y: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, names, [y], name=y, **attributes)


def _tensor(name: str, a: npt.ArrayLike, dtype: npt.DTypeLike) -> TensorProto:
    return numpy_helper.from_array(np.asarray(a, dtype), name)
