"""A network: operations in order, and the shape of every tensor.

The door of the room: `from qlib.net.graph import Conv, Net, Relu` and all
other operations.

Chapter: int8-convolution
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qlib.net.fields import Absent, Shape, Weights, hold, sizes
from qlib.net.layers import BatchNorm, Conv, Dense
from qlib.net.ops import (
    Add,
    Concat,
    Flatten,
    Op,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    inputs,
    label,
)
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.shape import after
from qlib.net.window import around

__all__ = [
    "Absent",
    "Add",
    "AveragePool",
    "BatchNorm",
    "Concat",
    "Conv",
    "Dense",
    "Flatten",
    "GlobalAveragePool",
    "MaxPool",
    "Net",
    "Op",
    "Relu",
    "Relu6",
    "Shape",
    "Sigmoid",
    "Softmax",
    "Weights",
    "around",
    "check_graph",
    "inputs",
    "label",
    "shapes",
]


@dataclass(frozen=True, eq=False)
class Net:
    """Operations in the order they run.

    shape   of the input, without the batch: (C, H, W) or (C,)
    ops     each reads tensors that stand before it
    output  the name of the result; the last op's, if not given
    input   the name of the input

    Raises: ValueError, naming op and tensor, if there is no op, a tensor is
    unknown or defined twice, or shapes do not fit.

    >>> net = Net((3, 8, 8), (Relu("x", "h"), Flatten("h", "y")))
    >>> net.output, shapes(net)["y"]
    ('y', (192,))
    """

    shape: Shape
    ops: tuple[Op, ...]
    output: str = ""
    input: str = "x"

    def __post_init__(self) -> None:
        check_graph(self, Op)


class Graph(Protocol):
    """What `Net` has, and a quantized net too: ops with names and shapes.

    >>> graph: Graph = Net((3, 8, 8), (Relu("x", "y"),))
    """

    @property
    def shape(self) -> Shape: ...
    @property
    def ops(self) -> Sequence[Any]: ...
    @property
    def output(self) -> str: ...
    @property
    def input(self) -> str: ...


def check_graph(net: Graph, kinds: Any) -> None:
    """Check and complete the fields of a net while it is being made.

    kinds  what its ops may be, a union of classes

    Raises: ValueError: see `Net`.

    >>> net = Net((3, 8, 8), (Relu("x", "y"),))
    >>> check_graph(net, Op)
    """
    ops, shape = tuple(net.ops), sizes("Net", "shape", net.shape)
    if len(shape) not in (1, 3):
        raise ValueError(f"Net: shape must be (C, H, W) or (C,), got {shape}")
    if not ops or not all(isinstance(op, kinds) for op in ops):
        raise ValueError(f"Net: ops must be operations, got {ops}")
    hold(net, shape=shape, ops=ops, output=net.output or ops[-1].y)
    known = shapes(net)
    if net.output not in known:
        raise ValueError(
            f"Net: output must be one of {[*known]}, got {net.output!r}"
        )


def shapes(net: Graph) -> dict[str, Shape]:
    """The shape of every tensor, without the batch, in the order they appear.

    Raises: ValueError, naming op and tensor: see `Net`.

    >>> shapes(Net((3, 8, 8), (Conv("x", "y", Absent((16, 3, 3, 3))),)))
    {'x': (3, 8, 8), 'y': (16, 6, 6)}
    """
    known = {net.input: net.shape}
    for op in net.ops:
        for name in inputs(op):
            if name not in known:
                raise ValueError(
                    f"{label(op)}: every input must be one of {[*known]}, "
                    f"got {name!r}"
                )
        if op.y in known:
            raise ValueError(f"{label(op)}: names must be new, got {op.y!r}")
        known[op.y] = after(op, *(known[name] for name in inputs(op)))
    return known
