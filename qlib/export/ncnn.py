"""A quantized network as the three texts of ncnn: .param, .bin, .table.

    stored scale = 1 / S                                            (1)
    .param  7767517, then one layer a line: type, name, blobs, keys
    .bin    codes behind the tag 0x000D4B38, filled up to 4 bytes; floats
    .table  for the tool that quantizes: scales of weights, then of inputs

ncnn is symmetric: Z = 0 everywhere, activations in [-127, 127].  The bias
stays real and is added in float32.  A convolution gives codes (key 8 plus
100); an InnerProduct gives reals, whatever its qparams say.

Source: Tencent/ncnn a4d2ea1d, src/modelbin.cpp, src/layer/convolution.cpp,
convolutiondepthwise.cpp, innerproduct.cpp.   Chapter: requantization
"""

from dataclasses import dataclass

import numpy as np

from qlib.arrays import Real
from qlib.grid import INT8_NARROW, Grid
from qlib.net.ops import label
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet, QOp
from qlib.qparams import QParams

MAGIC, INT8_TAG, REQUANTIZE = 7767517, 0x000D4B38, 100
ACTIVATIONS = {"none": "", "relu": " 9=1", "relu6": " 9=3 -23310=2,0.0,6.0"}


@dataclass(frozen=True)
class NcnnFiles:
    """What the three files of a model hold.

    >>> NcnnFiles("7767517", b"", "").param
    '7767517'
    """

    param: str
    bin: bytes
    table: str


def to_ncnn(qnet: QNet) -> NcnnFiles:
    """The network for ncnn, which takes its input as codes or as reals.

    Raises: NotImplementedError, with the op or the tensor, for other ops,
    Z != 0, codes outside [-127, 127], and filters of one group with
    different scales.

    >>> qp = QParams(0.5, 0, INT8_NARROW)
    >>> op = QDense("x", "y", np.array([[1, 2]]), qp)
    >>> print(to_ncnn(QNet((2,), (op,), {"x": qp, "y": qp})).param)
    7767517
    2 2
    Input x 0 1 x
    InnerProduct y 1 1 x y 0=1 1=1 2=2 8=2
    <BLANKLINE>
    """
    for name, qp in qnet.qparams.items():
        _check(f"tensor {name}", qp)
    lines = [_param(op) for op in qnet.ops]
    count = len(lines) + 1
    lines = [f"{MAGIC}", f"{count} {count}", _input(qnet.input), *lines, ""]
    return NcnnFiles(
        "\n".join(lines),
        b"".join(_bin(qnet, op) for op in qnet.ops),
        "".join(_table(qnet, op) for op in qnet.ops),
    )


def _input(name: str) -> str:
    return f"Input {name} 0 1 {name}"


def _param(op: QOp) -> str:
    """One line of the .param file."""
    match op:
        case QConv(groups=1):
            kind, keys = "Convolution", f"{_window(op)} 8={2 + REQUANTIZE}"
        case QConv():
            kind = "ConvolutionDepthWise"
            keys = f"{_window(op)} 7={op.groups} 8={1 + REQUANTIZE}"
        case QDense():
            kind = "InnerProduct"
            keys = f"0={len(op.w)} 1=1 2={op.w.size} 8=2"
        case _:
            raise NotImplementedError(f"{label(op)}: no ncnn layer is written")
    return f"{kind} {op.y} 1 1 {op.x} {op.y} {keys}{ACTIVATIONS[op.fused]}"


def _window(op: QConv) -> str:
    """The keys of a convolution: columns first, then rows."""
    (K, _, kh, kw), (dh, dw), (sh, sw) = op.w.shape, op.dilation, op.stride
    (top, bottom), (left, right) = op.pad
    return (
        f"0={K} 1={kw} 11={kh} 2={dw} 12={dh} 3={sw} 13={sh} "
        f"4={left} 14={top} 15={right} 16={bottom} 5=1 6={op.w.size}"
    )


def _bin(qnet: QNet, op: QOp) -> bytes:
    """Codes; bias; scales of the weights, of x, and of y if it is codes."""
    match op:
        case QConv():
            tops = [_stored(qnet.qparams[op.y].scale)]
        case QDense():
            tops = []
        case _:
            raise NotImplementedError(f"{label(op)}: no ncnn layer is written")
    w = op.w.tobytes()
    floats = [op.b, _weight_scales(op), _stored(qnet.qparams[op.x].scale)]
    return b"".join(
        [
            INT8_TAG.to_bytes(4, "little"),
            w + bytes(-len(w) % 4),
            *(np.asarray(f, "<f4").tobytes() for f in [*floats, *tops]),
        ]
    )


def _table(qnet: QNet, op: QOp) -> str:
    """Two lines of the .table file: scales of the weights, scale of x."""
    match op:
        case QConv() | QDense():
            x = _stored(qnet.qparams[op.x].scale)
            scales = " ".join(f"{s:.9g}" for s in _weight_scales(op))
            return f"{op.y}_param_0 {scales}\n{op.y} {x:.9g}\n"
        case _:
            return ""


def _weight_scales(op: QConv | QDense) -> Real:
    """One stored scale per filter; per group, where there are groups."""
    _check(f"{label(op)}: w", op.w_qp)
    scales = np.broadcast_to(_stored(op.w_qp.scale), len(op.w))
    if isinstance(op, QConv) and op.groups > 1:
        scales = scales.reshape(op.groups, -1)
        if (scales != scales[:, :1]).any():
            raise NotImplementedError(
                f"{label(op)}: ncnn has one scale for each of {op.groups} "
                f"groups, got {op.w_qp.scale}"
            )
        scales = scales[:, 0]
    return scales


def _stored(S: float | Real) -> Real:
    """Eq. (1), in float32 as ncnn's tools compute it."""
    return np.float32(1) / np.asarray(S, np.float32)


def _check(at: str, qp: QParams) -> None:
    """Symmetric, within [-127, 127]."""
    within = Grid(min(qp.grid.qmin, -127), max(qp.grid.qmax, 127))
    if np.any(qp.zero_point) or within != INT8_NARROW:
        raise NotImplementedError(
            f"{at}: ncnn needs Z = 0 and codes in [-127, 127], got {qp}"
        )
