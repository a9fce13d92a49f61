"""A quantized network as frozen data: operations, and (S, Z) of each tensor.

Convolution, dense and residual add have quantized forms (`qlayers`); the
other operations are those of `ops` and `pools`.  What the integers are,
`qlib.int8` computes; how a file says it, `qlib.export`.

Chapter: int8-convolution
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from qlib.net.fields import Shape, hold
from qlib.net.graph import check_graph, shapes
from qlib.net.ops import (
    Concat,
    Flatten,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    inputs,
    label,
)
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.qparams import QParams

QOp: TypeAlias = (
    QConv
    | QDense
    | QAdd
    | Concat
    | MaxPool
    | AveragePool
    | GlobalAveragePool
    | Flatten
    | Relu
    | Relu6
    | Sigmoid
    | Softmax
)


@dataclass(frozen=True, eq=False)
class QNet:
    """Quantized operations in the order they run.

    shape    of the input, without the batch: (C, H, W) or (C,)
    ops      each reads tensors that stand before it
    qparams  of every tensor, by name, one scale per tensor
    output   the name of the result; the last op's, if not given
    input    the name of the input

    Raises: ValueError, naming op and tensor, as `Net`, and for a tensor
    without qparams or with an axis.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.1, 5, INT8)
    >>> QNet((3,), (Flatten("x", "y"),), {"x": qp, "y": qp}).output
    'y'
    """

    shape: Shape
    ops: tuple[QOp, ...]
    qparams: Mapping[str, QParams]
    output: str = ""
    input: str = "x"

    def __post_init__(self) -> None:
        check_graph(self, QOp)
        hold(self, qparams=MappingProxyType(dict(self.qparams)))
        made = {op.y: label(op) for op in self.ops}
        for name in shapes(self):
            at = made.get(name, f"input {name}")
            if name not in self.qparams:
                raise ValueError(
                    f"{at}: {name!r} must have qparams, got {[*self.qparams]}"
                )
            if self.qparams[name].axis is not None:
                raise ValueError(
                    f"{at}: {name!r} must have one scale, "
                    f"got {self.qparams[name]}"
                )


def of(qnet: QNet, op: QOp) -> tuple[list[QParams], QParams]:
    """The qparams of what an op reads, and of what it makes.

    >>> from qlib.grid import INT8
    >>> qp = QParams(0.1, 5, INT8)
    >>> op = Flatten("x", "y")
    >>> of(QNet((3,), (op,), {"x": qp, "y": qp}), op)[1] is qp
    True
    """
    return [qnet.qparams[name] for name in inputs(op)], qnet.qparams[op.y]
