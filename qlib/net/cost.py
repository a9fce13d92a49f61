"""What a network costs: parameters, multiply-adds, memory accesses.

    conv    parameters  K (C / groups) kh kw + K            (1)
            multiply-adds  P Q K (C / groups) kh kw         (2)
    dense   parameters  K C + K,   multiply-adds  K C       (3)
    access  elements read + elements written + parameters   (4)

for one input (N = 1); the bias K only where there is one.  (2) counts the
taps that fall on padding too.  Batch norm has 2 C parameters, gamma and beta
(mean and var are not trained), and no multiply-adds, for it can be folded.
All others have neither; Flatten moves nothing at all.

For a 1x1 convolution without bias (4) is h w (c1 + c2) + c1 c2, and by the
inequality of the means, with B = h w c1 c2 multiply-adds,

    access >= 2 sqrt(h w B) + B / (h w),   equal if c1 = c2   (5)

Source: Ma et al. 2018 (ShuffleNet V2, arXiv:1807.11164), guideline 1, which
calls the access MAC; here MAC is never used for it.   Chapter: overview
"""

import math
from dataclasses import dataclass

from qlib.net.fields import Shape
from qlib.net.graph import (
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    Net,
    Op,
    inputs,
    shapes,
)


@dataclass(frozen=True)
class Cost:
    """What one op costs, for one input.

    name        the tensor it makes
    kind        of op
    shape       of that tensor, without the batch
    parameters  how many numbers are trained
    macs        how many multiply-adds, eq. (2) and (3)
    access      how many elements are read and written, eq. (4)

    >>> Cost("y", "Dense", (10,), 650, 640, 724).size()
    2600.0
    """

    name: str
    kind: str
    shape: Shape
    parameters: int
    macs: int
    access: int

    def size(self, bits: float = 32) -> float:
        """Bytes of the parameters, if each takes this many bits.

        >>> Cost("y", "Dense", (10,), 650, 640, 724).size(bits=8)
        650.0
        """
        return self.parameters * bits / 8


def cost(net: Net) -> tuple[Cost, ...]:
    """One row per op, in order.

    >>> from qlib.net.graph import Absent
    >>> cost(Net((64,), (Dense("x", "y", Absent((10, 64))),)))[0].macs
    640
    """
    known = shapes(net)
    return tuple(
        Cost(
            name=op.y,
            kind=type(op).__name__,
            shape=known[op.y],
            parameters=_parameters(op),
            macs=_macs(op, known[op.y]),
            access=_access(op, known),
        )
        for op in net.ops
    )


def total(rows: tuple[Cost, ...]) -> Cost:
    """The sum of some rows.

    >>> row = Cost("y", "Dense", (10,), 650, 640, 724)
    >>> total((row, row)).macs
    1280
    """
    return Cost(
        name="total",
        kind=", ".join(sorted({row.kind for row in rows})),
        shape=(),
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        access=sum(row.access for row in rows),
    )


def least_access(pixels: int, macs: int) -> float:
    """The right side of (5): B multiply-adds of a 1x1 on h w pixels.

    >>> least_access(56 * 56, 56 * 56 * 128 * 128)
    819200.0
    """
    return 2 * math.sqrt(pixels * macs) + macs / pixels


def _parameters(op: Op) -> int:
    """Trained numbers, eq. (1) and (3)."""
    match op:
        case Conv(w=w, b=b) | Dense(w=w, b=b):
            return w.size + (0 if b is None else b.size)
        case BatchNorm(gamma=gamma, beta=beta):
            return gamma.size + beta.size
    return 0


def _macs(op: Op, y: Shape) -> int:
    """Multiply-adds, eq. (2) and (3): each weight once per output pixel."""
    match op:
        case Conv(w=w) | Dense(w=w):
            return w.size * math.prod(y[1:])
    return 0


def _access(op: Op, known: dict[str, Shape]) -> int:
    """Elements that move, eq. (4)."""
    if isinstance(op, Flatten):
        return 0
    moved = (*inputs(op), op.y)
    return sum(math.prod(known[n]) for n in moved) + _parameters(op)
