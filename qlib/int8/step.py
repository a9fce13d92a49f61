"""A program is a list of steps: a kernel, and the integers it works with.

    q = clamp(M acc + Z, qmin, qmax)                        (1)

Kernels are the functions of `conv`, `pool` and `pointwise`.  Most give
accumulators, which (1) brings to codes; the others give codes.  There is not
a float in a program.  This file is ON DEVICE: integers.

Chapter: int8-convolution
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from qlib.arrays import Acc, Code
from qlib.multiplier import Requant
from qlib.requant import Scaling, multiply

Kernel: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Output:
    """How accumulators become codes, eq. (1).

    rq           M, one or per filter, as m0 and shift
    qmin, qmax   the grid, or less of it: a fused ReLU or ReLU6
    dtype        of the codes
    scale_by     M acc: `multiply`, or another way of `qlib.requant`

    >>> Output(Requant(2**30, 0), 5, 5, 127, np.dtype(np.int8)).qmin
    5
    """

    rq: Requant
    zero_point: int
    qmin: int
    qmax: int
    dtype: np.dtype[np.integer[Any]]
    scale_by: Scaling = multiply


@dataclass(frozen=True, eq=False)
class Step:
    """One kernel: tensors xs -> y.

    ints  the other arguments of the kernel, by name
    out   how what it gives becomes codes; None if it gives codes

    >>> Step(np.negative, ("x",), "y", {}).out is None
    True
    """

    kernel: Kernel
    xs: tuple[str, ...]
    y: str
    ints: Mapping[str, Any]
    out: Output | None = None

    def __post_init__(self) -> None:
        for thing in self.ints.values():
            if isinstance(thing, np.ndarray):
                thing.flags.writeable = False
        object.__setattr__(self, "ints", MappingProxyType(dict(self.ints)))


Program: TypeAlias = tuple[Step, ...]


def to_codes(acc: Acc, out: Output) -> Code:
    """Eq. (1).   Shapes: acc (...) and out.rq broadcast -> (...).

    Raises: ValueError as `out.scale_by`; after `lower`, never.

    >>> out = Output(Requant(2**30, 0), 5, 5, 127, np.dtype(np.int8))
    >>> to_codes(np.int32([-9, 9, 999]), out)  # M = 1/2, ReLU
    array([  5,  10, 127], dtype=int8)
    """
    Z, (qmin, qmax) = out.zero_point, (out.qmin, out.qmax)
    q = out.scale_by(acc, out.rq).clip(qmin - Z, qmax - Z) + Z
    return q.astype(out.dtype)


def apply(step: Step, *qs: Code) -> Code:
    """What a step makes of the codes that it reads.

    >>> out = Output(Requant(2**30, 0), 5, 5, 127, np.dtype(np.int8))
    >>> apply(Step(np.negative, ("x",), "y", {}, out), np.int8([-2, 3]))
    array([6, 5], dtype=int8)
    """
    y = step.kernel(*qs, **step.ints)
    return y if step.out is None else to_codes(y, step.out)
