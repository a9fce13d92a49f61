"""Operations as frozen data: what is done, from where, to where.

An op names the tensors it reads and the one it makes, x -> y, and does
nothing: running, counting and exporting are functions that `match` over ops.
Images are (N, C, H, W), features (N, C); N is never written down.  Here are
those without parameters; `layers` and `pools` have the others.

Raises: ValueError for tensor names that are empty or twice the same.

Chapter: int8-convolution
"""

from dataclasses import dataclass
from typing import TypeAlias

from qlib.net.fields import hold, named
from qlib.net.layers import BatchNorm, Conv, Dense
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense


@dataclass(frozen=True)
class Add:
    """y = a + b, of one shape.

    >>> Add("left", "right", "sum").y
    'sum'
    """

    a: str
    b: str
    y: str

    def __post_init__(self) -> None:
        named(self, self.y, self.a, self.b)


@dataclass(frozen=True)
class Concat:
    """The channels of all xs, one tensor after the other.

    >>> Concat(("left", "right"), "both").xs
    ('left', 'right')
    """

    xs: tuple[str, ...]
    y: str

    def __post_init__(self) -> None:
        hold(self, xs=tuple(self.xs))
        named(self, self.y, *self.xs)


@dataclass(frozen=True)
class Unary:
    """One tensor in, one out, no parameters; subclasses say what is done.

    >>> Relu("x", "y")
    Relu(x='x', y='y')
    """

    x: str
    y: str

    def __post_init__(self) -> None:
        named(self, self.y, self.x)


class Flatten(Unary):
    """(C, H, W) -> (C H W,), columns fastest, then rows, then channels.

    >>> Flatten("x", "y").y
    'y'
    """


class Relu(Unary):
    """y = max(x, 0).

    >>> Relu("x", "y").y
    'y'
    """


class Relu6(Unary):
    """y = min(max(x, 0), 6).

    >>> Relu6("x", "y").y
    'y'
    """


class Sigmoid(Unary):
    """y = 1 / (1 + exp(-x)).

    >>> Sigmoid("x", "y").y
    'y'
    """


class Softmax(Unary):
    """y[c] = exp(x[c]) / sum over channels of exp(x).

    >>> Softmax("x", "y").y
    'y'
    """


Op: TypeAlias = (
    Conv
    | Dense
    | BatchNorm
    | Add
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
Quantized: TypeAlias = QConv | QDense | QAdd


def inputs(op: Op | Quantized) -> tuple[str, ...]:
    """The tensors that an op reads.

    >>> inputs(Add("left", "right", "sum"))
    ('left', 'right')
    """
    match op:
        case Add(a, b) | QAdd(a, b):
            return a, b
        case Concat(xs):
            return xs
        case _:
            return (op.x,)


def label(op: Op | Quantized) -> str:
    """What errors and tables call an op.

    >>> label(Add("left", "right", "sum"))
    'Add left, right -> sum'
    """
    return named(op, op.y, *inputs(op))
